"""Conditions of a policy file, parsed into the one tree that every reader shares.

The entries of a condition must all hold, and so must the tests of one fact. A
plain value or a list of them against a set asks whether the set has one of them.
An amount by currency becomes one test a currency, of the account's own amount.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from duly.language.conditions import ALWAYS, All, Any, Compare, Condition, Includes, Is, Known, Not, Op
from duly.language.gate import Entry, List, Map, Node, Scalar
from duly.language.reads import OWN
from duly.language.vocabulary import LARGEST, Fact, Type
from duly.language.written import whole
from duly.language.written_values import Values
from duly.money import SCALES
from duly.source import Span


def parse_condition(read: Values, node: Node | None, facts: Mapping[str, Fact], span: Span) -> Condition:
    """A condition: all entries hold. A single entry is that entry, without an `All` around it."""
    if not isinstance(node, Map):
        return ALWAYS
    parts = [part for entry in node.entries for part in _entry(read, entry, facts)]
    return parts[0] if len(parts) == 1 else All(tuple(parts), span)


def _entry(read: Values, entry: Entry, facts: Mapping[str, Fact]) -> Iterator[Condition]:
    word, span = entry.key.text, _through(entry)
    match entry.value:
        case List(items) if word in {"any", "all"}:
            kind = Any if word == "any" else All
            yield kind(tuple(parse_condition(read, item, facts, item.span) for item in items), span)
        case Map() as inner if word == "not":
            yield Not(parse_condition(read, inner, facts, span), span)
        case _ if word in facts:
            yield _test(read, facts[word], entry.value, span)
        case _:
            pass


def _test(read: Values, fact: Fact, node: Node, span: Span) -> Condition:
    match node:
        case Scalar():
            return _equals(read, fact, (node,), span)
        case List(items):
            return _equals(read, fact, items, span)
        case Map(entries):
            tests = tuple(_one_test(read, fact, entry, span) for entry in entries)
            return tests[0] if len(tests) == 1 else All(tests, span)


def _one_test(read: Values, fact: Fact, entry: Entry, span: Span) -> Condition:
    word, value = entry.key.text, entry.value
    match word:
        case "at_least" | "over" | "at_most" | "below":
            return _compare(read, fact, Op(word), value, span)
        case "is_not" | "none_of" | "excludes":
            return Not(_equals(read, fact, value.items if isinstance(value, List) else (value,), span), span)
        case "known":
            known = Known(fact.name, span)
            return known if isinstance(value, Scalar) and value.text == "true" else Not(known, span)
        case _:
            return _equals(read, fact, (value,), span)


def _equals(read: Values, fact: Fact, nodes: Sequence[Node], span: Span) -> Condition:
    """One of the values; for a set, it has one of them."""
    scalars = [node for node in nodes if isinstance(node, Scalar)]
    if fact.type is Type.SET:
        members = tuple(Includes(fact.name, str(_value(read, fact, node)), span) for node in scalars)
        return members[0] if len(members) == 1 else Any(members, span)
    return Is(fact.name, tuple(_value(read, fact, node) for node in scalars), span)


def _compare(read: Values, fact: Fact, op: Op, node: Node, span: Span) -> Condition:
    if not isinstance(node, Map):
        return Compare(fact.name, op, _number(read, fact, node), span)
    # A threshold by currency looks at the account's own amount, whatever the policy's currency.
    own = fact.name + OWN
    tests: list[Condition] = []
    for entry in node.entries:
        if entry.key.text not in SCALES:
            read.currency_of(entry.key)
            continue
        amount = read.money(entry.value, entry.key.text)
        tests.append(All((Is("currency", (entry.key.text,), span), Compare(own, op, amount, span)), span))
    return Any(tuple(tests), span)


def _value(read: Values, fact: Fact, node: Scalar) -> int | str | bool:
    match fact.type:
        case Type.YES_NO:
            return node.text == "true"
        case Type.NUMBER | Type.PERCENT | Type.MONEY:
            return _number(read, fact, node)
        case _ if fact.named_by:
            return read.named(fact.named_by, node, or_none=fact.or_none)
        case _ if fact.name == "currency":
            return read.currency_of(node)
        case _ if fact.name == "country":
            return read.country(node)
        case _ if fact.name == "language":
            return read.language(node)
        case _:
            return node.text


def _number(read: Values, fact: Fact, node: Node) -> int:
    if fact.type is Type.MONEY:
        return read.money(node)
    number = whole(node)
    least, most = fact.least if fact.least is not None else -LARGEST, fact.most or LARGEST
    if not least <= number <= most:
        bounds = f"it goes from {least} to {most}" if most < LARGEST else f"it is at least {least}"
        read.report("out-of-bounds", node.span, f"`{fact.name}` never is {number}", bounds)
    return number


def _through(entry: Entry) -> Span:
    """From a key to the end of its value where both stand on one line."""
    key, value = entry.key.span, entry.value.span
    if key.file != value.file or key.line != value.line:
        return key
    return Span(key.file, key.line, key.column, value.column + value.length - key.column)
