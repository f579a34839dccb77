"""What changed between two policies, what that means, and whom it touches, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from duly.language.policy import Policy
from duly.messages.tables import columns
from duly.money import format_minor
from duly.plan.document import plain
from duly.reports.explanation import decision_lines, shown
from duly.reports.plan import count
from duly.reports.terminal import printable
from duly.review.diff.changes import Changed, Sort
from duly.review.diff.meant import Meant, Way, Witness
from duly.review.diff.touched import NOTHING, Sums, Touched, Touches
from duly.rules.decision import NONE, Decision

SHOWN = 12
"""Accounts listed one by one unless everything is asked for."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One policy on both sides: what changed, what it means, and whom it touches where a book was named."""

    name: str
    old: Policy
    new: Policy
    changes: tuple[Changed, ...]
    meant: Meant
    touches: Touches | None = None


def as_text(compared: Compared, *, all_: bool = False) -> str:
    """The comparison of one policy for the terminal."""
    return "\n".join(_lines(compared, all_=all_)) + "\n"


def _lines(compared: Compared, *, all_: bool) -> Iterator[str]:
    yield f"{compared.name}: {count(len(compared.changes), 'change')}"
    for one in in_order(compared.changes):
        yield from (f"  {line}" for line in _change(one))
    yield ""
    yield from _meant(compared)
    if compared.touches is not None:
        yield ""
        yield from _touches(compared.touches, all_=all_)


def in_order(changes: Sequence[Changed]) -> list[Changed]:
    """Changes of guarantees first: what a policy promises matters most."""
    return sorted(changes, key=lambda one: not one.what.startswith("guarantee "))


def _change(one: Changed) -> Iterator[str]:
    place = one.new_span if one.new_span.line else one.old_span
    where = f"  ({place.file}:{place.line})" if place.line else ""
    match one.sort:
        case Sort.ADDED:
            yield f"+ {one.what}: {one.new}{where}"
        case Sort.REMOVED:
            yield f"- {one.what}: {one.old}"
        case Sort.CHANGED | Sort.REORDERED:
            yield f"~ {one.what}, {one.value}{where}"
            yield f"    was {one.old}"
            yield f"    now {one.new}"


def _meant(compared: Compared) -> Iterator[str]:
    found = compared.meant
    if found.not_compared:
        yield f"What it means cannot be proved: {found.not_compared}, so the same ledger gives other facts."
        yield "Hold both against a book with --book."
        return
    if found.is_equal:
        yield "Every account that can exist is treated as before: proved."
        return
    for way in Way:
        if way in found.proved:
            yield f"{NOBODY[way]}: proved."
        elif way in found.not_proved:
            yield f"Whether anybody is treated {WORDS[way]} is not proved: the solver gave up within its measure."
        else:
            yield f"Some are treated {WORDS[way]}. For example:"
            yield from (f"  {line}" for line in _witness(compared, found.witnesses[way]))


WORDS: Mapping[Way, str] = {
    Way.STRICTER: "more strictly",
    Way.SOFTER: "more softly",
    Way.DIFFERENT: "otherwise, neither more strictly nor more softly",
}
NOBODY: Mapping[Way, str] = {way: f"Nobody is treated {words}" for way, words in WORDS.items()}


def _witness(compared: Compared, witness: Witness) -> Iterator[str]:
    rows = ((f"  {name}", shown(compared.new, name, value)) for name, value in witness.facts)
    yield from columns(rows)
    yield f"was: {_gets(witness.old)}"
    yield f"now: {_gets(witness.new)}"


def _gets(decision: Decision) -> str:
    """What an account gets, in one line; nothing is an answer, too."""
    return "; ".join(line for line in decision_lines(decision) if not line.startswith("segment "))


def _touches(found: Touches, *, all_: bool) -> Iterator[str]:
    accounts = count(found.accounts, "account")
    yield f"On the book of {found.as_of}: {len(found.touched):,} of {accounts} treated differently"
    if not found.touched:
        return
    yield ""
    moved = [(old, new, n) for (old, new), n in found.matrix.items() if old != new or old != NOTHING]
    yield from columns(
        ((old, new, f"{n:,}", "" if old != new else "as before, or in another tone") for old, new, n in moved),
        header=("stage today was", "is now", "accounts", ""),
        right=(2,),
    )
    for title, sums in (
        ("segment", found.by_segment),
        ("salesperson", found.by_salesperson),
        ("collector", found.by_collector),
    ):
        yield ""
        yield from columns(_sums(sums, found.currency), header=(title, "accounts", "past due"), right=(1, 2))
    yield ""
    those = found.touched if all_ else found.touched[:SHOWN]
    yield from columns((_touched(one, found.currency) for one in those), right=(2,))
    if len(those) < len(found.touched):
        yield f"  … and {len(found.touched) - len(those):,} more (--all shows everybody)"


def _sums(sums: Mapping[str, Sums], currency: str) -> Iterator[tuple[str, ...]]:
    for word, sum_ in sums.items():
        yield printable(word), f"{sum_.accounts:,}", format_minor(sum_.past_due, currency)


def _touched(one: Touched, currency: str) -> tuple[str, ...]:
    who = f"{printable(one.key[1])} {printable(one.name[:32])}".strip()
    return who, " ".join(one.key[2:]), format_minor(one.past_due, currency), _brief(one.old), "->", _brief(one.new)


def _brief(decision: Decision | None) -> str:
    if decision is None:
        return "no account"
    said = [f"{decision.step} ({decision.tone})" if decision.tone != NONE else decision.step] * (decision.step != NONE)
    said += [f"hold {hold}" for hold in decision.place]
    said += [f"release {hold}" for hold in decision.release]
    said += [f"sales asked: {rule}" for rule in decision.asks]
    return ", ".join(said) or (f"nothing ({decision.wait.value})" if decision.wait else "nothing")


def as_json(compared: Compared) -> dict[str, Any]:
    """The comparison of one policy as a JSON object."""
    found = compared.meant
    return {
        "policy": compared.name,
        "changes": [
            {"sort": one.sort.value, "what": one.what, "value": one.value, "old": one.old, "new": one.new}
            for one in in_order(compared.changes)
        ],
        "means": {
            "equal": found.is_equal,
            "not_compared": found.not_compared,
            "proved_that_nobody_is": sorted(way.value for way in found.proved),
            "not_proved": sorted(way.value for way in found.not_proved),
            "witnesses": {
                way.value: {
                    "facts": {name: plain(value) for name, value in witness.facts},
                    "old": _gets(witness.old),
                    "new": _gets(witness.new),
                }
                for way, witness in found.witnesses.items()
            },
        },
        "touches": None
        if compared.touches is None
        else {
            "as_of": compared.touches.as_of.isoformat(),
            "accounts": compared.touches.accounts,
            "treated_differently": [
                {
                    "creditor": one.key[0],
                    "customer": one.key[1],
                    "item": one.key[2],
                    "past_due": one.past_due,
                    "old": _brief(one.old),
                    "new": _brief(one.new),
                }
                for one in compared.touches.touched
            ],
        },
    }
