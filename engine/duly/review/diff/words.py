"""Values of a policy in the policy's own words, so that what is told can be found in the file again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date, time
from enum import Enum
from typing import Any

from duly.language.conditions import ALWAYS, All, Compare, Includes, Is, Known, Not
from duly.language.conditions import Any as AnyOf
from duly.language.english import CHANNELS, after_english, english, stage_english
from duly.language.over_time import Assumption
from duly.language.policy import After, ContactHours, Placed, Policy, Reward, Send, Stage, Task, TeamBonus
from duly.language.schema import WEEKDAYS
from duly.money import format_minor
from duly.source import NOWHERE

CONDITIONS = (Compare, Is, Includes, Known, All, AnyOf, Not)

NOT_TOLD = frozenset({"id", "span", "path", "places", "lines", "files", "digest"})
"""What a policy knows of itself and nobody wrote."""

MONEY = frozenset({"ignore_invoice_below", "ignore_account_below", "set_to", "up_to", "down_to"})

MONEY_OF: Mapping[type, frozenset[str]] = {
    Reward: frozenset({"at_least", "at_most"}),
    TeamBonus: frozenset({"amount"}),
}
"""Amounts whose names are elsewhere those of numbers."""


def in_words(value: Any, policy: Policy, name: str = "", part: Any = None) -> str:  # noqa: ANN401  (any value of a policy)
    """A value in the words of the policy; `name` says which it is, and `part` what it is a value of."""
    match value:
        case None | () | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case int() if name in MONEY or name in MONEY_OF.get(type(part), ()):
            return format_minor(value, policy.currency)
        case Enum():
            return str(value.value)
        case Stage():
            return stage_english(value, policy.currency)
        case After():
            return after_english(value)
        case Assumption():
            return f"`{value.name}`"
        case Send():
            return f"{CHANNELS[value.channel]} `{value.template}`"
        case Task():
            return f"task `{value.task}` for `{value.role}`"
        case date() | time():
            return value.isoformat()
        case frozenset() if isinstance(part, ContactHours):
            return ", ".join(WEEKDAYS[day] for day in sorted(value)) or "none"
        case frozenset():
            return ", ".join(sorted(in_words(one, policy) for one in value)) or "none"
        case tuple():
            return ", ".join(in_words(one, policy) for one in value)
        case Mapping():
            return ", ".join(f"{key}: {in_words(one, policy)}" for key, one in value.items()) or "none"
        case _ if isinstance(value, CONDITIONS):
            return english(value, policy.currency)
        case _ if is_dataclass(value):
            return _whole(value, policy)
        case _:
            return str(value)


def settled(value: Any) -> Any:  # noqa: ANN401
    """A condition with its parts in one order, whatever the order they are written in; any other value as it is."""
    match value:
        case All((Is("currency", _), Compare())):
            return value  # an amount by currency, which has words of its own
        case All(parts) | AnyOf(parts):
            return replace(value, parts=tuple(sorted(map(settled, parts), key=repr)), span=NOWHERE)
        case Not(part):
            return replace(value, part=settled(part), span=NOWHERE)
        case Is(_, values):
            return replace(value, values=tuple(sorted(values, key=repr)), span=NOWHERE)
        case Compare() | Includes() | Known():
            return replace(value, span=NOWHERE)
        case _:
            return value


def _whole(part: Any, policy: Policy) -> str:  # noqa: ANN401
    """A part with all its values."""
    told = (
        f"{field.name.replace('_', ' ')} {in_words(value, policy, field.name, part)}"
        for field in fields(part)
        if field.name not in NOT_TOLD
        and field.compare
        and (value := getattr(part, field.name)) not in (None, (), "", ALWAYS, False, 0)
    )
    return "; ".join(told) or "always"


def has_parts(value: Any) -> bool:  # noqa: ANN401
    """Say whether a value is told part by part: a group of settings and not a thing with words of its own."""
    return isinstance(value, Placed) and not isinstance(value, After | Send | Task | Stage)
