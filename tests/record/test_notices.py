"""A notice counts where it names a message that left, under its own Message-ID, and says that it failed for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from duly.execution.carried import find
from duly.execution.channels.bounces import bounces_of, read_bounces
from duly.execution.notices import noticed
from duly.journal.entry import Event
from duly.journal.sqlite import SqliteStore
from duly_cli.main import main
from tests.record.journals import DAY, LETTER, MESSAGE, TO, accepted, intend, unknown

TODAY = DAY + timedelta(days=2)
ID = f"{MESSAGE.id}@credit.example"


def notice(message_id: str = ID, action: str = "failed", status: str = "5.1.1") -> str:
    """A delivery report as mail servers write them."""
    return f"""\
From: MAILER-DAEMON@relay.example
Subject: Undelivered
Message-ID: <report@relay.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

It did not work.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example

Final-Recipient: rfc822; {TO}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such user

--b
Content-Type: text/rfc822-headers

Message-ID: <{message_id}>
Subject: Your invoices

--b--
"""


def sent(journal: SqliteStore) -> None:
    accepted(journal, MESSAGE, reference=f"<{ID}>")


def read(journal: SqliteStore, *texts: str) -> tuple[list[Event], list[str]]:
    notices = [one for text in texts for one in bounces_of(text.encode(), "inbox")]
    found = noticed(journal, notices, TODAY, "mail-room", TODAY)
    journal.append(*found.drafts)
    return [draft.event for draft in found.drafts], [one.why for one in found.not_counted]


def test_a_message_that_failed_came_back_and_what_was_said_of_it_is_sealed(journal: SqliteStore) -> None:
    sent(journal)
    assert read(journal, notice()) == ([Event.BOUNCED], [])
    entry = find(journal, MESSAGE.id).last
    assert entry.body == {"day": TODAY.isoformat(), "status": "5.1.1", "source": "inbox"}
    assert TO in str(journal.personal(entry))


def known_already(journal: SqliteStore) -> None:
    sent(journal)
    read(journal, notice())


def as_file(journal: SqliteStore) -> None:
    accepted(journal, MESSAGE, reference=f"{MESSAGE.id}.eml")


@pytest.mark.parametrize(
    ("before", "texts", "events"),
    [
        pytest.param(
            lambda j: unknown(j, MESSAGE, reference=f"<{ID}>"),
            [notice()],
            [Event.ACCEPTED, Event.BOUNCED],
            id="nobody-knew-that-it-left",
        ),
        pytest.param(as_file, [notice()], [Event.BOUNCED], id="it-left-as-a-file"),
        pytest.param(sent, [notice(), notice()], [Event.BOUNCED], id="two-notices-of-one-message"),
        pytest.param(sent, ["Subject: hello\n\nhello\n", notice()], [Event.BOUNCED], id="among-other-mail"),
        pytest.param(sent, [notice(action="delayed"), notice()], [Event.BOUNCED], id="delayed-first-and-failed-then"),
    ],
)
def test_what_came_back_is_recorded(
    journal: SqliteStore, before: Callable[[SqliteStore], object], texts: list[str], events: list[Event]
) -> None:
    before(journal)
    assert read(journal, *texts)[0] == events


@pytest.mark.parametrize(
    ("before", "text", "why"),
    [
        pytest.param(sent, notice(action="delayed"), "it says that the message was delayed", id="only-delayed"),
        pytest.param(sent, notice(action="delivered"), "it says that the message was delivered", id="delivered"),
        pytest.param(sent, notice(action="expanded"), "it does not say that the message failed", id="something-else"),
        pytest.param(
            sent, notice(f"{MESSAGE.id}@elsewhere.example"), "it names another Message-ID", id="a-forged-message-id"
        ),
        pytest.param(
            sent, notice(f"{LETTER.id}@credit.example"), "it is about no action of this journal", id="no-action"
        ),
        pytest.param(sent, "Subject: hello\n\nhello\n", "no delivery report", id="other-mail"),
        pytest.param(
            lambda j: intend(j, MESSAGE, reference=f"<{ID}>"), notice(), "cannot have come back", id="it-never-left"
        ),
        pytest.param(known_already, notice(), "the journal knows it already", id="known"),
    ],
)
def test_what_does_not_count_is_told_with_its_reason(
    journal: SqliteStore, before: Callable[[SqliteStore], object], text: str, why: str
) -> None:
    before(journal)
    head = journal.head()
    events, reasons = read(journal, text)
    assert events == []
    assert len(reasons) == 1
    assert why in reasons[0]
    assert journal.head() == head


def test_a_mailbox_of_notices_is_recorded_from_the_command_line(journal: SqliteStore, tmp_path: Path) -> None:
    sent(journal)
    box = tmp_path / "inbox"
    box.write_text(f"From x\n{notice()}\nFrom y\nSubject: \x1b[2Jhello\n\nhello\n")
    home = str(journal.path.parents[2])
    result = CliRunner().invoke(main, ["record", "bounce", "--from", str(box), "--by", "mail-room", "--home", home])
    assert result.exit_code == 0, result.output
    assert "came back on" in result.stdout
    assert "inbox message 2: no delivery report" in result.stderr
    assert find(journal, MESSAGE.id).event is Event.BOUNCED
    assert [type(one).__name__ for one in read_bounces(box)] == ["Bounce", "Unread"]
