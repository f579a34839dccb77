"""A message as the bytes of one e-mail to one recipient, checked by reading them again.

Text and HTML are alternatives of one another, files stand beside them, headers are few and fixed, and the
same deed gives the same bytes at every attempt: the Message-ID comes from its
key and the date is the moment from which it may reach the customer. A
customer's name stands in no address header, where it would tell nobody
anything and where injections begin.

Whatever is put into a header is refused if it has a control character or `=?`,
which some versions of Python decode into new headers. Then the bytes are parsed
again: headers, recipients, text and files that are not exactly those planned are
refused. Everything is 7-bit with CRLF, so that no server has to convert it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, time
from email import message_from_bytes
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, compat32
from email.utils import format_datetime

from duly.execution.channels.addresses import checked_address
from duly.execution.channels.parcels import checked_key
from duly.execution.ports import Deed, Unsendable
from duly.messages.lists import File
from duly.shown import printable

MOST_SUBJECT = 500
"""A subject is at most this long, in characters."""

MOST_LINE = 998
"""What RFC 5322 allows in a line, without its end."""

NO_SENDER = "sender-not-configured@duly.invalid"
"""Who an e-mail in the outbox is from where nothing says it."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who messages are from; answers go to `reply_to`, where it is empty to the collector, else to the sender."""

    address: str
    name: str = ""
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail: its bytes, its only recipient, who sends it, and its Message-ID with the angle brackets."""

    content: bytes
    to: str
    sender: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Part:
    """One more form of the message, such as an invitation: its kind, its parameters and its text."""

    subtype: str
    text: str
    parameters: tuple[tuple[str, str], ...] = ()


def compose(deed: Deed, sender: Sender, *, test_addresses: bool = True, extra: Part | None = None) -> Mail:
    """The e-mail that a deed comes to; raises `Unsendable`."""
    message = deed.message
    if message is None:
        raise Unsendable("no-message", "there is no message to send")
    key = checked_key(deed.action)
    to = checked_address(deed.recipient.email, test_addresses=test_addresses)
    sender_address = checked_address(sender.address)
    message_id = message_id_of(key, sender_address)
    headers = [
        ("From", str(_address(header_text(sender.name), sender_address))),
        ("To", to),
        ("Subject", header_text(message.subject)),
        ("Date", format_datetime(moment_of(deed))),
        ("Message-ID", message_id),
        ("Auto-Submitted", "auto-generated"),
    ]
    if reply_to := _reply_to(deed, sender):
        headers.insert(1, ("Reply-To", checked_address(reply_to)))
    text, html = body_text(message.text), body_text(message.html)
    files = attached(deed)
    content = _serialised(headers, key, Body(text, html, extra, files))
    _same_when_read_again(content, headers, text, html, files)
    return Mail(content, to, sender_address, message_id)


@dataclass(frozen=True, slots=True)
class Body:
    """What an e-mail says, in each form, and the files beside it."""

    text: str
    html: str
    extra: Part | None = None
    files: tuple[File, ...] = ()


MOST_ATTACHED = 15_000_000
"""Bytes of attachments: what nearly every server still takes, once they are coded."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")


def attached(deed: Deed) -> tuple[File, ...]:
    """The files that leave with an e-mail; the words of a list are its body already. Raises `Unsendable`."""
    message = deed.message
    files = tuple(file for file in deed.files if not file.name.endswith((".txt", ".html")))
    if message is not None and message.pdf:
        files = (File(f"{deed.action.template or 'message'}-{deed.action.id[:6]}.pdf", PDF, message.pdf), *files)
    if any(not _FILE_NAME.fullmatch(file.name) for file in files):
        raise Unsendable("bad-name", "a file has a name that cannot stand in a header")
    if sum(len(file.content) for file in files) > MOST_ATTACHED:
        raise Unsendable("too-large", f"the files have more than {MOST_ATTACHED:,} bytes: send lists to the outbox")
    return files


PDF = "application/pdf"


def message_id_of(key: str, sender: str) -> str:
    """The Message-ID of an action's e-mail."""
    return f"<{key}@{sender.rpartition('@')[2].lower()}>"


def key_of(message_id: str) -> str:
    """The action key in a Message-ID of ours; empty where it can be none."""
    match = re.fullmatch(r"<?([A-Za-z0-9][A-Za-z0-9_-]{0,127})@[A-Za-z0-9.-]{1,253}>?", message_id.strip())
    return match[1] if match else ""


def moment_of(deed: Deed) -> datetime:
    """The moment from which the deed may be done; a day begins at noon UTC, when it is that day nearly everywhere."""
    text = deed.action.not_before
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unsendable("no-moment", f"`{printable(text)}` is not a moment") from None
    if moment.tzinfo is None:
        moment = datetime.combine(moment.date(), time(12), UTC)
    return moment.replace(microsecond=0)


