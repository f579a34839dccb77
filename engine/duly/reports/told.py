"""Why an action was carried out, for people and for programs: one page, from the journal alone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from duly.execution.afterwards import WHERE
from duly.execution.told import Personal, Step, Told
from duly.journal.entry import Entry, Event
from duly.language.conditions import Value
from duly.language.english import subject
from duly.language.reads import OWN
from duly.language.vocabulary import ACCOUNT, INVOICE, Type
from duly.messages.tables import columns
from duly.money import SCALES, format_minor
from duly.plan.document import action_record
from duly.plan.plan import Because
from duly.reports.happened import ERASED, deed, sentence
from duly.reports.happened import told as as_told
from duly.reports.plan import value_text
from duly.reports.recorded import record
from duly.reports.terminal import printable


def as_text(told: Told) -> str:
    """The page for the terminal."""
    return "\n".join(_lines(told)) + "\n"


def _lines(told: Told) -> Iterator[str]:
    action = told.action
    yield f"{printable(action.customer)}: {deed(action_record(action))}"
    yield f"  {WHERE[told.carried.event]} (entry {told.carried.last.seq}, {_moment(told.carried.last)})"
    yield ""
    yield from columns(("  " + name, value) for name, value in _about(told) if value)
    yield ""
    yield "Because"
    if not action.because:
        yield "  the journal holds no reason"
    for because in action.because:
        yield from _because(because, told.said("currency"))
    yield ""
    yield "Approvals"
    yield from _steps(told.approvals) if told.approvals else ["  none was needed, or none was given"]
    yield ""
    yield "What happened to it"
    yield from _steps(told.steps)
    yield ""
    yield "What happened to the customer afterwards"
    yield from _steps(told.after) if told.after else ["  nothing that the journal knows"]
    if told.more:
        yield f"  … and {told.more:,} entries more: `duly log --customer {printable(action.customer)}`"


def _about(told: Told) -> Iterator[tuple[str, str]]:
    carried, action = told.carried, told.action
    wording = _wording(told)
    recipient = told.personal.values.get("recipient")
    yield "to", _to(told.personal, "to")
    if isinstance(recipient, Mapping):
        yield "recipient", ", ".join(printable(str(recipient[n])) for n in ("name", "customer") if recipient.get(n))
    elif "recipient" in told.personal.erased:
        yield "recipient", ERASED
    yield "creditor", printable(action.creditor)
    yield "invoices", ", ".join(map(printable, action.invoices))
    amounts = action.amounts or (((action.currency, action.amount),) if action.currency else ())
    yield "amount", " + ".join(_money(amount, currency) for currency, amount in amounts)
    yield "subject", _to(told.personal, "subject")
    yield "wording", " ".join(part for part in (printable(wording["file"]), _signed(wording["signed_by"])) if part)
    yield "template", printable(action.template)
    yield "language", printable(wording["language"])
    yield "left as", printable(carried.text("reference"))
    yield "channel", printable(carried.text("channel") or action.channel)
    yield "content", f"SHA-256 {carried.text('content')}" if carried.text("content") else ""
    yield "action", action.id
    yield "episode", printable(action.episode) + (f", number {action.occurrence}" if action.occurrence > 1 else "")
    yield "policy", printable(told.said("policy"))
    yield "as of", told.said("as_of")
    yield "plan", told.said("plan")
    yield "author", printable(told.said("author"))
    yield "operator", printable(carried.intent.by)
    yield "run", printable(carried.intent.run)
    yield "journal", f"{told.journal} ({told.environment})"


def _wording(told: Told) -> dict[str, str]:
    message = told.carried.intent.body.get("message")
    found = message if isinstance(message, Mapping) else {}
    return {name: str(found.get(name) or "") for name in ("file", "signed_by", "language")}


def _signed(by: str) -> str:
    return f"(signed by {printable(by)})" if by else ""


def _to(personal: Personal, name: str) -> str:
    return as_told(personal.values, name) if name in personal.values or name in personal.erased else ""


def _money(amount: int, currency: str) -> str:
    return format_minor(amount, currency) if currency in SCALES else f"{amount} in minor units of {printable(currency)}"


def _because(because: Because, currency: str) -> Iterator[str]:
    place = f"  ({printable(because.span.file)}:{because.span.line})" if because.span.line else ""
    yield f"  {printable(because.rule)}{place}"
    own = next((str(value) for name, value in because.values if name == "currency"), "")
    for name, value in because.values:
        in_currency = own if name.endswith(OWN) else currency
        yield f"      {printable(subject(name))} is {_value(name, value, in_currency)}"
    if because.said:
        yield f"      “{printable(because.said)}”"


def _value(name: str, value: Value, currency: str) -> str:
    """A fact's value in words; money with its currency where that is known."""
    plain = name.removesuffix(OWN)
    fact = ACCOUNT.get(plain) or INVOICE.get(plain)
    if fact is None or fact.type is not Type.MONEY or not isinstance(value, int) or isinstance(value, bool):
        return value_text(value)
    return format_minor(value, currency) if currency in SCALES else f"{value} in minor units"


def _steps(steps: Iterable[Step]) -> Iterator[str]:
    for step in steps:
        about = f"{deed(step.about)}: " if step.about is not None and step.entry.event is not Event.INTENT else ""
        # Whom an intent reaches is told above once, or is another action's.
        personal = None if step.entry.event is Event.INTENT else step.personal.values
        said = f"{about}{sentence(step.entry, personal)} (by {printable(step.entry.by)})"
        yield f"  {_moment(step.entry)}  entry {step.entry.seq}: {said}"


def _moment(entry: Entry) -> str:
    return f"{entry.at[:10]} {entry.at[11:19]}Z"


def as_json(told: Told) -> str:
    """The page as one JSON object; money in minor units, erased values null."""
    return json.dumps(as_record(told), ensure_ascii=False, indent=2) + "\n"


def as_record(told: Told) -> dict[str, Any]:
    """Everything that is told, as plain JSON."""
    carried = told.carried
    erased = dict.fromkeys(told.personal.erased)
    return {
        "action": action_record(told.action),
        "stands": carried.event.value,
        "environment": told.environment,
        "journal": told.journal,
        "personal": {**erased, **told.personal.values},
        "erased": list(told.personal.erased),
        "reference": carried.text("reference"),
        "channel": carried.text("channel"),
        "content": carried.text("content"),
        "message": carried.intent.body.get("message"),
        "plan": told.said("plan"),
        "as_of": told.said("as_of"),
        "policy": told.said("policy"),
        "author": told.said("author"),
        "operator": carried.intent.by,
        "run": carried.intent.run,
        "approvals": [_step(step) for step in told.approvals],
        "happened": [_step(step) for step in told.steps],
        "afterwards": [_step(step) for step in told.after],
        "more": told.more,
    }


def _step(step: Step) -> dict[str, Any]:
    return record(step.entry, step.personal.values)
