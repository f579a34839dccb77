"""The manual of facts, printed from the vocabulary: `duly facts` and `duly facts NAME`.

There is no second copy of it anywhere.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from duly.language.schema import ASKING
from duly.language.suggest import closest
from duly.language.vocabulary import ACCOUNT, INVOICE, LARGEST, Fact, Layer, Names, Type

WIDTH = 100

TESTS: Mapping[Type, str] = {
    Type.NUMBER: "a value, a list of values, at_least, over, at_most, below, is_not, none_of",
    Type.MONEY: "a value, a list of values, at_least, over, at_most, below (also by currency), is_not, none_of",
    Type.PERCENT: "a value, a list of values, at_least, over, at_most, below, is_not, none_of",
    Type.CHOICE: "a value, a list of values, is_not, none_of",
    Type.TEXT: "a value, a list of values, is_not, none_of",
    Type.SET: "a value or a list of values (has one of them), includes, excludes",
    Type.YES_NO: "true, false",
}

NAMED_BY: Mapping[Names, str] = {
    Names.SEGMENTS: "the policy's segments",
    Names.STAGES: "the policy's stages",
    Names.TONES: "the policy's tones",
    Names.LADDERS: "the policy's ladders",
    Names.PAUSES: "the policy's account pauses",
    Names.SALES: "the policy's sales rules",
    Names.HOLDS: "the policy's holds",
}


def fact_list() -> str:
    """Every fact with what it means, in the order of the vocabulary."""
    known = [fact for fact in ACCOUNT.values() if fact.layer is Layer.ACCOUNT]
    decided = [fact for fact in ACCOUNT.values() if fact.layer is not Layer.ACCOUNT]
    groups = (
        ("Facts of an account, known before anything is decided", known),
        ("Facts that the layers of a policy decide, each readable after its layer", decided),
        ("Facts of an invoice, for pauses of invoices", list(INVOICE.values())),
    )
    width = max(len(fact.name) for _, facts in groups for fact in facts) + 2
    lines: list[str] = []
    for title, facts in groups:
        lines += [title, ""]
        for fact in facts:
            lines += _paragraph(f"  {fact.name:{width}}", fact.definition)
        lines.append("")
    return "\n".join([*lines, "`duly facts NAME` says more about one of them."])


def fact_page(name: str) -> str | None:
    """All about one fact, or about both where the account and the invoice have one; None where there is none."""
    pages = [facts[name] for facts in (ACCOUNT, INVOICE) if name in facts]
    return "\n\n".join(_page(fact) for fact in pages) if pages else None


def no_such_fact(name: str) -> str:
    """What to say of a name that no fact has."""
    meant = closest(name, [*ACCOUNT, *INVOICE])
    return f"`{name}` is not a fact; {f'did you mean `{meant}`?' if meant else '`duly facts` lists them all'}"


def _page(fact: Fact) -> str:
    of = "invoice" if fact.layer is Layer.INVOICE else "account"
    lines = [f"{fact.name}  (a fact of the {of})", *_paragraph("  ", fact.definition), ""]
    for label, text in _rows(fact):
        lines += _paragraph(f"  {label:12}", text)
    return "\n".join(lines)


def _rows(fact: Fact) -> Iterator[tuple[str, str]]:
    yield "type", _type(fact)
    if values := _values(fact):
        yield "values", values
    yield "unknown", "may be unknown; a test of it then does not hold, nor does `not`" if fact.unknown else "never"
    yield "read by", _readers(fact)
    if fact.softens_only:
        yield "but", ONLY_SOFTENS
    if fact.tables:
        yield "book", ", ".join(fact.tables)
    tests = TESTS[fact.type]
    yield "tests", f"{tests}, known" if fact.unknown else tests
    yield "example", fact.example or _example(fact)


def _type(fact: Fact) -> str:
    if fact.type is Type.MONEY:
        return "money, in the policy's currency"
    unit = f", in {fact.unit}" if fact.unit and fact.unit != fact.type.value else ""
    return f"{fact.type.value}{unit}"


def _values(fact: Fact) -> str:
    none = ", or none" if fact.or_none else ""
    if fact.members:
        return ", ".join(fact.members) + none
    if fact.named_by:
        return NAMED_BY[fact.named_by] + none
    if fact.type is Type.MONEY or fact.least is None or fact.most is None:
        return ""
    if fact.most >= LARGEST:
        return f"{fact.least} or more" if fact.least > -LARGEST else "any"
    return f"{fact.least} to {fact.most}"


ONLY_SOFTENS = (
    "it may only soften: it begins pauses and tone limits and releases holds, never the other way round, and a policy "
    "in which it could harden anything is refused"
)


def _readers(fact: Fact) -> str:
    if fact.layer is Layer.INVOICE:
        return "pauses of invoices"
    hardening = {Layer.SEGMENT, Layer.STAGE} if fact.softens_only else set[Layer]()
    readers = [part for layer, part in ASKING.items() if layer > fact.layer and layer not in hardening]
    return ", ".join([*readers, "guarantees"]) if len(readers) < len(ASKING) else "every condition on an account"


def _example(fact: Fact) -> str:
    match fact.type:
        case Type.NUMBER | Type.PERCENT:
            return f"{fact.name}: {{at_least: 3}}"
        case Type.MONEY:
            return f"{fact.name}: {{over: 1000.00}}"
        case Type.YES_NO:
            return f"{fact.name}: true"
        case Type.SET:
            return f"{fact.name}: {{excludes: {_member(fact)}}}"
        case Type.CHOICE | Type.TEXT:
            return f"{fact.name}: {_member(fact)}"


def _member(fact: Fact) -> str:
    examples = {
        Names.SEGMENTS: "strategic", Names.STAGES: "demand", Names.TONES: "firm", Names.LADDERS: "standard",
        Names.PAUSES: "promised", Names.SALES: "before_hold", Names.HOLDS: "credit",
    }  # fmt: skip
    words = {
        "creditor": "main",
        "currency": "USD",
        "country": "US",
        "language": "en",
        "region": "north",
        "tags": "seasonal",
    }
    if fact.named_by:
        return examples[fact.named_by]
    return fact.members[0] if fact.members else words.get(fact.name, "some_id")


def _paragraph(label: str, text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label), break_long_words=False)
