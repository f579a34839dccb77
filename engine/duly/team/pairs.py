"""Buddies: which salesperson works with which collector, who has none, and who stands in.

By region, the two share a region. By name, the policy lists them. By segment, each
salesperson has one collector in each segment, and the customers in the book say
which. In all three a salesperson has exactly one buddy (in a segment), and a
collector may be the buddy of several.

Nothing is paired by guessing: where two collectors could be meant, the pair is an
error and its people are shown without a buddy. Every salesperson and collector and
every customer is told of exactly once: in a pair, or with the reason why not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from duly.language.policy import NamedPair, Policy
from duly.language.suggest import did_you_mean
from duly.source import Problem, Refused, Span, has_errors, in_order
from duly.team.people import Person, Served, Team

NO_PAIRS = 3
"""The exit code for a policy that pairs nobody."""

SELLS, COLLECTS = "salesperson", "collector"
MAY = {SELLS: (SELLS, "sales_manager"), COLLECTS: (COLLECTS, "credit_manager")}
"""The roles of whoever sells to a customer or collects from it: managers have customers of their own."""


class By(Enum):
    """What makes two people a pair."""

    REGION = "region"
    SEGMENT = "segment"
    NAME = "name"


class Why(Enum):
    """Why a person has no buddy, or a customer no pair."""

    NO_REGION = "no region"
    NOBODY_THERE = "nobody of the other role there"
    TWO_THERE = "two collectors there"
    NOT_NAMED = "not named in the policy's pairs"
    NO_CUSTOMERS = "no customer that has both"
    NO_SALESPERSON = "no salesperson"
    NO_COLLECTOR = "no collector"
    NO_SEGMENT = "no account, so no segment"
    SELLER_ALONE = "its salesperson has no buddy"
    OTHER_COLLECTOR = "its collector is not the salesperson's buddy"


@dataclass(frozen=True, slots=True)
class Pair:
    """A salesperson and its collector, where (a region, a segment, or nowhere in particular), and whom they serve."""

    salesperson: str
    collector: str
    of: str = ""
    customers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alone:
    """Somebody without a buddy."""

    person: str
    role: str
    why: Why


@dataclass(frozen=True, slots=True)
class Apart:
    """A customer that no pair serves."""

    customer: str
    salesperson: str
    collector: str
    why: Why


@dataclass(frozen=True, slots=True)
class Absence:
    """Somebody of a pair who is away; `stand_in` is empty where nobody does the work."""

    person: str
    until: date | None
    stand_in: str


@dataclass(frozen=True, slots=True)
class Pairs:
    """Everybody's buddies on a day."""

    by: By
    as_of: date
    pairs: tuple[Pair, ...]
    alone: tuple[Alone, ...]
    apart: tuple[Apart, ...]
    absences: tuple[Absence, ...]
    problems: tuple[Problem, ...] = field(default=())

    @property
    def is_wrong(self) -> bool:
        """Say whether there are errors: who is paired then is not the whole truth."""
        return has_errors(self.problems)


_Known = dict[tuple[str, str], str]
"""The collector of each salesperson, by salesperson and segment; the segment is empty where none matters."""


def pairs_of(policy: Policy, team: Team, as_of: date, segments: Mapping[str, str]) -> Pairs:
    """The pairs that the policy makes of the team; `segments` has each customer's, as far as there is one.

    Raises `Refused` (3) for a policy that does not pair people.
    """
    if not policy.together.pair_by:
        place = policy.places.get("/together", policy.span)
        help_ = "write `pair_by: region`, `segment` or `name` under `together`"
        raise Refused([Problem("no-pairs", place, "the policy does not say what makes a pair", help_)], NO_PAIRS)
    pairing = _Pairing(policy, team, segments)
    match by := By(policy.together.pair_by):
        case By.REGION:
            pairing.by_region()
        case By.SEGMENT:
            pairing.by_segment()
        case By.NAME:
            pairing.by_name()
    served: dict[tuple[str, str], list[str]] = {}
    apart: list[Apart] = []
    for customer in team.customers:
        pairing.look_at(customer)
        match pairing.pair_of(customer):
            case Why() as why:
                apart.append(Apart(customer.id, customer.salesperson, customer.collector, why))
            case key:
                served.setdefault(key, []).append(customer.id)
    pairs = tuple(
        Pair(seller, collector, pairing.of(seller, segment), tuple(served.get((seller, segment), ())))
        for (seller, segment), collector in sorted(pairing.known.items())
    )
    return Pairs(
        by=by,
        as_of=as_of,
        pairs=pairs,
        alone=tuple(pairing.everybody_alone()),
        apart=tuple(apart),
        absences=tuple(_absences(team, as_of)),
        problems=in_order([*pairing.problems, *team.problems(as_of)]),
    )


