"""Only this customer: what every message of every run is held against after it was rendered.

The finished text, HTML and PDF are read like a stranger would read them: every
invoice of the matter, every amount and every total must stand there, no invoice and
no customer of anybody else may, and no sum of money that is not the customer's own.
Whose an id is comes from the book directly and not from what made the message.

A word of the wording or of the customer's own address may look like somebody's id
(`12`, `2026`); that is no leak, and only such words are excused.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

from duly.messages.matter import Matter, Rendered
from duly.messages.sandbox import Unrenderable
from duly.messages.writing import Writing, writing

KNOWN_CURRENCIES = ("AUD", "CAD", "CHF", "EUR", "GBP", "JPY", "USD")
"""Amounts in these are recognised in every message, beside those of its own currencies."""

SHORTEST_ID = 4
"""In notes that people wrote, shorter words and words without a digit are not taken for ids."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose every invoice and customer id of a book is: the id of the customer who pays for it."""

    invoices: Mapping[str, str]
    words: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, invoices: Mapping[str, str], customers: Mapping[str, str]) -> Owners:
        """From who pays for each invoice and who for each customer."""
        alone = {payer: frozenset({payer}) for payer in {*invoices.values(), *customers.values()}}
        words: dict[str, frozenset[str]] = {}
        for id_, payer in chain(invoices.items(), customers.items()):
            word = id_.strip(_EDGE)
            words[word] = words[word] | alone[payer] if word in words else alone[payer]
        words.pop("", None)
        return cls(MappingProxyType(dict(invoices)), MappingProxyType(words))

    def strange(self, words: Iterable[str], customer: str) -> list[str]:
        """Those of the words that are ids, and of somebody else alone."""
        known = self.words
        return [word for word in words if word in known and customer not in known[word]]


def check_matter(matter: Matter, owners: Owners) -> None:
    """Refuse a matter whose lines are not the customer's, or do not add up to its totals."""
    for line in matter.lines:
        if owners.invoices.get(line.invoice) != matter.customer.id:
            whose = "another customer's" if line.invoice in owners.invoices else "nobody's"
            raise Unrenderable("another-customers", f"invoice `{line.invoice}` is {whose}")
    sums: dict[str, int] = {}
    for line in matter.lines:
        sums[line.currency] = sums.get(line.currency, 0) + line.open
    if matter.lines and sums != dict(matter.totals):
        raise Unrenderable("wrong-total", "the totals are not those of the invoices")
    _check_statement(matter)


def _check_statement(matter: Matter) -> None:
    """Refuse balances and ages that the matter's own lines and money do not come to, currency by currency."""
    left = dict(matter.totals)
    for one in matter.on_account:
        left[one.currency] = left.get(one.currency, 0) - one.amount
    if (matter.on_account or matter.balances) and left != dict(matter.balances):
        raise Unrenderable("wrong-total", "the balances are not the totals less what is on account")
    aged = {one.currency: sum(one.amounts) for one in matter.ages}
    if matter.ages and aged != dict(matter.totals):
        raise Unrenderable("wrong-total", "what is open by age does not add up to the totals")


def check_message(matter: Matter, message: Rendered, pdf_text: str, owners: Owners, wording: str) -> None:
    """Refuse a message that says less than its matter, or anything of anybody else.

    `wording` is what the template and the phrases say by themselves.
    """
    manner = writing(matter.language, matter.customer.country)
    forms = {"text": f"{message.subject}\n{message.text}"}
    if message.html:
        forms["html"] = _seen(message.html)
    if message.pdf:
        forms["pdf"] = pdf_text
    own = _own_amounts(matter, manner)
    for form, text in forms.items():
        words = _words(text)
        amounts = frozenset(_amounts(text, manner, _currencies(matter)))
        # On paper a line may be broken anywhere, so what is looked for there is looked for without spaces.
        squeezed = "".join(text.split()) if form == "pdf" else ""
        for line in matter.lines:
            if line.invoice.strip(_EDGE) not in words and not (squeezed and line.invoice in squeezed):
                raise Unrenderable("not-all-said", f"the {form} does not name invoice `{line.invoice}`")
        for amount in own.must:
            if amount not in amounts and not (squeezed and "".join(amount.split()) in squeezed):
                raise Unrenderable("not-all-said", f"the {form} does not name {amount}")
        if not amounts <= own.may:
            _refuse_strange(form, amounts, own.may | _told_amounts(matter, manner))
        if ids := owners.strange(words, matter.customer.id):
            _refuse_strangers(form, ids, _excused(matter, manner, own, wording))


