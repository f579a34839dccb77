"""What is about a whole account is done once for it, whatever a message is about.

A ladder by invoice or by currency decides each for itself, and so each of a customer's
invoices may ask sales the same question, give the same task, and let go of the hold for
its own part. Sales is asked once, a task is given once, and a hold is released
when nothing of the account stands against it any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from duly.book.connection import Connection
from duly.language.policy import Policy, Unit
from duly.plan.plan import Action, Kind

_About = tuple[str, str, Kind, str, str]


def once_an_account(actions: Iterable[Action], connection: Connection, policy: Policy) -> Iterator[Action]:
    """The actions, with one of those that several items of one account ask for; the decisions are those of the day."""
    if policy.unit is Unit.ACCOUNT:
        yield from actions
        return
    actions = tuple(actions)
    holding = _holding(actions, connection)
    pauses = frozenset(pause.id for pause in policy.account_pauses)
    first: dict[_About, Action] = {}
    for action in actions:
        if not _is_of_the_account(action, pauses):
            yield action
        elif (action.creditor, action.customer, action.stage) not in holding:
            about = (action.creditor, action.customer, action.kind, action.stage, action.task)
            first[about] = min(first.get(about, action), action, key=lambda one: one.item)
    yield from first.values()


def _is_of_the_account(action: Action, pauses: frozenset[str]) -> bool:
    return action.kind in {Kind.SALES_REQUEST, Kind.RELEASE} or (action.kind is Kind.TASK and action.stage in pauses)


def _holding(actions: Iterable[Action], connection: Connection) -> frozenset[tuple[str, str, str]]:
    """The holds that some item of the account does not let go of: creditor, customer, hold."""
    holds = sorted({action.stage for action in actions if action.kind is Kind.RELEASE})
    rows = connection.execute(
        "SELECT DISTINCT d.creditor, d.customer, h.hold FROM decisions AS d "
        "CROSS JOIN (SELECT unnest(CAST(? AS VARCHAR[])) AS hold) AS h "
        "WHERE NOT list_contains(string_split(COALESCE(d.release, ''), ','), h.hold)",
        [holds],
    ).fetchall()
    return frozenset(rows)
