"""E-mail by SMTP: one recipient a message, and never a doubt that could have been avoided.

Up to the server's `354` nothing has left; then comes the point of no return, then
the message with its last dot, then the answer. A refusal is a refusal; an answer
that never came, or that is none, is UNKNOWN. What happens at `QUIT` says nothing
about a message that was accepted.

The connection is private (STARTTLS or TLS, the server's certificate verified)
unless the server is on this machine, and is kept for the next message after an
answer that leaves no doubt.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from duly.execution.channels.calendar import invitation_part, is_meeting
from duly.execution.channels.mail import Sender, compose
from duly.execution.channels.parcels import digest_of
from duly.execution.channels.secret import NoSecret, Secret
from duly.execution.channels.smtp_session import Garbled, Refusal, Session, Timeouts, Tls, Unsafe
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Parcel, Unknown

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts on which TLS may be left out."""

SERVICE_CLOSING = 421
PERMANENT = 500
OF_THE_CHANNEL = frozenset({"greeting", "EHLO", "STARTTLS", "AUTH", "MAIL"})
"""Steps at which a refusal has nothing to do with the recipient."""

ABOUT_THE_SENDER = frozenset({"5.1.7", "5.1.8", "5.5.2"})
"""Status codes of a sender's address or a `HELO` that is not to a server's liking."""

WAIT = 300
"""Seconds to wait at least after a temporary refusal; servers that greylist want about so many."""

DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over, and how. `ca_file` has the certificates to trust instead of the system's."""

    host: str
    port: int = 587
    tls: Tls = Tls.STARTTLS
    user: str = ""
    password: Secret | None = None
    ca_file: Path | None = None
    helo: str = ""
    timeouts: Timeouts = DEFAULT_TIMEOUTS


