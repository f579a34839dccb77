"""Two real ledgers planned with the standard policy, and what a ledger itself says held against our facts."""

from __future__ import annotations

import csv
import io
import json
import shutil
from calendar import monthrange
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from duly.plan.document import schema
from duly_cli.main import main
from tests.language.policies import STANDARD
from tests.shared.hostile import SHARED

DATA = SHARED / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real ledgers are not here: set DULY_SHARED")

SILENT = """\
assume:
  time_zone: America/New_York
  language: en
  country: US
  relationship: normal
  insolvent: false
  do_not_contact: false
  annual_sales: "0.00"
"""

IBM = f"""\
duly_book: 1
currency: USD
dates: day/month/year
{SILENT}
tables:
  invoices:
    file: late_payments_ibm.csv
    columns:
      invoice: invoiceNumber
      customer: customerID
      amount: InvoiceAmount
      invoice_date: InvoiceDate
      due_date: DueDate
      settled_on: SettledDate
    ignore: rest
    control: {{rows: 2466}}
  customers: derived
  disputes:
    file: late_payments_ibm.csv
    where: {{Disputed: "Yes"}}
    columns: {{invoice: invoiceNumber, opened_on: InvoiceDate, resolved_on: SettledDate}}
    ignore: rest
  promises: none
  contacts_made: none
  credit_lines: none
  holds: none
"""

HRC = f"""\
duly_book: 1
currency: USD
{SILENT}
tables:
  invoices:
    file: open_invoices_hrc.csv
    columns:
      invoice: {{column: invoice_id, written_as: float}}
      customer: cust_number
      creditor: business_code
      open: total_open_amount
      currency: invoice_currency
      invoice_date: posting_date
      due_date: due_in_date
    ignore: rest
    due_before_invoice: accept
  customers: {{derived: true, columns: {{name: {{column: name_customer, where_it_varies: last}}}}}}
  disputes: none
  promises: none
  payments: none
  contacts_made: none
  credit_lines: none
  holds: none
  rates: [{{day: 2020-01-01, from: CAD, to: USD, rate: "0.72"}}]
"""


def ledger(folder: Path, name: str, yaml: str) -> Path:
    shutil.copyfile(DATA / name, folder / name)
    (folder / "book.yaml").write_text(yaml, encoding="utf-8")
    return folder / "book.yaml"


def duly(*arguments: object) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


MONTH_ENDS = [date(2013, month, monthrange(2013, month)[1]) for month in range(1, 13)]


@pytest.mark.parametrize("day", MONTH_ENDS, ids=str)
def test_a_real_ledger_is_planned_at_every_month_end(tmp_path: Path, day: date) -> None:
    book = ledger(tmp_path, "late_payments_ibm.csv", IBM)
    plan = json.loads(duly("plan", STANDARD, book, "--as-of", day, "--author", "a-reviewer", "--format", "json"))
    Draft7Validator(schema()).validate(plan)
    acted = {thing["customer"] for thing in (*plan["actions"], *plan["withheld"])}
    with (DATA / "late_payments_ibm.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    late = {row["customerID"] for row in rows if _is_late(row, day)}
    # Whoever has something late by the ledger's own days gets something done or withheld, and nobody else does.
    assert acted == late
    assert late


def _is_late(row: dict[str, str], day: date) -> bool:
    issued, due, settled = (_day(row[name]) for name in ("InvoiceDate", "DueDate", "SettledDate"))
    large_enough = float(row["InvoiceAmount"]) >= 10
    return issued <= day < settled and (day - due).days > 3 and large_enough


def _day(text: str) -> date:
    day, month, year = map(int, text.split("/"))
    return date(year, month, day)


def test_days_past_due_when_paid_are_the_ledgers_own_days_late(tmp_path: Path) -> None:
    book = ledger(tmp_path, "late_payments_ibm.csv", IBM)
    shown = duly("book", "show", book, "--as-of", "2014-12-31", "--policy", STANDARD, "--invoices", "--format", "csv")
    ours = {row["invoice"]: max(0, int(row["days_past_due_when_paid"])) for row in csv.DictReader(io.StringIO(shown))}
    with (DATA / "late_payments_ibm.csv").open(encoding="utf-8") as file:
        theirs = {row["invoiceNumber"]: int(row["DaysLate"]) for row in csv.DictReader(file)}
    assert len(theirs) == 2466
    assert ours == theirs


def test_a_ledger_full_of_quirks_is_planned_once_each_is_mapped(tmp_path: Path) -> None:
    book = ledger(tmp_path, "open_invoices_hrc.csv", HRC)
    plan = json.loads(
        duly("plan", STANDARD, book, "--as-of", "2020-04-30", "--author", "a-reviewer", "--format", "json")
    )
    Draft7Validator(schema()).validate(plan)
    assert {action["currency"] for action in plan["actions"]} == {"USD", "CAD"}
    # The ids keep their leading zeros, and nothing is left of the `.0` behind the invoices.
    assert all(
        action["customer"] in {"CCCA02", "CCU002", "CCU013"} or action["customer"][0] in "0123456789"
        for action in plan["actions"]
    )
    assert all(invoice.isdigit() for action in plan["actions"] for invoice in action["invoices"])
    assert {creditor for action in plan["actions"] for creditor in [action["creditor"]]} <= {
        "U001",
        "CA02",
        "U013",
        "U002",
        "U005",
    }
