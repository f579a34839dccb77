"""Two plans held against each other, customer by customer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from duly.money import format_minor
from duly.plan.document import action_record, withheld_record
from duly.plan.plan import Action, Because, Plan, Withheld
from duly.reports.blocks import Block, Table, Text, Title, items
from duly.reports.plan import KIND_WORDS, count
from duly.review.diff.plans import Moved, PlansCompared

SHOWN = 20
"""Customers told one by one unless everything is asked for."""


def told(found: PlansCompared, *, all_: bool = False) -> Iterator[Block]:
    """The comparison as blocks."""
    yield Title(f"Plan of {found.old.as_of} → plan of {found.new.as_of}")
    other = ", ".join(found.made_from)
    yield Text(f"Made from another {other}." if other else "Made from the same policy, book, journal and templates.")
    if found.is_equal:
        yield Text(f"Both do the same: {count(found.same, 'action')}.")
        return
    yield Table(("", "came", "went", "otherwise", "as before"), tuple(_totals(found)), frozenset({1, 2, 3, 4}))
    customers = found.customers()
    shown = customers if all_ else customers[:SHOWN]
    for customer in shown:
        name = found.new.names.get(customer) or found.old.names.get(customer, "")
        yield Title(" ".join(part for part in (customer or "nobody in particular", name) if part), 3)
        yield items(_of(found, customer))
    if len(shown) < len(customers):
        yield Text(f"… and {count(len(customers) - len(shown), 'customer')} more (--all tells them)")


def _totals(found: PlansCompared) -> Iterator[tuple[str, ...]]:
    for word, moved, same in (
        ("actions", found.actions, f"{found.same:,}"),
        ("withheld", found.withheld, ""),
    ):
        sorts = Counter(_sort(one) for one in moved)
        yield word, f"{sorts['+']:,}", f"{sorts['-']:,}", f"{sorts['~']:,}", same


def _sort(moved: Moved[Action] | Moved[Withheld]) -> str:
    return "+" if moved.old is None else "-" if moved.new is None else "~"


def _of(found: PlansCompared, customer: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for action in found.actions:
        if action.deed.customer == customer:
            yield f"{_sort(action)} {_action(action.deed)}", (*_values(action), *_rules(action))
    for held in found.withheld:
        if held.deed.customer == customer:
            yield f"{_sort(held)} withheld: {_withheld(held.deed)}", (*_values(held), *_rules(held))


def _action(action: Action) -> str:
    detail = action.channel or action.task
    what = KIND_WORDS[action.kind] + (f": {detail.replace('_', ' ')}" if detail else "")
    tone = f" ({action.tone})" if action.tone and action.tone != "none" else ""
    stage = f" {action.stage}" if action.stage else ""
    amount = f", {format_minor(action.amount, action.currency)}" if action.amount else ""
    # A list is nobody's but the colleague's who gets it.
    of = "" if action.customer else f" for {action.item}"
    return f"{what}{stage}{tone}{of}{amount}"


def _withheld(held: Withheld) -> str:
    return f"{held.what}: {held.explanation or held.reason}"


def _values(moved: Moved[Action] | Moved[Withheld]) -> Iterator[str]:
    for name in moved.values:
        old, new = (_value(getattr(side, name), name, side) for side in (moved.old, moved.new))
        yield f"{name.replace('_', ' ')}: {old} → {new}"


def _value(value: object, name: str, deed: Action | Withheld | None) -> str:
    if name == "amount" and isinstance(deed, Action) and isinstance(value, int):
        return format_minor(value, deed.currency)
    if isinstance(value, tuple):
        return ", ".join(" ".join(map(str, one)) if isinstance(one, tuple) else str(one) for one in value) or "none"
    return str(value) if value not in (None, "") else "none"


def _rules(moved: Moved[Action] | Moved[Withheld]) -> Iterator[str]:
    if (rules := moved.other_rules) is None:
        return
    for word, those in zip(("was because of", "now because of"), rules, strict=True):
        if those:
            yield f"{word} {', '.join(_because(one) for one in those)}"


def _because(one: Because) -> str:
    return f"{one.rule} ({one.span.file}:{one.span.line})" if one.span.line else one.rule


def as_json(found: PlansCompared) -> dict[str, Any]:
    """The comparison as a JSON object."""
    return {
        "old": _made(found.old),
        "new": _made(found.new),
        "made_from_another": list(found.made_from),
        "same_actions": found.same,
        "actions": [_record(moved, action_record) for moved in found.actions],
        "withheld": [_record(moved, withheld_record) for moved in found.withheld],
    }


def _made(plan: Plan) -> Mapping[str, object]:
    return {"policy": plan.policy, "as_of": plan.as_of.isoformat(), "actions": len(plan.actions)}


def _record(moved: Any, record: Any) -> dict[str, Any]:  # noqa: ANN401  (an action or something withheld)
    return {
        "customer": moved.deed.customer,
        "otherwise": list(moved.values),
        "old": record(moved.old) if moved.old else None,
        "new": record(moved.new) if moved.new else None,
    }
