"""Late interest on two real ledgers, held against the files themselves row by row."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from duly.book.book import Book, Presence
from duly.book.read import read_book
from duly.figures.charges import Charges, charges_of
from duly.figures.interest import rounded
from duly.language.policy import Charges as ChargesPart
from duly.language.policy import ChooseLadder, Policy
from tests.book.facts.seen import a_policy, stage
from tests.shared.hostile import SHARED
from tests.shared.test_real_ledgers import IBM, hrc, ledger

DATA = SHARED / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real ledgers are not here: set DULY_SHARED")


def charged(book: Book, as_of: date, *, with_settled: bool) -> Charges:
    """The charges at 12 % a year; a table that is not there is one that is empty."""
    told = {name: Presence.NONE if is_ is Presence.ABSENT else is_ for name, is_ in book.given.items()}
    return charges_of(replace(book, given=told), policy(), as_of, with_settled=with_settled)


def policy() -> Policy:
    terms = ChargesPart(late_interest="contract", contract_pct="12")
    return replace(a_policy(stage("reminder", 4000)), charges=terms, choose_ladder=ChooseLadder(otherwise="standard"))


def test_interest_on_every_invoice_of_a_settled_ledger_is_that_of_its_own_row(tmp_path: Path) -> None:
    book = read_book(ledger(tmp_path, "late_payments_ibm.csv", IBM))
    charges = charged(book, date(2014, 12, 31), with_settled=True)
    with (DATA / "late_payments_ibm.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    # The day on which the money came bears no interest, so the days late that the file states are one too many.
    by_hand = {
        row["invoiceNumber"]: rounded(Fraction(row["InvoiceAmount"]) * 12 * (int(row["DaysLate"]) - 1) / 365)
        for row in rows
        if int(row["DaysLate"]) > 1
    }
    assert len(by_hand) > 800
    assert {charge.invoice: charge.amount for charge in charges.proposed} == by_hand


def test_interest_on_every_open_item_of_an_open_ledger_is_that_of_its_own_row(tmp_path: Path) -> None:
    as_of = date(2020, 3, 31)
    book = read_book(hrc(tmp_path))
    owed = book.connection.execute(
        "SELECT invoice, open, greatest(due_date, invoice_date), settled_on FROM invoices WHERE invoice_date <= ?",
        [as_of],
    ).fetchall()
    by_hand = {
        invoice: rounded(Fraction(open_) * 12 * (as_of - last).days / 100 / 365)
        for invoice, open_, last, settled in owed
        if last < as_of and open_ > 0 and settled is None
    }
    charges = charged(book, as_of, with_settled=False)
    assert len(by_hand) > 1_000
    assert {charge.invoice: charge.amount for charge in charges.proposed} == by_hand
    assert set(charges.untold) == by_hand.keys()
