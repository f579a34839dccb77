"""Whether a file has the shape of a policy, in its author's words.

JSON Schema says what is wrong in terms of schemas; this module says it in terms
of the file: which key, where, and what was probably meant. Where a value may
take several forms, the form that the author clearly chose is the one that is
reported, not every form it failed.

Amounts, days, times and currencies are left to what reads them, which can say
more than a pattern can.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from duly.language.ambiguous import is_whole, short
from duly.language.gate import List, Map, Node, Scalar, plain_data
from duly.language.schema import (
    ACCOUNT_ID,
    ASKING,
    CONDITION,
    COUNTRY,
    CURRENCY,
    CURRENCY_CODE,
    DAY,
    MONEY,
    NAME,
    PER_CENT,
    TEST,
    TESTS,
    TIME_OF_DAY,
    VERSION,
    Schema,
    policy_schema,
)
from duly.language.suggest import closest, did_you_mean, listed
from duly.language.vocabulary import ACCOUNT, INVOICE, Type
from duly.source import Problem, Span

LEFT_TO_READING = frozenset({MONEY, DAY, TIME_OF_DAY, CURRENCY, COUNTRY, PER_CENT})
"""Titles of the pieces whose text is judged by what reads it."""

KINDS: Mapping[str, str] = {
    "object": "keys with values",
    "array": "a list",
    "string": "a word or text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "`true` or `false`",
}

FORMS: Mapping[str, tuple[str, str]] = {
    Type.NUMBER.value: ("a whole number, a list of them or a test", "for example `{at_least: 30}`"),
    Type.PERCENT.value: ("a whole number, a list of them or a test", "for example `{at_least: 85}`"),
    Type.MONEY.value: ("an amount, a list of them or a test", "for example `{over: 250}`"),
    Type.CHOICE.value: ("a word, a list of them or a test", "for example `{is_not: none}`"),
    Type.TEXT.value: ("a text, a list of them or a test", 'quote what looks like a number: `"42"`'),
    Type.SET.value: ("a word, a list of them or a test", "for example `{includes: credit}`"),
}
"""What may stand behind a fact, by its type, and an example."""

OTHER_WORDS: Mapping[str, str] = {
    "gte": "at_least", "ge": "at_least", "min": "at_least", ">=": "at_least", "from": "at_least",
    "gt": "over", "above": "over", "more_than": "over", ">": "over",
    "lte": "at_most", "le": "at_most", "max": "at_most", "<=": "at_most", "up_to": "at_most",
    "lt": "below", "under": "below", "less_than": "below", "<": "below",
    "not": "is_not", "ne": "is_not", "not_in": "none_of", "contains": "includes",
}  # fmt: skip
"""Words of other languages for our tests."""


def shape_problems(root: Map, schema: Schema | None = None) -> Iterator[Problem]:
    """What keeps a file from being a policy, or what another schema describes, as far as its shape goes."""
    validator = _validator() if schema is None else Draft7Validator(schema)
    for error in validator.iter_errors(plain_data(root)):
        yield from _problems(_fault(error, root))


@cache
def _validator() -> Draft7Validator:
    kind: type[Draft7Validator] = extend(Draft7Validator, {"properties": _properties})  # type: ignore[no-untyped-call]
    return kind(_whole())


@cache
def _whole() -> Schema:
    return policy_schema()


MOST_KEPT = 1024
"""So many parts of policies are known to be sound; they are told apart by all that stands in them."""

_sound: set[tuple[str, str]] = set()


def _properties(
    validator: Draft7Validator, properties: Mapping[str, Schema], data: object, schema: Schema
) -> Iterator[ValidationError]:
    """What is wrong with the values of keys; a part of a policy that was found sound is not looked at again.

    Policies that extend one, or are an edit of one, have nearly all of it in common.
    """
    if not isinstance(data, dict):
        return
    for key, wants in properties.items():
        if key not in data:
            continue
        part = (key, repr(data[key])) if schema is _whole() else None
        if part is not None and part in _sound:
            continue
        wrong = tuple(validator.descend(data[key], wants, path=key, schema_path=key))
        yield from wrong
        if part is not None and not wrong:
            if len(_sound) >= MOST_KEPT:
                _sound.clear()
            _sound.add(part)


@dataclass(frozen=True, slots=True)
class _Fault:
    """A keyword of the schema that something in the file fails: `wants` is what it asks for.

    `forms` are the faults of each form that the value may take, where it may take several.
    """

    keyword: str
    wants: object
    schema: Mapping[str, object]
    node: Node
    key: Scalar | None
    path: tuple[str | int, ...]
    forms: tuple[tuple[_Fault, ...], ...] = ()

    @property
    def span(self) -> Span:
        return self.node.span

    @property
    def name(self) -> str:
        """The nearest key; a list's item is known by the list's key."""
        return next((f"`{step}`" for step in reversed(self.path) if isinstance(step, str)), self.whole)

    @property
    def whole(self) -> str:
        """The file by its schema's title."""
        return f"the {self.title.removeprefix('duly ')}"

    @property
    def title(self) -> str:
        return str(self.schema.get("title", ""))

    @property
    def text(self) -> str:
        return self.node.text if isinstance(self.node, Scalar) else ""

    @property
    def choices(self) -> list[str]:
        """What the keyword asks for, as words."""
        wants = self.wants if isinstance(self.wants, list) else [self.wants]
        return [str(word).lower() if isinstance(word, bool) else str(word) for word in wants]

    def known(self, keyword: str) -> list[str]:
        """The keys, or patterns of keys, that the schema knows here."""
        found = self.schema.get(keyword)
        return list(found) if isinstance(found, dict) else []


