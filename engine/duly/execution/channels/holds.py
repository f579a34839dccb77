"""Credit holds and releases, in the table of the book where they are kept.

A hold is placed where none is in force and released where exactly one is; where it
stands otherwise, someone else has changed it, and it is left as it is. One account's
hold changes at most once a day, so that two policies, or a payment and its
bounce, cannot make it flap; only a person may take back on the same day what was
placed in error.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from datetime import date
from pathlib import Path
from typing import Any

from duly.book.mapping import DEFAULT_CREDITOR
from duly.execution.channels.mail import moment_of
from duly.execution.channels.rows import A_DAY, Change, Columns, RowFile, RowsChannel, RowStore, RowTable, Unreadable
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Unsendable
from duly.plan.plan import Kind

UNDO = "cancel_hold"
"""The task of a release with which a person takes a hold back."""


@dataclass(frozen=True, slots=True)
class Held:
    """A row of the book's `holds`: an ISO day for when it was placed, and one for when it was released, if it was."""

    customer: str
    creditor: str
    hold: str
    placed_on: str
    released_on: str = ""

    def __str__(self) -> str:
        released = f", released {self.released_on}" if self.released_on else ""
        return f"placed {self.placed_on}{released}"


COLUMNS = tuple(field.name for field in fields(Held))

HoldStore = RowStore[Held]
"""Where the holds are kept."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be done with one account's hold on a day; `undoes` is a person's taking back of what was placed."""

    customer: str
    creditor: str
    hold: str
    place: bool
    day: str
    undoes: bool = False


def change_for(rows: Sequence[Held], wish: Wish) -> Change[Held] | Accepted | Deferred | Failed:
    """The change that a wish comes to, or why none is made."""
    own = [row for row in rows if (row.customer, row.creditor, row.hold) == (wish.customer, wish.creditor, wish.hold)]
    in_force = [row for row in own if not row.released_on]
    before = "; ".join(map(str, own[-2:])) or "never placed"
    wanted = Held(wish.customer, wish.creditor, wish.hold, wish.day)
    if wish.place and in_force == [wanted]:
        return Accepted(f"placed {wish.day} already")
    if not wish.place and not in_force and any(row.released_on == wish.day for row in own):
        return Accepted(f"released {wish.day} already")
    if any(max(row.placed_on, row.released_on) > wish.day for row in own):
        return Failed(f"changed by someone else: {before}, which is later than {wish.day}")
    placed_in_error = wish.undoes and in_force == [wanted] and not any(row.released_on == wish.day for row in own)
    if any(wish.day in {row.placed_on, row.released_on} for row in own) and not placed_in_error:
        return Deferred(f"changed once on {wish.day}: {before}", A_DAY)
    if wish.place:
        if in_force:
            return Failed(f"changed by someone else: {before}")
        return Change(None, wanted, before)
    if len(in_force) != 1:
        return Failed(f"changed by someone else: {before}")
    return Change(in_force[0], replace(in_force[0], released_on=wish.day), before)


class HoldsChannel(RowsChannel[Held]):
    """The place where credit holds are kept."""

    def wish_of(self, deed: Deed) -> Mapping[str, object]:
        """What is to be done with the account's hold."""
        action = deed.action
        if action.kind not in {Kind.HOLD, Kind.RELEASE}:
            raise Unsendable("not-a-hold", f"a {action.kind.value} is not a hold")
        wish = Wish(
            action.customer,
            action.creditor,
            action.stage,
            place=action.kind is Kind.HOLD,
            day=moment_of(deed).date().isoformat(),
            undoes=action.task == UNDO,
        )
        return asdict(wish)

    def change_for(self, rows: Sequence[Held], wish: Mapping[str, Any]) -> Change[Held] | Accepted | Deferred | Failed:
        """The change that the wish comes to, or why none is made."""
        return change_for(rows, Wish(**wish))


class HoldFile(RowFile[Held]):
    """The holds as a CSV file; `creditor` is who is meant where a row names none, as it may in the book."""

    def __init__(self, path: Path, creditor: str = DEFAULT_CREDITOR) -> None:
        super().__init__(path, _columns(creditor))


class HoldTable(RowTable[Held]):
    """The holds as a table of an SQLite database."""

    def __init__(self, path: Path, table: str) -> None:
        super().__init__(path, table, _columns(DEFAULT_CREDITOR))


def _columns(creditor: str) -> Columns[Held]:
    return Columns(COLUMNS, "placed_on", _held, astuple, {"creditor": creditor})


def _held(cells: Sequence[str], where: str) -> Held:
    customer, creditor, hold, placed_on, released_on = cells
    for day in (placed_on, released_on):
        try:
            good = not day or date.fromisoformat(day).isoformat() == day
        except ValueError:
            good = False
        if not good or not placed_on:
            raise Unreadable(f"`{where}` has a hold of `{customer}` without an ISO day")
    return Held(customer, creditor, hold, placed_on, released_on)
