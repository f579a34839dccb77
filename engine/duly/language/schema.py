"""The JSON Schema of a policy file, generated from the model and the vocabulary.

Editors complete and check with it, and the loader checks shape with it, so there
is one list of keys. Closed choices come from the model's enums and facts from
the vocabulary; each layer's conditions list only the facts that can be read
there. What a schema cannot say (names that must exist, decimals that a currency
has) is left to the loader, which says it better.

Draft-07, because that is what editors read; every object is closed and nothing
refers to another file. `python -m duly.language.schema` writes the files again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path

from duly.language.conditions import Op
from duly.language.over_time import EXAMPLES
from duly.language.policy import (
    Basis,
    Climb,
    DayCount,
    Resets,
    Since,
    Stops,
    UnappliedCredit,
    Unit,
)
from duly.language.vocabulary import ACCOUNT, INVOICE, MANY_DAYS, Fact, Layer, Type

Schema = dict[str, object]
"""A piece of JSON Schema."""

VERSION = 1
"""The version of the language, the value of `duly:`."""

NAME = "^[a-z][a-z0-9]*(_[a-z0-9]+)*$"
"""The names that an author gives: small letters, digits and single underscores."""

ACCOUNT_ID = "^[A-Za-z0-9._/:#-]{1,100}$"
"""The ids that a book gives its customers."""

CURRENCY_CODE = "^[A-Z]{3}$"

ROLES = ("salesperson", "collector", "sales_manager", "credit_manager")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DUTIES = ("reminders", "calls", "pull_in", "disputes", "holds", "limits", "referral", "statements")
REPORTS = (
    "past_due_list_by_salesperson",
    "aged_trial_balance",
    "new_customers",
    "customer_statement_naming_salesperson",
    "shared_scorecard",
)
CHANGES = ("hold", "release", "limit_change", "terms_change", "collector_change", "salesperson_change")
ACTIONS = ("refer_to_agency", "propose_write_off")
INTEREST = ("none", "uk_late_payment", "eu_late_payment", "de_bgb_288")
TESTS = (*(op.value for op in Op), "is_not", "none_of", "includes", "excludes", "known")
"""The words that a test of a fact may begin with, of whatever type the fact is."""

ASKING: Mapping[Layer, str] = {
    Layer.SEGMENT: "segments",
    Layer.PAUSE: "pauses",
    Layer.STAGE: "stages",
    Layer.TONE: "tone limits",
    Layer.SALES: "sales rules",
    Layer.HOLDS: "holds",
    Layer.LIMITS: "credit limits",
    Layer.WORKLIST: "worklist points",
}
"""The parts of a policy that ask conditions on an account, by their layer; guarantees may ask everything."""

CONDITION = "condition"
TEST = "test"
MONEY = "money"
DAY = "day"
TIME_OF_DAY = "time of day"
CURRENCY = "currency"
COUNTRY = "country"
PER_CENT = "per cent"
PROMISED_DAY = "promise_due"


def policy_schema() -> Schema:
    """The schema of a whole policy, `extends` merged in."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "duly policy",
        **_record("A collections policy.", _TOP, required=("duly", "policy", "currency")),
        "definitions": _definitions(),
    }


def overlay_schema() -> Schema:
    """The schema of a file that extends another: it may leave out what that one gives, and take things out."""
    loosened = _loosened(policy_schema())
    assert isinstance(loosened, dict)
    return loosened | {"title": "duly policy that extends another", "required": ["duly", "extends"]}


