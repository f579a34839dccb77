"""The JSON Schema of a cases file, generated from the vocabulary and the tables of a book.

Closed, so that a misspelt word is found; what only a policy knows (its stages, rules,
holds) is left to reading. `python -m duly.review.cases.schema` writes the file again.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from duly.book.tables import TABLES, Column, Kind, Table
from duly.language.schema import CURRENCY, DAY, MONEY, NAME, ROLES, Schema, as_text
from duly.language.vocabulary import ACCOUNT_FACTS, ANSWER_REASONS, MANY_DAYS, RELATIONSHIPS, Fact, Type
from duly.review.cases.case import What

VERSION = 1
"""The version of the format, the value of `duly_cases:`."""

UNKNOWN = "unknown"
NONE = "none"
ANY = "any"

WORDS: Mapping[str, str] = {
    "segment": "The segment.",
    "ladder": "The ladder, or none.",
    "executed_stage": "The most severe stage executed before, or none.",
    "stage": "The stage it stands on, today's step included, or none.",
    "step": "The stage proposed today, or none.",
    "next_stage": "The stage that acts or waits, or none.",
    "tone": "The tone of today's step, or none.",
}
"""What a decision says in a word."""

YES_NO: Mapping[str, str] = {
    "paused": "Whether it is paused.",
    "put_off": "Whether a stage that is due waits for the gap, the cap or an open day.",
    "repeat": "Whether today's step was executed before.",
    "stood_down": "Whether sales stands down.",
}
"""What a decision says by yes or no."""

DAYS = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""How a day is written."""

DEFAULTS: Mapping[str, tuple[str, ...]] = {
    "customers": ("customer",),
    "creditors": (),
    "invoices": ("invoice", "customer"),
    "payments": ("payment", "customer"),
    "credits": ("credit", "customer"),
    "promises": ("promise", "customer"),
    "orders": ("order", "customer"),
}
"""Columns that a row of a ledger may leave out although the book must have them; elsewhere the customer alone."""


