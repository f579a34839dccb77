"""Credit limits, in the table of the book where they are kept: a row for each limit, in force from its day.

A new limit is a new row; none is ever written over. It is set only where the limit in
force is the one that the proposal was made on and no later one is set already; where
it stands otherwise, someone else has changed it, and it is left as it is. An
account's limit changes at most once a day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from duly.book.mapping import DEFAULT_CREDITOR
from duly.execution.channels.mail import moment_of
from duly.execution.channels.rows import A_DAY, Change, Columns, RowFile, RowsChannel, RowStore, RowTable, Unreadable
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Unsendable
from duly.money import SCALES, format_decimal, format_minor, parse_minor
from duly.plan.plan import Kind

COLUMNS = ("customer", "creditor", "from", "limit", "currency")


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the book's `credit_lines`: the limit, in minor units of its currency, from an ISO day on."""

    customer: str
    creditor: str
    day: str
    limit: int
    currency: str

    def __str__(self) -> str:
        return f"{format_minor(self.limit, self.currency)} from {self.day}"


LimitStore = RowStore[Line]
"""Where the limits are kept."""


@dataclass(frozen=True, slots=True)
class Wish:
    """The limit that an account is to get from a day on, and the one that is taken to be in force.

    `since` is the day from which that one is; where there is none, it is empty and `before` is None.
    """

    customer: str
    creditor: str
    day: str
    before: int | None
    since: str
    after: int
    currency: str


def change_for(rows: Sequence[Line], wish: Wish) -> Change[Line] | Accepted | Deferred | Failed:
    """The new row that a wish comes to, or why there is none."""
    own = sorted(
        (row for row in rows if (row.customer, row.creditor) == (wish.customer, wish.creditor)),
        key=lambda row: row.day,
    )
    wanted = Line(wish.customer, wish.creditor, wish.day, wish.after, wish.currency)
    before = "; ".join(map(str, own[-2:])) or "no limit"
    if own and own[-1].day > wish.day:
        return Failed(f"changed by someone else: {before}, which is later than {wish.day}")
    if [row for row in own if row.day == wish.day] == [wanted]:
        return Accepted(f"{wanted} already")
    if own and own[-1].day == wish.day:
        return Deferred(f"changed once on {wish.day}: {before}", A_DAY)
    expected = Line(wish.customer, wish.creditor, wish.since, wish.before or 0, wish.currency)
    in_force = [row for row in own if row.day == own[-1].day]
    if in_force != ([expected] if wish.before is not None else []):
        return Failed(f"changed by someone else: {before}")
    return Change(None, wanted, before)


class LimitsChannel(RowsChannel[Line]):
    """The place where credit limits are kept."""

    def wish_of(self, deed: Deed) -> Mapping[str, object]:
        """The limit that the account is to get."""
        action = deed.action
        if action.kind is not Kind.LIMIT_PROPOSAL:
            raise Unsendable("not-a-limit", f"a {action.kind.value} is not a limit")
        before, since = action.detail("limit_before"), action.detail("since")
        if action.detail("limit_after") != str(action.amount) or action.detail("currency") != action.currency:
            raise Unsendable("not-a-limit", "the limit is not the amount of the action")
        if action.amount < 0 or bool(before) != bool(since):
            raise Unsendable("not-a-limit", "the limit that is to be changed is not named")
        wish = Wish(
            action.customer,
            action.creditor,
            day=moment_of(deed).date().isoformat(),
            before=int(before) if before else None,
            since=since,
            after=action.amount,
            currency=action.currency,
        )
        return asdict(wish)

    def change_for(self, rows: Sequence[Line], wish: Mapping[str, Any]) -> Change[Line] | Accepted | Deferred | Failed:
        """The new row that the wish comes to, or why there is none."""
        return change_for(rows, Wish(**wish))


class LimitFile(RowFile[Line]):
    """The limits as a CSV file; `creditor` and `currency` are what a file means that leaves those columns out."""

    def __init__(self, path: Path, creditor: str = DEFAULT_CREDITOR, currency: str = "") -> None:
        super().__init__(path, _columns(creditor, currency))


class LimitTable(RowTable[Line]):
    """The limits as a table of an SQLite database."""

    def __init__(self, path: Path, table: str) -> None:
        super().__init__(path, table, _columns(DEFAULT_CREDITOR, ""))


def _columns(creditor: str, currency: str) -> Columns[Line]:
    usual = {"creditor": creditor} | ({"currency": currency} if currency else {})
    return Columns(COLUMNS, "from", _line, _cells, usual)


def _cells(line: Line) -> Sequence[str]:
    return (line.customer, line.creditor, line.day, format_decimal(line.limit, line.currency), line.currency)


def _line(cells: Sequence[str], where: str) -> Line:
    customer, creditor, day, limit, currency = cells
    try:
        good = date.fromisoformat(day).isoformat() == day
    except ValueError:
        good = False
    if not good:
        raise Unreadable(f"`{where}` has a limit of `{customer}` without an ISO day")
    if currency not in SCALES:
        raise Unreadable(f"`{where}` has a limit of `{customer}` without a currency")
    amount = parse_minor(limit, currency)
    if isinstance(amount, str):
        raise Unreadable(f"`{where}` has a limit of `{customer}` that is none: {amount}")
    return Line(customer, creditor, day, amount, currency)
