"""Holds as stretches of time: when one that was carried out began, whether it still stands, and when it ended.

A hold begins with the first deed that places it and ends with the release, with the
undoing, or with what the ledger says: somebody may have released it there by hand.
Several holds of one customer and creditor by the same name are one, as a ladder by
invoice or currency decides each for itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from duly.book.book import Book, Presence
from duly.journal.dealings import Change

TOLD_WITHIN_DAYS = 14
"""What happened longer ago is news to nobody; a journal that is old when notices begin brings no flood of them."""

Who = tuple[str, str, str]
"""Customer, creditor and hold."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A hold from its first day to its last.

    `key` is that of the deed that placed it, or of the one that released what the ledger
    had placed; `placed_on` is None for the latter.
    """

    customer: str
    creditor: str
    hold: str
    key: str
    placed_on: date | None
    ended_on: date | None = None

    @property
    def who(self) -> Who:
        """Whose hold it is, and which."""
        return self.customer, self.creditor, self.hold

    def day_of(self, news: str) -> date | None:
        """The day that the news is of: `hold` or `release`."""
        return self.placed_on if news == "hold" else self.ended_on


def stretches(changes: Iterable[Change]) -> tuple[Stretch, ...]:
    """The stretches that the journal's holds and releases come to, in the order in which they began."""
    found: list[Stretch] = []
    standing: dict[Who, int] = {}
    for change in changes:
        who = (change.customer, change.creditor, change.rule)
        stretch = Stretch(*who, change.key, change.day)
        if change.kind == "release" and not change.undone_on:
            if who in standing:
                number = standing.pop(who)
                found[number] = replace(found[number], ended_on=change.day)
            elif not _ended(found, who, change.day):
                found.append(replace(stretch, placed_on=None, ended_on=change.day))
        elif change.kind == "hold" and who not in standing:
            if change.undone_on is None:
                standing[who] = len(found)
            found.append(replace(stretch, ended_on=change.undone_on))
    return tuple(found)


def _ended(found: Sequence[Stretch], who: Who, day: date) -> bool:
    """Say whether the hold ended that day already: the second release of two that were decided invoice by invoice."""
    return any(stretch.who == who and stretch.ended_on == day for stretch in found)


def as_the_ledger_has_them(book: Book, found: Iterable[Stretch], as_of: date) -> Iterator[Stretch]:
    """The stretches with the end that the ledger knows, where it keeps the holds itself."""
    found = tuple(found)
    open_ = [stretch for stretch in found if stretch.ended_on is None]
    ended = _released(book, open_, as_of) if open_ and book.given["holds"] is Presence.GIVEN else {}
    for stretch in found:
        released = ended.get(stretch.who)
        over = stretch.ended_on is None and released and stretch.placed_on and released >= stretch.placed_on
        yield replace(stretch, ended_on=released) if over else stretch


def _released(book: Book, open_: Sequence[Stretch], as_of: date) -> Mapping[Who, date]:
    """The day of the last release of each hold that does not stand in the ledger any more."""
    rows = book.connection.execute(
        "SELECT h.customer, h.creditor, h.hold, max(h.released_on) FROM holds AS h "
        "JOIN (SELECT DISTINCT unnest(CAST(? AS VARCHAR[])) AS customer) AS w ON w.customer = h.customer "
        "WHERE h.placed_on <= ? GROUP BY ALL "
        "HAVING count(*) FILTER (WHERE h.released_on IS NULL OR h.released_on > ?) = 0",
        [sorted({stretch.customer for stretch in open_}), as_of, as_of],
    ).fetchall()
    return {(customer, creditor, hold): day for customer, creditor, hold, day in rows}


def news_of(stretch: Stretch, as_of: date, *, tells_holds: bool, hold_was_told: bool) -> str:
    """What is to be told of a hold today: `hold`, `release`, or nothing.

    A hold that ended before it was told of, and within the days in which it would have
    been, is told of with neither word: whoever hears of the release alone would ask
    what it is about. Where it stood for longer, it was met without being told.
    """
    if stretch.ended_on is None:
        assert stretch.placed_on is not None
        return "hold" if _is_news(stretch.placed_on, as_of) else ""
    if not _is_news(stretch.ended_on, as_of):
        return ""
    short = stretch.placed_on is not None and _is_news(stretch.placed_on, stretch.ended_on)
    return "" if short and tells_holds and not hold_was_told else "release"


def _is_news(day: date, as_of: date) -> bool:
    return timedelta(0) <= as_of - day <= timedelta(days=TOLD_WITHIN_DAYS)
