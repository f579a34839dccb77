"""Episodes: when one opens, how it is named, what belongs to it, and when it closes."""

from __future__ import annotations

from datetime import date

import pytest

from duly.language.policy import Clock, DayCount, Ladder, Late, Period, Resets, Since, Stage, UnappliedCredit
from tests.book.facts.building import Row, make_book
from tests.book.facts.seen import DAYS_PAST_DUE, Found, Scene, a_policy, by_name, seen, seen_at_once, stage


def ladder(*stages: Stage, resets: Resets = Resets.NOTHING_LATE) -> tuple[Ladder, ...]:
    return (Ladder(id="standard", stages=stages or (stage("reminder"),), resets=resets),)


NOTHING_LATE = a_policy()
ANCHOR_SETTLED = a_policy(ladders=ladder(resets=Resets.ANCHOR_SETTLED))
GRACE = a_policy(late=Late(grace_days=3))
COURTESY = a_policy(stage("courtesy", -5), stage("reminder"))
BUSINESS = a_policy(stage("courtesy", -2), stage("reminder"), late=Late(day_count=DayCount.BUSINESS))
MONTH = a_policy(stage("courtesy", -1, Clock(Since.DUE_DATE, Period.MONTHS, month_end=False)), stage("reminder"))
OFFSET = a_policy(late=Late(unapplied_credit=UnappliedCredit.OFFSET_OLDEST))
OFFSET_MINIMUM = a_policy(late=Late(unapplied_credit=UnappliedCredit.OFFSET_OLDEST, ignore_invoice_below=1_000))

JANUARY = {"due_date": "2026-01-10"}
"""Late from 11 January."""
FEBRUARY = {"due_date": "2026-02-10"}
"""Late from 11 February."""


def paid(invoice: str, day: str, **more: object) -> Row:
    return {"invoice": invoice, "day": day, **more}


