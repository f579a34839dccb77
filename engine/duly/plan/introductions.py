"""Introductions: a new customer meets its salesperson and its collector, and meets them again when the pair changes.

Once for each customer and pair, ever. New are the customers of the segments that the
policy names, as far as they have an account; a customer who was introduced or told of
somebody before meets its new pair whatever its segment. Who the pair is, `team.pairs`
says; a customer without one is named in the plan's notes with the reason.

Each meeting is an invitation to both, with a talking sheet. People get a few a day,
and those for whom there is no room in the next two weeks wait for a later plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from duly.book.book import Presence
from duly.journal.dealings import COLLECTOR, SALESPERSON
from duly.messages.check import INTRODUCTION
from duly.plan.contact_changes import before_that, has_changed
from duly.plan.plan import Action, Because, Kind, Withheld
from duly.plan.together import Ground, Made, What, action_for
from duly.source import Severity
from duly.team.introductions import DAYS_AHEAD, Away, Diary, Full, Meeting
from duly.team.pairs import By, Pairs, pairs_of
from duly.team.people import Team, team_of

RULE = "introduce_collector"

MOST_NAMED = 5
"""So many customers are named in a note; the rest are counted."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer that could meet its pair, and why it should."""

    customer: str
    creditor: str
    segment: str
    salesperson: str
    collector: str
    time_zone: str
    keeps_out: str
    said: str

    @property
    def period(self) -> str:
        """The pair: what makes the introduction the same one."""
        return f"{self.salesperson}+{self.collector}"


def introductions(ground: Ground) -> Made:
    """The introductions that are due, and why others are not."""
    together = ground.policy.together
    if not together.introduce_collector_to:
        return Made()
    place = ground.policy.places.get(f"{together.path}/introduce_collector_to", together.span)
    if not together.pair_by:
        return Made(notes=(f"{place}: nobody is introduced: the policy does not say what makes a pair (`pair_by`)",))
    if ground.book.given["people"] is Presence.ABSENT:
        return Made(notes=(f"{place}: nobody is introduced: the book does not say who works here (`people`)",))
    found = {one.customer: one for one in _candidates(ground)}
    if not found:
        return Made()
    by_segment = together.pair_by == By.SEGMENT.value
    segments = dict(_one_each(ground)) if by_segment else {}
    segments |= {customer: one.segment for customer, one in found.items()}
    team = team_of(ground.book, segments)
    pairs = pairs_of(ground.policy, team, ground.as_of, segments)
    return _meetings(ground, found, team, pairs)


def _meetings(ground: Ground, found: Mapping[str, Candidate], team: Team, pairs: Pairs) -> Made:
    diary = Diary(team, ground.as_of, ground.policy.calendar.country)
    for met in ground.history.dealings.introduced:
        if met.starts:
            diary.take(datetime.fromisoformat(met.starts), met.attending)
    with_pair = {customer for pair in pairs.pairs for customer in pair.customers}
    why_not: defaultdict[str, list[str]] = defaultdict(list)
    for apart in pairs.apart:
        if apart.customer in found:
            why_not[apart.why.value].append(apart.customer)
    actions: list[Action] = []
    withheld: list[Withheld] = []
    for customer in sorted(with_pair & found.keys()):
        one = found[customer]
        if one.keeps_out:
            said = f"the book says so of the customer: {one.keeps_out.replace('_', ' ')}"
            withheld.append(_withheld(ground, one, one.keeps_out, said))
            continue
        match diary.meeting(one.salesperson, one.collector, one.time_zone):
            case Meeting() as meeting:
                actions.append(_action(ground, one, meeting))
            case Away(person):
                withheld.append(_withheld(ground, one, "away", f"`{person}` is away and nobody stands in"))
            case Full():
                why_not[f"no half hour is free in the next {DAYS_AHEAD} business days"].append(customer)
    return Made(tuple(actions), tuple(withheld), tuple(_notes(why_not, pairs)))


def _action(ground: Ground, one: Candidate, meeting: Meeting) -> Action:
    return action_for(
        ground,
        What(
            kind=Kind.INTRODUCTION,
            rule=RULE,
            period=one.period,
            for_role=SALESPERSON,
            customer=one.customer,
            creditor=one.creditor,
            template=INTRODUCTION,
            person=meeting.for_sales,
            details=(
                (SALESPERSON, one.salesperson),
                (COLLECTOR, one.collector),
                ("attends_for_sales", meeting.for_sales),
                ("attends_for_credit", meeting.for_credit),
                ("starts", meeting.starts.isoformat(timespec="minutes")),
                ("time_zone", meeting.zone),
            ),
            because=_because(ground, one),
        ),
    )


