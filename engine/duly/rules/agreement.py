"""No account is acted upon on the word of one engine, nor on one reading of its facts.

The columnar engine decides every account. Another engine decides again: every
account of a book up to `BOUND`, beyond that every account that would be
contacted or restricted and a sample of the others. The facts of those accounts
are derived again from the raw rows, too. One difference refuses the plan and
shows both sides; an account that the second engine cannot decide is taken out
and named.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, fields, replace
from datetime import date
from enum import Enum
from random import Random

from duly.book.again import folder
from duly.book.book import Book
from duly.book.connection import Connection
from duly.language.conditions import Facts, Value, leaves
from duly.language.policy import Policy
from duly.language.reads import FactColumn, account_conditions, fact_columns
from duly.language.sql import identifier
from duly.rules import apart, columnar, durable, meaning
from duly.rules.apart import PLACES, Again, Derived, deriving
from duly.rules.columnar import KEY, Key
from duly.rules.decision import NONE, Decision
from duly.rules.durable import DurableUnavailable, Undecided
from duly.source import Problem, Refused

BOUND = 20_000
"""Books up to so many accounts are decided twice account by account."""

MOST_TOUCHED = 1_000
"""Beyond the bound, so many of the accounts that would be contacted or restricted are decided again."""

MOST_LEFT_ALONE = 250
"""Beyond the bound, so many of the other accounts are decided again."""

AT_ONCE = 2_000
"""So many accounts are looked at at a time."""

AHEAD = 2
"""Facts of so many times as many accounts may wait to be derived again."""

APART = 500
"""From so many accounts on their facts are derived again in a process of its own: less is done before it is there."""

SHOWN = 20
"""Differences of each sort that are shown; one would do to refuse."""

REFUSED = 5


class Engine(Enum):
    """Who decides."""

    DURABLE = "durable"
    COLUMNAR = "columnar"
    MEANING = "meaning"


@dataclass(frozen=True, slots=True)
class Opinion:
    """Who decided, who looked again, at how many accounts, and which account could not be decided twice, and why.

    `agreed` are the accounts of each decision, in the order of the key, without those.
    """

    first: Engine
    second: Engine
    agreed: Mapping[Decision, Sequence[Key]]
    accounts: int
    looked_again: int
    facts_derived_again: int
    undecided: tuple[tuple[Key, str], ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OtherFact:
    """A fact of one account that came out differently when derived again."""

    key: Key
    fact: str
    first: Value
    again: Value


def agree(
    book: Book, policy: Policy, as_of: date, *, engine: Engine | None = None, again: Again | None = None
) -> Opinion:
    """Decide every account of the table `account_facts`, twice where it matters, into the table `decisions`.

    `engine` says who decides first; without it, durable-rules up to the bound and
    the columnar engine beyond. An account that could not be decided twice is not
    in `decisions`. Raises `Refused` (5) on any difference.
    """
    columnar.decide(book.connection, policy)
    with second_opinion(book, policy, as_of, engine=engine, again=again) as opinion:
        return opinion


@contextmanager
def second_opinion(
    book: Book, policy: Policy, as_of: date, *, engine: Engine | None = None, again: Again | None = None
) -> Iterator[Opinion]:
    """As `agree`, where the columnar engine has made the table `decisions` already.

    Inside the block every decision is agreed upon. The facts may still be on their
    way from another process: nobody leaves the block before they agree as well.
    """
    connection = book.connection
    kinds = columnar.accounts_by_decision(connection)
    decisions = {key: decision for decision, keys in kinds.items() for key in keys}
    small = len(decisions) <= BOUND
    first = engine or (Engine.DURABLE if small else Engine.COLUMNAR)
    if small or first is not Engine.COLUMNAR:
        keys = tuple(sorted(decisions))
    else:
        keys = looked_at(policy, kinds, seed=f"{book.digest} {as_of}")
    with deriving(book, policy, as_of, apart=len(keys) >= APART) if again is None else nullcontext(again) as derive:
        look, first, notes = _look(first, connection, policy, keys, derive)
        if disagreements(decisions, look):
            refuse_differences(look, connection, policy, decisions)
        _take_out(connection, look.undecided)
        yield Opinion(
            first=first,
            second=look.by if first is Engine.COLUMNAR else Engine.COLUMNAR,
            agreed={decision: [key for key in some if key not in look.undecided] for decision, some in kinds.items()},
            accounts=len(decisions),
            looked_again=len(look.decisions),
            facts_derived_again=len(keys),
            undecided=tuple(look.undecided.items()),
            notes=notes,
        )
        refuse_differences(look, connection, policy, decisions)


def _look(
    first: Engine, connection: Connection, policy: Policy, keys: Sequence[Key], again: Again
) -> tuple[Look, Engine, tuple[str, ...]]:
    """What looking again gave, who decided first after all, and a note where that is not who was asked."""
    try:
        by = Engine.DURABLE if first is Engine.COLUMNAR else first
        return look_again(by, connection, policy, keys, again), first, ()
    except DurableUnavailable as unavailable:
        note = f"{unavailable}; the plain meaning gave the second opinion instead"
        return look_again(Engine.MEANING, connection, policy, keys, again), Engine.COLUMNAR, (note,)


@contextmanager
def prepared(book: Book, policy: Policy) -> Iterator[None]:
    """Within the block, the processes that a second opinion takes start while something else is done."""
    (customers,) = book.connection.execute("SELECT count(*) FROM customers").fetchone() or (0,)
    with durable.started(policy), apart.started() if customers >= APART else nullcontext():
        yield


# Which accounts are looked at again.


def looked_at(policy: Policy, kinds: Mapping[Decision, Sequence[Key]], *, seed: str) -> tuple[Key, ...]:
    """The accounts of a large book that are decided again, in the order of the key.

    All that would be contacted or restricted, or, where they are too many, the
    harshest and a sample of every kind; beside them a sample of every kind of the
    others. The same seed draws the same sample.
    """
    touched = {decision: keys for decision, keys in kinds.items() if decision.step != NONE or decision.place}
    alone = {decision: keys for decision, keys in kinds.items() if decision not in touched}
    looked = (*_drawn(policy, touched, MOST_TOUCHED, seed), *_drawn(policy, alone, MOST_LEFT_ALONE, seed))
    return tuple(sorted(looked))


def _drawn(policy: Policy, kinds: Mapping[Decision, Sequence[Key]], most: int, seed: str) -> Iterable[Key]:
    """At most so many accounts: the harshest, up to half of them, then one of each kind, then another of each."""
    if sum(map(len, kinds.values())) <= most:
        return [key for keys in kinds.values() for key in keys]
    # Points alone make no kind of their own.
    alike: dict[Decision, list[Key]] = defaultdict(list)
    for decision, keys in kinds.items():
        alike[replace(decision, points=0)] += keys
    ranked: list[tuple[int, int, Key]] = []
    for kind, keys in alike.items():
        drawn = Random(f"{seed} {kind}").sample(sorted(keys), min(len(keys), most))  # noqa: S311 -- a sample, no secret
        ranked += ((turn, -_severity(policy, kind), key) for turn, key in enumerate(drawn))
    ranked.sort()
    worst = min(mildness for _, mildness, _ in ranked)
    harshest = [key for _, mildness, key in ranked if mildness == worst][: most // 2]
    return [*dict.fromkeys((*harshest, *(key for _, _, key in ranked)))][:most]


def _severity(policy: Policy, decision: Decision) -> int:
    """How harsh a decision is: by its stage, and beyond every stage where a hold is placed."""
    stages = (NONE, *policy.stage_ids)
    return stages.index(decision.step) + len(stages) * bool(decision.place)


# Looking again.


@dataclass(frozen=True, slots=True)
class Look:
    """What the other engine decided, what it could not decide, and the facts that came out differently."""

    by: Engine
    decisions: Mapping[Key, Decision]
    undecided: Mapping[Key, str]
    facts: Compared

    @property
    def other_facts(self) -> Sequence[OtherFact]:
        """Known once all facts have been derived again; whoever asks waits for that."""
        return self.facts.differences()


class Compared:
    """Facts beside those derived again, compared as these arrive; few are waited for at a time."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Mapping[Key, Facts], Derived]] = deque()
        self._differences: list[OtherFact] = []

    def add(self, first: Mapping[Key, Facts], again: Derived) -> None:
        """Compare these once they are there; may wait for those added before."""
        self._waiting.append((first, again))
        while len(self._waiting) > AHEAD:
            self._compare_one()

    def differences(self) -> Sequence[OtherFact]:
        """Every fact that came out differently."""
        while self._waiting:
            self._compare_one()
        return self._differences

    def _compare_one(self) -> None:
        first, again = self._waiting.popleft()
        self._differences.extend(facts_that_differ(first, again()))


