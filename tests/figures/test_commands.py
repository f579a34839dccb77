"""`duly aging`, `duly statement` and `duly scorecard`, as they are typed."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from duly.journal.entry import Draft, Event
from duly_cli.main import main
from tests.record.journals import journal_in

POLICY = """\
duly: 1
policy: small
currency: USD
late: {basis: due_date, grace_days: 3}
segments: {everyone: {}}
tones: [friendly]
ladder:
  stages:
    reminder: {after: {days: 4}, tone: friendly, send: {email: reminder}}
"""
BOOK = """\
duly_book: 1
currency: USD
creditor: orchard
assume: {time_zone: America/New_York}
tables:
  rates: [{day: 2026-01-01, from: EUR, to: USD, rate: "1.10"}]
  credits: none
  sales: none
  promises: none
  disputes: none
"""
CUSTOMERS = """\
customer,name,salesperson,collector
C1,=1+1,s1,k1
C2,Birch Bakery Supply,s1,k1
"""
PEOPLE = """\
person,name,role
s1,Salesperson 1,salesperson
k1,Collector 1,collector
"""
INVOICES = """\
invoice,customer,amount,currency,invoice_date,due_date
I1,C1,150000.00,USD,2026-01-01,2026-02-01
I2,C2,20.00,EUR,2026-02-01,2026-04-15
"""
PAYMENTS = """\
payment,customer,invoice,amount,currency,day
P1,C1,I1,50000.00,USD,2026-03-05
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    book = tmp_path / "book"
    book.mkdir()
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (book / "book.yaml").write_text(BOOK, encoding="utf-8")
    tables = {"customers": CUSTOMERS, "people": PEOPLE, "invoices": INVOICES, "payments": PAYMENTS}
    for name, content in tables.items():
        (book / f"{name}.csv").write_text(content, encoding="utf-8")
    return tmp_path


def duly(folder: Path, verb: str, *options: str, as_of: str = "2026-03-31") -> Result:
    arguments = [verb, str(folder / "policy.yaml"), str(folder / "book"), "--as-of", as_of, *options]
    return CliRunner().invoke(main, arguments)


def test_the_trial_balance_has_a_page_and_a_total_for_each_currency(folder: Path) -> None:
    shown = duly(folder, "aging").stdout
    assert "owed to orchard, in EUR" in shown
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith("total")] == ["20.00", "100,000.00"]


def test_the_same_balance_comes_as_rows_for_a_spreadsheet(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(duly(folder, "aging", "--format", "csv").stdout)))
    assert [(row["currency"], row["customer"], row["name"], row["total"]) for row in rows] == [
        ("EUR", "C2", "Birch Bakery Supply", "20.00"),
        ("USD", "C1", "'=1+1", "100000.00"),
    ]


def test_the_same_balance_comes_in_minor_units_for_programs(folder: Path) -> None:
    record = json.loads(duly(folder, "aging", "--by", "collector", "--format", "json").stdout)
    assert [(line["group"], line["currency"], line["total"]) for line in record["lines"]] == [
        ("k1", "EUR", 2_000),
        ("k1", "USD", 10_000_000),
    ]
    assert record["totals"][1]["buckets"]["31-60"] == 10_000_000


def test_a_workbook_has_a_sheet_a_page_and_runs_nothing(folder: Path) -> None:
    assert duly(folder, "aging", "--format", "xlsx", "--out", str(folder / "a.xlsx")).exit_code == 0
    again = folder / "b.xlsx"
    assert duly(folder, "aging", "--format", "xlsx", "--out", str(again)).exit_code == 0
    assert again.read_bytes() == (folder / "a.xlsx").read_bytes()
    book = openpyxl.load_workbook(again)
    assert book.sheetnames == ["1 orchard EUR", "2 orchard USD"]
    name = book["2 orchard USD"].cell(4, 2)
    assert (name.value, name.data_type, name.quotePrefix) == ("=1+1", "s", True)
    assert book["2 orchard USD"].cell(4, 9).value == 100_000


@pytest.mark.parametrize(("what", "seen"), [("past-due", "I1"), ("new-customers", "week to 2026-03-31: none")])
def test_the_lists_come_in_every_form(folder: Path, what: str, seen: str) -> None:
    assert seen in duly(folder, "aging", "--list", what).stdout
    assert json.loads(duly(folder, "aging", "--list", what, "--format", "json").stdout)["as_of"] == "2026-03-31"
    assert duly(folder, "aging", "--list", what, "--format", "csv").stdout.splitlines()[0].count(",") >= 4


def test_the_past_due_list_needs_the_rates_that_a_plan_needs(folder: Path) -> None:
    lines = (line for line in BOOK.splitlines(keepends=True) if "rates" not in line)
    (folder / "book" / "book.yaml").write_text("".join(lines), encoding="utf-8")
    refused = duly(folder, "aging", "--list", "past-due")
    assert refused.exit_code == 4
    assert "[missing-rate]" in refused.stderr
    assert duly(folder, "aging").exit_code == 0


def test_a_statement_names_who_sells_and_who_collects(folder: Path) -> None:
    shown = duly(folder, "statement", "--customer", "C1").stdout
    assert "Sales: Salesperson 1" in shown
    assert "Accounts: Collector 1" in shown
    assert "C2" not in shown
    (record,) = json.loads(duly(folder, "statement", "--customer", "C1", "--format", "json").stdout)
    assert (record["open"], record["balance"], record["collector"]["name"]) == (10_000_000, 10_000_000, "Collector 1")


