"""From a policy and a book to a plan, and to the explanation of one customer.

The facts of the day, the decisions of two engines over them, the deeds they come
down to, what is withheld with the next day that could bring it, and what would
stop an apply. A plan is refused whole where the policy reads what the book lacks
or where two engines or two derivations of the facts disagree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from importlib.metadata import version
from itertools import groupby
from types import MappingProxyType

from duly import __version__
from duly.book import again
from duly.book.again import AccountFacts
from duly.book.available import missing_for
from duly.book.book import Book
from duly.book.facts import build_facts
from duly.book.known import rows_known_on
from duly.book.raw import raw_rows
from duly.dates import not_before
from duly.language.policy import Policy, Unit
from duly.language.reads import FactColumn, fact_columns, facts_needed
from duly.plan.actions import Account, Item, actions_of, withheld_of
from duly.plan.ahead import STAGE, next_days
from duly.plan.explanation import Explanation, explain
from duly.plan.plan import Action, Counts, Digests, Kind, Plan, Withheld
from duly.plan.stops import Cycle, stops
from duly.rules.agreement import Engine, Opinion, facts_of, second_opinion
from duly.rules.columnar import ACTING, Key, decide, decisions_from
from duly.rules.decision import NONE, Decision
from duly.rules.trace import decided
from duly.source import NOWHERE, Problem, Refused

DATA = 4
REFUSED = 5


def make_plan(
    policy: Policy,
    book: Book,
    as_of: date,
    *,
    author: str = "",
    engine: str = "auto",
    as_if_in_force: bool = False,
) -> Plan:
    """The plan for a day.

    Raises `Refused`: 4 where the policy reads what the book lacks, 5 outside the
    policy's days (unless `as_if_in_force`) or where two opinions differ.
    """
    check_in_force(policy, as_of, as_if_in_force=as_if_in_force)
    refuse_what_is_missing(policy, book)
    build_facts(book, policy, as_of)
    out_of_bounds = _out_of_bounds(book)
    decide(book.connection, policy)
    # The days ahead are DuckDB's work, the second opinion is Python's: each has a core of its own.
    with ThreadPoolExecutor(max_workers=1) as aside:
        looking_ahead = aside.submit(next_days, replace(book, connection=book.connection.cursor()), policy, as_of)
        opinion = second_opinion(book, policy, as_of, engine=None if engine == "auto" else Engine(engine))
        actions, withheld = _deeds(book, policy, as_of)
        days = looking_ahead.result()
    withheld = [replace(thing, next_possible=days.get(_sought(thing))) for thing in withheld]
    if policy.unit is Unit.INVOICE:
        actions = list(one_message_a_customer(actions))
    return Plan(
        policy=policy.id,
        title=policy.title,
        as_of=as_of,
        author=author,
        currency=policy.currency,
        digests=digests(policy, book),
        counts=_counts(book, opinion),
        actions=tuple(sorted(actions, key=action_order(policy))),
        withheld=tuple(sorted(withheld, key=lambda w: (w.customer, w.creditor, w.item, w.what))),
        stops=stops(policy, _cycle(book, as_of, actions, policy.stage_ids)),
        set_aside=(*_set_aside(book), *out_of_bounds, *((key[1], why) for key, why in opinion.undecided)),
        notes=opinion.notes,
        names=_names(book, {*(a.customer for a in actions), *(w.customer for w in withheld)}),
    )


def _deeds(book: Book, policy: Policy, as_of: date) -> tuple[list[Action], list[Withheld]]:
    """What the table of decisions comes down to: what is done, and what is withheld, without its next day."""
    decisions = dict(decisions_from(book.connection, acting_only=True))
    actions: list[Action] = []
    withheld: list[Withheld] = []
    for key, account in accounts_of(book, policy, as_of, decisions).items():
        actions += actions_of(policy, account, decisions[key])
        withheld += withheld_of(policy, account, decisions[key])
    return actions, withheld


def _sought(thing: Withheld) -> tuple[Key, str]:
    """What the days ahead are looked through for: the account's hold, or any stage."""
    hold = thing.what.removeprefix("hold ") if thing.what.startswith("hold ") else STAGE
    return (thing.creditor, thing.customer, thing.item), hold


def check_in_force(policy: Policy, as_of: date, *, as_if_in_force: bool) -> None:
    """Refuse a day on which the policy is not in force, unless asked to look all the same."""
    first, last = policy.effective.from_, policy.effective.until
    if as_if_in_force or not ((first and as_of < first) or (last and as_of > last)):
        return
    days = f"from {first}" if not last else f"until {last}" if not first else f"from {first} until {last}"
    raise Refused(
        [
            Problem(
                "not-in-force",
                policy.effective.span,
                f"the policy `{policy.id}` is in force {days}, not on {as_of}",
                "choose another day with --as-of, or look all the same with --as-if-in-force",
            )
        ],
        REFUSED,
    )


