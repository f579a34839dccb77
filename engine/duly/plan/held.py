"""Holds as stretches of time: when one that was carried out began, whether it still stands, and when it ended.

A hold begins with the first deed that places it and ends with the release, with the
undoing, or with what the ledger says: somebody may have released it there by hand.
Several holds of one customer and creditor by the same name are one, as a ladder by
invoice or currency decides each for itself.

Where the book brings its own holds, it alone says which stand: what was asked of the
ledger is no news before the ledger has it, since whoever is told of a hold would still
be delivered to, and whoever is told of a release would not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from duly.book.book import Book, Presence
from duly.book.payers import payers_of
from duly.journal.dealings import Change

TOLD_WITHIN_DAYS = 14
"""What happened longer ago is news to nobody; a journal that is old when notices begin brings no flood of them."""

Who = tuple[str, str, str]
"""Customer, creditor and hold."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A hold from its first day to its last.

    `key` is that of the deed that placed it, or of the one that released what the ledger
    had placed; `placed_on` is None for the latter. `booked` is False while the ledger, which
    keeps the holds itself, does not have the last of it yet.
    """

    customer: str
    creditor: str
    hold: str
    key: str
    placed_on: date | None
    ended_on: date | None = None
    booked: bool = True

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
    """The stretches as a ledger that keeps holds itself has them: with the end it knows, and what it lacks."""
    found = tuple(found)
    if not found or book.given["holds"] is not Presence.GIVEN:
        yield from found
        return
    kept = _kept(book, found, as_of)
    for stretch in found:
        mine = kept.get(stretch.who, ())
        standing = [row for row in mine if row.ended_on is None]
        if stretch.ended_on is not None:
            # One that was placed later is another hold.
            yield replace(stretch, booked=all(row.placed_on > stretch.ended_on for row in standing))
        elif standing:
            yield stretch
        else:
            assert stretch.placed_on is not None
            ended = [row.ended_on for row in mine if row.ended_on and row.ended_on >= stretch.placed_on]
            yield replace(stretch, ended_on=max(ended)) if ended else replace(stretch, booked=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A hold as the ledger has it on a day; `ended_on` is None where it stands."""

    placed_on: date
    ended_on: date | None


def _kept(book: Book, found: Iterable[Stretch], as_of: date) -> Mapping[Who, Sequence[_Kept]]:
    """What the ledger has of these holds, also where it keeps them with a customer that another one pays for."""
    payers = payers_of(book)
    rows = book.connection.execute(
        "SELECT customer, creditor, hold, placed_on, CASE WHEN released_on <= ? THEN released_on END FROM holds "
        "WHERE placed_on <= ?",
        [as_of, as_of],
    ).fetchall()
    wanted = {stretch.who for stretch in found}
    kept: dict[Who, list[_Kept]] = {}
    for customer, creditor, hold, placed_on, ended_on in rows:
        for who in {(customer, creditor, hold), (payers.get(customer, customer), creditor, hold)} & wanted:
            kept.setdefault(who, []).append(_Kept(placed_on, ended_on))
    return kept


def news_of(stretch: Stretch, as_of: date, *, tells_holds: bool, hold_was_told: bool) -> str:
    """What is to be told of a hold today: `hold`, `release`, or nothing.

    A hold that ended before it was told of, and within the days in which it would have
    been, is told of with neither word: whoever hears of the release alone would ask
    what it is about. Where it stood for longer, it was met without being told.
    """
    if not stretch.booked:
        return ""
    if stretch.ended_on is None:
        assert stretch.placed_on is not None
        return "hold" if _is_news(stretch.placed_on, as_of) else ""
    if not _is_news(stretch.ended_on, as_of):
        return ""
    short = stretch.placed_on is not None and _is_news(stretch.placed_on, stretch.ended_on)
    return "" if short and tells_holds and not hold_was_told else "release"


def _is_news(day: date, as_of: date) -> bool:
    return timedelta(0) <= as_of - day <= timedelta(days=TOLD_WITHIN_DAYS)
