"""The shared scorecard as pages: figures rounded to one decimal, and the arithmetic where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby

from duly.figures.formulas import FORMULAS, ROLL_RATE, Figure, Formula, Term, filled_in
from duly.figures.ledger import BUCKETS
from duly.figures.scorecard import CASH, Card, Of, Scorecard
from duly.messages.pages import Cell, Money, Page, tenths
from duly.money import format_decimal

NOBODY = "(nobody)"
SIGN = {"days": "days", "per cent": "%"}


def pages(scorecard: Scorecard, *, arithmetic: bool) -> tuple[Page, ...]:
    """For each creditor and currency a page of money, one of figures and one of roll rates; then the arithmetic."""
    if not scorecard.cards:
        return (Page(f"Scorecard {scorecard.quarter}: nothing happened and nothing is open", (), (), ()),)
    made = []
    for (creditor, currency), those in groupby(scorecard.cards, key=lambda card: (card.creditor, card.currency)):
        cards = tuple(those)
        where = f"{creditor}, {currency}"
        made.append(_page(scorecard, cards, f"{where}: sales and cash", MONEY, _money, _money_notes(scorecard)))
        made.append(_page(scorecard, cards, f"{where}: how well", _titles(cards[0]), _values, _well_notes(scorecard)))
        rolling = tuple(figure.of for figure in cards[0].figures if figure.formula is ROLL_RATE)
        made.append(_page(scorecard, cards, f"{where}: roll rates in 30 days, %", rolling, _rolling, ()))
    if arithmetic:
        made += [_arithmetic(card) for card in scorecard.cards]
        made.append(Page("Formulas", (), (), (), (), tuple(line for formula in FORMULAS for line in _formula(formula))))
    return tuple(made)


def wide_pages(scorecard: Scorecard) -> tuple[Page, ...]:
    """One row a card with everything on it, for a spreadsheet."""
    columns = ("creditor", "currency", *_who_columns(scorecard.of), *MONEY, *OPEN, "disputes opened", "disputes open")
    figures = tuple(map(_title, scorecard.cards[0].figures)) if scorecard.cards else ()
    rows = tuple(
        (
            card.creditor,
            card.currency,
            *_who(card),
            *_money(card),
            *(Money(amount, card.currency) for amount in card.open),
            card.disputes_opened,
            card.disputes_open,
            *(figure.value for figure in card.figures),
        )
        for card in scorecard.cards
    )
    return (Page("", (("quarter", str(scorecard.quarter)),), (*columns, *figures), rows),)


def arithmetic_line(figure: Figure, currency: str) -> str:
    """A figure as a sum that can be done again by hand."""
    head = f"{_title(figure)} ({figure.formula.name}, version {figure.formula.version})"
    shown = {term.name: _shown(term, currency) for term in figure.terms}
    if figure.value is None:
        known = ", ".join(f"{name} {value}" for name, value in shown.items())
        return f"{head}: none, because {figure.why_not} ({known})"
    return f"{head} = {filled_in(figure, shown)} = {tenths(figure.value)} {SIGN[figure.formula.unit]}"


MONEY = (
    "sales booked",
    "credit sales",
    *(f"cash {word.replace('_', ' ')}" for word in CASH),
    "cash in all",
    "returned",
)
OPEN = tuple(f"open {bucket.replace('_', ' ')}" for bucket in BUCKETS)


def _page(
    scorecard: Scorecard,
    cards: tuple[Card, ...],
    what: str,
    columns: tuple[str, ...],
    cells: Callable[[Card], tuple[Cell, ...]],
    notes: tuple[str, ...],
) -> Page:
    rows = tuple((*_who(card), *cells(card)) for card in cards)
    about = (("creditor", cards[0].creditor), ("currency", cards[0].currency))
    title = f"Scorecard {scorecard.quarter}, {what}"
    return Page(title, about, (*_who_columns(scorecard.of), *columns), rows, (), notes)


def _money_notes(scorecard: Scorecard) -> tuple[str, ...]:
    if scorecard.quarter.is_whole:
        return ()
    return (f"The quarter is not over: {scorecard.quarter.days} days of it are counted.",)


def _well_notes(scorecard: Scorecard) -> tuple[str, ...]:
    if not scorecard.journal:
        return ()
    return (f"Promises and disputes are those of the book and of the journal of `{scorecard.journal}`.",)


def _who_columns(of: Of) -> tuple[str, ...]:
    match of:
        case Of.PAIR:
            return ("salesperson", "collector")
        case Of.EVERYBODY:
            return ("of",)
        case _:
            return (of.value,)


def _who(card: Card) -> tuple[str, ...]:
    named = tuple(name or NOBODY for name in (card.salesperson, card.collector) if name is not None)
    return named or ("everybody",)


def _money(card: Card) -> tuple[Cell, ...]:
    amounts = (card.sales_booked, card.credit_sales, *card.cash, card.cash_total, card.returned)
    return tuple(Money(amount, card.currency) for amount in amounts)


def _titles(card: Card) -> tuple[str, ...]:
    return (
        *(_title(figure) for figure in card.figures if figure.formula is not ROLL_RATE),
        "disputes opened",
        "still open",
    )


def _values(card: Card) -> tuple[Cell, ...]:
    figures = (figure.value for figure in card.figures if figure.formula is not ROLL_RATE)
    return (*figures, card.disputes_opened, card.disputes_open)


def _rolling(card: Card) -> tuple[Cell, ...]:
    return tuple(figure.value for figure in card.figures if figure.formula is ROLL_RATE)


def _title(figure: Figure) -> str:
    sign = "" if figure.formula.unit == "days" else ", %"
    of = f" {figure.of.replace('_', ' ')}" if figure.of else ""
    return f"{figure.formula.title}{of}{sign}"


def _arithmetic(card: Card) -> Page:
    about = (("creditor", card.creditor), ("currency", card.currency))
    lines = tuple(f"  {arithmetic_line(figure, card.currency)}" for figure in card.figures)
    title = f"Arithmetic: {' with '.join(_who(card))}, {card.creditor}, {card.currency}"
    return Page(title, about, (), (), (), lines)


def _formula(formula: Formula) -> tuple[str, ...]:
    return (
        f"  {formula.name}, version {formula.version}: {formula.says}",
        f"    source: {formula.source}",
    )


def _shown(term: Term, currency: str) -> str:
    return format_decimal(term.value, currency, separator=",") if term.is_money else str(term.value)
