"""A guarantee about every run of days, and what becomes of it."""

from __future__ import annotations

from typing import assert_never

from duly.language.over_time import ComesToAnEnd, ContactsAtMost, NotBefore
from duly.language.policy import Guarantee, Policy
from duly.review.prove.over_time.before import nothing_before
from duly.review.prove.over_time.cap import contacts_at_most
from duly.review.prove.over_time.ends import everyone_ends
from duly.review.prove.over_time.judged import Judged
from duly.review.prove.search import MEASURE


def prove_over_time(policy: Policy, guarantee: Guarantee, *, measure: int = MEASURE, notes: bool = True) -> Judged:
    """What becomes of a guarantee of the form `over_time`; `notes` asks which of its assumptions it needs."""
    promise = guarantee.over_time
    assert promise is not None
    match promise:
        case ContactsAtMost():
            return contacts_at_most(policy, promise, guarantee.assuming, measure=measure)
        case ComesToAnEnd():
            return everyone_ends(policy, promise, guarantee.assuming, measure=measure, notes=notes)
        case NotBefore():
            return nothing_before(policy, promise, guarantee.assuming, measure=measure)
        case _:
            assert_never(promise)
