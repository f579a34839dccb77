"""A plan as one JSON document, and the JSON Schema of it.

The keys and the order are fixed; the same plan gives the same bytes. Money is in
whole minor units; unknown values are null; sets are sorted lists.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from duly.language.conditions import Value
from duly.language.schema import as_text
from duly.plan.plan import FORMAT_VERSION, Action, Because, Kind, Plan, Withheld
from duly.source import Problem


def to_json(plan: Plan) -> Iterator[str]:
    """The plan as JSON text, in pieces: one action or withheld thing a line, so that a diff shows what changed.

    The last line holds the SHA-256 of all the text before it.
    """
    digest = hashlib.sha256()
    for piece in _body(plan):
        digest.update(piece.encode())
        yield piece
    yield f'{CHECKSUM}"{digest.hexdigest()}"\n}}\n'


_ENCODER = json.JSONEncoder(ensure_ascii=False, check_circular=False)

CHECKSUM = ',\n  "checksum": '
"""What stands between the text that is summed and its sum."""


def _body(plan: Plan) -> Iterator[str]:
    head = json.dumps(header(plan), ensure_ascii=False, indent=2)
    yield head[: head.rindex("}")].rstrip()
    yield from _list("actions", (action_record(action) for action in plan.actions))
    yield from _list("withheld", (withheld_record(thing) for thing in plan.withheld))


def _list(name: str, records: Iterator[dict[str, Any]]) -> Iterator[str]:
    yield f',\n  "{name}": ['
    separator = "\n    "
    for record in records:
        yield separator + _ENCODER.encode(record)
        separator = ",\n    "
    yield "\n  ]"


def header(plan: Plan) -> dict[str, Any]:
    """Everything of the plan but its actions and what is withheld."""
    return {
        "format_version": FORMAT_VERSION,
        "policy": plan.policy,
        "title": plan.title,
        "as_of": plan.as_of.isoformat(),
        "author": plan.author,
        "environment": plan.environment,
        "policy_file": plan.policy_file,
        "book": plan.book,
        "currency": plan.currency,
        "digests": {
            "policy": plan.digests.policy,
            "book": plan.digests.book,
            "journal": plan.digests.journal,
            "templates": plan.digests.templates,
            "versions": dict(sorted(plan.digests.versions.items())),
        },
        "second_opinion": {
            "decided_by": plan.counts.first_engine,
            "looked_at_again_by": plan.counts.second_engine,
            "accounts": plan.counts.accounts,
            "decided_again": plan.counts.looked_again,
            "facts_derived_again": plan.counts.facts_derived_again,
        },
        "figures": {
            "late": plan.counts.late,
            "with_open_items": plan.counts.with_open_items,
            "harsh": plan.counts.harsh,
            "is_part": plan.counts.is_part,
        },
        "stops": [_problem(problem) for problem in plan.stops],
        "set_aside": [{"customer": customer, "reason": reason} for customer, reason in plan.set_aside],
        "notes": list(plan.notes),
    }


def action_record(action: Action) -> dict[str, Any]:
    """One action as a JSON object."""
    return {
        "id": action.id,
        "customer": action.customer,
        "creditor": action.creditor,
        "item": action.item,
        "kind": action.kind.value,
        "stage": action.stage,
        "tone": action.tone,
        "channel": action.channel,
        "template": action.template,
        "task": action.task,
        "for_role": action.for_role,
        "person": action.person,
        "not_before": action.not_before,
        "invoices": list(action.invoices),
        "amount": action.amount,
        "currency": action.currency,
        "amounts": dict(action.amounts),
        "episode": action.episode,
        "occurrence": action.occurrence,
        "approval": list(action.approval),
        "to": action.to,
        "details": dict(action.details),
        "because": [_because(because) for because in action.because],
    }


def withheld_record(thing: Withheld) -> dict[str, Any]:
    """One withheld thing as a JSON object."""
    return {
        "customer": thing.customer,
        "creditor": thing.creditor,
        "item": thing.item,
        "what": thing.what,
        "reason": thing.reason,
        "explanation": thing.explanation,
        "next_possible": thing.next_possible.isoformat() if thing.next_possible else None,
        "because": [_because(because) for because in thing.because],
    }


def _because(because: Because) -> dict[str, Any]:
    return {
        "rule": because.rule,
        "file": because.span.file,
        "line": because.span.line,
        "column": because.span.column,
        "values": {name: plain(value) for name, value in because.values},
        "said": because.said,
    }


def plain(value: Value) -> int | str | bool | list[str] | None:
    """A fact's value as JSON has it."""
    return sorted(value) if isinstance(value, frozenset) else value


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "rule": problem.rule,
        "file": problem.span.file,
        "line": problem.span.line,
        "message": problem.message,
        "help": problem.help,
    }


