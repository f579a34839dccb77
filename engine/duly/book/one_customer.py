"""Reading one customer of a book, quickly: only its rows and those of its family.

The family is everybody linked by `parent`, so that whoever pays, and whatever a
row refers to, is read as well. Which rows these are is asked of the raw text, so
a Parquet file gives them without being read whole.
"""

from __future__ import annotations

from duly.book.connection import Connection
from duly.book.faults import shown
from duly.book.mapping import Sources
from duly.book.staging import Staged, narrowed, run, text_of
from duly.book.strict import DATA
from duly.source import Problem, Refused, Span


def family_of(connection: Connection, customers: Staged, customer: str, sources: Sources) -> list[str]:
    """The customer and all who are linked to it by `parent`, sorted; `Refused` where there is no such customer."""
    own = text_of(customers, "customer")
    if customers.cells["customer"].written.float_id:
        own = f"left({own}, length({own}) - 2)"
    rows = f"{customers.raw.relation} AS raw WHERE {customers.where}"
    parameters = {**customers.parameters, "wanted": customer}
    if not run(connection, f"SELECT 1 FROM {rows} AND {own} = $wanted LIMIT 1", parameters).fetchone():
        distance = f"levenshtein({own}, $wanted)"
        near = f"SELECT {own} AS id FROM {rows} AND {distance} <= 2 ORDER BY {distance}, id LIMIT 1"
        close = run(connection, near, parameters).fetchone()
        help_ = f"did you mean `{shown(str(close[0]))}`?" if close else "write the id as it stands in the book"
        place = Span(str(sources.path), 1, 1)
        raise Refused(
            [Problem("unknown-customer", place, f"the book has no customer `{shown(customer)}`", help_)], DATA
        )
    family = {customer}
    if "parent" in customers.cells:
        parent = text_of(customers, "parent")
        links = run(connection, f"SELECT {own}, {parent} FROM {rows} AND {parent} IS NOT NULL", parameters).fetchall()
        pairs = [*links, *((parent, child) for child, parent in links)]
        while added := {b for a, b in pairs if a in family} - family:
            family |= added
    return sorted(family)


def only(connection: Connection, staged: Staged, family: list[str]) -> Staged:
    """The table with the family's rows alone; people, creditors and rates are everybody's."""
    match staged.table.who:
        case "customer":
            return narrowed(staged, family)
        case "invoice":
            sql = "SELECT DISTINCT invoice FROM invoices WHERE invoice IS NOT NULL ORDER BY invoice"
            return narrowed(staged, [invoice for (invoice,) in connection.execute(sql).fetchall()])
        case _:
            return staged
