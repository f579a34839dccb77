"""Which accounts of a book break a guarantee on a day: a real customer in the place of one that only could be.

All accounts are asked at once, by the columns that a plan is made of: each guarantee is
written down as worklist points that nobody gets otherwise. Whoever is shown is decided
once more by the meaning of the policy. What is proved is broken by nobody: an account
that breaks it all the same is a bug, and is reported as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice, product

from duly.book.again import AccountFacts
from duly.book.available import refuse_what_is_missing
from duly.book.book import Book
from duly.book.facts import build_facts, facts_from
from duly.language.conditions import Facts, Value, facts_read
from duly.language.invariants import invariants, is_true_of
from duly.language.policy import Guarantee, GuaranteeForm, Points, Policy
from duly.language.reads import FactColumn, account_conditions
from duly.language.sql import identifier, quoted
from duly.language.vocabulary import Type
from duly.review.prove.broken import breaks
from duly.review.prove.intervals import Domain, domains
from duly.review.prove.proof import Counterexample, Proof, Verdict, ranges_of, twins
from duly.review.prove.search import telling
from duly.review.prove.symbols import NUMERIC, columns_of
from duly.rules import columnar, meaning
from duly.rules.columnar import Key
from duly.rules.decision import NONE
from duly.rules.decisive import turns

AT_ONCE = 24
"""Guarantees asked at once: two bits of a number each, and the number is exact."""

MOST_WAYS = 200
"""Ways tried in which facts that must make no difference can be otherwise."""

DECISIONS, BREAKING, OTHERWISE = "prove_decisions", "prove_breaking", "prove_otherwise"
KEYS = "SELECT creditor, customer, item"

TREATED = (
    "stage",
    "step",
    "tone",
    "put_off",
    "tasks",
    "asks",
    "stood_down",
    "tells",
    "place",
    "release",
    "limits",
    "points",
)
"""The fields of a decision that are a treatment."""


@dataclass(frozen=True, slots=True)
class Broken:
    """How many accounts of a book break a guarantee, and the one of them with the most past due, if any."""

    accounts: int
    key: Key | None = None
    name: str = ""
    shown_on: Counterexample | None = None


@dataclass(frozen=True, slots=True)
class OnBook:
    """What a book says of the guarantees of one decision on a day, by their ids."""

    as_of: date
    accounts: int
    broken: Mapping[str, Broken]


def on_book(policy: Policy, proofs: Iterable[Proof], book: Book, as_of: date) -> OnBook:
    """Who of the book breaks what is proved or disproved; raises `Refused` (4) where it lacks what is read."""
    asked = tuple(p for p in proofs if p.guarantee.form is not GuaranteeForm.OVER_TIME)
    looking = _Looking(policy, [proof.guarantee for proof in asked], book, as_of)
    broken = {}
    for proof in asked:
        found = looking.broken[proof.guarantee.id]
        # What says nothing of one of its facts may still be broken in another.
        is_alike = proof.guarantee.form is GuaranteeForm.SAME_TREATMENT
        if found.accounts and (proof.verdict is Verdict.PROVED or (proof.verdict is Verdict.EMPTY and not is_alike)):
            raise AssertionError(f"`{proof.guarantee.id}` is proved, and {found.key} of the book breaks it")
        broken[proof.guarantee.id] = found
    return OnBook(as_of, looking.accounts, broken)


class _Looking:
    def __init__(self, policy: Policy, guarantees: Sequence[Guarantee], book: Book, as_of: date) -> None:
        self.policy = policy
        # An account has the facts that its policy reads: so it must read those of the guarantees.
        spoken = [c for g in guarantees for c in (g.condition, g.then)]
        self.reading = replace(policy, worklist=(*policy.worklist, *(Points(id="", add=0, when=c) for c in spoken)))
        refuse_what_is_missing(self.reading, book)
        build_facts(book, self.reading, as_of)
        self.book = book
        self.connection = book.connection
        row = self.connection.execute("SELECT count(*) FROM account_facts").fetchone()
        self.accounts = int(row[0]) if row else 0
        self.broken: dict[str, Broken] = {}
        together = []
        for guarantee in guarantees:
            if guarantee.form is GuaranteeForm.SAME_TREATMENT:
                self.broken[guarantee.id] = self._alike(guarantee)
            elif _speaks_of_points(guarantee):
                self.broken[guarantee.id] = self._one_by_one(guarantee)
            else:
                together.append(guarantee)
        for at in range(0, len(together), AT_ONCE):
            self._conditions(together[at : at + AT_ONCE])

    # What never or always holds.

    def _conditions(self, some: Sequence[Guarantee]) -> None:
        """Two bits a guarantee: that its condition holds, and that what must follow does."""
        asked = [condition for guarantee in some for condition in (guarantee.condition, guarantee.then)]
        bits = tuple(Points(id="", add=1 << at, when=condition) for at, condition in enumerate(asked))
        columnar.decide(self.connection, replace(self.reading, worklist=bits), into=DECISIONS)
        for at, guarantee in enumerate(some):
            followed = f" AND (points // {2 << 2 * at}) % 2 = 0" if guarantee.form is GuaranteeForm.ALWAYS else ""
            self._keep(f"{KEYS} FROM {DECISIONS} WHERE (points // {1 << 2 * at}) % 2 = 1{followed}")
            self.broken[guarantee.id] = self._shown(guarantee)

    def _one_by_one(self, guarantee: Guarantee) -> Broken:
        """Of what speaks of the points themselves, every account is decided by itself."""
        keys = [
            (account.creditor, account.customer, account.item)
            for account in facts_from(self.connection, self.reading)
            if breaks(guarantee, account.facts, meaning.decide(self.policy, account.facts))
        ]
        self._keep_keys(keys)
        return self._shown(guarantee)

    # What must make no difference.

    def _alike(self, guarantee: Guarantee) -> Broken:
        """Everybody decided again with the facts otherwise, in every way in which the policy can tell."""
        changes: dict[Key, Mapping[str, Value]] = {}
        columnar.decide(self.connection, self.policy, into=DECISIONS)
        for change in islice(self._ways(guarantee), MOST_WAYS):
            for account in self._treated_otherwise(change):
                key = (account.creditor, account.customer, account.item)
                otherwise = {**account.facts, **_as_facts(change, account.facts)}
                if key not in changes and all(is_true_of(one, otherwise) for one in invariants(self.policy)):
                    changes[key] = {n: v for n, v in otherwise.items() if v != account.facts[n]}
        self._keep_keys(changes)
        return self._shown(guarantee, changes)

    def _ways(self, guarantee: Guarantee) -> Iterator[Mapping[FactColumn, Value]]:
        """Each way in which the facts can be otherwise, as far as the policy tells them apart."""
        asked = [reading.condition for reading in account_conditions(self.policy)]
        numbers = turns([*asked, *(stage.reached for stage in self.policy.stages())])
        every = domains([self.policy])
        known = {c.name: c for c in columns_of([self.policy])}
        columns = [c for c in known.values() if c.fact in guarantee.facts]
        alike = {c: [known[name] for name in twins(self.policy, c.name) if known[name] not in columns] for c in columns}
        values = [
            _values(
                every[c.fact if c.member else c.name, c.member],
                [n for name in (c.name, *(twin.name for twin in alike[c])) for n in numbers.get(name, ())],
            )
            for c in columns
        ]
        for way in product(*values) if columns else ():
            change = dict(zip(columns, way, strict=True))
            yield {t: _as_twin(t, value) for c, value in change.items() for t in alike[c]} | change

    def _treated_otherwise(self, change: Mapping[FactColumn, Value]) -> Iterator[AccountFacts]:
        """The accounts to which the change makes a difference."""
        others = ", ".join(f"{_as_sql(value, c)} AS {identifier(c.name)}" for c, value in change.items())
        self.connection.execute(
            f"CREATE OR REPLACE TABLE {OTHERWISE} AS SELECT * REPLACE ({others}) FROM account_facts"
        )
        columnar.decide(self.connection, self.policy, facts=OTHERWISE, into=f"{OTHERWISE}_{DECISIONS}")
        differs = " OR ".join(f"a.{field} IS DISTINCT FROM b.{field}" for field in TREATED)
        self._keep(
            f"SELECT a.creditor, a.customer, a.item FROM {DECISIONS} a JOIN {OTHERWISE}_{DECISIONS} b "
            f"USING (creditor, customer, item) WHERE {differs}"
        )
        yield from facts_from(self.connection, self.reading, only=BREAKING)

    # Who is shown.

    def _keep(self, query: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TABLE {BREAKING} AS {query}")

    def _keep_keys(self, keys: Iterable[Key]) -> None:
        parts = [list(part) for part in zip(*keys, strict=True)] or [[], [], []]
        unnested = zip(parts, ("creditor", "customer", "item"), strict=True)
        columns = ", ".join(f"unnest(CAST(${at} AS VARCHAR[])) AS {name}" for at, (_, name) in enumerate(unnested, 1))
        self.connection.execute(f"CREATE OR REPLACE TABLE {BREAKING} AS SELECT {columns}", parts)

    def _shown(self, guarantee: Guarantee, changes: Mapping[Key, Mapping[str, Value]] | None = None) -> Broken:
        """The account with the most past due of those kept, decided once more."""
        row = self.connection.execute(f"SELECT count(*) FROM {BREAKING}").fetchone()
        if not row or not row[0]:
            return Broken(0)
        self._keep(
            f"{KEYS} FROM {BREAKING} JOIN account_facts USING (creditor, customer, item) "
            "ORDER BY past_due DESC, creditor, customer, item LIMIT 1"
        )
        account = next(facts_from(self.connection, self.reading, only=BREAKING))
        key = (account.creditor, account.customer, account.item)
        shown = self._counterexample(guarantee, account.facts, changes[key] if changes else None)
        return Broken(int(row[0]), key, self._name(account.customer), shown)

    def _counterexample(self, guarantee: Guarantee, facts: Facts, change: Mapping[str, Value] | None) -> Counterexample:
        decision = meaning.decide(self.policy, facts)
        other = None if change is None else meaning.decide(self.policy, {**facts, **change})
        if not breaks(guarantee, facts, decision, other):
            raise AssertionError(f"the account that breaks `{guarantee.id}` does not by the meaning of the policy")
        columns = columns_of([self.policy], (guarantee.condition, guarantee.then))
        read = _read(self.reading) | (change or {}).keys()
        return Counterexample(
            all_facts=facts,
            facts=tuple((n, v) for n, v in telling(facts, columns) if n in read),
            decision=decision,
            ranges={} if other else ranges_of(self.policy, guarantee, facts),
            other=tuple(change.items()) if change else (),
            other_decision=other,
            is_real=True,
        )

    def _name(self, customer: str) -> str:
        row = self.connection.execute("SELECT name FROM customers WHERE customer = ?", [customer]).fetchone()
        return str(row[0] or "") if row else ""


def _read(policy: Policy) -> frozenset[str]:
    """The facts that the policy and what is promised of it read, and what was executed."""
    asked = [*(reading.condition for reading in account_conditions(policy)), *(s.reached for s in policy.stages())]
    always = {"late", "past_due", "days_past_due", "days_since_stage", *(s.days_fact for s in policy.stages())}
    return frozenset[str](always).union(*map(facts_read, asked))


def _speaks_of_points(guarantee: Guarantee) -> bool:
    return "points" in facts_read(guarantee.condition) | facts_read(guarantee.then)


def _values(domain: Domain, numbers: Sequence[int]) -> tuple[Value, ...]:
    """The values of a fact that the policy can tell apart."""
    if domain.type in NUMERIC:
        known: Iterator[Value] = (n for n in sorted({m for n in numbers for m in (n - 1, n)}) if n in domain.every)
    else:
        known = (domain.value(code) for low, high in domain.every.intervals for code in range(low, high + 1))
    return (*known, *((None,) if domain.every.unknown else ()))


def _as_twin(column: FactColumn, value: Value) -> Value:
    """What a fact is that says the same as another with this value: one promise is open, or none is."""
    match column.name:
        case "promise":
            return "open" if isinstance(value, int) and value >= 1 else NONE
        case "promises_open":
            return int(value == "open")
        case _:
            return value


def _as_sql(value: Value, column: FactColumn) -> str:
    sort = "BOOLEAN" if column.type is Type.YES_NO else "BIGINT" if column.type in NUMERIC else "VARCHAR"
    text = "NULL" if value is None else quoted(value) if isinstance(value, str) else str(value)
    return f"CAST({text} AS {sort})"


def _as_facts(change: Mapping[FactColumn, Value], facts: Facts) -> dict[str, Value]:
    """A change of columns as a change of facts: of a set, the members that are otherwise."""
    changed: dict[str, Value] = {}
    for column, value in change.items():
        if not column.member:
            changed[column.name] = value
            continue
        held = changed.get(column.fact, facts[column.fact])
        assert isinstance(held, frozenset)
        changed[column.fact] = held | {column.member} if value else held - {column.member}
    return changed
