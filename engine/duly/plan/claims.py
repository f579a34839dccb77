"""What has to hold of an approval for it to count.

Each check is a value with its own permanent word, and every one of them is looked at
again whenever the action is to be carried out: that a signature was good once proves
nothing today. Nothing here adds approvals up (`duly.plan.approvals`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType

from duly.journal.approvals import EVENT, Ruling, Signed, Statement, Subject
from duly.journal.approvers import Approver, same_person
from duly.journal.entry import Entry
from duly.plan.plan import Action, Kind

VALID_FOR = timedelta(days=14)
"""How long an approval or a rejection is good unless it says otherwise."""

LONGEST_VALID = timedelta(days=90)

CLOCKS_DIFFER = timedelta(minutes=5)
"""How far the clock of whoever signed may be ahead."""

NAMED = ("creditor", "customer", "item", "kind", "stage", "tone", "channel", "template", "task")
"""What an action is, by the names of its fields."""

SIGNED_DETAILS: Mapping[Kind, tuple[str, ...]] = MappingProxyType(
    {Kind.LIMIT_PROPOSAL: ("limit_before", "limit_after", "currency", "since")}
)
"""Details that are signed as they are: of a limit the amount is no ceiling, since a lower one was not agreed to."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What an approval is held against, besides its action.

    `author` made the plan and `operator` carries it out; an empty name is nobody's, and
    then nothing counts. None for an operator who is not known yet: while it is only shown.
    """

    journal: str
    environment: str
    author: str
    operator: str | None
    now: datetime

    @property
    def today(self) -> date:
        """The day in UTC, on which keys and roles begin and end."""
        return self.now.astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement in an entry, the person whom it names, and what it is held against."""

    entry: Entry
    signed: Signed
    person: Approver | None
    action: Action
    circumstances: Circumstances

    @property
    def statement(self) -> Statement:
        """What was signed, or is said to have been."""
        return self.signed.statement

    @property
    def roles(self) -> frozenset[str]:
        """The needed roles in which the person spoke and which the person still has."""
        held = self.person.roles if self.person else frozenset()
        return held & set(self.statement.roles) & set(self.action.approval)

    @property
    def entered_on(self) -> date:
        """The day, in UTC, on which the journal got it."""
        return datetime.fromisoformat(self.entry.at).astimezone(UTC).date()


@dataclass(frozen=True, slots=True)
class Check:
    """Something that has to hold of an approval: a permanent word, what is said where it does not, and the test.

    `of_rejections` marks what a rejection is held to as well; the rest could only undo a no.
    """

    name: str
    explanation: str
    holds: Callable[[Claim], bool]
    of_rejections: bool = False


def _is_as_entered(claim: Claim) -> bool:
    entry, statement = claim.entry, claim.statement
    return (entry.event, entry.by, entry.customer) == (
        EVENT[statement.ruling],
        statement.by,
        statement.subject.customer,
    )


def _is_within_ceiling(claim: Claim) -> bool:
    most = dict(claim.statement.subject.ceiling)
    return all(currency in most and amount <= most[currency] for currency, amount in amounts_of(claim.action))


def _is_not(name: str | None, claim: Claim) -> bool:
    return name is None or (bool(name.strip()) and not same_person(name, claim.statement.by))


CHECKS: tuple[Check, ...] = (
    Check(
        "unknown-person",
        "the person is not in approvers.yaml",
        lambda claim: claim.person is not None,
        of_rejections=True,
    ),
    Check(
        "bad-signature",
        "it was not signed, as it is, with the person's key",
        lambda claim: claim.person is not None and claim.signed.is_signed_with(claim.person.key),
        of_rejections=True,
    ),
    Check("entry-differs", "the entry says other than what was signed", _is_as_entered, of_rejections=True),
    Check(
        "other-journal",
        "it was given in another journal",
        lambda claim: claim.statement.journal == claim.circumstances.journal,
        of_rejections=True,
    ),
    Check(
        "other-environment",
        "it was given in another environment",
        lambda claim: claim.statement.environment == claim.circumstances.environment,
        of_rejections=True,
    ),
    Check(
        "other-action",
        "it was given for another action",
        lambda claim: claim.statement.subject.key == claim.action.id,
        of_rejections=True,
    ),
    Check(
        "not-allowed-then",
        "the person could not approve on the day on which it was entered",
        lambda claim: claim.person is not None and claim.person.may_approve_on(claim.entered_on),
        of_rejections=True,
    ),
    Check(
        "from-the-future",
        "it says that it was made later than now",
        lambda claim: claim.statement.made_at <= claim.circumstances.now + CLOCKS_DIFFER,
        of_rejections=True,
    ),
    Check(
        "valid-too-long",
        f"it would be good for more than {LONGEST_VALID.days} days",
        lambda claim: timedelta() < claim.statement.expires_at - claim.statement.made_at <= LONGEST_VALID,
        of_rejections=True,
    ),
    Check(
        "role-not-held",
        "the person does not have, or did not speak in, a role that the policy asks for",
        lambda claim: bool(claim.roles),
        of_rejections=True,
    ),
    Check(
        "revoked",
        "the key was revoked, or the person's time is over",
        lambda claim: claim.person is not None and claim.person.may_approve_on(claim.circumstances.today),
    ),
    Check(
        "content-changed",
        "the action is not the one that was approved",
        lambda claim: claim.statement.subject.content == subject_of(claim.action).content,
    ),
    Check(
        "invoices-added",
        "it is about invoices that were not part of what was approved",
        lambda claim: set(claim.action.invoices) <= set(claim.statement.subject.invoices),
    ),
    Check("amount-risen", "the amount is above what was approved", _is_within_ceiling),
    Check(
        "approver-is-author",
        "the person made the plan, or nobody says who did",
        lambda claim: _is_not(claim.circumstances.author, claim),
    ),
    Check(
        "approver-is-operator",
        "the person carries the plan out, or nobody says who does",
        lambda claim: _is_not(claim.circumstances.operator, claim),
    ),
    Check(
        "expired",
        "its time is over",
        lambda claim: claim.circumstances.now < claim.statement.expires_at,
    ),
)
"""Everything that has to hold of an approval, in the order in which the first that does not is named."""


def subject_of(action: Action) -> Subject:
    """What is approved of an action."""
    named = {name: str(getattr(action, name)) for name in NAMED} | {"kind": action.kind.value}
    named |= {name: action.detail(name) for name in SIGNED_DETAILS.get(action.kind, ())}
    return Subject(
        key=action.id,
        customer=action.customer,
        content=tuple(sorted(named.items())),
        invoices=tuple(sorted(action.invoices)),
        ceiling=amounts_of(action),
    )


def amounts_of(action: Action) -> tuple[tuple[str, int], ...]:
    """What an action is over, in minor units by currency."""
    return tuple(sorted(action.amounts or ((action.currency, action.amount),)))


def statement_of(
    action: Action,
    approver: Approver,
    circumstances: Circumstances,
    *,
    ruling: Ruling,
    because: str = "",
    valid_for: timedelta = VALID_FOR,
) -> Statement:
    """What the person would sign of this action, now."""
    now = circumstances.now.astimezone(UTC)
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Statement(
        journal=circumstances.journal,
        environment=circumstances.environment,
        subject=subject_of(action),
        ruling=ruling,
        by=approver.person,
        roles=tuple(sorted(approver.roles & set(action.approval))),
        because=because,
        made_at=now,
        expires_at=now + valid_for,
    )
