"""What nobody promised otherwise: who gets less for being later, gaps in a ladder, rules that undo each other.

Each is found where it was put, and not found where trying accounts out finds none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest
import z3
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.language.conditions import Compare, Condition, Facts, Op, Value, facts_read, holds
from duly.language.invariants import invariants, is_true_of
from duly.language.load import load_policy
from duly.language.policy import Ladder, Period, Policy, Since
from duly.language.reads import clocks
from duly.review.prove import conflicts as conflicts_module
from duly.review.prove import gaps as gaps_module
from duly.review.prove.finding import Sort
from duly.review.prove.findings import findings
from duly.review.prove.gaps import highest, some_day
from duly.review.prove.softer import _Pair, what_is_less
from duly.review.prove.subject import Subject
from duly.rules import layers, meaning
from duly.rules.trace import decided
from tests.conftest import NIGHTLY
from tests.review.large import write_large_policy
from tests.review.test_proof import possible
from tests.rules.strategies import policies

PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)
POLICIES = 500 if NIGHTLY else 20

STANDARD = load_policy(Path("policies/standard.yaml"))[0]
TEXT = Path("policies/standard.yaml").read_text(encoding="utf-8")
SHIPPED = sorted(path for path in Path("policies").glob("*.yaml") if ".cases" not in path.suffixes)


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Policy:
    """The standard policy with some of its words replaced."""
    text = TEXT
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    file = tmp_path / "changed.yaml"
    file.write_text(text, encoding="utf-8")
    policy, problems = load_policy(file)
    assert problems == ()
    return policy


SECOND = "      after: {days: 30}\n      tone: firm\n"
DEMAND = "      after: {days: 45}\n      when: {past_due: {over: 250}}"
SMALL = "      when: {past_due: {at_most: 250}}"
RELEASE = "when: {past_due_with_disputed: {at_most: 0}}"


class Case(NamedTuple):
    """A change of the standard policy, and what is found in it and where."""

    id: str
    changes: tuple[tuple[str, str], ...]
    sort: Sort
    message: str
    place: str


FOUND = [
    Case(
        "a tone limit that comes late",
        (("    when: {relationship: fragile}", "    when: {relationship: fragile, days_past_due: {over: 50}}"),),
        Sort.SOFTER_LATER,
        "tone `stern` on day 45 and no more than `friendly` on day 51, by the tone limit `fragile_relationship`",
        "fragile_relationship:",
    ),
    Case(
        "a stage that is for the early ones alone",
        ((DEMAND, "      after: {days: 45}\n      when: {past_due: {over: 250}, days_past_due: {below: 60}}"),),
        Sort.SOFTER_LATER,
        "stage `demand` on day 45, `none` on day 60",
        "demand:",
    ),
    Case(
        "a cent between two thresholds",
        ((SMALL, "      when: {past_due: {below: 250}}"),),
        Sort.STUCK_BETWEEN,
        "with `past_due` 250.00 USD no stage beyond `second_reminder` ever comes: "
        "`small_balance` is for less and `demand` for more",
        "demand:",
    ),
    Case(
        "sums for which there is no stage at all",
        (
            ("      after: {days: 4}\n", "      after: {days: 4}\n      when: {past_due: {over: 100}}\n"),
            ("      after: {days: 15}\n", "      after: {days: 15}\n      when: {past_due: {over: 100}}\n"),
            (SECOND, SECOND + "      when: {past_due: {over: 100}}\n"),
            (SMALL, "      when: {past_due: {at_most: 60}}"),
        ),
        Sort.LEFT_OUT,
        "late, and however late it gets no stage of the ladder is for it",
        "ladder:",
    ),
    Case(
        "a hold that its release takes back",
        ((RELEASE, "when: {past_due: {at_most: 6000}}"),),
        Sort.PLACED_AND_RELEASED,
        "`credit` is placed on an account to which its release applies already",
        "release:",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", FOUND, ids=[case.id for case in FOUND])
def test_what_is_wrong_is_found_at_its_line(case: Case, tmp_path: Path) -> None:
    policy = changed(tmp_path, *case.changes)
    found = findings(policy)
    assert found.unsettled == ()
    those = [one for one in found.found if one.sort is case.sort]
    assert [one.message for one in those] == [case.message]
    written = policy.lines[those[0].span.file][those[0].span.line - 1]
    assert written.strip() == case.place


DIFFICULTY = "    when: {financial_difficulty: true}\n    at_most: friendly"
PLAN = "{financial_difficulty: true, days_since_answer: {at_most: 10}, past_due: {over: 0}}"
REFERRAL = "when: {past_due: {over: 250}, days_past_due: {at_least: 74}}"

FINE = [
    pytest.param(DEMAND, DEMAND.replace("over", "at_least"), id="a sum that two stages are for"),
    pytest.param(
        DIFFICULTY,
        DIFFICULTY.replace("financial_difficulty: true", "days_past_due: {below: 20}"),
        id="a tone limit for the early ones",
    ),
    pytest.param(PLAN, "{days_past_due: {over: 90}}", id="a pause for the late ones"),
    pytest.param(RELEASE, "when: {past_due: {below: 5000}}", id="a release for all whom the hold is not for"),
    pytest.param(REFERRAL, REFERRAL.replace("74", "90"), id="a stage that waits for a later day"),
]


@pytest.mark.parametrize(("before", "after"), FINE)
def test_nothing_is_found_where_nothing_is_wrong(before: str, after: str, tmp_path: Path) -> None:
    assert findings(changed(tmp_path, (before, after))).found == ()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_is_found_in_a_shipped_policy(path: Path) -> None:
    found = findings(load_policy(path)[0])
    assert found.found == ()
    assert found.unsettled == ()


def test_nothing_is_found_in_two_hundred_rules(tmp_path: Path) -> None:
    found = findings(load_policy(write_large_policy(tmp_path / "large.yaml"))[0])
    assert found.found == ()
    assert found.unsettled == ()


def no_tone(self: _Pair) -> z3.BoolRef:
    return self.ask.false


def no_stages(self: _Pair) -> Iterator[z3.BoolRef]:
    yield self.ask.false


def nobody(subject: Subject, _: Ladder) -> Iterator[z3.BoolRef]:
    yield subject.ask.false


def nothing_waits(condition: Condition) -> Condition:
    return condition


@pytest.mark.parametrize(
    ("of", "name", "fault", "row"),
    [
        pytest.param(_Pair, "milder_tone", no_tone, 0, id="only the stage is looked at"),
        pytest.param(_Pair, "milder_stages", no_stages, 1, id="only the tone is looked at"),
        pytest.param(gaps_module, "_numbers_asked", lambda _: (), 2, id="no number is looked at"),
        pytest.param(gaps_module, "_chased", nobody, 3, id="nobody is chased"),
        pytest.param(conflicts_module, "_are_apart", lambda *_: True, 4, id="every hold is taken to be fine"),
    ],
)
def test_a_fault_in_the_looking_is_found_out(
    of: object, name: str, fault: object, row: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = FOUND[row]
    policy = changed(tmp_path, *case.changes)
    assert case.sort in {one.sort for one in findings(policy).found}
    monkeypatch.setattr(of, name, fault)
    assert case.sort not in {one.sort for one in findings(policy).found}


def test_waiting_is_given_its_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it every stage that asks for a day would leave a gap."""
    late_alone = Compare("days_past_due", Op.AT_LEAST, 10)
    ladder = STANDARD.ladders[0]
    policy = replace(
        STANDARD, ladders=(replace(ladder, stages=tuple(replace(s, when=late_alone) for s in ladder.stages)),)
    )
    assert findings(policy).found == ()
    monkeypatch.setattr(gaps_module, "some_day", nothing_waits)
    assert Sort.LEFT_OUT in {one.sort for one in findings(policy).found}


