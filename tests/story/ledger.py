"""The ledger of the story: what the accounts department knew on each day of one quarter.

`duly demo` invents 497 customers and everything that they do up to the quarter's end;
the rows beside this module add three more, by hand, and `changes.csv` says what was
changed in a record and when. What is known on a day is cut out of that: no invoice,
payment or dispute of a later day is in it. What was written, asked and held before
duly came is worked out for the day on which it comes, and from then on duly's journal
is the one that knows.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle
from pathlib import Path

from duly.book.sample import Format, write_sample

ROWS = Path(__file__).with_name("rows")
CLERK = Path(__file__).with_name("clerk.py")

THE_CLERKS = frozenset({"holds", "credit_lines"})
"""Tables that are exported on the first day alone: from then on the clerk books what duly's lists say."""

BEGINS = date(2026, 1, 12)
"""The day on which duly plans for the first time."""

ENDS = date(2026, 4, 1)
"""The day up to which the ledger is invented."""

INVENTED_CUSTOMERS = 497

BOOK = """\
# What the accounts department exports every morning: each table is the file of its name.
duly_book: 1
currency: USD          # of amounts that do not say theirs
creditor: orchard      # the company that is owed
tables:
  tasks_given: none
"""

BOOKED_BEFORE = (2, 3, 5, 8, 13)
"""How many days before its invoice a sale is booked, in turn."""

Row = dict[str, str]
Tables = Mapping[str, list[Row]]


@dataclass(frozen=True, slots=True)
class Known:
    """From which day a row is known, by its column, and which columns are still empty before their day."""

    since: str = ""
    later: tuple[str, ...] = ()


KNOWN: Mapping[str, Known] = {
    "creditors": Known(),
    "people": Known(),
    "rates": Known("day"),
    "customers": Known("since"),
    "contacts": Known(),
    "invoices": Known("invoice_date", ("written_off_on",)),
    "instalments": Known(),
    "payments": Known("day", ("bounced_on",)),
    "credits": Known("day"),
    "disputes": Known("opened_on", ("resolved_on",)),
    "promises": Known("made_on"),
    "sales": Known("day"),
    "contacts_made": Known("day"),
    "credit_lines": Known("from"),
}
"""The tables of the ledger; what stands in the others comes `before_duly`."""

CLIMBED = {"courtesy": 5, "reminder": 16, "second_reminder": 31, "demand": 46, "final_notice": 61, "referral": 76}
"""After how many days each stage was carried out before duly came."""

ASKED, ANSWERED, DUE, HELD = 41, 45, 48, 52
"""After how many days sales was asked, and answered, by when it should have, and when the customer was held."""

HELD_FROM = Decimal(5000)
DEMANDED_FROM = Decimal(250)


def lay_out_ledger(folder: Path, days: Iterable[date]) -> None:
    """Write a folder of this one for each day, as the ledger was exported on its morning."""
    write_sample(folder / "whole", customers=INVENTED_CUSTOMERS, seed=1, format_=Format.CSV, as_of=ENDS)
    whole = {file.stem: _read(file) + _read(ROWS / file.name) for file in sorted((folder / "whole").glob("*.csv"))}
    whole["sales"] = _sales(whole["invoices"])
    before = before_duly(known_on(whole, BEGINS))
    (folder / CLERK.name).write_bytes(CLERK.read_bytes())
    for day in days:
        export = folder / day.isoformat()
        export.mkdir()
        (export / "book.yaml").write_text(BOOK, encoding="utf-8")
        for name, rows in {**known_on(whole, day), **before}.items():
            if name in THE_CLERKS and day > BEGINS:
                continue
            _write(export / f"{name}.csv", rows, whole[name][0])


