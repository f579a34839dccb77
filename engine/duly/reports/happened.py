"""What happened, one sentence an entry, for whoever reads the journal.

Whatever is personal is told where it is kept, and called erased where it is not. Everything
that came from data is made safe for the screen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from duly.journal.entry import Entry, Event
from duly.money import SCALES, format_minor
from duly.reports.plan import KIND_WORDS
from duly.reports.terminal import printable

ERASED = "(erased)"
"""What stands in the place of a personal value that was erased."""

WORDS: Mapping[Event, str] = {
    Event.CREATED: "the journal was created",
    Event.RUN_STARTED: "a run began",
    Event.RUN_ENDED: "the run ended",
    Event.INTENT: "set out to do it",
    Event.SKIPPED: "skipped",
    Event.POINT_OF_NO_RETURN: "about to leave",
    Event.ACCEPTED: "accepted",
    Event.CONFIRMED: "confirmed",
    Event.BOUNCED: "came back",
    Event.DEFERRED: "put off",
    Event.FAILED: "refused",
    Event.UNKNOWN: "nobody knows whether it arrived",
    Event.UNDONE: "undone",
    Event.APPROVED: "approved",
    Event.REJECTED: "rejected",
    Event.REPLY: "the customer replied",
    Event.CALL: "the customer was reached",
    Event.PROMISE: "the customer promised",
    Event.PROMISE_CANCELLED: "a promise was withdrawn",
    Event.DISPUTE: "the customer contests",
    Event.DISPUTE_RESOLVED: "a dispute was settled",
    Event.ANSWER: "sales answered",
    Event.ERASED: "personal values were erased",
    Event.RENAMED: "the customer's id changed",
}
"""What an event is called, as the beginning of a sentence."""

_TOLD_ELSEWHERE = frozenset(
    {"action", "plan", "content", "policy", "clock", "customer", "creditor", "signature", "day"}
)
"""What a sentence leaves out: it stands beside it, or nobody reads it."""


def sentence(entry: Entry, personal: Mapping[str, object] | None = None) -> str:
    """The entry in a sentence; `personal` has the values that are kept, and none of them is shown where it is None."""
    body = entry.body
    match entry.event:
        case Event.INTENT:
            said = f"{WORDS[entry.event]}: {deed(body.get('action'))}"
        case Event.CALL | Event.REPLY:
            said = f"{WORDS[entry.event]} by {_said(body, 'channel')} on {_said(body, 'day')}"
        case Event.PROMISE:
            about = f" for {_said(body, 'invoice')}" if body.get("invoice") else ""
            days = f"by {_said(body, 'due_on')}, made on {_said(body, 'made_on')}"
            said = f"{WORDS[entry.event]} {_money(body)}{about} {days} ({_said(body, 'promise')})"
        case Event.PROMISE_CANCELLED:
            said = f"{WORDS[entry.event]}: {_said(body, 'promise')} on {_said(body, 'cancelled_on')}"
        case Event.DISPUTE:
            part = f", {body['amount']} in minor units" if "amount" in body else ""
            said = f"{WORDS[entry.event]} {_said(body, 'invoice')}{part}, since {_said(body, 'opened_on')}"
        case Event.DISPUTE_RESOLVED:
            said = f"{WORDS[entry.event]}: {_said(body, 'invoice')} on {_said(body, 'resolved_on')}"
        case Event.ANSWER:
            also = ", in financial difficulty" if body.get("financial_difficulty") is True else ""
            also = ", out of financial difficulty" if body.get("difficulty_is_over") is True else also
            if body.get("relationship"):
                also += f", relationship {_said(body, 'relationship')}"
            if body.get("disputes"):
                also += f", contests {_said(body, 'disputes')}"
            promised = f", with promise {_said(body, 'promise')}" if body.get("promise") else ""
            reason = _said(body, "reason").replace("_", " ")
            said = f"{WORDS[entry.event]} {_said(body, 'rule')}: {reason}{also}{promised} on {_said(body, 'day')}"
        case Event.APPROVED | Event.REJECTED if isinstance(statement := body.get("statement"), Mapping):
            said = f"{WORDS[entry.event]}{_ruling(statement)}"
        case Event.RENAMED:
            said = f"{WORDS[entry.event]} from {_said(body, 'from')} to {_said(body, 'to')}"
        case Event.FAILED if body.get("decided_by"):
            said = f"it did not arrive: {', '.join(_rest(body))}"
        case _:
            rest = ", ".join(_rest(body))
            on = f" on {_said(body, 'day')}" if body.get("day") else ""
            said = f"{WORDS[entry.event]}{on}" + (f": {rest}" if rest else "")
    return said + "".join(_sealed(entry, personal))


def _ruling(signed: Mapping[str, object]) -> str:
    """In which roles somebody ruled, on what, and why, as it was signed."""
    given = signed.get("roles")
    roles = [printable(str(role)).replace("_", " ") for role in given] if isinstance(given, list | tuple) else []
    capacity = f" as {' and '.join(roles)}" if roles else ""
    why = f" ({_said(signed, 'because')})" if signed.get("because") else ""
    return f"{capacity}: {deed(signed.get('content'))}{why}"


def deed(record: object) -> str:
    """An action's record in a few words: what, which stage, how much."""
    if not isinstance(record, Mapping):
        return "something"
    kind = next((word for known, word in KIND_WORDS.items() if known.value == record.get("kind")), "action")
    detail = _said(record, "channel") or _said(record, "task").replace("_", " ")
    tone = f" ({_said(record, 'tone')})" if record.get("tone") not in {None, "", "none"} else ""
    what = f"{kind}: {detail}" if detail else kind
    amount = f", {_money(record)}" if record.get("amount") else ""
    return f"{what}, {_said(record, 'stage')}{tone}{amount}"


def who_says(by: str) -> str:
    """Who says so, for the end of a line."""
    return f"by {printable(by)}"


def _said(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    return printable(value) if isinstance(value, str) else ""


def _money(body: Mapping[str, object]) -> str:
    amount, currency = body.get("amount"), body.get("currency")
    if isinstance(amount, int) and isinstance(currency, str) and currency in SCALES:
        return format_minor(amount, currency)
    return f"{amount} in minor units"


def _rest(body: Mapping[str, object]) -> Sequence[str]:
    """Everything else that an entry says of itself: short values only, since what is long is for programs."""
    return [
        f"{name.replace('_', ' ')} {printable(str(value))}" if not isinstance(value, str) else _phrase(name, value)
        for name, value in body.items()
        if name not in _TOLD_ELSEWHERE and isinstance(value, str | int) and value not in {"", False}
    ]


_BARE = frozenset({"because", "explanation", "reply", "why"})


def _phrase(name: str, value: str) -> str:
    return printable(value) if name in _BARE else f"{name.replace('_', ' ')} {printable(value)}"


def _sealed(entry: Entry, personal: Mapping[str, object] | None) -> Sequence[str]:
    if personal is None:
        return ()
    return [f"; {name.replace('_', ' ')}: {told(personal, name)}" for name in sorted(entry.sealed)]


def told(personal: Mapping[str, object], name: str) -> str:
    """A personal value as text, or that it was erased."""
    if name not in personal:
        return ERASED
    value = personal[name]
    return (
        ", ".join(printable(str(part)) for part in value) if isinstance(value, list | tuple) else printable(str(value))
    )