def _fault(error: ValidationError, root: Map) -> _Fault:
    node: Node = root
    key: Scalar | None = None
    path = tuple(error.absolute_path)
    for step in path:
        if isinstance(node, Map) and (entry := node.entry(str(step))):
            node, key = entry.value, entry.key
        elif isinstance(node, List) and isinstance(step, int):
            node = node.items[step]
    forms: dict[object, list[_Fault]] = {}
    for inner in error.context:
        forms.setdefault(inner.relative_schema_path[0], []).append(_fault(inner, root))
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    return _Fault(
        str(error.validator), error.validator_value, schema, node, key, path, tuple(map(tuple, forms.values()))
    )


def _problems(fault: _Fault) -> Iterator[Problem]:
    match fault.keyword:
        case "anyOf" if meant := _meant(fault):
            for inner in meant:
                yield from _problems(inner)
        case "additionalProperties":
            yield from _unknown_keys(fault)
        case "required":
            yield from _missing_keys(fault)
        case "pattern" if fault.title in LEFT_TO_READING:
            pass
        case keyword:
            yield SAID.get(keyword, _does_not_fit)(fault)


def _meant(fault: _Fault) -> Sequence[_Fault]:
    """The faults of the form that the author chose: the one of the same kind of value, if there is one."""
    for form in fault.forms:
        if not any(inner.keyword in {"type", "enum"} and inner.path == fault.path for inner in form):
            return form
    choices = [inner for form in fault.forms for inner in form if inner.keyword == "enum" and fault.text]
    return choices[:1]


# Keys that nobody knows, and keys that are missing.


class _Said(NamedTuple):
    rule: str
    message: str
    help: str


def _unknown_keys(fault: _Fault) -> Iterator[Problem]:
    keys, patterns = fault.known("properties"), fault.known("patternProperties")
    say = _not_a_name if patterns and not keys else NOT_KNOWN.get(fault.title, _not_a_key)
    for entry in fault.node.entries if isinstance(fault.node, Map) else ():
        word = entry.key.text
        if word not in keys and not any(re.search(pattern, word) for pattern in patterns):
            said = say(word, fault)
            yield Problem(said.rule, entry.key.span, said.message, said.help)


def _not_a_key(word: str, fault: _Fault) -> _Said:
    of = f" of {fault.name}" if fault.path else ""
    return _Said("unknown-key", f"`{short(word)}` is not a key{of}", did_you_mean(word, fault.known("properties")))


