"""What must hold between the rows of a book: keys, references, sums, days in order, who pays for whom.

Each check adds its findings to one table (see `findings`); none changes a row.
A reference into a table that the book does not bring is not looked at, since
there is nothing to hold it against.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress

from duly.book.connection import Connection
from duly.book.faults import mixes_scripts, shown
from duly.book.findings import Tables, add_all, add_findings
from duly.book.tables import Kind, Table
from duly.source import Problem, Severity, Span

INVOICE = "invoices.invoice"

MOST_NAMED = 20
"""How many names that look alike are told of."""

LATER_THAN: tuple[tuple[str, str, str], ...] = (
    ("payments", "bounced_on", "day"),
    ("disputes", "resolved_on", "opened_on"),
    ("promises", "due_on", "made_on"),
    ("promises", "cancelled_on", "made_on"),
    ("holds", "released_on", "placed_on"),
    ("people", "away_until", "away_from"),
    ("requests", "due_on", "asked_on"),
    ("requests", "answered_on", "asked_on"),
)
"""A table, a day in it, and the day that it cannot be before."""


def find_repeated(connection: Connection, tables: Iterable[Table]) -> None:
    """Add rows whose key an earlier row has, or whose id differs from an earlier one only in capitals."""
    keyed = {table.name: table for table in tables if any(column.key for column in table.columns)}
    if not keyed:
        return
    # Two that are equal but for capitals have one hash, so most tables need no second look.
    twins = " UNION ALL ".join(
        f"SELECT '{name}' WHERE EXISTS (SELECT h FROM ({_keys(table)}) GROUP BY h HAVING count(*) > 1)"
        for name, table in keyed.items()
    )
    for (name,) in connection.execute(twins).fetchall():
        rows = _keys(keyed[name])
        add_findings(
            connection,
            name,
            next(column.name for column in keyed[name].columns if column.key),
            "CASE WHEN row > first_row THEN 'duplicate-key' ELSE 'id-case' END",
            "key",
            "CASE WHEN row > first_row THEN CAST(first_row AS VARCHAR) ELSE first_key END",
            f"""
            FROM (
                SELECT row, key,
                       min(row) OVER (PARTITION BY key) AS first_row,
                       arg_min(key, row) OVER (PARTITION BY lower(key)) AS first_key
                FROM ({rows}) WHERE h IN (SELECT h FROM ({rows}) GROUP BY h HAVING count(*) > 1)
            ) AS c
            WHERE row > first_row OR key <> first_key
            """,
        )


def _keys(table: Table) -> str:
    """SQL: the rows of a table that have their key, with a hash of it that is blind to capitals."""
    names = [f'"{column.name}"' for column in table.columns if column.key]
    key = names[0] if len(names) == 1 else f"concat_ws(' ', {', '.join(names)})"
    whole = " AND ".join(f"{name} IS NOT NULL" for name in names)
    return f"SELECT row, {key} AS key, hash(lower({key})) AS h FROM {table.name} WHERE {whole}"


def find_across(connection: Connection, tables: Tables, empty: Iterable[str]) -> None:
    """Add every finding between rows and between tables; a table declared empty has nothing to refer to."""
    _find_unknown(connection, tables, {*tables, *empty})
    _find_misnamed(connection, tables)
    for name, staged in tables.items():
        if any(column.kind is Kind.EMAIL for column in staged.table.columns):
            _find_confusable_domains(connection, name)
    late = [
        f"SELECT row, '{name}', '{later}', 'days-out-of-order', CAST({later} AS VARCHAR), "
        f"'{earlier} ' || CAST({earlier} AS VARCHAR) FROM {name} WHERE {later} < {earlier}"
        for name, later, earlier in LATER_THAN
        if name in tables
    ]
    if late:
        add_all(connection, " UNION ALL ".join(late))
    if not tables["invoices"].source.accept_due_before_invoice:
        days = ("CAST(due_date AS VARCHAR)", "CAST(invoice_date AS VARCHAR)")
        before = "FROM invoices AS c WHERE due_date < invoice_date"
        add_findings(connection, "invoices", "due_date", "'due-before-invoice'", *days, before)
    if "instalments" in tables:
        _find_instalments(connection)
    if "rates" in tables:
        add_findings(connection, "rates", "to", "'same-currency'", '"to"', "''", 'FROM rates AS c WHERE "from" = "to"')
    _find_parents(connection)


def _find_unknown(connection: Connection, tables: Tables, brought: Collection[str]) -> None:
    """Rows that refer to what is not there; invoices are looked up by `_find_misnamed`."""
    referring: dict[str, list[str]] = {}
    for name, staged in tables.items():
        for column in staged.table.columns:
            if column.references and column.references != INVOICE and column.references.split(".")[0] in brought:
                own = f"SELECT row, '{name}' AS tab, '{column.name}' AS col, \"{column.name}\" AS id FROM {name}"
                referring.setdefault(column.references, []).append(own)
    for reference, rows in referring.items():
        target, _, key = reference.partition(".")
        add_all(
            connection,
            f"SELECT row, tab, col, 'unknown-reference', id, '{target}' FROM ({' UNION ALL '.join(rows)}) AS c "
            f'WHERE id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {target} AS t WHERE t."{key}" = c.id)',
        )


def _find_misnamed(connection: Connection, tables: Tables) -> None:
    """Rows that name an unknown invoice, or one of another customer, creditor or (where money is applied) currency.

    A parent that pays for a customer, and a customer that a parent pays for, count as one.
    """
    naming = []
    for name, staged in tables.items():
        has = {column.name for column in staged.table.columns if column.name != "currency" or name != "promises"}
        if any(column.references == INVOICE for column in staged.table.columns):
            own = (
                f"{column if column in has else 'CAST(NULL AS VARCHAR)'} AS {column}"
                for column in ("customer", "creditor", "currency")
            )
            naming.append(
                f"SELECT row, '{name}' AS tab, invoice, {', '.join(own)} FROM {name} WHERE invoice IS NOT NULL"
            )
    if not naming:
        return
    differs = {
        "customer": "coalesce(p.payer, c.customer) <> coalesce(o.payer, i.customer)",
        "creditor": "c.creditor <> i.creditor",
        "currency": "c.currency <> i.currency",
    }
    others = ", ".join(f"CASE WHEN {test} THEN i.{column} END AS other_{column}" for column, test in differs.items())
    # One look at all rows, of which next to none stay.
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP TABLE misnamed AS
        SELECT c.row, c.tab, c.invoice, c.currency, i.invoice IS NULL AS unknown, {others}
        FROM ({" UNION ALL ".join(naming)}) AS c
        LEFT JOIN known_invoices AS i ON i.invoice = c.invoice
        LEFT JOIN payers AS p ON p.customer = c.customer
        LEFT JOIN payers AS o ON o.customer = i.customer
        WHERE i.invoice IS NULL OR {" OR ".join(differs.values())}
        """
    )
    told = ["SELECT row, tab, 'invoice', 'unknown-reference', invoice, 'invoices' FROM misnamed WHERE unknown"]
    for column in differs:
        value = "currency" if column == "currency" else "invoice"
        told.append(
            f"SELECT row, tab, '{column}', 'other-{column}', {value}, other_{column} "
            f"FROM misnamed WHERE other_{column} IS NOT NULL"
        )
    add_all(connection, " UNION ALL ".join(told))
    connection.execute("DROP TABLE misnamed")