class SmtpChannel:
    """A mail server."""

    def __init__(
        self,
        name: str,
        server: Server,
        sender: Sender,
        *,
        per_minute: int = 0,
        test_addresses: bool = True,
    ) -> None:
        if server.tls is Tls.NONE and server.host not in LOOPBACK:
            raise ValueError("only a server on this machine is spoken to without TLS")
        self._name = name
        self._server = server
        self._sender = sender
        self._per_minute = per_minute
        self._test_addresses = test_addresses
        self._session: Session | None = None

    @property
    def name(self) -> str:
        """Its name in `channels.yaml`."""
        return self._name

    @property
    def is_real(self) -> bool:
        """What is handed over leaves this machine."""
        return True

    @property
    def is_idempotent(self) -> bool:
        """A server takes the same message twice and delivers it twice."""
        return False

    @property
    def confirms_by_hand(self) -> bool:
        """What the server accepted is on its way."""
        return False

    @property
    def per_minute(self) -> int:
        """Most messages a minute."""
        return self._per_minute

    def pack(self, deed: Deed) -> Parcel:
        """The message and its envelope; raises `Unsendable`."""
        extra = invitation_part(deed) if is_meeting(deed.action) else None
        mail = compose(deed, self._sender, test_addresses=self._test_addresses, extra=extra)
        envelope = (f"MAIL FROM:<{mail.sender}>", f"RCPT TO:<{mail.to}>")
        return Parcel(
            deed.action.id, self.name, (mail.to,), mail.content, digest_of(mail.content, envelope), mail.message_id
        )

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        """Send one message."""
        (to,) = parcel.to
        try:
            session = self._ready()
            session.ask("MAIL", f"MAIL FROM:<{self._sender.address}>", {250})
            session.ask("RCPT", f"RCPT TO:<{to}>", {250, 251})
            session.ask("DATA", "DATA", {354})
            session.nothing_more_was_said()
        except Refusal as refusal:
            return self._refused(refusal, to)
        except (Garbled, Unsafe, NoSecret) as error:
            self._hang_up()
            return Failed(str(error), all=True)
        except (OSError, smtplib.SMTPException) as error:
            # Before there is a session it is the server that cannot be reached, not this recipient.
            outcome = Deferred(_why(error), WAIT, all=self._session is None)
            self._hang_up()
            return outcome
        in_doubt = True
        try:
            # A message without its last dot is dropped by the server: if this raises, nothing leaves.
            no_return()
            in_doubt = False
        finally:
            if in_doubt:
                self._hang_up()
        in_doubt = True
        try:
            code, text = session.send_body(parcel.content)
            in_doubt = False
        except (Garbled, OSError, smtplib.SMTPException) as error:
            return Unknown(f"no answer to the message: {_why(error)}")
        finally:
            if in_doubt:
                self._hang_up()
        return self._answered(code, text)

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        """Nothing: a server does not tell what became of a message; its log or the recipient may."""
        del reference, digest
        return None

    def close(self) -> None:
        """Say goodbye; whatever the server makes of that, it has what it accepted."""
        if self._session is not None:
            with suppress(OSError, smtplib.SMTPException, Garbled, Refusal):
                self._session.say_goodbye()
        self._hang_up()

    def _answered(self, code: int, text: str) -> Outcome:
        """What the answer to the last dot means."""
        reply = f"{code} {text}".rstrip()
        match code // 100:
            case 2:
                return Accepted(reply)
            case 3:
                self._hang_up()
                return Unknown(f"the answer to the message was {reply}")
            case _:
                return self._refused(Refusal("message", code, text))

    def _refused(self, refusal: Refusal, to: str = "") -> Outcome:
        everything = refusal.step in OF_THE_CHANNEL or is_about_us(refusal, self._sender.address, to)
        if refusal.code == SERVICE_CLOSING or everything:
            self._hang_up()
        if refusal.code == SERVICE_CLOSING:
            return Deferred(str(refusal), WAIT, all=True)
        if refusal.code >= PERMANENT:
            return Failed(str(refusal), all=everything)
        # A `2xx` where another code was wanted is an answer to some other question.
        if refusal.code < 400:  # noqa: PLR2004 - the class of a reply
            self._hang_up()
            return Failed(str(refusal), all=True)
        return Deferred(str(refusal), WAIT, all=everything)

    def _ready(self) -> Session:
        """The connection, where it still stands, or a new one."""
        if (kept := self._session) is not None:
            try:
                kept.begin()
                kept.ask("RSET", "RSET", {250})
            except (OSError, smtplib.SMTPException, Garbled, Refusal):
                self._hang_up()
            else:
                return kept
        server = self._server
        session = Session(server.timeouts, server.helo or _own_name())
        session.begin()
        try:
            session.greet(server.host, server.port, server.tls, self._context())
            self._log_in(session)
        except BaseException:
            session.hang_up()
            raise
        self._session = session
        return session

    def _context(self) -> ssl.SSLContext | None:
        if self._server.tls is Tls.NONE:
            return None
        try:
            return ssl.create_default_context(cafile=self._server.ca_file)
        except OSError as error:
            raise Unsafe(f"the certificates in `{self._server.ca_file}` cannot be read: {error.strerror}") from None

    def _log_in(self, session: Session) -> None:
        server = self._server
        if server.password is None:
            return
        try:
            session.login(server.user, server.password.reveal())
        except smtplib.SMTPAuthenticationError as error:
            raise Refusal("AUTH", error.smtp_code, "the server does not know the user and password") from None
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException as error:
            raise Unsafe(f"the server offers no way to log in: {error}") from None
        except UnicodeEncodeError:
            raise Unsafe("the user or password has characters that SMTP cannot carry") from None

    def _hang_up(self) -> None:
        if self._session is not None:
            self._session.hang_up()
        self._session = None


def is_about_us(refusal: Refusal, sender: str, to: str) -> bool:
    """Say whether what was refused for good at `RCPT` is the sender, not the recipient.

    Postfix says at `RCPT` what it has against the client, its name, the sender or
    relaying (`smtpd_delay_reject`). The status codes are those of RFC 3463; where a code
    is for either, a reply names what it is about. What is put off for a while is the
    recipient's: greylisting names nobody and uses the codes of a refusal.
    """
    if refusal.step != "RCPT" or refusal.code < PERMANENT:
        return False
    text = refusal.text.lower()
    status = text.partition(" ")[0]
    names_recipient = to.lower() in text
    if status.startswith("5.7."):
        return not names_recipient or _RELAYING.search(text.replace(to.lower(), "")) is not None
    return status in ABOUT_THE_SENDER or (not names_recipient and sender.lower() in text)


_RELAYING = re.compile(r"\brelay(?:ing)?\b(?![.@-])")
"""The word, not the name of a host."""


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "the server took too long"
    return str(error) or type(error).__name__


def _own_name() -> str:
    """How this machine introduces itself: its name where that is a whole one, else an address that says nothing."""
    name = socket.gethostname()
    return name if "." in name and name.isascii() else "[127.0.0.1]"
