"""What is found without a promise: rules that never act, less for the later, gaps, rules that undo each other.

Each is proved not to be, or shown on an account. What the solver cannot settle within its
measure is named: silence means proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from duly.language.policy import Policy
from duly.review.prove.conflicts import conflicts
from duly.review.prove.finding import Finding
from duly.review.prove.gaps import gaps
from duly.review.prove.idle import Idle, idle_or_unsettled
from duly.review.prove.over_time.endless import Endless, endless_waits, not_counted
from duly.review.prove.search import Unsettled
from duly.review.prove.softer import softer_later
from duly.review.prove.subject import Subject


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found, rules that never act, stages that can wait for ever, and what could not be settled.

    `not_looked_at` are questions that cannot be asked of such a policy, each with the reason.
    """

    found: tuple[Finding, ...] = ()
    idle: tuple[Idle, ...] = ()
    endless: tuple[Endless, ...] = ()
    unsettled: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """Say whether anything was found."""
        return bool(self.found or self.idle or self.endless)


WAITS = "whether a stage can wait for ever"

QUESTIONS: tuple[tuple[str, Callable[[Subject], Iterator[Finding]]], ...] = (
    ("whether a later account ever gets less", softer_later),
    ("whether the ladders have gaps", gaps),
    ("whether rules undo each other", conflicts),
)


def _settled(look: Callable[[Subject], Iterator[Finding]], subject: Subject) -> tuple[Finding, ...]:
    """What is found; asked once more by itself where too much else was asked of the subject before."""
    try:
        return tuple(look(subject))
    except Unsettled:
        return tuple(look(Subject(subject.policy, measure=subject.measure)))


def findings(policy: Policy, subject: Subject | None = None) -> Findings:
    """Everything that is found in the policy; `subject` is the policy's own, where there is one already."""
    found = of_one_decision(subject or Subject(policy))
    try:
        found = replace(found, endless=endless_waits(policy))
    except Unsettled:
        found = replace(found, unsettled=(*found.unsettled, WAITS))
    reason = not_counted(policy)
    return replace(found, not_looked_at=(f"{WAITS}: {reason}",)) if reason else found


def of_one_decision(subject: Subject) -> Findings:
    """What is found in a policy by looking at one decision, question by question."""
    found: list[Finding] = []
    idle, open_ = idle_or_unsettled(subject)
    unsettled = list(open_)
    for question, look in QUESTIONS:
        try:
            found += _settled(look, subject)
        except Unsettled:
            unsettled.append(question)
    return Findings(tuple(found), idle, unsettled=tuple(unsettled))
