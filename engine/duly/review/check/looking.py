"""What the checks look at: a policy, the day, and what is asked of the solver once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from duly.book.book import Book
from duly.language.policy import Policy
from duly.review.check.page import page
from duly.source import Problem, Span

if TYPE_CHECKING:
    from duly.review.check.solver import Solver


@dataclass(frozen=True)
class Looking:
    """A policy that is looked at on a day, and the book it is for where that is known."""

    policy: Policy
    as_of: date
    book: Book | None = None

    @cached_property
    def solver(self) -> Solver:
        """The policy as formulas, made when the first check asks for it."""
        from duly.review.check.solver import Solver

        return Solver(self.policy)

    @cached_property
    def idle(self) -> frozenset[tuple[str, str, str]]:
        """The rules that can never act, by kind, id and ladder."""
        solver = self.solver
        return frozenset(one.key for one in solver.acting if solver.never(one.acts))

    def problem(self, name: str, span: Span, message: str, help_: str) -> Problem:
        """A problem at a place of the policy, as bad as its page says."""
        about = page(name)
        if about is None:
            raise ValueError(f"`{name}` has no page")
        lines = self.policy.lines.get(span.file, ())
        line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
        return Problem(name, span, message, help_, line, about.severity)


Found = Iterator[Problem]
"""What a check finds."""
