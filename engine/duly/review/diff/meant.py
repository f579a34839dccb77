"""What a change of policy means: proved equal, or stricter, softer or different for a customer who is shown.

Two policies decide the same account; the question is whether one can exist that the new
policy treats otherwise. Stricter is a later stage, a harsher tone, a hold placed or kept
where it was not before; softer the same the other way round; whatever else differs (a
request, a task, points) is different and neither. Each answer is a proof for every
account that can exist, or an account that both policies have decided.

Where the policies count lateness otherwise, or take other invoices out, the same ledger
gives other facts, and no account of one is an account of the other: then a book says
whom the change touches, and nothing is proved.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

import z3

from duly.language.conditions import Facts, Value
from duly.language.policy import Policy
from duly.review.prove.proof import differently, treatment
from duly.review.prove.search import MEASURE, Search, Unsettled, telling
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import Asking, Symbol, Symbols
from duly.rules import meaning
from duly.rules.decision import NONE, Decision


class Way(Enum):
    """Which way an account is treated otherwise."""

    STRICTER = "stricter"
    SOFTER = "softer"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Witness:
    """An account that the two policies treat differently, and what each gives it."""

    all_facts: Facts
    facts: tuple[tuple[str, Value], ...]
    old: Decision
    new: Decision


@dataclass(frozen=True, slots=True)
class Meant:
    """What a change means: a witness for each way in which it changes somebody's treatment.

    `proved` are the ways in which it changes nobody's; `not_proved` those that could
    not be settled. `not_compared` says why nothing could be proved at all.
    """

    witnesses: Mapping[Way, Witness]
    proved: frozenset[Way] = frozenset()
    not_proved: frozenset[Way] = frozenset()
    not_compared: str = ""

    @property
    def is_equal(self) -> bool:
        """Say whether every account that can exist is proved to be treated alike."""
        return self.proved == frozenset(Way)


def meant(old: Policy, new: Policy, *, measure: int = MEASURE) -> Meant:
    """What it means to put the new policy in the place of the old one."""
    if why := "; ".join(_other_facts(old, new)):
        return Meant({}, not_compared=why)
    witnesses: dict[Way, Witness] = {}
    proved, not_proved = set(), set()
    for way in Way:
        try:
            found = _Comparing(old, new, measure).witness(way)
        except Unsettled:
            not_proved.add(way)
            continue
        if found is None:
            proved.add(way)
        else:
            witnesses[way] = found
    return Meant(witnesses, frozenset(proved), frozenset(not_proved))


def _other_facts(old: Policy, new: Policy) -> Iterator[str]:
    """Why the same ledger gives the two policies different facts."""
    if old.late != new.late:
        yield "what late means changed"
    if old.invoice_pauses != new.invoice_pauses:
        yield "which invoices are taken out changed"
    if old.calendar != new.calendar:
        yield "the calendar changed"
    if (old.unit, old.resets) != (new.unit, new.resets):
        yield "what is decided at once, or when an episode ends, changed"
    if old.currency != new.currency:
        yield "the currency changed"
    if old.exceptions != new.exceptions:
        yield "the exceptions changed"
    caps = [policy.limits.contacts_per_customer for policy in (old, new)]
    if [cap and cap.in_days for cap in caps] != [caps[0] and caps[0].in_days] * 2:
        yield "the window of the contact cap changed"
    silent = [{stage.id for stage in policy.stages() if not stage.contacts} for policy in (old, new)]
    if silent[0] != silent[1]:
        yield "which stages reach the customer changed"


class _Comparing:
    def __init__(self, old: Policy, new: Policy, measure: int) -> None:
        self.old = old
        self.new = new
        self.search = Search([old, new], measure=measure)
        self.ask = self.search.ask
        self.before = decide(old, self.ask, self.search.account.facts)
        self.after = decide(new, self.ask, self.search.account.facts)

    def witness(self, way: Way) -> Witness | None:
        """An account that is treated otherwise in this way; None where it is proved that there is none."""
        stricter, softer = self.harsher(self.before, self.after), self.harsher(self.after, self.before)
        match way:
            case Way.STRICTER:
                self.search.suppose(stricter)
            case Way.SOFTER:
                self.search.suppose(softer)
            case Way.DIFFERENT:
                self.search.suppose(differently(self.ask, self.before, self.after), z3.Not(stricter), z3.Not(softer))
        if not self.search.is_possible():
            return None
        facts = self.search.facts(self.search.plainest())
        old, new = meaning.decide(self.old, facts), meaning.decide(self.new, facts)
        if treatment(old) == treatment(new):
            raise AssertionError("the witness is treated alike by the meaning of both policies")
        return Witness(facts, tuple(telling(facts, self.search.columns)), old, new)

    def harsher(self, one: Symbols, other: Symbols) -> z3.BoolRef:
        """That the other decision is harsher in some way than the one."""
        placed, kept = "placed_today", "released_today"
        return self.ask.either(
            self.rank(other["step"], self.stages()) > self.rank(one["step"], self.stages()),
            self.rank(other["tone"], self.tones()) > self.rank(one["tone"], self.tones()),
            _more(self.ask, other[placed], one[placed]),
            _more(self.ask, one[kept], other[kept]),
        )

    def rank(self, word: Symbol, words: tuple[str, ...]) -> z3.ArithRef:
        ask = self.ask
        return ask.first(
            ((word.value == ask.word(name), ask.number(n)) for n, name in enumerate(words)), ask.number(-1)
        )

    def stages(self) -> tuple[str, ...]:
        """The stages of both, mildest first: the old policy's order, the new one's own at their places in it."""
        return _merged(self.old.stage_ids, self.new.stage_ids)

    def tones(self) -> tuple[str, ...]:
        return _merged(self.old.tones, self.new.tones)


def _more(ask: Asking, one: Symbol, other: Symbol) -> z3.BoolRef:
    """That one set has a member that the other has not."""
    return ask.either(*(ask.both(inside, z3.Not(other.members.get(m, ask.false))) for m, inside in one.members.items()))


def _merged(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    """The words of both, each new one right behind the one that it follows."""
    merged = list(first)
    for at, word in enumerate(second):
        if word not in merged:
            before = second[at - 1] if at else None
            merged.insert(merged.index(before) + 1 if before is not None else 0, word)
    return tuple(word for word in merged if word != NONE)
