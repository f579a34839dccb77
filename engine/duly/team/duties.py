"""Who answers for what: the policy's `responsible:` as obligations of roles and of people.

Exactly one role is accountable for a duty that a policy hands out, in every segment.
One that nobody holds is an error, and so is one that the book's people make two
hold, or nobody. Asked and told roles are what they say and never a second owner.

A segment's own entry says all there is about the duty in that segment; nothing is
taken over from the entry for everybody else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from types import MappingProxyType

from duly.language.policy import ASK_NOTHING, CONTACT_TASKS, Duty, Policy
from duly.language.schema import ROLES
from duly.source import NOWHERE, Problem, Severity, Span, in_order
from duly.team.people import Person, Served, Team

MEANING: Mapping[str, str] = MappingProxyType(
    {
        "reminders": "reminders and letters go out as agreed, and what comes back is read",
        "calls": "late customers are called, and what they say is written down",
        "pull_in": "every request to sales is answered in time",
        "disputes": "what a customer contests is looked into and settled",
        "holds": "accounts are put on hold and released at the right time",
        "limits": "credit limits fit the customer",
        "referral": "customers go to an agency or a court only when all else has failed",
        "statements": "customers get their statements, and they are right",
    }
)
"""What each duty is about, as the rest of a sentence that begins with who sees to it."""

MOST_NAMED = 5
"""So many customers are named in a problem; the rest are counted."""


class How(Enum):
    """What a role has to do with a duty."""

    ACCOUNTABLE = "accountable"
    CONSULTED = "consulted"
    INFORMED = "informed"


@dataclass(frozen=True, slots=True)
class Obligation:
    """What a role has to do with a duty, in which segments; `segments` is empty where it is all of them."""

    duty: str
    how: How
    segments: tuple[str, ...] = ()
    but_for: tuple[str, ...] = ()
    because: str = ""
    span: Span = field(default=NOWHERE, compare=False)

    def holds_in(self, segment: str) -> bool:
        """Say whether it concerns customers of the segment; an empty one is that of customers without an account."""
        return segment in self.segments if self.segments else segment not in self.but_for


@dataclass(frozen=True, slots=True)
class Part:
    """An obligation of a person, by which role, with the customers that it concerns."""

    role: str
    obligation: Obligation
    customers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonsDuties:
    """What one person answers for, is asked about and told of; absences beside it."""

    person: Person
    parts: tuple[Part, ...]
    away: bool = False
    stand_in: str = ""
    stands_in_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Duties:
    """Who does what by a policy: by role, and by person where a book was asked."""

    policy: str
    title: str
    roles: Mapping[str, tuple[Obligation, ...]]
    people: tuple[PersonsDuties, ...] = ()
    problems: tuple[Problem, ...] = ()


# By role.


def obligations(policy: Policy, role: str) -> tuple[Obligation, ...]:
    """What the policy asks of a role, in the order of the duties, accountable first."""
    return tuple(found for how in How for duty in policy.responsible if (found := _obligation(policy, duty, role, how)))


def _obligation(policy: Policy, duty: Duty, role: str, how: How) -> Obligation | None:
    own = {part.id: part for part in duty.by_segment}
    segments = [segment.id for segment in policy.segments]
    inside = tuple(id_ for id_ in segments if role in _roles(own.get(id_, duty), how))
    if not inside:
        return None
    outside = tuple(id_ for id_ in segments if id_ not in inside)
    because, span = duty.because, duty.span
    if not outside:
        return Obligation(duty.id, how, because=because, span=span)
    if role in _roles(duty, how):
        return Obligation(duty.id, how, but_for=outside, because=because, span=span)
    part = own[inside[0]]
    return Obligation(duty.id, how, segments=inside, because=part.because or because, span=part.span)


def _roles(duty: Duty, how: How) -> tuple[str, ...]:
    match how:
        case How.ACCOUNTABLE:
            return (duty.accountable,)
        case How.CONSULTED:
            return duty.consulted
        case How.INFORMED:
            return duty.informed


def duty_problems(policy: Policy) -> tuple[Problem, ...]:
    """What is wrong with who answers for what: a duty that the policy hands out and nobody holds, a role named twice.

    A policy that says nothing of it at all is warned of once.
    """
    if not policy.responsible:
        message = "the policy does not say who answers for what"
        help_ = "write `responsible`, or extend one of `ar-owned.yaml`, `sales-owned.yaml` and `blended.yaml`"
        return (Problem("no-duties", policy.span, message, help_, severity=Severity.WARNING),)
    held = {duty.id for duty in policy.responsible}
    place = policy.places.get("/responsible", policy.span)
    problems = [
        _placed(
            policy,
            "duty-without-owner",
            span if span.file else place,
            f"nobody answers for `{duty}`, and {why}",
            f"write `{duty}: {{accountable: …}}` under `responsible`",
        )
        for duty, why, span in _handed_out(policy)
        if duty not in held
    ]
    for duty in policy.responsible:
        for part in (duty, *duty.by_segment):
            problems += _named_twice(policy, duty, part)
    return in_order(problems)


def _handed_out(policy: Policy) -> Iterator[tuple[str, str, Span]]:
    """The duties that the policy hands out, each with what makes it one and where that stands."""
    stages = tuple(policy.stages())
    for stage in (s for s in stages if s.send or s.without_email):
        yield "reminders", f"stage `{stage.id}` sends one", stage.span
        break
    for stage in (s for s in stages if any(task.task in CONTACT_TASKS for task in s.tasks)):
        yield "calls", f"stage `{stage.id}` asks for one", stage.span
        break
    for rule in (r for r in policy.sales if r.ask != ASK_NOTHING):
        yield "pull_in", f"rule `{rule.id}` asks sales", rule.span
        break
    yield "disputes", "customers contest invoices whatever a policy says", NOWHERE
    for hold in policy.holds[:1]:
        yield "holds", f"there is a hold `{hold.id}`", hold.span
    for limit in policy.credit_limits[:1]:
        yield "limits", f"rule `{limit.id}` proposes some", limit.span
    for stage in (s for s in stages if s.action == "refer_to_agency"):
        yield "referral", f"stage `{stage.id}` is one", stage.span
        break
    for rhythm in (policy.together.weekly, policy.together.monthly):
        if rhythm and "customer_statement_naming_salesperson" in rhythm.send:
            yield "statements", "they are sent", rhythm.span
            break


def _named_twice(policy: Policy, duty: Duty, part: Duty) -> Iterator[Problem]:
    for how in (How.CONSULTED, How.INFORMED):
        if part.accountable in _roles(part, how):
            where = "" if part is duty else f" in `{part.id}`"
            yield _placed(
                policy,
                "role-twice",
                policy.places.get(f"{part.path}/{how.value}", part.span),
                f"`{part.accountable}` answers for `{duty.id}`{where} and is {how.value} by itself",
                f"take it out of `{how.value}`",
            )
    for role in sorted({*part.consulted} & {*part.informed}):
        yield _placed(
            policy,
            "role-twice",
            policy.places.get(f"{part.path}/informed", part.span),
            f"`{role}` is asked before and told after about `{duty.id}`",
            "whoever is asked before knows; take it out of `informed`",
        )


def _placed(policy: Policy, rule: str, span: Span, message: str, help_: str) -> Problem:
    lines = policy.lines.get(span.file, ())
    return Problem(rule, span, message, help_, lines[span.line - 1] if 0 < span.line <= len(lines) else "")


# By person.


def duties_of(policy: Policy) -> Duties:
    """Who does what by the policy alone."""
    roles = {role: found for role in ROLES if (found := obligations(policy, role))}
    return Duties(policy.id, policy.title, MappingProxyType(roles), problems=duty_problems(policy))


def persons_duties(policy: Policy, team: Team, as_of: date, segments: Mapping[str, str]) -> Duties:
    """Who does what by the policy with the people of a book; `segments` has each customer's, as far as there is one.

    Whoever has no role in a customer has none of its duties: a duty is held by the
    customer's own salesperson and collector, and by the managers above them.
    """
    said = duties_of(policy)
    holders = {role: {c.id: holders_of(team, role, c) for c in team.customers} for role in ROLES}
    serves = {role: _by_holder(those) for role, those in holders.items()}
    people = []
    for person in team.people:
        parts = tuple(
            Part(role, one, tuple(id_ for id_ in mine if one.holds_in(_segment(team, segments, id_))))
            for role in ROLES
            for mine in (serves[role].get(person.id, []),)
            # A manager may sell to a customer, or collect from it, like one of the team.
            if mine or role == person.role
            for one in said.roles.get(role, ())
        )
        cover = team.stand_in(person, as_of)
        people.append(
            PersonsDuties(
                person=person,
                parts=parts,
                away=person.is_away(as_of),
                stand_in=cover.id if cover and cover != person else "",
                stands_in_for=tuple(one.id for one in team.stands_in_for(person, as_of)),
            )
        )
    found = (*said.problems, *_held_by_people(policy, team, segments, holders), *team.problems(as_of))
    return Duties(said.policy, said.title, said.roles, tuple(people), in_order(found))


def holders_of(team: Team, role: str, customer: Served) -> tuple[str, ...]:
    """Whoever has the role for a customer: its own person, the manager above that person, or all who have the role.

    One is as it should be; none or several is for `persons_duties` to say.
    """
    if role in {"salesperson", "collector"}:
        own = customer.salesperson if role == "salesperson" else customer.collector
        return (own,) if own in team.by_id else ()
    seen: set[str] = set()
    here = customer.salesperson if role == "sales_manager" else customer.collector
    while (person := team.by_id.get(here)) and here not in seen:
        if person.role == role:
            return (here,)
        seen.add(here)
        here = person.manager
    return tuple(person.id for person in team.with_role(role))


def _by_holder(holders: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for customer, those in holders.items():
        for person in those:
            found.setdefault(person, []).append(customer)
    return found


def _segment(team: Team, segments: Mapping[str, str], customer: str) -> str:
    return segments.get(customer) or segments.get(team.customer(customer).payer, "")


def _held_by_people(
    policy: Policy, team: Team, segments: Mapping[str, str], holders: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> Iterator[Problem]:
    """Duties that nobody holds for some customers, or several people do: one problem a role and reason."""
    for role in ROLES:
        owned = [o for o in obligations(policy, role) if o.how is How.ACCOUNTABLE]
        if not owned:
            continue
        if not team.with_role(role) and not any(holders[role].values()):
            yield _placed(
                policy,
                "duty-without-person",
                owned[0].span,
                f"nobody in the book is a {role}, who answers for {_and(o.duty for o in owned)}",
                f"bring a person with the role `{role}`",
            )
            continue
        for several in (False, True):
            wrong = [
                customer
                for customer in team.customers
                if (len(holders[role][customer.id]) > 1 if several else not holders[role][customer.id])
                and any(o.holds_in(_segment(team, segments, customer.id)) for o in owned)
            ]
            if wrong:
                theirs = {_segment(team, segments, customer.id) for customer in wrong}
                concerned = [o for o in owned if any(map(o.holds_in, theirs))]
                yield _problem_of_people(role, concerned, wrong, holders[role][wrong[0].id])


def _problem_of_people(
    role: str, owned: Iterable[Obligation], wrong: list[Served], holders: tuple[str, ...]
) -> Problem:
    named = ", ".join(f"`{customer.id}`" for customer in wrong[:MOST_NAMED])
    more = f" and {len(wrong) - MOST_NAMED:,} more" if len(wrong) > MOST_NAMED else ""
    whose = f"{'customer' if len(wrong) == 1 else 'customers'} {named}{more}"
    duties = _and(o.duty for o in owned)
    if not holders:
        help_ = f"fill in `{role}` in `customers`" if role in {"salesperson", "collector"} else f"name the {role}"
        return Problem("duty-without-person", wrong[0].span, f"no {role} answers for {duties} of {whose}", help_)
    return Problem(
        "duty-held-by-two",
        wrong[0].span,
        f"{_and(holders)} are each {role} and would both answer for {duties} of {whose}",
        "say with `manager` in `people` who is above whom, so that one is left",
    )


def _and(words: Iterable[str]) -> str:
    *first, last = [f"`{word}`" for word in words]
    return f"{', '.join(first)} and {last}" if first else last
