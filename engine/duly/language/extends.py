"""One policy file on top of another.

`extends: standard.yaml` lays a file over the one it names. Parts and rules are
found by their names: what both have is changed key by key, what only the upper
file has is added, and `name: {remove: true}` takes out. A value that makes one
statement (a condition, what is sent, a list) is replaced whole, never mixed.

Order is kept from below. A new entry stands where the upper file writes it: just
before the next entry that the lower file has too, else at the end. Every value
keeps the place where it was written.
"""

from __future__ import annotations

from duly.language.gate import Entry, Map, Node, Scalar
from duly.source import Problem

STATEMENTS = frozenset(
    {
        "after", "when", "invoice", "account", "never", "always", "then", "over_time", "send", "task", "repeat",
        "charge", "propose", "needs", "within", "unanswered", "late_interest", "new_stage_share_pct",
        "contacts_per_customer", "weekly", "monthly", "reward", "effective",
    }
)  # fmt: skip
"""Keys whose value is one statement, hence replaced whole."""

REMOVE = "remove"


def overlay(lower: Map, upper: Map, problems: list[Problem]) -> Map:
    """The lower mapping with the upper one laid over it; what cannot be laid over is added to the problems."""
    below = {entry.key.text: entry for entry in lower.entries}
    merged: dict[str, Entry] = {}
    for entry in upper.entries:
        name = entry.key.text
        if _removes(entry.value):
            if below.pop(name, None) is None:
                problems.append(_nothing_there(entry))
        else:
            merged[name] = _laid_over(below.get(name), entry, problems)
    return Map(tuple(_in_order(below, merged)), upper.span)


def without_removals(node: Map, problems: list[Problem]) -> Map:
    """The mapping as it stands where there is nothing below: taking out is a mistake then."""
    entries: list[Entry] = []
    for entry in node.entries:
        if _removes(entry.value):
            problems.append(_nothing_there(entry))
        elif isinstance(entry.value, Map):
            entries.append(Entry(entry.key, without_removals(entry.value, problems)))
        else:
            entries.append(entry)
    return Map(tuple(entries), node.span)


def _laid_over(lower: Entry | None, upper: Entry, problems: list[Problem]) -> Entry:
    if not isinstance(upper.value, Map):
        return upper
    if lower is None or not isinstance(lower.value, Map) or upper.key.text in STATEMENTS:
        return Entry(upper.key, without_removals(upper.value, problems))
    return Entry(upper.key, overlay(lower.value, upper.value, problems))


def _removes(node: Node) -> bool:
    if not isinstance(node, Map) or len(node.entries) != 1:
        return False
    (entry,) = node.entries
    is_true = isinstance(entry.value, Scalar) and entry.value.plain and entry.value.text == "true"
    return entry.key.text == REMOVE and is_true


def _nothing_there(entry: Entry) -> Problem:
    message = f"there is no `{entry.key.text}` below to take out"
    return Problem(
        "nothing-to-remove", entry.key.span, message, "look at the file that this one extends, or delete the entry"
    )


def _in_order(below: dict[str, Entry], merged: dict[str, Entry]) -> list[Entry]:
    """What is below, changed or not, each new entry before the next one that the upper file shares with it."""
    waiting: list[Entry] = []
    before: dict[str, list[Entry]] = {}
    for name, entry in merged.items():
        if name in below:
            before[name], waiting = waiting, []
        else:
            waiting.append(entry)
    ordered: list[Entry] = []
    for name, entry in below.items():
        ordered += before.get(name, ())
        ordered.append(merged.get(name, entry))
    return ordered + waiting
