"""`duly charges` and `duly limits`: what people, spreadsheets and programs get, and how mistakes end."""

from __future__ import annotations

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.figures.charges import Charge, Charges, Kind
from duly.language.policy import Policy
from duly.reports import charges as report
from duly_cli.main import main

POLICY = """\
duly: 1
policy: small
currency: EUR
late: {basis: due_date, grace_days: 3}
segments: {everyone: {}}
tones: [friendly]
ladder:
  stages:
    reminder: {after: {days: 4}, tone: friendly, send: {email: reminder}, charge: {fixed: 5}}
credit_limits:
  raise_good_payer:
    when: {credit_used_pct: {at_least: 85}, average_days_late: {at_most: 2}}
    propose: {raise_pct: 20, up_to: 11000}
    approval: [credit_manager, sales_manager]
    because: A limit that is always full turns good orders away.
charges: {late_interest: de_bgb_288}
"""

BOOK = """\
duly_book: 1
currency: EUR
assume: {time_zone: Europe/Berlin, language: de}
tables:
  payments: none
  contacts_made: none
  credit_lines: [{customer: C1, from: 2022-01-01, limit: "10000.00"}]
  disputes: [{invoice: A2, opened_on: 2023-05-01, reason: short delivery}]
"""

INVOICES = """\
invoice,customer,amount,invoice_date,due_date,settled_on
A1,C1,10000.00,2022-12-01,2022-12-31,
A2,C2,70.00,2023-05-01,2023-05-31,
A0,C1,20.00,2022-08-01,2022-08-31,2022-08-30
"""