def look_again(by: Engine, connection: Connection, policy: Policy, keys: Sequence[Key], again: Again) -> Look:
    """Have the accounts decided by this engine, and their facts derived again; raises DurableUnavailable."""
    compared = Compared()

    def accounts() -> Iterator[tuple[Key, Facts]]:
        for at in range(0, len(keys), AT_ONCE):
            some = keys[at : at + AT_ONCE]
            facts = facts_of(connection, policy, some)
            # The engine decides in a process of its own, and need not wait for the facts to be derived again.
            yield from facts.items()
            compared.add(facts, again(some))

    if by is Engine.DURABLE:
        answers = dict(durable.decide_all(policy, accounts()))
    else:
        answers = {key: meaning.decide(policy, facts) for key, facts in accounts()}
    return Look(
        by,
        {key: answer for key, answer in answers.items() if isinstance(answer, Decision)},
        {key: answer.reason for key, answer in answers.items() if isinstance(answer, Undecided)},
        compared,
    )


def facts_of(
    connection: Connection,
    policy: Policy,
    keys: Sequence[Key],
    columns: Sequence[FactColumn] | None = None,
    *,
    table: str = "account_facts",
) -> dict[Key, dict[str, Value]]:
    """The facts of the accounts, read from the table, in the order of the key; all, or those of the columns given."""
    columns = fact_columns(policy) if columns is None else columns
    folded = folder(columns)
    texts = (f"CAST(f.{place} AS VARCHAR)" for place in PLACES)
    selected = ", ".join((*(f"f.{identifier(column.name)}" for column in columns), *texts))
    creditors, customers, items = zip(*keys, strict=True) if keys else ((), (), ())
    rows = connection.execute(
        f"SELECT f.creditor, f.customer, f.item, {selected} FROM {identifier(table)} f "
        "JOIN (SELECT unnest(CAST($1 AS VARCHAR[])) AS creditor, unnest(CAST($2 AS VARCHAR[])) AS customer, "
        "unnest(CAST($3 AS VARCHAR[])) AS item) k "
        "ON f.creditor = k.creditor AND f.customer = k.customer AND f.item = k.item ORDER BY 1, 2, 3",
        [list(creditors), list(customers), list(items)],
    ).fetchall()
    first, places = len(KEY), len(KEY) + len(columns)
    return {row[:first]: folded(row[first:places]) | dict(zip(PLACES, row[places:], strict=True)) for row in rows}