def test_a_customer_that_owes_nothing_has_no_statement(folder: Path) -> None:
    assert (
        "C2 as of 2026-01-15: nothing is open"
        in duly(folder, "statement", "--customer", "C2", as_of="2026-01-15").stdout
    )


def test_a_customer_that_nobody_knows_is_a_refusal(folder: Path) -> None:
    refused = duly(folder, "statement", "--customer", "C9")
    assert refused.exit_code == 4
    assert "[unknown-customer]" in refused.stderr


def test_the_arithmetic_is_shown_on_request(folder: Path) -> None:
    asked = duly(folder, "scorecard", "--show-arithmetic").stdout
    assert "DSO (dso, version 1) = 100,000.00 / 150,000.00 × 90 = 60.0 days" in asked
    assert "cei, version 1: (open before the period" in asked
    assert "Arithmetic" not in duly(folder, "scorecard").stdout


def test_programs_get_exact_figures_with_formula_and_version(folder: Path) -> None:
    record = json.loads(duly(folder, "scorecard", "--by", "everybody", "--format", "json").stdout)
    card = next(card for card in record["cards"] if card["currency"] == "USD")
    on_time = next(figure for figure in card["figures"] if figure["formula"] == "share_on_time")
    assert (on_time["version"], on_time["value"]) == (1, {"numerator": 0, "denominator": 1})
    assert card["cash"]["31-60"] == card["cash_total"] == 5_000_000
    assert set(record["formulas"]) >= {"dso", "cei", "roll_rate"}


def test_the_scorecard_comes_as_one_table(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(duly(folder, "scorecard", "--format", "csv").stdout)))
    assert [(row["currency"], row["salesperson"], row["cash in all"]) for row in rows] == [
        ("EUR", "s1", "0.00"),
        ("USD", "s1", "50000.00"),
    ]


def test_promises_and_disputes_that_only_the_journal_knows_are_on_the_card(folder: Path) -> None:
    def shown(*options: str) -> dict[str, object]:
        record = json.loads(duly(folder, "scorecard", "--by", "everybody", "--format", "json", *options).stdout)
        card = next(card for card in record["cards"] if card["currency"] == "USD")
        terms = {f["formula"]: f["terms"] for f in card["figures"]}
        disputes = {"opened": card["disputes_opened"], "open": card["disputes_open"]}
        return {"journal": record["journal"], **disputes, **terms["promises_kept"], **terms["days_to_resolve"]}

    nothing = {"kept": 0, "broken": 0, "days_disputed": 0, "resolved": 0, "opened": 0, "open": 0}
    assert shown() == {"journal": ""} | nothing
    journal = journal_in(folder)
    promise = {"customer": "C1", "creditor": "orchard", "invoice": "I1", "currency": "USD"}
    promise |= {"promise": "p1", "made_on": "2026-02-20", "due_on": "2026-03-10"}
    broken = promise | {"promise": "p2", "due_on": "2026-03-01"}
    dispute = {"invoice": "I1", "opened_on": "2026-02-10"}
    journal.append(
        Draft(Event.PROMISE, "credit", customer="C1", body={**promise, "amount": 5_000_000}),
        Draft(Event.PROMISE, "credit", customer="C1", body={**broken, "amount": 10_000_000}),
        Draft(Event.DISPUTE, "credit", customer="C1", body=dispute),
        Draft(Event.DISPUTE_RESOLVED, "credit", customer="C1", body={"invoice": "I1", "resolved_on": "2026-02-17"}),
    )
    journal.close()
    assert shown() == {
        "journal": "try", "kept": 1, "broken": 1, "days_disputed": 7, "resolved": 1, "opened": 1, "open": 0,
    }  # fmt: skip
    assert shown("--env", "live") == {"journal": ""} | nothing
    assert "of the book and of the journal of `try`" in duly(folder, "scorecard").stdout


def test_a_lacking_table_is_named_with_the_book(folder: Path) -> None:
    (folder / "book" / "book.yaml").write_text(BOOK.replace("  sales: none\n", ""), encoding="utf-8")
    refused = duly(folder, "scorecard")
    assert refused.exit_code == 4
    assert "the scorecard needs `sales`, which the book does not bring [not-in-book]" in refused.stderr
    assert "`sales: none` under `tables:`" in refused.stderr


def test_a_workbook_is_not_for_the_screen(folder: Path) -> None:
    assert duly(folder, "aging", "--format", "xlsx").exit_code == 2
    assert duly(folder, "aging", "--format", "pdf").exit_code == 2


def test_a_file_that_cannot_be_written_is_said_in_one_line(folder: Path) -> None:
    failed = duly(folder, "aging", "--out", str(folder / "no" / "such.txt"))
    assert failed.exit_code == 1
    assert "No such file or directory" in failed.stderr


@pytest.mark.parametrize("command", ["aging", "statement", "scorecard"])
def test_every_figure_comes_as_html_and_pdf(folder: Path, command: str) -> None:
    shown = duly(folder, command, "--format", "html")
    assert shown.exit_code == 0
    assert shown.output.startswith("<!DOCTYPE html>")
    for name in ("a.pdf", "b.pdf"):
        assert duly(folder, command, "--format", "pdf", "--out", str(folder / name)).exit_code == 0
    assert (folder / "a.pdf").read_bytes().startswith(b"%PDF")
    assert (folder / "a.pdf").read_bytes() == (folder / "b.pdf").read_bytes()