CASES = [
    pytest.param(
        GRACE,
        {"invoices": [JANUARY]},
        {"2026-01-13": (None, None), "2026-01-14": ("I1", "2026-01-14"), "2026-03-31": ("I1", "2026-01-14")},
        id="opens-with-the-first-late-day",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [JANUARY, FEBRUARY], "payments": [paid("I1", "2026-02-10")]},
        {"2026-02-09": ("I1", "2026-01-11"), "2026-02-11": ("I2", "2026-02-11")},
        id="a-day-without-anything-late-closes-it",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [JANUARY, FEBRUARY], "payments": [paid("I1", "2026-02-11")]},
        {"2026-02-11": ("I1", "2026-01-11"), "2026-03-31": ("I1", "2026-01-11")},
        id="no-day-between-and-it-goes-on",
    ),
    pytest.param(
        ANCHOR_SETTLED,
        {"invoices": [JANUARY, FEBRUARY], "payments": [paid("I1", "2026-03-01")]},
        {"2026-02-28": ("I1", "2026-01-11"), "2026-03-01": ("I2", "2026-03-01")},
        id="the-anchor-settled-closes-it",
    ),
    pytest.param(
        ANCHOR_SETTLED,
        {"invoices": [JANUARY, FEBRUARY], "payments": [paid("I1", "2026-02-05")]},
        {"2026-02-11": ("I2", "2026-02-11"), "2026-03-01": ("I2", "2026-02-11")},
        id="the-anchor-settled-before-the-next-was-late",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [JANUARY, FEBRUARY], "payments": [paid("I1", "2026-01-20", bounced_on="2026-03-01")]},
        {"2026-02-28": ("I2", "2026-02-11"), "2026-03-01": ("I1", "2026-01-11")},
        id="a-payment-that-bounces-joins-the-old-one",
    ),
    pytest.param(
        NOTHING_LATE,
        {
            "invoices": [JANUARY],
            "disputes": [{"invoice": "I1", "opened_on": "2026-01-20", "resolved_on": "2026-02-20"}],
        },
        {"2026-02-01": ("I1", "2026-01-11"), "2026-03-01": ("I1", "2026-01-11")},
        id="a-dispute-does-not-settle",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [JANUARY, FEBRUARY], "credits": [paid("I1", "2026-01-20")]},
        {"2026-02-11": ("I2", "2026-02-11")},
        id="a-credit-note-settles",
    ),
    pytest.param(
        a_policy(late=Late(ignore_invoice_below=1_000)),
        {"invoices": [JANUARY, FEBRUARY], "payments": [paid("I1", "2026-01-20", amount=9_001)]},
        {"2026-01-19": ("I1", "2026-01-11"), "2026-02-11": ("I2", "2026-02-11")},
        id="less-than-the-minimum-is-settled",
    ),
    pytest.param(
        a_policy(late=Late(ignore_invoice_below=1_000)),
        {"invoices": [JANUARY, FEBRUARY], "payments": [paid("I1", "2026-01-20", amount=9_000)]},
        {"2026-02-11": ("I1", "2026-01-11")},
        id="as-much-as-the-minimum-is-not",
    ),
    pytest.param(
        OFFSET,
        {"invoices": [JANUARY, FEBRUARY], "payments": [{"day": "2026-01-20"}]},
        {"2026-01-19": ("I1", "2026-01-11"), "2026-02-11": ("I2", "2026-02-11")},
        id="unapplied-money-that-is-offset-settles",
    ),
    pytest.param(
        OFFSET_MINIMUM,
        {"invoices": [JANUARY, FEBRUARY], "payments": [{"day": "2026-01-20", "amount": 9_001}]},
        {"2026-01-19": ("I1", "2026-01-11"), "2026-02-11": ("I2", "2026-02-11")},
        id="unapplied-money-leaves-less-than-the-minimum",
    ),
    pytest.param(
        OFFSET_MINIMUM,
        {"invoices": [JANUARY, FEBRUARY], "payments": [{"day": "2026-01-20", "amount": 9_000}]},
        {"2026-02-11": ("I1", "2026-01-11")},
        id="unapplied-money-leaves-as-much-as-the-minimum",
    ),
    pytest.param(
        ANCHOR_SETTLED,
        {
            "invoices": [{**JANUARY, "invoice": "S", "amount": 1}, {**JANUARY, "invoice": "L", "amount": 2}],
            "payments": [paid("L", "2026-02-05", amount=2)],
        },
        {"2026-02-04": ("L", "2026-01-11"), "2026-02-05": ("S", "2026-02-05")},
        id="the-larger-of-a-day-settled-before-the-smaller",
    ),
    pytest.param(
        ANCHOR_SETTLED,
        {
            "invoices": [{**JANUARY, "invoice": "S", "amount": 1}, {**JANUARY, "invoice": "L", "amount": 2}],
            "payments": [paid("S", "2026-02-05", amount=1)],
        },
        {"2026-02-05": ("L", "2026-01-11")},
        id="the-smaller-of-a-day-settled-before-the-larger",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [JANUARY, FEBRUARY], "payments": [{"day": "2026-01-20"}]},
        {"2026-02-11": ("I1", "2026-01-11")},
        id="unapplied-money-that-is-ignored-does-not",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [{**JANUARY, "written_off_on": "2026-01-20"}, FEBRUARY]},
        {"2026-01-19": ("I1", "2026-01-11"), "2026-02-11": ("I2", "2026-02-11")},
        id="writing-off-takes-it-out",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [{**JANUARY, "invoice": "S", "amount": 1}, {**JANUARY, "invoice": "L", "amount": 2}]},
        {"2026-01-11": ("L", "2026-01-11")},
        id="named-by-the-largest-of-a-day",
    ),
    pytest.param(
        COURTESY,
        {"invoices": [JANUARY]},
        {"2026-01-01": ("I1", "2026-01-05"), "2026-01-10": ("I1", "2026-01-05"), "2026-01-11": ("I1", "2026-01-05")},
        id="opens-with-the-courtesy",
    ),
    pytest.param(
        COURTESY,
        {"invoices": [JANUARY, {"due_date": "2026-01-20"}], "payments": [paid("I1", "2026-01-18")]},
        {"2026-01-17": ("I1", "2026-01-05"), "2026-01-18": ("I2", "2026-01-18"), "2026-01-21": ("I2", "2026-01-18")},
        id="a-courtesy-waits-for-the-end-of-the-one-before",
    ),
    pytest.param(
        BUSINESS,
        {"invoices": [{"due_date": "2026-01-12"}]},
        {"2026-01-09": ("I1", "2026-01-08"), "2026-01-13": ("I1", "2026-01-08")},
        id="a-courtesy-in-business-days",
    ),
    pytest.param(
        MONTH,
        {"invoices": [{"due_date": "2026-03-31"}]},
        {"2026-03-01": ("I1", "2026-02-28")},
        id="a-courtesy-a-month-before",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [{"due_date": "2026-05-01"}]},
        {"2026-03-01": ("I1", None)},
        id="on-its-way-into-the-next",
    ),
    pytest.param(
        NOTHING_LATE,
        {"invoices": [JANUARY], "payments": [paid("I1", "2026-01-20")]},
        {"2026-01-20": (None, None)},
        id="nothing-to-come",
    ),
]


