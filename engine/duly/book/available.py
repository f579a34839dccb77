"""Whether a book brings what a policy reads.

A policy that reads a fact which the book cannot give is refused before anything
is decided, with the line that reads it and what would give it: a guess, or an
empty table that nobody declared empty, would look like an answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from duly.book.book import Book
from duly.book.tables import TABLES
from duly.language.conditions import leaves
from duly.language.policy import Basis, Policy, Since
from duly.language.reads import facts_needed
from duly.language.vocabulary import ACCOUNT, INVOICE, Fact
from duly.source import Problem, Refused, Span

DATA = 4


def refuse_what_is_missing(policy: Policy, book: Book) -> None:
    """Refuse a policy that reads what the book lacks, naming each fact and the line that reads it."""
    missing = missing_for(book, policy)
    if missing:
        raise Refused(missing, DATA)


def missing_for(book: Book, policy: Policy) -> tuple[Problem, ...]:
    """A problem for every fact that the policy reads and the book cannot give, at the line that reads it first."""
    return tuple(
        _problem(policy, name, span, wanted)
        for name, span, wanted in _needed(policy)
        if not any(_gives(book, source) for source in wanted)
    )


def _needed(policy: Policy) -> Iterator[tuple[str, Span, tuple[str, ...]]]:
    """What is read, where, and the tables or columns of which any one gives it."""
    if policy.late.basis is Basis.INVOICE_DATE:
        yield "invoice_date", policy.late.span, ("invoices.invoice_date",)
    elif stage := next((s for s in policy.stages() if s.after and s.after.clock.since is Since.INVOICE_DATE), None):
        yield "invoice_date", stage.span, ("invoices.invoice_date",)
    seen = set()
    for fact, span in (*facts_needed(policy), *_facts_of_pauses(policy), *_facts_of_settings(policy)):
        if fact.tables and fact.name not in seen:
            seen.add(fact.name)
            yield fact.name, span, fact.tables


def _facts_of_pauses(policy: Policy) -> Iterator[tuple[Fact, Span]]:
    """What invoice pauses read, and the promises behind `until: promise_due`."""
    for pause in policy.invoice_pauses:
        for leaf in leaves(pause.when):
            if fact := INVOICE.get(leaf.fact):
                yield fact, leaf.span if leaf.span.line else pause.span
    for account_pause in policy.account_pauses:
        if account_pause.until == "promise_due":
            yield ACCOUNT["promise"], policy.places.get(f"{account_pause.path}/until", account_pause.span)


def _facts_of_settings(policy: Policy) -> Iterator[tuple[Fact, Span]]:
    """What is read without a condition: whether something is late, the contact cap, the customer's own ladder."""
    yield ACCOUNT["days_past_due"], policy.late.span
    if cap := policy.limits.contacts_per_customer:
        yield ACCOUNT["contacts_in_window"], cap.span
    if policy.choose_ladder.by == "customer_ladder":
        yield ACCOUNT["customer_ladder"], policy.choose_ladder.span


def _gives(book: Book, source: str) -> bool:
    """Say whether the book has the table, or the column; a table that is declared empty gives all its columns."""
    table, _, column = source.partition(".")
    if TABLES[table].kept_by_journal:
        return True
    if not book.has(table):
        return False
    return (
        not column
        or column in book.columns[table]
        or (table not in {"customers", "invoices"} and not book.columns[table])
    )


def _problem(policy: Policy, fact: str, span: Span, wanted: tuple[str, ...]) -> Problem:
    lines = policy.lines.get(span.file, ())
    line = lines[span.line - 1] if 0 < span.line <= len(lines) else ""
    return Problem(
        "not-in-book", span, f"the policy reads `{fact}`, which the book cannot give", f"bring {_offer(wanted)}", line
    )


def _offer(wanted: tuple[str, ...]) -> str:
    offers = []
    for source in wanted:
        table, _, column = source.partition(".")
        if not column:
            offers.append(
                f"the table `{table}`, or declare it empty on purpose (`{table}: none` under `tables:` in `book.yaml`)"
            )
        elif table == "customers":
            offers.append(
                f"the column `{column}` of `{table}`, or one word for all (`assume: {{{column}: …}}` in `book.yaml`)"
            )
        else:
            offers.append(f"the column `{column}` of `{table}`")
    return "; or ".join(offers)