def known_on(whole: Tables, day: date) -> Tables:
    """The rows of each table that are known on a day."""
    tables = {
        name: [_as_of(row, known, day) for row in whole[name] if _is_known(row, known, day)]
        for name, known in KNOWN.items()
    }
    for change in _read(ROWS / "changes.csv"):
        if change["day"] <= day.isoformat():
            [row] = (row for row in tables[change["table"]] if change["id"] == next(iter(row.values())))
            row[change["column"]] = change["value"]
    customers = {row["customer"] for row in tables["customers"]}
    invoices = {row["invoice"] for row in tables["invoices"]}
    for row in tables["customers"]:
        if row["parent"] not in customers:
            row["parent"] = row["parent_pays"] = ""
    for name in ("contacts", "sales"):
        tables[name] = [row for row in tables[name] if row["customer"] in customers]
    tables["instalments"] = [row for row in tables["instalments"] if row["invoice"] in invoices]
    return tables


def before_duly(known: Tables) -> Tables:
    """What was written to late customers, asked of sales and held, before there was a journal to say so."""
    stages: list[Row] = []
    requests: list[Row] = []
    holds: list[Row] = []
    for customer, (oldest, owed) in sorted(_late(known).items()):

        def after(days: int, oldest: date = oldest) -> str:
            return (oldest + timedelta(days=days)).isoformat()

        age = (BEGINS - oldest).days
        for stage, days in CLIMBED.items():
            if days < age and (days <= CLIMBED["second_reminder"] or owed > DEMANDED_FROM):
                stages.append({"customer": customer, "stage": stage, "day": after(days), "outcome": "accepted"})
        if age > DUE and owed >= HELD_FROM:
            answer = {"customer": customer, "rule": "before_hold", "asked_on": after(ASKED)}
            requests.append({**answer, "due_on": after(DUE), "answered_on": after(ANSWERED)})
        if age > HELD and owed >= HELD_FROM:
            holds.append({"customer": customer, "hold": "credit", "placed_on": after(HELD), "released_on": ""})
    return {"executed_stages": stages, "requests": requests, "holds": holds}


def _late(known: Tables) -> Mapping[str, tuple[date, Decimal]]:
    """Each customer that owes something past due, with its oldest due day and all that is past due."""
    paid: dict[str, Decimal] = {}
    for row in (*known["payments"], *known["credits"]):
        if not row.get("bounced_on"):
            paid[row["invoice"]] = paid.get(row["invoice"], Decimal(0)) + Decimal(row["amount"])
    payer = {
        row["customer"]: row["parent"] if row["parent_pays"] == "yes" else row["customer"] for row in known["customers"]
    }
    late: dict[str, tuple[date, Decimal]] = {}
    for row in known["invoices"]:
        due, left = date.fromisoformat(row["due_date"]), Decimal(row["amount"]) - paid.get(row["invoice"], Decimal(0))
        if due < BEGINS and left > 0 and not row["written_off_on"]:
            oldest, owed = late.get(payer[row["customer"]], (due, Decimal(0)))
            late[payer[row["customer"]]] = (min(oldest, due), owed + left)
    return late


def _sales(invoices: Iterable[Row]) -> list[Row]:
    """What each customer ordered on a day, some days before the invoices about it."""
    ordered: dict[tuple[str, str, str], Decimal] = {}
    for invoice, days in zip(invoices, cycle(BOOKED_BEFORE), strict=False):
        day = date.fromisoformat(invoice["invoice_date"]) - timedelta(days=days)
        of = (invoice["customer"], day.isoformat(), invoice["currency"])
        ordered[of] = ordered.get(of, Decimal(0)) + Decimal(invoice["amount"])
    return [
        dict(zip(("customer", "day", "currency", "amount"), (*of, str(sum_)), strict=True))
        for of, sum_ in ordered.items()
    ]


def _is_known(row: Row, known: Known, day: date) -> bool:
    return not known.since or row[known.since] <= day.isoformat()


def _as_of(row: Row, known: Known, day: date) -> Row:
    return {**row, **{column: "" for column in known.later if row[column] > day.isoformat()}}


def _read(file: Path) -> list[Row]:
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def _write(file: Path, rows: list[Row], like: Row) -> None:
    columns = dict.fromkeys(column for row in (like, *rows) for column in row)
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
