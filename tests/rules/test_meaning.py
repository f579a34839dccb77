"""The meaning of a policy, by hand: every layer, every way to climb, every boundary in pairs."""

# ruff: noqa: E501 -- a row of a table stays on its line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest

from duly.language.conditions import (
    ALWAYS,
    NEVER,
    All,
    Any,
    Compare,
    Condition,
    Facts,
    Includes,
    Is,
    Known,
    Not,
    Op,
    Value,
    truth,
)
from duly.language.policy import (
    ASK_NOTHING,
    AccountPause,
    After,
    Channel,
    ChooseLadder,
    Climb,
    Clock,
    ContactCap,
    CreditLimitRule,
    Hold,
    Ladder,
    Late,
    Limits,
    Needs,
    Period,
    Points,
    Policy,
    Repeat,
    SalesRule,
    Segment,
    Send,
    Since,
    Stage,
    Stops,
    Task,
    ToneLimit,
)
from duly.language.reads import fact_columns
from duly.language.vocabulary import Type
from duly.rules.decision import NONE, Decision, Wait
from duly.rules.meaning import decide

# Kleene's tables.

YES, NO, UNKNOWN = ALWAYS, NEVER, Compare("nobody_knows", Op.OVER, 0)


@pytest.mark.parametrize(
    ("one", "other", "both", "either"),
    [
        pytest.param(YES, YES, True, True, id="yes-yes"),
        pytest.param(YES, UNKNOWN, None, True, id="yes-unknown"),
        pytest.param(YES, NO, False, True, id="yes-no"),
        pytest.param(UNKNOWN, UNKNOWN, None, None, id="unknown-unknown"),
        pytest.param(UNKNOWN, NO, False, None, id="unknown-no"),
        pytest.param(NO, NO, False, False, id="no-no"),
    ],
)
def test_all_and_any_are_kleenes(one: Condition, other: Condition, *, both: bool | None, either: bool | None) -> None:
    facts: Facts = {"nobody_knows": None}
    assert {truth(All((one, other)), facts), truth(All((other, one)), facts)} == {both}
    assert {truth(Any((one, other)), facts), truth(Any((other, one)), facts)} == {either}


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        pytest.param(Not(YES), False, id="not-yes"),
        pytest.param(Not(NO), True, id="not-no"),
        pytest.param(Not(UNKNOWN), None, id="not-unknown"),
        pytest.param(Not(Not(UNKNOWN)), None, id="not-not-unknown"),
        pytest.param(Is("nobody_knows", ("x",)), None, id="unknown-is"),
        pytest.param(Is("nobody_knows", ()), None, id="unknown-is-nothing"),
        pytest.param(Known("nobody_knows"), False, id="unknown-is-not-known"),
        pytest.param(Not(Known("nobody_knows")), True, id="unknown-is-known-to-be-unknown"),
        pytest.param(All(()), True, id="all-of-nothing"),
        pytest.param(Any(()), False, id="any-of-nothing"),
    ],
)
def test_not_never_turns_an_unknown_into_a_yes(condition: Condition, *, answer: bool | None) -> None:
    assert truth(condition, {"nobody_knows": None}) is answer


@pytest.mark.parametrize(
    ("op", "on_29", "on_30", "on_31"),
    [
        (Op.AT_LEAST, False, True, True),
        (Op.OVER, False, False, True),
        (Op.AT_MOST, True, True, False),
        (Op.BELOW, True, False, False),
    ],
    ids=lambda value: value.value if isinstance(value, Op) else "",
)
def test_at_least_and_at_most_include_the_number_and_over_and_below_do_not(
    op: Op, *, on_29: bool, on_30: bool, on_31: bool
) -> None:
    answers = [truth(Compare("days", op, 30), {"days": days}) for days in (29, 30, 31)]
    assert answers == [on_29, on_30, on_31]


# One policy, one clean account.

SINCE_DUE = Clock(Since.DUE_DATE, Period.DAYS, month_end=False)
SINCE_STAGE = Clock(Since.PREVIOUS_STAGE, Period.DAYS, month_end=False)


