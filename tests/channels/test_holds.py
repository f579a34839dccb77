"""Holds change only where they stand as the plan took them to stand, and at most once a day."""

from __future__ import annotations

import csv
import errno
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from duly.execution.channels import holds
from duly.execution.channels.holds import COLUMNS, Held, HoldFile, HoldsChannel, HoldStore, HoldTable
from duly.execution.channels.rows import Change, Unreadable
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Unknown, Unsendable
from duly.execution.undo import reverse_of
from duly.plan.plan import Kind
from tests.channels.deeds import ACTION, EMAIL, RECIPIENT
from tests.channels.marks import JournalGone, Mark

TODAY = "2026-03-31"


def deed(kind: Kind, customer: str = "C1", day: str = TODAY) -> Deed:
    action = replace(ACTION, kind=kind, customer=customer, stage="credit", channel="", not_before=day)
    return Deed(action, RECIPIENT)


PLACE, RELEASE = deed(Kind.HOLD), deed(Kind.RELEASE)
UNDO = replace(RELEASE, action=replace(reverse_of(PLACE.action), not_before=TODAY))

OTHERS = (Held("C2", "main", "credit", "2026-01-05"), Held("C1", "main", "delivery", "2026-02-01"))


def in_csv(folder: Path, rows: Iterable[Held]) -> Path:
    path = folder / "holds.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *map(astuple, rows)])
    return path


def file_store(folder: Path, rows: Iterable[Held]) -> HoldStore:
    return HoldFile(in_csv(folder, rows))


def table_store(folder: Path, rows: Iterable[Held]) -> HoldStore:
    path = folder / "holds.db"
    connection = sqlite3.connect(path)
    connection.execute(f"CREATE TABLE holds ({', '.join(COLUMNS)})")
    connection.executemany("INSERT INTO holds VALUES (?, ?, ?, ?, NULLIF(?, ''))", list(map(astuple, rows)))
    connection.commit()
    connection.close()
    return HoldTable(path, "holds")


STORES = [pytest.param(file_store, id="file"), pytest.param(table_store, id="table")]

Store = Callable[[Path, Iterable[Held]], HoldStore]


def rows_of(store: HoldStore) -> list[Held]:
    with store.locked():
        return list(store.rows())


def carried_out(store: HoldStore, wish: Deed, mark: Mark | None = None) -> Outcome:
    channel = HoldsChannel("credit", store, shown="holds")
    return channel.hand_over(channel.pack(wish), mark or Mark())


def credit(placed_on: str, released_on: str = "") -> Held:
    return Held("C1", "main", "credit", placed_on, released_on)


CASES = [
    pytest.param(PLACE, (), Accepted, (credit(TODAY),), id="never-held-is-placed"),
    pytest.param(PLACE, (credit("2026-01-01", "2026-02-01"),), Accepted,
                 (credit("2026-01-01", "2026-02-01"), credit(TODAY)), id="released-once-is-placed-again"),
    pytest.param(PLACE, (credit("2026-03-30"),), Failed, None, id="held-by-someone-else-is-left"),
    pytest.param(PLACE, (credit(TODAY),), Accepted, None, id="placed-today-already"),
    pytest.param(PLACE, (credit("2026-01-01", TODAY),), Deferred, None, id="released-today-is-not-placed-today"),
    pytest.param(PLACE, (credit("2026-01-01", "2026-03-30"),), Accepted,
                 (credit("2026-01-01", "2026-03-30"), credit(TODAY)), id="released-yesterday-is-placed-today"),
    pytest.param(PLACE, (credit("2026-04-01"),), Failed, None, id="placed-later-than-the-plan"),
    pytest.param(RELEASE, (credit("2026-03-30"),), Accepted, (credit("2026-03-30", TODAY),), id="held-is-released"),
    pytest.param(RELEASE, (credit(TODAY),), Deferred, None, id="placed-today-is-not-released-today"),
    pytest.param(UNDO, (credit(TODAY),), Accepted, (credit(TODAY, TODAY),), id="placed-in-error-is-taken-back-today"),
    pytest.param(UNDO, (credit("2026-03-01"),), Accepted, (credit("2026-03-01", TODAY),), id="or-weeks-later"),
    pytest.param(UNDO, (credit("2026-01-01", TODAY), credit(TODAY)), Deferred, None, id="but-not-to-and-fro"),
    pytest.param(UNDO, (), Failed, None, id="what-someone-else-took-back-is-left"),
    pytest.param(RELEASE, (), Failed, None, id="never-held-is-not-released"),
    pytest.param(RELEASE, (credit("2026-01-01", "2026-03-30"),), Failed, None, id="released-by-someone-else-is-left"),
    pytest.param(RELEASE, (credit("2026-01-01", TODAY),), Accepted, None, id="released-today-already"),
    pytest.param(RELEASE, (credit("2026-01-01"), credit("2026-02-01")), Failed, None, id="held-twice-is-left"),
]  # fmt: skip


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize(("wish", "before", "expected", "after"), CASES)
def test_a_hold_changes_only_where_it_stands_as_planned(
    wish: Deed, before: tuple[Held, ...], expected: type, after: tuple[Held, ...] | None, store: Store, tmp_path: Path
) -> None:
    mark = Mark()
    kept = store(tmp_path, (*OTHERS, *before))
    outcome = carried_out(kept, wish, mark)
    assert isinstance(outcome, expected), outcome
    assert sorted(rows_of(kept), key=astuple) == sorted((*OTHERS, *(before if after is None else after)), key=astuple)
    assert mark.calls == (expected is Accepted)