def _loosened(schema: object) -> object:
    if isinstance(schema, list):
        return [_loosened(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    loose = {key: _loosened(value) for key, value in schema.items() if key != "minProperties"}
    if loose.get("type") == "object":
        loose.pop("required", None)
        if isinstance(properties := loose.get("properties"), dict):
            loose["properties"] = properties | {"remove": {"description": "Takes this out.", "enum": [True]}}
    return loose


FILES: dict[str, Callable[[], Schema]] = {"policy.schema.json": policy_schema, "overlay.schema.json": overlay_schema}
"""The schemas that lie in `schemas/`."""


def as_text(schema: Schema) -> str:
    """The schema as it lies in a file."""
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


# Pieces.


def _record(
    description: str, properties: Mapping[str, object], *, required: Iterable[str] = (), least: int = 0
) -> Schema:
    """An object with a fixed set of keys."""
    schema: Schema = {"type": "object", "description": description, "properties": dict(properties)}
    if required:
        schema["required"] = list(required)
    if least:
        schema["minProperties"] = least
    return schema | {"additionalProperties": False}


def _by_name(description: str, value: Schema, *, least: int = 0, names: str = NAME) -> Schema:
    """An object whose keys are names that the author gives."""
    schema: Schema = {"type": "object", "description": description, "patternProperties": {names: value}}
    if least:
        schema["minProperties"] = least
    return schema | {"additionalProperties": False}


def _choice(description: str, values: type[Enum] | Iterable[str]) -> Schema:
    words = [v.value if isinstance(v, Enum) else v for v in values]
    return {"description": description, "enum": words}


def _whole(description: str, least: int = 0, most: int = MANY_DAYS) -> Schema:
    return {"type": "integer", "description": description, "minimum": least, "maximum": most}


def _list(description: str, item: Schema, least: int = 1) -> Schema:
    return {"type": "array", "description": description, "items": item, "minItems": least, "uniqueItems": True}


def _text(description: str, most: int = 500) -> Schema:
    return {"type": "string", "description": description, "minLength": 1, "maxLength": most}


def _name(description: str, *examples: str) -> Schema:
    schema: Schema = {"type": "string", "description": description, "pattern": NAME, "maxLength": 40}
    return schema | ({"examples": list(examples)} if examples else {})


def _decimal(title: str, description: str, *examples: object) -> Schema:
    # A decimal is kept as written; the quotes are optional, because the loader reads its text.
    schema: Schema = {"title": title, "description": description, "type": ["number", "string"]}
    return schema | {"pattern": "^-?[0-9]+(\\.[0-9]+)?$", "examples": list(examples)}


def _money(description: str) -> Schema:
    return _decimal(MONEY, description, 250, 10.5, "1000.00")


def _per_cent(description: str) -> Schema:
    return _decimal(PER_CENT, description, 12, 0.5)


def _day(description: str) -> Schema:
    form = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
    return {"title": DAY, "type": "string", "description": description, "pattern": form, "examples": ["2027-01-31"]}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _when(layer: Layer) -> Schema:
    return _ref(f"condition_{layer.name.lower()}")


_BECAUSE = {"because": _text("Why, in a sentence; shown in previews and kept in the journal.")}
_ROLE = _choice("A role.", ROLES)
_APPROVAL = _list("The roles that must approve.", _ROLE)
_TASK = {
    "type": "object",
    "description": "What is asked of whom: role and task.",
    "properties": {role: _name("The task.", "phone_call", "visit") for role in ROLES},
    "additionalProperties": False,
    "minProperties": 1,
    "examples": [{"collector": "phone_call"}],
}
_LETTERS = {"letter": _name("The template of the letter.")}

# Parts, each with the keys of one class of the model.

_CALENDAR = _record(
    "Whose business days count, and when customers may be contacted.",
    {
        "country": {
            "title": COUNTRY,
            "type": "string",
            "description": "Two letters (ISO 3166-1).",
            "pattern": "^[A-Z]{2}$",
            "examples": ["US"],
        },
        "contact": _record(
            "Contact hours, in the customer's own time zone.",
            {
                "days": _list("The weekdays.", _choice("A weekday.", WEEKDAYS)),
                "between": {
                    "type": "array",
                    "description": "From and to, quoted.",
                    "minItems": 2,
                    "maxItems": 2,
                    "items": {"title": TIME_OF_DAY, "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
                    "examples": [["09:00", "17:00"]],
                },
                "holidays": _choice("Whether public holidays are closed.", ("closed", "open")),
            },
        ),
        **_BECAUSE,
    },
)

_LATE = _record(
    'What "late" means.',
    {
        "basis": _choice("The day that days past due are counted from.", Basis),
        "day_count": _choice("Which days count.", DayCount),
        "grace_days": _whole("Late is more than this many days past due.", 0, 365),
        "ignore_below": _record(
            "Open amounts below these are left alone.",
            {"invoice": _money("An invoice's."), "account": _money("An account's, of what is late.")},
        ),
        "unapplied_credit": _choice("What happens to money that no invoice has been given.", UnappliedCredit),
        **_BECAUSE,
    },
)

_PAUSE = _record(
    "A condition under which the ladder freezes: either `invoice` or `account`.",
    {
        "invoice": _when(Layer.INVOICE),
        "account": _when(Layer.PAUSE),
        "until": _choice("The last day, where a date tells it; that day included.", (PROMISED_DAY,)),
        "stops": _list("What an account pause stops.", _choice("A part of the policy.", Stops), 0),
        "task": _TASK,
        **_BECAUSE,
    },
)

_STAGE = _record(
    "A rung of the ladder.",
    {
        "after": _record(
            "The day from which on it may act: days or months.",
            {
                "days": _whole("Days; negative is before the due date.", -365, 3650),
                "months": _whole("Months.", -12, 120),
                "since": _choice("The day counted from; the policy's basis where left out.", Since),
                "round_to": _choice("Rounds the day up.", ("month_end",)),
            },
        ),
        "when": _when(Layer.STAGE),
        "tone": _name("The tone, one of the policy's `tones`."),
        "send": _record(
            "Messages by channel, each naming its template.",
            {
                "email": _name("The template of the e-mail."),
                **_LETTERS,
                "without_email": _record("What goes out to a customer without e-mail.", _LETTERS, least=1),
            },
            least=1,
        ),
        "task": _TASK,
        "action": _choice("What is proposed beyond messages and tasks.", ACTIONS),
        "approval": _APPROVAL,
        "repeat": _record(
            "Again and again while the account stands here.",
            {"every_days": _whole("Days between.", 1, 3650), "at_most": _whole("How many repeats.", 1, 1000)},
            required=("every_days",),
        ),
        "min_days_between": _whole("Least days since the last executed stage, in place of the ladder's.", 0, 365),
        "charge": _record(
            "A charge proposed once: fixed, or per cent of the original amount.",
            {"fixed": _money("The amount."), "pct": _per_cent("Per cent."), "of": _choice("Of what.", ("original",))},
            least=1,
        ),
        **_BECAUSE,
    },
)

_LADDER_KEYS: Schema = {
    "unit": _choice("What is decided at once.", Unit),
    "climb": _choice("How an account moves up.", Climb),
    "min_days_between": _whole("Least days between two executed stages.", 0, 365),
    "resets": _choice("When the ladder starts again; by payment or credit only.", Resets),
    "stages": _by_name("The stages, mildest first.", _ref("stage"), least=1),
    **_BECAUSE,
}

_CHOOSE_LADDER = _record(
    "Which ladder an account climbs.",
    {
        "by": _choice("What tells it: the segment, or the customer's own record.", ("segment", "customer")),
        "of": _by_name("The ladder for each.", _name("A ladder, or `none`."), names="^[A-Za-z0-9._-]{1,40}$"),
        "otherwise": _name("The ladder of all others, or `none`."),
        **_BECAUSE,
    },
    required=("otherwise",),
)

_TONE_LIMIT = _record(
    "While the condition holds, no tone beyond this one.",
    {
        "when": _when(Layer.TONE),
        "at_most": _name("The harshest tone allowed."),
        "agreed_with": _text("Who agreed."),
        **_BECAUSE,
    },
    required=("when", "at_most"),
)

_SALES_RULE = _record(
    "When sales is pulled in, and for what.",
    {
        "when": _when(Layer.SALES),
        "ask": _name("What sales is asked to do; `nothing` makes sales stand down and beats every other rule."),
        "within": _record(
            "The time to answer.", {"business_days": _whole("Business days.", 0, 365)}, required=("business_days",)
        ),
        "unanswered": _record("What happens without an answer.", {"tell": _ROLE}, required=("tell",)),
        **_BECAUSE,
    },
    required=("when", "ask"),
)

_HOLD = _record(
    "When a hold is placed on an account, and when it is released.",
    {
        "place": _record(
            "When it is placed.",
            {
                "when": _when(Layer.HOLDS),
                "needs": _record(
                    "The sales request that must come first.",
                    {
                        "request": _name("A sales rule."),
                        "is": _choice("What must have become of it.", ("answered", "answered_or_expired")),
                    },
                    required=("request", "is"),
                ),
                "approval": _APPROVAL,
                **_BECAUSE,
            },
            required=("when",),
        ),
        "release": _record(
            "When it is released.", {"when": _when(Layer.HOLDS), "approval": _APPROVAL, **_BECAUSE}, required=("when",)
        ),
        **_BECAUSE,
    },
    required=("place", "release"),
)

_CREDIT_LIMIT = _record(
    "When a change of the credit limit is proposed.",
    {
        "when": _when(Layer.LIMITS),
        "propose": _record(
            "The change: one of `raise_pct`, `lower_pct` and `set_to`.",
            {
                "raise_pct": _whole("Raise by this many per cent.", 1, 1000),
                "lower_pct": _whole("Lower by this many per cent.", 1, 100),
                "set_to": _money("Set to this."),
                "up_to": _money("Never above this."),
                "down_to": _money("Never below this."),
            },
            least=1,
        ),
        "approval": _APPROVAL,
        **_BECAUSE,
    },
    required=("when", "propose"),
)

_CHARGES = _record(
    "Charges on what is late.",
    {
        "late_interest": {
            "description": "The regime, or the contract's own rate a year.",
            "anyOf": [
                _choice("A regime.", INTEREST),
                _record("By contract.", {"contract_pct": _per_cent("Per cent a year.")}, required=("contract_pct",)),
            ],
        },
        **_BECAUSE,
    },
)

_WORKLIST = _record(
    "The order in which people pick up the phone.",
    {
        "points": _by_name(
            "Points that an account gets, added up.",
            _record(
                "Points while the condition holds.",
                {"when": _when(Layer.WORKLIST), "add": _whole("Points.", -1_000_000, 1_000_000), **_BECAUSE},
                required=("when", "add"),
            ),
        )
    },
)

_DUTY_KEYS: Schema = {
    "accountable": _choice("The one role that answers for it.", ROLES),
    "consulted": _list("Asked before; empty for nobody.", _ROLE, least=0),
    "informed": _list("Told after; empty for nobody.", _ROLE, least=0),
}

_RESPONSIBLE: Schema = _record(
    "Exactly one accountable role a duty.",
    {
        duty: _record(
            "Who answers for it.",
            {
                **_DUTY_KEYS,
                "by_segment": _by_name(
                    "What differs by segment.",
                    _record("For this segment.", _DUTY_KEYS, required=("accountable",)),
                    least=1,
                ),
                **_BECAUSE,
            },
            required=("accountable",),
        )
        for duty in DUTIES
    },
)


def _rhythm(description: str, day: Schema) -> Schema:
    send = _list("What is sent.", _choice("A report.", REPORTS))
    return _record(description, {"day": day, "send": send}, required=("day", "send"))


_REWARD = _record(
    "What salespeople and collectors get for being paid in time, each quarter.",
    {
        "on_time_share": _record(
            "The goal: below it nothing is paid for cash in time.",
            {"at_least_pct": _whole("Per cent of what fell due, settled in time.", 0, 100)},
            required=("at_least_pct",),
        ),
        "salesperson_pct": _per_cent("The salesperson's part of the cash that came in time."),
        "collector_pct": _per_cent("The collector's part of the cash that came in time."),
        "commission": _record(
            "The salesperson's commission on invoices, whatever the goal.",
            {
                "pct": _per_cent("Per cent of the invoice."),
                "held_back_until_paid_pct": _per_cent("How much of it waits until the customer pays; 100 if left out."),
            },
            required=("pct",),
        ),
        "team_bonus": _record(
            "A sum for each of two buddies whose customers pay in time.",
            {
                "amount": _money("The sum for each."),
                "at_least_pct": _whole("The goal of the two together, per cent.", 0, 100),
            },
            required=("amount", "at_least_pct"),
        ),
        "per_quarter": _record(
            "What one person gets in a quarter.",
            {"at_least": _money("Not less, where the goal is reached."), "at_most": _money("Not more.")},
            least=1,
        ),
        **_BECAUSE,
    },
    required=("on_time_share",),
)

_TOGETHER = _record(
    "The rhythm that keeps sales and credit in one room.",
    {
        "pair_by": _choice("What pairs each salesperson with one collector.", ("region", "segment", "name")),
        "pairs": _by_name(
            "By `pair_by: name`: each salesperson's collector, both by their ids in the book.",
            _text("The collector, by id.", 100),
            names=ACCOUNT_ID,
            least=1,
        ),
        "introduce_collector_to": _list("Segments whose customers meet both.", _name("A segment.")),
        "weekly": _rhythm("Once a week; what was missed is sent later in the week.", _choice("The weekday.", WEEKDAYS)),
        "monthly": _rhythm(
            "Once a month, within seven days from the day; after those not until the next month.",
            _whole("The day of the month.", 1, 28),
        ),
        "tell_customer_of": _list("Changes that the customer hears of.", _choice("A change.", CHANGES)),
        "advise_before": _record(
            "When credit advises sales unasked: how the customer pays, what is late, whether it fits the limit.",
            {
                "renewal_days": _whole("So many days before the customer's renewal.", 0, 365),
                "order_days": _whole("So many days before an order, and once it is booked.", 0, 365),
            },
            least=1,
        ),
        "reward": _REWARD,
        **_BECAUSE,
    },
)

_CAP: Schema = {
    "at_most": _whole("Contacts.", 1, 1000),
    "in_days": _whole("In any window of so many days.", 1, 365),
}

_LIMITS = _record(
    "The contact cap and the fuse.",
    {
        "contacts_per_customer": _record("Contacts with one customer.", _CAP, required=("at_most", "in_days")),
        "fuse": _record(
            "A plan beyond these is shown but not applied.",
            {
                "new_stage_share_pct": _record(
                    "Share of customers that reach a new stage.",
                    {
                        "at_most": _whole("Per cent.", 0, 100),
                        "not_below_customers": _whole("Fewer customers than this never blow it.", 0, 1_000_000),
                        "first_cycle": _choice("Whether the first plan ever is bounded too.", ("unlimited", "limited")),
                    },
                    required=("at_most",),
                ),
                "actions": _record(
                    "Actions of all kinds.", {"at_most": _whole("So many.", 0, 10_000_000)}, required=("at_most",)
                ),
                "data_not_older_than_days": _whole("Age of the newest entry in the book.", 0, 365),
            },
        ),
        **_BECAUSE,
    },
)

_GUARANTEE = _record(
    "A promise that the policy makes of itself: one of `never`, `always`, `same_treatment_whatever`, `over_time`.",
    {
        "never": _ref("condition_guarantee"),
        "always": _ref("condition_guarantee"),
        "then": _ref("condition_guarantee"),
        "same_treatment_whatever": _list("Facts that make no difference.", _choice("A fact.", tuple(ACCOUNT))),
        "over_time": _record(
            "Of every run of days: a contact cap, a way that comes to an end, or what is never done before what.",
            {
                "contacts": _record("Contacts with one customer.", _CAP, required=("at_most", "in_days")),
                "from": _choice("The first day.", ("first_late",)),
                "while": _ref("condition_guarantee"),
                "executes": _list("One of these stages.", _name("A stage.")),
                "within_business_days": _whole("Within so many business days.", 1, 3650),
                "never": _ref("condition_guarantee"),
                "before": _ref("condition_guarantee"),
            },
            least=1,
        ),
        "assuming": _list("What is taken for granted.", _name("An assumption.", *EXAMPLES)),
        **_BECAUSE,
    },
)

_EXCEPTION = _record(
    "What is different for one account, until a day.",
    {
        "until": _day("The last day, included."),
        "because": _BECAUSE["because"],
        "agreed_with": _text("Who agreed."),
        "pause": {"description": "The ladder is paused.", "enum": [True]},
        "tone_at_most": _name("The harshest tone."),
        "stage_at_most": _name("The most severe stage."),
        "ladder": _name("The ladder, or `none`."),
    },
    required=("until", "because", "agreed_with"),
)

_TOP: Schema = {
    "duly": {"description": "Version of the language.", "const": VERSION},
    "policy": _name("The policy's id.", "standard"),
    "title": _text("What people call it."),
    "extends": _text("The file that this one changes, relative to this one."),
    "currency": {
        "title": CURRENCY,
        "type": "string",
        "description": "Currency of thresholds that name none (ISO 4217).",
        "pattern": CURRENCY_CODE,
        "examples": ["USD", "EUR"],
    },
    "signed_off_by": _list("The departments that sign it.", _name("A department.", "credit", "sales")),
    "effective": _record(
        "When it is in force; always where left out.",
        {"from": _day("First day."), "until": _day("Last day, included.")},
        least=1,
    ),
    "calendar": _CALENDAR,
    "late": _LATE,
    "segments": _by_name(
        "Kinds of customers; the first that holds counts, and the last has no `when`.",
        _record("A kind of customer.", {"when": _when(Layer.SEGMENT), **_BECAUSE}),
        least=1,
    ),
    "pauses": _by_name("What freezes the ladder.", _PAUSE),
    "tones": _list("Mildest first.", _name("A tone.")),
    "ladder": _record("The ladder.", _LADDER_KEYS, required=("stages",)),
    "ladders": _by_name(
        "Several ladders; `choose_ladder` says which account climbs which.",
        _record("A ladder.", _LADDER_KEYS, required=("stages",)),
        least=1,
    ),
    "choose_ladder": _CHOOSE_LADDER,
    "tone_limits": _by_name("Where sales draws the line.", _TONE_LIMIT),
    "sales": _by_name("When sales is pulled in; every rule that holds acts.", _SALES_RULE),
    "holds": _by_name("Holds on accounts.", _HOLD),
    "credit_limits": _by_name("Proposals to change credit limits.", _CREDIT_LIMIT),
    "charges": _CHARGES,
    "worklist": _WORKLIST,
    "responsible": _RESPONSIBLE,
    "together": _TOGETHER,
    "limits": _LIMITS,
    "guarantees": _by_name("What is proved of every account that can exist.", _GUARANTEE),
    "exceptions": _by_name("What is different for single accounts, by account id.", _EXCEPTION, names=ACCOUNT_ID),
    **_BECAUSE,
}


# Conditions: one definition a layer, one a fact, one a kind of test.


def _definitions() -> Schema:
    definitions: Schema = {"stage": _STAGE, MONEY: _money("An amount.")}
    for layer in ASKING:
        readable = {fact.name: f"fact_{fact.name}" for fact in ACCOUNT.values() if fact.layer < layer}
        definitions[f"condition_{layer.name.lower()}"] = _condition(f"condition_{layer.name.lower()}", readable)
    definitions["condition_guarantee"] = _condition("condition_guarantee", {name: f"fact_{name}" for name in ACCOUNT})
    definitions["condition_invoice"] = _condition(
        "condition_invoice", {name: f"invoice_fact_{name}" for name in INVOICE}
    )
    for prefix, facts in (("fact", ACCOUNT), ("invoice_fact", INVOICE)):
        for fact in facts.values():
            definitions[f"{prefix}_{fact.name}"] = _fact(fact)
            definitions[_kind(fact)] = _test(fact)
    return definitions


def _condition(name: str, facts: dict[str, str]) -> Schema:
    several = {"type": "array", "items": _ref(name), "minItems": 1}
    combined: Schema = {
        "any": {"description": "At least one of these holds.", **several},
        "all": {"description": "All of these hold.", **several},
        "not": _ref(name),
    }
    tests: Schema = {fact: _ref(definition) for fact, definition in facts.items()}
    return {"title": CONDITION, **_record("All entries must hold.", combined | tests, least=1)}


def _fact(fact: Fact) -> Schema:
    unit = f" In {fact.unit}." if fact.unit and fact.type is not Type.MONEY else ""
    return {"description": fact.definition + unit, "allOf": [_ref(_kind(fact))]}


def _kind(fact: Fact) -> str:
    """The name of the definition that says which tests fit the fact."""
    words = fact.type.value.replace(" ", "_")
    if fact.members:
        words = f"{words}_of_{'_'.join(_members(fact))}"
    return f"test_{words}" + ("_or_unknown" if fact.unknown else "")


def _test(fact: Fact) -> Schema:
    """What may stand behind a fact: a value, a list of values, or tests that all hold."""
    value = _value(fact)
    if fact.type is Type.YES_NO:
        return value
    tests = _tests(fact, value)
    if fact.unknown:
        tests["known"] = {"type": "boolean", "description": "Whether the value is known."}
    listed = {"type": "array", "items": value, "minItems": 1}
    several = {"title": TEST, **_record("Tests that all hold.", tests, least=1)}
    return {"title": fact.type.value, "anyOf": [value, listed, several]}


def _tests(fact: Fact, value: Schema) -> Schema:
    if fact.type is Type.SET:
        return {"includes": value, "excludes": value}
    unequal: Schema = {"is_not": value, "none_of": {"type": "array", "items": value, "minItems": 1}}
    if fact.type in {Type.CHOICE, Type.TEXT}:
        return unequal
    if fact.type is Type.MONEY:
        by_currency = {
            "type": "object",
            "patternProperties": {CURRENCY_CODE: value},
            "additionalProperties": False,
            "minProperties": 1,
        }
        value = {"anyOf": [value, by_currency]}
    return {op.value: value for op in Op} | unequal


def _value(fact: Fact) -> Schema:
    match fact.type:
        case Type.NUMBER | Type.PERCENT:
            return {"type": "integer"}
        case Type.MONEY:
            return _ref(MONEY)
        case Type.YES_NO:
            return {"type": "boolean"}
        case Type.CHOICE if fact.members:
            return {"enum": _members(fact)}
        case _:
            return {"type": "string", "minLength": 1, "maxLength": 100}


def _members(fact: Fact) -> list[str]:
    return [*fact.members, *(["none"] if fact.or_none else [])]


if __name__ == "__main__":
    folder = Path(*sys.argv[1:]) if sys.argv[1:] else Path("schemas")
    for name, make in FILES.items():
        (folder / name).write_text(as_text(make()), encoding="utf-8")
