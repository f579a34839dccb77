"""Bounces lead back to their action, and nothing that comes by mail does harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.execution.channels import bounces
from duly.execution.channels.bounces import Bounce, Status, Unread, bounces_of, read_bounces
from duly.execution.channels.mail import Sender, compose
from tests.channels.deeds import EMAIL, KEY

SENT = compose(EMAIL, Sender("accounts@amber.example"))


def report(
    action: str = "failed",
    status: str = "5.1.1",
    message_id: str = SENT.message_id,
    *,
    diagnostic: str = "smtp; 550 5.1.1 no such user",
    whole: bool = True,
) -> bytes:
    back = (
        f"Content-Type: message/rfc822\n\n{SENT.content.decode().replace(SENT.message_id, message_id)}"
        if whole
        else f"Content-Type: text/rfc822-headers\n\nFrom: accounts@amber.example\nMessage-ID: {message_id}\n"
    )
    return (
        "From: MAILER-DAEMON@mail.birch.example\nTo: accounts@amber.example\nSubject: Undelivered\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nSorry.\n\n--b\nContent-Type: message/delivery-status\n\n"
        "Reporting-MTA: dns; mail.birch.example\n\n"
        f"Final-Recipient: rfc822; pay@birch.example\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: {diagnostic}\n\n--b\n{back}\n--b--\n"
    ).encode()


@pytest.mark.parametrize("whole", [True, False], ids=["message-sent-back", "headers-sent-back"])
def test_a_report_leads_back_to_its_action(whole: bool) -> None:  # noqa: FBT001 - a row of the table
    assert list(bounces_of(report(whole=whole), "here")) == [
        Bounce(KEY, SENT.message_id, Status.FAILED, "5.1.1", "pay@birch.example", "550 5.1.1 no such user", "here")
    ]


@pytest.mark.parametrize(
    ("action", "status"),
    [("failed", Status.FAILED), ("Delayed", Status.DELAYED), ("delivered", Status.DELIVERED), ("what", Status.OTHER)],
)
def test_a_delay_is_no_failure(action: str, status: Status) -> None:
    [found] = bounces_of(report(action))
    assert isinstance(found, Bounce)
    assert found.status is status


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(SENT.content, "no delivery report", id="a-message-of-ours"),
        pytest.param(b"", "no delivery report", id="nothing"),
        pytest.param(b"\xff\xfe\x00" * 1000, "no delivery report", id="bytes"),
        pytest.param(report(message_id="<../../x@y>"), "a report of a message that is not ours", id="another-message"),
        pytest.param(report(message_id=""), "a report that does not say of which message", id="no-id"),
    ],
)
def test_what_is_no_report_of_ours_is_said_to_be_none(content: bytes, why: str) -> None:
    assert list(bounces_of(content)) == [Unread("", why)]


def test_a_report_cannot_write_to_the_terminal() -> None:
    [found] = bounces_of(report(diagnostic="smtp; \x1b[2J\x9b31m gone" + "x" * 10_000))
    assert isinstance(found, Bounce)
    assert found.diagnostic.isprintable()
    assert len(found.diagnostic) <= 300


@pytest.mark.parametrize("levels", [90, 200, 50_000])
@pytest.mark.parametrize(
    "level",
    ['Content-Type: multipart/mixed; boundary="b{0}"\n\n--b{0}\n', "Content-Type: message/rfc822\n\n"],
    ids=["parts", "messages"],
)
def test_parts_within_parts_come_to_an_end(level: str, levels: int) -> None:
    content = "".join(level.format(number) for number in range(levels)).encode() + report()
    [found] = bounces_of(content)
    assert found == Unread("", "no delivery report" if levels < bounces.MOST_TYPES else "more than 100 parts")


@given(st.binary(max_size=300), st.integers(0, len(report())))
def test_no_bytes_at_all_make_it_fail(noise: bytes, at: int) -> None:
    whole = report()
    for found in bounces_of(whole[:at] + noise + whole[at:]):
        assert isinstance(found, Bounce | Unread)
        if isinstance(found, Bounce):
            assert all(text.isprintable() for text in (found.key, found.recipient, found.diagnostic, found.code))


def test_an_mbox_is_read_message_by_message(tmp_path: Path) -> None:
    path = tmp_path / "bounces.mbox"
    second = report("delayed").replace(b"Sorry.", b"Sorry.\n\n>From the start")
    path.write_bytes(b"From x Tue\n" + report() + b"\nFrom y Wed\n" + second + b"\nFrom z Thu\nSubject: hello\n\nhi\n")
    found = list(read_bounces(path))
    assert [one.status if isinstance(one, Bounce) else one.why for one in found] == [
        Status.FAILED, Status.DELAYED, "no delivery report",
    ]  # fmt: skip
    assert [one.found_in for one in found] == [f"{path} message {n}" for n in (1, 2, 3)]


def test_a_maildir_and_a_single_file_are_read(tmp_path: Path) -> None:
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / folder).mkdir(parents=True)
        (tmp_path / "Maildir" / folder / "1.eml").write_bytes(report())
    (tmp_path / "Maildir" / "cur" / "passwd").symlink_to("/etc/passwd")
    assert len(list(read_bounces(tmp_path / "Maildir"))) == 2
    assert len(list(read_bounces(tmp_path / "Maildir" / "new" / "1.eml"))) == 1


def test_a_message_that_is_too_long_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounces, "MOST_MESSAGE", 2_000)
    mbox, single = tmp_path / "m.mbox", tmp_path / "m.eml"
    mbox.write_bytes(b"From x\n" + report() + b"x" * 5_000 + b"\n\nFrom y\n" + report(whole=False) + b"\n")
    single.write_bytes(report() + b"x" * 5_000)
    assert [type(found) for found in read_bounces(mbox)] == [Unread, Bounce]
    assert [type(found) for found in read_bounces(single)] == [Unread]
