"""Lists by e-mail; one for a colleague without an address goes into the outbox instead.

Which way a list took is its parcel's channel and reference. As a mail server is part of it,
what nobody knows of an e-mail is not tried again by itself.
"""

from __future__ import annotations

from collections.abc import Callable

from duly.execution.channels.folders import FolderChannel
from duly.execution.channels.smtp import SmtpChannel
from duly.execution.ports import Accepted, Deed, Failed, Outcome, Parcel

NO_ADDRESS = "the colleague has no e-mail address in the book, so the list is in the outbox"


class ListsChannel:
    """A mail server for those who have an address, and the outbox for the others."""

    def __init__(self, mail: SmtpChannel, folder: FolderChannel) -> None:
        self._mail = mail
        self._folder = folder

    @property
    def name(self) -> str:
        """The mail server's name in `channels.yaml`."""
        return self._mail.name

    @property
    def is_real(self) -> bool:
        """What has an address leaves this machine."""
        return self._mail.is_real

    @property
    def is_idempotent(self) -> bool:
        """A mail server is not."""
        return self._mail.is_idempotent

    @property
    def confirms_by_hand(self) -> bool:
        """Neither way needs a person."""
        return False

    @property
    def per_minute(self) -> int:
        """Most messages a minute."""
        return self._mail.per_minute

    def pack(self, deed: Deed) -> Parcel:
        """The e-mail, or the folder where there is no address; raises `Unsendable`."""
        return (self._mail if deed.recipient.email else self._folder).pack(deed)

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        """Hand it over on the way for which it was packed."""
        if parcel.channel != self._folder.name:
            return self._mail.hand_over(parcel, no_return)
        outcome = self._folder.hand_over(parcel, no_return)
        return Accepted(f"{outcome.reply}: {NO_ADDRESS}") if isinstance(outcome, Accepted) else outcome

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        """What the outbox knows; a mail server tells nothing."""
        return self._folder.evidence(reference, digest)

    def close(self) -> None:
        """Let go of the connection."""
        self._mail.close()