@pytest.mark.parametrize("store", STORES)
def test_what_stood_before_is_in_the_reply(store: Store, tmp_path: Path) -> None:
    kept = store(tmp_path, [credit("2026-01-01", "2026-02-01")])
    assert carried_out(kept, PLACE) == Accepted(f"placed {TODAY}; before: placed 2026-01-01, released 2026-02-01")


@pytest.mark.parametrize("store", STORES)
def test_a_hold_does_not_flap_within_a_day(store: Store, tmp_path: Path) -> None:
    kept = store(tmp_path, [])
    outcomes = [carried_out(kept, wish) for wish in (PLACE, RELEASE, PLACE)]
    assert [type(outcome) for outcome in outcomes] == [Accepted, Deferred, Accepted]
    assert rows_of(kept) == [credit(TODAY)]
    tomorrow = deed(Kind.RELEASE, day="2026-04-01")
    assert isinstance(carried_out(kept, tomorrow), Accepted)


@pytest.mark.parametrize("store", STORES)
def test_a_change_made_again_after_a_crash_is_made_once(store: Store, tmp_path: Path) -> None:
    kept = store(tmp_path, OTHERS)
    assert all(isinstance(carried_out(kept, PLACE), Accepted) for _ in range(2))
    assert rows_of(kept).count(credit(TODAY)) == 1


@pytest.mark.parametrize("store", STORES)
def test_the_store_is_evidence_of_what_was_done(store: Store, tmp_path: Path) -> None:
    channel = HoldsChannel("credit", store(tmp_path, OTHERS), shown="holds")
    parcel = channel.pack(PLACE)
    assert channel.evidence(parcel.reference, parcel.digest) is None
    channel.hand_over(parcel, Mark())
    assert isinstance(channel.evidence(parcel.reference, parcel.digest), Accepted)
    assert channel.evidence("not a reference", "") is None


@pytest.mark.parametrize("store", STORES)
def test_nothing_changes_when_the_point_of_no_return_cannot_be_recorded(store: Store, tmp_path: Path) -> None:
    kept = store(tmp_path, OTHERS)
    with pytest.raises(JournalGone):
        carried_out(kept, PLACE, Mark(JournalGone("disk full")))
    assert sorted(rows_of(kept), key=astuple) == sorted(OTHERS, key=astuple)


def test_a_file_that_someone_changes_meanwhile_is_left_to_them(tmp_path: Path) -> None:
    kept = HoldFile(in_csv(tmp_path, OTHERS))
    theirs = "customer,creditor,hold,placed_on,released_on\nC9,main,credit,2026-03-31,\n"
    with kept.locked():
        change = holds.change_for(kept.rows(), holds.Wish("C1", "main", "credit", place=True, day=TODAY))
        assert isinstance(change, Change)
        (tmp_path / "holds.csv").write_text(theirs)
        mark = Mark()
        with pytest.raises(Unreadable):
            kept.put(change, mark)
    assert mark.calls == 0
    assert (tmp_path / "holds.csv").read_text() == theirs


