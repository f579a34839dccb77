"""From a policy and a book to a plan, and to the explanation of one customer.

The facts of the day, the decisions of two engines over them, the deeds they come
down to, what is withheld with the next day that could bring it, and what would
stop an apply. A plan is refused whole where the policy reads what the book lacks
or where two engines or two derivations of the facts disagree.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING

from duly import __version__
from duly.book.available import refuse_what_is_missing
from duly.book.book import Book, names_of
from duly.book.facts import build_facts
from duly.book.history import add_history
from duly.journal.history import NO_HISTORY, History, Row
from duly.language.policy import Policy, Unit
from duly.language.reads import FactColumn, fact_columns, facts_needed
from duly.plan.absences import nobody_stands_in
from duly.plan.actions import Account, Item, actions_of, withheld_of
from duly.plan.ahead import STAGE, next_days
from duly.plan.makers import MAKERS
from duly.plan.moments import Moments
from duly.plan.overdue import overdue_of, told_once
from duly.plan.plan import Action, Counts, Digests, Kind, Plan, Withheld
from duly.plan.reach import NOWHERE_KNOWN, reach_of
from duly.plan.standing import (
    first_contact_is_harshest,
    harsh_customers,
    harsh_to_misnamed,
    not_done_before,
    not_to_be_posted,
)
from duly.plan.stops import Cycle, Past, stops
from duly.plan.together import Ground, done_together
from duly.plan.whole import once_an_account
from duly.priority import give_way
from duly.rules.columnar import ACTING, Key, decide
from duly.rules.decision import NONE, Decision
from duly.rules.trace import decided
from duly.source import Problem, Refused
from duly.team.staff import staff_of

if TYPE_CHECKING:
    from duly.rules.agreement import Opinion

REFUSED = 5


@dataclass(frozen=True, slots=True)
class Background:
    """What a plan knows besides policy and book: the journal's history, its environment, the wording's digest."""

    history: History = NO_HISTORY
    environment: str = "try"
    templates: str = NONE


NO_BACKGROUND = Background()


def make_plan(
    policy: Policy,
    book: Book,
    as_of: date,
    *,
    author: str = "",
    engine: str = "auto",
    as_if_in_force: bool = False,
    background: Background = NO_BACKGROUND,
    looks_ahead: bool = True,
) -> Plan:
    """The plan for a day.

    Unless it `looks_ahead`, which takes as long as the rest, nothing withheld has its next possible day.
    Raises `Refused`: 4 where the policy reads what the book lacks, 5 outside the
    policy's days (unless `as_if_in_force`) or where two opinions differ.
    """
    # One customer is explained without a second opinion, and the engine behind it is slow to load.
    from duly.rules.agreement import Engine, prepared, second_opinion

    history, environment = background.history, background.environment
    check_in_force(policy, as_of, as_if_in_force=as_if_in_force)
    refuse_what_is_missing(policy, book)
    left_out = add_history(book, history)
    asked = None if engine == "auto" else Engine(engine)
    with prepared(book, policy), ThreadPoolExecutor(max_workers=1) as aside, _beside(book) as other:
        build_facts(book, policy, as_of)
        out_of_bounds = _out_of_bounds(book)
        decide(book.connection, policy)
        # The days ahead are the database's work and ready long before all that is Python's.
        ahead = _next_days_behind if looks_ahead else _no_days
        looking_ahead = aside.submit(ahead, other, policy, as_of)
        with second_opinion(book, policy, as_of, engine=asked) as opinion:
            actions, withheld = _deeds(book, policy, as_of, environment, opinion.agreed)
            together = done_together(Ground(policy, book, as_of, environment, history), MAKERS)
        days = looking_ahead.result()
    withheld = [replace(thing, next_possible=day) if (day := days.get(_sought(thing))) else thing for thing in withheld]
    gap = max((la.min_days_between for la in policy.ladders), default=0)
    called_off = () if book.is_part else not_to_be_posted(history, actions, withheld)
    # Each invoice is looked up by itself: the others that it shared a message with may be others tomorrow.
    actions, done = not_done_before(actions, history, as_of, gap)
    if policy.unit is Unit.INVOICE:
        joined = one_message_a_customer(actions)
        actions, rejected = not_done_before(joined, replace(history, unposted={}), as_of, gap)
        done += rejected
    harshest = first_contact_is_harshest(actions, policy.tones, _contacted(book, actions))
    actions = [action for action in actions if action.customer not in harshest]
    actions, misnamed = harsh_to_misnamed(actions, policy.tones, _misnamed(book, actions))
    actions += together.actions
    withheld += [*done, *misnamed, *together.withheld]
    return Plan(
        policy=policy.id,
        title=policy.title,
        as_of=as_of,
        author=author,
        environment=environment,
        policy_file=policy.files[0] if policy.files else "",
        book=str(book.path),
        currency=policy.currency,
        digests=digests(policy, book, background),
        counts=_counts(book, opinion, harsh_customers(actions, policy.tones)),
        actions=tuple(sorted(actions, key=action_order(policy))),
        withheld=tuple(sorted(withheld, key=lambda w: (w.customer, w.creditor, w.item, w.what))),
        stops=stops_of(policy, book, as_of, actions, history),
        set_aside=(
            *_set_aside(book),
            *out_of_bounds,
            *((key[1], why) for key, why in opinion.undecided),
            *((customer, HARSHEST_FIRST) for customer in sorted(harshest)),
        ),
        notes=(
            *opinion.notes,
            *called_off,
            *nobody_stands_in(book, as_of, actions),
            *together.notes,
            *_about_nobody(0 if book.is_part else left_out),
        ),
        names=names_of(book, {*(a.customer for a in actions), *(w.customer for w in withheld)}),
    )


@contextmanager
def _beside(book: Book) -> Iterator[Book]:
    """The book over a connection of its own; whoever leaves by an error waits for nothing that runs over it."""
    connection = book.connection.cursor()
    try:
        yield replace(book, connection=connection)
    except BaseException:
        connection.interrupt()
        raise
    connection.close()


def _next_days_behind(book: Book, policy: Policy, as_of: date) -> dict[tuple[Key, str], date]:
    give_way()
    return next_days(book, policy, as_of)


def _no_days(_book: Book, _policy: Policy, _as_of: date) -> dict[tuple[Key, str], date]:
    return {}


HARSHEST_FIRST = "its first contact ever would be in the harshest tone: look at it, and record what was sent before"


def _about_nobody(rows: int) -> tuple[str, ...]:
    return (f"{rows} journal rows are about customers or invoices that the book does not have",) if rows else ()


def _contacted(book: Book, actions: Iterable[Action]) -> frozenset[str]:
    """Which of the actions' customers were ever contacted, by any stage or by anybody."""
    rows = book.connection.execute(
        "SELECT w.customer FROM (SELECT DISTINCT unnest(?) AS customer) AS w "
        "WHERE w.customer IN (SELECT customer FROM executed_stages) "
        "OR w.customer IN (SELECT customer FROM contacts_made WHERE direction = 'out')",
        [sorted({action.customer for action in actions})],
    ).fetchall()
    return frozenset(customer for (customer,) in rows)


