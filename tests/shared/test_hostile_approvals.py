"""Hostile approvals: four eyes are two people, whoever they say they are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from duly.plan.approvals import Approved, Waiting
from tests.approvals.building import BOTH, HERE, OCHRE, REFERRAL, UMBER, entered, ruled, standing
from tests.approvals.test_approve_command import PLAN, Team, team
from tests.shared.hostile import Case, cases, needs_hostile

__all__ = ["team"]

pytestmark = needs_hostile

CASES = {case.id: case for kind in ("journal", "compliance") for case in cases(kind)}


def hostile(id_: str) -> tuple[Case, dict[str, object]]:
    case = CASES[id_]
    return case, yaml.safe_load(Path(case.path).read_text(encoding="utf-8"))


def test_journal_017_an_approver_is_not_the_author(team: Team) -> None:
    case, trap = hostile("journal-017")
    assert trap["tamper"] == "approver == author"
    team.save("own.json", replace(PLAN, author="ochre"))
    result = team.approve("--as ochre --all --yes", file="own.json")
    assert result.exit_code == case.exit
    assert "[approver-is-author]" in result.output
    assert team.entries() == []
    # Also where the signature came into the journal while somebody else's plan was on the table.
    said = entered(ruled(OCHRE, REFERRAL), ruled(UMBER, REFERRAL))
    found = standing(said, REFERRAL, here=replace(HERE, author="ochre"))
    assert isinstance(found, Waiting)
    assert [wrong.reason for wrong in found.not_counted] == ["approver-is-author"]


@pytest.mark.parametrize("who", [OCHRE, BOTH], ids=["of-one-role", "who-has-both-roles"])
def test_compliance_027_two_approvals_are_not_one(team: Team, who: object) -> None:
    case, trap = hostile("compliance-027")
    assert (trap["approvals"], trap["needed"]) == (1, 2)
    person = getattr(who, "person", "")
    assert len(REFERRAL.approval) == trap["needed"]
    assert team.approve(f"--as {person} --only aaa --yes").exit_code == 0
    assert team.states()["a"] == "waiting"
    assert team.approve(f"--as {person} --only aaa --yes").exit_code == case.exit
    assert team.states()["a"] == "waiting"
    assert not isinstance(standing(entered(ruled(who, REFERRAL)), REFERRAL), Approved)  # type: ignore[arg-type]
