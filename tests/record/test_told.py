"""Months later the journal alone tells why a letter went out; what was erased is told as erased."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from duly.execution.afterwards import Return, bounced
from duly.execution.carried import find
from duly.execution.known import Known, entries_about, known_of
from duly.execution.recorded import Contact, drafts_of
from duly.execution.told import MOST_AFTER, tell
from duly.journal.entry import Draft, Event
from duly.journal.erase import erase, rename
from duly.journal.sqlite import SqliteStore
from duly.plan.plan import Because
from duly.reports import told as report
from tests.record.journals import DAY, LETTER, MESSAGE, TO, accepted, begin, intend, letter, step

HOSTILE = "\x1b[2J\x1b]0;owned\x07Amber\u202eevil"


@pytest.fixture
def sent(journal: SqliteStore) -> SqliteStore:
    """A reminder that went out in a run."""
    begin(journal)
    accepted(journal, MESSAGE, author="author", currency="EUR")
    return journal


def page(journal: SqliteStore) -> str:
    return report.as_text(tell(journal, find(journal, MESSAGE.id)))


def record(journal: SqliteStore) -> dict[str, object]:
    found = json.loads(report.as_json(tell(journal, find(journal, MESSAGE.id))))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize(
    "told",
    [
        pytest.param(TO, id="whom"),
        pytest.param("Amber Anvil Works", id="the-customer-s-name"),
        pytest.param("1,234.50 EUR", id="how-much"),
        pytest.param("I1, I2", id="which-invoices"),
        pytest.param("Your invoices I1 and I2", id="subject"),
        pytest.param("en/email/reminder.friendly (signed by Head of Sales)", id="wording-and-who-signed-it"),
        pytest.param("c" * 64, id="digest-of-what-left"),
        pytest.param("f" * 64, id="plan"),
        pytest.param("stage reminder: after  (policies/standard.yaml:88)", id="rule-and-where-it-is-written"),
        pytest.param("`past_due` is 1,234.50 EUR", id="money-that-was-read"),
        pytest.param("`days_past_due` is 15", id="days-that-were-read"),
        pytest.param("`disputed` is no", id="yes-or-no-that-was-read"),
        pytest.param("Customers pay on the first reminder.", id="the-policy-s-own-words"),
        pytest.param("author     author", id="author"),
        pytest.param("operator   operator", id="operator"),
        pytest.param("2026-03-31 08:00:06Z  entry 5: accepted on 2026-03-31: 250 queued", id="when-it-was-taken"),
        pytest.param("it was handed over (entry 5", id="where-it-stands"),
    ],
)
def test_the_page_tells(sent: SqliteStore, told: str) -> None:
    assert told in page(sent)


def test_what_was_erased_is_told_as_erased_and_shown_nowhere(sent: SqliteStore) -> None:
    sent.append(*drafts_of(Contact(DAY, "call", "out", "spoke to Mr Anvil"), _known(sent), "credit", DAY))
    erase(sent, "C001", by="privacy", because="asked for it")
    text, found = page(sent), record(sent)
    for secret in (TO, "Amber Anvil Works", "Your invoices I1 and I2", "spoke to Mr Anvil"):
        assert secret not in text
        assert secret not in json.dumps(found, ensure_ascii=False)
    assert "to         (erased)" in text
    assert "recipient  (erased)" in text
    assert found["erased"] == ["recipient", "subject", "to"]
    assert "personal values were erased" in text


def test_nothing_in_the_data_moves_the_terminal(journal: SqliteStore) -> None:
    begin(journal)
    nasty = replace(
        MESSAGE,
        person=HOSTILE,
        because=(Because(HOSTILE, MESSAGE.because[0].span, (("segment", HOSTILE),), HOSTILE),),
        invoices=(HOSTILE,),
    )
    intend(journal, nasty, reference=HOSTILE, message={"file": HOSTILE, "signed_by": HOSTILE, "language": HOSTILE})
    step(journal, Event.POINT_OF_NO_RETURN, nasty)
    step(journal, Event.ACCEPTED, nasty, reply=HOSTILE, because=HOSTILE)
    journal.append(Draft(Event.CALL, HOSTILE, customer="C001", body={"channel": HOSTILE}, personal={"note": HOSTILE}))
    text = page(journal)
    assert all(character == "\n" or character.isprintable() for character in text)
    assert r"\x1b[2J" in text


def test_what_happened_after_is_told_of_every_other_action_by_what_became_of_it(sent: SqliteStore) -> None:
    letter(sent)
    sent.append(*bounced(find(sent, MESSAGE.id), Return(DAY, "5.1.1", "no such user"), "mail-room", DAY))
    sent.append(*drafts_of(Contact(DAY, "email", "in", "will pay"), _known(sent), "credit", DAY))
    after = page(sent).partition("afterwards\n")[2]
    assert [line.partition(": ")[2] for line in after.splitlines()] == [
        "message: letter, demand (final), 1,234.50 EUR: accepted on 2026-03-31: 250 queued (by operator)",
        "the customer replied by email on 2026-03-31; note: will pay (by credit)",
    ]
    assert "came back on 2026-03-31: status 5.1.1; diagnostic: no such user" in page(sent)
    assert record(sent)["stands"] == "bounced"


def test_a_later_stage_that_was_not_needed_any_more_is_told_with_its_reason(sent: SqliteStore) -> None:
    intend(sent, LETTER)
    step(sent, Event.SKIPPED, LETTER, reason="paid", explanation="paid in full on 2026-04-02")
    assert "demand (final), 1,234.50 EUR: skipped on 2026-03-31: paid in full on 2026-04-02, reason paid" in page(sent)


def test_an_approval_is_told_with_who_gave_it(sent: SqliteStore) -> None:
    sent.append(Draft(Event.APPROVED, "manager", MESSAGE.id, "C001", body={"because": "looked at it"}))
    approvals = page(sent).partition("Approvals\n")[2].partition("\n\n")[0]
    assert approvals.endswith("approved: looked at it (by manager)")


def test_a_customer_s_later_story_is_followed_under_its_new_id(sent: SqliteStore) -> None:
    rename(sent, "C001", "C100", by="credit", because="merged")
    accepted(sent, replace(LETTER, customer="C100"))
    assert "the customer's id changed from C001 to C100" in page(sent)
    assert "message: letter" in page(sent)


def test_other_customers_are_not_told_of(sent: SqliteStore) -> None:
    accepted(sent, replace(LETTER, customer="C002"))
    assert "nothing that the journal knows" in page(sent)


def test_a_long_story_is_cut_and_counted(sent: SqliteStore) -> None:
    drafts = [Draft(Event.CALL, "credit", customer="C001", body={"channel": "call"}) for _ in range(MOST_AFTER + 3)]
    sent.append(*drafts)
    assert "… and 3 entries more" in page(sent)
    assert len(record(sent)["afterwards"]) == MOST_AFTER  # type: ignore[arg-type]


def test_money_whose_currency_nobody_kept_is_told_in_minor_units(journal: SqliteStore) -> None:
    accepted(journal, MESSAGE)
    assert "`past_due` is 123450 in minor units" in page(journal)


def _known(journal: SqliteStore) -> Known:
    return known_of("C001", entries_about(journal, "C001"))
