"""The report of a bug in duly: a file for its makers instead of a traceback for its user.

The file holds the traceback, the versions and the command line, and is readable
by its owner alone. Secrets are taken out by name. It is shown to nobody and sent
nowhere; whoever owns it decides.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from duly import __version__

_SECRETIVE = r"[\w.-]*(?:password|passwd|passphrase|secret|token|api[-_]?key|credential)[\w.-]*"
_SECRET_OPTION = re.compile(rf"--?{_SECRETIVE}", re.IGNORECASE)
_SECRET_PAIR = re.compile(rf"""({_SECRETIVE}["']?\s*[=:]\s*)("[^"]*"|'[^']*'|\S+)""", re.IGNORECASE)
_URL_LOGIN = re.compile(r"(://)[^/\s@]*@")
_HIDDEN = "[redacted]"

_LIBRARIES = ("click", "duckdb", "durable-rules", "holidays", "jinja2", "jsonschema", "pyyaml")


def report(bug: Exception, argv: Sequence[str]) -> str:
    """Write the report and return the one line to show for it."""
    text = _report_text(bug, argv)
    name = f"duly-bug-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.getpid()}.txt"
    for folder in (Path(), Path(tempfile.gettempdir())):
        path = folder / name
        try:
            path.touch(mode=0o600, exist_ok=False)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return f"this is a bug in duly: the report is in {path}"
    return f"this is a bug in duly, and its report could not be written: {type(bug).__name__}"


def redacted(argv: Sequence[str]) -> list[str]:
    """The command line without the values of options and settings that name a secret."""
    return list(_redacted(argv))


def _redacted(argv: Sequence[str]) -> Iterator[str]:
    hide = False
    for argument in argv:
        yield _HIDDEN if hide else _without_secrets(argument)
        hide = _SECRET_OPTION.fullmatch(argument) is not None


def _without_secrets(text: str) -> str:
    return _URL_LOGIN.sub(rf"\g<1>{_HIDDEN}@", _SECRET_PAIR.sub(rf"\g<1>{_HIDDEN}", text))


def _report_text(bug: Exception, argv: Sequence[str]) -> str:
    versions = [f"duly {__version__}", f"Python {platform.python_version()}", platform.platform(), *_library_versions()]
    return "\n".join(
        (
            f"duly {shlex.join(redacted(argv))}",
            "",
            *versions,
            "",
            _without_secrets("".join(traceback.format_exception(bug))),
        )
    )


def _library_versions() -> Iterator[str]:
    for library in _LIBRARIES:
        try:
            yield f"{library} {metadata.version(library)}"
        except metadata.PackageNotFoundError:
            yield f"{library} is not installed"
