"""Who answers for what, in plain words, as a table and for programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from duly.messages.tables import columns
from duly.reports import problems as problem_report
from duly.reports.terminal import defused, printable
from duly.team.duties import MEANING, Duties, How, Obligation, PersonsDuties

VERB: Mapping[How, str] = {
    How.ACCOUNTABLE: "answers for",
    How.CONSULTED: "is asked before about",
    How.INFORMED: "is told after about",
}

HEADER = ("person", "name", "role", "duty", "how", "segments", "but_for", "customers", "meaning")


def as_text(duties: Duties, person: str = "") -> Iterator[str]:
    """Who does what: a paragraph a role, or a person where a book was asked; `person` alone where there is one."""
    title = f", {printable(duties.title)}" if duties.title else ""
    yield f"Who answers for what by `{printable(duties.policy)}`{title}"
    if duties.people:
        for one in duties.people:
            if person in {"", one.person.id}:
                yield ""
                yield from _person(one)
        return
    for role, those in duties.roles.items():
        yield ""
        yield role.replace("_", " ")
        yield from columns((f"  {VERB[one.how]}", one.duty, _whom(one), _meaning(one)) for one in those)


def _person(one: PersonsDuties) -> Iterator[str]:
    person = one.person
    name = f"{printable(person.name)} " if person.name else ""
    yield f"{name}({printable(person.id)}), {person.role.replace('_', ' ')}"
    if one.away:
        until = f" until {person.away_until}" if person.away_until else ""
        yield f"  is away{until}; " + (f"{printable(one.stand_in)} stands in" if one.stand_in else "nobody stands in")
    if one.stands_in_for:
        yield f"  stands in for {', '.join(map(printable, one.stands_in_for))}"
    if not one.parts:
        yield "  has no duty in this policy"
    own = person.role
    yield from columns(
        (
            f"  {VERB[part.obligation.how]}",
            part.obligation.duty + ("" if part.role == own else f" (as {part.role.replace('_', ' ')})"),
            f"{_whom(part.obligation)}: {len(part.customers):,}",
            _meaning(part.obligation),
        )
        for part in one.parts
    )


def _whom(one: Obligation) -> str:
    if one.segments:
        return f"{', '.join(one.segments)} customers"
    return f"all customers but {', '.join(one.but_for)}" if one.but_for else "all customers"


def _meaning(one: Obligation) -> str:
    if one.how is not How.ACCOUNTABLE:
        return ""
    because = f" ({printable(one.because)})" if one.because else ""
    return f"sees to it that {MEANING[one.duty]}{because}"


def as_csv(duties: Duties, person: str = "") -> Iterator[str]:
    """A row an obligation, of people where a book was asked and of roles where not."""
    yield _line(HEADER)
    if not duties.people:
        for role, those in duties.roles.items():
            for one in those:
                yield _line(("", "", role, *_cells(one), "", MEANING[one.duty]))
        return
    for of in duties.people:
        if person in {"", of.person.id}:
            for part in of.parts:
                who = (defused(of.person.id), defused(of.person.name), part.role)
                cells = _cells(part.obligation)
                yield _line((*who, *cells, str(len(part.customers)), MEANING[part.obligation.duty]))


def _cells(one: Obligation) -> tuple[str, ...]:
    return one.duty, one.how.value, " ".join(one.segments), " ".join(one.but_for)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def as_record(duties: Duties, person: str = "") -> dict[str, Any]:
    """All of it as plain JSON."""
    return {
        "policy": duties.policy,
        "roles": {role: [_record(one) for one in those] for role, those in duties.roles.items()},
        "people": [
            {
                "person": one.person.id,
                "name": one.person.name,
                "role": one.person.role,
                "away": one.away,
                "stand_in": one.stand_in or None,
                "stands_in_for": list(one.stands_in_for),
                "duties": [
                    {"role": part.role, **_record(part.obligation), "customers": list(part.customers)}
                    for part in one.parts
                ],
            }
            for one in duties.people
            if person in {"", one.person.id}
        ],
        "problems": problem_report.as_records(duties.problems),
    }


def _record(one: Obligation) -> dict[str, Any]:
    return {
        "duty": one.duty,
        "how": one.how.value,
        "segments": list(one.segments),
        "but_for": list(one.but_for),
        "because": one.because,
        "meaning": MEANING[one.duty],
    }
