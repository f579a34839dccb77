"""A mutant differs from its policy by one small mistake, and every such mistake is made."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.language.conditions import ALWAYS, All, Any, Compare, Condition, Includes, Is, Known, Not, Op, leaves
from duly.language.load import load_policy
from duly.language.policy import Exception_, Policy
from duly.language.reads import account_conditions
from duly.review.diff.changes import changes
from duly.review.mutate.edits import Shows, Sort, of_condition
from duly.review.mutate.mutants import mutants
from duly.rules import meaning
from tests.conftest import NIGHTLY
from tests.rules.strategies import accounts, policies

PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)
POLICIES = 200 if NIGHTLY else 15

STANDARD = load_policy(Path("policies/standard.yaml"))[0]
MADE = mutants(STANDARD)
BY_ID = {mutant.id: mutant for mutant in MADE}

LATE = Compare("days_past_due", Op.AT_LEAST, 10)
SILENT = Compare("days_since_reply", Op.BELOW, 14)


@pytest.mark.parametrize(
    ("condition", "mistakes"),
    [
        pytest.param(ALWAYS, [], id="always has none"),
        pytest.param(
            LATE,
            [
                ALWAYS,
                Compare("days_past_due", Op.AT_LEAST, 9),
                Compare("days_past_due", Op.AT_LEAST, 11),
                Compare("days_past_due", Op.BELOW, 10),
            ],
            id="a number, one less, one more, turned round",
        ),
        pytest.param(
            Is("relationship", ("fragile", "strong")),
            [
                ALWAYS,
                Not(Is("relationship", ("fragile", "strong"))),
                Is("relationship", ("strong",)),
                Is("relationship", ("fragile",)),
            ],
            id="one of several words left out",
        ),
        pytest.param(Is("insolvent", (True,)), [ALWAYS, Is("insolvent", (False,))], id="yes is no"),
        pytest.param(
            Not(Includes("holds", "credit")), [ALWAYS, Includes("holds", "credit")], id="what is excluded is included"
        ),
        pytest.param(Known("credit_limit"), [ALWAYS, Not(Known("credit_limit"))], id="known is not known"),
        pytest.param(
            Any((LATE, All((SILENT, LATE)))),
            [
                ALWAYS,
                Not(Any((LATE, All((SILENT, LATE))))),
                Any((All((SILENT, LATE)),)),
                *(
                    Any((other, All((SILENT, LATE))))
                    for other in (replace(LATE, number=9), replace(LATE, number=11), replace(LATE, op=Op.BELOW))
                ),
                Any((LATE,)),
                Any((LATE, All((LATE,)))),
                *(
                    Any((LATE, All((other, LATE))))
                    for other in (
                        replace(SILENT, number=13),
                        replace(SILENT, number=15),
                        replace(SILENT, op=Op.AT_LEAST),
                    )
                ),
                Any((LATE, All((SILENT,)))),
                *(
                    Any((LATE, All((SILENT, other))))
                    for other in (replace(LATE, number=9), replace(LATE, number=11), replace(LATE, op=Op.BELOW))
                ),
            ],
            id="parts of parts",
        ),
    ],
)
def test_a_condition_is_mistaken_in_every_small_way(condition: Condition, mistakes: list[Condition]) -> None:
    assert [edit.value for edit in of_condition(condition, "USD")] == mistakes


@pytest.mark.parametrize(
    ("id_", "line", "sort", "shows"),
    [
        ("late.grace_days: 3 → 4", "grace_days: 3", Sort.NUMBER, Shows.FACTS),
        ("late.ignore_below.account: 50.00 USD → 49.99 USD", "ignore_below", Sort.NUMBER, Shows.DECISION),
        ("segments.strategic: before new → behind new", "strategic: {when", Sort.ORDER, Shows.DECISION),
        ("segments.new: left out", "new:       {when", Sort.LEFT_OUT, Shows.DECISION),
        ("pauses.disputed: left out", "  disputed:", Sort.LEFT_OUT, Shows.FACTS),
        ("pauses.insolvent.stops.sales: not stopped → stopped", "stops: [", Sort.SETTING, Shows.DECISION),
        ("pauses.promised.stops.sales: not stopped → stopped", "  promised:", Sort.SETTING, Shows.DECISION),
        ("ladder.min_days_between: 7 → 6", "min_days_between: 7", Sort.NUMBER, Shows.DECISION),
        ("ladder.stages.reminder.repeat.every_days: 30 → 31", "every_days: 30", Sort.NUMBER, Shows.DECISION),
        ("ladder.stages.final_notice.send.letter: final_notice → left out", "letter: ", Sort.LEFT_OUT, Shows.FACTS),
        ("ladder.stages.demand.send.letter: demand → left out", "letter: demand", Sort.LEFT_OUT, Shows.DEEDS),
        ("tone_limits.strategic_early.at_most: firm → friendly", "at_most: firm", Sort.TONE, Shows.DECISION),
        ("sales.stand_down.ask: nothing → find_out_why", "ask: nothing", Sort.SETTING, Shows.DECISION),
        ("sales.before_hold.within.business_days: 5 → 4", "within: {business_days: 5}", Sort.NUMBER, Shows.FACTS),
        ("holds.credit.place.needs: before_hold → left out", "needs:", Sort.LEFT_OUT, Shows.DECISION),
        ("credit_limits.cut_slow_payer.propose.lower_pct: 25 → 26", "lower_pct: 25", Sort.NUMBER, Shows.DEEDS),
        ("limits.contacts_per_customer.at_most: 2 → 3", "contacts_per_customer", Sort.NUMBER, Shows.DECISION),
    ],
)  # fmt: skip
def test_a_mutant_says_what_was_mistaken_and_where(id_: str, line: str, sort: Sort, shows: Shows) -> None:
    mutant = BY_ID[id_]
    assert line in Path(mutant.span.file).read_text(encoding="utf-8").splitlines()[mutant.span.line - 1]
    assert (mutant.sort, mutant.shows) == (sort, shows)


def test_mutants_have_ids_of_their_own_and_are_made_alike_every_time() -> None:
    assert len(BY_ID) == len(MADE)
    assert [mutant.id for mutant in mutants(STANDARD)] == list(BY_ID)


def test_every_threshold_is_moved_both_ways() -> None:
    numbers = [leaf for r in account_conditions(STANDARD) for leaf in leaves(r.condition) if isinstance(leaf, Compare)]
    moved = Counter(mutant.span for mutant in MADE if mutant.sort is Sort.NUMBER)
    assert numbers
    for leaf in numbers:
        at = [span for span in moved if (span.file, span.line) == (leaf.span.file, leaf.span.line)]
        assert at, leaf
        assert all(
            moved[span] >= 2 for span in at if leaf.span.column <= span.column < leaf.span.column + leaf.span.length
        )


def test_every_rule_is_left_out_once() -> None:
    left_out = {mutant.path for mutant in MADE if mutant.id == f"{mutant.path}: left out"}
    rules = (
        *STANDARD.segments[:-1], *STANDARD.account_pauses, *STANDARD.invoice_pauses, *STANDARD.stages(),
        *STANDARD.tone_limits, *STANDARD.sales, *STANDARD.holds, *STANDARD.credit_limits, *STANDARD.worklist,
    )  # fmt: skip
    assert {rule.path.strip("/").replace("/", ".") for rule in rules} <= left_out


def test_an_exception_is_mistaken_by_a_day_and_in_what_it_allows() -> None:
    one = Exception_(
        account="A-1",
        until=date(2026, 3, 31),
        agreed_with="sales",
        pause=True,
        tone_at_most="firm",
        path="/exceptions/A-1",
    )
    made = [mutant for mutant in mutants(replace(STANDARD, exceptions=(one,))) if mutant.path.startswith("exceptions")]
    assert [mutant.id for mutant in made] == [
        "exceptions.A-1: left out",
        "exceptions.A-1.until: 2026-03-31 → 2026-03-30",
        "exceptions.A-1.until: 2026-03-31 → 2026-04-01",
        "exceptions.A-1.pause: left out",
        "exceptions.A-1.tone_at_most: firm → left out",
    ]
    assert {mutant.shows for mutant in made} == {Shows.FACTS}


def facts_of(policy: Policy) -> tuple[object, ...]:
    """What the facts of an account are derived by."""
    cap = policy.limits.contacts_per_customer
    return (
        replace(policy.late, ignore_account_below=0),
        policy.invoice_pauses,
        policy.calendar,
        (policy.unit, policy.resets),
        policy.exceptions,
        {stage.id for stage in policy.stages() if stage.contacts},
        [rule.within_business_days for rule in policy.sales],
        cap.in_days if cap else "counted for nothing",
    )


def test_a_mistake_that_shows_in_decisions_leaves_the_facts_alone() -> None:
    settled = [mutant for mutant in MADE if mutant.shows is not Shows.FACTS]
    assert settled
    for mutant in settled:
        if not (mutant.sort is Sort.LEFT_OUT and mutant.path.startswith(("sales.", "limits."))):
            assert facts_of(mutant.policy) == facts_of(STANDARD), mutant.id


def test_every_mutant_of_every_policy_differs_and_decides() -> None:
    @settings(max_examples=POLICIES, phases=PHASES)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def hold(policy: Policy, seed: int) -> None:
        facts = accounts(policy, 2, seed)
        made = mutants(policy)
        assert len({mutant.id for mutant in made}) == len(made)
        for mutant in made:
            assert changes(policy, mutant.policy), mutant.id
            if mutant.shows is Shows.DECISION:
                for one in facts:
                    meaning.decide(mutant.policy, one)

    hold()