def _because(ground: Ground, one: Candidate) -> tuple[Because, ...]:
    together = ground.policy.together
    place = ground.policy.places.get(f"{together.path}/introduce_collector_to", together.span)
    return (Because("introduce collector to", place, (("segment", one.segment), ("pair", one.period)), one.said),)


def _withheld(ground: Ground, one: Candidate, reason: str, said: str) -> Withheld:
    what = f"introduction {RULE}"
    return Withheld(one.customer, one.creditor, "", what, reason, said, None, _because(ground, one))


def _notes(why_not: Mapping[str, list[str]], pairs: Pairs) -> Iterator[str]:
    for why, customers in sorted(why_not.items()):
        named = ", ".join(sorted(customers)[:MOST_NAMED]) + (", …" if len(customers) > MOST_NAMED else "")
        which = "1 customer is" if len(customers) == 1 else f"{len(customers):,} customers are"
        yield f"{which} not introduced yet ({why}): {named}"
    for problem in pairs.problems:
        if problem.severity is Severity.ERROR:
            yield f"{problem.span}: {problem.message} [{problem.rule}]"


# Who could be introduced.


def _candidates(ground: Ground) -> Iterator[Candidate]:
    """Customers of the segments, and those whose pair is another than they know, who have not met their pair."""
    dealings = ground.history.dealings
    wanted = set(ground.policy.together.introduce_collector_to)
    order = [segment.id for segment in ground.policy.segments]
    changed = _with_another_pair(ground)
    rows = ground.book.connection.execute(
        """
        WITH accounts AS (
            SELECT customer, min(creditor) AS creditor, min(list_position(CAST($order AS VARCHAR[]), segment)) AS place
            FROM decisions GROUP BY customer
        )
        SELECT a.customer, a.creditor, a.place, COALESCE(c.salesperson, ''), COALESCE(c.collector, ''),
            COALESCE(c.time_zone, ''),
            CASE WHEN c.do_not_contact THEN 'do_not_contact' WHEN c.insolvent THEN 'insolvent' ELSE '' END
        FROM accounts AS a JOIN customers AS c ON c.customer = a.customer
        WHERE list_contains(CAST($wanted AS INTEGER[]), CAST(a.place AS INTEGER))
            OR a.customer IN (SELECT unnest(CAST($changed AS VARCHAR[])))
        ORDER BY a.customer
        """,
        {
            "order": order,
            "wanted": [n for n, id_ in enumerate(order, 1) if id_ in wanted],
            "changed": sorted(changed),
        },
    ).fetchall()
    for customer, creditor, place, seller, collector, zone, keeps_out in rows:
        if customer not in dealings.by_pair.get((seller, collector), frozenset()):
            segment = order[place - 1]
            another = "the customer has another pair than it knows"
            said = another if customer in changed else f"a customer of `{segment}` meets its pair"
            yield Candidate(customer, creditor, segment, seller, collector, zone, keeps_out, said)


def _with_another_pair(ground: Ground) -> frozenset[str]:
    """Customers who met another pair than the book's, or were told of somebody else."""
    dealings = ground.history.dealings
    found = {customer for customer, now in has_changed(ground) if _is_news(ground, customer, now)}
    if dealings.met:
        rows = ground.book.connection.execute(
            "SELECT COALESCE(salesperson, ''), COALESCE(collector, ''), list(customer) FROM customers GROUP BY ALL"
        ).fetchall()
        for seller, collector, customers in rows:
            found |= dealings.met.intersection(customers) - dealings.by_pair.get((seller, collector), frozenset())
    return frozenset(found)


def _is_news(ground: Ground, customer: str, now: Mapping[str, str]) -> bool:
    """Say whether the customer was told of somebody else before."""
    told = ground.history.dealings.named[customer]
    return any(before_that(told.get(role, ()), now[role], ground.as_of) for role in (SALESPERSON, COLLECTOR))


def _one_each(ground: Ground) -> Mapping[str, str]:
    """A customer for each salesperson, segment and collector, so that it is seen who works with whom."""
    rows = ground.book.connection.execute(
        "SELECT min(d.customer), d.segment FROM decisions AS d JOIN customers AS c ON c.customer = d.customer "
        "GROUP BY c.salesperson, d.segment, c.collector"
    ).fetchall()
    return dict(rows)