def _find_instalments(connection: Connection) -> None:
    add_findings(
        connection,
        "instalments",
        "amount",
        "'instalments-sum'",
        "CAST(c.total AS VARCHAR) || ' ' || i.currency",
        "CAST(i.amount AS VARCHAR) || ' ' || i.currency",
        """
        FROM (
            SELECT invoice, min(row) AS row, CAST(sum(amount) AS BIGINT) AS total
            FROM instalments GROUP BY invoice HAVING count(*) = count(amount)
        ) AS c
        JOIN known_invoices AS i ON i.invoice = c.invoice
        WHERE i.amount <> c.total
        """,
    )


def create_payers(connection: Connection) -> None:
    """Create `payers`: for each customer that does not pay for itself, who does in the end."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE payers AS
        WITH RECURSIVE up(customer, payer, steps) AS (
            SELECT customer, parent, 1 FROM customers WHERE parent_pays AND parent IS NOT NULL
            UNION ALL
            SELECT u.customer, c.parent, u.steps + 1
            FROM up AS u JOIN customers AS c ON c.customer = u.payer
            WHERE c.parent_pays AND c.parent IS NOT NULL AND u.steps < 100
        )
        SELECT customer, arg_max(payer, steps) AS payer FROM up GROUP BY customer
        """
    )