def rung(
    id_: str,
    days: int | None,
    *,
    when: Condition = ALWAYS,
    tone: str = "firm",
    clock: Clock = SINCE_DUE,
    repeat: Repeat | None = None,
    send: bool = True,
    gap: int | None = None,
) -> Stage:
    return Stage(
        id=id_,
        after=None if days is None else After(clock=clock, number=days),
        when=when,
        tone=tone,
        send=(Send(channel=Channel.EMAIL, template=id_),) if send else (),
        repeat=repeat,
        min_days_between=gap,
    )


LARGE = Compare("past_due", Op.OVER, 250_00)
TONES = ("courteous", "friendly", "firm", "final")
LADDER = Ladder(
    id="standard",
    stages=(rung("reminder", 4, tone="friendly"), rung("demand", 30, when=LARGE), rung("notice", 60, tone="final")),
)
POLICY = Policy(
    id="by_hand",
    currency="USD",
    late=Late(grace_days=3),
    tones=TONES,
    ladders=(LADDER,),
    choose_ladder=ChooseLadder(otherwise="standard"),
)


def facts_of(policy: Policy, **changed: Value) -> Facts:
    """An account that is late, large and otherwise quiet, with some facts changed."""
    quiet: dict[str, Value] = {}
    usual: dict[Type, Value] = {Type.YES_NO: False, Type.CHOICE: NONE, Type.TEXT: ""}
    for column in fact_columns(policy):
        if column.member:
            quiet[column.fact] = frozenset()
        elif column.unknown:
            quiet[column.name] = None
        else:
            quiet[column.name] = usual.get(column.type, 0)
    quiet |= {
        name: frozenset() for name in ("holds", "sales_asked", "requests_open", "requests_answered", "tasks_given")
    }
    quiet |= {"late": True, "late_count_with_disputed": 1, "past_due": 1_000_00, "contact_day": True}
    return quiet | changed


def on(policy: Policy, **changed: Value) -> Decision:
    return decide(policy, facts_of(policy, **changed))


def day(number: int) -> dict[str, Value]:
    """The facts of an account so many days past due."""
    return {"days_past_due": number, SINCE_DUE.fact: number}


def executed(**days_ago: int) -> dict[str, Value]:
    """The facts of an account on which these stages were executed, once each, so many days ago."""
    return {
        **{f"days_since__{stage}": days for stage, days in days_ago.items()},
        **{f"times__{stage}": 1 for stage in days_ago},
        "days_since_last_stage": min(days_ago.values()),
        "days_since_stage": min(days_ago.values()),
        SINCE_STAGE.fact: min(days_ago.values()),
    }


# Segments and ladders.


@pytest.mark.parametrize(
    ("sales", "months", "segment"),
    [
        pytest.param(1_000_000_00, 5, "strategic", id="both-hold-the-first-wins"),
        pytest.param(999_999_99, 5, "new", id="one-cent-short-of-strategic"),
        pytest.param(999_999_99, 6, "standard", id="first-day-that-is-not-new"),
    ],
)
def test_the_first_segment_that_holds_is_the_accounts(sales: int, months: int, segment: str) -> None:
    policy = replace(
        POLICY,
        segments=(
            Segment(id="strategic", when=Compare("annual_sales", Op.AT_LEAST, 1_000_000_00)),
            Segment(id="new", when=Compare("months_as_customer", Op.BELOW, 6)),
            Segment(id="standard"),
        ),
    )
    assert on(policy, annual_sales=sales, months_as_customer=months).segment == segment


SEVERAL = replace(
    POLICY,
    segments=(Segment(id="small", when=Compare("past_due", Op.BELOW, 100)), Segment(id="rest")),
    ladders=(LADDER, replace(LADDER, id="short", stages=LADDER.stages[:1])),
)