CUSTOMERS = """\
customer,name,salesperson
C1,First Ltd,
C2,Second Ltd,
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    book = tmp_path / "book"
    book.mkdir()
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (book / "book.yaml").write_text(BOOK, encoding="utf-8")
    (book / "invoices.csv").write_text(INVOICES, encoding="utf-8")
    (book / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    return tmp_path


def run(folder: Path, verb: str, *options: str, as_of: str = "2023-06-30") -> Result:
    arguments = [verb, str(folder / "policy.yaml"), str(folder / "book"), "--as-of", as_of, "--home", str(folder)]
    return CliRunner().invoke(main, [*arguments, *options])


def rows(result: Result) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(result.stdout)))


def test_charges_are_shown_with_their_arithmetic_and_nothing_is_booked(folder: Path) -> None:
    result = run(folder, "charges")
    assert result.exit_code == 0, result.output
    text = result.stdout
    assert "proposals, booked by nobody" in text
    assert "9 points over the base rate of the Deutsche Bundesbank" in text
    assert "526.64 EUR  late interest: simple interest, actual days over 365" in text
    assert "2023-01-01 to 2023-06-30  181 days  10,000.00 EUR × 10.62 % (1.62 + 9) × 181 / 365" in text
    assert "= 526.635616…" in text
    assert "C1, owed to main: 571.64 EUR" in text
    assert "[kept back: disputed]" in text


def test_a_spreadsheet_gets_a_row_a_charge(folder: Path) -> None:
    charges = [
        (r["state"], r["invoice"], r["charge"], r["amount"], r["days"])
        for r in rows(run(folder, "charges", "--format", "csv"))
    ]
    assert charges == [
        ("proposed", "A1", "late_interest", "526.64", "181"),
        ("proposed", "A1", "fixed_sum", "40.00", ""),
        ("proposed", "A1", "stage", "5.00", ""),
        ("kept back", "A2", "late_interest", "0.61", "30"),
        ("kept back", "A2", "fixed_sum", "40.00", ""),
        ("kept back", "A2", "stage", "5.00", ""),
    ]


def test_a_program_gets_minor_units_exact_fractions_and_the_source_of_each_rate(folder: Path) -> None:
    record = json.loads(run(folder, "charges", "--format", "json").stdout)
    assert record["totals"] == [{"amount": 571_64, "currency": "EUR"}]
    assert record["terms"]["known_until"] == "2026-06-30"
    (stretch,) = record["proposed"][0]["stretches"]
    assert (stretch["days"], stretch["base"], stretch["per_cent"]) == (181, 10_000_00, "10.62")
    assert stretch["exact"] == "3844440/73"
    assert stretch["reference"]["rate"] == "1.62"
    assert stretch["reference"]["checked_on"] == "2026-11-22"


def test_one_customer_is_shown_alone(folder: Path) -> None:
    charges = rows(run(folder, "charges", "--customer", "C2", "--format", "csv"))
    assert {charge["customer"] for charge in charges} == {"C2"}


def test_a_day_beyond_the_rates_is_refused_at_the_line_of_the_policy(folder: Path) -> None:
    result = run(folder, "charges", as_of="2026-07-01")
    assert (result.exit_code, result.stdout) == (4, "")
    assert "policy.yaml:16:26: the rates of `de_bgb_288` are known until 2026-06-30" in result.stderr
    assert "| charges: {late_interest: de_bgb_288}" in result.stderr


def test_a_policy_that_charges_nothing_says_so(folder: Path) -> None:
    policy = folder / "policy.yaml"
    without = POLICY.replace("charges: {late_interest: de_bgb_288}\n", "").replace(", charge: {fixed: 5}", "")
    policy.write_text(without, encoding="utf-8")
    result = run(folder, "charges")
    assert result.exit_code == 0
    assert "asks for no late interest, and no stage of it charges anything" in result.stdout


def test_limits_are_proposed_with_reasons_and_who_must_sign(folder: Path) -> None:
    result = run(folder, "limits")
    assert result.exit_code == 0, result.output
    text = result.stdout
    assert "raise: 10,000.00 EUR -> 11,000.00 EUR (20 % more is 12,000.00 EUR, at most 11,000.00 EUR)" in text
    assert "to be signed by credit_manager + sales_manager" in text
    assert "because raise_good_payer: credit_used_pct 100, average_days_late 0" in text
    assert "A limit that is always full turns good orders away." in text
    assert "`duly plan` proposes these changes and `duly apply` makes them, once they are signed." in text
    assert "1 account without a limit" in text


def test_limits_for_a_spreadsheet_and_a_program_say_the_same(folder: Path) -> None:
    (row,) = rows(run(folder, "limits", "--format", "csv"))
    assert (row["state"], row["customer"], row["limit"], row["proposed"], row["to_sign"]) == (
        "proposed",
        "C1",
        "10000.00",
        "11000.00",
        "credit_manager sales_manager",
    )
    record = json.loads(run(folder, "limits", "--format", "json").stdout)
    (proposal,) = record["proposals"]
    assert (proposal["now"], proposal["then"], proposal["to_sign"]) == (
        10_000_00,
        11_000_00,
        ["credit_manager", "sales_manager"],
    )
    assert (proposal["line"], record["findings"]) == (11, [])


def test_a_rule_with_one_signature_is_warned_of_at_its_line(folder: Path) -> None:
    policy = folder / "policy.yaml"
    policy.write_text(POLICY.replace("[credit_manager, sales_manager]", "[credit_manager]"), encoding="utf-8")
    result = run(folder, "limits")
    assert result.exit_code == 0
    assert "asks for fewer than two signatures [one-signature]" in result.stderr


@pytest.mark.parametrize("verb", ["charges", "limits"])
def test_a_book_that_cannot_give_what_is_read_is_refused_with_the_line(folder: Path, verb: str) -> None:
    told = (folder / "book" / "book.yaml").read_text(encoding="utf-8")
    lines = [line for line in told.splitlines() if "credit_lines" not in line and "disputes" not in line]
    (folder / "book" / "book.yaml").write_text("\n".join(lines), encoding="utf-8")
    result = run(folder, verb)
    assert (result.exit_code, result.stdout) == (4, "")
    assert "[not-in-book]" in result.stderr


@pytest.mark.parametrize("verb", ["charges", "limits"])
def test_a_policy_that_is_not_in_force_is_refused(folder: Path, verb: str) -> None:
    policy = folder / "policy.yaml"
    policy.write_text(POLICY + "effective: {from: 2027-01-01}\n", encoding="utf-8")
    result = run(folder, verb)
    assert result.exit_code == 5
    assert "[not-in-force]" in result.stderr


def test_what_a_terminal_or_a_spreadsheet_would_run_is_made_safe() -> None:
    hostile = Charge("=cmd()", "\x1b[2J", "+1", Kind.STAGE, 5_00, "EUR", basis="stage =x", reason="@r")
    charges = Charges(date(2023, 6, 30), None, kept_back=(hostile,))
    _, row = list(csv.reader(io.StringIO("\n".join(report.as_csv(charges)))))
    assert [row[place] for place in (1, 3, 12)] == ["'=cmd()", "'+1", "'@r"]
    text = report.as_text(Policy(id="small", currency="EUR"), charges)
    assert all(character.isprintable() or character == "\n" for character in text)