def test_what_cannot_be_settled_is_named() -> None:
    found = findings(STANDARD, Subject(STANDARD, measure=1))
    assert found.found == ()
    assert "whether a later account ever gets less" in found.unsettled


def test_the_same_policy_has_the_same_findings(tmp_path: Path) -> None:
    policy = changed(tmp_path, *FOUND[0].changes)
    alone = findings(policy)
    busy = Subject.of(policy, policy.guarantees)
    assert busy.is_possible(busy.is_word("step", "demand"))
    assert findings(policy, busy) == alone


# Generated policies, and accounts tried out.


def later(policy: Policy, facts: Facts, days: int) -> dict[str, Value]:
    """The account so many days further on, and in nothing else."""
    moved = dict(facts)
    for clock in clocks(policy):
        counted = moved[clock.fact]
        if clock.since is not Since.PREVIOUS_STAGE and isinstance(counted, int):
            moved[clock.fact] = counted + (days if clock.period is Period.DAYS else days // 30)
    count = moved["days_past_due"]
    assert isinstance(count, int)
    return moved | {"days_past_due": count + days}


def is_possible(policy: Policy, facts: Facts) -> bool:
    return all(is_true_of(invariant, facts) for invariant in invariants(policy))


def pairs(policy: Policy, those: Sequence[Facts]) -> Iterator[tuple[Facts, Facts]]:
    """Accounts, each with itself some days later."""
    for facts in those[:60]:
        for days in (1, 7, 23):
            then = later(policy, facts, days)
            if is_possible(policy, then):
                yield facts, then


def is_chased(policy: Policy, ladder: Ladder, facts: Facts) -> dict[str, Value] | None:
    """The facts with what is decided, where the account is late, on the ladder, and nothing stops it."""
    decision = meaning.decide(policy, facts)
    known = {**facts, **decided(decision)}
    stopped = decision.paused or holds(layers.too_small(policy), known) or holds(layers.OUTCOME_UNKNOWN, known)
    return known if decision.ladder == ladder.id and facts["late"] and not stopped else None


def between(ladder: Ladder, fact: str, trio: tuple[dict[str, Value], ...]) -> bool:
    """Say whether the middle one of three accounts falls between two stages of which each takes one of the others."""
    less, middle, more = trio
    whens = [some_day(stage.when) for stage in ladder.stages if not stage.before_due]
    asking = [at for at, when in enumerate(whens) if fact in facts_read(when)]
    return any(
        holds(whens[low], less) and not holds(whens[high], less)
        and holds(whens[high], more) and not holds(whens[low], more)
        and not any(holds(when, middle) for when in whens[min(low, high) :])
        for low in asking for high in asking if low != high
    )  # fmt: skip


def falls_between(policy: Policy, those: Sequence[Facts]) -> Iterator[tuple[str, str]]:
    """Each ladder and number for which some account falls between two stages, by trying out."""
    for ladder in policy.ladders:
        for fact in gaps_module._numbers_asked(ladder):
            for facts in those[:40]:
                if fact not in facts or facts[fact] is None:
                    continue
                numbers = sorted({0, 1, 6, 7, 8, 29, 30, 31, 250_00 - 1, 250_00, 250_00 + 1})
                moved = [{**facts, fact: number} for number in numbers]
                known = [one for m in moved if is_possible(policy, m) and (one := is_chased(policy, ladder, m))]
                if any(between(ladder, fact, trio) for trio in combinations(known, 3)):
                    yield ladder.id, fact
                    break


def test_what_is_not_found_is_found_by_nobody_who_tries(capsys: pytest.CaptureFixture[str]) -> None:
    counted: Counter[str] = Counter()

    @settings(max_examples=POLICIES, phases=PHASES, deadline=None)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def agree(policy: Policy, seed: int) -> None:
        found = findings(policy)
        if found.unsettled:
            return
        those = possible(policy, seed)
        sorts = {one.sort for one in found.found}
        counted.update(sort.value for sort in sorts)
        counted["policies"] += 1
        if Sort.SOFTER_LATER not in sorts:
            for one, then in pairs(policy, those):
                counted["pairs held against it"] += 1
                assert what_is_less(policy, one, then) is None
        for ladder in policy.ladders:
            left_out = any(
                one.sort is Sort.LEFT_OUT and one.shown_on.decision.ladder == ladder.id for one in found.found
            )
            for facts in [] if left_out else those:
                known = is_chased(policy, ladder, facts)
                if known is not None:
                    counted["accounts held against it"] += 1
                    assert highest(ladder, known) is not None
        if Sort.STUCK_BETWEEN not in sorts:
            assert list(falls_between(policy, those)) == []
        for hold in policy.holds:
            if not any(one.sort is Sort.PLACED_AND_RELEASED and f"`{hold.id}`" in one.message for one in found.found):
                for facts in those:
                    if hold.id in meaning.decide(policy, facts).place:
                        counted["holds held against it"] += 1
                        in_force = facts["holds"]
                        assert isinstance(in_force, frozenset)
                        again = meaning.decide(policy, {**facts, "holds": in_force | {hold.id}})
                        assert hold.id not in again.release

    agree()
    assert min(counted[sort.value] for sort in (Sort.SOFTER_LATER, Sort.LEFT_OUT, Sort.PLACED_AND_RELEASED)) > 0
    assert counted["pairs held against it"] > 0
    assert counted["accounts held against it"] > 0
    with capsys.disabled():
        print("\n" + ", ".join(f"{name} {number:,}" for name, number in sorted(counted.items())))
