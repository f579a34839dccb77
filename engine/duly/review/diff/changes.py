"""What changed between two policies, by id and in the policy's own words.

A block that moved, a comment or another layout is no change; where order is meaning
(segments, stages, tones) another order is one. A changed value is told with the old
and the new one; whatever is added or taken away is told whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from duly.language.policy import Policy
from duly.review.diff.words import NOT_TOLD, has_parts, in_words, settled
from duly.source import NOWHERE, Span


class Sort(Enum):
    """What became of a part of the policy."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"


@dataclass(frozen=True, slots=True)
class Changed:
    """One change: of what (`tone limit fragile_relationship`), which value of it (`at most`), and from what to what.

    `old` is empty for what is added and `new` for what is taken away; the places are where each is written.
    """

    sort: Sort
    what: str
    value: str
    old: str
    new: str
    old_span: Span = NOWHERE
    new_span: Span = NOWHERE


PARTS: Mapping[str, str] = {
    "segments": "segment",
    "account_pauses": "pause",
    "invoice_pauses": "pause",
    "ladders": "ladder",
    "tone_limits": "tone limit",
    "sales": "sales",
    "holds": "hold",
    "credit_limits": "credit limit",
    "worklist": "points",
    "responsible": "duty",
    "guarantees": "guarantee",
}
"""The parts of a policy that are keyed by id, and what one of each is called."""

ORDERED = frozenset({"segments"})
"""The parts whose order is meaning, beside stages and tones."""


def changes(old: Policy, new: Policy) -> tuple[Changed, ...]:
    """Everything that changed, in the order of the policy's parts."""
    return tuple(_Comparing(old, new).all())


class _Comparing:
    def __init__(self, old: Policy, new: Policy) -> None:
        self.old = old
        self.new = new

    def all(self) -> Iterator[Changed]:
        for field in fields(Policy):
            if field.name in NOT_TOLD or not field.compare:
                continue
            before, after = getattr(self.old, field.name), getattr(self.new, field.name)
            if field.name in PARTS:
                yield from self.parts(PARTS[field.name], before, after, ordered=field.name in ORDERED)
            elif field.name == "exceptions":
                yield from self.parts("exception for", before, after, key="account")
            else:
                yield from self.value("policy", field.name, before, after, self.old, self.new)

    def parts(
        self, name: str, before: Sequence[Any], after: Sequence[Any], *, ordered: bool = False, key: str = "id"
    ) -> Iterator[Changed]:
        """Parts by their ids: those that were taken away, those that are new, and those that are other than before."""
        olds = {getattr(part, key): part for part in before}
        news = {getattr(part, key): part for part in after}
        for id_, part in olds.items():
            if id_ not in news:
                yield Changed(Sort.REMOVED, f"{name} {id_}", "", in_words(part, self.old), "", part.span)
        for id_, part in news.items():
            what = f"{name} {id_}"
            if id_ not in olds:
                yield Changed(Sort.ADDED, what, "", "", in_words(part, self.new), new_span=part.span)
            else:
                yield from self.inside(what, olds[id_], part)
        if ordered:
            yield from self.order(
                f"{name}s", [id_ for id_ in olds if id_ in news], [id_ for id_ in news if id_ in olds]
            )

    def inside(self, what: str, before: Any, after: Any) -> Iterator[Changed]:  # noqa: ANN401  (any part of a policy)
        for field in fields(before):
            if field.name in NOT_TOLD or not field.compare:
                continue
            yield from self.value(
                what, field.name, getattr(before, field.name), getattr(after, field.name), before, after
            )

    def value(self, what: str, name: str, before: Any, after: Any, old: Any, new: Any) -> Iterator[Changed]:  # noqa: ANN401
        """One value of a part."""
        if settled(before) == settled(after):
            return
        if name == "stages":
            yield from self.parts("stage", before, after)
            yield from self.order(
                f"stages of {what}",
                [s.id for s in before if s.id in {t.id for t in after}],
                [s.id for s in after if s.id in {t.id for t in before}],
            )
            return
        if name == "by_segment":
            yield from self.parts(f"{what} in segment", before, after)
            return
        if is_dataclass(before) and is_dataclass(after) and type(before) is type(after) and has_parts(before):
            inner = name.replace("_", " ") if what == "policy" else f"{what}: {name.replace('_', ' ')}"
            yield from self.inside(inner, before, after)
            return
        yield Changed(
            Sort.CHANGED,
            what,
            name.replace("_", " "),
            in_words(before, self.old, name, old),
            in_words(after, self.new, name, new),
            _place(before, old),
            _place(after, new),
        )

    def order(self, what: str, before: list[str], after: list[str]) -> Iterator[Changed]:
        if before != after:
            yield Changed(Sort.REORDERED, what, "order", ", ".join(before), ", ".join(after))


def _place(value: Any, around: Any) -> Span:  # noqa: ANN401
    span = getattr(value, "span", NOWHERE)
    return span if isinstance(span, Span) and span.line else around.span
