"""Customers made from the invoices, where a book has no list of them.

Each customer of an invoice is one row: its id, what the mapped columns of its
invoices say, and as its first day with us that of its first invoice. Where a
column differs between the invoices of one customer, the mapping says whether the
first or the last row counts; where it does not say, the rows are bad.
"""

from __future__ import annotations

from duly.book.connection import Connection
from duly.book.findings import find_unread
from duly.book.mapping import Sources, Varies
from duly.book.staging import Staged, create
from duly.book.tables import TABLES


def derive_customers(connection: Connection, staged: Staged, sources: Sources, currency: str) -> None:
    """Create `customers` from the rows of the invoices, with what could not be read among the findings."""
    create(connection, staged, sources, currency, into="customer_rows")
    names = [column.name for column in TABLES["customers"].columns]
    # Ids that cannot be read are findings of the invoices already.
    bit = 1 << names.index("customer")
    connection.execute(f"UPDATE customer_rows SET mask = mask & ~{bit} WHERE mask & {bit} <> 0")
    find_unread(connection, staged, into="customer_rows")
    for name, cell in staged.cells.items():
        if cell.file_column and cell.varies is Varies.REFUSE and name != "customer":
            _find_varying(connection, name)
    values = ", ".join(f"{_one(staged, name)} AS {name}" for name in names)
    connection.execute(
        f"""
        CREATE OR REPLACE TABLE customers AS
        SELECT {values}, min(r.row) AS row, bit_or(r.mask) AS mask
        FROM customer_rows AS r JOIN invoices AS i ON i.row = r.row
        WHERE r.customer IS NOT NULL GROUP BY r.customer ORDER BY min(r.row)
        """
    )
    # A finding stands in the invoice's row, which only these rows still lead to the customer.
    connection.execute(
        """
        UPDATE findings SET customer = r.customer FROM customer_rows AS r
        WHERE findings.tab = 'customers' AND findings.row = r.row
        """
    )
    connection.execute("DROP TABLE customer_rows")


def _one(staged: Staged, name: str) -> str:
    """The SQL for one value out of a customer's rows."""
    cell = staged.cells.get(name)
    if name == "customer":
        return "r.customer"
    if name == "since" and cell is None:
        return "min(i.invoice_date)"
    if cell is None or not cell.file_column:
        return f"any_value(r.{name})"
    return f"{'arg_max' if cell.varies is Varies.LAST else 'arg_min'}(r.{name}, r.row)"


def _find_varying(connection: Connection, name: str) -> None:
    connection.execute(
        f"""
        INSERT INTO findings (row, tab, col, rule, value, note)
        WITH firsts AS (SELECT customer, arg_min({name}, row) AS first FROM customer_rows GROUP BY customer)
        SELECT min(r.row), 'customers', '{name}', 'value-varies', CAST(arg_min(r.{name}, r.row) AS VARCHAR), r.customer
        FROM customer_rows AS r JOIN firsts AS f ON f.customer = r.customer
        WHERE r.{name} <> f.first GROUP BY r.customer
        """
    )
