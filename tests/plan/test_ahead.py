"""The next day on which something withheld could happen is the first one found by deciding every day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book.book import Book
from duly.book.facts import build_facts
from duly.book.known import as_known_on
from duly.book.read import read_book
from duly.book.sample import write_sample
from duly.language.conditions import ALWAYS, NEVER, All, Any, Compare, Condition, Includes, Is, Known, Not, Op
from duly.language.load import load_policy
from duly.language.policy import (
    AccountPause,
    After,
    Calendar,
    ChooseLadder,
    Climb,
    Clock,
    ContactHours,
    DayCount,
    Exception_,
    Hold,
    InvoicePause,
    Ladder,
    Late,
    Needs,
    Period,
    Policy,
    Repeat,
    SalesRule,
    Segment,
    Since,
    Stage,
    ToneLimit,
)
from duly.plan.ahead import STAGE, Key, next_days
from duly.plan.explanation import HORIZON_DAYS, explain_customer
from duly.plan.make import make_plan
from duly.rules.columnar import decide
from tests.book.facts.books import AS_OF, Tables, families, policies, together
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import DAYS_PAST_DUE, a_policy, stage
from tests.conftest import NIGHTLY
from tests.language.policies import STANDARD

EXAMPLES = 400 if NIGHTLY else 10
FAMILIES = 20
LADDERS = tuple(f"ladder{n}" for n in range(12))

ON_IT = ChooseLadder(otherwise="standard")
REMINDED = a_policy(
    stage("reminder", 10),
    stage("demand", 30),
    late=Late(grace_days=3, ignore_account_below=20_000),
    choose_ladder=ON_IT,
)
KEY = ("main", "C1", "")


def ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def owed(days_past_due: int, amount: int = 100_000, **more: object) -> Row:
    return {"amount": amount, "invoice_date": ago(60), "due_date": ago(days_past_due), **more}


def ahead_of(policy: Policy, tables: Mapping[str, Sequence[Row]], hold: str = STAGE) -> int | None:
    """In how many days the stage or hold of the one account could happen."""
    book = make_book(**tables)
    build_facts(book, policy, AS_OF)
    decide(book.connection, policy)
    found = next_days(book, policy, AS_OF)
    return (found[KEY, hold] - AS_OF).days if (KEY, hold) in found else None


@pytest.mark.parametrize(
    ("tables", "days"),
    [
        pytest.param({"invoices": [owed(4)]}, 6, id="on-the-day-of-the-stage"),
        pytest.param({"invoices": [owed(9)]}, 1, id="tomorrow"),
        pytest.param({"invoices": [owed(4)], "executed_stages": [{"day": ago(0)}]}, 26, id="done-so-the-next-stage"),
        pytest.param({"invoices": [owed(40)], "executed_stages": [{"day": ago(4)}]}, 3, id="when-the-gap-is-over"),
        pytest.param(
            {"invoices": [owed(40)], "promises": [{"made_on": ago(9), "due_on": ago(-5)}]},
            6,
            id="the-day-after-a-promise",
        ),
        pytest.param(
            {"invoices": [owed(20, 10_000), owed(-5, 10_000)]}, 9, id="when-a-younger-invoice-makes-it-large-enough"
        ),
        pytest.param({"invoices": [owed(20, 10_000), owed(-5, 9_999)]}, None, id="never-large-enough"),
        pytest.param({"invoices": [owed(20)], "customers": [{"customer": "C1", "insolvent": True}]}, None, id="never"),
    ],
)
def test_a_stage_could_happen_on_the_day_on_which_nothing_keeps_it_back(
    tables: dict[str, Sequence[Row]], days: int | None
) -> None:
    pauses = (
        AccountPause(id="promised", when=Is("promise", ("open",))),
        AccountPause(id="insolvent", when=Is("insolvent", (True,))),
    )
    ladder = replace(REMINDED.ladders[0], min_days_between=7)
    assert ahead_of(replace(REMINDED, account_pauses=pauses, ladders=(ladder,)), tables) == days


@pytest.mark.parametrize(
    "tables",
    [
        pytest.param({"payments": [{"invoice": "I1", "day": ago(-1), "amount": 100_000}]}, id="a-payment"),
        pytest.param({"invoices": [owed(4), owed(30, invoice_date=ago(-1))]}, id="an-invoice"),
        pytest.param({"invoices": [owed(4, settled_on=ago(-1))]}, id="a-settlement"),
        pytest.param({"disputes": [{"invoice": "I1", "opened_on": ago(-1)}]}, id="a-dispute"),
        pytest.param({"executed_stages": [{"day": ago(-1)}]}, id="a-stage"),
        pytest.param({"promises": [{"made_on": ago(-1), "due_on": ago(-90)}]}, id="a-promise"),
    ],
)
def test_what_the_book_learned_later_makes_no_difference(tables: dict[str, Sequence[Row]]) -> None:
    policy = replace(
        REMINDED,
        account_pauses=(AccountPause(id="promised", when=Is("promise", ("open",))),),
        invoice_pauses=(InvoicePause(id="disputed", when=Is("dispute", ("open",))),),
    )
    assert ahead_of(policy, {"invoices": [owed(4)], **tables}) == 6


@pytest.mark.parametrize(
    ("contacts", "days"),
    [
        pytest.param((0, 1), 6, id="the-older-of-two-leaves-the-window"),
        pytest.param((6, 1), 1, id="tomorrow-it-leaves"),
        pytest.param((6, 3, 3, 1), 4, id="two-on-one-day-count-once"),
    ],
)
def test_a_contact_could_happen_when_the_cap_leaves_room(contacts: tuple[int, ...], days: int) -> None:
    made = [{"day": ago(n)} for n in contacts]
    late = [owed(9)] if 0 in contacts else [owed(12)]
    assert ahead_of(REMINDED, {"invoices": late, "contacts_made": made}) == days


@pytest.mark.parametrize(
    ("request_", "days"),
    [
        pytest.param({"asked_on": ago(3), "due_on": ago(-2)}, 3, id="the-day-after-the-deadline"),
        pytest.param(
            {"asked_on": ago(3), "due_on": ago(-2), "answered_on": ago(-1)}, 3, id="the-answer-is-not-known-yet"
        ),
        pytest.param({"asked_on": ago(0), "due_on": ago(1)}, 1, id="asked-today-counts-from-tomorrow"),
        pytest.param(None, None, id="nobody-asks-by-itself"),
    ],
)
def test_a_hold_could_be_placed_when_its_request_has_run_out(request_: Row | None, days: int | None) -> None:
    place = Compare("days_past_due", Op.AT_LEAST, 20)
    hold = Hold(id="credit", place=place, release=NEVER, needs=Needs(request="find_out"))
    policy = replace(REMINDED, holds=(hold,))
    assert ahead_of(policy, {"invoices": [owed(20)], "requests": [request_] if request_ else []}, "credit") == days


@pytest.mark.parametrize(
    ("until", "days"),
    [pytest.param(AS_OF, 1, id="its-last-day"), pytest.param(ago(-1), 2, id="the-day-before-its-last-day")],
)
def test_a_stage_could_happen_the_day_after_an_exception(until: date, days: int) -> None:
    exception = Exception_(account="C1", until=until, agreed_with="sales", pause=True)
    assert ahead_of(replace(REMINDED, exceptions=(exception,)), {"invoices": [owed(20)]}) == days


@pytest.mark.parametrize(
    ("after", "late", "days"),
    [
        pytest.param(
            After(clock=Clock(Since.DUE_DATE, Period.MONTHS, month_end=False), number=1), Late(), 26, id="months"
        ),
        pytest.param(
            After(clock=Clock(Since.DUE_DATE, Period.MONTHS, month_end=True), number=1), Late(), 30, id="month-end"
        ),
        pytest.param(
            After(clock=Clock(Since.DUE_DATE, Period.DAYS, month_end=True), number=10),
            Late(),
            30,
            id="days-to-a-month-end",
        ),
        pytest.param(After(clock=DAYS_PAST_DUE, number=10), Late(day_count=DayCount.BUSINESS), 9, id="business-days"),
    ],
)
def test_days_are_counted_on_as_the_stage_counts_them(after: After, late: Late, days: int) -> None:
    policy = a_policy(Stage(id="reminder", after=after), late=late, choose_ladder=ON_IT)
    # The 26th of March 2026 is a Thursday, so that three business days have passed by the 31st.
    assert ahead_of(policy, {"invoices": [owed(5)]}) == days


def test_days_past_due_do_not_count_before_an_invoice_is_late() -> None:
    early = AccountPause(id="early", when=Compare("days_past_due", Op.BELOW, 5))
    policy = replace(REMINDED, account_pauses=(early,), holds=(Hold(id="credit", place=ALWAYS, release=NEVER),))
    assert ahead_of(policy, {"invoices": [owed(-100)]}, "credit") == 105


def money_of(day_: date, amount: int = 100_000) -> Row:
    return {"invoice": "I2", "day": day_, "amount": amount}


BOTH = [owed(9), owed(-3)]
SETTLED = [owed(9), {"amount": 100_000, "invoice_date": ago(400), "due_date": ago(380)}]


@pytest.mark.parametrize(
    ("condition", "tables", "days"),
    [
        pytest.param(Compare("late_count", Op.AT_LEAST, 2), {"invoices": BOTH}, 4, id="another-is-late"),
        pytest.param(
            Compare("past_due__own", Op.OVER, 150_000), {"invoices": BOTH}, 4, id="more-is-late-in-own-currency"
        ),
        pytest.param(
            Compare("largest_late", Op.OVER, 150_000),
            {"invoices": [owed(9), owed(-3, 200_000)]},
            4,
            id="a-larger-is-late",
        ),
        pytest.param(Compare("not_due", Op.AT_MOST, 0), {"invoices": BOTH}, 3, id="it-falls-due"),
        pytest.param(Compare("aged_31_60", Op.OVER, 0), {"invoices": BOTH}, 22, id="it-ages"),
        pytest.param(Compare("days_to_due", Op.BELOW, 2), {"invoices": BOTH}, 2, id="the-day-before-it-falls-due"),
        pytest.param(Not(Known("days_to_due")), {"invoices": BOTH}, 4, id="nothing-falls-due-any-more"),
        pytest.param(Is("days_past_due", (30,)), {}, 21, id="one-day-of-all"),
        pytest.param(
            Compare("days_since_reply", Op.OVER, 9),
            {"contacts_made": [{"day": ago(3), "direction": "in"}]},
            7,
            id="silence",
        ),
        pytest.param(
            Compare("months_as_customer", Op.AT_LEAST, 14),
            {"customers": [{"customer": "C1", "since": date(2025, 2, 28)}]},
            28,
            id="months-since-the-first-day",
        ),
        pytest.param(
            Compare("months_as_customer", Op.AT_LEAST, 2),
            {"invoices": [owed(9, invoice_date=date(2026, 2, 15))]},
            15,
            id="months-since-the-first-invoice",
        ),
        pytest.param(
            Compare("average_days_late", Op.AT_MOST, 10),
            {"invoices": [*SETTLED, owed(9)], "payments": [money_of(ago(360)), {**money_of(ago(5)), "invoice": "I3"}]},
            5,
            id="a-lower-average-a-year-later",
        ),
        pytest.param(
            Not(Known("average_days_late")),
            {"invoices": SETTLED, "payments": [money_of(ago(360))]},
            5,
            id="a-year-after-it-was-paid",
        ),
        pytest.param(
            Compare("annual_sales", Op.AT_MOST, 0), {"sales": [{"day": ago(360)}]}, 5, id="a-year-after-a-sale"
        ),
        pytest.param(
            Compare("broken_promises", Op.AT_LEAST, 1),
            {"promises": [{"made_on": ago(3), "due_on": ago(-2)}]},
            3,
            id="a-promise-is-broken",
        ),
        pytest.param(
            Compare("broken_promises_12_months", Op.AT_MOST, 0),
            {"promises": [{"made_on": ago(364), "due_on": ago(362)}]},
            3,
            id="a-year-after-a-broken-promise",
        ),
        pytest.param(
            Compare("kept_promises_12_months", Op.AT_LEAST, 1),
            {
                "promises": [{"made_on": ago(3), "due_on": ago(-2), "amount": 1}],
                "payments": [{"day": ago(1), "amount": 1}],
            },
            2,
            id="the-day-of-a-kept-promise",
        ),
        pytest.param(Includes("tasks_given", "insolvent"), {"tasks_given": [{"day": ago(0)}]}, 1, id="a-task-of-today"),
        pytest.param(
            Includes("sales_asked", "find_out"),
            {"requests": [{"asked_on": ago(0), "due_on": ago(-2)}]},
            1,
            id="asked-today",
        ),
        pytest.param(
            Not(Includes("requests_open", "find_out")),
            {"requests": [{"asked_on": ago(1), "due_on": ago(-2)}]},
            3,
            id="a-deadline-is-over",
        ),
        pytest.param(Is("contacted_today", (False,)), {"contacts_made": [{"day": ago(0)}]}, 1, id="contacted-today"),
        pytest.param(
            Compare("contacts_in_window", Op.BELOW, 1), {"contacts_made": [{"day": ago(2)}]}, 5, id="out-of-the-window"
        ),
        pytest.param(
            Compare("contacts_in_window", Op.AT_LEAST, 1), {"contacts_made": [{"day": ago(0)}]}, 1, id="into-the-window"
        ),
        pytest.param(Is("contact_day", (False,)), {}, 4, id="a-saturday"),
    ],
)
def test_a_condition_is_asked_again_on_the_day_on_which_its_answer_changes(
    condition: Condition, tables: dict[str, Sequence[Row]], days: int | None
) -> None:
    policy = a_policy(
        Stage(id="filing", when=condition),
        choose_ladder=ON_IT,
        calendar=Calendar(contact=ContactHours(days=frozenset(range(5)))),
        account_pauses=(AccountPause(id="insolvent", when=Is("insolvent", (True,))),),
    )
    assert ahead_of(policy, {"invoices": [owed(9)], **tables}) == days


def test_everything_withheld_is_explained_with_the_day_that_the_plan_gives(tmp_path: Path) -> None:
    write_sample(tmp_path / "book", as_of=AS_OF)
    book = read_book(tmp_path / "book")
    policy, _ = load_policy(STANDARD)
    planned = [
        ((w.creditor, w.customer, w.item), {"stages": "a stage"}.get(w.what, w.what), w.next_possible)
        for w in make_plan(policy, book, AS_OF, engine="meaning").withheld
        if w.reason != "no_way_to_reach"
    ]
    explained = {
        ((e.account.creditor, customer, e.account.item), missing.what): missing.next_day
        for customer in sorted({customer for (_, customer, _), _, _ in planned})
        for e in explain_customer(policy, book, customer, AS_OF)[1]
        for missing in e.missing
    }
    assert len(planned) > 20
    assert [(key, what, explained[key, what]) for key, what, _ in planned] == planned


def test_a_plan_that_does_not_look_ahead_is_the_same_but_for_those_days(tmp_path: Path) -> None:
    write_sample(tmp_path / "book", as_of=AS_OF)
    book = read_book(tmp_path / "book")
    policy, _ = load_policy(STANDARD)
    plan = make_plan(policy, book, AS_OF, engine="meaning")
    today = make_plan(policy, book, AS_OF, engine="meaning", looks_ahead=False)
    assert any(thing.next_possible for thing in plan.withheld)
    assert today == replace(plan, withheld=tuple(replace(thing, next_possible=None) for thing in plan.withheld))


# The law.

NUMBERS = {
    **dict.fromkeys(("past_due", "past_due_with_disputed", "largest_late", "past_due__own"), (50, 100, 150, 250)),
    **dict.fromkeys(("not_due", "aged_0_30", "aged_31_60", "aged_61_90", "aged_over_120"), (1, 100)),
    **dict.fromkeys(("annual_sales", "unapplied_credit", "credit_used_pct"), (1, 50, 100)),
    **dict.fromkeys(("late_count", "late_count_with_disputed", "open_count"), (1, 2, 3)),
    **dict.fromkeys(
        ("promises_open", "broken_promises", "broken_promises_12_months", "kept_promises_12_months"), (1, 2)
    ),
    **dict.fromkeys(
        ("days_past_due", "days_since_contact", "days_since_reply", "days_since_answer", "days_since_last_stage"),
        (5, 16, 40, 90),
    ),
    **dict.fromkeys(("days_to_due", "days_since_stage", "average_days_late"), (0, 2, 14, 30)),
    "months_as_customer": (1, 2, 13, 14),
    "contacts_in_window": (1, 2),
}
"""Facts that time alone changes, or that it leaves alone, each with numbers that a small book comes near."""

TRUTHS: tuple[Condition, ...] = (
    Is("late", (True,)),
    Is("promise", ("open",)),
    Is("contacted_today", (True,)),
    Is("days_past_due", (12, 30)),
    Known("days_to_due"),
    Known("average_days_late"),
    Includes("sales_asked", "find_out"),
    Includes("requests_open", "hold_news"),
    Includes("requests_answered", "find_out"),
    Includes("requests_told", "find_out"),
    Includes("tasks_given", "insolvent"),
    Is("answer_reason", ("forgot",)),
    Is("financial_difficulty", (True,)),
    Is("relationship", ("fragile",)),
)


@st.composite
def leaf_conditions(draw: st.DrawFn) -> Condition:
    name = draw(st.sampled_from((*sorted(NUMBERS), *TRUTHS)))
    if not isinstance(name, str):
        return name
    return Compare(name, draw(st.sampled_from(Op)), draw(st.sampled_from(NUMBERS[name])))


@st.composite
def conditions(draw: st.DrawFn, *more: Condition) -> Condition:
    some = draw(st.lists(st.one_of(leaf_conditions(), *map(st.just, more)), min_size=1, max_size=2))
    parts = tuple(Not(part) if draw(st.booleans()) else part for part in some)
    joined: tuple[Condition, Condition] = (All(parts), Any(parts))
    return draw(st.sampled_from(joined))


@st.composite
def rungs(draw: st.DrawFn, stage_: Stage) -> Stage:
    """The stage with a number of its own, a condition or a repeat."""
    after = stage_.after
    if after is not None and not after.before_due:
        numbers = (1, 2, 3, 4) if after.clock.period is Period.MONTHS else (5, 10, 17, 30, 45, 60, 90, 130)
        after = replace(after, number=draw(st.sampled_from(numbers)))
    repeat = Repeat(every_days=draw(st.sampled_from((7, 30))), at_most=draw(st.sampled_from((None, 1))))
    when = draw(st.one_of(st.just(ALWAYS), conditions()))
    return replace(stage_, after=after, when=when, repeat=repeat if draw(st.booleans()) else None)


@st.composite
def only_stages(draw: st.DrawFn, id_: str) -> Stage:
    """A stage that acts as soon as its condition holds."""
    return Stage(id=id_, when=draw(conditions()))


def on_ladders(tables: Tables) -> Tables:
    """The book, each customer with a ladder in its own record."""
    customers = [{**row, "ladder": LADDERS[n % len(LADDERS)]} for n, row in enumerate(tables["customers"])]
    return {**tables, "customers": customers}


@st.composite
def asking_policies(draw: st.DrawFn) -> Policy:
    """Policies that count days in every way and ask for what changes with them.

    In half of them there are many ladders of one stage each, so that all hangs on the condition of that stage.
    """
    policy = draw(policies())
    standard = replace(
        policy.ladders[0], climb=draw(st.sampled_from(Climb)), min_days_between=draw(st.sampled_from((0, 0, 7, 20)))
    )
    choose = ON_IT
    ladders: tuple[Ladder, ...] = (replace(standard, stages=tuple(draw(rungs(stage_)) for stage_ in standard.stages)),)
    if draw(st.booleans()):
        choose = ChooseLadder(by="customer_ladder", of={id_: id_ for id_ in LADDERS}, otherwise=LADDERS[0])
        ladders = tuple(replace(standard, id=id_, stages=(draw(only_stages(id_)),)) for id_ in LADDERS)
    seldom = (Is("promise", ("open",)), draw(conditions()))
    paused = draw(st.sampled_from((All(seldom), seldom[1])))
    asked = (Includes("asked_today", "find_out"), Is("contact_day", (True,)), Is("put_off", (True,)))
    stepped = (Is("step", ("demand",)), Is("tone", ("soft",)), Is("stage", ("reminder",)))
    placing = st.one_of(st.just(ALWAYS), st.just(ALWAYS), conditions(), conditions(*asked, *stepped))
    when = st.one_of(st.just(ALWAYS), conditions())
    return replace(
        policy,
        late=replace(policy.late, ignore_account_below=draw(st.sampled_from((0, 0, 100)))),
        segments=(Segment(id="asked", when=draw(when)), Segment(id="others")),
        account_pauses=(*policy.account_pauses, AccountPause(id="asked", when=paused)),
        ladders=ladders,
        choose_ladder=choose,
        tone_limits=(ToneLimit(id="low", at_most="soft", when=draw(when)),),
        sales=(SalesRule(id="find_out", ask="a", when=draw(when)), SalesRule(id="hold_news", ask="b")),
        holds=(
            Hold(id="credit", place=draw(placing), release=NEVER, needs=Needs(request="hold_news")),
            Hold(id="goods", place=draw(placing), release=NEVER),
        ),
    )


@settings(max_examples=EXAMPLES)
@given(books=st.lists(families(), min_size=FAMILIES, max_size=FAMILIES), policy=asking_policies())
def test_no_day_that_is_left_out_would_have_been_earlier(books: list[Tables], policy: Policy) -> None:
    book = make_book(**on_ladders(together(books)))
    build_facts(book, policy, AS_OF)
    decide(book.connection, policy)
    assert next_days(book, policy, AS_OF) == by_deciding_every_day(book, policy, AS_OF)


def by_deciding_every_day(book: Book, policy: Policy, as_of: date) -> dict[tuple[Key, str], date]:
    """The same answer, from facts derived and decided on every day up to the horizon."""
    run = book.connection.execute
    waiting = "wait NOT IN ('not_late', 'no_ladder') OR hold_waits <> ''"
    last = as_of + timedelta(days=HORIZON_DAYS)
    run(
        "CREATE OR REPLACE TABLE every_day AS SELECT creditor, customer, item, "
        f"CAST(unnest(generate_series(?, ?, INTERVAL 1 DAY)) AS DATE) AS as_of FROM decisions WHERE {waiting}",
        [as_of + timedelta(days=1), last],
    )
    with as_known_on(book, as_of):
        build_facts(book, policy, "every_day", prefix="every_")
    decide(book.connection, policy, facts="every_account_facts", into="every_decisions")
    found: dict[tuple[Key, str], date] = {}
    rows = run(
        "SELECT t.creditor, t.customer, t.item, t.wait, t.hold_waits, d.as_of, d.step, d.place FROM decisions AS t "
        "JOIN every_decisions AS d ON d.creditor = t.creditor AND d.customer = t.customer AND d.item = t.item "
        "ORDER BY d.as_of"
    ).fetchall()
    for creditor, customer, item, wait, hold_waits, day, step, place in rows:
        key = (creditor, customer, item)
        if wait not in {None, "not_late", "no_ladder"} and step != "none":
            found.setdefault((key, ""), day)
        for hold in set(hold_waits.split(",")) & set(place.split(",")) - {""}:
            found.setdefault((key, hold), day)
    return found
