"""A saved plan read back: exactly what was saved, or a refusal.

A plan is carried out as it was shown. So its bytes are summed again, its shape is
checked whole, and what comes out is the same value that was written. Editing a plan is
not a way to change what is done: that is what the policy and the book are for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from duly.language.conditions import Value
from duly.plan.document import CHECKSUM, schema
from duly.plan.plan import Action, Because, Counts, Digests, Kind, Plan, Withheld
from duly.source import Problem, Refused, Severity, Span

REFUSED = 5

LARGEST_PLAN = 1 << 30
"""Bytes; a plan for a million customers is smaller."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan as it was saved; `digest` is its checksum, by which it is used once."""

    plan: Plan
    digest: str


def read_plan(path: Path) -> SavedPlan:
    """The plan in the file. Raises `Refused` (5) where it is none, was edited, or is of another version."""
    try:
        if not path.is_file() or path.stat().st_size > LARGEST_PLAN:
            raise _refused(path, "no-plan", "there is no saved plan in the file", "save one: duly plan … --out FILE")
        text = path.read_bytes().decode()
    except UnicodeDecodeError:
        raise _not_a_plan(path) from None
    except OSError as error:
        raise _refused(path, "no-plan", f"the file cannot be read: {error.strerror}", "") from None
    summed, found, _ = text.rpartition(CHECKSUM)
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_float=_no_number, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _not_a_plan(path) from None
    version = document.get("format_version") if isinstance(document, dict) else None
    if not found or version is None:
        raise _not_a_plan(path)
    if version != schema()["properties"]["format_version"]["const"]:
        help_ = "make the plan again with this version"
        raise _refused(path, "plan-version", f"the plan is of format {version}, which this version cannot read", help_)
    if hashlib.sha256(summed.encode()).hexdigest() != document.get("checksum"):
        help_ = "make the plan again; what is done is changed in the policy or in the book"
        raise _refused(path, "plan-edited", "the plan was changed after it was saved", help_)
    if not _fits(document):
        raise _not_a_plan(path)
    return SavedPlan(_plan(document), document["checksum"])


def _fits(document: object) -> bool:
    from jsonschema import Draft7Validator

    return bool(Draft7Validator(schema()).is_valid(document))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a whole number")


def _not_a_plan(path: Path) -> Refused:
    return _refused(path, "not-a-plan", "the file is not a saved plan", "save one: duly plan … --out FILE")


def _refused(path: Path, rule: str, message: str, help_: str) -> Refused:
    return Refused([Problem(rule, Span(str(path), 1, 1), message, help_)], REFUSED)


def _plan(document: Mapping[str, Any]) -> Plan:
    digests, opinion, figures = document["digests"], document["second_opinion"], document["figures"]
    return Plan(
        policy=document["policy"],
        title=document["title"],
        as_of=date.fromisoformat(document["as_of"]),
        author=document["author"],
        environment=document["environment"],
        policy_file=document["policy_file"],
        book=document["book"],
        currency=document["currency"],
        digests=Digests(
            digests["policy"],
            digests["book"],
            digests["journal"],
            digests["templates"],
            MappingProxyType(digests["versions"]),
        ),
        counts=Counts(
            accounts=opinion["accounts"],
            late=figures["late"],
            with_open_items=figures["with_open_items"],
            harsh=figures["harsh"],
            first_engine=opinion["decided_by"],
            second_engine=opinion["looked_at_again_by"],
            looked_again=opinion["decided_again"],
            facts_derived_again=opinion["facts_derived_again"],
            is_part=figures["is_part"],
        ),
        actions=tuple(action_of(record) for record in document["actions"]),
        withheld=tuple(_withheld(record) for record in document["withheld"]),
        stops=tuple(
            Problem(
                stop["rule"],
                Span(stop["file"], stop["line"], 1),
                stop["message"],
                stop["help"],
                severity=Severity.WARNING,
            )
            for stop in document["stops"]
        ),
        set_aside=tuple((aside["customer"], aside["reason"]) for aside in document["set_aside"]),
        notes=tuple(document["notes"]),
    )


def action_of(record: Mapping[str, Any]) -> Action:
    """The action that `document.action_record` wrote."""
    same = ("id", "customer", "creditor", "item", "stage", "tone", "channel", "template", "task", "for_role", "person")
    return Action(
        **{name: record[name] for name in same},
        kind=Kind(record["kind"]),
        not_before=record["not_before"],
        invoices=tuple(record["invoices"]),
        amount=record["amount"],
        currency=record["currency"],
        amounts=tuple(record["amounts"].items()),
        episode=record["episode"],
        occurrence=record["occurrence"],
        approval=tuple(record["approval"]),
        because=tuple(_because(because) for because in record["because"]),
        to=record["to"],
        # The journal has actions of an earlier format, which had none.
        details=tuple(record.get("details", {}).items()),
    )


def _withheld(record: Mapping[str, Any]) -> Withheld:
    day = record["next_possible"]
    return Withheld(
        customer=record["customer"],
        creditor=record["creditor"],
        item=record["item"],
        what=record["what"],
        reason=record["reason"],
        explanation=record["explanation"],
        next_possible=date.fromisoformat(day) if day else None,
        because=tuple(_because(because) for because in record["because"]),
    )


def _because(record: Mapping[str, Any]) -> Because:
    return Because(
        rule=record["rule"],
        span=Span(record["file"], record["line"], record["column"]),
        values=tuple((name, _value(value)) for name, value in record["values"].items()),
        said=record["said"],
    )


def _value(value: int | str | list[str] | None) -> Value:
    return frozenset(value) if isinstance(value, list) else value
