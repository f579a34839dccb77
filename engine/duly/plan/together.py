"""What sales and credit do together, as actions: proposals, introductions, advice, notices, statements and lists.

None of it is decided about an account on its ladder. Each maker reads the policy, the
book and the journal's history and gives what is due; here what was done before is
left out, so that nobody is asked or told twice for the same thing in one period. A
statement or a notice reaches the customer and does not count as a contact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from duly.book.book import Book
from duly.journal.entry import Event
from duly.journal.history import History
from duly.journal.identity import key_of
from duly.language.policy import Policy
from duly.plan.moments import Moments
from duly.plan.plan import Action, Because, Kind, Withheld
from duly.plan.reach import NOWHERE_KNOWN, Reach, reach_of
from duly.team.staff import Staff, staff_of

REJECTED_RESTS_DAYS = 90
"""A rejected proposal is not made again before so many days have passed: a quarter, as limits are reviewed."""

OUTCOME_UNKNOWN = frozenset({Event.UNKNOWN, Event.POINT_OF_NO_RETURN})
"""What is said last of a deed of which nobody knows whether it was done."""

NOBODY_KNOWS = "nobody knows yet whether it arrived"


@dataclass(frozen=True)
class Ground:
    """What the makers read. The book's facts are those of the day, and its decisions are made."""

    policy: Policy
    book: Book
    as_of: date
    environment: str
    history: History

    @cached_property
    def reach(self) -> Mapping[str, Reach]:
        """Where every customer is reached."""
        return reach_of(self.book, "SELECT customer FROM customers")

    @cached_property
    def moments(self) -> Moments:
        """When something may leave for a customer."""
        return Moments(self.policy, self.as_of)

    @cached_property
    def staff(self) -> Staff:
        """Who of us is there on the day."""
        return staff_of(self.book, self.as_of)

    def not_before(self, customer: str) -> str:
        """The first open moment where the customer is."""
        reach = self.reach.get(customer, NOWHERE_KNOWN)
        return self.moments.of(reach.time_zone, reach.country)

    def channel_to(self, customer: str) -> str:
        """How something that is no reminder reaches a customer: by e-mail, else by letter; empty where neither does."""
        reach = self.reach.get(customer, NOWHERE_KNOWN)
        return "email" if reach.email else "letter" if reach.address else ""


@dataclass(frozen=True, slots=True)
class Made:
    """What makers give: actions, what is withheld, and sentences for the reader of the plan."""

    actions: tuple[Action, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    notes: tuple[str, ...] = ()


Maker = Callable[[Ground], Made]


@dataclass(frozen=True, slots=True)
class What:
    """A deed of sales and credit before it is an action; see `plan.Action` for what each field means.

    Amounts in several currencies stand in `amounts` and are not added up: `amount` is nothing then.

    `rule` goes into `Action.stage`: the policy's word for what brings it about. `period`
    goes into `Action.episode`: together with who, what and which way it makes the deed the same one.
    Where no `person` is named, it is whoever alone does the role's work on the day, if anybody.
    """

    kind: Kind
    rule: str
    period: str
    for_role: str
    customer: str = ""
    creditor: str = ""
    item: str = ""
    channel: str = ""
    template: str = ""
    task: str = ""
    person: str = ""
    invoices: tuple[str, ...] = ()
    amount: int = 0
    currency: str = ""
    amounts: tuple[tuple[str, int], ...] = ()
    approval: tuple[str, ...] = ()
    details: tuple[tuple[str, str], ...] = ()
    because: tuple[Because, ...] = field(default=())


def key_for(ground: Ground, what: What) -> str:
    """The key of the action that a deed comes to; to look up whether it was done nothing else is needed."""
    identity = {
        "creditor": what.creditor,
        "customer": what.customer,
        "item": what.item,
        "kind": what.kind.value,
        "stage": what.rule,
        "task": what.task,
        "episode": what.period,
        "channel": what.channel,
        "occurrence": 1,
    }
    return key_of(ground.environment, identity)


def action_for(ground: Ground, what: What) -> Action:
    """The action that a deed comes to: with its key, the moment it may leave, and where it goes."""
    to_customer = what.kind.to_customer
    return Action(
        id=key_for(ground, what),
        customer=what.customer,
        creditor=what.creditor,
        item=what.item,
        kind=what.kind,
        stage=what.rule,
        tone="none",
        channel=what.channel,
        template=what.template,
        task=what.task,
        for_role=what.for_role,
        person=what.person or ("" if to_customer else ground.staff.person_for(what.for_role)),
        not_before=ground.not_before(what.customer) if to_customer else ground.as_of.isoformat(),
        invoices=what.invoices,
        amount=what.amount,
        currency=what.currency or ground.policy.currency,
        amounts=what.amounts,
        episode=what.period,
        occurrence=1,
        approval=what.approval,
        because=what.because,
        to=ground.reach.get(what.customer, NOWHERE_KNOWN).to(what.channel) if to_customer else "",
        details=what.details,
    )


def done_together(ground: Ground, makers: Iterable[Maker]) -> Made:
    """All that is due of what sales and credit do together, without what was done before."""
    made = [maker(ground) for maker in makers]
    actions, withheld = _not_done_before((action for one in made for action in one.actions), ground)
    return Made(
        tuple(actions),
        (*(thing for one in made for thing in one.withheld), *withheld),
        tuple(note for one in made for note in one.notes),
    )


def _not_done_before(actions: Iterable[Action], ground: Ground) -> tuple[list[Action], list[Withheld]]:
    """What is left to do; done is done and is not told again, what nobody knows or somebody rejected is withheld."""
    left: list[Action] = []
    withheld: list[Withheld] = []
    for action in actions:
        standing = ground.history.standing.get(action.id)
        rejected = ground.history.rejected.get(action.id)
        rests_until = date.fromisoformat(rejected) + timedelta(days=REJECTED_RESTS_DAYS) if rejected else None
        if standing is not None and standing.event in OUTCOME_UNKNOWN:
            withheld.append(_withheld(action, "outcome_unknown", f"{NOBODY_KNOWS} ({standing.day})", None))
        elif standing is not None and standing.blocks:
            continue
        elif rests_until is not None and ground.as_of < rests_until:
            withheld.append(_withheld(action, "rejected", f"it was rejected on {rejected}", rests_until))
        else:
            left.append(action)
    return left, withheld


def _withheld(action: Action, reason: str, explanation: str, day: date | None) -> Withheld:
    what = f"{action.kind.value.replace('_', ' ')} {action.stage}"
    return Withheld(action.customer, action.creditor, action.item, what, reason, explanation, day, action.because)
