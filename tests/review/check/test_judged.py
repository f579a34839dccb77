"""What the checks say of generated policies, judged by trying every account; on clean ones they say nothing."""

from __future__ import annotations

from datetime import date

import pytest

from duly.review.check.catalogue import findings
from duly.review.check.looking import Looking
from tests.conftest import NIGHTLY
from tests.review.check.generated import generated, is_clean
from tests.review.check.judge import assert_inert, judged, told

DAY = date(2026, 11, 22)
MANY = 6_000 if NIGHTLY else 600
PARTS = 5

ARITHMETIC = frozenset({"rungs-too-close", "rungs-beyond-cap", "after-within-grace", "stages-same-day"})
"""Findings about days that stages name, which no account tells: these policies have none by how they are made."""


@pytest.mark.parametrize("part", range(PARTS))
def test_what_is_said_of_a_policy_is_what_all_its_accounts_say(part: int) -> None:
    """Whatever is said is so; of some policies, by night of every one, whatever is so is said, too."""
    for seed in range(part, MANY, PARTS):
        policy = generated(seed)
        looking = Looking(policy, DAY)
        said = findings(looking)
        if is_clean(seed):
            assert said == (), f"seed {seed}"
        if said or NIGHTLY or seed // PARTS % 20 == 0:
            assert told(said) == judged(policy), f"seed {seed}"
        assert not {p.rule for p in said} & ARITHMETIC, f"seed {seed}: {said}"
        if any(p.rule == "inert-condition" for p in said):
            assert_inert(policy, looking, seed)
