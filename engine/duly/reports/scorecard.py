"""The shared scorecard, for people and for programs.

Programs get every figure with its formula, version, terms and exact value; people
get it rounded to one decimal, and the arithmetic where they ask for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from duly.figures.formulas import FORMULAS
from duly.figures.ledger import BUCKETS
from duly.figures.scorecard import CASH, Card, Scorecard
from duly.messages.pages import tenths
from duly.messages.scorecard import arithmetic_line, pages, wide_pages

__all__ = ["arithmetic_line", "as_json", "pages", "wide_pages"]


def as_json(scorecard: Scorecard) -> Iterator[str]:
    """The scorecard as JSON: money in minor units, figures as exact fractions with their terms."""
    quarter = scorecard.quarter
    yield json.dumps(
        {
            "quarter": str(quarter),
            "first": quarter.first.isoformat(),
            "last": quarter.last.isoformat(),
            "of": scorecard.of.value,
            "journal": scorecard.journal,
            "formulas": {
                f.name: {"version": f.version, "title": f.title, "unit": f.unit, "says": f.says, "source": f.source}
                for f in FORMULAS
            },
            "cards": [_record(card) for card in scorecard.cards],
        },
        ensure_ascii=False,
        indent=2,
    )


def _record(card: Card) -> dict[str, object]:
    return {
        "creditor": card.creditor,
        "currency": card.currency,
        "salesperson": card.salesperson,
        "collector": card.collector,
        "sales_booked": card.sales_booked,
        "credit_sales": card.credit_sales,
        "cash": dict(zip(CASH, card.cash, strict=True)),
        "cash_total": card.cash_total,
        "returned": card.returned,
        "open": dict(zip(BUCKETS, card.open, strict=True)),
        "disputes_opened": card.disputes_opened,
        "disputes_open": card.disputes_open,
        "figures": [
            {
                "formula": figure.formula.name,
                "version": figure.formula.version,
                "of": figure.of,
                "terms": {term.name: term.value for term in figure.terms},
                "working": figure.working,
                "value": None
                if figure.value is None
                else {"numerator": figure.value.numerator, "denominator": figure.value.denominator},
                "shown": None if figure.value is None else tenths(figure.value),
                "why_not": figure.why_not,
            }
            for figure in card.figures
        ],
    }
