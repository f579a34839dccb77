"""A relay's log proves that a message was taken, and only by the line that a relay writes once it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.execution.carried import find
from duly.execution.evidence import message_id, relay_log, sent_mail, settle_taken, taken_in
from duly.journal.entry import Event
from duly.journal.history import history_of
from duly.journal.sqlite import SqliteStore
from duly.source import Refused
from tests.record.journals import DAY, MESSAGE, unknown

ID = f"{MESSAGE.id}@credit.example"
TIME = "Mar 31 08:00:05 relay"

CLEANUP = f"{TIME} postfix/cleanup[2]: 4ABC12: message-id=<{ID}>"
ACTIVE = f"{TIME} postfix/qmgr[3]: 4ABC12: from=<credit@credit.example>, size=1234, nrcpt=1 (queue active)"
REMOVED = f"{TIME} postfix/qmgr[3]: 4ABC12: removed"
OTHER = f"{TIME} postfix/cleanup[2]: 4ABC12: message-id=<other@elsewhere.example>"
ODD = f"{TIME} postfix/cleanup[2]: 4ABC12: message-id=<other one@elsewhere.example>"
NONE = f"{TIME} postfix/cleanup[2]: 4ABC12: message-id=<>"
CUT_OFF = f"{TIME} postfix/smtpd[1]: lost connection after DATA (6356 bytes) from unknown[127.0.0.1]"
TOLD_ID = f"{TIME} postfix/smtpd[1]: NOQUEUE: reject: helo=<postfix/cleanup[2]: 4ABC12: message-id=<{ID}>"
TOLD_ACTIVE = f"{TIME} postfix/smtpd[1]: NOQUEUE: reject: helo=<postfix/qmgr[3]: 4ABC12: from=<>, size=1, nrcpt=1>"
TOLD_INSIDE = f"{TIME} postfix/cleanup[2]: 5DEF34: message-id=<postfix/cleanup[2]: 4ABC12: message-id=<{ID}>"
REJECT = f"{TIME} postfix/cleanup[2]: 4ABC12: milter-reject: END-OF-MESSAGE from client[192.0.2.1]: 5.7.1 refused"
EXIM = f"2026-03-31 08:00:05 1rq8aB-0001Xy-2C <= credit@credit.example H=app [192.0.2.1] P=esmtps S=1234 id={ID}"
EXIM_LONG = (
    f"2026-03-31 08:00:05 1rq8aB-00000001Xyz-2CdE <= credit@credit.example P=esmtps S=1234 id={ID} for a@b.example"
)
EXIM_OUT = f"2026-03-31 08:00:05 1rq8aB-0001Xy-2C => a@b.example R=dnslookup T=remote_smtp id={ID}"
SENDMAIL = (
    f"{TIME} sendmail[12]: 0VAbc: from=<credit@credit.example>, size=12, class=0, nrcpts=1, msgid=<{ID}>, proto=ESMTP"
)


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        pytest.param([CLEANUP, ACTIVE], 2, id="postfix-queued-it"),
        pytest.param([CLEANUP, ACTIVE, REMOVED, ACTIVE], 2, id="postfix-has-sent-it-on"),
        pytest.param([CLEANUP], None, id="postfix-saw-only-its-header"),
        pytest.param([CLEANUP, REJECT], None, id="postfix-refused-it-after-the-header"),
        pytest.param([CLEANUP, OTHER, ACTIVE], None, id="the-queue-id-was-given-to-another"),
        pytest.param([CLEANUP, CUT_OFF], None, id="postfix-lost-the-connection-after-the-header"),
        pytest.param([CLEANUP, CUT_OFF, ODD, ACTIVE], None, id="the-queue-id-was-given-to-an-oddly-named-one"),
        pytest.param([CLEANUP, CUT_OFF, NONE, ACTIVE], None, id="the-queue-id-was-given-to-a-nameless-one"),
        pytest.param([TOLD_ID, ACTIVE], None, id="a-stranger-s-words-look-like-a-message-id"),
        pytest.param([CLEANUP, TOLD_ACTIVE], None, id="a-stranger-s-words-look-like-a-queue"),
        pytest.param([TOLD_INSIDE, ACTIVE], None, id="a-stranger-s-message-id-looks-like-a-line"),
        pytest.param([CLEANUP, REMOVED, ACTIVE], None, id="the-queue-id-is-free-again"),
        pytest.param([ACTIVE, CLEANUP], None, id="the-queue-id-was-another-s-before"),
        pytest.param([CLEANUP, ACTIVE.replace("nrcpt=1", "nrcpt=0")], None, id="postfix-has-it-for-nobody"),
        pytest.param([EXIM], 1, id="exim"),
        pytest.param([EXIM_LONG], 1, id="exim-with-long-ids"),
        pytest.param([EXIM_OUT], None, id="exim-says-something-else"),
        pytest.param([SENDMAIL], 1, id="sendmail"),
        pytest.param([SENDMAIL.replace("nrcpts=1", "nrcpts=0")], None, id="sendmail-has-it-for-nobody"),
        pytest.param([f"somebody wrote <{ID}> here"], None, id="a-mention"),
        pytest.param(["x" * 9_000 + EXIM], None, id="a-line-without-end"),
        pytest.param([], None, id="a-silent-log"),
    ],
)
def test_a_message_was_taken_where_the_relay_says_so_after_all_of_it_was_there(
    lines: list[str], line: int | None
) -> None:
    found = list(taken_in(lines, [f"<{ID}>"], "mail.log"))
    assert [taken.place for taken in found] == ([f"mail.log:{line}"] if line else [])


def test_other_people_s_messages_prove_nothing() -> None:
    assert list(taken_in([EXIM, CLEANUP, ACTIVE], ["<other@credit.example>", ""], "mail.log")) == []


def test_an_unknown_that_was_taken_is_accepted_on_its_own_day_and_says_where_it_was_seen(
    journal: SqliteStore, tmp_path: Path
) -> None:
    unknown(journal, MESSAGE, reference=f"<{ID}>")
    log = tmp_path / "mail.log"
    log.write_text(f"{EXIM_LONG}\n")
    [entry] = settle_taken(journal, relay_log(log, [f"<{ID}>"]), "mail-room")
    assert (entry.event, entry.by, entry.body["decided_by"]) == (Event.ACCEPTED, "mail-room", "evidence")
    assert entry.body["evidence"] == "mail.log:1"
    assert "b.example" not in str(entry.record())
    assert journal.personal(entry) == {"line": EXIM_LONG}
    [stage] = history_of(journal).rows["executed_stages"]
    assert (stage["day"], stage["outcome"]) == (DAY, "accepted")


def test_a_log_that_does_not_name_it_settles_nothing(journal: SqliteStore, tmp_path: Path) -> None:
    unknown(journal, MESSAGE, reference=f"<{ID}>")
    log = tmp_path / "mail.log"
    log.write_bytes(b"\xff\xfe garbage\n")
    assert settle_taken(journal, relay_log(log, [f"<{ID}>"]), "mail-room") == ()
    assert find(journal, MESSAGE.id).event is Event.UNKNOWN


@pytest.mark.parametrize("name", [pytest.param("missing.log", id="missing"), pytest.param(".", id="a-folder")])
def test_a_log_that_cannot_be_read_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused) as refused:
        relay_log(tmp_path / name, [ID])
    assert refused.value.exit_code == 4


MAIL = f"From: credit@credit.example\r\nMessage-ID:\r\n <{ID}>\r\nSubject: x\r\n\r\nbody\r\n"
ELSE = MAIL.replace(ID, "other@elsewhere.example")
QUOTED = ELSE + f"\r\nMessage-ID: <{ID}>\r\n"


@pytest.mark.parametrize(
    ("files", "named", "place"),
    [
        pytest.param({"one.eml": MAIL}, "one.eml", "one.eml", id="one-mail"),
        pytest.param({"sent/one.eml": ELSE, "sent/two.eml": MAIL}, "sent", "two.eml", id="a-folder"),
        pytest.param({"sent/.two.eml": MAIL}, "sent", None, id="a-hidden-file"),
        pytest.param({"sent/cur/1:2,S": MAIL, "sent/new/2": ELSE}, "sent", "1:2,S", id="a-maildir"),
        pytest.param(
            {"mbox": f"From a Tue\n{ELSE}\nFrom b Tue\n{MAIL}\nFrom c Tue\n{ELSE}"},
            "mbox",
            "mbox message 2",
            id="a-mailbox",
        ),
        pytest.param({"mbox": f"From a Tue\n{ELSE}>From b\n\n{MAIL}"}, "mbox", None, id="a-mail-inside-a-mail"),
        pytest.param({"one.eml": QUOTED}, "one.eml", None, id="a-message-id-in-a-body"),
        pytest.param(
            {"one.eml": MAIL.replace("Subject: x", "Message-ID: <x@y.example>")}, "one.eml", None, id="two-of-them"
        ),
        pytest.param({"one.eml": ""}, "one.eml", None, id="an-empty-file"),
    ],
)
def test_sent_mail_is_known_by_its_own_message_id(
    tmp_path: Path, files: dict[str, str], named: str, place: str | None
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content.encode())
    found = [Path(taken.place).name for taken in sent_mail(tmp_path / named, [f"<{ID}>"]).values()]
    assert found == ([place] if place else [])


def test_a_link_in_a_folder_of_mail_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(MAIL)
    (tmp_path / "sent").mkdir()
    (tmp_path / "sent/one.eml").symlink_to(tmp_path / "secret")
    assert sent_mail(tmp_path / "sent", [ID]) == {}


@given(mail=st.binary(max_size=300))
def test_any_bytes_have_a_message_id_or_none(mail: bytes) -> None:
    assert isinstance(message_id(mail), str)
