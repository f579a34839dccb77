"""Something that must not be shown: a password, a signing key.

It comes from the environment or from a private file, never from `channels.yaml`,
and is read anew each time, so that it can be changed without a restart. Printed,
logged or in a traceback it is eight stars.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path


class NoSecret(Exception):
    """The secret cannot be read; the message names where it should be, never what it is."""


class Secret:
    """A secret that only `reveal` gives out."""

    __slots__ = ("_read", "place")

    def __init__(self, place: str, read: Callable[[], str]) -> None:
        self.place = place
        self._read = read

    def reveal(self) -> str:
        """The secret itself; raises `NoSecret`."""
        value = self._read()
        if not value or any(ord(c) < ord(" ") for c in value):
            raise NoSecret(f"{self.place} is empty, or has control characters in it")
        return value

    def __repr__(self) -> str:
        return "Secret(********)"

    def __format__(self, _: str) -> str:
        return "********"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not copied")


def from_environment(name: str, environ: Mapping[str, str] = os.environ) -> Secret:
    """The secret in an environment variable."""
    return Secret(f"the environment variable `{name}`", lambda: _variable(name, environ))


def from_file(path: Path) -> Secret:
    """The secret in a file that its owner alone can read; a last line end does not count."""
    return Secret(f"the file `{path}`", lambda: _content(path))


def _variable(name: str, environ: Mapping[str, str]) -> str:
    if name not in environ:
        raise NoSecret(f"the environment variable `{name}` is not set")
    return environ[name]


MOST_SECRET = 10_000


def _content(path: Path) -> str:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NoSecret(f"the file `{path}` cannot be read: {error.strerror}") from None
    with os.fdopen(handle, "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise NoSecret(f"`{path}` is not a regular file")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise NoSecret(f"others than its owner can read the file `{path}`: give it the mode 0600")
        content = file.read(MOST_SECRET)
    try:
        return content.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise NoSecret(f"the file `{path}` is not UTF-8") from None
