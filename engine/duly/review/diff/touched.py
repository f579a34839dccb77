"""Whom a change of policy touches: every account of a book that the two policies treat differently.

Both decide the whole book as of the same day, each over its own facts. Who has been sent
a stage and is proposed one that is no harsher is named apart: that is what goes wrong
where a policy is changed in the middle of an episode.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from duly.book.available import refuse_what_is_missing
from duly.book.book import Book
from duly.book.facts import build_facts
from duly.language.policy import Policy
from duly.review.diff.aspects import Aspects
from duly.review.diff.episodes import sent_again
from duly.rules import columnar
from duly.rules.columnar import Key
from duly.rules.decision import NONE, Decision

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Touched:
    """An account that is treated differently: what it gets by each policy (None: there it is no account)."""

    key: Key
    name: str
    salesperson: str
    collector: str
    past_due: int
    old: Decision | None
    new: Decision | None
    is_sent_again: bool = False

    @property
    def rise(self) -> tuple[int, int]:
        """How much harsher it is treated than before: what sorts the harshest change first."""
        return _harshness(self.new)[0] - _harshness(self.old)[0], _harshness(self.new)[1]


def _harshness(decision: Decision | None) -> tuple[int, int]:
    return (len(decision.place), decision.points) if decision else (0, 0)


@dataclass(frozen=True, slots=True)
class Sums:
    """How many accounts, and what is past due of them in minor units of the policy's currency."""

    accounts: int
    past_due: int


@dataclass(frozen=True, slots=True)
class Touches:
    """Everything that a change does to a book on a day.

    `matrix` counts accounts by the step of today before and after (`nothing` is none),
    those that are treated alike included; the other sums are of `touched` alone.
    """

    as_of: date
    currency: str
    accounts: int
    touched: tuple[Touched, ...]
    matrix: Mapping[tuple[str, str], int]
    by_segment: Mapping[str, Sums]
    by_salesperson: Mapping[str, Sums]
    by_collector: Mapping[str, Sums]

    @property
    def past_due(self) -> int:
        """What is past due of all who are treated differently, in minor units."""
        return sum(one.past_due for one in self.touched)

    @property
    def sent_again(self) -> tuple[Touched, ...]:
        """Those who are proposed a stage no harsher than one that they were sent."""
        return tuple(one for one in self.touched if one.is_sent_again)


def touches(old: Policy, new: Policy, book: Book, as_of: date) -> Touches:
    """What the change does to the book; raises `Refused` (4) where either reads what the book lacks."""
    before, after = _decided(old, book, as_of), _decided(new, book, as_of)
    aspects = Aspects(old, new)
    about = _about(book)
    money = dict(_past_due(book))
    found = []
    matrix: Counter[tuple[str, str]] = Counter()
    for key in sorted({*before, *after}):
        one, other = before.get(key), after.get(key)
        matrix[_step(one), _step(other)] += 1
        if one is None or other is None or aspects.differences(one, other):
            name, salesperson, collector = about.get(key[1], ("", "", ""))
            again = one is not None and other is not None and sent_again(old, new, one, other)
            found.append(Touched(key, name, salesperson, collector, money.get(key, 0), one, other, again))
    ranks = {stage: n for n, stage in enumerate((NOTHING, *aspects.stages))}
    tones = {tone: n for n, tone in enumerate((NONE, *aspects.tones))}

    def harsher(one: Touched) -> tuple[object, ...]:
        stages = ranks.get(_step(one.new), 0) - ranks.get(_step(one.old), 0)
        tone = tones.get(_tone(one.new), 0) - tones.get(_tone(one.old), 0)
        return (-one.rise[0], -stages, -tone, -one.past_due, one.key)

    return Touches(
        as_of=as_of,
        currency=new.currency,
        accounts=len({*before, *after}),
        touched=tuple(sorted(found, key=harsher)),
        matrix=dict(sorted(matrix.items(), key=lambda cell: (ranks.get(cell[0][0], 0), ranks.get(cell[0][1], 0)))),
        by_segment=_sums([((one.new or one.old), one) for one in found]),
        by_salesperson=_by([(one.salesperson or "nobody", one) for one in found]),
        by_collector=_by([(one.collector or "nobody", one) for one in found]),
    )


def _decided(policy: Policy, book: Book, as_of: date) -> dict[Key, Decision]:
    refuse_what_is_missing(policy, book)
    build_facts(book, policy, as_of)
    columnar.decide(book.connection, policy)
    return dict(columnar.decisions_from(book.connection))


def _past_due(book: Book) -> Sequence[tuple[Key, int]]:
    rows = book.connection.execute("SELECT creditor, customer, item, past_due FROM account_facts").fetchall()
    return [((creditor, customer, item), past_due) for creditor, customer, item, past_due in rows]


def _about(book: Book) -> Mapping[str, tuple[str, str, str]]:
    rows = book.connection.execute("SELECT customer, name, salesperson, collector FROM customers").fetchall()
    return {customer: (name or "", seller or "", collector or "") for customer, name, seller, collector in rows}


def _step(decision: Decision | None) -> str:
    return NOTHING if decision is None or decision.step == NONE else decision.step


def _tone(decision: Decision | None) -> str:
    return NONE if decision is None else decision.tone


def _sums(found: Sequence[tuple[Decision | None, Touched]]) -> Mapping[str, Sums]:
    return _by([(decision.segment if decision else "none", one) for decision, one in found])


def _by(found: Sequence[tuple[str, Touched]]) -> Mapping[str, Sums]:
    accounts: Counter[str] = Counter()
    money: Counter[str] = Counter()
    for word, one in found:
        accounts[word] += 1
        money[word] += one.past_due
    return {word: Sums(accounts[word], money[word]) for word in sorted(accounts)}
