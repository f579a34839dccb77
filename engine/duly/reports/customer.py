"""A customer's record for people and for programs.

Whatever came from data is made safe for the screen; what was erased is named as erased.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, assert_never

from duly.figures.timeline import Deed, Happening, Imported, Told
from duly.messages.tables import columns
from duly.money import format_minor
from duly.reports import problems as problem_report
from duly.reports.happened import WORDS, deed, sentence, told, who_says
from duly.reports.journal import counted
from duly.reports.plan import count
from duly.reports.terminal import printable
from duly.team.customer import Colleague, Contact, Open, Record

ROLES: Mapping[str, str] = {"pays": "who pays", "decides": "who decides", "disputes": "who contests", "other": "other"}

NOT_SAID = "not said in the book"


def as_text(record: Record, journal: str = "") -> Iterator[str]:
    """The record, with the timeline at its end; `journal` says which journal was read, if any."""
    yield f"{printable(record.name) or NOT_SAID} ({printable(record.id)}), as of {record.as_of}"
    yield from columns((f"  {name}", value) for name, value in _about(record) if value)
    for title, rows in (
        ("Contacts", [_contact(one) for one in record.contacts]),
        ("Who serves it", [_colleague(one) for one in record.colleagues]),
        ("Open", [_open(one) for one in record.open]),
    ):
        yield ""
        yield title if rows else f"{title}: nobody" if title != "Open" else "Open: nothing"
        yield from columns(rows)
    for hold, day in record.holds:
        yield f"  on hold: {printable(hold)}, since {day}"
    yield ""
    source = f"the book and {journal}" if journal else "the book alone: no journal was read"
    yield f"What was said and done: {counted(len(record.timeline))}, from {source}"
    yield from columns((f"  {one.day}", _source(one), _said(one)) for one in record.timeline)


def _about(record: Record) -> Iterator[tuple[str, str]]:
    if record.do_not_contact:
        yield "do not contact", "YES: nobody may write to it or call it"
    if record.insolvent:
        yield "insolvent", "yes"
    yield "reached by", _preferred(record)
    yield "language", printable(record.language) or NOT_SAID
    yield "time zone", printable(record.time_zone)
    yield "e-mail", printable(record.email) + (" (it refuses e-mail)" if record.no_email and record.email else "")
    yield "telephone", printable(record.phone)
    yield "address", ", ".join(map(printable, record.address))
    yield "country", printable(record.country)
    yield "region", printable(record.region)
    yield "customer since", record.since.isoformat() if record.since else ""
    yield "renews on", record.renews_on.isoformat() if record.renews_on else ""
    yield "relationship", printable(record.relationship)
    yield "tags", printable(record.tags)
    yield "parent", printable(record.parent)
    yield "paid for by", printable(record.payer) and f"{printable(record.payer)}, whose ladder it follows"
    yield "pays for", ", ".join(map(printable, record.pays_for))


def _preferred(record: Record) -> str:
    if record.do_not_contact:
        return "nothing"
    refuses = ", since it refuses e-mail" if record.no_email else ""
    return {"email": "e-mail", "letter": f"letter{refuses}"}.get(record.preferred, "nothing: no address is known")


def _contact(one: Contact) -> tuple[str, ...]:
    return (
        f"  {ROLES.get(one.role, printable(one.role))}",
        *map(printable, (one.name, one.email, one.phone, one.language)),
    )


def _colleague(one: Colleague) -> tuple[str, ...]:
    away = ""
    if one.away:
        until = f" until {one.person.away_until}" if one.person.away_until else ""
        away = f"away{until}; " + (f"{printable(one.stand_in)} stands in" if one.stand_in else "nobody stands in")
    return f"  {one.role}", printable(one.person.name), printable(one.person.id), away


def _open(one: Open) -> tuple[str, ...]:
    beside = [
        f"{format_minor(amount, one.currency)} {word}"
        for amount, word in ((one.past_due, "past due"), (one.disputed, "disputed"), (one.unapplied, "unapplied"))
        if amount
    ]
    return (
        f"  {printable(one.creditor)}",
        format_minor(one.open, one.currency),
        count(one.items, "item"),
        f"oldest due {one.oldest_due}" if one.oldest_due else "",
        ", ".join(beside),
    )


# The timeline.


def _source(one: Happening) -> str:
    return "book" if isinstance(one, Imported) else "journal"


def _said(one: Happening) -> str:
    match one:
        case Imported():
            return _imported(one)
        case Told():
            return f"{sentence(one.entry, one.personal)}, {who_says(one.entry.by)}"
        case Deed():
            action = deed(one.intent.body.get("action"))
            sealed = sorted({*one.personal, *one.erased} & SHOWN)
            personal = "".join(f"; {name}: {told(one.personal, name)}" for name in sealed)
            return f"{action}: {WORDS[one.last.event]}{personal} [{printable(one.intent.key[:12])}]"
        case _:
            assert_never(one)


SHOWN = frozenset({"to", "subject"})
"""What is told of a message; the rest of whom it reached is in `duly why`."""


def _imported(one: Imported) -> str:
    row = {name: "" if value is None else printable(str(value)) for name, value in one.row.items()}
    about = f" for {row['invoice']}" if row.get("invoice") else ""
    match one.what:
        case "contact":
            who = "the customer replied" if row["direction"] == "in" else "the customer was reached"
            return f"{who} by {row['channel']}" + (f": {row['note']}" if row["note"] else "")
        case "stage":
            doubt = ", and nobody knows whether it arrived" if row["outcome"] == "unknown" else ""
            return f"stage {row['stage']} was carried out{doubt}"
        case "promise":
            return f"the customer promised {_amount(one)}{about} by {row['due_on']} ({row['promise']})"
        case "promise_cancelled":
            return f"a promise was withdrawn: {row['promise']}"
        case "dispute":
            part = f", {_amount(one)}" if one.row["amount"] is not None else ""
            return f"the customer contests {row['invoice']}{part}" + (f": {row['reason']}" if row["reason"] else "")
        case "dispute_resolved":
            return f"a dispute was settled: {row['invoice']}"
        case "request":
            return f"sales was asked: {row['rule']}, to answer by {row['due_on']}"
        case "answer":
            return f"sales answered {row['rule']}"
        case "hold":
            return f"hold placed: {row['hold']}"
        case _:
            return f"hold released: {row['hold']}"


def _amount(one: Imported) -> str:
    amount, currency = one.row["amount"], one.row["currency"]
    assert isinstance(amount, int)
    assert isinstance(currency, str)
    return format_minor(amount, currency)


# For programs.


def as_json(record: Record) -> str:
    """The record as one JSON object; money in minor units, what was erased as null and named."""
    return json.dumps(as_record(record), ensure_ascii=False, indent=2)


def as_record(record: Record) -> dict[str, Any]:
    """All that is known, as plain JSON."""
    plain = ("name", "country", "region", "language", "time_zone", "email", "phone", "relationship", "tags", "parent")
    return {
        "customer": record.id,
        "as_of": record.as_of.isoformat(),
        **{name: getattr(record, name) or None for name in plain},
        "address": list(record.address),
        "since": _plain(record.since),
        "renews_on": _plain(record.renews_on),
        "paid_for_by": record.payer or None,
        "pays_for": list(record.pays_for),
        "do_not_contact": record.do_not_contact,
        "no_email": record.no_email,
        "insolvent": record.insolvent,
        "preferred_channel": None if record.do_not_contact else record.preferred or None,
        "contacts": [
            {name: getattr(one, name) or None for name in ("role", "name", "email", "phone", "language")}
            for one in record.contacts
        ],
        "people": [
            {
                "role": one.role,
                "person": one.person.id,
                "name": one.person.name or None,
                "away": one.away,
                "stand_in": one.stand_in or None,
            }
            for one in record.colleagues
        ],
        "open": [
            {
                "creditor": one.creditor,
                "currency": one.currency,
                "items": one.items,
                "open": one.open,
                "past_due": one.past_due,
                "disputed": one.disputed,
                "oldest_due": _plain(one.oldest_due),
                "unapplied": one.unapplied,
            }
            for one in record.open
        ],
        "holds": [{"hold": hold, "placed_on": day.isoformat()} for hold, day in record.holds],
        "timeline": [_happening(one) for one in record.timeline],
        "problems": problem_report.as_records(record.problems),
    }


def _happening(one: Happening) -> dict[str, Any]:
    base: dict[str, Any] = {"day": one.day.isoformat(), "source": _source(one)}
    match one:
        case Imported():
            return {**base, "what": one.what, **{name: _plain(value) for name, value in one.row.items()}}
        case Told():
            entry = {"what": one.entry.event.value, "entry": one.entry.seq, "by": one.entry.by}
            return {**base, **entry, "said": dict(one.entry.body), **_personal(one)}
        case Deed():
            return {
                **base,
                "what": one.last.event.value,
                "entry": one.last.seq,
                "by": one.last.by,
                "action": one.intent.body.get("action"),
                **_personal(one),
            }
        case _:
            assert_never(one)


def _personal(one: Told | Deed) -> dict[str, Any]:
    return {"personal": dict(one.personal), "erased": sorted(one.erased)}


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value
