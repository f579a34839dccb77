"""A person may type what a ledger may hold, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.book.columns import Written, scale_sql, value_sql
from duly.book.connection import Connection, connect
from duly.book.tables import TABLES, Kind
from duly.execution.cells import cell
from duly.source import Problem

COLUMNS = [
    ("promises", "invoice"),
    ("contacts_made", "note"),
    ("promises", "amount"),
    ("promises", "made_on"),
    ("promises", "currency"),
    ("contacts_made", "channel"),
]

AWKWARD = st.one_of(
    st.text(max_size=12),
    st.text("0123456789.,-+eE' ", max_size=12),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{1,4})?", fullmatch=True),
    st.sampled_from(
        ["I-1", "a b", "", "USD", "usd", "call", "Call", "=?utf-8?q?x?=", "\u0661", "2026-02-30", "x" * 301]
    ),
)


@pytest.fixture(scope="module")
def ledger() -> Iterator[Connection]:
    with connect() as connection:
        yield connection


@pytest.mark.parametrize(("table", "column"), [pytest.param(*names, id=".".join(names)) for names in COLUMNS])
@given(text=AWKWARD, currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_a_value_is_told_exactly_where_a_ledger_could_hold_it(
    ledger: Connection, table: str, column: str, text: str, currency: str
) -> None:
    about = TABLES[table].column(column)
    scale = scale_sql("'" + currency + "'")
    sql = value_sql(about, "$text", Written(), scale, "'yes'", "'no'")
    [[held]] = ledger.execute(f"SELECT {sql}", {"text": text}).fetchall()
    told = cell(table, column, text, currency)
    if about.kind is Kind.DATE and held is not None:
        held = text
    assert (told == held) if held is not None else isinstance(told, Problem)