@pytest.mark.parametrize(
    ("choice", "changed", "ladder"),
    [
        pytest.param(
            ChooseLadder(of={"small": "short"}, otherwise="standard"), {"past_due": 99}, "short", id="by-segment"
        ),
        pytest.param(ChooseLadder(of={"small": "short"}, otherwise="standard"), {}, "standard", id="otherwise"),
        pytest.param(
            ChooseLadder(of={"small": NONE}, otherwise="standard"), {"past_due": 99}, NONE, id="none-opts-out"
        ),
        pytest.param(
            ChooseLadder(by="customer_ladder", of={"short": "short"}, otherwise="standard"),
            {"customer_ladder": "short"},
            "short",
            id="by-the-customers-own",
        ),
        pytest.param(
            ChooseLadder(by="customer_ladder", of={"short": "short"}, otherwise="standard"),
            {},
            "standard",
            id="none-of-its-own",
        ),
        pytest.param(ChooseLadder(otherwise="standard"), {"exception__ladder": "short"}, "short", id="by-exception"),
        pytest.param(ChooseLadder(otherwise="standard"), {"exception__ladder": NONE}, NONE, id="exempted"),
    ],
)
def test_a_ladder_is_chosen_by_exception_or_segment_or_customer(
    choice: ChooseLadder, changed: dict[str, Value], ladder: str
) -> None:
    decision = on(replace(SEVERAL, choose_ladder=choice), **day(10), **changed)
    assert decision.ladder == ladder
    assert (decision.wait is Wait.NO_LADDER) == (ladder == NONE)


# Pauses.


def paused_by(*stops: Stops, **more: object) -> Policy:
    pause = AccountPause(
        id="promised",
        when=Is("promise", ("open",)),
        stops=frozenset(stops),
        tasks=(Task(role="collector", task="watch"),),
    )
    return replace(POLICY, account_pauses=(pause,), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("policy", "changed", "wait", "paused"),
    [
        pytest.param(paused_by(Stops.STAGES), {"promise": "open"}, Wait.PAUSED, True, id="a-pause-stops-the-stages"),
        pytest.param(paused_by(Stops.STAGES), {}, None, False, id="a-pause-that-does-not-hold"),
        pytest.param(paused_by(Stops.CHARGES), {"promise": "open"}, None, False, id="a-pause-of-something-else"),
        pytest.param(POLICY, {"exception__pause": True}, Wait.PAUSED, True, id="an-exception"),
        pytest.param(
            POLICY, {"late": False, "late_count_with_disputed": 1}, Wait.NOTHING_TO_CHASE, True, id="all-disputed"
        ),
        pytest.param(POLICY, {"late": False, "late_count_with_disputed": 0}, Wait.NOT_LATE, False, id="nothing-late"),
    ],
)
def test_a_paused_account_waits(policy: Policy, changed: dict[str, Value], wait: Wait | None, *, paused: bool) -> None:
    late = {} if changed.get("late") is False else day(10)
    decision = on(policy, **late, **changed)
    assert (decision.wait, decision.paused) == (wait, paused)
    assert decision.step == ("reminder" if wait is None else NONE)


@pytest.mark.parametrize(
    ("changed", "tasks"),
    [
        pytest.param({"promise": "open"}, ("promised",), id="first-day"),
        pytest.param({"promise": "open", "tasks_given": frozenset({"promised"})}, (), id="given-before"),
        pytest.param({}, (), id="not-paused"),
    ],
)
def test_a_pause_gives_its_task_once_an_episode(changed: dict[str, Value], tasks: tuple[str, ...]) -> None:
    assert on(paused_by(Stops.STAGES), **day(10), **changed).tasks == tasks


# The ladder on one day.

TWO_GAPS = replace(LADDER, min_days_between=7, stages=(LADDER.stages[0], replace(LADDER.stages[1], min_days_between=2)))


