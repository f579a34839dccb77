"""The files that travel with the program: policies, templates and schemas.

In a checkout they are the folders at its top, in an installed wheel they lie
inside the package, so that nothing of a generic name is installed.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent
_CHECKOUT = Path(__file__).parents[2]


def asset(name: str) -> Path:
    """The path of a file or folder, such as `policies/standard.yaml`.

    Raises `FileNotFoundError` where the installation lacks it.
    """
    for root in (_PACKAGE, _CHECKOUT):
        if (path := root / name).exists():
            return path
    raise FileNotFoundError(name)
