"""What is proved is true of every account, and who is shown to break a guarantee does."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.language.conditions import ALWAYS, All, Compare, Condition, Facts, Is, Op
from duly.language.invariants import invariants, is_true_of
from duly.language.load import load_policy
from duly.language.policy import DayCount, Guarantee, GuaranteeForm, Points, Policy, ToneLimit
from duly.language.reads import clocks, fact_columns
from duly.language.vocabulary import ACCOUNT, Type
from duly.review.prove.idle import idle_rules
from duly.review.prove.proof import Verdict, breaks, prove, prove_all, treatment
from duly.review.prove.subject import Subject
from duly.review.prove.symbols import bounds
from duly.rules import meaning
from duly.rules.decision import NONE
from tests.conftest import NIGHTLY
from tests.review.large import write_large_policy
from tests.rules.strategies import STAGES, Readable, accounts, conditions, policies

# To make a policy smaller takes minutes, so that is left to the night.
PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)
POLICIES, ACCOUNTS = (1_000, 2_000) if NIGHTLY else (25, 200)

STANDARD = load_policy(Path("policies/standard.yaml"))[0]
TEXT = Path("policies/standard.yaml").read_text(encoding="utf-8")
SHIPPED = sorted(path for path in Path("policies").glob("*.yaml") if ".cases" not in path.suffixes)


def the_guarantee(id_: str, policy: Policy = STANDARD) -> Guarantee:
    return next(guarantee for guarantee in policy.guarantees if guarantee.id == id_)


SPOKEN_OF = Readable(
    {"relationship": ("fragile", "strong"), "step": (*STAGES, NONE), "stage": (*STAGES, NONE), "tone": ("firm", NONE)},
    ("insolvent", "late", "paused", "put_off"),
    {},
)


def spoken_of(*conditions: Condition) -> list[Points]:
    """Rules that read what the conditions do and change nothing."""
    return [Points(id=f"spoken_of{n}", add=0, when=c) for n, c in enumerate(conditions)]


def believable(policy: Policy, made: Facts) -> Facts:
    """The account as it could be derived from some ledger: numbers that go together put right, the rest as made."""
    facts = dict(made)
    for column in fact_columns(policy):
        if column.member:
            continue
        value, fact = facts[column.name], ACCOUNT.get(column.name)
        if type(value) is int:
            least, most = bounds(column)
            facts[column.name] = min(max(value, least), most)
        elif fact is not None and fact.type is Type.CHOICE and value not in {*fact.members, *[NONE] * fact.or_none}:
            facts[column.name] = fact.members[0]
    facts |= {"exception__pause": False, "exception__tone": NONE, "exception__stage": NONE, "exception__ladder": ""}
    stages = dict.fromkeys(policy.stage_ids)
    for smaller, larger in (("largest_late", "past_due"), ("past_due", "past_due_with_disputed")):
        facts[larger] = max(number(facts, smaller), number(facts, larger))
    facts["open_amount"] = max(number(facts, "past_due_with_disputed"), number(facts, "open_amount"))
    facts["disputed_amount"] = min(number(facts, "disputed_amount"), number(facts, "open_amount"))
    facts["promises_open"] = max(number(facts, "promises_open"), 1) if facts["promise"] == "open" else 0
    facts["late_count"] = max(number(facts, "late_count"), 1)
    facts["days_past_due"] = max(number(facts, "days_past_due"), policy.late.grace_days + 1)
    if not facts["late"]:
        facts |= dict.fromkeys(("late_count", "days_past_due", "past_due", "largest_late"), 0)
    for smaller, larger in (("late_count", "late_count_with_disputed"), ("late_count_with_disputed", "open_count")):
        facts[larger] = max(number(facts, smaller), number(facts, larger))
    for what in ("requests_open", "requests_answered"):
        facts[what] = members(facts, what) & members(facts, "sales_asked")
    for stage in stages:
        known = facts[f"days_since__{stage}"] is not None
        facts[f"times__{stage}"] = max(number(facts, f"times__{stage}"), 1) if known else 0
    days = [number(facts, name) for stage in stages if facts[name := f"days_since__{stage}"] is not None]
    facts["days_since_stage"] = min(days, default=None)
    facts["outcome_unknown"] = facts["outcome_unknown"] and bool(days)
    last = number(facts, "days_since_last_stage")
    facts["days_since_last_stage"] = min([last, *days]) if days else facts["days_since_last_stage"]
    for clock in clocks(policy):
        if facts["late"] and clock.fact == "clock__due_date__days":
            facts[clock.fact] = facts["days_past_due"]
        if clock.fact == "clock__previous_stage__days" and policy.late.day_count is DayCount.CALENDAR:
            facts[clock.fact] = facts["days_since_stage"]
    return facts


def number(facts: Facts, name: str) -> int:
    value = facts[name]
    return value if isinstance(value, int) else 0


def members(facts: Facts, name: str) -> frozenset[str]:
    value = facts[name]
    assert isinstance(value, frozenset)
    return value


def possible(policy: Policy, seed: int) -> list[Facts]:
    """Accounts that could exist: those of which every invariant is true."""
    made = [believable(policy, facts) for facts in accounts(policy, ACCOUNTS, seed)]
    return [facts for facts in made if all(is_true_of(invariant, facts) for invariant in invariants(policy))]


def test_what_is_proved_is_broken_by_nobody_and_what_is_not_by_whom_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    counted: Counter[str] = Counter()

    @settings(max_examples=POLICIES, phases=PHASES)
    @given(policy=policies(), seed=st.integers(0, 2**32), never=conditions(SPOKEN_OF), data=st.data())
    def agree(policy: Policy, seed: int, never: Condition, data: st.DataObject) -> None:
        then = data.draw(conditions(SPOKEN_OF, 1))
        # An account has the facts that its policy reads, and those that its guarantees speak of.
        those = possible(replace(policy, worklist=(*policy.worklist, *spoken_of(never, then))), seed)
        guarantees = [
            Guarantee(id="never", form=GuaranteeForm.NEVER, condition=never),
            Guarantee(id="always", form=GuaranteeForm.ALWAYS, condition=never, then=then),
        ]
        for guarantee in guarantees:
            proof = prove(policy, guarantee)
            counted[proof.verdict.value] += 1
            broken = [facts for facts in those if breaks(guarantee, facts, meaning.decide(policy, facts))]
            if proof.verdict in {Verdict.PROVED, Verdict.EMPTY}:
                assert not broken
            if proof.verdict is Verdict.DISPROVED:
                assert proof.counterexample is not None
                facts = proof.counterexample.all_facts
                assert breaks(guarantee, facts, meaning.decide(policy, facts))
                assert all(is_true_of(invariant, facts) for invariant in invariants(policy))
        counted["accounts held against them"] += len(those) * len(guarantees)

    agree()
    assert min(counted[verdict.value] for verdict in (Verdict.PROVED, Verdict.DISPROVED)) > 3
    assert counted["accounts held against them"] > 2 * POLICIES * ACCOUNTS // 2
    with capsys.disabled():
        print("\n" + ", ".join(f"{name} {number:,}" for name, number in sorted(counted.items())))


def test_what_must_make_no_difference_makes_none_or_two_customers_are_shown() -> None:
    @settings(max_examples=POLICIES, phases=PHASES)
    @given(
        policy=policies(), seed=st.integers(0, 2**32), fact=st.sampled_from(("relationship", "country", "insolvent"))
    )
    def agree(policy: Policy, seed: int, fact: str) -> None:
        guarantee = Guarantee(id="same", form=GuaranteeForm.SAME_TREATMENT, facts=(fact,))
        proof = prove(policy, guarantee)
        if proof.verdict is Verdict.PROVED:
            values = {facts[fact] for facts in possible(policy, seed)}
            for facts in possible(policy, seed)[:20]:
                treated = {treatment(meaning.decide(policy, {**facts, fact: value})) for value in values}
                assert len(treated) <= 1
        else:
            assert proof.counterexample is not None
            assert {name for name, _ in proof.counterexample.other} == {fact}

    agree()


CHANGES = [
    pytest.param(
        "strategic_never_stern_early", "    at_most: firm\n", "    at_most: stern\n", id="a tone limit is softened"
    ),
    pytest.param(
        "strategic_never_stern_early",
        "days_past_due: {below: 60}}\n    at_most",
        "days_past_due: {below: 59}}\n    at_most",
        id="a tone limit ends a day early",
    ),
    pytest.param(
        "sales_hears_before_a_hold", "      needs: {request: before_hold, is: answered_or_expired}\n", "",
        id="a hold waits for nobody",
    ),
    pytest.param(
        "same_for_every_language", "when: {relationship: fragile}", "when: {language: [de]}",
        id="a tone limit reads the language",
    ),
    pytest.param(
        "nobody_forgotten", "      after: {days: 4}\n", "      after: {days: 21}\n", id="the ladder begins a day late"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("id_", "before", "after"), CHANGES)
def test_a_policy_that_breaks_its_guarantee_is_found_out(id_: str, before: str, after: str, tmp_path: Path) -> None:
    assert prove(STANDARD, the_guarantee(id_)).verdict is Verdict.PROVED
    changed = tmp_path / "changed.yaml"
    assert TEXT.count(before) == 1
    changed.write_text(TEXT.replace(before, after), encoding="utf-8")
    policy = load_policy(changed)[0]
    proof = prove(policy, the_guarantee(id_, policy))
    assert proof.verdict is Verdict.DISPROVED
    for other in policy.guarantees:
        if other.id != id_ and other.form is not GuaranteeForm.OVER_TIME:
            assert prove(policy, other).verdict is Verdict.PROVED


def test_the_counterexample_stands_at_the_boundary() -> None:
    """Widened as far as it stays one: from day 59, when the limit ends early, and not further."""
    limit, *others = STANDARD.tone_limits
    early = All((Is("segment", ("strategic",)), Compare("days_past_due", Op.BELOW, 59)))
    policy = replace(STANDARD, tone_limits=(replace(limit, when=early), *others))
    found = prove(policy, the_guarantee("strategic_never_stern_early")).counterexample
    assert found is not None
    facts = dict(found.facts)
    assert facts["days_past_due"] == 59
    assert facts["annual_sales"] == 1_000_000_00
    assert found.decision.step == "demand"
    assert found.ranges["annual_sales"].least == 1_000_000_00


def test_the_same_question_has_the_same_answer() -> None:
    policy = replace(STANDARD, tone_limits=())
    first, second = (prove(policy, the_guarantee("strategic_never_stern_early")) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("limits", [STANDARD.tone_limits, ()], ids=["all kept", "some broken"])
def test_guarantees_asked_together_have_the_answers_that_each_has_alone(limits: tuple[ToneLimit, ...]) -> None:
    policy = replace(STANDARD, tone_limits=limits)
    those = [guarantee for guarantee in policy.guarantees if guarantee.form is not GuaranteeForm.OVER_TIME]
    together = prove_all(Subject.of(policy, those), those)
    assert list(together) == [prove(policy, guarantee) for guarantee in those]


def test_a_policy_of_two_hundred_rules_keeps_its_sixty_guarantees_and_every_rule_can_act(tmp_path: Path) -> None:
    policy, problems = load_policy(write_large_policy(tmp_path / "large.yaml"))
    rules = [policy.segments, policy.account_pauses, list(policy.stages()), policy.tone_limits, policy.sales]
    rules += [policy.holds, policy.credit_limits, policy.worklist]
    assert sum(map(len, rules)) == 200
    assert len(policy.guarantees) == 60
    assert problems == ()
    subject = Subject.of(policy, policy.guarantees)
    assert {proof.verdict for proof in prove_all(subject, policy.guarantees)} == {Verdict.PROVED}
    assert idle_rules(policy, subject=subject) == ()


def test_a_guarantee_about_nobody_says_nothing() -> None:
    nobody = All((Compare("days_past_due", Op.OVER, 90), Is("late", (False,))))
    always = Guarantee(id="nobody", form=GuaranteeForm.ALWAYS, condition=nobody, then=ALWAYS)
    never = Guarantee(id="nobody", form=GuaranteeForm.NEVER, condition=nobody)
    assert prove(STANDARD, always).verdict is Verdict.EMPTY
    assert prove(STANDARD, never).verdict is Verdict.EMPTY


NO_DIFFERENCE = [
    pytest.param(("promise",), Verdict.DISPROVED, "", id="a promise goes with how many are open"),
    pytest.param(("promises_open",), Verdict.DISPROVED, "", id="how many are open goes with whether one is"),
    pytest.param(("days_past_due",), Verdict.DISPROVED, "", id="days past due go with the clock that counts them"),
    pytest.param(("days_since_stage",), Verdict.DISPROVED, "", id="so do days since the last stage"),
    pytest.param(("late_count",), Verdict.PROVED, "", id="what nothing reads"),
    pytest.param(("language", "tags"), Verdict.PROVED, "", id="words and marks that nothing reads"),
    pytest.param(("late",), Verdict.EMPTY, "`late` and in nothing else", id="what nobody differs in alone"),
    pytest.param(("language", "late"), Verdict.EMPTY, "`late` and in nothing else", id="also beside another"),
    pytest.param(("stage",), Verdict.EMPTY, "`stage` is decided by the policy itself", id="what is decided"),
    pytest.param(("paused",), Verdict.EMPTY, "`paused` is decided by the policy itself", id="what a pause decides"),
]


@pytest.mark.parametrize(("facts", "verdict", "why"), NO_DIFFERENCE)
def test_same_treatment_is_never_proved_for_want_of_two_who_differ(
    facts: tuple[str, ...], verdict: Verdict, why: str
) -> None:
    proof = prove(STANDARD, Guarantee(id="same", form=GuaranteeForm.SAME_TREATMENT, facts=facts))
    assert proof.verdict is verdict
    assert why in proof.why


def test_what_the_solver_cannot_settle_is_not_proved() -> None:
    assert prove(STANDARD, the_guarantee("strategic_never_stern_early"), measure=1).verdict is Verdict.NOT_PROVED


IDLE = [
    pytest.param(
        "  new:       {when: {months_as_customer: {below: 6}}}\n",
        "  new:       {when: {annual_sales: {at_least: 2000000}}}\n",
        ["segment new"],
        id="a segment that the one before it takes whole",
    ),
    pytest.param(
        "    when: {relationship: fragile}\n    at_most: friendly",
        "    when: {relationship: fragile}\n    at_most: final",
        ["tone limit fragile_relationship"],
        id="a tone limit above every tone",
    ),
    pytest.param(
        "days_past_due: {at_least: 74}}\n",
        "days_past_due: {at_most: 3}}\n",
        ["stage referral"],
        id="a stage for what is not late",
    ),
    pytest.param(
        "    old:            {when: {days_past_due: {over: 60}}, add: 20}",
        "    old:            {when: {days_past_due: {over: 60}, late_count: {at_most: 0}}, add: 20}",
        ["points old"],
        id="points for what is late and is not",
    ),
]


def test_every_rule_of_the_standard_policy_can_act() -> None:
    assert idle_rules(STANDARD) == ()


@pytest.mark.parametrize(("before", "after", "idle"), IDLE)
def test_a_rule_that_can_never_act_is_named(before: str, after: str, idle: list[str], tmp_path: Path) -> None:
    changed = tmp_path / "changed.yaml"
    assert TEXT.count(before) == 1
    changed.write_text(TEXT.replace(before, after), encoding="utf-8")
    assert [one.rule for one in idle_rules(load_policy(changed)[0])] == idle


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_policy_proves_what_it_promises(path: Path) -> None:
    policy = load_policy(path)[0]
    verdicts = {guarantee.id: prove(policy, guarantee).verdict for guarantee in policy.guarantees}
    assert set(verdicts.values()) <= {Verdict.PROVED}
    assert idle_rules(policy) == ()
