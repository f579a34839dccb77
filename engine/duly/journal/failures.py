"""How a journal says that it cannot go on. Light to import: every command may have to tell it."""

from __future__ import annotations


class JournalFailed(Exception):
    """The journal cannot be read or written, or it is not what it was: nothing more may be sent.

    `rule` is a kebab-case name, `help` says what to do. Exit code 8.
    """

    def __init__(self, rule: str, message: str, help_: str = "") -> None:
        super().__init__(message)
        self.rule = rule
        self.help = help_


class StepTaken(JournalFailed):
    """The event may not follow what has happened to the action: somebody else was first, or the program is wrong."""


class RunIsActive(Exception):
    """Another run holds the journal; exit code 6."""
