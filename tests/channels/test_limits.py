"""A credit limit is set only where the one in force is the one that was signed about, and no row is written over."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from duly.execution.channels import limits
from duly.execution.channels.limits import COLUMNS, LimitFile, LimitsChannel, LimitStore, LimitTable, Line
from duly.execution.channels.rows import Change
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Unsendable
from duly.money import format_decimal
from duly.plan.plan import Kind
from tests.channels.deeds import ACTION, EMAIL, RECIPIENT
from tests.channels.marks import JournalGone, Mark

TODAY = "2026-03-31"


def line(day: str, limit: int, currency: str = "USD", customer: str = "C1", creditor: str = "main") -> Line:
    return Line(customer, creditor, day, limit, currency)


def proposal(
    after: int, before: Line | None = None, *, customer: str = "C1", day: str = TODAY, currency: str = "USD"
) -> Deed:
    """A proposal that both have signed."""
    details = {
        "limit_before": str(before.limit) if before else "",
        "limit_after": str(after),
        "currency": before.currency if before else currency,
        "since": before.day if before else "",
    }
    action = replace(
        ACTION,
        kind=Kind.LIMIT_PROPOSAL,
        customer=customer,
        stage="raise_good_payer",
        channel="",
        not_before=day,
        amount=after,
        currency=details["currency"],
        details=tuple(sorted(details.items())),
    )
    return Deed(action, RECIPIENT)


OLD = line("2025-01-01", 1_000_00)
OTHERS = (line("2025-06-01", 9_000_00, customer="C2"), line("2025-06-01", 7_000_00, creditor="second"))
NEW = line(TODAY, 1_200_00)
RAISE = proposal(1_200_00, OLD)


def cells(row: Line) -> list[str]:
    return [row.customer, row.creditor, row.day, format_decimal(row.limit, row.currency), row.currency]


def file_store(folder: Path, rows: Iterable[Line]) -> LimitStore:
    path = folder / "credit_lines.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *map(cells, rows)])
    return LimitFile(path)


def table_store(folder: Path, rows: Iterable[Line]) -> LimitStore:
    path = folder / "limits.db"
    connection = sqlite3.connect(path)
    connection.execute('CREATE TABLE credit_lines (customer, creditor, "from", "limit", currency)')
    connection.executemany("INSERT INTO credit_lines VALUES (?, ?, ?, ?, ?)", list(map(cells, rows)))
    connection.commit()
    connection.close()
    return LimitTable(path, "credit_lines")


STORES = [pytest.param(file_store, id="file"), pytest.param(table_store, id="table")]
Store = Callable[[Path, Iterable[Line]], LimitStore]


def rows_of(store: LimitStore) -> list[Line]:
    with store.locked():
        return sorted(store.rows(), key=astuple)


def carried_out(store: LimitStore, wish: Deed, mark: Mark | None = None) -> Outcome:
    channel = LimitsChannel("lines", store, shown="credit_lines")
    return channel.hand_over(channel.pack(wish), mark or Mark())


CASES = [
    pytest.param(RAISE, (OLD,), Accepted, (OLD, NEW), id="the-limit-that-was-signed-about"),
    pytest.param(proposal(0, OLD), (OLD,), Accepted, (OLD, line(TODAY, 0)), id="lowered-to-nothing"),
    pytest.param(proposal(500_00), (), Accepted, (line(TODAY, 500_00),), id="a-first-limit"),
    pytest.param(RAISE, (OLD, NEW), Accepted, None, id="set-already"),
    pytest.param(RAISE, (), Failed, None, id="the-limit-is-gone"),
    pytest.param(proposal(500_00), (OLD,), Failed, None, id="there-is-one-meanwhile"),
    pytest.param(RAISE, (replace(OLD, limit=1_000_01),), Failed, None, id="another-amount"),
    pytest.param(RAISE, (replace(OLD, day="2025-01-02"),), Failed, None, id="another-day"),
    pytest.param(RAISE, (replace(OLD, currency="EUR"),), Failed, None, id="another-currency"),
    pytest.param(RAISE, (OLD, line("2026-03-30", 1_100_00)), Failed, None, id="set-by-someone-else-yesterday"),
    pytest.param(RAISE, (OLD, line("2026-04-01", 1_200_00)), Failed, None, id="set-by-someone-else-for-tomorrow"),
    pytest.param(RAISE, (OLD, line(TODAY, 1_100_00)), Deferred, None, id="changed-once-today"),
    pytest.param(RAISE, (OLD, OLD), Failed, None, id="the-same-limit-twice"),
]  # fmt: skip


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(("wish", "before", "expected", "after"), CASES)
def test_a_limit_is_set_only_where_it_stands_as_planned(
    wish: Deed, before: tuple[Line, ...], expected: type, after: tuple[Line, ...] | None, store: Store, tmp_path: Path
) -> None:
    mark = Mark()
    kept = store(tmp_path, (*OTHERS, *before))
    outcome = carried_out(kept, wish, mark)
    assert isinstance(outcome, expected), outcome
    assert rows_of(kept) == sorted((*OTHERS, *(before if after is None else after)), key=astuple)
    assert mark.calls == (expected is Accepted)


def test_without_the_comparison_a_limit_that_someone_else_set_would_be_overruled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fault is planted that the table above is there for: whatever stands is taken for what was signed about."""
    kept = file_store(tmp_path, (OLD, line("2026-03-30", 100_00)))

    def trusting(rows: list[Line], wish: limits.Wish) -> Change[Line]:
        del rows
        return Change(None, line(wish.day, wish.after), "")

    monkeypatch.setattr(limits, "change_for", trusting)
    assert isinstance(carried_out(kept, RAISE), Accepted)
    assert NEW in rows_of(kept)