def refuse_what_is_missing(policy: Policy, book: Book) -> None:
    """Refuse a policy that reads what the book lacks, naming each fact and the line that reads it."""
    missing = missing_for(book, policy)
    if missing:
        raise Refused(missing, DATA)


READ_BY_DEEDS = frozenset(
    {"late", "currency", "collector", "salesperson", "has_email", "has_address", "past_due", "days_past_due"}
    | {"days_since_last_stage", "contacts_in_window", "contacted_today", "sales_asked", "requests_open"}
)
"""Facts that actions and reasons read beside those that the policy's conditions do."""


def _columns_read(policy: Policy) -> tuple[FactColumn, ...]:
    """The columns that deeds and their reasons read: few of the many facts."""
    read = READ_BY_DEEDS | {fact.name for fact, _ in facts_needed(policy)}
    return tuple(c for c in fact_columns(policy) if c.fact in read or "__" in c.fact)


def accounts_of(book: Book, policy: Policy, as_of: date, decisions: Mapping[Key, Decision]) -> Mapping[Key, Account]:
    """The accounts as the plan needs them: facts, the items that a message would name, and when it may leave."""
    items = _items(book)
    moments = _Moments(policy, as_of)
    where = dict(_zones(book))
    accounts = {}
    for key, facts in facts_of(book.connection, policy, tuple(decisions), _columns_read(policy)).items():
        creditor, customer, item = key
        episode = facts["episode"]
        accounts[key] = Account(
            creditor=creditor,
            customer=customer,
            item=item,
            episode=str(episode) if episode else "",
            facts={**facts, **decided(decisions[key])},
            items=items.get(key, ()),
            not_before=moments.of(*where.get(customer, ("", ""))),
            as_of=as_of,
        )
    return accounts


class _Moments:
    """When a message may leave, by time zone and country; worked out once for each pair."""

    def __init__(self, policy: Policy, as_of: date) -> None:
        self._calendar = policy.calendar
        self._as_of = as_of
        self._known: dict[tuple[str, str], str] = {}

    def of(self, zone: str, country: str) -> str:
        """The first open moment in the zone, with its offset; the day alone where no zone is known."""
        if not zone:
            return self._as_of.isoformat()
        if (zone, country) not in self._known:
            moment = not_before(self._as_of, self._calendar.contact, zone, country or self._calendar.country)
            self._known[zone, country] = moment.isoformat(timespec="minutes")
        return self._known[zone, country]


def _zones(book: Book) -> Iterator[tuple[str, tuple[str, str]]]:
    rows = book.connection.execute(
        "SELECT customer, time_zone, country FROM customers "
        f"WHERE customer IN (SELECT customer FROM decisions WHERE {ACTING})"
    ).fetchall()
    return ((customer, (zone or "", country or "")) for customer, zone, country in rows)


def _items(book: Book) -> dict[Key, tuple[Item, ...]]:
    """What is chased, by account, oldest first: the late items or, where nothing is late, those that fall due next."""
    rows = book.connection.execute(
        "SELECT f.creditor, f.customer, f.item, f.invoice, f.currency, f.chased__own FROM invoice_facts AS f "
        "JOIN account_facts AS a ON a.creditor = f.creditor AND a.customer = f.customer AND a.item = f.item "
        f"JOIN (SELECT creditor, customer, item FROM decisions WHERE {ACTING}) AS d "
        "ON d.creditor = f.creditor AND d.customer = f.customer AND d.item = f.item "
        "WHERE f.chased__own > 0 AND (CASE WHEN a.late THEN f.late ELSE f.invoice = a.next_due END) "
        "ORDER BY f.creditor, f.customer, f.item, f.basis_day, f.invoice"
    ).fetchall()
    items: dict[Key, list[Item]] = {}
    for creditor, customer, item, invoice, currency, amount in rows:
        items.setdefault((creditor, customer, item), []).append(Item(invoice, currency, amount))
    return {key: tuple(those) for key, those in items.items()}


def one_message_a_customer(actions: Iterable[Action]) -> Iterator[Action]:
    """Messages decided invoice by invoice, joined to one a customer, creditor, currency, stage, tone and channel."""
    messages = [action for action in actions if action.kind is Kind.MESSAGE]
    yield from (action for action in actions if action.kind is not Kind.MESSAGE)

    def envelope(action: Action) -> tuple[str, ...]:
        return (
            action.customer,
            action.creditor,
            action.currency,
            action.stage,
            action.tone,
            action.channel,
            action.template,
            action.not_before,
        )

    for _, group in groupby(sorted(messages, key=lambda action: (envelope(action), action.item)), key=envelope):
        joined = tuple(group)
        if len(joined) == 1:
            yield joined[0]
            continue
        yield replace(
            joined[0],
            id=hashlib.sha256("\x1f".join(action.id for action in joined).encode()).hexdigest()[:24],
            item=" ".join(action.item for action in joined),
            invoices=tuple(invoice for action in joined for invoice in action.invoices),
            amount=sum(action.amount for action in joined),
            because=tuple(dict.fromkeys(reason for action in joined for reason in action.because)),
        )


