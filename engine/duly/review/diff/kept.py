"""What becomes of the old policy's promises: which are gone or say less, and which the new policy no longer keeps.

Every guarantee of the old policy is asked of the new one as it was written, whether the
new one still makes it or not: a promise can be broken without anybody touching it. A
guarantee that was written otherwise is held against its old self, whatever any policy
decides: it is weaker where it lets something happen that the old one ruled out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import z3

from duly.language.conditions import Condition, Includes, leaves
from duly.language.over_time import ComesToAnEnd, ContactsAtMost
from duly.language.policy import Guarantee, GuaranteeForm, Policy
from duly.language.vocabulary import ACCOUNT, Layer, Type
from duly.review.prove.proof import Proof, Verdict, prove_all
from duly.review.prove.search import MEASURE, Search, Unsettled
from duly.review.prove.subject import Subject
from duly.review.prove.symbols import Symbol


class Became(Enum):
    """What became of the words of a guarantee."""

    SAME = "as it was"
    REMOVED = "taken away"
    WEAKER = "weaker"
    STRONGER = "stronger"
    OTHER = "rules out other things"
    UNSETTLED = "written otherwise"
    EQUAL = "written otherwise, says the same"
    ADDED = "new"


LESS = frozenset({Became.REMOVED, Became.WEAKER, Became.OTHER, Became.UNSETTLED})
"""What may let something happen that was ruled out."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A guarantee and what became of it: of its words, and of what it promises.

    `proof` is what becomes of the old guarantee by the new policy, and where that does not
    keep it, `before` what became of it by the old one; both None for a guarantee that is new.
    """

    id: str
    became: Became
    before: Verdict | None = None
    proof: Proof | None = None

    @property
    def is_broken(self) -> bool:
        """Say whether the old policy was proved to keep it and the new one does not."""
        return self.before is Verdict.PROVED and self.proof is not None and self.proof.verdict is not Verdict.PROVED

    @property
    def is_weaker(self) -> bool:
        """Say whether less is promised or less is kept than before."""
        return self.is_broken or self.became in LESS


def kept(old: Policy, new: Policy, *, measure: int = MEASURE) -> tuple[Kept, ...]:
    """What became of every guarantee: the weaker ones first, broken ones before all others."""
    news = {guarantee.id: guarantee for guarantee in new.guarantees}
    after = _proofs(new, old.guarantees, measure)
    not_kept = tuple(g for g in old.guarantees if after[g.id].verdict is not Verdict.PROVED)
    before = _proofs(old, not_kept, measure)
    found = [
        Kept(
            guarantee.id,
            _became(old, new, guarantee, news.get(guarantee.id), measure),
            before[guarantee.id].verdict if guarantee.id in before else None,
            after[guarantee.id],
        )
        for guarantee in old.guarantees
    ]
    found += [Kept(id_, Became.ADDED) for id_ in news if id_ not in after]
    return tuple(sorted(found, key=lambda one: (not one.is_broken, not one.is_weaker)))


def _proofs(policy: Policy, guarantees: tuple[Guarantee, ...], measure: int) -> dict[str, Proof]:
    subject = Subject.of(policy, guarantees, measure=measure)
    return {proof.guarantee.id: proof for proof in prove_all(subject, guarantees, notes=False)}


def _became(old: Policy, new: Policy, one: Guarantee, other: Guarantee | None, measure: int) -> Became:
    if other is None:
        return Became.REMOVED
    if _said(one) == _said(other):
        return Became.SAME
    forms = {one.form, other.form}
    if forms == {GuaranteeForm.SAME_TREATMENT}:
        return _compared(loses=bool({*one.facts} - {*other.facts}), gains=bool({*other.facts} - {*one.facts}))
    if forms == {GuaranteeForm.OVER_TIME}:
        return _over_time(one, other)
    if forms & {GuaranteeForm.OVER_TIME, GuaranteeForm.SAME_TREATMENT}:
        return Became.UNSETTLED
    try:
        return _Ruling(old, new, one, other, measure).became()
    except Unsettled:
        return Became.UNSETTLED


def _over_time(one: Guarantee, other: Guarantee) -> Became:
    """Of promises about runs of days: by their numbers, and by what they rest on."""
    # The more it rests on, the less it promises.
    loses = bool({*other.assuming} - {*one.assuming})
    gains = bool({*one.assuming} - {*other.assuming})
    match one.over_time, other.over_time:
        case ContactsAtMost(before, days), ContactsAtMost(after, other_days) if days == other_days:
            loses, gains = loses or after > before, gains or after < before
        case ComesToAnEnd() as before, ComesToAnEnd() as after if before.while_ == after.while_:
            loses |= after.within_business_days > before.within_business_days
            loses |= bool({*after.executes} - {*before.executes})
            gains |= after.within_business_days < before.within_business_days
            gains |= bool({*before.executes} - {*after.executes})
        case _ if one.over_time != other.over_time:
            return Became.UNSETTLED
        case _:
            pass
    return _compared(loses=loses, gains=gains)


def _said(guarantee: Guarantee) -> tuple[object, ...]:
    return (
        *(guarantee.form, guarantee.condition, guarantee.then, frozenset(guarantee.facts)),
        *(guarantee.over_time, frozenset(guarantee.assuming)),
    )


def _compared(*, loses: bool, gains: bool) -> Became:
    match loses, gains:
        case True, True:
            return Became.OTHER
        case True, False:
            return Became.WEAKER
        case False, True:
            return Became.STRONGER
        case _:
            return Became.EQUAL


class _Ruling:
    """What two guarantees rule out, of any account and whatever might be decided of it."""

    def __init__(self, old: Policy, new: Policy, one: Guarantee, other: Guarantee, measure: int) -> None:
        self.one = one
        self.other = other
        conditions = [condition for guarantee in (one, other) for condition in (guarantee.condition, guarantee.then)]
        self.search = Search([old, new], conditions, measure=measure)
        self.facts = {**self.search.account.facts, **dict(self._decided(conditions))}

    def became(self) -> Became:
        before, after = self.ruled_out(self.one), self.ruled_out(self.other)
        return _compared(
            loses=self.search.is_possible(before, z3.Not(after)),
            gains=self.search.is_possible(after, z3.Not(before)),
        )

    def ruled_out(self, guarantee: Guarantee) -> z3.BoolRef:
        ask = self.search.ask
        condition = ask.holds(guarantee.condition, self.facts)
        if guarantee.form is GuaranteeForm.NEVER:
            return condition
        return ask.both(condition, z3.Not(ask.holds(guarantee.then, self.facts)))

    def _decided(self, conditions: list[Condition]) -> Iterator[tuple[str, Symbol]]:
        """Whatever might be decided: any word, any number, yes or no."""
        asked = [leaf for condition in conditions for leaf in leaves(condition)]
        context, always = self.search.context, self.search.ask.true
        for name in sorted({leaf.fact for leaf in asked}):
            fact = ACCOUNT.get(name)
            if fact is None or fact.layer <= Layer.ACCOUNT:
                continue
            match fact.type:
                case Type.SET:
                    members = sorted(
                        {leaf.member for leaf in asked if isinstance(leaf, Includes) and leaf.fact == name}
                    )
                    yield name, Symbol(None, always, {m: z3.Bool(f"{name}__{m}", context) for m in members})
                case Type.YES_NO:
                    yield name, Symbol(z3.Bool(name, context), always)
                case _:
                    yield name, Symbol(z3.Int(name, context), always)
