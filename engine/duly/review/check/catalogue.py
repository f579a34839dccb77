"""Every check there is, and what they find together.

A check is a name and a function. Its page says what it is about and how bad it is; the
page's two examples are its failing and its passing case. A rule that can never act is
named once: what else could be said of it follows from that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from duly.review.check import boundary, closed, contradict, inert, ladder, never, outside, waits
from duly.review.check.looking import Looking
from duly.source import Problem, in_order


@dataclass(frozen=True, slots=True)
class Check:
    """A named check; `find` gives problems of that name alone."""

    name: str
    find: Callable[[Looking], Iterable[Problem]]


CATALOGUE: tuple[Check, ...] = tuple(
    Check(name, find)
    for name, find in (
        ("segment-never-reached", never.segments),
        ("pause-never-holds", never.pauses),
        ("stage-never-acts", never.stages),
        ("tone-limit-never-lowers", never.tone_limits),
        ("sales-never-asked", never.sales),
        ("hold-never-placed", never.placed),
        ("hold-never-released", never.released),
        ("credit-limit-never-proposed", never.credit_limits),
        ("points-never-given", never.points),
        ("gap-in-ladder", ladder.gaps),
        ("after-within-grace", ladder.after_within_grace),
        ("tone-goes-back", ladder.tone_goes_back),
        ("tone-jumps", ladder.tone_jumps),
        ("stages-same-day", ladder.stages_same_day),
        ("rungs-too-close", ladder.rungs_too_close),
        ("rungs-beyond-cap", ladder.rungs_beyond_cap),
        ("stage-waits-for-ever", waits.for_ever),
        ("hold-placed-and-released", contradict.placed_and_released),
        ("limit-raised-and-lowered", contradict.raised_and_lowered),
        ("hold-waits-for-unasked", contradict.waits_for_unasked),
        ("sales-told-too-late", contradict.told_too_late),
        ("boundary-missed", boundary.missed),
        ("threshold-on-closed-days", closed.missed_when_closed),
        ("currency-never-matches", outside.never_matching_currencies),
        ("law-out-of-date", outside.rates_end),
        ("not-in-book", outside.not_in_book),
        ("inert-condition", inert.inert_conditions),
        ("exception-without-effect", inert.exceptions_without_effect),
    )
)


def findings(looking: Looking) -> tuple[Problem, ...]:
    """What the checks of the catalogue find in a policy, in the order of the file."""
    return in_order(problem for check in CATALOGUE for problem in check.find(looking))
