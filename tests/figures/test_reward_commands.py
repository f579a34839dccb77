"""`duly rewards` as it is typed, and a statement worked out again from its CSV alone."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
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
together:
  pair_by: region
  reward:
    on_time_share: {at_least_pct: 60}
    salesperson_pct: 1.5
    collector_pct: 0.75
    commission: {pct: 2.5, held_back_until_paid_pct: 60}
    team_bonus: {amount: 100, at_least_pct: 61}
    per_quarter: {at_least: 5, at_most: 400}
"""
BOOK = """\
duly_book: 1
currency: USD
creditor: orchard
assume: {time_zone: America/New_York}
tables:
  rates: [{day: 2026-01-01, from: EUR, to: USD, rate: "1.10"}]
  credits: none
  disputes: none
  credit_lines: none
"""
TABLES = {
    "people": """\
person,name,role,region
s1,Salesperson 1,salesperson,north
s2,Salesperson 2,salesperson,south
k1,Collector 1,collector,north
k2,Collector 2,collector,south
""",
    "customers": """\
customer,name,salesperson,collector
C1,=1+1,s1,k1
C2,Birch Bakery Supply,s1,k1
C3,Cedar Chair Works,s2,k2
""",
    "invoices": """\
invoice,customer,amount,currency,invoice_date,due_date
I1,C1,3333.33,USD,2026-01-05,2026-02-04
I2,C2,777.77,EUR,2026-01-10,2026-02-09
I3,C2,500.00,USD,2025-12-20,2026-01-19
I4,C1,900.00,USD,2026-02-10,2026-03-12
I5,C3,1000.00,USD,2026-02-10,2026-03-12
I6,C1,2222.22,USD,2026-01-05,2026-02-04
""",
    "payments": """\
payment,customer,invoice,amount,currency,day,bounced_on
P1,C1,I1,3333.33,USD,2026-02-06,
P2,C2,I2,777.77,EUR,2026-02-09,
P3,C2,I3,500.00,USD,2025-12-28,2026-01-04
P4,C1,I4,400.00,USD,2026-03-30,
P5,C1,I6,2222.22,USD,2026-02-04,
""",
    "holds": "customer,hold,placed_on\nC1,credit,2026-02-01\n",
    "contacts_made": "customer,day,channel,direction\nC3,2026-03-01,call,out\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    book = tmp_path / "book"
    book.mkdir()
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (book / "book.yaml").write_text(BOOK, encoding="utf-8")
    for name, content in TABLES.items():
        (book / f"{name}.csv").write_text(content, encoding="utf-8")
    return tmp_path


def duly(folder: Path, *options: str, quarter: str | None = "2026-Q1") -> Result:
    asked = ["--quarter", quarter] if quarter else []
    arguments = ["rewards", str(folder / "policy.yaml"), str(folder / "book"), *asked, *options]
    result = CliRunner().invoke(main, arguments)
    assert "Traceback" not in result.output
    return result


# By hand.


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def added_up(rows: list[dict[str, str]], *what: str, counting: bool = True) -> Decimal:
    """The lines of these sorts added up by currency, euros converted at the rate in the book."""
    by: dict[str, Decimal] = {}
    for row in rows:
        if row["what"] in what and (not counting or row["counts"] == "yes"):
            by[row["currency"]] = by.get(row["currency"], Decimal(0)) + Decimal(row["amount"])
    return sum(
        (cents(amount * {"USD": Decimal(1), "EUR": Decimal("1.10")}[one]) for one, amount in by.items()), Decimal(0)
    )


def by_hand(rows: list[dict[str, str]], role: str, bonus: Decimal) -> Mapping[str, Decimal]:
    """The steps of a statement, from its lines and the numbers of the policy."""
    due, settled = added_up(rows, "due", counting=False), added_up(rows, "due")
    cash = added_up(rows, "cash", "earlier cash")
    reached = due > 0 and settled * 100 >= due * 60
    pct = {"salesperson": Decimal("1.5"), "collector": Decimal("0.75")}[role]
    for_cash = cents(cash * pct / 100) if reached else Decimal(0)
    issued, paid = added_up(rows, "issued"), added_up(rows, "paid")
    commission = cents((issued * 40 + paid * 60) / 100 * Decimal("2.5") / 100)
    total = for_cash + commission + bonus
    reward = min(max(total, Decimal(5)) if reached else total, Decimal(400))
    steps = {"fell due": due, "settled in time": settled, "cash in time": cash, "for cash in time": for_cash}
    steps |= {"sum": total, "reward": reward}
    return steps | ({"issued": issued, "paid": paid, "commission": commission} if role == "salesperson" else {})


@pytest.mark.parametrize("person", ["s1", "k1", "s2", "k2"])
@pytest.mark.parametrize("looked_at", [(), ("--looked-at", "bad-payer:orchard:C1")], ids=["kept-back", "looked-at"])
def test_a_statement_is_worked_out_again_from_its_csv_alone(
    folder: Path, person: str, looked_at: tuple[str, ...]
) -> None:
    printed = duly(folder, "--person", person, "--format", "csv", *looked_at).stdout
    rows = list(csv.DictReader(io.StringIO(printed)))
    lines, steps = ([row for row in rows if row["row"] == kind] for kind in ("line", "step"))
    assert lines
    shown = {row["what"]: Decimal(row["amount"]) for row in steps if row["currency"] == "USD"}
    bonus = sum((amount for name, amount in shown.items() if name.startswith("team bonus")), Decimal(0))
    expected = by_hand(lines, rows[0]["role"], bonus)
    assert {name: shown[name] for name in expected} == expected
    for row in lines:
        if row["what"] == "cash" and row["counts"] != "kept back":
            assert (row["counts"] == "yes") is (bool(row["in time until"]) and row["day"] <= row["in time until"])


def test_the_share_of_the_statement_is_that_of_its_lines(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(duly(folder, "--person", "k1", "--format", "csv").stdout)))
    (share,) = (row for row in rows if row["what"] == "share in time")
    lines = [row for row in rows if row["row"] == "line"]
    due, settled = added_up(lines, "due", counting=False), added_up(lines, "due")
    assert share["how"] == f"{settled:,.2f} / {due:,.2f} × 100"
    assert Decimal(share["amount"]) == (settled / due * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)