@pytest.mark.parametrize(
    ("policy", "changed", "step", "wait"),
    [
        pytest.param(POLICY, day(3), NONE, Wait.NOT_YET, id="the-day-before"),
        pytest.param(POLICY, day(4), "reminder", None, id="the-day"),
        pytest.param(POLICY, day(300), "reminder", None, id="a-first-import-starts-at-the-first-rung"),
        pytest.param(POLICY, day(29) | executed(reminder=25), NONE, Wait.NOT_YET, id="before-the-next-rung"),
        pytest.param(POLICY, day(30) | executed(reminder=26), "demand", None, id="the-next-rung"),
        pytest.param(POLICY, day(59) | executed(reminder=26) | {"past_due": 250_00}, NONE, Wait.NOT_YET, id="passed-over-not-yet"),
        pytest.param(POLICY, day(60) | executed(reminder=26) | {"past_due": 250_00}, "notice", None, id="passed-over"),
        pytest.param(POLICY, day(60) | executed(reminder=56, demand=30, notice=0), NONE, Wait.LADDER_DONE, id="done"),
        pytest.param(POLICY, day(30) | executed(reminder=26) | {"outcome_unknown": True}, NONE, Wait.OUTCOME_UNKNOWN, id="outcome-unknown"),
        pytest.param(replace(POLICY, late=Late(ignore_account_below=50_00)), day(4) | {"past_due": 49_99}, NONE, Wait.TOO_SMALL, id="too-small"),
        pytest.param(replace(POLICY, late=Late(ignore_account_below=50_00)), day(4) | {"past_due": 50_00}, "reminder", None, id="just-enough"),
        pytest.param(replace(POLICY, ladders=(TWO_GAPS,)), day(30) | executed(reminder=1), NONE, Wait.GAP, id="own-gap-not-over"),
        pytest.param(replace(POLICY, ladders=(TWO_GAPS,)), day(30) | executed(reminder=2), "demand", None, id="own-gap-over"),
        pytest.param(replace(POLICY, ladders=(TWO_GAPS,)), day(4) | {"days_since_last_stage": 6}, NONE, Wait.GAP, id="gap-survives-a-reset"),
        pytest.param(replace(POLICY, ladders=(TWO_GAPS,)), day(4) | {"days_since_last_stage": 7}, "reminder", None, id="gap-after-a-reset-over"),
    ],
)  # fmt: skip
def test_the_next_rung_acts_on_its_day_or_later_and_else_waits_with_a_reason(
    policy: Policy, changed: dict[str, Value], step: str, wait: Wait | None
) -> None:
    decision = on(policy, **changed)
    assert (decision.step, decision.wait) == (step, wait)
    assert decision.put_off == (wait is Wait.GAP)


CAPPED = replace(POLICY, limits=Limits(contacts_per_customer=ContactCap(at_most=2, in_days=7)))
QUIET_RUNG = replace(CAPPED, ladders=(replace(LADDER, stages=(rung("task", 4, send=False),)),))


@pytest.mark.parametrize(
    ("policy", "changed", "wait", "put_off"),
    [
        pytest.param(CAPPED, {"contacts_in_window": 1}, None, False, id="room-for-one"),
        pytest.param(CAPPED, {"contacts_in_window": 2}, Wait.CAP, True, id="no-room"),
        pytest.param(
            CAPPED, {"contacts_in_window": 2, "contacted_today": True}, None, False, id="contacted-today-anyway"
        ),
        pytest.param(QUIET_RUNG, {"contacts_in_window": 2}, None, False, id="a-stage-that-reaches-nobody"),
        pytest.param(CAPPED, {"contact_day": False}, None, True, id="a-closed-day-puts-off-without-using-up-the-rung"),
        pytest.param(QUIET_RUNG, {"contact_day": False}, None, False, id="a-closed-day-for-nobody"),
    ],
)
def test_the_contact_cap_and_closed_days_put_a_stage_off(
    policy: Policy, changed: dict[str, Value], wait: Wait | None, *, put_off: bool
) -> None:
    decision = on(policy, **day(4), **changed)
    assert (decision.wait, decision.put_off) == (wait, put_off)


REPEATING = replace(
    POLICY,
    ladders=(
        replace(
            LADDER,
            stages=(rung("reminder", 4, repeat=Repeat(every_days=30, at_most=2)), rung("demand", 100)),
        ),
    ),
)


