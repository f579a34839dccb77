"""One small mistake in one part of a policy: where it is, how it read, and how it reads now.

An edit of a part becomes an edit of whatever holds the part (`within`), up to the
policy. Conditions are edited here, since every part has them: a number one more or
one less, a test turned round, a value of several left out, a part of several left
out, the whole turned round or left out.

`over` for `at_least` is no edit of its own: of whole numbers, `over 40` is `at_least 41`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any as Any_
from typing import Generic, TypeVar

from duly.language.conditions import ALWAYS, OPPOSITE, All, Any, Compare, Condition, Includes, Is, Known, Leaf, Not
from duly.language.english import english, subject
from duly.money import format_minor
from duly.source import NOWHERE, Span

T = TypeVar("T")
U = TypeVar("U")

LEFT_OUT = "left out"


class Sort(Enum):
    """What kind of mistake it is."""

    NUMBER = "number"
    NEGATED = "negated"
    LEFT_OUT = "left out"
    TONE = "tone"
    ORDER = "order"
    SETTING = "setting"


class Shows(Enum):
    """Where a mistake can show."""

    DECISION = "decision"
    """The same facts are decided otherwise."""
    FACTS = "facts"
    """The same ledger gives other facts."""
    DEEDS = "deeds"
    """The same is decided, and what is done about it is other: its words, its roles, its figures."""


@dataclass(frozen=True, slots=True)
class Edit(Generic[T]):
    """A part with one small mistake in it; `path` is dotted, in the words of the file."""

    path: str
    sort: Sort
    old: str
    new: str
    value: T
    span: Span = NOWHERE
    shows: Shows = Shows.DECISION


def within(edits: Iterable[Edit[T]], put: Callable[[T], U], path: str = "", span: Span = NOWHERE) -> Iterator[Edit[U]]:
    """Edits of a part as edits of what holds it; `span` is the place of those that have none."""
    for edit in edits:
        joined = ".".join(word for word in (path, edit.path) if word)
        at = edit.span if edit.span.line else span
        yield Edit(joined, edit.sort, edit.old, edit.new, put(edit.value), at, edit.shows)


def each(parts: tuple[T, ...], edits: Callable[[T], Iterable[Edit[T]]]) -> Iterator[Edit[tuple[T, ...]]]:
    """The edits of every one of several parts."""
    for n, part in enumerate(parts):
        yield from within(edits(part), lambda changed, n=n: (*parts[:n], changed, *parts[n + 1 :]))  # type: ignore[misc]


def changed(part: T, **values: Any_) -> T:  # noqa: ANN401  (as `replace` takes them)
    """The part with some of its values other."""
    return replace(part, **values)  # type: ignore[type-var]


def number(part: T, name: str, *, least: int = 0, money_in: str = "") -> Iterator[Edit[T]]:
    """A number of a part one less and one more, as far as the language allows it; an amount where it is money."""
    value: int = getattr(part, name)
    for other in (value - 1, value + 1):
        if other >= least:
            old, new = (format_minor(n, money_in) if money_in else str(n) for n in (value, other))
            yield Edit(name, Sort.NUMBER, old, new, changed(part, **{name: other}))


def choice(part: T, name: str, kind: type[Enum]) -> Iterator[Edit[T]]:
    """A word of a part changed for each of the others that it could be."""
    value: Enum = getattr(part, name)
    for other in kind:
        if other is not value:
            yield Edit(name, Sort.SETTING, value.value, other.value, changed(part, **{name: other}))


def showing(edits: Iterable[Edit[T]], shows: Shows, path: str = "") -> Iterator[Edit[T]]:
    """The edits as ones that show elsewhere than in the decision, at another path where one is given."""
    for edit in edits:
        yield replace(edit, shows=shows, path=path or edit.path)


def dotted(pointer: str) -> str:
    """The path of a part as people write it."""
    return pointer.strip("/").replace("/", ".")


def without(parts: tuple[T, ...], n: int) -> tuple[T, ...]:
    """The parts but one."""
    return (*parts[:n], *parts[n + 1 :])


def swapped(parts: tuple[T, ...], n: int) -> tuple[T, ...]:
    """The parts with one and the next in each other's place."""
    return (*parts[:n], parts[n + 1], parts[n], *parts[n + 2 :])


def of_condition(condition: Condition, currency: str) -> Iterator[Edit[Condition]]:
    """Every small mistake in a condition; the one that always holds has none."""
    if condition == ALWAYS:
        return
    yield Edit("", Sort.LEFT_OUT, "", LEFT_OUT, ALWAYS, condition.span)
    if isinstance(condition, All | Any) and len(condition.parts) > 1:
        yield Edit("", Sort.NEGATED, "", "turned round", Not(condition), condition.span)
    yield from _inside(condition, currency)


def _inside(condition: Condition, currency: str) -> Iterator[Edit[Condition]]:
    match condition:
        case All(parts) | Any(parts):
            kind = type(condition)
            for n, part in enumerate(parts):
                if len(parts) > 1:
                    less = kind(without(parts, n), condition.span)
                    yield Edit(_name(part), Sort.LEFT_OUT, "", LEFT_OUT, less, part.span)
                yield from within(
                    _inside(part, currency),
                    lambda new, n=n: kind((*parts[:n], new, *parts[n + 1 :]), condition.span),  # type: ignore[misc]
                )
        case Not(part):
            yield Edit(_name(part), Sort.NEGATED, *_told(condition, part, currency), part, condition.span)
            inner = (edit for edit in _inside(part, currency) if edit.sort is not Sort.NEGATED)
            yield from within(inner, lambda new: _not(new, condition.span))
        case Compare() | Is() | Includes() | Known():
            for sort, leaf in _leaves(condition):
                yield Edit(condition.fact, sort, *_told(condition, leaf, currency), leaf, condition.span)


def _leaves(leaf: Leaf) -> Iterator[tuple[Sort, Condition]]:
    match leaf:
        case Compare(fact, op, number, span):
            yield Sort.NUMBER, Compare(fact, op, number - 1, span)
            yield Sort.NUMBER, Compare(fact, op, number + 1, span)
            yield Sort.NEGATED, Compare(fact, OPPOSITE[op], number, span)
        case Is(fact, (bool(yes),), span):
            yield Sort.NEGATED, Is(fact, (not yes,), span)
        case Is(_, values):
            yield Sort.NEGATED, Not(leaf, leaf.span)
            if len(values) > 1:
                yield from ((Sort.LEFT_OUT, replace(leaf, values=without(values, n))) for n in range(len(values)))
        case _:
            yield Sort.NEGATED, Not(leaf, leaf.span)


def _not(condition: Condition, span: Span) -> Condition:
    return Not(condition, span)


def _told(old: Condition, new: Condition, currency: str) -> tuple[str, str]:
    """Both in words, without what they begin with alike: the path says what they are about."""
    said = english(old, currency), english(new, currency)
    about = f"{subject(_name(old))} is "
    if all(words.startswith(about) for words in said):
        return said[0].removeprefix(about), said[1].removeprefix(about)
    return said


def _name(condition: Condition) -> str:
    """The fact of a condition that is about one."""
    match condition:
        case All() | Any():
            return ""
        case Not(part):
            return _name(part)
        case _:
            return condition.fact
