"""Putting right what can be put right without anybody's decision: `duly check --fix`.

A fix is made only where it is proved to decide nothing otherwise: every account that can
exist is treated alike before and after, by every policy that the file is part of. An
exception goes that has ended by the day, or under which its account is proved to be
decided as without it. A word in a file that could not be loaded is quoted where that
leaves nothing else to say about it. Everything else is left, however plain it looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from duly.language.edits import quoted, without
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.language.rewrite import Rewritten, read_back
from duly.review.check.looking import Looking
from duly.review.diff.meant import meant
from duly.source import Problem, Refused, Span

EDITS: Mapping[str, Callable[[str, Span], Iterator[str]]] = {
    "quote-it": quoted,
    **dict.fromkeys(
        (
            "expired-exception",
            "exception-without-effect",
            "inert-condition",
            "pause-never-holds",
            "tone-limit-never-lowers",
            "credit-limit-never-proposed",
            "points-never-given",
        ),
        without,
    ),
}
"""What is tried for a problem; the pages of these say that they can be fixed.

A sales rule that never asks is not among them: a request of former days may be open under its name.
"""


@dataclass(frozen=True, slots=True)
class Fixed:
    """The files as they shall stand, and the problems that are gone then."""

    files: tuple[Rewritten, ...] = ()
    problems: tuple[Problem, ...] = ()


def fixed(paths: Iterable[Path], problems: Iterable[Problem], day: date) -> Fixed:
    """The files of these paths with every problem fixed that can be; nothing is written.

    Of two problems in a file the lower one comes first, so that places above it stay what they were.
    """
    names = {path.as_posix(): path for path in paths}
    fixing = _Fixing(names, day)
    upwards = sorted((p for p in problems if p.span.file in names and p.rule in EDITS), key=_place, reverse=True)
    done = [problem for problem in upwards if fixing.fix(problem)]
    return Fixed(tuple(fixing.rewritten()), tuple(reversed(done)))


def _place(problem: Problem) -> Span:
    return problem.span


class _Fixing:
    """Files that are being fixed: their texts as they stand and as they have become."""

    def __init__(self, paths: Mapping[str, Path], day: date) -> None:
        self.paths = paths
        self.day = day
        self.before: dict[str, str] = {}
        self.after: dict[str, str] = {}
        self.policies = {name: self._loaded(name, {}) for name in paths}

    def fix(self, problem: Problem) -> bool:
        """Fix a problem where an edit is found that does no harm; say whether."""
        name = problem.span.file
        if name not in self.before:
            self.before[name] = read_back(self.paths[name]).decode("utf-8")
        now = self.after.get(name, self.before[name])
        if not _still_there(now, problem):
            return False
        for text in EDITS[problem.rule](now, problem.span):
            if self._harmless(name, text):
                self.after[name] = text
                return True
        return False

    def rewritten(self) -> Iterator[Rewritten]:
        """Every file that has become another one."""
        for name, text in sorted(self.after.items()):
            yield Rewritten(self.paths[name], self.before[name], text)

    def _harmless(self, changed: str, text: str) -> bool:
        """Say whether every policy that the file is part of treats everybody alike with this text."""
        texts = {**self.after, changed: text}
        for name, was in self.policies.items():
            if isinstance(was, Policy):
                if changed not in was.files:
                    continue
                now = self._loaded(name, texts)
                if not isinstance(now, Policy) or not self._alike(was, now):
                    return False
            elif not _less_said(was, self._loaded(name, texts), anything=name != changed):
                return False
        return True

    def _loaded(self, name: str, texts: Mapping[str, str]) -> Policy | tuple[Problem, ...]:
        try:
            return load_policy(self.paths[name], {file: text.encode("utf-8") for file, text in texts.items()})[0]
        except Refused as refused:
            return refused.problems

    def _alike(self, was: Policy, now: Policy) -> bool:
        gone = [one for one in was.exceptions if one not in now.exceptions]
        if [one for one in was.exceptions if one not in gone] != list(now.exceptions):
            return False
        looking = Looking(was, self.day)
        if not all(one.until < self.day or looking.solver.decides_alike_with(one) for one in gone):
            return False
        was, now = replace(was, exceptions=()), replace(now, exceptions=())
        return was == now or meant(was, now).is_equal


def _still_there(text: str, problem: Problem) -> bool:
    """Say whether an edit further on has left what the problem is about where it was."""
    lines = text.split("\n")
    until = problem.span.column - 1 + problem.span.length
    return problem.span.line <= len(lines) and lines[problem.span.line - 1][:until] == problem.line[:until]


def _less_said(was: tuple[Problem, ...], now: Policy | tuple[Problem, ...], *, anything: bool) -> bool:
    """Say whether of a file that could not be loaded nothing new is said now, and less unless `anything` will do."""
    left = () if isinstance(now, Policy) else now
    new = {(p.rule, p.span.line) for p in left} - {(p.rule, p.span.line) for p in was}
    return not new and (anything or len(left) < len(was))
