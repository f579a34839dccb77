"""What nobody knows, with all that is known of it and how to find out; and what became of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from duly.execution.carried import Carried
from duly.journal.entry import Entry, Event
from duly.messages.tables import columns
from duly.plan.document import action_record
from duly.plan.plan import Kind
from duly.reports.happened import deed, told
from duly.reports.plan import count
from duly.reports.terminal import printable

PersonalOf = Callable[[Entry], Mapping[str, object]]


def as_text(unsettled: Iterable[Carried], personal_of: PersonalOf, environment: str) -> str:
    """Each with what is known and how to find out, for the terminal."""
    return "\n".join(_lines(tuple(unsettled), personal_of, environment)) + "\n"


def _lines(unsettled: tuple[Carried, ...], personal_of: PersonalOf, environment: str) -> Iterator[str]:
    if not unsettled:
        yield "Nothing is UNKNOWN."
        return
    yield f"UNKNOWN: {count(len(unsettled), 'action')}. None is handed over again before it is settled."
    for carried in unsettled:
        yield ""
        yield f"{carried.key[:16]}  {printable(carried.customer)}  {deed(carried.intent.body.get('action'))}"
        rows = _known(carried, personal_of)
        yield from columns(("  " + name, value) for name, value in rows if value)
        yield from (f"  = {line}" for line in how_to_find_out(carried, environment))


def _known(carried: Carried, personal_of: PersonalOf) -> Iterator[tuple[str, str]]:
    sealed = "to" in carried.intent.sealed
    sent = next((e for e in reversed(carried.attempt) if e.event is Event.POINT_OF_NO_RETURN), carried.last)
    yield "left at", f"{sent.at[:10]} {sent.at[11:19]}Z, by channel {printable(carried.text('channel'))}"
    yield "to", told(personal_of(carried.intent), "to") if sealed else ""
    yield "as", printable(carried.text("reference"))
    yield "content", f"SHA-256 {carried.text('content')}" if carried.text("content") else ""
    said = (carried.last.body.get(name) for name in ("explanation", "why", "reason"))
    yield "unknown since", f"{carried.last.at[:10]} {carried.last.at[11:19]}Z"
    yield "for", next((printable(text) for text in said if isinstance(text, str) and text), "")


def how_to_find_out(carried: Carried, environment: str) -> Iterator[str]:
    """What to look at, and what to type once it is known."""
    command = f"duly resolve --env {environment}"
    if carried.action.kind is Kind.MESSAGE and "@" in carried.text("reference"):
        yield f"look for it in the relay's log: `{command} --relay-log FILE`"
        yield f"or in the sent mail: `{command} --sent PATH`"
    else:
        yield f"ask the other side by what it left as: `{command} --evidence`"
    start = carried.key[:16]
    yield f"once you know: `{command} {start} --arrived --because …`, or `--not-arrived`, which lets it leave again"


def as_json(unsettled: Iterable[Carried], personal_of: PersonalOf) -> str:
    """Each as a JSON object in a list."""
    return json.dumps([_record(one, personal_of) for one in unsettled], ensure_ascii=False, indent=2) + "\n"


def _record(carried: Carried, personal_of: PersonalOf) -> dict[str, Any]:
    return {
        "action": action_record(carried.action),
        "stands": carried.event.value,
        "since": carried.last.at,
        "channel": carried.text("channel"),
        "reference": carried.text("reference"),
        "content": carried.text("content"),
        "to": personal_of(carried.intent).get("to"),
        "said": dict(carried.last.body),
    }
