"""A region of accounts as tests of single facts that all hold, and how such a region is made larger.

A region starts as the account itself: every number between the two thresholds nearest
to it, every word and every yes or no as it is. No rule of either policy can tell two
accounts of such a region apart. It is made larger by leaving tests out and moving the
bounds on to the next threshold. A test of a fact that can be unknown says what is so
where it is known; that it is known is a test of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import z3

from duly.language.conditions import All, Any, Compare, Condition, Includes, Is, Known, Leaf, Not, Op, Value
from duly.language.invariants import Implies, Related, invariants
from duly.language.policy import Policy
from duly.language.reads import account_conditions
from duly.review.prove.symbols import OTHER, Asking, Symbols
from duly.rules import layers
from duly.rules.decisive import turns


class Test(Enum):
    """What a piece asks of its fact."""

    LEAST = "at least"
    MOST = "at most"
    WORDS = "one of"
    VALUE = "yes or no"
    KNOWN = "known"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Piece:
    """One test of one fact, or of one member of a set."""

    fact: str
    test: Test
    member: str = ""
    number: int = 0
    words: frozenset[str] = frozenset()
    value: bool = True

    def formula(self, ask: Asking, facts: Symbols) -> z3.BoolRef:
        """The test as a formula; a fact that is unknown passes every test but KNOWN."""
        symbol = facts[self.fact]
        match self.test:
            case Test.KNOWN:
                return symbol.known
            case Test.UNKNOWN:
                return ask.not_(symbol.known)
            case Test.LEAST:
                passes = ask.compare(symbol.value, Op.AT_LEAST, self.number)
            case Test.MOST:
                passes = ask.compare(symbol.value, Op.AT_MOST, self.number)
            case Test.WORDS:
                passes = ask.either(*(ask.is_(symbol.value, ask.word(word)) for word in sorted(self.words)))
            case _:
                inside = symbol.members.get(self.member, ask.false) if self.member else symbol.value
                passes = inside if self.value else ask.not_(inside)
        return passes if z3.is_true(symbol.known) else ask.either(ask.not_(symbol.known), passes)


Box = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """What the facts can be: the numbers at which answers turn, the words, and which facts can be unknown."""

    turns: Mapping[str, tuple[int, ...]]
    words: Mapping[str, tuple[str, ...]]
    unknown: frozenset[str]

    def around(self, fact: str, value: Value) -> Iterator[Piece]:
        """The tests of one fact that no rule can tell from the value itself."""
        if value is None:
            yield Piece(fact, Test.UNKNOWN)
            return
        match value:
            case bool():
                yield Piece(fact, Test.VALUE, value=value)
            case int():
                numbers = self.turns.get(fact, ())
                at = bisect_right(numbers, value)
                if at > 0:
                    yield Piece(fact, Test.LEAST, number=numbers[at - 1])
                if at < len(numbers):
                    yield Piece(fact, Test.MOST, number=numbers[at] - 1)
            case str():
                yield Piece(fact, Test.WORDS, words=frozenset({value}))
            case frozenset():
                for member in self.words[fact]:
                    yield Piece(fact, Test.VALUE, member, value=member in value)
        if fact in self.unknown:
            yield Piece(fact, Test.KNOWN)

    def wider(self, piece: Piece) -> Iterator[Piece]:
        """The same test asking less, step by step: each is implied by the one before it."""
        numbers = self.turns.get(piece.fact, ())
        match piece.test:
            case Test.LEAST:
                yield from (Piece(piece.fact, Test.LEAST, number=n) for n in reversed(numbers) if n < piece.number)
            case Test.MOST:
                yield from (Piece(piece.fact, Test.MOST, number=n - 1) for n in numbers if n - 1 > piece.number)
            case _:
                pass

    def condition(self, box: Iterable[Piece]) -> Condition:
        """The region as a condition over the facts of an account and what is decided of it."""
        by_fact: defaultdict[tuple[str, str], list[Piece]] = defaultdict(list)
        for piece in box:
            by_fact[piece.fact, piece.member].append(piece)
        return All(tuple(self._of_fact(fact, pieces) for (fact, _), pieces in by_fact.items()))

    def _of_fact(self, fact: str, pieces: Sequence[Piece]) -> Condition:
        asked = {piece.test for piece in pieces}
        if Test.UNKNOWN in asked:
            return Not(Known(fact))
        tests = [self._test(piece) for piece in sorted(pieces, key=lambda p: list(Test).index(p.test))]
        told = tests[0] if len(tests) == 1 else All(tuple(tests))
        if fact not in self.unknown:
            return told
        if Test.KNOWN not in asked:
            return Any((Not(Known(fact)), told))
        # A test of a value says already that it is known.
        values = tuple(test for test in tests if not isinstance(test, Known))
        return Known(fact) if not values else values[0] if len(values) == 1 else All(values)

    def _test(self, piece: Piece) -> Condition:
        match piece.test:
            case Test.LEAST:
                return Compare(piece.fact, Op.AT_LEAST, piece.number)
            case Test.MOST:
                return Compare(piece.fact, Op.AT_MOST, piece.number)
            case Test.VALUE if piece.member:
                inside: Leaf = Includes(piece.fact, piece.member)
                return inside if piece.value else Not(inside)
            case Test.VALUE:
                return Is(piece.fact, (piece.value,))
            case Test.WORDS if OTHER in piece.words:
                others = tuple(word for word in self.words[piece.fact] if word not in piece.words)
                return Not(Is(piece.fact, others))
            case Test.WORDS:
                return Is(piece.fact, tuple(word for word in self.words[piece.fact] if word in piece.words))
            case _:
                return Known(piece.fact)

    # Two regions that are one.

    def joined(self, one: Box, other: Box) -> Box | None:
        """The region of exactly the accounts of two, where one test says it; None where none does."""
        differ = {(p.fact, p.member) for p in {*one} ^ {*other}}
        if len(differ) != 1:
            return None
        (key,) = differ
        first, second = ([p for p in box if (p.fact, p.member) == key] for box in (one, other))
        both = self._union(first, second)
        if both is None:
            return None
        places = [p for p in one if (p.fact, p.member) != key]
        return (*places, *both)

    def _union(self, one: Sequence[Piece], other: Sequence[Piece]) -> tuple[Piece, ...] | None:
        """The tests of one fact that hold where either's do."""
        if not one or not other:
            return ()
        tests = [{p.test for p in pieces} for pieces in (one, other)]
        fact = one[0].fact
        if (Test.UNKNOWN in tests[0]) != (Test.UNKNOWN in tests[1]):
            # Unknown, or known and something: where known, something.
            known = other if Test.UNKNOWN in tests[0] else one
            return tuple(p for p in known if p.test is not Test.KNOWN)
        if (Test.KNOWN in tests[0]) != (Test.KNOWN in tests[1]):
            return None
        kept = tuple(p for p in one if p.test is Test.KNOWN)
        if (tests[0] | tests[1]) <= {Test.VALUE, Test.KNOWN}:
            return kept if {p.value for p in (*one, *other) if p.test is Test.VALUE} == {True, False} else None
        if (tests[0] | tests[1]) <= {Test.WORDS, Test.KNOWN}:
            words = frozenset[str]().union(*(p.words for p in (*one, *other)))
            return kept if words >= set(self.words[fact]) else (Piece(fact, Test.WORDS, words=words), *kept)
        return self._adjoining(fact, one, other, kept)

    def _adjoining(
        self, fact: str, one: Sequence[Piece], other: Sequence[Piece], kept: tuple[Piece, ...]
    ) -> tuple[Piece, ...] | None:
        low, high = sorted((_bounds(one), _bounds(other)), key=lambda b: (b[0] is not None, b[0] or 0))
        if low[1] is not None and high[0] is not None and high[0] > low[1] + 1:
            return None
        most = None if low[1] is None or high[1] is None else max(low[1], high[1])
        least = (Piece(fact, Test.LEAST, number=low[0]),) if low[0] is not None else ()
        return (*least, *((Piece(fact, Test.MOST, number=most),) if most is not None else ()), *kept)


