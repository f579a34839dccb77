"""Everything as files, so that a first run can harm nobody.

An e-mail becomes an `.eml` that mail programs open, a letter a PDF to print, a
meeting an invitation, and what a colleague is asked to do a line from which each
day's worklists are made. A file's name comes from its action's key alone. It is
ACCEPTED when it is written; that a letter was posted is for a person to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from duly.execution.channels.calendar import invitation
from duly.execution.channels.files import OutsideHome, private_folder, stage
from duly.execution.channels.mail import NO_SENDER, Sender, compose
from duly.execution.channels.parcels import checked_key, digest_of
from duly.execution.channels.worklist import day_of, line_parcel, make_lists
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Parcel, Unknown, Unsendable

_REFERENCE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}/)?[A-Za-z0-9][A-Za-z0-9_-]{0,127}\.[a-z]{3,4}")

Packed = tuple[tuple[str, ...], bytes]
"""Whom a deed reaches and the bytes of its file."""


class FileChannel:
    """A folder into which each parcel goes as one file, or a folder in it for each day.

    Writing the same file twice is doing it once; a file of the same name with other
    bytes is never replaced.
    """

    def __init__(
        self,
        name: str,
        *,
        folder: Path,
        home: Path,
        suffix: str,
        form: Callable[[Deed], Packed],
        confirms_by_hand: bool = False,
        day_of: Callable[[Deed], str] | None = None,
        at_close: Callable[[Path], None] | None = None,
    ) -> None:
        self._name = name
        self._folder = folder
        self._home = home
        self._suffix = suffix
        self._form = form
        self._confirms_by_hand = confirms_by_hand
        self._day_of = day_of
        self._at_close = at_close

    @property
    def name(self) -> str:
        """Its name in `channels.yaml`."""
        return self._name

    @property
    def is_real(self) -> bool:
        """Nothing leaves this machine by it."""
        return False

    @property
    def is_idempotent(self) -> bool:
        """The same file twice is one file."""
        return True

    @property
    def confirms_by_hand(self) -> bool:
        """Whether a person has to carry it on, as a letter to the post."""
        return self._confirms_by_hand

    @property
    def per_minute(self) -> int:
        """No limit."""
        return 0

    def pack(self, deed: Deed) -> Parcel:
        """The bytes of the file; raises `Unsendable`."""
        key = checked_key(deed.action)
        to, content = self._form(deed)
        day = f"{self._day_of(deed)}/" if self._day_of else ""
        return Parcel(key, self.name, to, content, digest_of(content), f"{day}{key}{self._suffix}")

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        """Write the file; past the point of no return it becomes visible under its name."""
        try:
            final = self._folder / parcel.reference
            final = private_folder(final.parent, self._home) / final.name
            written = final.read_bytes() if final.exists() else None
            staged = stage(final.parent, final.name, parcel.content) if written is None else None
        except OutsideHome as outside:
            return Failed(str(outside), all=True)
        except OSError as error:
            return Deferred(f"cannot write: {error}", all=True)
        if staged is None:
            if written != parcel.content:
                return Failed(f"`{final.name}` is there with other content")
            no_return()
            return Accepted(f"`{final.name}` was there")
        with staged:
            no_return()
            try:
                staged.show()
            except OSError as error:
                return Unknown(f"cannot write: {error}")
        return Accepted(f"wrote `{final.name}`")

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        """Whether the file is there with that digest; a file that is not there was not written, or was taken away."""
        if not _REFERENCE.fullmatch(reference):
            return None
        path = self._folder / reference
        try:
            content = path.read_bytes()
        except OSError:
            return None
        return Accepted(f"`{path.name}` is there") if digest_of(content) == digest else None

    def close(self) -> None:
        """Make the lists again, where the folder has some; raises `OSError`."""
        if self._at_close is not None and self._folder.is_dir():
            self._at_close(self._folder)


def email_outbox(name: str, folder: Path, home: Path, *, sender: Sender | None = None, live: bool) -> FileChannel:
    """E-mails as `.eml` files; where no sender is configured they are from the creditor."""

    def form(deed: Deed) -> Packed:
        mail = compose(deed, sender or _creditor(deed), test_addresses=not live)
        return (mail.to,), mail.content

    return FileChannel(name, folder=folder, home=home, suffix=".eml", form=form)


def letter_outbox(name: str, folder: Path, home: Path) -> FileChannel:
    """Letters as PDF files, which a person prints and posts."""
    return FileChannel(name, folder=folder, home=home, suffix=".pdf", form=letter, confirms_by_hand=True)


def meeting_outbox(name: str, folder: Path, home: Path) -> FileChannel:
    """Meetings as invitations that a calendar opens."""
    return FileChannel(name, folder=folder, home=home, suffix=".ics", form=invitation)


def list_outbox(name: str, folder: Path, home: Path) -> FileChannel:
    """What colleagues are asked to do, as lines and each day's worklists of them."""
    return FileChannel(
        name, folder=folder, home=home, suffix=".json", form=line_parcel, day_of=day_of, at_close=make_lists
    )


def letter(deed: Deed) -> Packed:
    """A letter's recipient and its PDF."""
    if deed.message is None or not deed.message.pdf:
        raise Unsendable("no-letter", "there is no letter to write")
    if not deed.recipient.address:
        raise Unsendable("no-address", "no postal address is known")
    return (deed.recipient.name, *deed.recipient.address), deed.message.pdf


def _creditor(deed: Deed) -> Sender:
    creditor = deed.matter.creditor if deed.matter else None
    if creditor is None:
        return Sender(NO_SENDER)
    return Sender(creditor.email or NO_SENDER, creditor.name)
