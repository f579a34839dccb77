"""Conditions and stages as short English, for previews, traces and the manual.

`past_due: {over: 250}` reads "`past_due` is over 250.00 USD". Amounts are shown in
the currency given, boundaries with the words of the language, so that what is
printed can be found in the file again.
"""

from __future__ import annotations

from typing import assert_never

from duly.language.conditions import All, Any, Compare, Condition, Includes, Is, Known, Not, Op, Value
from duly.language.policy import After, Channel, Period, Send, Since, Stage
from duly.language.reads import OWN
from duly.language.vocabulary import ACCOUNT, INVOICE, Type
from duly.money import format_minor

WORDS = {Op.AT_LEAST: "at least", Op.OVER: "over", Op.AT_MOST: "at most", Op.BELOW: "below"}

CHANNELS = {Channel.EMAIL: "e-mail", Channel.LETTER: "letter"}

SINCE = {
    Since.DUE_DATE: "past due",
    Since.INVOICE_DATE: "after the invoice date",
    Since.PREVIOUS_STAGE: "after the previous stage",
}


def english(condition: Condition, currency: str) -> str:
    """The condition in words; amounts are in the currency given, which is the policy's."""
    match condition:
        case All((Is("currency", (str(own),)), Compare(fact, op, number))) if fact.endswith(OWN):
            return f"`{fact.removesuffix(OWN)}` is {WORDS[op]} {format_minor(number, own)}"
        case Compare(fact, op, number):
            return f"{subject(fact)} is {WORDS[op]} {value_text(fact, number, currency)}"
        case Is(fact, (bool(yes),)):
            return subject(fact) if yes else f"not {subject(fact)}"
        case Is(fact, values):
            return f"{subject(fact)} is {_one_of(fact, values, currency)}"
        case Includes(fact, member):
            return f"{subject(fact)} includes `{member}`"
        case Known(fact):
            return f"{subject(fact)} is known"
        case All(()):
            return "always"
        case Any(()):
            return "never"
        case All(parts):
            return " and ".join(_part(part, currency) for part in parts)
        case Any(parts):
            return " or ".join(_part(part, currency) for part in parts)
        case Not(part):
            return _negated(part, currency)
        case _:
            assert_never(condition)


def stage_english(stage: Stage, currency: str) -> str:
    """What a stage does and from when on, in one line."""
    start = [after_english(stage.after)] if stage.after else []
    if stage.when != All(()):
        start.append(f"if {english(stage.when, currency)}")
    does = [*_messages(stage), *(f"task `{task.task}` for `{task.role}`" for task in stage.tasks)]
    if stage.action:
        does.append(f"`{stage.action}`")
    if stage.approval:
        does.append(f"with approval of {' and '.join(f'`{role}`' for role in stage.approval)}")
    if stage.repeat:
        often = f", {stage.repeat.at_most} times" if stage.repeat.at_most else ""
        does.append(f"again every {stage.repeat.every_days} days{often}")
    return f"{', '.join(start) or 'at once'}: {', '.join(does)}"


def after_english(after: After) -> str:
    """From which day on, in words."""
    unit = after.clock.period.value
    count = f"{abs(after.number)} {unit if abs(after.number) != 1 else unit.removesuffix('s')}"
    rounded = ", rounded up to the end of the month" if after.clock.month_end else ""
    if after.before_due:
        return f"from {count} before the due date{rounded}"
    return f"from {count} {SINCE[after.clock.since]}{rounded}"


def subject(fact: str) -> str:
    """What a test is about: the fact's name in backticks, or what a ladder's own fact counts."""
    kind, _, rest = fact.partition("__")
    match kind:
        case "days_since" if rest:
            return f"days since `{rest}`"
        case "times" if rest:
            return f"times of `{rest}`"
        case "clock":
            since, period, *month_end = rest.split("__")
            rounded = " up to the last month end" if month_end else ""
            return f"{Period(period).value} {SINCE[Since(since)]}{rounded}"
        case _:
            return f"`{fact.removesuffix(OWN)}`"


def value_text(fact: str, value: Value, currency: str) -> str:
    """A value of a fact as people write it: amounts with their currency, words in backticks."""
    if isinstance(value, str):
        return f"`{value}`"
    if not isinstance(value, int) or isinstance(value, bool):
        return _plain(value)
    known = ACCOUNT.get(fact.removesuffix(OWN)) or INVOICE.get(fact)
    return format_minor(value, currency) if known and known.type is Type.MONEY else str(value)


def _plain(value: bool | frozenset[str] | None) -> str:  # noqa: FBT001  (a value like any other)
    if isinstance(value, frozenset):
        return ", ".join(f"`{member}`" for member in sorted(value)) or "none"
    return "unknown" if value is None else str(value).lower()


def _one_of(fact: str, values: tuple[int | str | bool, ...], currency: str) -> str:
    shown = [value_text(fact, value, currency) for value in values]
    return shown[0] if len(shown) == 1 else f"one of {', '.join(shown)}"


def _part(part: Condition, currency: str) -> str:
    """A part of a longer condition, in brackets where the words would run together."""
    words = english(part, currency)
    match part:
        case All((Is("currency", _), Compare(fact))) if fact.endswith(OWN):
            return words
        case All(parts) | Any(parts) if len(parts) > 1:
            return f"({words})"
        case _:
            return words


def _negated(part: Condition, currency: str) -> str:
    match part:
        case Is(fact, (bool(yes),)):
            return f"not {subject(fact)}" if yes else subject(fact)
        case Is(fact, values):
            return f"{subject(fact)} is not {_one_of(fact, values, currency)}"
        case Includes(fact, member):
            return f"{subject(fact)} does not include `{member}`"
        case Known(fact):
            return f"{subject(fact)} is not known"
        case Compare(fact, op, number):
            return f"{subject(fact)} is not {WORDS[op]} {value_text(fact, number, currency)}"
        case _:
            return f"not ({english(part, currency)})"


def _messages(stage: Stage) -> list[str]:
    tone = f" in tone `{stage.tone}`" if stage.tone else ""
    sent = [_message(send) + tone for send in stage.send]
    if stage.without_email and sent:
        sent[-1] += f" ({', '.join(_message(send) for send in stage.without_email)} without e-mail)"
    return sent


def _message(send: Send) -> str:
    return f"{CHANNELS[send.channel]} `{send.template}`"
