"""A ladder walked day by day: facts from the raw rows, a decision, and what was proposed is executed.

Day n is n days past due of the first invoice. What a walk gives is the list of
executed stages with their days.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book import again
from duly.book.book import Book
from duly.book.raw import RawRows, raw_rows
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.rules.decision import NONE, Decision
from duly.rules.meaning import decide
from tests.book.facts.building import make_book

DUE = date(2026, 1, 1)

HEAD = """\
duly: 1
policy: walked
currency: USD
late: {basis: due_date, grace_days: 3, unapplied_credit: offset_oldest}
pauses:
  disputed: {invoice: {dispute: open}}
  promised: {account: {promise: open}, until: promise_due}
  insolvent: {account: {insolvent: true}}
tones: [friendly, firm]
"""

STAGES = """\
  stages:
    courtesy: {after: {days: 4}, tone: friendly, send: {email: courtesy}}
    reminder: {after: {days: 15}, tone: friendly, send: {email: reminder}}
    demand: {after: {days: 45}, when: {past_due: {over: 250}}, tone: firm, send: {email: demand}}
    final: {after: {days: 60}, when: {past_due: {over: 250}}, tone: firm, send: {email: final}}
    referral:
      after: {days: 14, since: previous_stage}
      when: {past_due: {over: 250}, days_past_due: {at_least: 74}}
      action: refer_to_agency
    small_balance: {after: {days: 75}, when: {past_due: {at_most: 250}}, task: {credit_manager: decide_write_off}}
"""


def ladder(climb: str = "one_step", gap: int = 7, resets: str = "nothing_late", stages: str = STAGES) -> str:
    return f"ladder:\n  climb: {climb}\n  min_days_between: {gap}\n  resets: {resets}\n{stages}"


PolicyOf = Callable[[str], Policy]


@pytest.fixture
def policy_of(tmp_path: Path) -> PolicyOf:
    def load(text: str) -> Policy:
        path = tmp_path / "walked.yaml"
        path.write_text(HEAD + text, encoding="utf-8")
        policy, _ = load_policy(path)
        return policy

    return load


def on(day: int) -> date:
    return DUE + timedelta(days=day)


def invoice(amount: int = 100_000, due: int = 0, **more: object) -> dict[str, object]:
    return {"amount": amount, "invoice_date": on(due - 30), "due_date": on(due), **more}


def decision_on(policy: Policy, rows: RawRows, day: int) -> Decision | None:
    """What is decided about the one account on a day."""
    accounts = again.facts_of(rows, policy, on(day))
    return decide(policy, next(iter(accounts.values())).facts) if accounts else None


def walk(policy: Policy, book: Book, days: Iterable[int] = range(-10, 121)) -> list[tuple[int, str]]:
    """The stages executed when a cycle is run on each of the days, each with its day."""
    executed = []
    rows = raw_rows(book, ["C1"])
    for day in days:
        decision = decision_on(policy, rows, day)
        if decision is not None and decision.step != NONE:
            execute(book, decision.step, day)
            rows = raw_rows(book, ["C1"])
            executed.append((day, decision.step))
    return executed


def execute(book: Book, stage: str, day: int, outcome: str = "accepted") -> None:
    book.connection.execute(
        "INSERT INTO executed_stages (customer, creditor, stage, day, outcome, row) VALUES ('C1', 'main', ?, ?, ?, 2)",
        [stage, on(day), outcome],
    )


EVERY_DAY = range(-10, 121)
LARGE = [(4, "courtesy"), (15, "reminder"), (45, "demand"), (60, "final"), (74, "referral")]
SMALL = [(4, "courtesy"), (15, "reminder"), (75, "small_balance")]


@pytest.mark.parametrize(
    ("amount", "days", "expected"),
    [
        pytest.param(100_000, EVERY_DAY, LARGE, id="every-day"),
        pytest.param(25_001, EVERY_DAY, LARGE, id="just-over-250"),
        pytest.param(25_000, EVERY_DAY, SMALL, id="just-250-passes-over-what-asks-for-more"),
        pytest.param(
            100_000,
            range(0, 121, 10),
            [(10, "courtesy"), (20, "reminder"), (50, "demand"), (60, "final"), (80, "referral")],
            id="every-tenth-day",
        ),
        pytest.param(
            100_000,
            range(70, 121),
            [(70, "courtesy"), (77, "reminder"), (84, "demand"), (91, "final"), (105, "referral")],
            id="a-late-first-run-starts-at-the-first-rung-and-keeps-the-gap",
        ),
        pytest.param(
            100_000, [3, 4, 14, 15, 44, 45], [(4, "courtesy"), (15, "reminder"), (45, "demand")], id="not-a-day-early"
        ),
    ],
)
def test_each_rung_acts_once_from_its_day_on(
    policy_of: PolicyOf, amount: int, days: Iterable[int], expected: list[tuple[int, str]]
) -> None:
    assert walk(policy_of(ladder()), make_book(invoices=[invoice(amount)]), days) == expected


@pytest.mark.parametrize(
    ("climb", "expected"),
    [
        pytest.param(
            "one_step",
            [(50, "courtesy"), (57, "reminder"), (64, "demand"), (71, "final"), (85, "referral")],
            id="one-step",
        ),
        pytest.param("highest", [(50, "demand"), (60, "final"), (74, "referral")], id="highest"),
        pytest.param("follows_facts", [(50, "demand"), (60, "final"), (74, "referral")], id="follows-facts"),
    ],
)
def test_a_first_run_on_day_50_starts_where_the_climb_says(
    policy_of: PolicyOf, climb: str, expected: list[tuple[int, str]]
) -> None:
    assert walk(policy_of(ladder(climb)), make_book(invoices=[invoice()]), range(50, 121)) == expected


@pytest.mark.parametrize(
    ("climb", "expected"),
    [
        # Part-paid to 200.00 on day 50: what asks for more than 250.00 falls away.
        pytest.param(
            "one_step", [(4, "courtesy"), (15, "reminder"), (45, "demand"), (75, "small_balance")], id="one-step"
        ),
        pytest.param(
            "highest", [(4, "courtesy"), (15, "reminder"), (45, "demand"), (75, "small_balance")], id="highest"
        ),
        pytest.param(
            "follows_facts",
            [(4, "courtesy"), (15, "reminder"), (45, "demand"), (75, "small_balance")],
            id="follows-facts",
        ),
    ],
)
def test_a_part_payment_lets_the_harsh_rungs_fall_away(
    policy_of: PolicyOf, climb: str, expected: list[tuple[int, str]]
) -> None:
    book = make_book(invoices=[invoice()], payments=[{"invoice": "I1", "amount": 80_000, "day": on(50)}])
    assert walk(policy_of(ladder(climb)), book) == expected


def test_only_follows_facts_steps_down(policy_of: PolicyOf) -> None:
    payments = [{"invoice": "I1", "amount": 80_000, "day": on(50)}]
    stood = {}
    for climb in ("one_step", "highest", "follows_facts"):
        book = make_book(invoices=[invoice()], payments=payments)
        policy = policy_of(ladder(climb))
        walk(policy, book, range(-10, 51))
        decision = decision_on(policy, raw_rows(book, ["C1"]), 55)
        assert decision is not None
        stood[climb] = decision.stage
    assert stood == {"one_step": "reminder", "highest": "demand", "follows_facts": "reminder"}


REPEATED = """\
  stages:
    reminder: {after: {days: 10}, tone: friendly, send: {email: reminder}, repeat: {every_days: 20AT_MOST}}
    demand: {after: {days: 100}, tone: firm, send: {email: demand}}