def _not_a_fact(word: str, fault: _Fault) -> _Said:
    readable = [key for key in fault.known("properties") if key not in {"any", "all", "not"}]
    if word in ACCOUNT and "past_due" in readable:
        readers = [part for layer, part in ASKING.items() if layer > ACCOUNT[word].layer]
        help_ = f"only {', '.join([*readers, 'guarantees'])} can read it"
        return _Said("fact-decided-later", f"`{word}` is decided later than this is asked", help_)
    if word in ACCOUNT:
        what = f"`{word}` is a fact of the account, not of an invoice"
        return _Said("fact-of-account", what, "ask it under `account:`")
    if word in INVOICE:
        what = f"`{word}` is a fact of an invoice, not of the account"
        return _Said("fact-of-invoice", what, did_you_mean(word, readable))
    help_ = f"did you mean `{meant}`?" if (meant := closest(word, readable)) else "`duly facts` lists them all"
    return _Said("unknown-fact", f"`{short(word)}` is not a fact", help_)


def _not_a_test(word: str, fault: _Fault) -> _Said:
    fitting = fault.known("properties")
    if word == "known":
        return _Said("always-known", f"{fault.name} is never unknown", "take `known` out")
    if word in {"at_least", "over", "at_most", "below"}:
        return _Said("wrong-test", f"{fault.name} has no order, so `{word}` does not fit it", listed(fitting))
    if word in TESTS:
        return _Said("wrong-test", f"`{word}` does not fit {fault.name}", listed(fitting))
    meant = OTHER_WORDS.get(word.lower(), "")
    help_ = f"did you mean `{meant}`?" if meant in fitting else did_you_mean(word, fitting)
    return _Said("unknown-test", f"`{short(word)}` is not a test", help_)


def _not_a_name(word: str, fault: _Fault) -> _Said:
    match fault.known("patternProperties")[0]:
        case pattern if pattern == CURRENCY_CODE:
            what = f"`{short(word)}` is not a currency"
            return _Said("unknown-currency", what, "write the code of ISO 4217, such as `USD`")
        case pattern if pattern == NAME:
            return _Said("bad-name", f"`{short(word)}` cannot be a name", _name_help(word))
        case pattern:
            help_ = f"letters, digits and `{'. _ / : # -' if pattern == ACCOUNT_ID else '. _ -'}`"
            return _Said("bad-name", f"`{short(word)}` cannot be an id", help_)


NOT_KNOWN: Mapping[str, Callable[[str, _Fault], _Said]] = {CONDITION: _not_a_fact, TEST: _not_a_test}
"""What is said of an unknown key, by the title of the schema that does not know it."""


def _missing_keys(fault: _Fault) -> Iterator[Problem]:
    # The schema gives one fault a key, each wanting them all; a problem that is said twice is shown once.
    where = fault.key.span if fault.key else Span(fault.span.file, 1, 1)
    for key in fault.choices:
        if isinstance(fault.node, Map) and fault.node.get(key) is None:
            yield Problem("missing-key", where, f"{fault.name} has no `{key}`", f"add `{key}:`")


# Values that do not fit.


def _wrong_kind(fault: _Fault) -> Problem:
    wanted, help_ = FORMS.get(fault.title, ("", "")) if fault.keyword == "anyOf" else ("", "")
    wanted = wanted or _wanted(fault)
    match fault.node:
        case Scalar(text, plain=True) if wanted == KINDS["string"]:
            help_ = f'quote it: `"{short(text)}"`'
        case Scalar(text, plain=False) if wanted == KINDS["integer"] and is_whole(text):
            help_ = "take the quotes off"
        case Scalar("true" | "false", plain=False) if wanted == KINDS["boolean"]:
            help_ = "take the quotes off"
        case _:
            pass
    message = f"{fault.name} wants {wanted}, not {_found(fault.node)}"
    return Problem("wrong-kind", fault.span, message, help_ or f"write {wanted}")