def _find_parents(connection: Connection) -> None:
    alone = "FROM customers AS c WHERE parent_pays AND parent IS NULL AND mask = 0"
    add_findings(connection, "customers", "parent_pays", "'no-parent'", "''", "''", alone)
    links = "SELECT customer, parent FROM customers WHERE customer IS NOT NULL AND parent IS NOT NULL"
    if rings := _in_rings(dict(connection.execute(links).fetchall())):
        own = "FROM customers AS c WHERE customer IN (SELECT unnest($1))"
        add_findings(connection, "customers", "parent", "'parent-cycle'", "parent", "''", own, [sorted(rings)])


def _in_rings(parents: Mapping[str, str]) -> set[str]:
    """Who is their own ancestor."""
    rings: set[str] = set()
    settled: set[str] = set()
    for start in parents:
        chain: list[str] = []
        here = start
        while here in parents and here not in settled:
            settled.add(here)
            chain.append(here)
            here = parents[here]
        if here in chain:
            rings.update(chain[chain.index(here) :])
    return rings


def _find_confusable_domains(connection: Connection, name: str) -> None:
    found = connection.execute(f"SELECT row, email FROM {name} WHERE contains(lower(email), 'xn--')").fetchall()
    rows = [row for row, email in found if any(map(mixes_scripts, _decoded_labels(email)))]
    if rows:
        own = f"FROM {name} AS c WHERE row IN (SELECT unnest($1))"
        add_findings(connection, name, "email", "'address-confusable'", "email", "''", own, [rows])


def _decoded_labels(email: str) -> Iterator[str]:
    """The parts of an address's domain that stand for another script, in that script."""
    for label in email.rpartition("@")[2].lower().split("."):
        if label.startswith("xn--"):
            with suppress(UnicodeError):
                yield label[4:].encode("ascii").decode("punycode")


# Warnings.


def name_warnings(connection: Connection, place: Span) -> list[Problem]:
    """Names of different customers that look alike without being the same; nothing is ever joined by name."""
    # Names that look like no other need no second look, which is nearly all of them.
    foreign = "SELECT DISTINCT name FROM customers WHERE length(name) <> strlen(name)"
    folded = [_folded(name) for (name,) in connection.execute(foreign).fetchall()]
    plain = "trim(regexp_replace(lower(name), '\\s+', ' ', 'g'))"
    twins = f"SELECT {plain} FROM customers GROUP BY {plain} HAVING count(DISTINCT name) > 1"
    names = connection.execute(
        f"""
        SELECT name, customer, row FROM customers
        WHERE {plain} IN ({twins}) OR length(name) <> strlen(name) OR {plain} IN (SELECT unnest($1))
        ORDER BY row
        """,
        [folded],
    ).fetchall()
    seen: dict[str, tuple[str, str]] = {}
    problems = []
    for name, customer, row in names:
        first_name, first_customer = seen.setdefault(_folded(name), (name, customer))
        if first_name != name and first_customer != customer:
            twin = f"`{shown(first_name)}`, customer `{first_customer}`"
            message = f"customer `{customer}` is called `{shown(name)}`, which looks like {twin}"
            here = Span(place.file, row, place.column)
            help_ = "make sure that they are two customers"
            problems.append(Problem("name-confusable", here, message, help_, severity=Severity.WARNING))
    if (more := len(problems) - MOST_NAMED) > 0:
        rest = f"and {more:,} more names that look alike"
        return [*problems[:MOST_NAMED], Problem("name-confusable", place, rest, severity=Severity.WARNING)]
    return problems


def _folded(name: str) -> str:
    if name.isascii():
        return " ".join(name.lower().split())
    plain = "".join(c for c in unicodedata.normalize("NFKC", name) if unicodedata.category(c) != "Cf")
    return " ".join(plain.casefold().split())


def repeated_warnings(connection: Connection, tables: Tables) -> list[Problem]:
    """Tables without a key that have the same row twice, which may be meant."""
    problems = []
    for name, staged in tables.items():
        if any(column.key for column in staged.table.columns):
            continue
        columns = ", ".join(f'"{column.name}"' for column in staged.table.columns)
        again = f"SELECT max(row) AS again FROM {name} GROUP BY {columns} HAVING count(*) > 1"
        found = connection.execute(f"SELECT count(*), min(again) FROM ({again})").fetchone()
        if found and found[0]:
            rows = "row stands" if found[0] == 1 else "rows stand"
            message = f"{found[0]:,} {rows} in `{name}` more than once"
            help_ = "look whether the export repeats rows"
            place = staged.place(found[1], "")
            problems.append(Problem("duplicate-row", place, message, help_, severity=Severity.WARNING))
    return problems
