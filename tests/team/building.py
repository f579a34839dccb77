"""Teams and policies to test with, built as values."""

from __future__ import annotations

from datetime import date
from typing import Any

from duly.language.policy import Duty, NamedPair, Policy, Segment, Together
from duly.source import Problem, Span
from duly.team.people import Person, Served, Team

DAY = date(2026, 3, 31)


def place(row: int) -> Span:
    """A row of a file."""
    return Span("people.csv", row, 1)


def seller(id_: str, region: str = "", **more: Any) -> Person:  # noqa: ANN401
    return Person(id_, "salesperson", region=region, **more)


def collector(id_: str, region: str = "", **more: Any) -> Person:  # noqa: ANN401
    return Person(id_, "collector", region=region, **more)


def team(*people: Person, customers: tuple[Served, ...] = ()) -> Team:
    return Team(tuple(sorted(people, key=lambda person: person.id)), customers)


def pairing(by: str, **names: str) -> Policy:
    """A policy that pairs people so; by name, salesperson and collector."""
    pairs = tuple(NamedPair(salesperson=a, collector=b, span=Span("p.yaml", 5, 7)) for a, b in names.items())
    return Policy(id="p", currency="USD", together=Together(pair_by=by, pairs=pairs))


def responsible(*duties: Duty, segments: tuple[str, ...] = ("all",)) -> Policy:
    """A policy in which these duties are given."""
    return Policy(
        id="p", currency="USD", segments=tuple(Segment(id=segment) for segment in segments), responsible=duties
    )


def rules(problems: tuple[Problem, ...]) -> list[str]:
    return [problem.rule for problem in problems]
