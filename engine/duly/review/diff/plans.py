"""Two saved plans held against each other: what would be done in one and not in the other, and what otherwise.

A deed is the same deed in both by its key, which has no day and no file in it; what is
withheld is the same by whom it concerns and what it is. Where a deed came or changed, the
rules that decided it are told by both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from duly.plan.plan import Action, Because, Plan, Withheld

TOLD = (
    *("kind", "stage", "tone", "channel", "template", "task", "for_role", "person", "not_before", "to"),
    *("amount", "currency", "invoices", "occurrence", "approval", "details"),
)
"""What an action can have otherwise, in the order told."""

WITHHELD = ("reason", "explanation", "next_possible")

_Deed = TypeVar("_Deed", Action, Withheld)


@dataclass(frozen=True, slots=True)
class Moved(Generic[_Deed]):
    """A deed on both sides, None where it is not there; `values` are the names of what is otherwise."""

    old: _Deed | None
    new: _Deed | None
    values: tuple[str, ...] = ()

    @property
    def deed(self) -> _Deed:
        """The deed as the newer plan has it, or as the older one did."""
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def other_rules(self) -> tuple[tuple[Because, ...], tuple[Because, ...]] | None:
        """The rules that decided it by each plan, where they are others."""
        rules = tuple(one.because if one else () for one in (self.old, self.new))
        named = [[because.rule for because in those] for those in rules]
        return (rules[0], rules[1]) if named[0] != named[1] else None


@dataclass(frozen=True, slots=True)
class PlansCompared:
    """What is otherwise in the newer plan, customer by customer; `same` counts the deeds that are in both alike."""

    old: Plan
    new: Plan
    actions: tuple[Moved[Action], ...]
    withheld: tuple[Moved[Withheld], ...]
    same: int

    @property
    def is_equal(self) -> bool:
        """Say whether both plans do and withhold the same."""
        return not self.actions and not self.withheld

    @property
    def made_from(self) -> tuple[str, ...]:
        """What the plans were not made from alike: `policy`, `book`, `journal`, `templates`, `day`."""
        names = ("policy", "book", "journal", "templates")
        other = [name for name in names if getattr(self.old.digests, name) != getattr(self.new.digests, name)]
        return (*other, *(("day",) if self.old.as_of != self.new.as_of else ()))

    def customers(self) -> tuple[str, ...]:
        """The customers for whom something is otherwise, each once."""
        actions = {moved.deed.customer for moved in self.actions}
        return tuple(sorted(actions | {moved.deed.customer for moved in self.withheld}))


def compare_plans(old: Plan, new: Plan) -> PlansCompared:
    """What is otherwise in the newer plan."""
    actions = _moved(old.actions, new.actions, lambda one: one.id, TOLD)
    withheld = _moved(old.withheld, new.withheld, lambda w: (w.customer, w.creditor, w.item, w.what), WITHHELD)
    both = len({one.id for one in old.actions} & {one.id for one in new.actions})
    changed = sum(1 for moved in actions if moved.old and moved.new)
    return PlansCompared(old, new, actions, withheld, both - changed)


def _moved(
    before: Sequence[_Deed], after: Sequence[_Deed], key: Callable[[_Deed], Hashable], values: Sequence[str]
) -> tuple[Moved[_Deed], ...]:
    olds: dict[tuple[Hashable, int], _Deed] = _keyed(before, key)
    news: dict[tuple[Hashable, int], _Deed] = _keyed(after, key)
    found: list[Moved[_Deed]] = []
    for one in dict.fromkeys((*olds, *news)):
        old, new = olds.get(one), news.get(one)
        if old is None or new is None:
            found.append(Moved(old, new))
        elif other := tuple(name for name in values if getattr(old, name) != getattr(new, name)):
            found.append(Moved(old, new, other))
    return tuple(sorted(found, key=lambda moved: (moved.deed.customer, moved.deed.creditor, moved.deed.item)))


def _keyed(deeds: Sequence[_Deed], key: Callable[[_Deed], Hashable]) -> dict[tuple[Hashable, int], _Deed]:
    """The deeds by their keys; of those with the same key, each by its place among them."""
    seen: Counter[Hashable] = Counter()
    found: dict[tuple[Hashable, int], _Deed] = {}
    for deed in deeds:
        name = key(deed)
        found[name, seen[name]] = deed
        seen[name] += 1
    return found
