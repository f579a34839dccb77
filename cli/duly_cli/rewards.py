"""`duly rewards`: what people get for being paid in time, and what has to be looked at before."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.figures import form_options, give, tell
from duly_cli.known import add_journal, journal_options
from duly_cli.params import BOOK, DAY, POLICY

if TYPE_CHECKING:
    from duly.book.book import Book
    from duly.figures.reward_lines import Period
    from duly.home import Environment, Home
    from duly.language.policy import Policy

_QUARTER = re.compile(r"([0-9]{4})-Q([1-4])")


@click.command("rewards")
@click.argument("policy", type=POLICY)
@click.argument("book", type=BOOK)
@click.option("--quarter", metavar="YEAR-Qn", help="The quarter, as in 2026-Q1.")
@click.option("--from", "first", type=DAY, help="The first day, of one quarter with the last.")
@click.option("--to", "last", type=DAY, help="The last day.")
@click.option("--person", help="One person's statement, line by line and step by step.")
@click.option("--looked-at", multiple=True, metavar="ID", help="Count what this finding keeps back; may be repeated.")
@journal_options
@form_options
def command(
    policy: Policy,
    book: Path,
    quarter: str | None,
    first: date | None,
    last: date | None,
    person: str | None,
    looked_at: tuple[str, ...],
    format_: str,
    out: Path | None,
    home: Home | None,
    environment: Environment,
) -> None:
    """Show what POLICY rewards people with for a quarter of BOOK, and pay nothing.

    What looks like a known way to game the reward is listed with the rows that show it,
    and kept out of the sums until a manager has looked at it.
    """
    from duly.book.read import read_book
    from duly.figures.rewards import rewards
    from duly.reports import rewards as report

    period = _period(quarter, first, last)
    read = read_book(book)
    tell(read.warnings)
    add_journal(read, policy, home, environment)
    made = rewards(read, policy, period, _buddies(read, policy, period), looked_at)
    tell(made.warnings)
    if person is None:
        pages = report.summary_pages(made) if format_ == "csv" else report.pages(made)
    else:
        _check_person(read, person)
        pages = report.statement_table(made, person) if format_ == "csv" else report.statement_pages(made, person)
    give(format_, out, period.last, pages, lambda: report.as_json(made, person))


def _period(quarter: str | None, first: date | None, last: date | None) -> Period:
    from duly.figures.reward_lines import period
    from duly.figures.reward_lines import quarter as whole

    if quarter is not None and first is None and last is None:
        if not (match := _QUARTER.fullmatch(quarter)):
            raise click.UsageError(f"`{quarter}` is not a quarter: write it as in 2026-Q1")
        return whole(int(match[1]), int(match[2]))
    if quarter is None and first is not None and last is not None:
        return period(first, last)
    raise click.UsageError("say which quarter with `--quarter`, or which days of one with `--from` and `--to`")


def _buddies(book: Book, policy: Policy, period: Period) -> tuple[tuple[str, str], ...]:
    """Who is whose buddy, where the policy has a bonus for buddies; refused where that cannot be told."""
    reward = policy.together.reward
    if reward is None or reward.team_bonus is None:
        return ()
    from duly.source import Refused, has_errors
    from duly.team.pairs import By, pairs_of
    from duly.team.people import DATA, team_of
    from duly.team.segments import segments_of

    by_segment = policy.together.pair_by == By.SEGMENT.value
    segments = segments_of(book, policy, period.last) if by_segment else {}
    pairs = pairs_of(policy, team_of(book), period.last, segments)
    if has_errors(pairs.problems):
        raise Refused(pairs.problems, DATA)
    tell(pairs.problems)
    return tuple(sorted({(pair.salesperson, pair.collector) for pair in pairs.pairs}))


def _check_person(book: Book, person: str) -> None:
    """Refuse somebody whom the book does not know."""
    from duly.figures.needs import place
    from duly.language.suggest import did_you_mean
    from duly.source import Problem, Refused

    query = "SELECT person FROM people UNION SELECT salesperson FROM customers UNION SELECT collector FROM customers"
    known = sorted(one for (one,) in book.connection.execute(query).fetchall() if one)
    if person not in known:
        message = f"the book has no person `{person}`"
        raise Refused([Problem("unknown-person", place(book), message, did_you_mean(person, known))], 4)