def _wanted(fault: _Fault) -> str:
    """The kinds of value that would fit, in words."""
    if fault.title == MONEY:
        return "an amount"
    if fault.keyword == "type":
        return " or ".join(KINDS[kind] for kind in fault.choices)
    here = [inner for form in fault.forms for inner in form if inner.path == fault.path]
    words = [f"`{word}`" for inner in here if inner.keyword == "enum" for word in inner.choices]
    kinds = [_wanted(inner) for inner in here if inner.keyword in {"type", "anyOf"}]
    return " or ".join(dict.fromkeys([*words, *kinds])) or "another value"


def _unknown_choice(fault: _Fault) -> Problem:
    if not isinstance(fault.node, Scalar):
        message = f"{fault.name} wants a single word, not {_found(fault.node)}"
        return Problem("wrong-kind", fault.span, message, listed(fault.choices))
    a_fact = fault.choices == list(ACCOUNT)
    rule, what = ("unknown-fact", "a fact") if a_fact else ("unknown-choice", f"a choice for {fault.name}")
    return Problem(rule, fault.span, f"`{short(fault.text)}` is not {what}", did_you_mean(fault.text, fault.choices))


def _other_version(fault: _Fault) -> Problem:
    message = f"this duly reads version {VERSION} of the language"
    return Problem("language-version", fault.span, message, f"write `duly: {VERSION}`")


def _bad_name(fault: _Fault) -> Problem:
    # Every pattern but that of names belongs to a piece that is left to reading.
    return Problem("bad-name", fault.span, f"`{short(fault.text)}` cannot be a name", _name_help(fault.text))


def _out_of_bounds(fault: _Fault) -> Problem:
    bound = "at least" if fault.keyword == "minimum" else "at most"
    beyond = "more" if fault.keyword == "minimum" else "less"
    message = f"{fault.name} is {bound} {fault.wants}, not {_found(fault.node)}"
    return Problem("out-of-bounds", fault.span, message, f"write {fault.wants} or {beyond}")


def _too_long(fault: _Fault) -> Problem:
    return Problem("too-long", fault.span, f"{fault.name} has at most {fault.wants} letters", "shorten it")


def _nothing_in_it(fault: _Fault) -> Problem:
    return Problem("nothing-in-it", fault.span, f"{fault.name} has nothing in it", "fill it, or take the key out")


def _wrong_count(fault: _Fault) -> Problem:
    if isinstance(fault.node, List) and not fault.node.items:
        return _nothing_in_it(fault)
    return Problem("wrong-count", fault.span, f"{fault.name} has {fault.wants} values", f"write {fault.wants}")


def _said_twice(fault: _Fault) -> Problem:
    items = fault.node.items if isinstance(fault.node, List) else ()
    values = [plain_data(item) for item in items]
    again = next(i for i, value in enumerate(values) if value in values[:i])
    message = f"`{short(str(values[again]))}` stands in {fault.name} twice"
    return Problem("said-twice", items[again].span, message, "keep one of them")


def _does_not_fit(fault: _Fault) -> Problem:
    return Problem("does-not-fit", fault.span, f"{fault.name} does not fit here", "`duly schema` shows what does")


SAID: Mapping[str, Callable[[_Fault], Problem]] = {
    "anyOf": _wrong_kind,
    "type": _wrong_kind,
    "enum": _unknown_choice,
    "const": _other_version,
    "pattern": _bad_name,
    "minimum": _out_of_bounds,
    "maximum": _out_of_bounds,
    "maxLength": _too_long,
    "minLength": _nothing_in_it,
    "minProperties": _nothing_in_it,
    "minItems": _wrong_count,
    "maxItems": _wrong_count,
    "uniqueItems": _said_twice,
}
"""What is said of a value, by the keyword that it fails."""


def _found(node: Node) -> str:
    match node:
        case Map():
            return "keys with values"
        case List():
            return "a list"
        case Scalar(text, plain=plain):
            return f"`{short(text)}`" if plain else f'`"{short(text)}"`'


def _name_help(word: str) -> str:
    offer = re.sub(r"[^a-z0-9]+", "_", word.lower()).strip("_")
    example = f": `{offer}`" if re.search(NAME, offer) and offer != word else ""
    return f"small letters, digits and single underscores, starting with a letter{example}"
