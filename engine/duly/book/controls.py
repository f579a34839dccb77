"""Control totals: whether a file holds what the exporting system says it does.

A file that was cut at the end of a line, or an export that ran with the wrong
filter, reads perfectly well; only the numbers of whoever wrote it can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from duly.book.connection import Connection
from duly.book.faults import shown
from duly.book.findings import Tables
from duly.book.staging import Staged
from duly.money import SCALES
from duly.source import Problem, Severity, Span

_HELP = "the export is not whole, or the control is of another day"


def control_problems(connection: Connection, tables: Tables, currency: str) -> Iterator[Problem]:
    """Where rows or totals are not what `control` says; a warning where a total cannot be told."""
    for name, staged in tables.items():
        control = staged.source.control
        if control is None:
            continue
        found = connection.execute(f"SELECT count(*) FROM {name}").fetchone()
        rows = found[0] if found else 0
        if control.rows is not None and rows != control.rows:
            message = f"`{name}` has {rows:,} rows, its control says {control.rows:,}"
            yield Problem("control-total", control.place, message, _HELP)
        for column, total in control.totals:
            yield from _total(connection, staged, column, total, control.place, currency)


def _total(
    connection: Connection, staged: Staged, column: str, total: str, place: Span, currency: str
) -> Iterator[Problem]:
    """The sum of a column over all currencies, as a control total is taken, against what it should be."""
    name = staged.table.name
    unread = connection.execute(
        "SELECT count(*) FROM findings WHERE tab = $1 AND col = $2 AND rule IN ('', 'hidden')", [name, column]
    ).fetchone()
    if unread and unread[0]:
        message = f"the total of `{column}` cannot be checked, for {unread[0]:,} of its cells cannot be read"
        yield Problem("control-total", place, message, "put the cells right", severity=Severity.WARNING)
        return
    try:
        wanted = Decimal(total)
    except InvalidOperation:
        yield Problem("bad-amount", place, f"`{shown(total)}` in `total` is not an amount", "write digits and a point")
        return
    own = "currency" if any(c.name == "currency" for c in staged.table.columns) else "''"
    sums = connection.execute(
        f"SELECT {own}, CAST(sum({column}) AS VARCHAR) FROM {name} WHERE {column} IS NOT NULL GROUP BY ALL"
    ).fetchall()
    found = sum((Decimal(amount).scaleb(-SCALES[code or currency]) for code, amount in sums), Decimal(0))
    if found != wanted:
        message = f"`{column}` of `{name}` adds up to {found:,}, its control says {wanted:,}"
        yield Problem("control-total", place, message, _HELP)
