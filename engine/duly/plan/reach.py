"""Where customers are reached: the address that a message goes to, as the book has it.

An e-mail goes to the contact who pays, where the customer names one, else to the
customer's own address, and not to one that refuses e-mail. Whether a customer may be reached so is a fact (`has_email`,
`has_address`), decided elsewhere; this only says where.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from duly.book.book import Book


@dataclass(frozen=True, slots=True)
class Reach:
    """A customer's addresses; what is not known is empty. `address` has its lines separated by `; `."""

    name: str = ""
    contact: str = ""
    email: str = ""
    address: str = ""
    language: str = ""
    country: str = ""
    time_zone: str = ""

    def to(self, channel: str) -> str:
        """Where a message by the channel goes."""
        return {"email": self.email, "letter": self.address}.get(channel, "")


NOWHERE_KNOWN = Reach()
"""The reach of a customer of whom the book says nothing."""


def reach_of(book: Book, customers: str) -> Mapping[str, Reach]:
    """The addresses of the customers that an SQL query names in its only column."""
    rows = book.connection.execute(f"""
        WITH wanted AS (SELECT DISTINCT customer FROM ({customers}) AS q),
        paying AS (
            SELECT customer, arg_min(name, row) AS name, arg_min(email, row) AS email
            FROM contacts
            WHERE role = 'pays' AND email IS NOT NULL AND customer IN (SELECT customer FROM wanted)
            GROUP BY customer
        )
        SELECT
            c.customer, c.name, p.name,
            CASE WHEN NOT COALESCE(c.no_email, FALSE) THEN COALESCE(p.email, c.email) END,
            c.address, c.language, c.country, c.time_zone
        FROM customers AS c
        JOIN wanted AS w ON w.customer = c.customer
        LEFT JOIN paying AS p ON p.customer = c.customer
    """).fetchall()
    return {customer: Reach(*(text or "" for text in rest)) for customer, *rest in rows}
