"""What a deed's e-mail looks like, and what can never be in one."""

from __future__ import annotations

from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.execution.channels import mail
from duly.execution.channels.addresses import checked_address
from duly.execution.channels.mail import Sender, compose, key_of, message_id_of
from duly.execution.ports import Unsendable
from tests.channels.deeds import EMAIL, KEY, MEETING, email_to

SENDER = Sender("accounts@amber.example", "Amber Paper Works")

HONEST_NAMES = (
    "Smith & Sons", "A<B Ltd", "-ism Consulting", "株式会社サンプル", "Müller, Söhne & Co.", 'The "Quoted" Works',
    "شركة المثال", "R. & J. O'Neil (Trading); Ltd.", "Zoë 🦆 Ducks", "=1+1 Ltd", "@home Supplies", "a" * 200,
)  # fmt: skip


def read(content: bytes) -> EmailMessage:
    message = message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def test_an_email_has_exactly_these_headers() -> None:
    got = read(compose(EMAIL, SENDER).content)
    assert [(name, str(value)) for name, value in got.items()] == [
        ("From", "Amber Paper Works <accounts@amber.example>"),
        ("Reply-To", "north@amber.example"),
        ("To", "pay@birch.example"),
        ("Subject", "Invoice I1 is open"),
        ("Date", "Tue, 31 Mar 2026 09:00:00 -0400"),
        ("Message-ID", f"<{KEY}@amber.example>"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative; boundary="=_{KEY}"'),
    ]
    assert [part.get_content_type() for part in got.iter_parts()] == ["text/plain", "text/html"]


def test_the_same_deed_is_the_same_bytes() -> None:
    assert compose(EMAIL, SENDER) == compose(EMAIL, SENDER)


def test_a_message_id_leads_back_to_its_action() -> None:
    assert key_of(message_id_of(KEY, SENDER.address)) == KEY


@pytest.mark.parametrize("name", HONEST_NAMES)
def test_an_honest_odd_name_is_served(name: str) -> None:
    deed = email_to("pay@birch.example", subject=f"{name}: invoice I1 is open", text=f"Dear {name},\n.\n..\nbye\n")
    got = read(compose(deed, replace(SENDER, name=name)).content)
    assert str(got["Subject"]) == f"{name}: invoice I1 is open"
    assert [(a.display_name, a.addr_spec) for a in got["From"].addresses] == [(name, SENDER.address)]
    plain = got.get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n") == f"Dear {name},\n.\n..\nbye\n"


INJECTIONS = [
    pytest.param("ACME\r\nBcc: evil@x.test", "control-character", id="crlf"),
    pytest.param("ACME\rBcc: evil@x.test", "control-character", id="cr"),
    pytest.param("ACME\nBcc: evil@x.test", "control-character", id="lf"),
    pytest.param("ACME\x85Bcc: evil@x.test", "control-character", id="next-line"),
    pytest.param("ACME\u2028Bcc: evil@x.test", "control-character", id="line-separator"),
    pytest.param("ACME\x00", "control-character", id="nul"),
    pytest.param("ACME\udc80", "control-character", id="half-a-character"),
    pytest.param("=?utf-8?q?ACME=0ABcc=3A_evil=40x.test?=", "encoded-word", id="encoded-word"),
    pytest.param("x" * 501, "too-long", id="too-long"),
]


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param("Orchard Tools (sample) – deuxième rappel : 361,95\xa0€ à régler (C000419-c4cbd9)", id="french"),
        pytest.param("Zweite Mahnung: 12.361,85\xa0€ überfällig, bitte bis zum 3. März 2026 begleichen", id="german"),
        pytest.param("é " * 60 + "à", id="many-short-words"),
    ],
)
def test_no_space_is_lost_between_words_that_stand_in_code(subject: str) -> None:
    content = compose(email_to("pay@birch.example", subject=subject), SENDER).content
    assert str(read(content)["Subject"]) == subject
    assert max(map(len, content.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(("text", "rule"), INJECTIONS)
def test_a_header_that_would_become_two_is_refused(text: str, rule: str) -> None:
    for deed, sender in ((email_to("pay@birch.example", subject=text), SENDER), (EMAIL, replace(SENDER, name=text))):
        with pytest.raises(Unsendable) as refused:
            compose(deed, sender)
        assert refused.value.rule == rule


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[2Jb", "a\rb", "a\x0cb"])
def test_a_body_with_a_control_character_is_refused(text: str) -> None:
    with pytest.raises(Unsendable) as refused:
        compose(email_to("pay@birch.example", text=text), SENDER)
    assert refused.value.rule == "control-character"


ENCODED_BCC = "=?utf-8?q?ACME=0D=0ABcc=3A_evil=40x.test?="


def test_reading_again_refuses_what_an_unchecked_header_lets_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted fault: headers are put in unchecked; the bytes are still compared with what was planned."""
    monkeypatch.setattr(mail, "header_text", lambda text: text)
    deed = email_to("pay@birch.example", subject=ENCODED_BCC)
    if "Bcc" not in read(raw(deed.message.subject if deed.message else "")):
        pytest.skip("this Python does not decode header text into new headers")
    with pytest.raises(Unsendable) as refused:
        compose(deed, SENDER)
    assert refused.value.rule == "not-as-planned"


def test_without_both_guards_the_injection_is_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault of the two tests above: without the check and the second reading a Bcc goes out."""
    monkeypatch.setattr(mail, "header_text", lambda text: text)
    monkeypatch.setattr(mail, "_same_when_read_again", lambda *_: None)
    got = read(compose(email_to("pay@birch.example", subject=ENCODED_BCC), SENDER).content)
    if "Bcc" not in got:
        pytest.skip("this Python does not decode header text into new headers")
    assert "evil@x.test" in str(got["Bcc"])


def raw(subject: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["Subject"] = subject
    return bytes(message)


@pytest.mark.parametrize(
    ("address", "rule"),
    [
        pytest.param("", "no-address", id="none"),
        pytest.param("a@b", "bad-email", id="no-dot"),
        pytest.param("a b@c.example", "bad-email", id="space"),
        pytest.param("a@c.example ", "bad-email", id="space-behind"),
        pytest.param("a@c.example\u00a0", "bad-email", id="no-break-space-behind"),
        pytest.param("a@c.example>\r\nRCPT TO:<evil@x.example", "bad-email", id="second-recipient"),
        pytest.param("a@c.example)evil@x.example", "bad-email", id="comment"),
        pytest.param("(c)a@c.example", "bad-email", id="comment-in-front"),
        pytest.param('"a@c.example"@x.example', "bad-email", id="quoted-at"),
        pytest.param("@x.example:a@c.example", "bad-email", id="source-route"),
        pytest.param("a%c.example@x.example", "bad-email", id="percent-hack"),
        pytest.param("a!b@x.example", "bad-email", id="bang-path"),
        pytest.param("-Oqueue=/tmp@x.example", "bad-email", id="leading-dash"),
        pytest.param("a@[127.0.0.1]", "bad-email", id="address-literal"),
        pytest.param("a,b@x.example", "bad-email", id="two"),
        pytest.param("Birch <a@x.example>", "bad-email", id="with-a-name"),
        pytest.param("ä@x.example", "bad-email", id="not-ascii"),
        pytest.param("a@b\u0430d.example", "address-confusable", id="cyrillic-a"),
        pytest.param("a@" + "b\u0430d".encode("punycode").decode().join(["xn--", ".example"]), "address-confusable",
                     id="cyrillic-a-as-xn"),
        pytest.param("a" * 65 + "@x.example", "bad-email", id="local-part-too-long"),
        pytest.param("a@" + "b" * 60 + ("." + "c" * 60) * 4 + ".example", "bad-email", id="too-long"),
    ],
)  # fmt: skip
def test_an_address_that_two_programs_may_read_differently_is_refused(address: str, rule: str) -> None:
    with pytest.raises(Unsendable) as refused:
        checked_address(address)
    assert refused.value.rule == rule
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "address", ["a@b.example", "o'neil+ar@b-c.example", "a" * 64 + "@x.example", "a@xn--mller-kva.example"]
)
def test_a_plain_address_is_taken_as_it_is(address: str) -> None:
    assert checked_address(address) == address


@pytest.mark.parametrize(
    ("domain", "is_for_tests"),
    [
        ("example.com", True), ("EXAMPLE.com", True), ("sub.example.org", True), ("birch.test", True),
        ("birch.example", True), ("birch.invalid", True), ("notexample.com", False), ("test.de", False),
    ],
)  # fmt: skip
def test_live_mail_goes_to_no_domain_that_is_for_tests(domain: str, is_for_tests: bool) -> None:  # noqa: FBT001 - a row of the table
    assert checked_address(f"pay@{domain}") == f"pay@{domain}"
    if not is_for_tests:
        assert checked_address(f"pay@{domain}", test_addresses=False) == f"pay@{domain}"
        return
    with pytest.raises(Unsendable) as refused:
        checked_address(f"pay@{domain}", test_addresses=False)
    assert refused.value.rule == "test-address-in-live"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


@given(subject=TEXT, name=TEXT, text=TEXT, html=TEXT)
def test_any_text_is_sent_as_it_is_or_not_at_all(subject: str, name: str, text: str, html: str) -> None:
    try:
        content = compose(email_to("pay@birch.example", subject=subject, text=text, html=html), replace(SENDER, name=name)).content  # fmt: skip # noqa: E501
    except Unsendable:
        return
    got = read(content)
    assert str(got["Subject"]).split() == subject.split()
    assert got.get_all("To") == ["pay@birch.example"]
    assert {name.lower() for name in got} <= ALLOWED
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")


ALLOWED = {
    "from", "reply-to", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type",
    "content-transfer-encoding",
}  # fmt: skip


@given(name=st.text(st.characters(categories=["L", "Nd", "P", "Zs", "Sm"]), min_size=1, max_size=80))
def test_names_of_letters_and_marks_are_served(name: str) -> None:
    """Only what starts an encoded word is refused."""
    name = " ".join(name.split())
    if "=?" in name:
        return
    assert str(read(compose(email_to("a@b.example", subject=f"For {name}."), SENDER).content)["Subject"]).split() == f"For {name}.".split()  # fmt: skip # noqa: E501


@pytest.mark.parametrize("local", ["a", "a" * 30, "a" * 64], ids=len)
@pytest.mark.parametrize("labels", [1, 2, 3])
def test_a_long_address_is_written_to_as_it_is(local: str, labels: int) -> None:
    address = f"{local}@{'.'.join(['b' * 55] * labels)}.example"
    sent = compose(email_to(address), Sender(address, "Müller & Söhne, eine lange Firma"))
    assert read(sent.content).get_all("To") == [address]
    assert [a.addr_spec for a in read(sent.content)["From"].addresses] == [address]


def test_a_meeting_by_email_carries_the_invitation() -> None:
    from duly.execution.channels.calendar import invitation_part

    got = read(compose(MEETING, SENDER, extra=invitation_part(MEETING)).content)
    parts = list(got.iter_parts())
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html", "text/calendar"]
    assert parts[-1].get_param("method") == "REQUEST"
