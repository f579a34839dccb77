"""Hold news for colleagues: whoever the policy informs of `holds` has a line with the plan that tells the customer.

Sales was asked before a hold, and knows that one may come; that it has come, and that
it is over, is a line for each role that `responsible` informs, once a hold, with
whoever stands in. As with notices, what was taken back before anybody was told is no news.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from duly.book.book import Presence
from duly.language.policy import Policy
from duly.language.schema import ROLES
from duly.plan.held import Stretch, news_of
from duly.plan.notices import held
from duly.plan.plan import Action, Because, Kind
from duly.plan.together import Ground, Made, What, action_for
from duly.team.duties import How, Obligation, holders_of, obligations
from duly.team.people import Team, team_of

TASKS: Mapping[str, str] = MappingProxyType({"hold": "hold_placed", "release": "hold_released"})
"""What the line is called, by the news."""

DUTY = "holds"


def hold_news(ground: Ground) -> Made:
    """The lines about holds and releases that are due."""
    informed = {role: one for role in ROLES if (one := _informed(ground.policy, role))}
    if not informed or not ground.history.dealings.changes:
        return Made()
    found = held(ground)
    if not found:
        return Made()
    segments = _segments(ground, found)
    team = _team(ground, found)
    actions: list[Action] = []
    for stretch in found:
        for role, obligation in informed.items():
            if obligation.holds_in(segments.get(stretch.customer, "")):
                actions += _line(ground, team, stretch, role)
    return Made(tuple(actions))


def _informed(policy: Policy, role: str) -> Obligation | None:
    of_holds = (one for one in obligations(policy, role) if one.duty == DUTY and one.how is How.INFORMED)
    return next(of_holds, None)


def _line(ground: Ground, team: Team, stretch: Stretch, role: str) -> Iterator[Action]:
    served = team.has_customer(stretch.customer)
    if not served:
        return
    placed = action_for(ground, _what(ground, stretch, "hold", role))
    standing = ground.history.standing.get(placed.id)
    was_told = standing is not None and standing.blocks
    if news := news_of(stretch, ground.as_of, tells_holds=True, hold_was_told=was_told):
        person = _person(ground, team, stretch.customer, role)
        yield action_for(ground, replace(_what(ground, stretch, news, role), person=person))


def _what(ground: Ground, stretch: Stretch, news: str, role: str) -> What:
    duty = next(duty for duty in ground.policy.responsible if duty.id == DUTY)
    said = f"{stretch.hold}: {'placed' if news == 'hold' else 'released'} on {stretch.day_of(news)}"
    return What(
        kind=Kind.TASK,
        rule=TASKS[news],
        # Several roles may be informed of one hold; each has its own line.
        period=f"{stretch.key}+{role}",
        for_role=role,
        customer=stretch.customer,
        creditor=stretch.creditor,
        task=TASKS[news],
        details=(("hold", stretch.hold),),
        because=(Because(f"informed of {DUTY}", duty.span, said=said),),
    )


def _person(ground: Ground, team: Team, customer: str, role: str) -> str:
    """Whoever has the role for the customer and is there; empty where the book does not say."""
    holders = holders_of(team, role, team.customer(customer))
    if len(holders) != 1:
        return ""
    cover = team.stand_in(team.by_id[holders[0]], ground.as_of)
    return cover.id if cover else holders[0]


def _team(ground: Ground, found: Sequence[Stretch]) -> Team:
    customers = sorted({stretch.customer for stretch in found})
    if ground.book.given["people"] is Presence.ABSENT:
        return Team(())
    return team_of(ground.book, customers)


def _segments(ground: Ground, found: Sequence[Stretch]) -> Mapping[str, str]:
    rows = ground.book.connection.execute(
        "SELECT d.customer, min(d.segment) FROM decisions AS d "
        "JOIN (SELECT DISTINCT unnest(CAST(? AS VARCHAR[])) AS customer) AS w ON w.customer = d.customer GROUP BY 1",
        [sorted({stretch.customer for stretch in found})],
    ).fetchall()
    return dict(rows)