def _bounds(pieces: Sequence[Piece]) -> tuple[int | None, int | None]:
    least = next((p.number for p in pieces if p.test is Test.LEAST), None)
    return least, next((p.number for p in pieces if p.test is Test.MOST), None)


def all_turns(policies: Sequence[Policy]) -> dict[str, tuple[int, ...]]:
    """The numbers of each fact at which an answer of a policy, or what can be so of an account, turns."""
    asked: list[Condition] = []
    for policy in policies:
        asked += _asked(policy)
        for invariant in invariants(policy):
            if isinstance(invariant, Implies):
                asked += [invariant.if_, invariant.then]
    found = {fact: set(numbers) for fact, numbers in turns(asked).items()}
    for one, other in twins(policies):
        both = found.get(one, set()) | found.get(other, set())
        found[one], found[other] = set(both), set(both)
    return {fact: tuple(sorted(numbers)) for fact, numbers in found.items()}


def _asked(policy: Policy) -> Iterator[Condition]:
    """Every condition that the policy asks of an account."""
    yield from (reading.condition for reading in account_conditions(policy))
    yield from (layers.paused(policy), layers.too_small(policy), layers.OUTCOME_UNKNOWN, layers.NOTHING_LEFT)
    for ladder in policy.ladders:
        for stage in ladder.stages:
            yield from (layers.stands(ladder, stage), layers.eligible(ladder, stage), layers.repeats(ladder, stage))
            yield from (stage.reached, layers.gap_is_open(ladder, stage), layers.cap_allows(policy, stage))
    yield from (layers.wants_hold(hold) for hold in policy.holds)


def twins(policies: Sequence[Policy]) -> tuple[tuple[str, str], ...]:
    """Pairs of facts that are the same number wherever both are known: the plainer one first."""
    known = dict.fromkeys(i for policy in policies for i in invariants(policy) if isinstance(i, Related))
    related = {(i.some, i.op, i.others) for i in known}
    return tuple(
        (i.others[0], i.some[0])
        for i in known
        if i.op is Op.AT_LEAST and len(i.some) == len(i.others) == 1 and (i.some, Op.AT_MOST, i.others) in related
    )