def _refuse_strange(form: str, amounts: frozenset[str], own: frozenset[str]) -> None:
    """Refuse an amount that is not the customer's; a PDF may have lost the front of one at a space inside it."""
    ends = tuple("".join(amount.split()) for amount in own) if form == "pdf" else ()
    for amount in sorted(amounts - own):
        if not any(end.endswith("".join(amount.split())) for end in ends):
            raise Unrenderable("another-amount", f"the {form} names {amount}, which is no sum of this customer's")


def _refuse_strangers(form: str, ids: list[str], excused: frozenset[str]) -> None:
    for word in sorted(set(ids) - excused):
        raise Unrenderable("another-customers", f"the {form} names `{word}`, which is another customer's")


# Words that may be ids.

_EDGE = "._/:#-"
_WORD = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/:#-]*[A-Za-z0-9])?")
_INSIDE = re.compile(r"[/:#]+")


def _words(text: str) -> set[str]:
    """Every word that can be an id, without what a sentence puts around it, and the pieces of a word."""
    words = set(_WORD.findall(text))
    joined = [word for word in words if "/" in word or ":" in word or "#" in word]
    words.update(piece.strip(_EDGE) for word in joined for piece in _INSIDE.split(word))
    return words


_TAG = re.compile(r"<[^>]*>")


def _seen(page: str) -> str:
    """What a reader sees of our own HTML; in it no attribute holds a `>`."""
    return html.unescape(_TAG.sub(" ", page))


def _excused(matter: Matter, manner: Writing, own: _Amounts, wording: str) -> frozenset[str]:
    """Words of the message that are no id of anybody: of the wording, of people and places, of days and amounts."""
    texts = [wording, *_places(matter), *own.may]
    told = (
        matter.answer_by,
        matter.away_until,
        matter.hold_day,
        matter.since,
        matter.advised.day if matter.advised else None,
    )
    days = [matter.as_of, matter.pay_by, *(day for day in told if day)]
    for line in matter.lines:
        days += [line.due_date, *([line.invoice_date] if line.invoice_date else [])]
        texts += [str(line.days_past_due), manner.number(line.days_past_due)]
    days += [said.day for said in matter.history]
    days += [one.day for one in matter.on_account if one.day]
    texts += [form(day) for day in days for form in (manner.day, manner.short_day)]
    texts += [str(len(matter.lines)), *map(str, range(1, 21)), *([str(matter.terms)] if matter.terms else [])]
    excused = {word for text in texts for word in _words(text)}
    excused.update(word for said in matter.history for word in _words(said.what) if _is_no_id(word))
    return frozenset(excused)


def _is_no_id(word: str) -> bool:
    return len(word) < SHORTEST_ID or not any(map(str.isdigit, word))


def _places(matter: Matter) -> Iterator[str]:
    """What the matter says of companies and people; ids of invoices and notes are not among it."""
    for party in (matter.creditor, matter.customer):
        yield from (party.id, party.name, party.country, party.email, party.phone, *party.address, *party.pay_to)
    for person in (matter.collector, matter.salesperson, matter.asked, matter.away):
        if person is not None:
            yield from (person.id, person.name, person.email, person.phone)
    yield from (matter.contact_name, matter.reference, *matter.guidance)
    yield from (matter.pays, matter.decides, matter.steps_in, matter.paying)
    if told := matter.advised:
        yield from (told.about, told.order, *told.position, *(text for said in told.recommended for text in said))


