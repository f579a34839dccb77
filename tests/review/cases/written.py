"""Cases as they are written, of a policy in the tests or of the standard one."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

from duly.language.load import CANNOT_BE_LOADED, load_policy
from duly.language.policy import Policy
from duly.review.cases.case import Case
from duly.review.cases.load import read_cases
from duly.review.cases.run import Finding, Result, run
from duly.source import Problem, Refused
from tests.language.policies import STANDARD, marked

FILE = "standard.cases.yaml"


def standard() -> Policy:
    """The standard policy."""
    policy, _ = load_policy(STANDARD)
    return policy


def policy_of(text: str, folder: Path) -> Policy:
    """The policy that the text says."""
    path = folder / "written.yaml"
    path.write_text(text, encoding="utf-8")
    policy, _ = load_policy(path)
    return policy


def written(case: str) -> str:
    """A file with one case, `one`, of which the text says what it has."""
    return "duly_cases: 1\ncases:\n  one:\n" + indent(dedent(case), "    ")


def case_of(case: str, policy: Policy) -> Case:
    """The one case that the text says."""
    (only,) = read_cases(written(case).encode(), FILE, policy)
    return only


def result_of(case: str, policy: Policy) -> Result:
    """What becomes of the one case that the text says."""
    return run(policy, case_of(case, policy))


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    """What is otherwise than expected: about what, what was expected, what was found."""
    return [(finding.about, finding.expected, finding.found) for finding in findings]


def refused(text: str, policy: Policy) -> tuple[Problem, ...]:
    """What is wrong with a file of cases."""
    with pytest.raises(Refused) as raised:
        read_cases(text.encode(), FILE, policy)
    assert raised.value.exit_code == CANNOT_BE_LOADED
    return raised.value.problems


def refused_at_the_mark(text: str, policy: Policy) -> Problem:
    """The one thing that is wrong with a file, at its mark or, where nothing is marked, at the case's name."""
    at = marked(text if "«" in text else text.replace("one:", "«one»:", 1))
    (problem,) = refused(at.text, policy)
    assert (problem.span.line, problem.span.column) == (at.line, at.column), problem
    return problem