@pytest.mark.parametrize("store", STORES)
def test_what_stood_before_is_in_the_reply_and_the_store_is_evidence(store: Store, tmp_path: Path) -> None:
    channel = LimitsChannel("lines", store(tmp_path, (OLD,)), shown="credit_lines")
    parcel = channel.pack(RAISE)
    assert channel.evidence(parcel.reference, parcel.digest) is None
    said = f"1,200.00 USD from {TODAY}; before: 1,000.00 USD from 2025-01-01"
    assert channel.hand_over(parcel, Mark()) == Accepted(said)
    assert isinstance(channel.evidence(parcel.reference, parcel.digest), Accepted)
    assert isinstance(channel.hand_over(parcel, Mark()), Accepted)


@pytest.mark.parametrize("store", STORES)
def test_nothing_changes_when_the_point_of_no_return_cannot_be_recorded(store: Store, tmp_path: Path) -> None:
    kept = store(tmp_path, (OLD,))
    with pytest.raises(JournalGone):
        carried_out(kept, RAISE, Mark(JournalGone("disk full")))
    assert rows_of(kept) == [OLD]


def test_other_columns_and_the_way_of_writing_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "credit_lines.csv"
    before = '\ufefflimit,note,customer,from\r\n1000.00,"a, b",C1,2025-01-01\r\n'
    path.write_bytes(before.encode())
    assert isinstance(carried_out(LimitFile(path, currency="USD"), RAISE), Accepted)
    assert path.read_bytes().decode() == f"{before}1200.00,,C1,{TODAY}\r\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("customer,from,limit\nC1,2025-01-01,1000.00\n", "no column `currency`", id="no-currency"),
        pytest.param("customer,from,limit,currency\nC1,2025-01-01,1000.00,\n", "without a currency", id="an-empty-one"),
        pytest.param("customer,from,limit,currency\nC1,01/01/2025,1,USD\n", "without an ISO day", id="another-day"),
        pytest.param('customer,from,limit,currency\nC1,2025-01-01,"1,000",USD\n', "that is none", id="separators"),
        pytest.param("customer,from,limit,currency\nC2,2025-01-01,1000.001,USD\n", "that is none", id="anybodys"),
    ],
)
def test_a_file_that_cannot_be_made_out_is_left_as_it_is(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "credit_lines.csv"
    path.write_text(text)
    mark = Mark()
    outcome = carried_out(LimitFile(path), RAISE, mark)
    assert isinstance(outcome, Failed)
    assert said in outcome.reply
    assert (outcome.all, mark.calls, path.read_text()) == (True, 0, text)


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param(EMAIL, id="a-message"),
        pytest.param(replace(RAISE, action=replace(RAISE.action, amount=9_999_00)), id="an-amount-that-nobody-signed"),
        pytest.param(replace(RAISE, action=replace(RAISE.action, currency="EUR")), id="a-currency-that-nobody-signed"),
        pytest.param(replace(RAISE, action=replace(RAISE.action, details=())), id="a-limit-of-which-nothing-is-said"),
        pytest.param(proposal(-1, OLD), id="less-than-nothing"),
    ],
)
def test_what_is_no_limit_is_not_packed(wish: Deed, tmp_path: Path) -> None:
    with pytest.raises(Unsendable):
        LimitsChannel("lines", file_store(tmp_path, ()), shown="credit_lines").pack(wish)
