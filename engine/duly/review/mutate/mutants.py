"""Every policy that differs from one by a small mistake, such as people make.

A threshold, a day or a count one more or one less; a condition turned round, or a
part of it left out; a tone one milder or one harsher; a whole rule left out;
neighbours in each other's place where order is meaning; a pause that stops more or
less; a setting of lateness, of the ladder or of the calendar changed for another.
Changed is the model and not the text, so nothing depends on how the file is laid out.

Changed is what decides about a customer. What says who answers for what, what is
paid for it, what makes a plan stop, and what is promised of all this (`responsible`,
`together`, the fuse, `guarantees`) decides about nobody and is left as it is; so are
the hours of contact, the charges, and which calls a pause stops.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from duly.language.policy import Placed, Policy
from duly.review.mutate import rules, settings
from duly.review.mutate.edits import LEFT_OUT, Edit, Shows, Sort, changed, dotted, each, swapped, within, without
from duly.source import Span

Edits = Callable[[Any, Policy], Iterable[Edit[Any]]]

PARTS: tuple[tuple[str, Edits, Shows], ...] = (
    ("invoice_pauses", rules.of_invoice_pause, Shows.FACTS),
    ("account_pauses", rules.of_account_pause, Shows.DECISION),
    ("tone_limits", rules.of_tone_limit, Shows.DECISION),
    ("sales", rules.of_sales_rule, Shows.DECISION),
    ("holds", rules.of_hold, Shows.DECISION),
    ("credit_limits", rules.of_limit_rule, Shows.DECISION),
    ("worklist", rules.of_points, Shows.DECISION),
    ("exceptions", rules.of_exception, Shows.FACTS),
)
"""The parts that are keyed by id, each of which can be left out; the mistakes in one; where one left out shows."""

RULE_DEPTH = 2
"""How deep in the file a rule begins: what is deeper is one of its values."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A policy with one small mistake: where, how it read before, and how it reads now.

    `path` is dotted, in the words of the file; `id` is that with what was changed, and
    no other mutant of the policy has it.
    """

    id: str
    path: str
    sort: Sort
    old: str
    new: str
    span: Span
    shows: Shows
    policy: Policy


def mutants(policy: Policy) -> tuple[Mutant, ...]:
    """Every policy that differs from this one by one small mistake, in the order of the file's lines."""
    seen: Counter[str] = Counter()
    made = [_mutant(policy, edit, seen) for edit in _edits(policy)]
    return tuple(sorted(made, key=lambda mutant: (mutant.span.file, mutant.span.line)))


def _mutant(policy: Policy, edit: Edit[Policy], seen: Counter[str]) -> Mutant:
    id_ = f"{edit.path}: {edit.old} → {edit.new}" if edit.old else f"{edit.path}: {edit.new}"
    seen[id_] += 1
    if seen[id_] > 1:
        id_ = f"{id_} #{seen[id_]}"
    span = _place(policy, edit)
    shows = Shows.FACTS if _reaches(edit.value) != _reaches(policy) else edit.shows
    return Mutant(id_, edit.path, edit.sort, edit.old, edit.new, span, shows, edit.value)


def _place(policy: Policy, edit: Edit[Policy]) -> Span:
    """Where the mistaken value stands; what is left out or moved whole begins with its name."""
    if not edit.old or edit.sort is Sort.ORDER:
        return edit.span
    pointer = "/" + edit.path.replace(".", "/")
    if (span := policy.places.get(pointer)) is not None:
        return span
    around = pointer.rpartition("/")[0]
    return policy.places.get(around, edit.span) if around.count("/") > RULE_DEPTH else edit.span


def _reaches(policy: Policy) -> list[str]:
    """The stages that reach the customer: contacts are counted by them."""
    return sorted({stage.id for stage in policy.stages() if stage.contacts})


def _edits(policy: Policy) -> Iterator[Edit[Policy]]:
    yield from settings.of_policy(policy)
    yield from _segments(policy)
    for name, edits, shows in PARTS:
        those: tuple[Placed, ...] = getattr(policy, name)
        for n, part in enumerate(those):
            less = changed(policy, **{name: without(those, n)})
            yield Edit(dotted(part.path), Sort.LEFT_OUT, "", LEFT_OUT, less, part.span, shows)
        yield from _inside(policy, name, edits)
    yield from _inside(policy, "ladders", rules.of_ladder)


def _segments(policy: Policy) -> Iterator[Edit[Policy]]:
    """The last segment takes everybody: it cannot be left out, and behind it nobody is left."""
    those = policy.segments
    for n, segment in enumerate(those[:-1]):
        path = dotted(segment.path)
        less = changed(policy, segments=without(those, n))
        yield Edit(path, Sort.LEFT_OUT, "", LEFT_OUT, less, segment.span)
        if n + 2 < len(those):
            after = those[n + 1].id
            other = changed(policy, segments=swapped(those, n))
            yield Edit(path, Sort.ORDER, f"before {after}", f"behind {after}", other, segment.span)
    yield from _inside(policy, "segments", rules.of_segment)


def _inside(policy: Policy, name: str, edits: Edits) -> Iterator[Edit[Policy]]:
    """The mistakes inside the parts of one name."""

    def placed(part: Placed) -> Iterator[Edit[Placed]]:
        return within(edits(part, policy), lambda new: new, dotted(part.path), part.span)

    yield from within(each(getattr(policy, name), placed), lambda new: changed(policy, **{name: new}))
