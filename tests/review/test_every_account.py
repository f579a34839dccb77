"""A small world in which every account can be tried: the prover says of each guarantee what trying all of them says.

The policy is small enough, and the numbers few enough, that the accounts below are one of
each kind that it can tell apart. So what is proved is broken by none of them, and what is
not is broken by one: neither a proof nor a counterexample is ever made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest
import z3
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.language.conditions import ALWAYS, All, Any, Compare, Condition, Facts, Is, Known, Not, Op, Value
from duly.language.invariants import invariants, is_true_of
from duly.language.policy import (
    After,
    ChooseLadder,
    Clock,
    Guarantee,
    GuaranteeForm,
    Hold,
    Ladder,
    Late,
    Period,
    Policy,
    Since,
    Stage,
    Task,
    ToneLimit,
)
from duly.review.cases.customer import Completing
from duly.review.prove.broken import breaks
from duly.review.prove.proof import Verdict, prove
from duly.review.prove.terms import Terms
from duly.rules import meaning
from duly.rules.decision import NONE, Decision
from tests.conftest import NIGHTLY

EXAMPLES = 3_000 if NIGHTLY else 60
PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)

DUE = Clock(Since.DUE_DATE, Period.DAYS, month_end=False)
CALL = (Task(role="collector", task="write_down"),)

POLICY = Policy(
    id="small",
    currency="USD",
    late=Late(grace_days=3),
    tones=("friendly", "firm", "final"),
    ladders=(
        Ladder(
            id="only",
            stages=(
                Stage(id="first", after=After(clock=DUE, number=4), tone="friendly", tasks=CALL),
                Stage(id="second", after=After(clock=DUE, number=10), tone="firm", tasks=CALL),
                Stage(
                    id="third",
                    after=After(clock=DUE, number=30),
                    when=Compare("past_due", Op.OVER, 100_00),
                    tone="final",
                    tasks=CALL,
                ),
            ),
        ),
    ),
    choose_ladder=ChooseLadder(otherwise="only"),
    tone_limits=(
        ToneLimit(
            id="gently",
            at_most="firm",
            when=All((Is("relationship", ("fragile",)), Compare("past_due", Op.AT_MOST, 200_00))),
        ),
    ),
    holds=(
        Hold(
            id="stop",
            place=All((Is("executed_stage", ("third",)), Compare("past_due", Op.AT_LEAST, 100_02))),
            release=Compare("past_due", Op.AT_MOST, 0),
        ),
    ),
)

DAYS = (0, 4, 9, 10, 29, 30)
OWED = (0, 100_00, 100_01, 100_02, 200_00, 200_01)
AGO = (None, 0, 5)


def accounts() -> Iterator[Facts]:
    """One account of each kind that can exist."""
    completing = Completing(POLICY)
    stages = product(AGO, AGO, AGO)
    for days, owed, fragile, unknown, held, ago in product(
        DAYS, OWED, (True, False), (True, False), (True, False), stages
    ):
        given: dict[str, Value] = {
            "days_past_due": days,
            "past_due": owed,
            "relationship": "fragile" if fragile else "strong",
            "outcome_unknown": unknown,
            "holds": frozenset({"stop"} if held else ()),
            **{f"days_since__{stage}": n for stage, n in zip(("first", "second", "third"), ago, strict=True)},
        }
        facts = completing.facts(given)
        if all(is_true_of(one, facts) for one in invariants(POLICY)):
            yield facts


EVERY: list[tuple[Facts, Decision]] = [(facts, meaning.decide(POLICY, facts)) for facts in accounts()]


@st.composite
def a_test(draw: st.DrawFn) -> Condition:
    """A test of a fact that tells apart no more than the accounts do."""
    match draw(st.integers(0, 8)):
        case 0 | 1:
            return Compare(
                "days_past_due", draw(st.sampled_from((Op.AT_LEAST, Op.BELOW))), draw(st.sampled_from((4, 10, 30)))
            )
        case 2:
            return Compare("past_due", draw(st.sampled_from((Op.OVER, Op.AT_MOST))), draw(st.sampled_from(OWED[:-1])))
        case 3:
            return Is("relationship", ("fragile",))
        case 4:
            return Known(f"days_since__{draw(st.sampled_from(('first', 'second', 'third')))}")
        case 5:
            return Compare("days_since_stage", Op.OVER, 0)
        case 6:
            return Is(
                draw(st.sampled_from(("step", "stage"))), (draw(st.sampled_from(("first", "second", "third", NONE))),)
            )
        case 7:
            return Is("tone", (draw(st.sampled_from(("friendly", "firm", "final", NONE))),))
        case _:
            return Is("outcome_unknown", (draw(st.booleans()),))


def larger(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    some = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return some.map(All) | some.map(Any) | parts.map(Not)


CONDITIONS = st.recursive(a_test(), larger, max_leaves=6)


def agree(guarantee: Guarantee) -> Verdict:
    """The verdict, which must be what trying every account says."""
    verdict = prove(POLICY, guarantee).verdict
    broken = any(breaks(guarantee, facts, decision) for facts, decision in EVERY)
    assert (verdict is Verdict.DISPROVED) == broken
    return verdict


def guarantees(condition: Condition, then: Condition) -> tuple[Guarantee, ...]:
    return (
        Guarantee(id="never", form=GuaranteeForm.NEVER, condition=condition),
        Guarantee(id="always", form=GuaranteeForm.ALWAYS, condition=condition, then=then),
    )


def test_a_guarantee_is_proved_exactly_where_no_account_breaks_it() -> None:
    counted: Counter[Verdict] = Counter()

    @settings(max_examples=EXAMPLES, phases=PHASES, deadline=None)
    @given(CONDITIONS, CONDITIONS)
    def tried(condition: Condition, then: Condition) -> None:
        counted.update(agree(guarantee) for guarantee in guarantees(condition, then))

    tried()
    assert min(counted[Verdict.PROVED], counted[Verdict.DISPROVED]) > 10
    assert Verdict.NOT_PROVED not in counted


@pytest.mark.parametrize(
    ("condition", "verdict"),
    [
        pytest.param(
            All((Is("tone", ("final",)), Is("relationship", ("fragile",)))), Verdict.DISPROVED, id="a cent beyond"
        ),
        pytest.param(
            All((Is("tone", ("final",)), Is("relationship", ("fragile",)), Compare("past_due", Op.AT_MOST, 200_00))),
            Verdict.PROVED,
            id="no cent beyond",
        ),
        pytest.param(
            All((Compare("days_past_due", Op.AT_LEAST, 4), Compare("days_past_due", Op.BELOW, 4))),
            Verdict.EMPTY,
            id="nobody",
        ),
    ],
)
def test_the_last_cent_counts(condition: Condition, verdict: Verdict) -> None:
    assert agree(Guarantee(id="never", form=GuaranteeForm.NEVER, condition=condition)) is verdict


def test_what_cannot_occur_is_said_with_the_fact_of_which_nothing_is_left() -> None:
    nobody = All((Compare("days_past_due", Op.AT_LEAST, 4), Compare("days_past_due", Op.BELOW, 4)))
    proof = prove(POLICY, Guarantee(id="never", form=GuaranteeForm.NEVER, condition=nobody))
    assert proof.why == "no account can be as it says: no value of `days_past_due` is left"
    related = All((Is("late", (True,)), Compare("days_past_due", Op.BELOW, 4)))
    proof = prove(POLICY, Guarantee(id="always", form=GuaranteeForm.ALWAYS, condition=related, then=ALWAYS))
    assert (proof.verdict, proof.why) == (Verdict.EMPTY, "no account can be as it says")


def over_includes_its_number(terms: Terms, one: z3.ExprRef, op: Op, other: z3.ExprRef | int) -> z3.BoolRef:
    is_off = op is Op.OVER and isinstance(other, int) and other >= 100
    return COMPARE(terms, one, Op.AT_LEAST if is_off else op, other)


COMPARE = Terms.compare


def test_a_solver_that_is_a_cent_off_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    third_from_there_on = All((Is("step", ("third",)), Compare("past_due", Op.AT_MOST, 100_00)))
    guarantee = Guarantee(id="never", form=GuaranteeForm.NEVER, condition=third_from_there_on)
    assert agree(guarantee) is Verdict.PROVED
    monkeypatch.setattr(Terms, "compare", over_includes_its_number)
    with pytest.raises(AssertionError):
        agree(guarantee)