def facts_that_differ(first: Mapping[Key, Facts], again: Mapping[Key, Facts]) -> Iterator[OtherFact]:
    """Every fact that came out differently; an account that only one side knows differs in being there."""
    for key in sorted({*first, *again}):
        if key not in first or key not in again:
            yield OtherFact(key, "account", key in first, key in again)
        elif first[key] != again[key]:
            names = (name for name, value in first[key].items() if again[key].get(name) != value)
            yield from (OtherFact(key, name, first[key][name], again[key].get(name)) for name in names)


def _take_out(connection: Connection, keys: Iterable[Key]) -> None:
    for key in keys:
        connection.execute("DELETE FROM decisions WHERE creditor = $1 AND customer = $2 AND item = $3", list(key))


# What is said of a difference.


def disagreements(first: Mapping[Key, Decision], look: Look) -> tuple[Key, ...]:
    """The accounts about which the other engine decided otherwise."""
    return tuple(key for key, decision in look.decisions.items() if decision != first[key])


def refuse_differences(look: Look, connection: Connection, policy: Policy, decisions: Mapping[Key, Decision]) -> None:
    """Raise `Refused` with both sides of each difference, where there is any."""
    keys = disagreements(decisions, look)
    facts = facts_of(connection, policy, keys[:SHOWN])
    problems = [
        engines_disagree(policy, key, facts[key], {Engine.COLUMNAR: decisions[key], look.by: look.decisions[key]})
        for key in facts
    ]
    problems += [facts_disagree(policy, other) for other in look.other_facts[:SHOWN]]
    if problems:
        raise Refused(problems, REFUSED)


def engines_disagree(policy: Policy, key: Key, facts: Facts, decided: Mapping[Engine, Decision]) -> Problem:
    """What two engines decided about one account, where they differ, and the facts that they read."""
    one, other = decided.values()
    differ = [field.name for field in fields(Decision) if getattr(one, field.name) != getattr(other, field.name)]
    sides = (
        f"{engine.value}: {', '.join(f'{name} {shown(getattr(decision, name))}' for name in differ)}"
        for engine, decision in decided.items()
    )
    read = sorted(
        {leaf.fact for reading in account_conditions(policy) for leaf in leaves(reading.condition)} & {*facts}
    )
    return Problem(
        "engines-disagree",
        policy.span,
        f"two engines decide differently about {named(key)}: {'; '.join(sides)}",
        f"{A_BUG}; the facts read: {', '.join(f'{name} {shown(facts[name])}' for name in read)}",
    )


def facts_disagree(policy: Policy, other: OtherFact) -> Problem:
    """What a fact of one account came to when it was derived twice."""
    return Problem(
        "facts-disagree",
        policy.span,
        f"`{other.fact}` of {named(other.key)} is {shown(other.first)}, and {shown(other.again)} when derived again",
        A_BUG,
    )


A_BUG = "this is a bug in duly and nothing was planned; please report it with this message"


def named(key: Key) -> str:
    """An account in words."""
    creditor, customer, item = key
    return f"customer `{customer}`{f' item `{item}`' if item else ''} of creditor `{creditor}`"


def shown(value: object) -> str:
    """A fact's or a decision's value in words."""
    match value:
        case None:
            return "unknown"
        case bool():
            return "true" if value else "false"
        case Enum():
            return f"`{value.value}`"
        case frozenset() | tuple():
            return f"[{', '.join(sorted(value) if isinstance(value, frozenset) else value)}]"
        case str():
            return f"`{value}`"
        case _:
            return str(value)