def cases_schema() -> Schema:
    """The JSON Schema (draft-07) of `<policy>.cases.yaml`."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "duly cases of a policy",
        **_record(
            "What a policy is expected to do, case by case.",
            {
                "duly_cases": {"description": "The version of the format.", "enum": [VERSION]},
                "cases": {
                    "type": "object",
                    "description": "The cases by name.",
                    "patternProperties": {NAME: _CASE},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            },
            required=("duly_cases", "cases"),
        ),
    }


def _record(description: str, properties: Mapping[str, Schema], *, required: tuple[str, ...] = ()) -> Schema:
    schema: Schema = {"type": "object", "description": description, "properties": dict(properties)}
    return schema | ({"required": list(required)} if required else {}) | {"additionalProperties": False}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description, "minLength": 1, "maxLength": 500}


def _name(description: str) -> Schema:
    return {"type": "string", "description": description, "pattern": NAME, "maxLength": 40}


def _whole(description: str, least: int = 0, most: int | None = MANY_DAYS) -> Schema:
    schema: Schema = {"type": "integer", "description": description, "minimum": least}
    return schema if most is None else schema | {"maximum": most}


def _yes_no(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _choice(description: str, words: tuple[str, ...]) -> Schema:
    return {"description": description, "enum": list(words)}


def _list(description: str, item: Schema, least: int = 0) -> Schema:
    return {"type": "array", "description": description, "items": item, "minItems": least}


def _day(description: str) -> Schema:
    return {"title": DAY, "type": "string", "description": description, "pattern": DAYS, "examples": ["2027-01-31"]}


def _money(description: str) -> Schema:
    schema: Schema = {"title": MONEY, "description": description, "type": ["number", "string"]}
    return schema | {"pattern": "^-?[0-9]+(\\.[0-9]+)?$", "examples": [250, "1000.00"]}


def _by_day(description: str, value: Schema) -> Schema:
    return {"type": "object", "description": description, "patternProperties": {DAYS: value}} | {
        "additionalProperties": False,
        "minProperties": 1,
    }


# A customer by its facts.


def _fact(fact: Fact) -> Schema:
    value = _value_of(fact)
    if not fact.unknown:
        return value
    return {"description": fact.definition, "anyOf": [value, _choice("It is not known.", (UNKNOWN,))]}


def _value_of(fact: Fact) -> Schema:
    match fact.type:
        case Type.YES_NO:
            return _yes_no(fact.definition)
        case Type.MONEY:
            return _money(fact.definition)
        case Type.NUMBER | Type.PERCENT:
            return _whole(fact.definition, fact.least or 0, fact.most)
        case Type.SET:
            return _list(fact.definition, {"type": "string", "minLength": 1, "maxLength": 100})
        case Type.CHOICE if fact.members:
            return _choice(fact.definition, (*fact.members, *((NONE,) if fact.or_none else ())))
        case _:
            return {"type": "string", "description": fact.definition, "minLength": 1, "maxLength": 300}


_EXECUTED: Schema = {
    "anyOf": [
        _whole("How many days ago it was executed last, in this episode."),
        _record(
            "When it was executed last, and how often, in this episode.",
            {"days_ago": _whole("How many days ago."), "times": _whole("On how many days.", 1)},
            required=("days_ago",),
        ),
    ]
}

_CUSTOMER = _record(
    "A customer by its facts; what is left out follows from them, or is zero, no, none or unknown.",
    {
        **{fact.name: _fact(fact) for fact in ACCOUNT_FACTS},
        "executed": {
            "type": "object",
            "description": "The stages executed in this episode, by name.",
            "patternProperties": {NAME: _EXECUTED},
            "additionalProperties": False,
        },
        "own_currency": _record(
            "Amounts in the account's own currency, where a rule has thresholds by currency.",
            {fact.name: _money(fact.definition) for fact in ACCOUNT_FACTS if fact.type is Type.MONEY},
        ),
        "counted": {
            "type": "object",
            "description": "What a stage counts by, where it is not the days past due: since what, in days or months.",
            "patternProperties": {NAME: {"type": "integer", "minimum": -MANY_DAYS, "maximum": MANY_DAYS}},
            "additionalProperties": False,
        },
        "exception": _record(
            "What an exception in force for the customer says.",
            {
                "pause": _yes_no("Whether it pauses the account."),
                "tone_at_most": _name("The harshest tone that it allows."),
                "stage_at_most": _name("The most severe stage that it allows."),
                "ladder": _name("The ladder that it puts the account on, or none."),
            },
        ),
    },
)

# A short ledger.


def _column(column: Column) -> Schema:
    match column.kind:
        case Kind.MONEY:
            return _money(column.meaning)
        case Kind.DATE:
            return _day(column.meaning)
        case Kind.WHOLE:
            return _whole(column.meaning, 0, None)
        case Kind.YES_NO:
            return _yes_no(column.meaning)
        case Kind.CHOICE:
            return _choice(column.meaning, column.choices)
        case Kind.CURRENCY:
            return {"title": CURRENCY, "type": "string", "description": column.meaning}
        case Kind.RATE:
            return {"type": ["number", "string"], "description": column.meaning}
        case _:
            return {"type": "string", "description": column.meaning, "minLength": 1, "maxLength": 300}


def required_of(table: Table) -> tuple[str, ...]:
    """The columns that a row of a ledger must have."""
    given = DEFAULTS.get(table.name, ("customer",))
    return tuple(c.name for c in table.columns if c.required and c.name not in given)


def _rows(table: Table) -> Schema:
    row = _record(table.meaning, {c.name: _column(c) for c in table.columns}, required=required_of(table))
    return _list(table.meaning, row, least=1)


_LEDGER = _record(
    "The rows of a book; ids, the customer and the creditor may be left out.",
    {name: _rows(table) for name, table in TABLES.items()},
    required=("invoices",),
)

_HAPPENS = _record(
    "What happens on the day.",
    {
        "paid": _record(
            "Money arrives; without an invoice it is unapplied.",
            {"amount": _money("How much."), "invoice": _text("For which invoice."), "currency": _text("Its currency.")},
            required=("amount",),
        ),
        "promised": _record(
            "The customer promises to pay.",
            {
                "amount": _money("How much."),
                "due_on": _day("By which day."),
                "invoice": _text("Which invoice; all late ones where left out."),
                "currency": _text("Its currency."),
            },
            required=("amount", "due_on"),
        ),
        "disputed": _record(
            "The customer contests an invoice.",
            {"invoice": _text("Which one."), "amount": _money("Which part; all of it where left out.")},
            required=("invoice",),
        ),
        "answered": _record(
            "Sales answers, whatever it was asked.",
            {
                "rule": _name("The sales rule under which it was asked."),
                "reason": _choice("Why the customer does not pay.", ANSWER_REASONS),
                "financial_difficulty": _yes_no("Whether the customer is in financial difficulty."),
                "relationship": _choice("How it judges the relationship.", RELATIONSHIPS),
            },
            required=("rule", "reason"),
        ),
        "contacted": _choice("Somebody reaches the customer.", TABLES["contacts_made"].column("channel").choices),
        "replied": _choice("The customer replies.", TABLES["contacts_made"].column("channel").choices),
        "nothing_runs": {"description": "No cycle is run.", "enum": [True]},
        "not_carried_out": {"description": "What is proposed fails or is refused, and comes again.", "enum": [True]},
        "nobody_knows": {"description": "The stage is handed over; nobody knows if it arrived.", "enum": [True]},
    },
)  # fmt: skip

# What is expected.

_ACTION = _record(
    "One action: what sort of deed, and which template, task, rule, hold or deed.",
    {
        **{what.value: _name(f"The {_what}.") for what, _what in {
            What.EMAIL: "template of the e-mail",
            What.LETTER: "template of the letter",
            What.TASK: "task",
            What.REQUEST: "sales rule under which sales is asked",
            What.TELL: "sales rule of whose silence somebody is told",
            What.HOLD: "hold that is placed",
            What.RELEASE: "hold that is released",
            What.REFERRAL: "action of the stage that refers the account",
            What.WRITE_OFF: "action of the stage that proposes a write-off",
            What.LIMIT: "credit limit rule that asks for another limit",
        }.items()},
        "for": _choice("Who does it.", ROLES),
        "approval": _list("All who must sign for it.", _choice("A role.", ROLES)),
        "to": _money("The credit limit that is asked for."),
    },
)  # fmt: skip

_WITHHELD: Schema = {
    "type": "object",
    "description": "All that is withheld and why, by stage, hold or `stages` where none is next.",
    "additionalProperties": {
        "anyOf": [
            _name("The reason, by its word."),
            _record(
                "The reason, and the next day on which it could happen.",
                {"reason": _name("The reason, by its word."), "until": _day("The next day on which it could happen.")},
                required=("reason",),
            ),
        ]
    },
}

_ONE_DAY: Mapping[str, Schema] = {
    **{name: _name(meaning) for name, meaning in WORDS.items()},
    **{name: _yes_no(meaning) for name, meaning in YES_NO.items()},
    "pauses": _list("The account pauses that hold.", _name("A pause.")),
    "points": {"type": "integer", "description": "The worklist points."},
    "actions": {
        "description": "All that is done; nothing where left out. `any` where that does not matter.",
        "anyOf": [_list("All that is done.", _ACTION), _choice("Whatever is done.", (ANY,))],
    },
    "withheld": _WITHHELD,
    "by": _list("Every rule that brought about what is done, by name or by kind and name.", _text("A rule.")),
    "keeps": _list("Guarantees of the policy about one decision that are kept.", _name("A guarantee."), least=1),
}

_EXPECTED: Schema = {
    "type": "object",
    "description": "What is expected, of a run of days by day; all that is done must be named.",
    "properties": dict(_ONE_DAY),
    "patternProperties": {
        DAYS: _record("What is expected of the day; all that is done must be named.", _ONE_DAY) | {"minProperties": 1}
    },
    "additionalProperties": False,
    "minProperties": 1,
}

_CASE = _record(
    "A customer by its facts, or a short ledger with a day or a run of days, and what is expected.",
    {
        "because": _text("Why this is expected."),
        "customer": _CUSTOMER,
        "ledger": _LEDGER,
        "about": _record(
            "Which account of the ledger is meant, where there are several.",
            {
                "customer": _text("The customer, by id."),
                "creditor": _text("The creditor company, by id."),
                "item": _text("The invoice or currency, where the ladder has those."),
            },
        ),
        "day": _day("The day on which the ledger is looked at."),
        "from": _day("The first day of a run: from it on a cycle is run each business day and carried out."),
        "until": _day("The last day of the run."),
        "cycles": _choice("On which days of the run there is a cycle.", ("business_days", "every_day")),
        "happens": _by_day("What happens, by day.", _HAPPENS),
        "other_days": _choice("Whether anything may be done on days of which nothing is expected.", ("anything",)),
        "expect": _EXPECTED,
    },
    required=("expect",),
)


if __name__ == "__main__":
    folder = Path(*sys.argv[1:]) if sys.argv[1:] else Path("schemas")
    (folder / "cases.schema.json").write_text(as_text(cases_schema()), encoding="utf-8")