# Amounts.


@dataclass(frozen=True, slots=True)
class _Amounts:
    """The amounts of a matter as they are written: those that must be there, and all that may be."""

    must: frozenset[str]
    may: frozenset[str]


def _own_amounts(matter: Matter, manner: Writing) -> _Amounts:
    must = {manner.money(line.open, line.currency) for line in matter.lines}
    if matter.lines:
        must |= {manner.money(minor, currency) for currency, minor in matter.totals}
    issued = {manner.money(line.amount, line.currency) for line in matter.lines if line.amount is not None}
    limit = {manner.money(matter.limit[1], matter.limit[0])} if matter.limit else set()
    totals = {manner.money(minor, currency) for currency, minor in matter.totals}
    if matter.on_account:
        must |= {manner.money(minor, currency) for currency, minor in matter.balances}
        must |= {manner.money(-one.amount, one.currency) for one in matter.on_account}
    aged = {manner.money(minor, one.currency) for one in matter.ages for minor in one.amounts}
    return _Amounts(frozenset(must), frozenset(must | issued | limit | totals | aged))


def _currencies(matter: Matter) -> tuple[str, ...]:
    own = {line.currency for line in matter.lines} | {currency for currency, _ in matter.totals}
    own |= {one.currency for one in matter.on_account}
    if matter.limit:
        own.add(matter.limit[0])
    return tuple(sorted(own.union(KNOWN_CURRENCIES)))


_NUMBER = re.compile(r"\d(?:[\d.,'’\u00a0\u202f]*\d)?")


def _amounts(text: str, manner: Writing, currencies: tuple[str, ...]) -> Iterator[str]:
    """Every amount in the text: a number with what the manner writes before or after it for some currency."""
    signs = _signs(manner, currencies)
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if text[start - 1 : start] in signs.last and text.endswith(signs.before, 0, start):
            start -= next(len(sign) for sign in signs.before if text.endswith(sign, 0, start))
            yield text[start:end]
        elif text[end : end + 1] in signs.first and text.startswith(signs.after, end):
            end += next(len(sign) for sign in signs.after if text.startswith(sign, end))
            minus = text[start - 1 : start] in _MINUS and not text[start - 2 : start - 1].isalnum()
            yield text[start - minus : end]


_MINUS = frozenset("-\u2212")


@dataclass(frozen=True, slots=True)
class _Signs:
    """What a manner writes before and after the digits of amounts, longest first, and where that touches the digits."""

    before: tuple[str, ...]
    after: tuple[str, ...]
    last: frozenset[str]
    first: frozenset[str]


@lru_cache(maxsize=256)
def _signs(manner: Writing, currencies: tuple[str, ...]) -> _Signs:
    before, after = set(), set()
    for currency in currencies:
        for minor in (1, -1):
            written = manner.money(minor, currency)
            digits = [number for number, character in enumerate(written) if character.isdigit()]
            before.add(written[: digits[0]])
            after.add(written[digits[-1] + 1 :])
    before -= {"", *_MINUS}
    after -= {""}
    return _Signs(
        _longest_first(before),
        _longest_first(after),
        frozenset(sign[-1] for sign in before),
        frozenset(sign[0] for sign in after),
    )


def _longest_first(signs: set[str]) -> tuple[str, ...]:
    return tuple(sorted(signs, key=lambda sign: (-len(sign), sign)))


def _told_amounts(matter: Matter, manner: Writing) -> frozenset[str]:
    """Amounts in what people noted about this customer, or that look like one in a name or an address."""
    currencies = _currencies(matter)
    texts: Iterable[str] = (*(said.what for said in matter.history), *_places(matter))
    return frozenset(amount for text in texts for amount in _amounts(text, manner, currencies))
