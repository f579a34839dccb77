"""What would keep a plan from being carried out, with every boundary from both sides."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from duly.language.policy import Fuse, Limits, Policy
from duly.plan.stops import Cycle, Past, stops, stops_today

CALM = Cycle(
    as_of=date(2026, 3, 31),
    with_open_items=100,
    with_new_stage=10,
    first=False,
    newest_record=date(2026, 3, 30),
    last_executed=date(2026, 3, 24),
)


def policy(**fuse: object) -> Policy:
    set_ = {"new_stage_share_pct": 25, "not_below_customers": 20, "data_not_older_than_days": 2, **fuse}
    return Policy(id="fused", currency="USD", limits=Limits(fuse=Fuse(**set_)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, [], id="a-calm-cycle"),
        pytest.param({"with_new_stage": 25}, [], id="just-the-share"),
        pytest.param({"with_new_stage": 26}, ["fuse-new-stage-share"], id="one-more-than-the-share"),
        pytest.param({"with_open_items": 30, "with_new_stage": 19}, [], id="too-few-customers-for-the-fuse"),
        pytest.param(
            {"with_open_items": 30, "with_new_stage": 20}, ["fuse-new-stage-share"], id="enough-customers-for-the-fuse"
        ),
        pytest.param({"newest_record": date(2026, 3, 29)}, [], id="two-days-old"),
        pytest.param({"newest_record": date(2026, 3, 28)}, ["data-too-old"], id="three-days-old"),
        pytest.param({"newest_record": None}, [], id="no-record-has-a-day"),
        pytest.param({"last_executed": date(2026, 3, 31)}, [], id="executed-on-the-day"),
        pytest.param({"last_executed": date(2026, 4, 1)}, ["day-before-last-run"], id="executed-after-the-day"),
    ],
)
def test_a_plan_is_stopped_beyond_a_bound_and_not_at_it(change: dict[str, object], expected: list[str]) -> None:
    found = stops(policy(), replace(CALM, **change))  # type: ignore[arg-type]
    assert [problem.rule for problem in found] == expected


@pytest.mark.parametrize(
    ("unlimited", "expected"),
    [pytest.param(True, [], id="unlimited"), pytest.param(False, ["fuse-new-stage-share"], id="limited")],
)
def test_the_first_cycle_has_no_fuse_where_the_policy_says_so(unlimited: bool, expected: list[str]) -> None:  # noqa: FBT001  (a case of the table)
    first = replace(CALM, first=True, with_new_stage=90)
    assert [problem.rule for problem in stops(policy(first_cycle_unlimited=unlimited), first)] == expected


def test_a_policy_without_a_fuse_stops_nothing() -> None:
    cycle = replace(CALM, with_new_stage=100, newest_record=date(2020, 1, 1))
    assert stops(Policy(id="unfused", currency="USD"), cycle) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"most_for_one": 20}, [], id="just-as-many-as-one-customer-may-get"),
        pytest.param({"most_for_one": 21}, ["too-many-for-one-customer"], id="one-more"),
        pytest.param({"harsh": 60, "past": (Past(100, 20),)}, [], id="three-times-the-harsh-letters"),
        pytest.param({"harsh": 61, "past": (Past(100, 20),)}, ["harsh-letters-grow"], id="one-more-than-three-times"),
        pytest.param({"harsh": 19, "past": (Past(100, 0),)}, [], id="too-few-harsh-letters-to-tell"),
        pytest.param({"harsh": 20, "past": (Past(100, 0),)}, ["harsh-letters-grow"], id="enough-harsh-letters-to-tell"),
        pytest.param({"harsh": 60, "past": (Past(100, 20), Past(100, 1))}, [], id="any-of-the-last-cycles-counts"),
        pytest.param(
            {"harsh": 60, "past": (Past(100, 20), *[Past(100, 1)] * 3)}, ["harsh-letters-grow"], id="but-no-older-one"
        ),
        pytest.param({"harsh": 500}, [], id="no-cycle-before"),
        pytest.param({"with_open_items": 50, "past": (Past(100, 0),)}, [], id="shrunk-to-half"),
        pytest.param(
            {"with_open_items": 49, "past": (Past(100, 0),)}, ["portfolio-out-of-proportion"], id="to-less-than-half"
        ),
        pytest.param({"with_open_items": 200, "past": (Past(100, 0),)}, [], id="grown-to-the-double"),
        pytest.param(
            {"with_open_items": 201, "past": (Past(100, 0),)}, ["portfolio-out-of-proportion"], id="beyond-the-double"
        ),
        pytest.param({"with_open_items": 0, "past": (Past(19, 0),)}, [], id="too-small-a-portfolio-to-tell"),
        pytest.param(
            {"with_open_items": 0, "past": (Past(20, 0),)}, ["portfolio-out-of-proportion"], id="gone-altogether"
        ),
    ],
)
def test_some_bounds_hold_whatever_the_policy_says(change: dict[str, object], expected: list[str]) -> None:
    cycle = replace(CALM, with_new_stage=0, **change)  # type: ignore[arg-type]
    assert [problem.rule for problem in stops(Policy(id="without", currency="USD"), cycle)] == expected


@pytest.mark.parametrize(
    ("actions", "expected"),
    [pytest.param(10_000, [], id="just-as-many"), pytest.param(10_001, ["fuse-actions"], id="one-more")],
)
def test_the_fuse_bounds_the_actions(actions: int, expected: list[str]) -> None:
    cycle = replace(CALM, actions=actions)
    assert [problem.rule for problem in stops(policy(actions_at_most=10_000), cycle)] == expected


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        pytest.param(date(2026, 3, 28), [], id="three-days-before"),
        pytest.param(date(2026, 3, 27), ["day-far-from-today"], id="four-days-before"),
        pytest.param(date(2026, 4, 3), [], id="three-days-after"),
        pytest.param(date(2026, 4, 4), ["day-far-from-today"], id="four-days-after"),
        pytest.param(date(2027, 3, 31), ["day-far-from-today"], id="a-year-off"),
    ],
)
def test_a_plan_is_carried_out_about_its_own_day(today: date, expected: list[str]) -> None:
    assert [problem.rule for problem in stops_today(date(2026, 3, 31), today)] == expected