def _misnamed(book: Book, actions: Iterable[Action]) -> Mapping[str, str]:
    """The name on an invoice, by customer, where it is not the customer's own."""
    if "customer_name" not in book.columns["invoices"]:
        return {}
    rows = book.connection.execute(
        "SELECT i.customer, min(i.customer_name) FROM invoices AS i JOIN customers AS c ON c.customer = i.customer "
        "JOIN (SELECT DISTINCT unnest(?) AS customer) AS w ON w.customer = i.customer "
        "WHERE i.customer_name IS NOT NULL AND c.name IS NOT NULL "
        "AND lower(trim(i.customer_name)) <> lower(trim(c.name)) GROUP BY i.customer",
        [sorted({action.customer for action in actions})],
    ).fetchall()
    return dict(rows)


def _deeds(
    book: Book, policy: Policy, as_of: date, environment: str, agreed: Mapping[Decision, Sequence[Key]]
) -> tuple[list[Action], list[Withheld]]:
    """What the table of decisions comes down to: what is done, and what is withheld, without its next day."""
    actions: list[Action] = []
    withheld: list[Withheld] = []
    for account, decision in accounts_of(book, policy, as_of, environment, agreed):
        actions += actions_of(policy, account, decision)
        withheld += withheld_of(policy, account, decision)
    return list(once_an_account(told_once(actions), book.connection, policy)), withheld


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


READ_BY_DEEDS = frozenset(
    {"late", "currency", "collector", "salesperson", "has_email", "has_address", "past_due", "days_past_due"}
    | {"days_since_last_stage", "contacts_in_window", "contacted_today"}
    | {"sales_asked", "requests_open", "requests_answered"}
)
"""Facts that actions and reasons read beside those that the policy's conditions do."""


def _columns_read(policy: Policy) -> tuple[FactColumn, ...]:
    """The columns that deeds and their reasons read: few of the many facts."""
    read = READ_BY_DEEDS | {fact.name for fact, _ in facts_needed(policy)}
    return tuple(c for c in fact_columns(policy) if c.fact in read or "__" in c.fact)


def accounts_of(
    book: Book, policy: Policy, as_of: date, environment: str, agreed: Mapping[Decision, Sequence[Key]]
) -> Iterator[tuple[Account, Decision]]:
    """The accounts that something is done for or withheld from, as the plan needs them, each with its decision.

    Beside the facts: the items that a message would name, where it goes and when it may leave.
    """
    from duly.rules.agreement import facts_of

    kinds = {decision: some for decision, some in agreed.items() if decision.gives_deeds}
    keys = [key for some in kinds.values() for key in some]
    facts_by_key = facts_of(book.connection, policy, keys, _columns_read(policy))
    items = _items(book)
    moments = Moments(policy, as_of)
    reach = reach_of(book, f"SELECT customer FROM decisions WHERE {ACTING}")
    releases = _releases(book, as_of)
    overdue = overdue_of(book, as_of, kinds)
    staff = staff_of(book, as_of)
    for decision, some in kinds.items():
        said = decided(decision)
        for creditor, customer, item in some:
            facts = facts_by_key[creditor, customer, item]
            facts |= said
            episode = facts["episode"]
            known = reach.get(customer, NOWHERE_KNOWN)
            account = Account(
                environment=environment,
                creditor=creditor,
                customer=customer,
                item=item,
                episode=str(episode) if episode else "",
                facts=facts,
                items=items.get((creditor, customer, item), ()),
                not_before=moments.of(known.time_zone, known.country),
                as_of=as_of,
                reach=known,
                releases=releases.get((creditor, customer), NO_RELEASES),
                overdue={rule: overdue[creditor, customer, rule] for rule in decision.tells},
                staff=staff,
            )
            yield account, decision


