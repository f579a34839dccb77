"""Something about a policy that nobody promised otherwise, and that hardly anybody wants: shown on an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from duly.language.conditions import Facts, Value
from duly.language.policy import Policy
from duly.review.prove.proof import Counterexample
from duly.review.prove.search import telling
from duly.review.prove.subject import Subject
from duly.rules import meaning
from duly.source import Span


class Sort(Enum):
    """What kind of thing it is; the value is its permanent name."""

    SOFTER_LATER = "softer-later"
    """An account gets less than one that differs from it only in being fewer days late."""
    LEFT_OUT = "left-out"
    """A late account for which no stage of its ladder ever comes."""
    STUCK_BETWEEN = "stuck-between"
    """A stage is for less, another for more, and for what is between them none."""
    PLACED_AND_RELEASED = "placed-and-released"
    """A hold that is placed on an account to which its own release applies already."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, where it stands, and the account that shows it."""

    sort: Sort
    span: Span
    message: str
    shown_on: Counterexample


def shown_on(
    policy: Policy, subject: Subject, facts: Facts, other: Mapping[str, Value] | None = None
) -> Counterexample:
    """The account, and the one that differs from it in `other`, as the meaning of the policy decides them."""
    second = None if other is None else {**facts, **other}
    return Counterexample(
        all_facts=facts,
        facts=tuple(telling(facts, subject.search.columns)),
        decision=meaning.decide(policy, facts),
        other=() if second is None else tuple((n, v) for n, v in second.items() if v != facts[n]),
        other_decision=None if second is None else meaning.decide(policy, second),
    )