# As it is typed.


def test_everybody_has_a_line_and_what_has_to_be_looked_at_stands_below(folder: Path) -> None:
    shown = duly(folder).stdout
    assert [line.split()[0] for line in shown.splitlines() if " orchard " in line][:4] == [
        *("k1", "k2", "s1", "s2"),
    ]
    assert "bad-payer:orchard:C1" in shown
    assert "hold `credit` since 2026-02-01" in shown


def test_what_is_kept_back_counts_once_somebody_has_looked(folder: Path) -> None:
    def of_s1(*options: str) -> dict[str, int]:
        record = json.loads(duly(folder, "--person", "s1", "--format", "json", *options).stdout)
        (statement,) = record["statements"]
        return {key: statement[key] for key in ("commission", "reward", "kept_back")}

    kept, counted = of_s1(), of_s1("--looked-at", "bad-payer:orchard:C1")
    # 900.00 issued × 40 % and 400.00 paid × 60 %, of which 2.5 %.
    assert counted["commission"] - kept["commission"] == 1_500
    assert kept["reward"] + kept["kept_back"] == counted["reward"]
    assert counted["kept_back"] == 0


def test_a_statement_shows_each_line_each_step_and_what_is_kept_back(folder: Path) -> None:
    shown = duly(folder, "--person", "s1").stdout
    assert "Reward of s1 as salesperson, orchard, 2026-Q1" in shown
    assert "2.5 % of (" in shown
    assert "team bonus of s1 and k1" in shown
    assert "Kept back until somebody has looked: 15.00 USD." in shown


def test_money_that_was_returned_is_taken_back_where_it_had_counted(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(duly(folder, "--person", "k1", "--format", "csv").stdout)))
    assert [(row["invoice"], row["amount"]) for row in rows if row["what"] == "earlier cash"] == [("I3", "-500.00")]