def header_text(text: str) -> str:
    """The text, where it can stand in a header as it is; raises `Unsendable`."""
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in text):
        raise Unsendable("control-character", f"`{printable(text)}` would break a header")
    if "=?" in text:
        raise Unsendable("encoded-word", f"`{printable(text)}` would be decoded by a mail program")
    if len(text) > MOST_SUBJECT:
        raise Unsendable("too-long", f"a header has at most {MOST_SUBJECT} characters")
    return text


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def body_text(text: str) -> str:
    """The text of a body, where it has no other control characters than line ends and tabs; raises `Unsendable`."""
    if bad := _CONTROL.search(text):
        raise Unsendable("control-character", f"the message has the character `{printable(bad[0])}`")
    # Python's line ends are more than SMTP's: a page separator would come back as another character.
    return text.replace("\u2028", "\n").replace("\u2029", "\n\n")


def _reply_to(deed: Deed, sender: Sender) -> str:
    collector = deed.matter.collector if deed.matter else None
    chosen = sender.reply_to or (collector.email if collector else "")
    return "" if chosen == sender.address else chosen


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain)


def _in_code(name: str, value: str) -> str:
    """The value with its spaces in code, folded.

    The newer policy leaves the spaces between coded words outside the code, where a reader
    has to drop them: `rappel : 361,95 €` would come as `rappel :361,95 €`.
    """
    return Header(value, "utf-8", header_name=name).encode(linesep="\n")


def _serialised(headers: list[tuple[str, str]], key: str, body: Body) -> bytes:
    mail = EmailMessage(policy=SMTP)
    for name, value in headers:
        if name == "Subject" and not value.isascii():
            mail.set_raw(name, _in_code(name, value))
        else:
            mail[name] = value
    # Quoted-printable has no line that a server would cut and no `From ` or `.` that one would change.
    mail.set_content(body.text, cte="quoted-printable")
    if body.html:
        mail.add_alternative(body.html, subtype="html", cte="quoted-printable")
    if (extra := body.extra) is not None:
        mail.add_alternative(extra.text, subtype=extra.subtype, cte="base64", params=dict(extra.parameters))
    for file in body.files:
        main, _, sub = file.media_type.partition("/")
        mail.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name, cte="base64")
    # `=_` cannot come about in quoted-printable or base64; Python's own choice would differ each time.
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{key}" if number == 0 else f"=_{key}_{number}")
    return mail.as_bytes()


def _same_when_read_again(
    content: bytes, headers: list[tuple[str, str]], plain: str, html: str, files: tuple[File, ...]
) -> None:
    """Parse the bytes and compare them with what was planned; raises `Unsendable`."""
    lines = content.split(b"\r\n")
    if any(b"\n" in line or b"\r" in line or len(line) > MOST_LINE for line in lines) or not content.isascii():
        raise Unsendable("not-as-planned", "the message has lines that a mail server would read otherwise")
    # The older policy gives each header as it stands and costs a tenth.
    read = message_from_bytes(content, policy=compat32)
    got = [(name, _unfolded(value)) for name, value in read.items() if name not in _OF_THE_BODY]
    planned = [*headers, ("MIME-Version", "1.0")]
    if [name for name, _ in got] != [name for name, _ in planned]:
        raise Unsendable("not-as-planned", "the headers are not those that were planned")
    for (name, raw), (_, value) in zip(got, planned, strict=True):
        same = _meaning(name, raw) == _meaning(name, value) if name in _ENCODED else raw == value
        if not same:
            raise Unsendable("not-as-planned", f"the header `{name}` is not the one that was planned")
    inline = [part for part in read.walk() if part.get_content_disposition() != "attachment"]
    got_files = [part for part in read.walk() if part.get_content_disposition() == "attachment"]
    came = [(part.get_filename(), part.get_content_type(), part.get_payload(decode=True)) for part in got_files]
    if came != [(file.name, file.media_type, file.content) for file in files]:
        raise Unsendable("not-as-planned", "the files are not those that were planned")
    bodies = {part.get_content_type(): part for part in inline}
    for kind, text in (("text/plain", plain), ("text/html", html)):
        body = bodies[kind].get_payload(decode=True) if kind in bodies else b""
        if not isinstance(body, bytes) or _lines(body.decode("utf-8", "replace")) != _lines(text):
            raise Unsendable("not-as-planned", "the text is not the one that was planned")


_OF_THE_BODY = frozenset({"Content-Type", "Content-Transfer-Encoding"})

_ENCODED = frozenset({"From", "Subject"})
"""Headers that may have other letters than ASCII, and so stand there in code."""


def _unfolded(value: object) -> str:
    return re.sub(r"\r?\n(?=[ \t])", "", str(value)).strip()


def _meaning(name: str, value: str) -> object:
    """A header's value without how it was quoted, coded and folded: the addresses, or the words."""
    header = SMTP.header_factory(name, value)
    if name == "From":
        return [(address.display_name, address.addr_spec) for address in header.addresses]
    return str(header).split()


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").rstrip("\n").split("\n")