"""


@pytest.mark.parametrize(
    ("at_most", "expected"),
    [
        pytest.param(", at_most: 1", [(10, "reminder"), (30, "reminder"), (100, "demand")], id="once"),
        pytest.param(
            ", at_most: 2", [(10, "reminder"), (30, "reminder"), (50, "reminder"), (100, "demand")], id="twice"
        ),
        pytest.param("", [*((day, "reminder") for day in range(10, 91, 20)), (100, "demand")], id="without-end"),
    ],
)
def test_a_standing_rung_repeats_until_the_next_one_acts(
    policy_of: PolicyOf, at_most: str, expected: list[tuple[int, str]]
) -> None:
    policy = policy_of(ladder(stages=REPEATED.replace("AT_MOST", at_most)))
    assert walk(policy, make_book(invoices=[invoice()]), range(121)) == expected


def test_payment_resets_the_ladder_and_the_gap_survives_it(policy_of: PolicyOf) -> None:
    book = make_book(
        invoices=[invoice(), invoice(due=12)], payments=[{"invoice": "I1", "amount": 100_000, "day": on(15)}]
    )
    # I1 is paid on the day of its reminder; I2 is late from day 16, when the gap since day 4 is long over.
    assert walk(policy_of(ladder()), book, range(-10, 40)) == [(4, "courtesy"), (16, "courtesy"), (27, "reminder")]


def test_the_gap_keeps_a_new_episode_waiting(policy_of: PolicyOf) -> None:
    book = make_book(
        invoices=[invoice(), invoice(due=2)], payments=[{"invoice": "I1", "amount": 100_000, "day": on(5)}]
    )
    # I2 is late from day 6, the day after the first episode closed; the courtesy of day 4 keeps its seven days.
    assert walk(policy_of(ladder()), book, range(-10, 12)) == [(4, "courtesy"), (11, "courtesy")]


@pytest.mark.parametrize(
    ("resets", "expected"),
    [
        pytest.param("nothing_late", [(4, "courtesy"), (15, "reminder"), (55, "demand")], id="nothing-late"),
        pytest.param(
            "anchor_settled",
            [(4, "courtesy"), (15, "reminder"), (22, "courtesy"), (29, "reminder"), (55, "demand")],
            id="anchor-settled",
        ),
    ],
)
def test_paying_the_anchor_lowers_nothing_unless_the_ladder_resets_with_it(
    policy_of: PolicyOf, resets: str, expected: list[tuple[int, str]]
) -> None:
    book = make_book(
        invoices=[invoice(), invoice(due=10)], payments=[{"invoice": "I1", "amount": 100_000, "day": on(20)}]
    )
    assert walk(policy_of(ladder(resets=resets)), book, range(-10, 60)) == expected


def test_a_bounced_payment_brings_back_the_old_age_and_the_old_episode(policy_of: PolicyOf) -> None:
    payment = {"invoice": "I1", "amount": 100_000, "day": on(20), "bounced_on": on(50)}
    book = make_book(invoices=[invoice()], payments=[payment])
    assert walk(policy_of(ladder()), book) == [
        (4, "courtesy"), (15, "reminder"), (50, "demand"), (60, "final"), (74, "referral"),
    ]  # fmt: skip


def promise(made: int, due: int) -> dict[str, object]:
    return {"amount": 100_000, "made_on": on(made), "due_on": on(due)}


@pytest.mark.parametrize(
    ("due", "expected"),
    [
        pytest.param(44, 45, id="the-day-before-the-rung"),
        pytest.param(45, 46, id="the-promised-day-is-still-paused"),
        pytest.param(52, 53, id="a-week-later"),
    ],
)
def test_a_promise_freezes_the_ladder_through_its_day_and_no_longer(
    policy_of: PolicyOf, due: int, expected: int
) -> None:
    book = make_book(invoices=[invoice()], promises=[promise(30, due)])
    (demanded,) = [day for day, stage in walk(policy_of(ladder()), book) if stage == "demand"]
    assert demanded == expected


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        pytest.param(
            None,
            [(4, "courtesy"), (60, "reminder"), (67, "demand"), (74, "final"), (88, "referral")],
            id="wholly-disputed-freezes",
        ),
        pytest.param(40_000, LARGE, id="the-undisputed-rest-is-still-chased"),
        pytest.param(
            75_000,
            [(4, "courtesy"), (15, "reminder"), (60, "demand"), (67, "final"), (81, "referral")],
            id="the-rest-is-too-small-for-a-demand",
        ),
    ],
)
def test_a_dispute_takes_out_its_part_until_it_is_resolved(
    policy_of: PolicyOf, amount: int | None, expected: list[tuple[int, str]]
) -> None:
    book = make_book(
        invoices=[invoice()],
        disputes=[{"invoice": "I1", "amount": amount, "opened_on": on(10), "resolved_on": on(60)}],
    )
    assert walk(policy_of(ladder()), book) == expected


def test_an_unknown_outcome_blocks_whatever_comes_next(policy_of: PolicyOf) -> None:
    book = make_book(invoices=[invoice()])
    execute(book, "reminder", 15, outcome="unknown")
    assert walk(policy_of(ladder()), book, range(15, 121)) == []


COURTESY_BEFORE = """\
  stages:
    heads_up: {after: {days: -5}, tone: friendly, send: {email: heads_up}}
    reminder: {after: {days: 10}, tone: friendly, send: {email: reminder}}
