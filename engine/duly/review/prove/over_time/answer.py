"""A guarantee about every run of days, and what becomes of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import assert_never

from duly.language.over_time import Assumption, ComesToAnEnd, ContactsAtMost, NotBefore, OverTime
from duly.language.policy import Guarantee, Policy
from duly.review.prove.over_time.before import nothing_before
from duly.review.prove.over_time.cap import contacts_at_most
from duly.review.prove.over_time.ends import everyone_ends
from duly.review.prove.over_time.judged import Judged
from duly.review.prove.search import MEASURE

MOST_KEPT = 16
"""So many answers are kept: to look at every run of days takes seconds, and the same is often asked again."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """All that an answer hangs on: of the policy's guarantees none but the promise that is asked of it."""

    policy: Policy
    promise: OverTime
    assuming: tuple[Assumption, ...]
    measure: int
    notes: bool


_answered: deque[tuple[_Asked, Judged]] = deque(maxlen=MOST_KEPT)


def prove_over_time(policy: Policy, guarantee: Guarantee, *, measure: int = MEASURE, notes: bool = True) -> Judged:
    """What becomes of a guarantee of the form `over_time`; `notes` asks which of its assumptions it needs."""
    assert guarantee.over_time is not None
    asked = _Asked(replace(policy, guarantees=()), guarantee.over_time, guarantee.assuming, measure, notes)
    for before, judged in tuple(_answered):
        if before == asked:
            return judged
    judged = _judged(asked)
    _answered.append((asked, judged))
    return judged


def _judged(asked: _Asked) -> Judged:
    policy, promise, assuming, measure = asked.policy, asked.promise, asked.assuming, asked.measure
    match promise:
        case ContactsAtMost():
            return contacts_at_most(policy, promise, assuming, measure=measure)
        case ComesToAnEnd():
            return everyone_ends(policy, promise, assuming, measure=measure, notes=asked.notes)
        case NotBefore():
            return nothing_before(policy, promise, assuming, measure=measure)
        case _:
            assert_never(promise)