@pytest.mark.parametrize(
    ("days", "ago", "times", "step", "repeat"),
    [
        pytest.param(33, 29, 1, NONE, False, id="a-day-early"),
        pytest.param(34, 30, 1, "reminder", True, id="first-repeat"),
        pytest.param(64, 30, 2, "reminder", True, id="last-repeat"),
        pytest.param(94, 30, 3, NONE, False, id="no-more"),
        pytest.param(100, 30, 2, "demand", False, id="the-next-rung-goes-before-a-repeat"),
    ],
)
def test_a_standing_stage_repeats_so_often_and_so_many_times(
    days: int, ago: int, times: int, step: str, *, repeat: bool
) -> None:
    decision = on(REPEATING, **day(days), **executed(reminder=ago) | {"times__reminder": times})
    assert (decision.step, decision.repeat) == (step, repeat)


COURTESY = replace(POLICY, ladders=(replace(LADDER, stages=(rung("courtesy", -5, tone="courteous"), *LADDER.stages)),))


@pytest.mark.parametrize(
    ("changed", "step", "wait"),
    [
        pytest.param({SINCE_DUE.fact: -6, "days_to_due": 6}, NONE, Wait.NOT_LATE, id="too-early"),
        pytest.param({SINCE_DUE.fact: -5, "days_to_due": 5}, "courtesy", None, id="its-day"),
        pytest.param({SINCE_DUE.fact: -1, "days_to_due": 1} | executed(courtesy=4), NONE, Wait.NOT_LATE, id="once"),
        pytest.param({SINCE_DUE.fact: None, "days_to_due": None}, NONE, Wait.NOT_LATE, id="nothing-to-come"),
    ],
)
def test_a_courtesy_acts_before_the_due_date_on_an_account_that_is_not_late(
    changed: dict[str, Value], step: str, wait: Wait | None
) -> None:
    decision = on(COURTESY, **{"late": False, "late_count_with_disputed": 0, **changed})
    assert (decision.step, decision.wait) == (step, wait)


def test_a_late_account_passes_over_the_courtesy_it_never_got() -> None:
    assert on(COURTESY, **day(4)).step == "reminder"


@pytest.mark.parametrize(
    ("limit", "step", "wait"),
    [
        pytest.param("reminder", NONE, Wait.LADDER_DONE, id="below"),
        pytest.param("demand", "demand", None, id="up-to"),
        pytest.param(NONE, "demand", None, id="no-limit"),
    ],
)
def test_an_exception_caps_the_stage(limit: str, step: str, wait: Wait | None) -> None:
    decision = on(POLICY, **day(30), **executed(reminder=26), exception__stage=limit)
    assert (decision.step, decision.wait) == (step, wait)


# The ladder over 120 days.


@dataclass
class Walk:
    """One account over many days: it grows older, and whatever is proposed is executed the same day."""

    policy: Policy
    runs: Mapping[int, bool]
    past_due: Mapping[int, int]

    def steps(self) -> Iterator[tuple[int, str]]:
        """Each day on which a stage was executed, with the stage."""
        last: dict[str, int] = {}
        times: dict[str, int] = {}
        owed = 1_000_00
        for today in range(1, 121):
            owed = self.past_due.get(today, owed)
            if not self.runs.get(today, True):
                continue
            history = executed(**{stage: today - then for stage, then in last.items()}) if last else {}
            history |= {f"times__{stage}": count for stage, count in times.items()}
            decision = on(self.policy, **{**day(today), **history, "late": today > 3, "past_due": owed})
            if decision.step != NONE:
                last[decision.step] = today
                times[decision.step] = times.get(decision.step, 0) + 1
                yield today, decision.step


WALKED = Ladder(
    id="standard",
    min_days_between=7,
    stages=(
        rung("reminder", 4, repeat=Repeat(every_days=10, at_most=1)),
        rung("demand", 30, when=LARGE),
        rung("notice", 33),
        rung("referral", 14, clock=SINCE_STAGE),
    ),
)
EVERY_DAY: Mapping[int, bool] = {}
FRIDAYS = {today: today % 7 == 5 for today in range(1, 121)}
NO_RUN_UNTIL_50 = dict.fromkeys(range(1, 50), False)