def test_days_of_a_quarter_are_asked_for_by_their_ends(folder: Path) -> None:
    whole = json.loads(duly(folder, "--format", "json").stdout)
    days = json.loads(
        duly(folder, "--from", "2026-01-01", "--to", "2026-03-31", "--format", "json", quarter=None).stdout
    )
    part = json.loads(
        duly(folder, "--from", "2026-02-07", "--to", "2026-03-31", "--format", "json", quarter=None).stdout
    )
    assert days == whole
    assert part["period"] == "2026-02-07 to 2026-03-31"
    assert part["statements"] != whole["statements"]


def test_the_summary_comes_as_one_table_and_as_a_workbook(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(duly(folder, "--format", "csv").stdout)))
    assert [row["person"] for row in rows] == ["k1", "k2", "s1", "s2"]
    assert duly(folder, "--format", "xlsx", "--out", str(folder / "r.xlsx")).exit_code == 0
    assert duly(folder, "--person", "s1", "--format", "xlsx", "--out", str(folder / "s.xlsx")).exit_code == 0
    sheet = openpyxl.load_workbook(folder / "r.xlsx").worksheets[0]
    assert [sheet.cell(row, 1).value for row in range(4, 8)] == ["k1", "k2", "s1", "s2"]


def test_what_only_the_journal_knows_is_heard(folder: Path) -> None:
    """A request to sales or a call that duly recorded is a touch as well as one in the ledger."""
    calls = "customer,day,channel,direction\n" + "".join(f"C3,2026-02-{day},call,out\n" for day in range(15, 20))
    (folder / "book" / "contacts_made.csv").write_text(calls, encoding="utf-8")
    invoices = TABLES["invoices"] + "I7,C3,9000.00,USD,2025-10-01,2025-11-01\n"
    people = TABLES["customers"] + "C4,Dune Desk Company,s2,k2\n"
    (folder / "book" / "customers.csv").write_text(people, encoding="utf-8")
    (folder / "book" / "invoices.csv").write_text(invoices.replace("I7,C3", "I7,C4"), encoding="utf-8")
    assert "easy-calls:k2:orchard:USD" in duly(folder).stdout
    journal = journal_in(folder)
    journal.append(
        Draft(Event.CALL, "k2", customer="C4", body={"day": "2026-03-02", "channel": "call", "direction": "out"})
    )
    journal.close()
    assert "easy-calls:k2:orchard:USD" not in duly(folder).stdout


@pytest.mark.parametrize(
    ("options", "quarter", "code", "said"),
    [
        pytest.param([], None, 2, "say which quarter", id="no-period"),
        pytest.param(["--from", "2026-01-01"], None, 2, "say which quarter", id="half-a-period"),
        pytest.param(["--from", "2026-01-01", "--to", "2026-01-02"], "2026-Q1", 2, "say which quarter", id="both"),
        pytest.param([], "2026-Q5", 2, "is not a quarter", id="no-quarter"),
        pytest.param(["--from", "2026-03-01", "--to", "2026-04-01"], None, 4, "[not-one-quarter]", id="two-quarters"),
        pytest.param(["--person", "s9"], "2026-Q1", 4, "[unknown-person]", id="nobody"),
        pytest.param(["--looked-at", "re-aged:I9"], "2026-Q1", 4, "[unknown-finding]", id="no-finding"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    folder: Path, options: list[str], quarter: str | None, code: int, said: str
) -> None:
    refused = duly(folder, *options, quarter=quarter)
    assert (refused.exit_code, said in refused.stderr) == (code, True)


def test_somebody_without_a_line_gets_a_sentence(folder: Path) -> None:
    assert "k1 has no line in 2020-Q1: no reward" in duly(folder, "--person", "k1", quarter="2020-Q1").stdout


def test_a_policy_without_a_reward_is_refused_at_its_place(folder: Path) -> None:
    (folder / "policy.yaml").write_text(POLICY[: POLICY.index("  reward:")], encoding="utf-8")
    refused = duly(folder)
    assert (refused.exit_code, "[no-reward]" in refused.stderr) == (3, True)


def test_buddies_that_cannot_be_told_refuse_a_bonus(folder: Path) -> None:
    people = TABLES["people"] + "k3,Collector 3,collector,north\n"
    (folder / "book" / "people.csv").write_text(people, encoding="utf-8")
    refused = duly(folder)
    assert (refused.exit_code, "[pair-twice]" in refused.stderr) == (4, True)