def _object(description: str, **properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _text(description: str) -> dict[str, Any]:
    return {"type": "string", "description": description}


def _whole(description: str) -> dict[str, Any]:
    return {"type": "integer", "description": description}


def _list_of(items: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "array", "items": items, "description": description}


def schema() -> dict[str, Any]:
    """The JSON Schema (draft-07) of a saved plan."""
    value: dict[str, Any] = {
        "type": ["integer", "string", "boolean", "null", "array"],
        "items": {"type": "string"},
    }
    because = _object(
        "A rule that decided.",
        rule=_text("The rule, by the policy's words."),
        file=_text("The policy file."),
        line=_whole("Line, from 1; 0 where nobody wrote it."),
        column=_whole("Column, from 1."),
        values={
            "type": "object",
            "additionalProperties": value,
            "description": "The facts read, money in minor units.",
        },
        said=_text("The policy's own `because`."),
    )
    who = {
        "customer": _text("The customer, by id; empty for a list, which is about several."),
        "creditor": _text("The creditor company, by id."),
        "item": _text("Currency or invoice, where the ladder's unit has them; else empty."),
    }
    action = _object(
        "One thing that would be done.",
        id=_text("The action key: the same deed planned again has the same id."),
        **who,
        kind={"enum": [kind.value for kind in Kind], "description": "What sort of deed."},
        stage=_text("The stage, sales rule, hold or pause, by the policy's word."),
        tone=_text("The tone of a message, else none."),
        channel=_text("How a message travels."),
        template=_text("The template of a message."),
        task=_text("What a task or request asks for."),
        for_role=_text("The role that carries it out."),
        person=_text("The person in that role for this customer, where the book names one."),
        not_before=_text("Earliest moment, in the customer's own time, or the day."),
        invoices=_list_of({"type": "string"}, "The invoices it is about, oldest first."),
        amount=_whole("Minor units of `currency`."),
        currency=_text("ISO 4217."),
        amounts={
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "description": "By currency, where there are several.",
        },
        episode=_text("The episode, by the invoice that named it, or the period of what recurs by the calendar."),
        occurrence=_whole("1, or the number of the repeat plus 1."),
        approval=_list_of({"type": "string"}, "Roles that must approve it first."),
        to=_text("Where a message goes: an e-mail address, or the lines of a postal one."),
        details={
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "What else the kind of deed needs, by name.",
        },
        because=_list_of(because, "The rules that decided, in the order of the layers."),
    )
    withheld = _object(
        "One thing that is not done today.",
        **who,
        what=_text("The stage, message or hold."),
        reason=_text("Why, in one permanent word."),
        explanation=_text("Why, in a sentence."),
        next_possible={
            "type": ["string", "null"],
            "description": "The next day on which it could be, nothing else changed.",
        },
        because=_list_of(because, "The rules that decided."),
    )
    stop = _object(
        "Something that would stop an apply.",
        rule=_text("Its permanent name."),
        file=_text("The policy file."),
        line=_whole("Line."),
        message=_text("What is wrong."),
        help=_text("What to do."),
    )
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A saved duly plan",
        **_object(
            "What a policy would do to a book on a day, what it withholds, and why.",
            format_version={"const": FORMAT_VERSION},
            policy=_text("The policy's id."),
            title=_text("The policy's title."),
            as_of=_text("The day decided for."),
            author=_text("Who made the plan."),
            environment={"enum": ["try", "live"], "description": "The environment of the journal it belongs to."},
            policy_file=_text("The policy's file, as it was named."),
            book=_text("The book, as it was named."),
            currency=_text("The policy's currency."),
            digests=_object(
                "What it was made from, by SHA-256.",
                policy=_text("The policy file and those it extends."),
                book=_text("Every file of the book."),
                journal=_text("The head of the journal, or none."),
                templates=_text("The templates, or none."),
                versions={"type": "object", "additionalProperties": {"type": "string"}},
            ),
            second_opinion=_object(
                "Which engine decided and which looked again.",
                decided_by=_text("Engine."),
                looked_at_again_by=_text("Engine."),
                accounts=_whole("Accounts decided."),
                decided_again=_whole("Accounts decided again."),
                facts_derived_again=_whole("Accounts whose facts were derived again from the raw rows."),
            ),
            figures=_object(
                "What the next cycles are compared with.",
                late=_whole("Accounts that are late."),
                with_open_items=_whole("Customers that owe something."),
                harsh=_whole("Customers who get one of the two harshest tones."),
                is_part={"type": "boolean", "description": "Whether the plan is for one customer only."},
            ),
            stops=_list_of(stop, "What would keep `apply` from carrying it out."),
            set_aside=_list_of(
                _object("A customer left out.", customer=_text("By id."), reason=_text("Why.")), "Customers left out."
            ),
            notes=_list_of({"type": "string"}, "What else the reader should know."),
            actions=_list_of(action, "What would be done, in a fixed order."),
            withheld=_list_of(withheld, "What is not done, in a fixed order."),
            checksum=_text("The SHA-256 of all the text before this key's line, by which an edited plan is known."),
        ),
    }


if __name__ == "__main__":
    folder = Path(*sys.argv[1:]) if sys.argv[1:] else Path("schemas")
    (folder / "plan.schema.json").write_text(as_text(schema()), encoding="utf-8")