@pytest.mark.parametrize(
    ("climb", "runs", "past_due", "steps"),
    [
        pytest.param(
            Climb.ONE_STEP, EVERY_DAY, {},
            [(4, "reminder"), (14, "reminder"), (30, "demand"), (37, "notice"), (51, "referral")],
            id="one-step",
        ),
        pytest.param(
            Climb.ONE_STEP, FRIDAYS, {},
            [(5, "reminder"), (19, "reminder"), (33, "demand"), (40, "notice"), (54, "referral")],
            id="one-step-run-on-fridays",
        ),
        pytest.param(
            Climb.ONE_STEP, NO_RUN_UNTIL_50, {},
            [(50, "reminder"), (57, "demand"), (64, "notice"), (78, "referral")],
            id="one-step-missed-runs-skip-nothing",
        ),
        pytest.param(
            Climb.ONE_STEP, EVERY_DAY, {1: 250_00},
            [(4, "reminder"), (14, "reminder"), (33, "notice"), (47, "referral")],
            id="one-step-passes-over-what-does-not-hold",
        ),
        pytest.param(
            Climb.ONE_STEP, EVERY_DAY, {31: 250_00},
            [(4, "reminder"), (14, "reminder"), (30, "demand"), (37, "notice"), (51, "referral")],
            id="one-step-a-part-payment-resets-nothing",
        ),
        pytest.param(
            Climb.HIGHEST, NO_RUN_UNTIL_50, {},
            [(50, "notice"), (64, "referral")],
            id="highest-starts-where-it-is-due",
        ),
        pytest.param(
            Climb.HIGHEST, EVERY_DAY, {1: 250_00, 60: 1_000_00},
            [(4, "reminder"), (14, "reminder"), (28, "referral")],
            id="highest-takes-the-most-severe-that-is-due-and-never-comes-down",
        ),
        pytest.param(
            Climb.FOLLOWS_FACTS, NO_RUN_UNTIL_50, {},
            [(50, "notice"), (64, "referral")],
            id="follows-facts",
        ),
    ],
)  # fmt: skip
def test_each_rung_is_climbed_once_never_early_and_never_skipped_unless_its_when_fails(
    climb: Climb, runs: Mapping[int, bool], past_due: Mapping[int, int], steps: list[tuple[int, str]]
) -> None:
    policy = replace(POLICY, ladders=(replace(WALKED, climb=climb),))
    assert list(Walk(policy, runs, past_due).steps()) == steps


def test_only_follows_facts_comes_down_again() -> None:
    shrunk = day(70) | executed(notice=10) | {"past_due": 1_000_00}
    by_amount = (rung("reminder", 4), rung("demand", 30), rung("notice", 60, when=LARGE))
    for climb, step in ((Climb.ONE_STEP, "reminder"), (Climb.HIGHEST, NONE), (Climb.FOLLOWS_FACTS, "demand")):
        policy = replace(POLICY, ladders=(replace(LADDER, climb=climb, stages=by_amount),))
        assert on(policy, **shrunk | {"past_due": 250_00}).step == step


# Tone.

STRATEGIC = ToneLimit(id="strategic", at_most="firm", when=Compare("days_past_due", Op.BELOW, 90))
FRAGILE = ToneLimit(id="fragile", at_most="friendly", when=Is("relationship", ("fragile",)))


@pytest.mark.parametrize(
    ("changed", "tone"),
    [
        pytest.param({}, "firm", id="lowered"),
        pytest.param(day(90), "final", id="the-limit-no-longer-holds"),
        pytest.param({"relationship": "fragile"}, "friendly", id="the-mildest-of-two-limits"),
        pytest.param({"exception__tone": "courteous"}, "courteous", id="an-exception"),
        pytest.param({"exception__tone": "final"}, "firm", id="an-exception-raises-nothing"),
    ],
)
def test_the_tone_is_the_stages_lowered_by_every_limit_that_holds(changed: dict[str, Value], tone: str) -> None:
    policy = replace(POLICY, tone_limits=(STRATEGIC, FRAGILE))
    assert on(policy, **{**day(60), **executed(demand=30, reminder=56), **changed}).tone == tone


def test_a_step_without_a_tone_and_no_step_at_all_have_none() -> None:
    policy = replace(POLICY, ladders=(replace(LADDER, stages=(rung("task", 4, tone=""),)),))
    assert on(policy, **day(4)).tone == NONE
    assert on(policy, **day(3)).tone == NONE