"""


def test_a_stage_before_the_due_date_acts_on_what_falls_due_next(policy_of: PolicyOf) -> None:
    book = make_book(invoices=[invoice()])
    assert walk(policy_of(ladder(stages=COURTESY_BEFORE)), book, range(-20, 30)) == [(-5, "heads_up"), (10, "reminder")]


def test_a_stage_before_the_due_date_leaves_a_late_account_alone(policy_of: PolicyOf) -> None:
    book = make_book(invoices=[invoice()])
    assert walk(policy_of(ladder(stages=COURTESY_BEFORE)), book, range(4, 30)) == [(10, "reminder")]


def test_stages_that_the_book_brings_are_not_repeated(policy_of: PolicyOf) -> None:
    book = make_book(invoices=[invoice()])
    execute(book, "courtesy", 4)
    execute(book, "reminder", 15)
    assert walk(policy_of(ladder()), book, range(40, 121)) == [(45, "demand"), (60, "final"), (74, "referral")]


@given(
    days=st.lists(st.integers(0, 120), unique=True),
    gap=st.integers(0, 14),
    climb=st.sampled_from(["one_step", "highest", "follows_facts"]),
)
@settings(max_examples=60)
def test_whatever_days_are_missed_a_rung_comes_once_and_never_early(
    tmp_path_factory: pytest.TempPathFactory, days: Sequence[int], gap: int, climb: str
) -> None:
    path = tmp_path_factory.mktemp("walk") / "walked.yaml"
    path.write_text(HEAD + ladder(climb, gap), encoding="utf-8")
    policy, _ = load_policy(path)
    executed = walk(policy, make_book(invoices=[invoice()]), sorted(days))
    stages = [stage for _, stage in executed]
    assert len(stages) == len(set(stages))
    assert all(later - earlier >= gap for (earlier, _), (later, _) in pairwise(executed))
    after = {"courtesy": 4, "reminder": 15, "demand": 45, "final": 60, "referral": 74, "small_balance": 75}
    assert all(day >= after[stage] for day, stage in executed)
    assert stages == sorted(stages, key=list(after).index)
