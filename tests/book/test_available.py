"""A policy that reads what the book lacks is told so, at the line that reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from duly.book.available import missing_for
from duly.book.read import read_book
from duly.language.load import load_policy
from tests.book.books import HEAD, PLAIN, write

POLICY = """\
duly: 1
policy: small
currency: USD
tones: [friendly]
{more}ladder:
  stages:
    reminder:
      after: {{days: 4{since}}}
      when: {when}
      tone: friendly
      send: {{letter: reminder}}
"""


def missing(
    folder: Path, yaml: str, *, when: str = "{past_due: {over: 5}}", more: str = "", since: str = "", **files: str
) -> list[tuple[str, int]]:
    folder.mkdir(exist_ok=True)
    path = folder / "policy.yaml"
    path.write_text(POLICY.format(when=when, more=more, since=since), encoding="utf-8")
    policy, _ = load_policy(path)
    return [
        (problem.message.split("`")[1], problem.span.line)
        for problem in missing_for(read_book(write(folder / "book", yaml, **files)), policy)
    ]


@pytest.mark.parametrize(
    ("when", "yaml", "expected"),
    [
        pytest.param("{past_due: {over: 5}}", PLAIN, [], id="payments-declared-empty"),
        pytest.param("{dispute: open}", PLAIN, [("dispute", 9)], id="no-disputes"),
        pytest.param(
            "{dispute: open}", HEAD + "tables: {payments: none, disputes: none}\n", [], id="disputes-declared-empty"
        ),
        pytest.param("{relationship: fragile}", PLAIN, [("relationship", 9)], id="no-column"),
        pytest.param(
            "{relationship: fragile}",
            HEAD + "assume: {relationship: normal}\ntables: {payments: none}\n",
            [],
            id="assumed",
        ),
        pytest.param(
            "{annual_sales: {over: 5}}", HEAD + "tables: {payments: none, sales: none}\n", [], id="one-of-two-sources"
        ),
        pytest.param("{days_since_stage: {over: 5}}", PLAIN, [], id="the-journal-keeps-it"),
        pytest.param("{months_as_customer: {over: 5}}", PLAIN, [("months_as_customer", 9)], id="no-first-day"),
    ],
)
def test_what_a_condition_reads_must_be_in_the_book(
    tmp_path: Path, when: str, yaml: str, expected: list[tuple[str, int]]
) -> None:
    assert missing(tmp_path, yaml, when=when) == expected


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        pytest.param("pauses: {disputed: {invoice: {dispute: open}}}\n", [("dispute", 5)], id="invoice-pause"),
        pytest.param(
            "limits: {contacts_per_customer: {at_most: 2, in_days: 7}}\n", [("contacts_in_window", 5)], id="contact-cap"
        ),
        pytest.param(
            "pauses: {promised: {account: {promise: open}, until: promise_due}}\n", [("promise", 5)], id="promise"
        ),
    ],
)
def test_what_is_read_outside_conditions_must_be_there_too(
    tmp_path: Path, more: str, expected: list[tuple[str, int]]
) -> None:
    assert missing(tmp_path, PLAIN, more=more) == expected


def test_a_clock_from_the_invoice_date_needs_the_invoice_date(tmp_path: Path) -> None:
    invoices = "invoice,customer,amount,due_date\nI1,C001,5.00,2026-01-01\n"
    assert missing(tmp_path / "without", PLAIN, since=", since: invoice_date", invoices=invoices) == [
        ("invoice_date", 7)
    ]
    assert missing(tmp_path / "with", PLAIN, since=", since: invoice_date") == []


def test_the_help_says_what_would_give_it(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY.format(when="{dispute: open}", more="", since=""), encoding="utf-8")
    policy, _ = load_policy(path)
    (problem,) = missing_for(read_book(write(tmp_path / "book", PLAIN)), policy)
    assert problem.help == (
        "bring the table `disputes`, or declare it empty on purpose (`disputes: none` under `tables:` in `book.yaml`)"
    )
    assert problem.line == "      when: {dispute: open}"