def test_without_the_comparison_their_change_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is planted that the test above is there for: the file is taken to be as it was read."""
    kept = HoldFile(in_csv(tmp_path, OTHERS))
    with kept.locked():
        change = holds.change_for(kept.rows(), holds.Wish("C1", "main", "credit", place=True, day=TODAY))
        assert isinstance(change, Change)
        (tmp_path / "holds.csv").write_text(
            "customer,creditor,hold,placed_on,released_on\nC9,main,credit,2026-03-31,\n"
        )
        read = kept._read
        monkeypatch.setattr(Path, "read_bytes", lambda _: read)
        kept.put(change, Mark())
        monkeypatch.undo()
    assert "C9" not in (tmp_path / "holds.csv").read_text()


@pytest.mark.parametrize("store", STORES)
def test_two_at_once_make_one_change_each_and_lose_none(store: Store, tmp_path: Path) -> None:
    kept = store(tmp_path, OTHERS)
    path = tmp_path / ("holds.db" if isinstance(kept, HoldTable) else "holds.csv")

    def place(number: int) -> None:
        own = HoldTable(path, "holds") if isinstance(kept, HoldTable) else HoldFile(path)
        assert isinstance(carried_out(own, deed(Kind.HOLD, f"K{number}")), Accepted)

    threads = [threading.Thread(target=place, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(row.customer for row in rows_of(kept)) == sorted(["C1", "C2", *(f"K{n}" for n in range(8))])


def test_other_columns_and_the_way_of_writing_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "holds.csv"
    rows = ('"a, b",C2,credit,2026-01-05,', "=1+1,C1,credit,2026-03-01,")
    before = "\r\n".join(["\ufeffnote,customer,hold,placed_on,released_on", *rows, ""])
    path.write_bytes(before.encode())
    path.chmod(0o640)
    assert isinstance(carried_out(HoldFile(path), RELEASE), Accepted)
    assert path.read_bytes().decode() == before.replace("2026-03-01,", f"2026-03-01,{TODAY}")
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("customer,hold,placed_on\nC1,credit,2026-01-01\n", id="a-column-is-missing"),
        pytest.param("customer,creditor,hold,placed_on,released_on\nC1,main,credit,2026-01-01\n", id="a-short-row"),
        pytest.param("customer,creditor,hold,placed_on,released_on\nC1,main,credit,01/02/2026,\n", id="another-day"),
        pytest.param("customer,creditor,hold,placed_on,released_on\nC1,main,credit,,\n", id="no-day"),
        pytest.param('customer,creditor,hold,placed_on,released_on\n"C1,main,credit,2026-01-01,\n', id="an-open-quote"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_file_that_cannot_be_made_out_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    path = tmp_path / "holds.csv"
    path.write_text(text)
    mark = Mark()
    outcome = carried_out(HoldFile(path), PLACE, mark)
    assert isinstance(outcome, Failed)
    assert (outcome.all, mark.calls, path.read_text()) == (True, 0, text)


def test_a_file_that_is_not_there_defers_everything(tmp_path: Path) -> None:
    outcome = carried_out(HoldFile(tmp_path / "holds.csv"), PLACE)
    assert isinstance(outcome, Deferred)
    assert outcome.all


def test_a_full_disk_after_the_point_of_no_return_is_a_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = HoldFile(in_csv(tmp_path, OTHERS))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert isinstance(carried_out(kept, PLACE), Unknown)


def test_a_table_that_someone_else_writes_to_defers_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = table_store(tmp_path, OTHERS)
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, **(k | {"timeout": 0})))
    other = connect(tmp_path / "holds.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    mark = Mark()
    outcome = carried_out(kept, PLACE, mark)
    other.close()
    assert isinstance(outcome, Deferred)
    assert (outcome.all, mark.calls) == (True, 0)


def test_only_a_hold_or_a_release_is_packed(tmp_path: Path) -> None:
    with pytest.raises(Unsendable):
        HoldsChannel("credit", file_store(tmp_path, ()), shown="holds").pack(EMAIL)
