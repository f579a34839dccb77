"""How an UNKNOWN is settled: by evidence, or by the decision of a person who is named.

Nothing here hands anything over. Evidence that something arrived settles it whoever
looks. That it did not arrive is never concluded by a run: it opens the action again,
so a person has to say so, or to ask for the evidence that says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from duly.execution.ports import Accepted, Channel, Failed
from duly.execution.steps import Steps, last_of
from duly.journal.entry import Draft, Entry, Event
from duly.journal.states import Standing
from duly.journal.store import Journal
from duly.source import NOWHERE, Problem, Refused

REFUSED = 5


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person says of an UNKNOWN: whether it arrived, why they think so, and what shows it."""

    arrived: bool
    by: str
    because: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """An UNKNOWN with what is known of it: what left, by which channel, under which reference, for which day."""

    standing: Standing
    channel: str
    reference: str
    content: str
    day: str


def unknowns(journal: Journal) -> tuple[Open, ...]:
    """Every UNKNOWN of the journal, the oldest first."""
    stands = (s for s in journal.standing().values() if s.event is Event.UNKNOWN)
    return tuple(_open(journal, standing) for standing in sorted(stands, key=lambda s: s.seq))


def recover(steps: Steps) -> tuple[str, ...]:
    """Call UNKNOWN whatever stands at its point of no return; the keys. Only the holder of the run lock may ask."""
    journal = steps.journal
    cut_short = [s for s in journal.standing().values() if s.event is Event.POINT_OF_NO_RETURN]
    cut_short.sort(key=lambda standing: standing.seq)
    drafts = [_cut_short(journal, standing, steps.by) for standing in cut_short]
    if drafts:
        steps.write(*drafts)
    return tuple(draft.key for draft in drafts)


def settle(journal: Journal, key: str, decision: Decision) -> Entry:
    """Settle an UNKNOWN by a person's decision. Raises `Refused` (5) where there is nothing to decide, or no reason."""
    if not decision.by.strip() or not decision.because.strip():
        raise _refused("no-reason", "who decides, and why, must be said", "name both: --by NAME --because TEXT")
    if decision.by == EVIDENCE:
        raise _refused("no-name", f"`{EVIDENCE}` is nobody's name", "say who decides: --by NAME")
    known = _unknown(journal, key)
    body = {
        "decided_by": decision.by,
        "because": decision.because,
        "evidence": decision.evidence,
        **({"day": known.day} if decision.arrived else {}),
    }
    event = Event.ACCEPTED if decision.arrived else Event.FAILED
    [entry] = journal.append(Draft(event, decision.by, key, known.standing.customer, body=body))
    return entry


EVIDENCE = "evidence"
"""Who decided where evidence did; never a person's name."""


def settle_by_evidence(
    journal: Journal, channels: Mapping[str, Channel], by: str, *, arrivals_only: bool
) -> tuple[Entry, ...]:
    """Settle what the channels have evidence of; the rest stays UNKNOWN.

    `by` asked for it. A run asks with `arrivals_only`: evidence that something did not
    arrive opens the action again, and that is a person's to ask for.
    """
    return tuple(_settled(journal, channels, by, arrivals_only=arrivals_only))


def _settled(journal: Journal, channels: Mapping[str, Channel], by: str, *, arrivals_only: bool) -> Iterator[Entry]:
    by_name = {channel.name: channel for channel in channels.values()}
    for known in unknowns(journal):
        channel = by_name.get(known.channel)
        found = channel.evidence(known.reference, known.content) if channel else None
        body = {"decided_by": EVIDENCE, "because": f"channel `{known.channel}` says so"}
        key, customer = known.standing.key, known.standing.customer
        match found:
            case Accepted(reply):
                arrived = {**body, "evidence": reply, "day": known.day}
                # It is the outcome of the run that handed it over, and nobody else's entry.
                run = known.standing.run
                yield from journal.append(Draft(Event.ACCEPTED, by, key, customer, run, arrived))
            case Failed(reply) if not arrivals_only:
                yield from journal.append(Draft(Event.FAILED, by, key, customer, body={**body, "evidence": reply}))
            case _:
                pass


def _cut_short(journal: Journal, standing: Standing, by: str) -> Draft:
    known = _open(journal, standing)
    body = {
        "reason": "cut_short",
        "explanation": "the run ended before the answer was recorded",
        "day": known.day,
    }
    # It belongs to the run that was cut short, not to the one that found it.
    return Draft(Event.UNKNOWN, by, standing.key, standing.customer, standing.run, body)


def _open(journal: Journal, standing: Standing) -> Open:
    sent = last_of(Event.POINT_OF_NO_RETURN, journal.entries(key=standing.key))
    body: Mapping[str, object] = sent.body if sent else {}
    day = str(body.get("day") or "")
    return Open(
        standing,
        str(body.get("channel") or ""),
        str(body.get("reference") or ""),
        str(body.get("content") or standing.content),
        day or date.fromisoformat(standing.at[:10]).isoformat(),
    )


def _unknown(journal: Journal, key: str) -> Open:
    standing = journal.standing([key]).get(key)
    if standing is None:
        raise _refused("no-such-action", f"nothing happened to action `{key}`", "see `duly resolve` for what is open")
    if standing.event is not Event.UNKNOWN:
        said = standing.event.value.replace("_", " ")
        raise _refused(
            "nothing-to-decide", f"action `{key}` is not UNKNOWN: it is {said}", "there is nothing to settle"
        )
    return _open(journal, standing)


def _refused(rule: str, message: str, help_: str) -> Refused:
    return Refused([Problem(rule, NOWHERE, message, help_)], REFUSED)
