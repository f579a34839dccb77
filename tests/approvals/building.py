"""People with keys, an action that needs two of them, and entries as a journal would keep them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duly.journal.approvals import Ruling, sign
from duly.journal.approvers import Approver, Approvers
from duly.journal.chain import Tail, link
from duly.journal.entry import Draft, Entry, written
from duly.journal.keys import PrivateKey
from duly.plan.approvals import Approval, approvals_of
from duly.plan.claims import Circumstances, statement_of
from duly.plan.plan import Action, Kind

NOW = datetime(2026, 3, 31, 9, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CREDIT, SALES, COLLECTOR = "credit_manager", "sales_manager", "collector"


def key_of(person: str) -> PrivateKey:
    """The same key every time, so that a test that fails fails again."""
    return PrivateKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(person.encode()).digest()))


def approver(
    person: str,
    *roles: str,
    from_: date | None = None,
    until: date | None = None,
    revoked: date | None = None,
) -> Approver:
    return Approver(person, frozenset(roles), key_of(person).public, from_, until, revoked)


OCHRE = approver("ochre", CREDIT)
UMBER = approver("umber", SALES)
BOTH = approver("both", CREDIT, SALES)
SIENNA = approver("sienna", COLLECTOR)
PEOPLE = Approvers((OCHRE, UMBER, BOTH, SIENNA))

HERE = Circumstances(journal="j1", environment="live", author="author-1", operator="operator-1", now=NOW)

REFERRAL = Action(
    id="a" * 24,
    customer="C1",
    creditor="main",
    item="",
    kind=Kind.REFERRAL,
    stage="referral",
    tone="none",
    channel="",
    template="",
    task="refer_to_agency",
    for_role=CREDIT,
    person="",
    not_before="2026-03-31",
    invoices=("I1", "I2"),
    amount=100_000,
    currency="USD",
    amounts=(),
    episode="I1",
    occurrence=1,
    approval=(CREDIT, SALES),
    because=(),
)
HOLD = replace(REFERRAL, id="b" * 24, kind=Kind.HOLD, stage="credit", task="", approval=(CREDIT,))


def ruled(
    who: Approver,
    action: Action = HOLD,
    *,
    no: bool = False,
    at: datetime = NOW,
    here: Circumstances = HERE,
    key: PrivateKey | None = None,
    days: float = 14,
    because: str = "",
) -> Draft:
    """What the person says of the action, signed with the person's own key unless with another."""
    ruling = Ruling.REJECT if no else Ruling.APPROVE
    statement = statement_of(
        action, who, replace(here, now=at), ruling=ruling, because=because, valid_for=timedelta(days=days)
    )
    return sign(statement, key or key_of(who.person))


def entered(*drafts: Draft, at: datetime = NOW) -> tuple[Entry, ...]:
    """The entries that a journal makes of them."""
    return link(Tail(seq=1), {}, drafts, written(at)).entries


def standing(
    entries: Iterable[Entry],
    action: Action = HOLD,
    *,
    people: Approvers = PEOPLE,
    here: Circumstances = HERE,
) -> Approval:
    return approvals_of(entries, people, [action], here)[action.id]
