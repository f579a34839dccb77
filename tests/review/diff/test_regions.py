"""Whom a change touches: regions that are disjoint, leave nobody out, and take nobody in who is treated alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from duly.book.connection import Connection, connect
from duly.language.conditions import All, Compare, Facts, Is, Op
from duly.language.invariants import invariants, is_true_of
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.language.reads import fact_columns
from duly.language.vocabulary import ACCOUNT_FACTS, Type
from duly.reports.regions import change, who
from duly.review.diff.aspects import Aspect, Aspects, Kind, Way
from duly.review.diff.meant import meant
from duly.review.diff.regions import Region, Regions, regions
from duly.review.prove.symbols import NUMERIC
from duly.rules import meaning
from duly.rules.decision import NONE
from tests.conftest import NIGHTLY
from tests.review.diff.held_against import contradictions
from tests.review.diff.pairs import load, pair
from tests.review.test_diff import edited

STANDARD = load_policy(Path("policies/standard.yaml"))[0]

PAIRS, ACCOUNTS = (2_000, 10_000) if NIGHTLY else (200, 2_000)
SHARDS = 8
MOST = 6
"""Regions of one thing: an edit that changes everything is told in part, and says so."""


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with connect() as connection:
        connection.expect_few_rows()
        yield connection


@pytest.mark.parametrize("shard", range(SHARDS))
def test_no_account_contradicts_what_is_said_of_a_change(shard: int, connection: Connection) -> None:
    counted = dict.fromkeys(("equal", "complete", "told in part"), 0)
    for seed in range(shard, PAIRS, SHARDS):
        old, new = pair(seed)
        found = regions(old, new, most=MOST)
        load(connection, [old, new], ACCOUNTS, seed)
        assert list(contradictions(connection, old, new, found)) == [], seed
        counted["equal" if not found.found else "complete" if found.is_complete else "told in part"] += 1
    assert counted["equal"]
    # Only of what is told whole it is asked that nobody else is treated otherwise, so enough must be.
    assert counted["complete"] > sum(counted.values()) / 2, counted


# The law sees what it is there for.


def _wider(region: Region) -> Region:
    assert isinstance(region.condition, All)
    return replace(region, condition=All(region.condition.parts[1:]))


PLANTED: dict[str, Callable[[tuple[Region, ...]], tuple[Region, ...]]] = {
    "a region too large": lambda found: (_wider(found[0]), *found[1:]),
    "a region lost": lambda found: found[1:],
    "a region twice": lambda found: (*found, found[0]),
    "all regions lost": lambda found: (),  # noqa: ARG005  (one fault beside the others)
}


@pytest.mark.parametrize("fault", PLANTED)
def test_regions_that_are_wrong_are_contradicted(fault: str, connection: Connection) -> None:
    old, _ = pair(0)
    first, *rest = old.segments
    new = replace(old, segments=(replace(first, when=Compare("annual_sales", Op.AT_LEAST, 500_000_00)), *rest))
    new = replace(new, worklist=(replace(new.worklist[0], add=30),))
    load(connection, [old, new], ACCOUNTS, 0)
    found = regions(old, new)
    assert found.is_complete
    assert list(contradictions(connection, old, new, found)) == []
    wrong = Regions(PLANTED[fault](found.found))
    assert list(contradictions(connection, old, new, wrong))


# On a small domain, by enumeration.

VALUES: dict[str, tuple[int | str | bool | None, ...]] = {
    "days_past_due": (0, 4, 13, 14, 15, 16, 44, 45, 60),
    "past_due": (0, 49_99, 50_00, 250_00, 250_01, 5_000_00),
    "relationship": ("fragile", "normal"),
    "promise": ("open", NONE),
    "days_since__courtesy": (None, 0, 10),
    "annual_sales": (0, 1_000_000_00),
}


def _every_account(policies: tuple[Policy, Policy]) -> Iterator[Facts]:
    """Every account that can exist with these values, everything else as plain as it can be."""
    plain: dict[str, int | str | bool | frozenset[str] | None] = {
        fact.name: frozenset() for fact in ACCOUNT_FACTS if fact.type is Type.SET
    }
    for column in (column for policy in policies for column in fact_columns(policy) if not column.member):
        if column.unknown:
            plain[column.name] = None
        elif column.type is Type.YES_NO:
            plain[column.name] = column.name == "contact_day"
        elif column.type in NUMERIC:
            plain[column.name] = 0
        else:
            plain[column.name] = "" if column.name == "exception__ladder" else NONE
    known = [invariant for policy in policies for invariant in invariants(policy)]
    for values in product(*VALUES.values()):
        facts = {**plain, **dict(zip(VALUES, values, strict=True))}
        days, owed, sent = facts["days_past_due"], facts["past_due"], facts["days_since__courtesy"]
        facts |= {"late": bool(days), "late_count": int(bool(days)), "late_count_with_disputed": int(bool(days))}
        facts |= {"open_count": 1, "open_amount": owed, "past_due_with_disputed": owed, "largest_late": 0}
        facts |= {"promises_open": int(facts["promise"] == "open"), "clock__due_date__days": days or None}
        facts |= {"times__courtesy": int(sent is not None), "days_since_stage": sent, "days_since_last_stage": sent}
        facts["clock__previous_stage__days"] = sent
        if all(is_true_of(invariant, facts) for invariant in known):
            yield facts


SMALL = [
    pytest.param((("      after: {days: 15}\n", "      after: {days: 14}\n"),), id="a stage a day earlier"),
    pytest.param((("account: 50.00}", "account: 250.00}"),), id="a larger account is too small"),
    pytest.param(
        (
            (
                "    at_most: friendly\n    agreed_with: sales\n  in_",
                "    at_most: courteous\n    agreed_with: sales\n  in_",
            ),
        ),
        id="a lower tone limit",
    ),
    pytest.param(
        (("    account: {promise: open}\n", "    account: {promise: open, past_due: {at_most: 250}}\n"),),
        id="a pause for small sums alone",
    ),
]


@pytest.mark.parametrize("edits", SMALL)
def test_on_a_small_domain_the_regions_are_exactly_who_is_treated_differently(
    edits: tuple[tuple[str, str], ...], tmp_path: Path
) -> None:
    new = edited(tmp_path, *edits)
    found = regions(STANDARD, new)
    assert found.is_complete
    aspects = Aspects(STANDARD, new)
    touched = 0
    for facts in _every_account((STANDARD, new)):
        one, other = (meaning.decide(policy, facts) for policy in (STANDARD, new))
        inside = found.of(STANDARD, new, facts, one)
        assert len(inside) == len({region.aspect for region in inside})
        assert {region.aspect: region.pair for region in inside} == aspects.differences(one, other)
        touched += bool(inside)
    assert touched


# In words.


def told(new: Policy) -> list[tuple[str, str, str]]:
    return [(r.way.value, change(r), who(r.condition, "USD")) for r in regions(STANDARD, new).found]


def test_a_region_says_who_in_plain_words(tmp_path: Path) -> None:
    new = edited(tmp_path, ("      after: {days: 15}\n", "      after: {days: 12}\n"))
    assert told(new)[0] == (
        "stricter",
        "nothing → `reminder` (friendly)",
        (
            "customers: 12 to 14 days past due, standing on `courtesy`, not paused, at least 50.00 USD past due, "
            "with room under the contact cap, the last stage long enough ago, with no outcome open"
        ),
    )


def test_a_segment_leads(tmp_path: Path) -> None:
    new = edited(tmp_path, ("    at_most: firm\n", "    at_most: stern\n"))
    assert told(new) == [
        (
            "stricter",
            "`demand` (firm) → `demand` (stern)",
            (
                "`strategic` customers, to whom `demand` is proposed, at most 59 days past due, "
                "`relationship` `normal` or `strong`, not in financial difficulty"
            ),
        )
    ]


def test_another_template_is_a_difference_though_every_decision_is_the_same(tmp_path: Path) -> None:
    new = edited(tmp_path, ("      send: {letter: final_notice}\n", "      send: {email: final_notice}\n"))
    found = meant(STANDARD, new)
    assert set(found.witnesses) == {Way.DIFFERENT}
    assert {change(region) for region in found.regions.found} == {
        "`final_notice` (final), carried out otherwise",
        "`final_notice` (friendly), carried out otherwise",
    }


def test_what_is_told_in_part_says_so_and_still_proves_the_ways_that_nobody_is_treated() -> None:
    ladder = STANDARD.ladders[0]
    stages = tuple(
        replace(s, after=replace(s.after, number=s.after.number + 3)) if s.after else s for s in ladder.stages
    )
    found = meant(STANDARD, replace(STANDARD, ladders=(replace(ladder, stages=stages),)), most=2)
    assert not found.regions.is_complete
    assert Aspect(Kind.STEP) in found.regions.unfinished
    assert Way.SOFTER in found.witnesses
    assert not found.is_equal


def test_whose_exception_changed_is_named_and_the_rest_is_proved() -> None:
    from datetime import date

    from duly.language.policy import Exception_

    exception = Exception_(account="C-1", until=date(2030, 1, 1), agreed_with="sales", tone_at_most="friendly")
    found = meant(STANDARD, replace(STANDARD, exceptions=(exception,)))
    assert found.accounts == ("C-1",)
    assert found.is_equal_on_equal_facts
    assert not found.is_equal


def test_the_same_question_has_the_same_answer(tmp_path: Path) -> None:
    new = edited(tmp_path, ("  climb: one_step ", "  climb: highest "))
    first, second = (regions(STANDARD, new, most=3) for _ in range(2))
    assert first == second


def test_a_limit_for_all_reads_everybody() -> None:
    assert who(All(()), "USD") == "everybody"
    assert who(All((Is("segment", ("new", "standard")),)), "USD") == "`new` or `standard` customers"