NAMED = by_name(CASES)


@pytest.fixture(scope="module")
def found() -> Found:
    return seen_at_once(
        {
            name: Scene(policy, tables, tuple(map(date.fromisoformat, expected)))
            for name, (policy, tables, expected) in NAMED.items()
        }
    )


@pytest.mark.parametrize("name", NAMED)
def test_an_episode_lasts_from_the_first_late_day_until_the_ladder_resets(name: str, found: Found) -> None:
    *_, expected = NAMED[name]
    assert {
        day.isoformat(): (facts.episode, facts.episode_start and facts.episode_start.isoformat())
        for day, facts in found[name].items()
    } == expected


LATE = {"invoices": [JANUARY]}
UPCOMING = {"invoices": [{"invoice": "N", "due_date": "2026-03-31"}]}

BELONGING = [
    pytest.param(a_policy(), LATE, {"day": "2026-01-11"}, True, id="on-the-first-day"),
    pytest.param(a_policy(), LATE, {"day": "2026-01-10"}, False, id="on-the-day-before"),
    pytest.param(a_policy(), LATE, {"day": "2026-03-30"}, True, id="today"),
    pytest.param(a_policy(), LATE, {"day": "2026-03-31"}, False, id="tomorrow"),
    pytest.param(a_policy(), LATE, {"day": "2025-12-01", "episode": "I1"}, True, id="by-name"),
    pytest.param(a_policy(), LATE, {"day": "2026-02-01", "episode": "J"}, True, id="of-an-episode-that-was-joined"),
    pytest.param(a_policy(), LATE, {"day": "2025-12-01", "episode": "J"}, False, id="of-another-episode"),
    pytest.param(COURTESY, UPCOMING, {"day": "2026-03-26"}, True, id="courtesy-in-its-days"),
    pytest.param(COURTESY, UPCOMING, {"day": "2026-03-25"}, False, id="courtesy-too-early"),
    pytest.param(COURTESY, UPCOMING, {"day": "2026-03-27", "episode": "M"}, False, id="courtesy-of-another-invoice"),
]


TODAY = date(2026, 3, 30)
EXECUTED = by_name(BELONGING)


@pytest.fixture(scope="module")
def after_execution() -> Found:
    scenes = {}
    for name, (policy, tables, executed, _) in EXECUTED.items():
        stages = [{"stage": "reminder", "outcome": "unknown", **executed}]
        scenes[name] = Scene(policy, {**tables, "executed_stages": stages}, (TODAY,))
    return seen_at_once(scenes)


@pytest.mark.parametrize("name", EXECUTED)
def test_an_executed_stage_belongs_to_its_episode(name: str, after_execution: Found) -> None:
    *_, executed, belongs = EXECUTED[name]
    facts = after_execution[name][TODAY].facts
    days = (TODAY - date.fromisoformat(executed["day"])).days
    assert facts["days_since_stage"] == facts["days_since__reminder"] == (days if belongs else None)
    assert (facts["times__reminder"], facts["outcome_unknown"]) == (int(belongs), belongs)
    assert facts["days_since_last_stage"] == (days if days >= 0 else None)


def test_an_execution_of_several_items_on_a_day_is_one() -> None:
    rows = [{"day": "2026-02-01", "item": item} for item in ("I1", "I2")] + [{"day": "2026-02-20"}]
    facts = seen(make_book(invoices=[JANUARY], executed_stages=rows), a_policy(), [TODAY])[TODAY].facts
    assert facts["times__reminder"] == 2


def test_a_stage_that_counts_from_the_one_before_sees_only_this_episode() -> None:
    clock = Clock(Since.PREVIOUS_STAGE, Period.DAYS, month_end=False)
    policy = a_policy(stage("reminder", 1, DAYS_PAST_DUE), stage("demand", 14, clock))
    book = make_book(invoices=[JANUARY], executed_stages=[{"day": "2026-01-01"}])
    assert seen(book, policy, [TODAY])[TODAY].facts[clock.fact] is None
