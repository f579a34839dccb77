"""Who is treated differently: regions of accounts, each with what it gets by either policy.

In each aspect (what is sent, a hold, a request, the points) the regions are disjoint,
and every account of a region gets the same by the old policy and the same, but
something else, by the new one. Where the regions are complete every account that can
exist and lies in none of them is treated alike: proved, as each region is. The way: an
account that is treated differently is found, and the tests that it passes are left out
or widened as long as no account that passes them gets anything else; what is found is
set aside, and the search goes on until there is nobody left, or the measure is used up.

An account is looked at as it stands when the policy changes: it has been sent only what
the old policy has. A region may speak of what is decided, such as the segment or whether the account is
paused, where both policies are proved to decide that alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import z3

from duly.language.conditions import Condition, Facts, Value, facts_read, holds
from duly.language.policy import Policy
from duly.language.reads import account_conditions
from duly.language.vocabulary import Layer
from duly.review.diff.aspects import Aspect, Aspects, Kind, Pair, Way
from duly.review.diff.boxes import Box, Domain, Piece, Test, all_turns, twins
from duly.review.diff.spoken import DUE, GAP, NEXT, ROOM, SETS, STANDS_ON, STOPPED, WORDS, YES_NO, Spoken
from duly.review.prove.search import MEASURE, Search, Unsettled, telling
from duly.review.prove.symbolic import decide
from duly.review.prove.symbols import Symbol
from duly.rules import meaning
from duly.rules.decision import NONE, Decision

MOST = 16
"""Regions looked for in one aspect; beyond them it is said that there are more."""


@dataclass(frozen=True, slots=True)
class Witness:
    """An account that the two policies treat differently, and what each gives it."""

    all_facts: Facts
    facts: tuple[tuple[str, Value], ...]
    old: Decision
    new: Decision


@dataclass(frozen=True, slots=True)
class Region:
    """Accounts that are treated differently in the same way; the condition is true of exactly these."""

    aspect: Aspect
    pair: Pair
    way: Way
    condition: Condition
    witness: Witness


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions, gravest first; `unfinished` are the aspects in which there may be more."""

    found: tuple[Region, ...]
    unfinished: tuple[Aspect, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Say whether every account outside the regions is proved to be treated alike."""
        return not self.unfinished

    def of(self, old: Policy, new: Policy, facts: Facts, decision: Decision | None = None) -> tuple[Region, ...]:
        """The regions in which an account of these facts lies; `decision` is the old policy's, where it is known."""
        known = Spoken(old, new).of(old, facts, decision or meaning.decide(old, facts))
        return tuple(region for region in self.found if holds(region.condition, known))


NO_REGIONS = Regions(())
"""Nobody is treated otherwise."""


def regions(old: Policy, new: Policy, *, measure: int = MEASURE, most: int = MOST) -> Regions:
    """The regions of accounts that the policies treat differently, over the facts that both read alike."""
    return _Looking(old, new, measure, most).regions()


def not_sent_yet(old: Policy, new: Policy) -> tuple[str, ...]:
    """The facts that are unknown of every account when the policy changes: when it was sent what only the new has."""
    return tuple(stage.days_fact for stage in new.stages() if stage.id not in old.stage_ids)


def ways_in(
    old: Policy, new: Policy, aspects: Iterable[Aspect], ways: Iterable[Way], *, measure: int = MEASURE
) -> frozenset[Way]:
    """The ways of which it is not proved that nobody is treated so in one of the aspects."""
    looking = _Looking(old, new, measure, 0)
    return frozenset(way for way in ways if not all(looking.is_nobody(aspect, way) for aspect in aspects))


LAST_DROPPED = (
    *("segment", "step", "tone", "stage", NEXT, DUE, "days_past_due", STANDS_ON, "paused", STOPPED, "past_due"),
    *("relationship", "broken_promises", "financial_difficulty", ROOM, GAP, "executed_stage", "put_off", "late"),
    "outcome_unknown",
)
"""The facts that people think in: of two tests that do the same, that of another fact is left out."""

FIRST_DROPPED = ("exception__pause", "exception__tone", "exception__stage", "exception__ladder")

LEFT_OUT: Mapping[Kind, tuple[str, ...]] = {
    **dict.fromkeys(Kind, ("step", "tone", "stage", NEXT, DUE, "days_since_stage")),
    **dict.fromkeys((Kind.STEP, Kind.STAGE, Kind.PUT_OFF), ("executed_stage", "days_since_stage")),
}
"""What a region does without if it can: of what is sent, what is next says most; of the rest, what is so."""

_OF_LAYER = {Layer.SEGMENT: ("segment",), Layer.STAGE: (NEXT, DUE)}
"""What the conditions of a layer come down to."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A region while it is looked for: its tests, what its accounts get, and the one that it was found by."""

    box: Box
    pair: Pair
    facts: Facts


class _Looking:
    def __init__(self, old: Policy, new: Policy, measure: int, most: int) -> None:
        # An account whose exception changed has other facts by each policy; what is found is of the others.
        alike = tuple(exception for exception in old.exceptions if exception in new.exceptions)
        self.old = old = replace(old, exceptions=alike)
        self.new = new = replace(new, exceptions=alike)
        self.most = most
        self.aspects = Aspects(old, new)
        self.search = Search([old, new], measure=measure)
        self.ask = self.search.ask
        given = self.search.account.facts
        self.search.suppose(*(self.ask.not_(given[fact].known) for fact in not_sent_yet(old, new)))
        self.before = decide(old, self.ask, given)
        self.after = decide(new, self.ask, given)
        self.spoken = Spoken(old, new)
        self.shared = dict(self._shared())
        self.known: dict[str, Symbol] = {**given, **self.shared}
        self.formulas: dict[Piece, z3.BoolRef] = {}
        self.twins = twins([old, new])
        self.domain = self._domain()
        self.behind = self._behind()

    def regions(self) -> Regions:
        found: list[Region] = []
        unfinished = []
        for aspect in self.aspects.all:
            boxes: list[_Found] = []
            try:
                finished = self.fill(aspect, boxes)
            except Unsettled:
                finished = False
            found += [self.region(aspect, one) for one in self.joined(boxes)]
            if not finished:
                unfinished.append(aspect)
        return Regions(tuple(sorted(found, key=self.gravity)), tuple(unfinished))

    # What regions can speak of.

    def _shared(self) -> Iterator[tuple[str, Symbol]]:
        """What is decided of an account and proved to be the same by both policies."""
        one = self.spoken.symbols(self.old, self.ask, self.before)
        other = self.spoken.symbols(self.new, self.ask, self.after)
        for name in (*WORDS, *YES_NO):
            if self.is_same(one[name].value, other[name].value):
                yield name, one[name]
        for name in SETS:
            others = other[name].members
            alike = {m: s for m, s in one[name].members.items() if m in others and self.is_same(s, others[m])}
            if alike:
                yield name, Symbol(None, self.ask.true, alike)

    def is_same(self, one: z3.ExprRef, other: z3.ExprRef) -> bool:
        try:
            return not self.search.is_possible(self.ask.differ(one, other))
        except Unsettled:
            return False

    def _domain(self) -> Domain:
        policies = (self.old, self.new)
        words = dict(self.search.account.choices)
        words |= {
            "segment": tuple(dict.fromkeys(segment.id for policy in policies for segment in policy.segments)),
            "ladder": (NONE, *dict.fromkeys(ladder.id for policy in policies for ladder in policy.ladders)),
            **dict.fromkeys(("executed_stage", STANDS_ON, NEXT, "stage", "step"), (NONE, *self.aspects.stages)),
            "tone": (NONE, *self.aspects.tones),
        }
        words |= {name: tuple(symbol.members) for name, symbol in self.known.items() if symbol.value is None}
        unknown = frozenset(name for name, symbol in self.known.items() if not z3.is_true(symbol.known))
        return Domain(all_turns(policies), words, unknown)

    def _behind(self) -> frozenset[str]:
        """Facts that matter only through what both policies decide alike."""
        shared = self.shared
        through, other = set[str](), {"past_due", "days_past_due", "late"}

        def read(names: Iterable[str], *by: str) -> None:
            (through if all(name in shared for name in by) else other).update(names)

        for policy in (self.old, self.new):
            for reading in account_conditions(policy):
                if reading.layer is not Layer.PAUSE:
                    read(facts_read(reading.condition), *_OF_LAYER.get(reading.layer, ("none of them",)))
            for pause in policy.account_pauses:
                read(facts_read(pause.when), STOPPED if self.spoken.is_alike(pause.id) else "none of them")
            for stage in policy.stages():
                read((stage.days_fact, stage.times_fact), NEXT if NEXT in shared else STANDS_ON)
                read(facts_read(stage.reached), DUE)
            read(("contacts_in_window", "contacted_today"), ROOM)
            read(("days_since_last_stage",), GAP)
            read((policy.choose_ladder.by,), "ladder")
        read(("executed_stage",), NEXT if NEXT in shared else STANDS_ON)
        return frozenset(through - other) | {twin for _, twin in self.twins}

    # One region after the other.

    def fill(self, aspect: Aspect, boxes: list[_Found]) -> bool:
        """Regions of the aspect until there is nobody left; says whether that is proved."""
        differs = self.aspects.differs(aspect, self.ask, self.before, self.after)
        terms = self.aspects.terms(aspect, self.ask, self.before, self.after)
        taken: list[z3.BoolRef] = []
        while True:
            with self.search.supposing(differs, *map(self.ask.not_, taken)):
                if not self.search.is_possible():
                    return True
                if len(boxes) == self.most:
                    return False
                model = self.search.plainest()
            facts = self.search.facts(model)
            pair = self.pair_of(aspect, facts)
            same = (term == model.eval(term, model_completion=True) for term in terms)
            # An account that must not be in the region: treated alike or otherwise, or in an earlier one.
            with self.search.supposing(self.ask.either(self.ask.not_(self.ask.both(differs, *same)), *taken)):
                box = self.around(facts, LEFT_OUT[aspect.kind])
            boxes.append(_Found(self.said_plainly(box), pair, facts))
            taken.append(self.formula(box))

    def around(self, facts: Facts, left_out: Sequence[str]) -> Box:
        """The largest region around the account that is found, with nobody in it who is supposed."""
        known = self.spoken.of(self.old, facts, meaning.decide(self.old, facts))
        pieces = [piece for name in self.known for piece in self.domain.around(name, known[name])]
        box = self.enough(pieces, left_out)
        if box is None:
            raise AssertionError("a rule of the policies tells accounts apart that pass the same tests")
        for piece in sorted(box, key=self.droppable):
            if piece in box:
                fewer = self.needed([one for one in box if one is not piece])
                box = box if fewer is None else fewer
        for piece in tuple(box):
            rest = [one for one in box if one is not piece]
            box = [*rest, self.widest(piece, rest)]
        return tuple(sorted(box, key=self.place))

    def enough(self, pieces: Sequence[Piece], left_out: Sequence[str]) -> list[Piece] | None:
        """Tests that are enough, of facts that say much where those are; None where not even all tests are."""
        extra = [fact for fact in self.known if fact in self.behind or fact in left_out]
        said = [piece for piece in pieces if piece.fact not in extra]
        if (box := self.needed(said)) is not None or (box := self.needed(pieces)) is None:
            return box
        # Only what the tests hang on so far can be worth leaving out.
        extra = [fact for fact in extra if any(piece.fact == fact for piece in box)]
        for fact in sorted(extra, key=lambda fact: (fact in left_out, fact not in self.behind)):
            if fact not in extra:
                continue
            fewer = [other for other in extra if other != fact]
            found = self.needed([*said, *(piece for piece in pieces if piece.fact in fewer)])
            if found is not None:
                box, extra = found, [other for other in fewer if any(piece.fact == other for piece in found)]
        return box

    def said_plainly(self, box: Box) -> Box:
        """The same region: what cannot be unknown in it is said to be known, and words that cannot be go unsaid."""
        whole = self.formula(box)
        asked = {piece.fact: {one.test for one in box if one.fact == piece.fact} for piece in box}
        certain = [
            Piece(fact, Test.KNOWN)
            for fact, tests in asked.items()
            if fact in self.domain.unknown
            and not tests & {Test.KNOWN, Test.UNKNOWN}
            and not self.search.is_possible(whole, self.ask.not_(self.known[fact].known))
        ]
        told = [self.possible(piece, whole) if piece.test is Test.WORDS else piece for piece in box]
        return tuple(sorted((*told, *certain), key=self.place))

    def possible(self, piece: Piece, whole: z3.BoolRef) -> Piece:
        """The test without the words that no account of the region has."""
        value = self.known[piece.fact].value
        those = (
            word for word in piece.words if self.search.is_possible(whole, self.ask.is_(value, self.ask.word(word)))
        )
        return Piece(piece.fact, Test.WORDS, words=frozenset(those))

    def needed(self, pieces: Sequence[Piece]) -> list[Piece] | None:
        """Those of the tests that are enough, or None where even all are not."""
        those = self.search.needed([self.asked(piece) for piece in pieces])
        return None if those is None else [pieces[at] for at in those]

    def widest(self, piece: Piece, rest: Sequence[Piece]) -> Piece:
        """The piece asking as little as it can beside the rest."""
        if piece.test is Test.WORDS:
            for word in self.domain.words[piece.fact]:
                wider = Piece(piece.fact, Test.WORDS, words=piece.words | {word})
                if word not in piece.words and self.is_enough([*rest, wider]):
                    piece = wider
            return piece
        steps = [piece, *self.domain.wider(piece)]
        least, most = 0, len(steps) - 1
        while least < most:
            half = (least + most + 1) // 2
            if self.is_enough([*rest, steps[half]]):
                least = half
            else:
                most = half - 1
        return steps[least]

    def is_enough(self, pieces: Sequence[Piece]) -> bool:
        return not self.search.is_possible(*map(self.asked, pieces))

    def droppable(self, piece: Piece) -> tuple[int, int]:
        """In which order tests are tried to be left out: what people do not think in first."""
        if piece.fact in FIRST_DROPPED:
            return 0, 0
        if piece.fact in LAST_DROPPED:
            return 3, -LAST_DROPPED.index(piece.fact)
        return (1 if piece.fact in self.behind else 2), 0

    def place(self, piece: Piece) -> tuple[int, int, str, int]:
        """Where a test stands among the others: what people think in first."""
        at = LAST_DROPPED.index(piece.fact) if piece.fact in LAST_DROPPED else len(LAST_DROPPED)
        return at, list(self.known).index(piece.fact), piece.member, list(Test).index(piece.test)

    def is_nobody(self, aspect: Aspect, way: Way) -> bool:
        """Say whether it is proved that nobody is treated in this way in the aspect."""
        try:
            return not self.search.is_possible(self.aspects.goes(aspect, way, self.ask, self.before, self.after))
        except Unsettled:
            return False

    # What is found.

    def joined(self, boxes: Sequence[_Found]) -> list[_Found]:
        """The regions with those that are one made one; the account of the first stands for both."""
        found = list(boxes)
        at = 0
        while at < len(found):
            one = found[at]
            others = (
                (other, self.domain.joined(one.box, other.box)) for other in found[at + 1 :] if other.pair == one.pair
            )
            both = next(((other, box) for other, box in others if box is not None), None)
            if both is None:
                at += 1
                continue
            found.remove(both[0])
            found[at] = replace(one, box=tuple(sorted(both[1], key=self.place)))
            # What was passed may be one with what this has become.
            at = 0
        return found

    def region(self, aspect: Aspect, found: _Found) -> Region:
        """The region with its account, which the meaning of both policies must treat as it says."""
        old, new = self.decisions(found.facts)
        condition = self.domain.condition(found.box)
        if self.aspects.pair(aspect, old, new) != found.pair or not holds(
            condition, self.spoken.of(self.old, found.facts, old)
        ):
            raise AssertionError("the witness of a region is not treated as the region says")
        witness = Witness(found.facts, tuple(telling(found.facts, self.search.columns)), old, new)
        return Region(aspect, found.pair, self.aspects.way(aspect, found.pair), condition, witness)

    def gravity(self, region: Region) -> tuple[object, ...]:
        """The gravest first: the stricter before the softer, holds before stages before the rest, the steepest rise."""
        rises = self.aspects.rise(region.pair) if region.aspect.kind is Kind.STEP else (0, 0)
        return (list(Way).index(region.way), self.aspects.all.index(region.aspect), *(-rise for rise in rises))

    def pair_of(self, aspect: Aspect, facts: Facts) -> Pair:
        """What the account gets by the meaning of both policies, which must differ."""
        pair = self.aspects.pair(aspect, *self.decisions(facts))
        if pair is None:
            raise AssertionError("the account is treated alike by the meaning of both policies")
        return pair

    def decisions(self, facts: Facts) -> tuple[Decision, Decision]:
        return meaning.decide(self.old, facts), meaning.decide(self.new, facts)

    def formula(self, box: Box) -> z3.BoolRef:
        return self.ask.both(*map(self.asked, box))

    def asked(self, piece: Piece) -> z3.BoolRef:
        """The formula of a test, written once."""
        if piece not in self.formulas:
            self.formulas[piece] = piece.formula(self.ask, self.known)
        return self.formulas[piece]
