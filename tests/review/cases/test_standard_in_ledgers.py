"""What only a ledger can show of the standard policy: grace, small invoices, disputes, resets, the days of sales."""

from __future__ import annotations

from pathlib import Path

import pytest

from duly.review.cases.case import Case
from duly.review.cases.load import load_cases
from duly.review.cases.run import Runner
from tests.review.cases.written import standard, told

POLICY = standard()
CASES = load_cases(Path(__file__).with_name("standard_in_ledgers.cases.yaml"), POLICY)
RUNNER = Runner(POLICY)


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_the_standard_policy_does_what_its_ledgers_expect(case: Case) -> None:
    assert told(RUNNER.run(case).findings) == []
