"""Account changes: the customer and the colleagues are told once, of what is so, and of nothing that was taken back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from duly.journal.entry import Event
from duly.plan import held, told
from duly.plan.contact_changes import before_that
from duly.plan.plan import Kind
from duly.plan.together import Made
from tests.plan.days import ALL, AS_OF, Days, after, lines, notices, standard

E = Event


def days(*told_of: str) -> Days:
    return Days(standard(*(told_of or ALL)))


# Holds and releases.


def test_a_hold_is_told_once_the_journal_has_it_to_the_customer_and_to_sales() -> None:
    here = days()
    assert here.plan().actions == ()
    here.did("hold")
    made = here.plan()
    assert (notices(made), lines(made)) == (["hold"], [("hold_placed", "sales-a")])
    (notice,) = (action for action in made.actions if action.kind is Kind.NOTICE)
    assert (notice.channel, notice.to, notice.detail("since")) == ("email", "pay@amber.example", "2026-03-31")
    here.carry_out(made.actions)
    assert here.plan(after(1)) == Made()


@pytest.mark.parametrize("outcome", [E.UNKNOWN, E.FAILED, E.DEFERRED])
def test_a_hold_of_which_nobody_knows_or_that_was_refused_is_not_told(outcome: Event) -> None:
    here = days()
    here.did("hold", outcome=outcome)
    assert here.plan().actions == ()


@pytest.mark.parametrize(
    ("later", "news"),
    [pytest.param(14, ["hold"], id="a-fortnight"), pytest.param(15, [], id="longer-ago")],
)
def test_an_old_journal_brings_no_flood(later: int, news: list[str]) -> None:
    here = days()
    here.did("hold")
    assert notices(here.plan(after(later))) == news


def placed(here: Days) -> str:
    return here.did("hold")


def told_and(here: Days) -> None:
    here.carry_out(here.plan().actions)


@pytest.mark.parametrize(
    ("told_of_hold", "end", "news"),
    [
        pytest.param(True, "release", ["release"], id="told-and-released"),
        pytest.param(False, "release", [], id="released-before-the-notice-left"),
        pytest.param(True, "undo", ["release"], id="told-and-taken-back"),
        pytest.param(False, "undo", [], id="taken-back-before-the-notice-left"),
        pytest.param(True, "ledger", ["release"], id="told-and-released-in-the-ledger"),
        pytest.param(False, "ledger", [], id="released-in-the-ledger-before-the-notice-left"),
    ],
)
def test_what_was_taken_back_before_its_notice_left_is_told_with_neither_word(
    end: str, news: list[str], *, told_of_hold: bool
) -> None:
    here = days()
    key = placed(here)
    if told_of_hold:
        told_and(here)
    match end:
        case "release":
            here.did("release", after(2))
        case "undo":
            here.undo(key, after(2))
        case _:
            here.tables["holds"] = [{"placed_on": AS_OF, "released_on": after(2)}]
    made = here.plan(after(2))
    assert notices(made) == news
    assert [task for task, _ in lines(made)] == (["hold_released"] if news else [])
    here.carry_out(made.actions, after(2))
    assert here.plan(after(3)) == Made()


def test_a_hold_on_a_list_is_no_news_before_a_ledger_that_keeps_holds_has_it() -> None:
    here = days()
    here.tables["holds"] = []
    here.did("hold")
    made = here.plan()
    assert (notices(made), lines(made)) == ([], [])
    assert [(thing.what, thing.reason) for thing in made.withheld] == [("notice hold", "not_booked")]
    here.tables["holds"] = [{"placed_on": after(1)}]
    made = here.plan(after(1))
    assert notices(made) == ["hold"]
    here.carry_out(made.actions, after(1))
    # What was told is not waited for, whatever the ledger says later.
    here.tables["holds"] = []
    assert here.plan(after(2)).withheld == ()


@pytest.mark.parametrize("placed_by", ["us", "the ledger"])
def test_a_release_on_a_list_is_no_news_before_a_ledger_that_keeps_holds_has_it(placed_by: str) -> None:
    here = days()
    here.tables["holds"] = [{"placed_on": AS_OF}]
    if placed_by == "us":
        here.did("hold")
        told_and(here)
    here.did("release", after(2))
    made = here.plan(after(2))
    assert (notices(made), lines(made)) == ([], [])
    assert [(thing.what, thing.reason) for thing in made.withheld] == [("notice release", "not_booked")]
    here.tables["holds"] = [{"placed_on": AS_OF, "released_on": after(3)}]
    assert notices(here.plan(after(3))) == ["release"]


def test_a_hold_that_was_taken_back_before_the_ledger_had_it_is_never_told() -> None:
    here = days()
    here.tables["holds"] = []
    here.undo(placed(here), after(1))
    made = here.plan(after(1))
    assert (notices(made), lines(made), made.withheld) == ([], [], ())


def test_a_hold_placed_anew_in_the_ledger_does_not_keep_back_the_release_of_the_old_one() -> None:
    here = days()
    here.tables["holds"] = [{"placed_on": AS_OF, "released_on": after(2)}, {"placed_on": after(3)}]
    here.did("hold")
    told_and(here)
    here.did("release", after(2))
    assert notices(here.plan(after(3))) == ["release"]


def test_a_release_is_told_where_the_hold_stood_longer_than_it_would_have_been_news() -> None:
    here = days()
    here.did("hold")
    here.did("release", after(20))
    assert notices(here.plan(after(20))) == ["release"]


def test_a_release_alone_is_told_where_the_policy_tells_of_releases_alone() -> None:
    here = days("release")
    here.did("hold")
    here.did("release", after(1))
    assert notices(here.plan(after(1))) == ["release"]


def test_a_hold_of_the_ledger_that_is_released_by_us_is_told_as_a_release() -> None:
    here = days()
    here.did("release")
    assert notices(here.plan()) == ["release"]


def test_holds_that_were_decided_invoice_by_invoice_are_one_to_the_customer() -> None:
    here = days()
    for item in ("I1", "I2"):
        here.did("hold", item=item)
    told_and(here)
    assert here.plan() == Made()
    for item in ("I1", "I2"):
        here.did("release", after(1), item=item)
    assert notices(here.plan(after(1))) == ["release"]


def test_a_second_hold_is_told_by_itself() -> None:
    here = days()
    for n in (1, 2):
        here.did("hold", after(n), occurrence=n)
        told_and_n = here.plan(after(n))
        assert notices(told_and_n) == ["hold"]
        here.carry_out(told_and_n.actions, after(n))
        here.did("release", after(n), occurrence=n)
        here.carry_out(here.plan(after(n)).actions, after(n))
    assert here.plan(after(2)) == Made()


def test_two_creditors_of_one_customer_each_tell_of_their_own_hold() -> None:
    here = days("hold")
    for creditor in ("main", "other"):
        here.did("hold", creditor=creditor)
    assert [a.creditor for a in here.plan().actions if a.kind is Kind.NOTICE] == ["main", "other"]


# To whom, and which way.


@pytest.mark.parametrize(
    ("record", "channel", "withheld"),
    [
        pytest.param({}, "email", None, id="e-mail"),
        pytest.param({"no_email": True}, "letter", None, id="refuses-e-mail"),
        pytest.param({"email": None}, "letter", None, id="has-none"),
        pytest.param({"email": None, "address": None}, "", "no_way_to_reach", id="nowhere"),
        pytest.param({"do_not_contact": True}, "", "do_not_contact", id="must-not-be-contacted"),
        pytest.param({"insolvent": True}, "", "insolvent", id="insolvent"),
    ],
)
def test_a_notice_goes_by_e_mail_else_by_letter_and_not_to_everybody(
    record: dict[str, object], channel: str, withheld: str | None
) -> None:
    here = days("hold")
    here.did("hold")
    here.customer(**record)
    made = here.plan()
    assert [a.channel for a in made.actions if a.kind is Kind.NOTICE] == ([channel] if channel else [])
    assert [thing.reason for thing in made.withheld] == ([withheld] if withheld else [])
    # Colleagues hear of it in any case.
    assert lines(made) == [("hold_placed", "sales-a")]


@pytest.mark.parametrize(
    ("outcome", "again"),
    [
        pytest.param(E.ACCEPTED, [], id="it-arrived"),
        pytest.param(E.UNKNOWN, [], id="nobody-knows"),
        pytest.param(E.FAILED, ["letter"], id="refused"),
    ],
)
def test_what_left_by_e_mail_does_not_leave_by_letter_when_the_address_changes(
    outcome: Event, again: list[str]
) -> None:
    here = days("hold")
    here.did("hold")
    here.carry_out([a for a in here.plan().actions if a.kind is Kind.NOTICE], outcome=outcome)
    here.customer(no_email=True)
    made = here.plan(after(1))
    assert [a.channel for a in made.actions if a.kind is Kind.NOTICE] == again
    assert [thing.reason for thing in made.withheld] == (["outcome_unknown"] if outcome is E.UNKNOWN else [])


def test_whoever_stands_in_for_the_salesperson_hears_of_the_hold() -> None:
    here = days()
    here.did("hold")
    here.person("sales-a", away_from=AS_OF, covered_by="sales-b")
    assert lines(here.plan()) == [("hold_placed", "sales-b")]


# Limits.


def limit(here: Days, day: date, after_: int, n: int = 1) -> None:
    details = {"limit_before": "500000", "limit_after": str(after_), "currency": "USD"}
    here.did("limit_proposal", day, stage="raise", amount=after_, currency="USD", details=details, occurrence=n)


def test_a_new_limit_is_told_with_its_amount_and_only_the_last_of_two() -> None:
    here = days("limit_change")
    limit(here, AS_OF, 600_000)
    (notice,) = here.plan().actions
    assert (notice.stage, notice.amount, notice.currency) == ("limit_change", 600_000, "USD")
    limit(here, after(1), 700_000, 2)
    (last,) = here.plan(after(1)).actions
    assert last.amount == 700_000
    here.carry_out([last], after(1))
    assert here.plan(after(1)) == Made()


def test_a_limit_that_the_ledger_has_changed_again_is_not_told() -> None:
    here = days("limit_change")
    limit(here, AS_OF, 600_000)
    here.tables["credit_lines"] = [{"from": after(1), "limit": 100_000}]
    assert here.plan(after(1)) == Made()


# Collectors, salespeople, terms.


@pytest.mark.parametrize(
    ("record", "word", "told_to"),
    [
        pytest.param({"collector": "credit-b"}, "collector_change", ["credit-b", "credit-a"], id="collector"),
        pytest.param({"salesperson": "sales-b"}, "salesperson_change", ["sales-b", "sales-a"], id="salesperson"),
        pytest.param({"payment_terms": 14}, "terms_change", [], id="terms"),
    ],
)
def test_a_change_is_told_once_to_the_customer_and_to_both_colleagues(
    record: dict[str, object], word: str, told_to: list[str]
) -> None:
    here = days()
    assert here.plan() == Made()
    here.did("message", stage="reminder", channel="email")
    assert here.plan() == Made()
    here.customer(**record)
    made = here.plan(after(1))
    assert notices(made) == [word]
    assert lines(made) == list(zip(["take_over", "hand_over"], told_to, strict=False))
    here.carry_out(made.actions, after(1))
    assert here.plan(after(2)) == Made()


def test_whom_nobody_has_written_to_is_not_told_of_a_change() -> None:
    here = days()
    here.did("message", outcome=E.UNKNOWN)
    here.customer(collector="credit-b")
    assert here.plan() == Made()


def test_a_message_that_names_somebody_new_first_does_not_replace_the_notice() -> None:
    here = days("collector_change")
    here.did("message")
    here.customer(collector="credit-b")
    here.did("message", after(1), episode="I2")
    assert notices(here.plan(after(1))) == ["collector_change"]
    assert notices(here.plan(after(16))) == []


def test_from_one_to_the_other_and_back_is_two_changes_each_told_once() -> None:
    here = days("collector_change")
    here.did("message")
    for n, who in enumerate(["credit-b", "credit-a", "credit-b", "credit-a"], 1):
        here.customer(collector=who)
        made = here.plan(after(n))
        assert (notices(made), lines(made)[0]) == (["collector_change"], ("take_over", who))
        here.carry_out(made.actions, after(n))
        assert here.plan(after(n)) == Made()


def test_there_and_back_before_anybody_was_told_is_no_change() -> None:
    here = days("collector_change")
    here.did("message")
    here.customer(collector="credit-b")
    assert notices(here.plan(after(1))) == ["collector_change"]
    here.customer(collector="credit-a")
    assert here.plan(after(2)) == Made()


def test_a_line_to_whoever_takes_over_says_where_the_customer_stands() -> None:
    here = days("collector_change")
    here.did("message")
    here.customer(collector="credit-b")
    here.tables["promises"] = [{"made_on": AS_OF, "due_on": after(5)}]
    (line,) = (action for action in here.plan(after(1)).actions if action.task == "take_over")
    assert line.because[0].said == "take over from credit-a; 100.00 USD open; payment promised by 2026-04-05"


def test_whoever_left_the_book_hands_nothing_over() -> None:
    here = days("collector_change")
    here.did("message")
    here.customer(collector="credit-b")
    here.people = [person for person in here.people if person["person"] != "credit-a"]
    assert lines(here.plan(after(1))) == [("take_over", "credit-b")]


def test_a_book_that_does_not_say_the_terms_is_told_so_with_the_line_that_asks() -> None:
    here = days("terms_change")
    book = here.book()
    made = Made(notes=here.plan().notes)
    assert made.notes == ()
    columns = {**book.columns, "customers": book.columns["customers"] - {"payment_terms"}}
    from duly.plan.contact_changes import contact_changes
    from duly.plan.together import Ground

    ground = Ground(here.policy, replace(book, columns=columns), AS_OF, "try", here.history())
    (note,) = contact_changes(ground).notes
    assert note.endswith("`terms_change` is not seen: `customers` has no column `payment_terms`")
    assert "standard.yaml:" in note


# Laws.

STEPS = st.lists(
    st.sampled_from(["hold", "release", "to-a", "to-b", "message", "plan", "plan-and-apply", "no-email"]), max_size=9
)


@given(steps=STEPS)
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_told_twice_and_a_plan_that_was_carried_out_leaves_nothing(steps: list[str]) -> None:
    here = days()
    keys: list[str] = []
    for n, step in enumerate(steps):
        match step:
            case "hold" | "release":
                here.did(step, after(n), occurrence=n)
            case "to-a" | "to-b":
                here.customer(collector=f"credit-{step[-1]}")
            case "message":
                here.did("message", after(n), episode=f"I{n}")
            case "no-email":
                here.customer(no_email=True)
            case "plan":
                assert here.plan(after(n)) == here.plan(after(n))
            case _:
                made = here.plan(after(n))
                here.carry_out(made.actions, after(n))
                keys += [action.id for action in made.actions]
                assert here.plan(after(n)).actions == ()
    assert len(keys) == len(set(keys))


# Planted faults.


def test_a_hold_told_before_it_is_carried_out_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    from duly.journal import history as journal

    real = journal._Telling._for_certain

    def careless(self: journal._Telling) -> object:
        for deed in self._deeds.values():
            deed.day, deed.unknown = deed.day or "2026-03-31", False
        return real(self)

    monkeypatch.setattr(journal._Telling, "_for_certain", careless)
    with pytest.raises(AssertionError):
        test_a_hold_of_which_nobody_knows_or_that_was_refused_is_not_told(E.FAILED)


@pytest.mark.parametrize(
    ("fault", "caught_by"),
    [
        pytest.param(
            (told, "left_for_good", lambda *_: False),
            lambda: test_what_left_by_e_mail_does_not_leave_by_letter_when_the_address_changes(E.ACCEPTED, []),
            id="what-left-is-forgotten",
        ),
        pytest.param(
            (held, "TOLD_WITHIN_DAYS", 10_000),
            lambda: test_an_old_journal_brings_no_flood(15, []),
            id="everything-is-news",
        ),
    ],
)
def test_a_planted_fault_is_caught(
    fault: tuple[object, str, object], caught_by: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    caught_by()
    where, name, instead = fault
    monkeypatch.setattr(where, name, instead)
    with pytest.raises(AssertionError):
        caught_by()


def test_nobody_is_before_somebody_whom_nobody_named() -> None:
    assert before_that((), "credit-a", AS_OF) is None