def action_order(policy: Policy) -> Callable[[Action], tuple[object, ...]]:
    """The order of a plan's actions: the policy's stages first, mildest to harshest, then by customer."""
    ids = (*(s.id for s in policy.stages()), *(r.id for r in policy.sales), *(h.id for h in policy.holds))
    rank = {id_: n for n, id_ in reversed(list(enumerate(ids)))}
    kinds = list(Kind)

    def key(action: Action) -> tuple[object, ...]:
        return (
            rank.get(action.stage, len(ids)),
            action.customer,
            action.creditor,
            action.item,
            kinds.index(action.kind),
            action.channel,
            action.task,
            action.id,
        )

    return key


def explain_customer(policy: Policy, book: Book, customer: str, as_of: date) -> tuple[str, tuple[Explanation, ...]]:
    """The customer's name and the explanation of each of its accounts.

    Raises `Refused` (4) where the book has no such customer or no invoice of it.
    """
    refuse_what_is_missing(policy, book)
    rows = raw_rows(book, [customer])
    today = again.facts_of(rows, policy, as_of)
    if not today:
        raise Refused(
            [
                Problem(
                    "no-such-account",
                    NOWHERE,
                    f"the book has no invoice of customer `{customer}` on {as_of}",
                    "customers are named by their id, upper and lower case count",
                )
            ],
            DATA,
        )
    known = rows_known_on(rows, as_of)
    later: dict[date, Mapping[Key, AccountFacts]] = {}

    def facts_on(key: Key, day: date) -> AccountFacts | None:
        if day not in later:
            later[day] = again.facts_of(known, policy, day)
        return later[day].get(key)

    names = _names(book, {customer})
    return names.get(customer, ""), tuple(
        explain(policy, account, partial(facts_on, key)) for key, account in sorted(today.items())
    )


# What a plan is made from, and the figures beside it.


def digests(policy: Policy, book: Book) -> Digests:
    """What the plan hangs on: policy, book and versions; there is no journal and no template behind it yet."""
    packages = ("durable-rules", "duckdb", "holidays", "tzdata")
    versions = {"duly": __version__, **{package: version(package) for package in packages}}
    return Digests(policy.digest, book.digest, NONE, NONE, MappingProxyType(versions))


def _out_of_bounds(book: Book) -> tuple[tuple[str, str], ...]:
    """Accounts that are left out because a fact of theirs is beyond what it can be."""
    rows = book.connection.execute(
        "SELECT customer, fact, CAST(value AS VARCHAR) FROM out_of_bounds ORDER BY 1, 2, 3"
    ).fetchall()
    return tuple((customer, f"`{fact}` is {value}, beyond what it can be") for customer, fact, value in rows)


def _set_aside(book: Book) -> Iterator[tuple[str, str]]:
    """Customers that were set aside at reading, each once, with the first bad row that did it."""
    first: dict[str, str] = {}
    for aside in book.set_aside:
        first.setdefault(aside.customer, f"{aside.problem} at {aside.file} row {aside.row}, column {aside.column}")
    yield from sorted(first.items())


def _counts(book: Book, opinion: Opinion) -> Counts:
    late = book.connection.execute("SELECT count(*) FROM account_facts WHERE late").fetchone()
    assert late is not None
    return Counts(
        accounts=opinion.accounts,
        late=late[0],
        first_engine=opinion.first.value,
        second_engine=opinion.second.value,
        looked_again=opinion.looked_again,
        facts_derived_again=opinion.facts_derived_again,
    )


def _cycle(book: Book, as_of: date, actions: Iterable[Action], stage_ids: Sequence[str]) -> Cycle:
    run = book.connection.execute
    open_items = run("SELECT count(DISTINCT customer) FROM account_facts WHERE open_count > 0").fetchone()
    executed = run("SELECT max(day) FROM executed_stages").fetchone()
    assert open_items is not None
    assert executed is not None
    return Cycle(
        as_of=as_of,
        with_open_items=open_items[0],
        with_new_stage=len({a.customer for a in actions if a.stage in stage_ids and a.occurrence == 1}),
        first=executed[0] is None,
        newest_record=book.newest,
        last_executed=executed[0],
    )


def _names(book: Book, customers: Iterable[str]) -> Mapping[str, str]:
    wanted = sorted(customers)
    rows = book.connection.execute(
        "SELECT c.customer, c.name FROM customers AS c "
        "JOIN (SELECT unnest(?) AS customer) AS w ON w.customer = c.customer WHERE c.name IS NOT NULL",
        [wanted],
    ).fetchall()
    return MappingProxyType(dict(rows))