# Sales and holds.

ASKING = replace(
    POLICY,
    sales=(
        SalesRule(id="why", ask="find_out_why", when=Compare("days_past_due", Op.AT_LEAST, 10)),
        SalesRule(id="with_step", ask="news", when=Is("step", ("reminder",))),
        SalesRule(id="off", ask=ASK_NOTHING, when=Is("executed_stage", ("notice",))),
    ),
)
QUIET = AccountPause(id="quiet", when=Is("insolvent", (True,)), stops=frozenset({Stops.SALES}))


@pytest.mark.parametrize(
    ("policy", "changed", "asks", "stood_down"),
    [
        pytest.param(ASKING, day(9), ("with_step",), False, id="one-holds"),
        pytest.param(ASKING, day(10), ("why", "with_step"), False, id="every-rule-that-holds"),
        pytest.param(ASKING, day(10) | {"sales_asked": frozenset({"why"})}, ("with_step",), False, id="asked-before"),
        pytest.param(ASKING, day(70) | executed(notice=1), (), True, id="stand-down-beats-every-rule"),
        pytest.param(replace(ASKING, account_pauses=(QUIET,)), day(10) | {"insolvent": True}, (), False, id="stopped"),
    ],
)
def test_sales_is_asked_once_by_every_rule_that_holds_unless_it_stands_down(
    policy: Policy, changed: dict[str, Value], asks: tuple[str, ...], *, stood_down: bool
) -> None:
    decision = on(policy, **changed)
    assert (decision.asks, decision.stood_down) == (asks, stood_down)


TELLING = replace(
    ASKING,
    sales=(
        SalesRule(id="why", ask="find_out_why", when=NEVER, unanswered_tell="sales_manager"),
        SalesRule(id="silent", ask="find_out_why", when=NEVER),
        SalesRule(id="stand_down", ask=ASK_NOTHING, when=Is("insolvent", (True,)), unanswered_tell="sales_manager"),
    ),
    account_pauses=(AccountPause(id="quiet", when=Is("do_not_contact", (True,)), stops=frozenset({Stops.SALES})),),
)
ALL_ASKED: dict[str, Value] = {"sales_asked": frozenset({"why", "silent", "stand_down"})}


@pytest.mark.parametrize(
    ("changed", "tells"),
    [
        pytest.param({}, (), id="never-asked"),
        pytest.param(ALL_ASKED, ("why",), id="asked-and-its-time-is-over"),
        pytest.param(ALL_ASKED | {"requests_open": frozenset({"why"})}, (), id="there-is-time-left"),
        pytest.param(ALL_ASKED | {"requests_answered": frozenset({"why"})}, (), id="answered"),
        pytest.param(ALL_ASKED | {"requests_told": frozenset({"why"})}, (), id="told-before"),
        pytest.param(ALL_ASKED | {"requests_told": frozenset({"silent"})}, ("why",), id="another-was-told-of"),
        pytest.param(ALL_ASKED | {"insolvent": True}, (), id="sales-stands-down"),
        pytest.param(ALL_ASKED | {"do_not_contact": True}, (), id="a-pause-stops-sales"),
    ],
)
def test_it_is_told_once_that_sales_has_not_answered(changed: dict[str, Value], tells: tuple[str, ...]) -> None:
    assert on(TELLING, **changed).tells == tells


def holding(needs: Needs | None = None, **more: object) -> Policy:
    hold = Hold(
        id="credit",
        place=Compare("days_past_due", Op.AT_LEAST, 50),
        release=Compare("past_due_with_disputed", Op.AT_MOST, 0),
        needs=needs,
    )
    return replace(ASKING, holds=(hold,), **more)  # type: ignore[arg-type]


NEEDS, NEEDS_ANSWER = Needs(request="why"), Needs(request="why", answered_only=True)
ASKED = {"sales_asked": frozenset({"why"})}
OPEN = ASKED | {"requests_open": frozenset({"why"})}
ANSWERED = ASKED | {"requests_answered": frozenset({"why"})}
OWES = {"past_due_with_disputed": 1}


