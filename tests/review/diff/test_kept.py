"""What becomes of promises and of stages that were executed already when a policy changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from duly.book.read import read_book
from duly.book.sample import write_sample
from duly.language.conditions import ALWAYS, All, Compare, Is, Op
from duly.language.load import load_policy
from duly.language.over_time import Assumption, ComesToAnEnd, ContactsAtMost, OverTime, Premise
from duly.language.policy import Guarantee, GuaranteeForm, Policy, Stage
from duly.review.diff.episodes import Standing, rungs, sent_again
from duly.review.diff.kept import Became, kept
from duly.review.diff.touched import touches
from duly.review.prove.proof import Verdict, breaks
from duly.rules import meaning
from tests.review.test_diff import edited

STANDARD = load_policy(Path("policies/standard.yaml"))[0]


def never(days: int, *tones: str, id_: str = "g") -> Guarantee:
    condition = All((Compare("days_past_due", Op.BELOW, days), Is("tone", tones)))
    return Guarantee(id=id_, form=GuaranteeForm.NEVER, condition=condition)


def always(days: int, stage: str) -> Guarantee:
    when = Compare("days_past_due", Op.AT_LEAST, days)
    return Guarantee(id="g", form=GuaranteeForm.ALWAYS, condition=when, then=Is("stage", (stage,)))


def whatever(*facts: str) -> Guarantee:
    return Guarantee(id="g", form=GuaranteeForm.SAME_TREATMENT, facts=facts)


def over_time(promise: OverTime, *assuming: Premise) -> Guarantee:
    rests_on = tuple(Assumption(premise) for premise in assuming)
    return Guarantee(id="g", form=GuaranteeForm.OVER_TIME, over_time=promise, assuming=rests_on)


CAP, END = ContactsAtMost(2, 7), ComesToAnEnd(("referral",), 90)


@pytest.mark.parametrize(
    ("old", "new", "became"),
    [
        pytest.param(never(60, "final"), never(60, "final"), Became.SAME, id="the same"),
        pytest.param(never(60, "final"), never(59, "final"), Became.WEAKER, id="a day less is weaker"),
        pytest.param(never(60, "final"), never(61, "final"), Became.STRONGER, id="a day more is stronger"),
        pytest.param(never(60, "stern", "final"), never(60, "final"), Became.WEAKER, id="a tone less is weaker"),
        pytest.param(never(60, "stern"), never(60, "final"), Became.OTHER, id="another tone rules out other things"),
        pytest.param(
            never(60, "stern", "final"), never(60, "final", "stern"), Became.EQUAL, id="another order is equal"
        ),
        pytest.param(always(20, "demand"), always(21, "demand"), Became.WEAKER, id="always from a later day is weaker"),
        pytest.param(
            always(20, "demand"), always(19, "demand"), Became.STRONGER, id="and from an earlier one stronger"
        ),
        pytest.param(whatever("language", "country"), whatever("language"), Became.WEAKER, id="a fact less is weaker"),
        pytest.param(whatever("language"), whatever("country"), Became.OTHER, id="another fact is another promise"),
        pytest.param(never(60, "final"), None, Became.REMOVED, id="taken away"),
        pytest.param(
            over_time(CAP), over_time(CAP, Premise.PEOPLE), Became.WEAKER, id="one that assumes more is weaker"
        ),
        pytest.param(
            over_time(CAP, Premise.PEOPLE), over_time(CAP), Became.STRONGER, id="one that assumes less is stronger"
        ),
        pytest.param(over_time(CAP), over_time(ContactsAtMost(3, 7)), Became.WEAKER, id="more contacts are weaker"),
        pytest.param(
            over_time(CAP), over_time(ContactsAtMost(3, 9)), Became.UNSETTLED, id="of another window is not settled"
        ),
        pytest.param(
            over_time(END), over_time(replace(END, within_business_days=91)), Became.WEAKER, id="a later end is weaker"
        ),
        pytest.param(
            over_time(END),
            over_time(replace(END, executes=("referral", "x"))),
            Became.WEAKER,
            id="one more end is weaker",
        ),
        pytest.param(over_time(CAP), over_time(END), Became.UNSETTLED, id="two forms are not held against each other"),
    ],
)
def test_a_guarantee_is_held_against_its_old_self(old: Guarantee, new: Guarantee | None, became: Became) -> None:
    one, other = (replace(STANDARD, guarantees=(g,) if g else ()) for g in (old, new))
    (found,) = kept(one, other)
    assert found.became is became
    assert found.is_weaker is (
        found.is_broken or became in {Became.REMOVED, Became.WEAKER, Became.OTHER, Became.UNSETTLED}
    )


def test_a_promise_can_be_broken_without_anybody_touching_it(tmp_path: Path) -> None:
    new = edited(
        tmp_path,
        (
            "    when: {segment: strategic, days_past_due: {below: 60}}\n",
            "    when: {segment: strategic, days_past_due: {below: 55}}\n",
        ),
    )
    first, *rest = kept(STANDARD, new)
    assert (first.id, first.became, first.is_broken) == ("strategic_never_stern_early", Became.SAME, True)
    assert not any(one.is_weaker for one in rest)
    assert first.proof is not None
    assert first.proof.counterexample is not None
    shown = first.proof.counterexample
    assert breaks(first.proof.guarantee, shown.all_facts, meaning.decide(new, shown.all_facts))


def test_what_was_never_kept_is_not_called_broken() -> None:
    policy = replace(STANDARD, guarantees=(never(400, "final"),))
    (found,) = kept(policy, policy)
    assert found.before is Verdict.DISPROVED
    assert not found.is_weaker


# In the middle of an episode.


def ladder_of(*stages: Stage) -> Policy:
    return replace(
        STANDARD,
        ladders=(replace(STANDARD.ladders[0], stages=stages),),
        guarantees=(),
        sales=(),
        holds=(),
        credit_limits=(),
    )


STAGES = STANDARD.ladders[0].stages[:5]
OLD = ladder_of(*STAGES)


def test_an_earlier_day_leaves_everybody_standing() -> None:
    after = STAGES[1].after
    assert after is not None
    new = ladder_of(STAGES[0], replace(STAGES[1], after=replace(after, number=14)), *STAGES[2:])
    assert all(rung.is_as_before for rung in rungs(OLD, new))


def test_another_name_sends_the_same_twice() -> None:
    new = ladder_of(*STAGES[:3], replace(STAGES[3], id="formal_demand"), STAGES[4])
    found = {rung.stage: rung for rung in rungs(OLD, new)}
    demand = found["demand"]
    assert (demand.standing, demand.like) == (Standing.GONE, "formal_demand")
    (again,) = demand.again
    assert again.stage == "formal_demand"
    assert again.witness.old.executed_stage == "demand"
    assert again.witness.new.step == "formal_demand"
    assert found["courtesy"].is_as_before


def test_a_stage_taken_away_sends_nothing_twice() -> None:
    found = {rung.stage: rung for rung in rungs(OLD, ladder_of(*STAGES[:3], STAGES[4]))}
    assert found["demand"].standing is Standing.GONE
    assert not any(rung.again for rung in found.values())


def test_another_order_lets_the_milder_follow() -> None:
    found = {rung.stage: rung for rung in rungs(OLD, ladder_of(*STAGES[:3], STAGES[4], STAGES[3]))}
    assert found["final_notice"].standing is Standing.MOVED
    assert [again.stage for again in found["final_notice"].again] == ["demand"]


def test_a_stage_on_another_ladder_is_said_to_be_there() -> None:
    main, other = OLD.ladders[0], replace(OLD.ladders[0], id="other", stages=STAGES[3:])
    new = replace(OLD, ladders=(replace(main, stages=STAGES[:3]), other))
    found = {rung.stage: rung.standing for rung in rungs(OLD, new)}
    assert found["demand"] is Standing.ELSEWHERE
    assert found["courtesy"] is Standing.STANDS


def test_whom_of_a_book_the_same_would_be_sent_twice_is_listed(tmp_path: Path) -> None:
    write_sample(tmp_path / "book", customers=200, as_of=date(2026, 3, 31))
    book = read_book(tmp_path / "book")
    renamed = replace(STAGES[1], id="second_letter")
    new = ladder_of(STAGES[0], renamed, *STAGES[2:])
    found = touches(OLD, new, book, date(2026, 3, 31))
    again = found.sent_again
    assert again
    for one in again:
        assert one.old is not None
        assert one.new is not None
        assert sent_again(OLD, new, one.old, one.new)
        assert (one.old.executed_stage, one.new.step) == ("reminder", "second_letter")


def test_an_empty_condition_is_ruled_out_nowhere() -> None:
    promise = Guarantee(id="g", form=GuaranteeForm.ALWAYS, condition=ALWAYS, then=ALWAYS)
    policy = replace(STANDARD, guarantees=(promise,))
    assert kept(policy, policy)[0].became is Became.SAME