NO_RELEASES: Mapping[str, int] = MappingProxyType({})


def _releases(book: Book, as_of: date) -> Mapping[tuple[str, str], Mapping[str, int]]:
    """How often holds of an account were released by the day, by creditor and customer."""
    counted: dict[tuple[str, str], dict[str, int]] = {}
    rows = book.connection.execute(
        "SELECT creditor, customer, hold, count(*) FROM holds WHERE released_on <= ? GROUP BY ALL", [as_of]
    ).fetchall()
    for creditor, customer, hold, times in rows:
        counted.setdefault((creditor, customer), {})[hold] = times
    return counted


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
    """Messages decided invoice by invoice, joined to one a customer, creditor, currency, stage, tone and channel.

    The joined one names the episode of each of its items, in their order; what is sent
    for the second time is not joined to what is sent for the first.
    """
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
            f"{action.occurrence:09}",
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
            episode=" ".join(action.episode for action in joined),
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


# What a plan is made from, and the figures beside it.


def digests(policy: Policy, book: Book, background: Background = NO_BACKGROUND) -> Digests:
    """What the plan hangs on: policy, book, journal, wording and versions."""
    return Digests(policy.digest, book.digest, background.history.head, background.templates, versions())


def versions() -> Mapping[str, str]:
    """The versions of what decides a plan."""
    packages = ("durable-rules", "duckdb", "holidays", "tzdata")
    return MappingProxyType({"duly": __version__, **{package: version(package) for package in packages}})


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


def _counts(book: Book, opinion: Opinion, harsh: int) -> Counts:
    late = book.connection.execute("SELECT count(*) FROM account_facts WHERE late").fetchone()
    assert late is not None
    return Counts(
        accounts=opinion.accounts,
        late=late[0],
        with_open_items=_with_open_items(book),
        harsh=harsh,
        first_engine=opinion.first.value,
        second_engine=opinion.second.value,
        looked_again=opinion.looked_again,
        facts_derived_again=opinion.facts_derived_again,
        is_part=book.is_part,
    )


def _with_open_items(book: Book) -> int:
    row = book.connection.execute("SELECT count(DISTINCT customer) FROM account_facts WHERE open_count > 0").fetchone()
    assert row is not None
    return int(row[0])


def stops_of(
    policy: Policy, book: Book, as_of: date, actions: Sequence[Action], history: History
) -> tuple[Problem, ...]:
    """Everything that would stop an apply of these actions; the book is one that a plan for the day was made of."""
    return stops(policy, _cycle(book, policy, as_of, actions, history))


def _cycle(book: Book, policy: Policy, as_of: date, actions: Sequence[Action], history: History) -> Cycle:
    executed = book.connection.execute("SELECT max(day) FROM executed_stages").fetchone()
    assert executed is not None
    # Charges are proposed item by item, and reach a worklist and no customer.
    each = Counter(a.customer for a in actions if a.customer and a.kind is not Kind.CHARGE_PROPOSAL)
    flooded, most = max(each.items(), key=lambda one: (one[1], one[0]), default=("", 0))
    return Cycle(
        as_of=as_of,
        with_open_items=_with_open_items(book),
        with_new_stage=len({a.customer for a in actions if _is_new_stage(policy, a)}),
        first=executed[0] is None,
        newest_record=book.newest,
        last_executed=executed[0],
        actions=len(actions),
        harsh=harsh_customers(actions, policy.tones),
        most_for_one=most,
        flooded=flooded,
        has_journal=history.head != NONE,
        # One customer's figures cannot be held against a portfolio's.
        past=() if book.is_part else tuple(_past(run) for run in history.runs if not _is_part(run)),
    )


def _is_new_stage(policy: Policy, action: Action) -> bool:
    return action.kind in OF_A_STAGE and action.stage in policy.stage_ids and action.occurrence == 1


OF_A_STAGE = frozenset({Kind.MESSAGE, Kind.TASK, Kind.REFERRAL, Kind.WRITE_OFF_PROPOSAL})
"""The kinds of action that a stage comes down to."""


def _past(run: Row) -> Past:
    return Past(_figure(run, "with_open_items"), _figure(run, "harsh"))


def _is_part(run: Row) -> bool:
    figures = run.get("figures")
    return isinstance(figures, Mapping) and figures.get("is_part") is True


def _figure(run: Row, name: str) -> int:
    figures = run.get("figures")
    value = figures.get(name) if isinstance(figures, Mapping) else None
    return value if isinstance(value, int) else 0
