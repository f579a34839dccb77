"""Whatever becomes of a policy's text, it is loaded or refused with reasons."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from duly.language.load import load_policy
from duly.reports.problems import as_text
from duly.source import Problem, Refused
from tests.language.policies import STANDARD

TEXT = STANDARD.read_text(encoding="utf-8")
LINES = TEXT.splitlines()

stretches = st.tuples(st.integers(0, len(TEXT)), st.integers(0, 40))
splices = st.tuples(stretches, st.one_of(stretches, st.sampled_from(["{}", "[]", "''", "no", "-1", "x: ", "\n", ": "])))


def spliced(splice: tuple[tuple[int, int], tuple[int, int] | str]) -> str:
    """The policy with a stretch replaced by another stretch of it, or by something else."""
    (at, length), other = splice
    middle = other if isinstance(other, str) else TEXT[other[0] : other[0] + other[1]]
    return TEXT[:at] + middle + TEXT[at + length :]


def swapped(lines: tuple[int, int]) -> str:
    """The policy with two of its lines exchanged."""
    text = list(LINES)
    first, second = lines
    text[first], text[second] = text[second], text[first]
    return "\n".join(text) + "\n"


line = st.integers(0, len(LINES) - 1)


@given(st.one_of(splices.map(spliced), st.tuples(line, line).map(swapped)))
def test_a_damaged_policy_is_loaded_or_refused_with_reasons(text: str) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text(text, encoding="utf-8")
        problems: tuple[Problem, ...] = ()
        try:
            load_policy(path)
        except Refused as refused:
            problems = refused.problems
            assert problems
    for problem in problems:
        assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", problem.rule)
        assert 1 <= problem.span.line <= text.count("\n") + 1
        assert problem.span.column >= 1
        assert problem.help
        assert not re.search(r"\b(str|int|dict|tuple|NoneType|bool)\b", problem.message)
    assert "Traceback" not in as_text(problems)
