"""What leaves by the calendar: statements to customers, lists to colleagues.

A customer that had open items on the period's first day, and still has, gets one
statement a creditor, whatever currencies it owes in; what its parent pays for stands on
the parent's. A colleague gets each list once a period, on the first day of it on which
there is something in it. A list with nothing in it is not sent, and a note says so;
from a part of a book none is made.

What a book does not bring costs the thing that needs it, with a note, and never the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote

from duly.figures.owed import Key, Owed, owed_by, owed_on, who_owes
from duly.figures.statement import refuse_what_statements_miss
from duly.money import format_decimal
from duly.plan.lists import Lists
from duly.plan.plan import Action, Because, Kind, Withheld
from duly.plan.together import OUTCOME_UNKNOWN, Ground, Made, What, action_for, key_for
from duly.source import Refused
from duly.team.people import Person
from duly.team.rhythm import Due, due_on

STATEMENT = "customer_statement_naming_salesperson"
TEMPLATE = "statement"

CHANNELS = ("email", "letter")
"""The ways on which a statement leaves; whichever it was, it is the same statement."""

Untouchable = Mapping[str, tuple[str, str]]
"""Why a customer gets no statement, by customer: a permanent word and a sentence."""


def sent_by_the_calendar(ground: Ground) -> Made:
    """The statements and lists that are due on the day."""
    made: list[Made] = []
    unmade: dict[str, list[str]] = {}
    for due in due_on(ground.policy.together, ground.as_of):
        try:
            made.append(_statements(ground, due) if due.item == STATEMENT else _lists(ground, due))
        except Refused as refused:
            for problem in refused.problems[:MOST_SAID]:
                unmade.setdefault(problem.message, []).append(f"`{due.item}`")
    reasons = (f"not sent: {', '.join(dict.fromkeys(items))}, for {message}" for message, items in unmade.items())
    return Made(
        tuple(action for one in made for action in one.actions),
        tuple(thing for one in made for thing in one.withheld),
        tuple(dict.fromkeys((*(note for one in made for note in one.notes), *reasons))),
    )


MOST_SAID = 3
"""So many reasons are told for one thing that cannot be made."""


def because_of(due: Due) -> tuple[Because, ...]:
    """The rule that a thing of the calendar comes from."""
    period = due.period
    said = f"{period.every.value}: the {period.every.name.lower()} of {period.name} began on {period.begins}"
    return (Because(f"together: {period.every.value}", due.rhythm.span, (), said),)


# Statements.


def _statements(ground: Ground, due: Due) -> Made:
    refuse_what_statements_miss(ground.book, ground.policy)
    since = due.period.begins
    owing = who_owes(ground.book)
    if owing and since < ground.as_of:
        before = owed_on(ground.book, ground.policy, since, ground.as_of)
        owing = [key for key in owing if key in before]
    untouchable, referred = _untouchable(ground), _referred(ground)
    because = because_of(due)
    withheld: list[Withheld] = []

    def withhold(key: Key, reason: tuple[str, str]) -> None:
        withheld.append(Withheld(key[1], key[0], "", f"statement {due.item}", *reason, None, because))

    wanted: dict[Key, str] = {}
    for key in owing:
        if key[1] in untouchable:
            withhold(key, untouchable[key[1]])
        elif key in referred:
            withhold(key, REFERRED)
        elif not _is_sent(ground, due, key):
            if channel := ground.channel_to(key[1]):
                wanted[key] = channel
            else:
                withhold(key, NO_WAY)
    collectors = _collectors(ground) if wanted else {}
    actions = tuple(
        action_for(ground, replace(what, because=because))
        for key, parts in owed_by(ground.book, wanted)
        for what in (_statement(due, key, parts, wanted[key], collectors.get(key[1], "")),)
    )
    return Made(actions, tuple(withheld))


REFERRED = ("referred", "it was referred: whoever collects it now says what is owed, and where to pay it")

NO_WAY = ("no_way_to_send", "neither an e-mail address nor a postal one is known")


def _statement(due: Due, key: Key, parts: Sequence[Owed], channel: str, collector: str) -> What:
    first, *others = parts
    return What(
        kind=Kind.STATEMENT,
        rule=due.item,
        period=due.period.name,
        for_role="collector",
        person=collector,
        customer=key[1],
        creditor=key[0],
        channel=channel,
        template=TEMPLATE,
        invoices=tuple(item for part in parts for item in part.items),
        amount=0 if others else first.open,
        currency="" if others else first.currency,
        amounts=tuple((part.currency, part.open) for part in parts) if others else (),
        details=tuple(_balances(parts)),
    )


def _balances(parts: Iterable[Owed]) -> Iterator[tuple[str, str]]:
    """The figures of a statement, so that money which comes in changes what was planned."""
    for part in parts:
        yield f"open {part.currency}", format_decimal(part.open, part.currency)
        if part.unapplied:
            yield f"on_account {part.currency}", format_decimal(part.unapplied, part.currency)
        yield f"balance {part.currency}", format_decimal(part.balance, part.currency)


def _collectors(ground: Ground) -> Mapping[str, str]:
    rows = ground.book.connection.execute("SELECT customer, collector FROM customers WHERE collector IS NOT NULL")
    return dict(rows.fetchall())


def _untouchable(ground: Ground) -> Untouchable:
    run = ground.book.connection.execute
    found = {
        customer: ("out_of_bounds", "a fact of it is beyond what it can be, so its figures are not sent")
        for (customer,) in run("SELECT DISTINCT customer FROM out_of_bounds").fetchall()
    }
    for customer, insolvent, do_not_contact in run(
        "SELECT customer, COALESCE(insolvent, FALSE), COALESCE(do_not_contact, FALSE) FROM customers "
        "WHERE insolvent OR do_not_contact"
    ).fetchall():
        if insolvent:
            found[customer] = ("insolvent", "it is insolvent: what it owes is for the administrator")
        if do_not_contact:
            found[customer] = ("do_not_contact", "it must not be contacted")
    return found


def _referred(ground: Ground) -> frozenset[tuple[str, str]]:
    """The creditors and customers of which something late was handed to an agency or a court."""
    stages = [stage.id for stage in ground.policy.stages() if stage.action.startswith("refer")]
    rows = ground.book.connection.execute(
        "SELECT DISTINCT creditor, customer FROM decisions WHERE list_contains(CAST(? AS VARCHAR[]), executed_stage)",
        [stages],
    ).fetchall()
    return frozenset(rows)


def _is_sent(ground: Ground, due: Due, key: Key) -> bool:
    """Say whether the period's statement left, whichever way it did: an address may change meanwhile.

    Where nobody knows whether it left, nothing is said here of the way on which it may have.
    """
    standing = ground.history.standing
    if not standing:
        return False
    creditor, customer = key
    what = What(Kind.STATEMENT, due.item, due.period.name, "", customer=customer, creditor=creditor)
    before = {channel: standing.get(key_for(ground, replace(what, channel=channel))) for channel in CHANNELS}
    blocking = {channel: one for channel, one in before.items() if one is not None and one.blocks}
    if any(one.event not in OUTCOME_UNKNOWN for one in blocking.values()):
        return True
    return bool(blocking) and ground.channel_to(customer) not in {"", *blocking}


# Lists.


def _lists(ground: Ground, due: Due) -> Made:
    if ground.book.is_part:
        # A list of one customer would stand for the whole list of the period.
        return Made()
    lists = Lists(ground.policy, ground.book, ground.as_of)
    actions: list[Action] = []
    notes: list[str] = []
    due_to = lists.audience(due)
    left = [person for person in due_to if not _is_done(ground, due, lists.team.by_id[person])]
    for id_ in left:
        person = lists.team.by_id[id_]
        summary = lists.summary(due, id_)
        if summary:
            actions.append(action_for(ground, replace(_list(due, person), details=summary)))
    if left and len(left) == len(due_to) and not actions:
        notes.append(f"no `{due.item}` is sent for {due.period.name}: there is nothing in it")
    if actions:
        notes += _nobody_told(lists, due)
    return Made(tuple(actions), (), tuple(notes))


def _nobody_told(lists: Lists, due: Due) -> Iterator[str]:
    for id_ in lists.nobody_gets(due):
        yield f"nobody gets the `{due.item}` of `{id_}`: the book's people have no sales manager"
    for id_ in lists.unknown_sellers(due):
        yield f"`{id_}` sells to customers and is not in `people`; the sales managers get its `{due.item}`"


def _list(due: Due, person: Person) -> What:
    return What(
        kind=Kind.LIST,
        rule=due.item,
        period=due.period.name,
        for_role=person.role,
        item=item_of(person.id),
        person=person.id,
        because=because_of(due),
    )


def item_of(person: str) -> str:
    """A colleague as the item of a list, where a space would join several."""
    return quote(person, safe="".join(c for c in person if not c.isspace() and c != "%"))


def _is_done(ground: Ground, due: Due, person: Person) -> bool:
    standing = ground.history.standing.get(key_for(ground, _list(due, person)))
    return standing is not None and standing.blocks