@pytest.mark.parametrize(
    ("policy", "changed", "place", "waits"),
    [
        pytest.param(holding(), day(49), (), (), id="the-day-before"),
        pytest.param(holding(), day(50), ("credit",), (), id="the-day"),
        pytest.param(holding(), day(50) | {"holds": frozenset({"credit"})}, (), (), id="in-force-already"),
        pytest.param(holding(), day(50) | {"exception__pause": True}, (), ("credit",), id="an-exception-keeps-it-back"),
        pytest.param(holding(NEEDS), day(50), (), ("credit",), id="sales-never-asked"),
        pytest.param(holding(NEEDS), day(50) | OPEN, (), ("credit",), id="request-open"),
        pytest.param(holding(NEEDS), day(50) | ASKED, ("credit",), (), id="request-expired"),
        pytest.param(holding(NEEDS_ANSWER), day(50) | ASKED, (), ("credit",), id="only-an-answer-will-do"),
        pytest.param(holding(NEEDS_ANSWER), day(50) | ANSWERED, ("credit",), (), id="answered"),
    ],
)
def test_a_hold_is_placed_once_what_it_needs_has_happened(
    policy: Policy, changed: dict[str, Value], place: tuple[str, ...], waits: tuple[str, ...]
) -> None:
    decision = on(policy, **changed, **OWES)
    assert (decision.place, decision.hold_waits) == (place, waits)


@pytest.mark.parametrize(
    ("owed", "held", "release"),
    [
        pytest.param(0, {"credit"}, ("credit",), id="paid"),
        pytest.param(1, {"credit"}, (), id="a-cent-left"),
        pytest.param(0, set(), (), id="nothing-held"),
    ],
)
def test_a_hold_in_force_is_released_when_its_condition_holds(
    owed: int, held: set[str], release: tuple[str, ...]
) -> None:
    assert on(holding(), past_due_with_disputed=owed, holds=frozenset(held)).release == release


# Credit limits.

RAISE = CreditLimitRule(id="raise", raise_pct=10, when=Compare("credit_used_pct", Op.AT_LEAST, 85))
CUT = CreditLimitRule(id="cut", lower_pct=25, when=Includes("placed_today", "credit"))
REVIEWED = holding(
    credit_limits=(CUT, RAISE),
    account_pauses=(AccountPause(id="quiet", when=Is("insolvent", (True,)), stops=frozenset({Stops.STAGES})),),
)


@pytest.mark.parametrize(
    ("changed", "limits"),
    [
        pytest.param({"credit_used_pct": 84}, (), id="below"),
        pytest.param({"credit_used_pct": 85}, ("raise",), id="at-the-number"),
        pytest.param({"credit_used_pct": None}, (), id="unknown-is-no-reason"),
        pytest.param({"credit_used_pct": 85, "late": False, "days_past_due": 0}, ("raise",), id="nothing-late"),
        pytest.param({"credit_used_pct": 85, "insolvent": True}, ("raise",), id="no-pause-silences-it"),
        pytest.param({"credit_used_pct": 85, "exception__pause": True}, ("raise",), id="nor-an-exception"),
        pytest.param(day(49) | OWES, (), id="the-day-before-the-hold"),
        pytest.param(day(50) | OWES, ("cut",), id="it-reads-the-hold-placed-today"),
        pytest.param(day(50) | OWES | {"credit_used_pct": 85}, ("cut", "raise"), id="every-rule-that-holds-in-order"),
    ],
)
def test_a_credit_limit_rule_asks_whenever_its_own_condition_holds(
    changed: dict[str, Value], limits: tuple[str, ...]
) -> None:
    assert on(REVIEWED, **changed).limits == limits


# The worklist.


def test_the_points_of_every_rule_that_holds_are_added_up() -> None:
    points = (
        Points(id="large", add=30, when=LARGE),
        Points(id="placed", add=20, when=Includes("placed_today", "credit")),
        Points(id="small", add=-5, when=Not(LARGE)),
    )
    policy = holding(worklist=points)
    assert on(policy, **day(50), **OWES).points == 50
    assert on(policy, **day(49), **OWES).points == 30
    assert on(policy, **day(49), **OWES, past_due=250_00).points == -5