@dataclass(slots=True)
class _Pairing:
    policy: Policy
    team: Team
    segments: Mapping[str, str]
    known: _Known = field(default_factory=dict)
    alone: dict[str, Why] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def by_region(self) -> None:
        """Pair each salesperson with the one collector of its region."""
        there: dict[str, list[Person]] = {}
        for person in (*self.team.with_role(SELLS), *self.team.with_role(COLLECTS)):
            if person.region:
                there.setdefault(person.region, []).append(person)
                continue
            self.alone[person.id] = Why.NO_REGION
            message = f"`{person.id}` has no region, and pairs are made by region"
            self.problem("region-missing", person.span, message, "fill in its `region` in `people`")
        for region, people in sorted(there.items()):
            collectors = [person for person in people if person.role == COLLECTS]
            sellers = [person for person in people if person.role == SELLS]
            if len(collectors) == 1 and sellers:
                self.known.update({(seller.id, ""): collectors[0].id for seller in sellers})
                continue
            two = len(collectors) > 1 and bool(sellers)
            self.alone.update(dict.fromkeys((p.id for p in people), Why.TWO_THERE if two else Why.NOBODY_THERE))
            for second in collectors[1:] if two else ():
                self.problem(
                    "pair-twice",
                    second.span,
                    f"region `{region}` has the collectors `{collectors[0].id}` and `{second.id}`",
                    "leave one of them there, or say who is whose buddy with `pair_by: name`",
                )

    def by_name(self) -> None:
        """Pair those whom the policy names."""
        for pair in self.policy.together.pairs:
            # Both are looked at, so that both are told of at once.
            if all([self.is_named(pair, pair.salesperson, SELLS), self.is_named(pair, pair.collector, COLLECTS)]):
                self.known[pair.salesperson, ""] = pair.collector
        paired = {*(seller for seller, _ in self.known), *self.known.values()}
        everybody = (*self.team.with_role(SELLS), *self.team.with_role(COLLECTS))
        self.alone.update({person.id: Why.NOT_NAMED for person in everybody if person.id not in paired})

    def is_named(self, pair: NamedPair, id_: str, role: str) -> bool:
        person = self.team.by_id.get(id_)
        if person is None:
            help_ = did_you_mean(id_, [one.id for one in self.team.with_role(role)])
            self.problem("unknown-person", pair.span, f"the book has no person `{id_}`", help_)
        elif person.role != role:
            message = f"`{id_}` is a {person.role}, and stands where a {role} belongs"
            self.problem("wrong-role", pair.span, message, "the salesperson stands before the `:`, the collector after")
        return person is not None and person.role == role

    def by_segment(self) -> None:
        """Pair each salesperson with the one collector whom its customers in a segment have."""
        found: dict[tuple[str, str], dict[str, Served]] = {}
        for customer in self.team.customers:
            segment = self.segment_of(customer)
            if segment and self.is_a(SELLS, customer.salesperson) and self.is_a(COLLECTS, customer.collector):
                found.setdefault((customer.salesperson, segment), {}).setdefault(customer.collector, customer)
        twice: set[str] = set()
        for key, collectors in sorted(found.items()):
            first, *others = collectors
            if not others:
                self.known[key] = first
            for other in others:
                twice |= {key[0], first, other}
                self.problem(
                    "pair-twice",
                    collectors[other].span,
                    f"in `{key[1]}`, `{key[0]}` works with `{first}` (customer `{collectors[first].id}`) "
                    f"and with `{other}` (customer `{collectors[other].id}`)",
                    "give these customers one collector, or say who is whose buddy with `pair_by: name`",
                )
        paired = {*(seller for seller, _ in self.known), *self.known.values()}
        for person in (*self.team.with_role(SELLS), *self.team.with_role(COLLECTS)):
            if person.id not in paired:
                self.alone[person.id] = Why.TWO_THERE if person.id in twice else Why.NO_CUSTOMERS

    def look_at(self, customer: Served) -> None:
        """Find whoever sells to a customer or collects from it without being one who does."""
        for id_, role in ((customer.salesperson, SELLS), (customer.collector, COLLECTS)):
            person = self.team.by_id.get(id_)
            if id_ and person is None:
                help_ = did_you_mean(id_, tuple(self.team.by_id))
                message = f"customer `{customer.id}` has the {role} `{id_}`, who is not in the book"
                self.problem("unknown-person", customer.span, message, help_)
            elif person is not None and person.role not in MAY[role]:
                message = f"`{id_}` is the {role} of customer `{customer.id}`, and a {person.role} by `people`"
                self.problem("wrong-role", customer.span, message, f"name a {role}, or change the person's role")

    def pair_of(self, customer: Served) -> tuple[str, str] | Why:
        """The key of the pair that serves a customer, or why none does."""
        if not customer.salesperson:
            return Why.NO_SALESPERSON
        if not customer.collector:
            return Why.NO_COLLECTOR
        segment = self.segment_of(customer) if self.policy.together.pair_by == By.SEGMENT.value else ""
        if segment is None:
            return Why.NO_SEGMENT
        buddy = self.known.get((customer.salesperson, segment))
        if buddy is None:
            return Why.SELLER_ALONE
        return (customer.salesperson, segment) if buddy == customer.collector else Why.OTHER_COLLECTOR

    def segment_of(self, customer: Served) -> str | None:
        """The customer's segment, or that of the parent that pays for it."""
        return self.segments.get(customer.id) or self.segments.get(customer.payer)

    def of(self, seller: str, segment: str) -> str:
        """What the pair has in common."""
        by_region = self.policy.together.pair_by == By.REGION.value
        return self.team.by_id[seller].region if by_region else segment

    def is_a(self, role: str, id_: str) -> bool:
        person = self.team.by_id.get(id_)
        return person is not None and person.role == role

    def everybody_alone(self) -> Iterator[Alone]:
        """Those without a buddy, in the order of their ids."""
        for id_, why in sorted(self.alone.items()):
            yield Alone(id_, self.team.by_id[id_].role, why)

    def problem(self, rule: str, span: Span, message: str, help_: str) -> None:
        lines = self.policy.lines.get(span.file, ())
        line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
        self.problems.append(Problem(rule, span, message, help_, line))


def _absences(team: Team, day: date) -> Iterator[Absence]:
    for person in (*team.with_role(SELLS), *team.with_role(COLLECTS)):
        if person.is_away(day):
            cover = team.stand_in(person, day)
            yield Absence(person.id, person.away_until, cover.id if cover else "")
