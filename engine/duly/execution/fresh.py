"""The check just before each hand-over: is it still to be done, just so, as book and journal are now.

The answer comes from making the plan again: the same reading, the same facts, the
same two engines. What was found stands until the book's files or other people's
journal entries move; then it is made again before anything more is handed over. A
book that cannot be read any more stops the run.

Contact hours are asked at the moment of the hand-over. Whether the customer must
not be contacted, or is insolvent, is asked last of all and of the book itself, whatever
the policy makes of it; a customer who is not in the book is not contacted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from duly.book.book import Book
from duly.book.mapping import read_sources
from duly.book.payers import payers_of
from duly.book.read import read_book
from duly.dates import next_open
from duly.execution.contacts_left import reaches
from duly.execution.deeds import Written
from duly.execution.ports import Deed, Due, NotDue
from duly.journal.entry import Event
from duly.journal.history import History
from duly.journal.store import Journal
from duly.language.policy import Policy
from duly.plan.make import Background, make_plan, stops_of
from duly.plan.plan import Action, Kind, Plan, Withheld
from duly.source import Problem, Refused, Severity, Span

SAME = tuple(field.name for field in fields(Action) if field.name not in {"because", "not_before", "person"})
"""What must not have changed since the plan was shown; reasons may read other numbers, a colleague may have changed."""

OF_THE_LEDGER = frozenset({"data-too-old", "portfolio-out-of-proportion"})
"""What stops a run also when it is found only now: the ledger is old, or was cut. All else that stops a plan is looked
at again before it begins, over its own actions; a run never does more than its plan."""

REFUSED = 5

ABOUT_APPROVAL = frozenset({Event.APPROVED, Event.REJECTED})
"""Entries that change nothing about an account."""

_Stamp = tuple[tuple[str, int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Order:
    """What is checked against: the policy, where the book is, the environment, the day where it is fixed.

    `day` fixes the day that is decided for; without it, it is the local day of the
    moment, so that money which came in since the plan is seen. `own` begins the ids of the
    runs whose entries are the plan's own doing; `planned_at` is the last entry that the plan
    knew, `ruled_at` the last one when its approvals were looked at.
    `written_by_us` are files of the book that the run itself writes; `despite` are stops
    that the operator has given a reason for.
    """

    policy: Policy
    book: Path
    environment: str
    own: str
    planned_at: int = 0
    ruled_at: int = 0
    written_by_us: frozenset[Path] = frozenset()
    day: date | None = None
    despite: frozenset[str] = frozenset()


Deeds = Callable[[Book, Sequence[Action], date], Written]
"""Makes the deeds of actions out of the book: recipient, what is said."""

HistoryOf = Callable[[str], History]
"""The journal's history without the runs whose ids begin so."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The plan as it is now, and what it was made from."""

    day: date
    stamp: _Stamp
    seq: int
    plan: Plan
    actions: Mapping[str, Action]
    written: Written
    contacts: Mapping[str, frozenset[date]]
    withheld: Mapping[tuple[str, str, str], Withheld]
    late: frozenset[tuple[str, str]]
    untouchable: Mapping[str, str]


class FreshCheck:
    """A `Check` over a book on disk and a journal."""

    def __init__(self, order: Order, journal: Journal, history: HistoryOf, deeds: Deeds) -> None:
        self._order = order
        self._journal = journal
        self._history = history
        self._deeds = deeds
        self._wanted: frozenset[str] | None = None
        self._planned: tuple[Action, ...] = ()
        self._found: _Found | None = None
        self._paths: tuple[Path, ...] = ()
        self._scanned = 0
        self._foreign = 0
        self._touched: dict[str, str] = {}
        self._rejected: dict[str, str] = {}

    def prepare(self, actions: Collection[Action], now: datetime, planned: Sequence[Action] = ()) -> None:
        """Say which actions will be asked about, so that nothing is written out for others.

        `planned` is the whole plan: the fuse is looked at again over what it holds, whatever
        the plan says of itself. Raises `Refused` (5) where that stops it.
        """
        self._wanted = frozenset(action.id for action in actions)
        self._planned = tuple(planned)
        self._current(now)

    @property
    def unwritten(self) -> Mapping[str, str]:
        """Messages that could not be written, by action key, and why."""
        return self._found.written.unwritten if self._found else {}

    def contact_days(self, name: str) -> frozenset[date]:
        """The days on which the book knows of a contact with a customer, or through an inbox."""
        return self._found.contacts.get(name, frozenset()) if self._found else frozenset()

    def __call__(self, action: Action, now: datetime) -> Due | NotDue:
        """Whether the action is still due at the moment; raises `Refused` (4) where the book cannot be read."""
        found = self._current(now)
        if action.customer in self._touched:
            said = f"the journal has a newer entry about the customer: {self._touched[action.customer]}"
            return NotDue("changed", said)
        if action.id in self._rejected:
            return NotDue("rejected", f"{self._rejected[action.id]} rejected it meanwhile")
        current = found.actions.get(action.id)
        if current is None:
            return _why_not(found, action)
        changed = [name for name in SAME if getattr(action, name) != getattr(current, name)]
        if changed:
            return NotDue("changed", f"{', '.join(changed)} changed since the plan was made")
        deed = found.written.deeds.get(action.id)
        if deed is None:
            return NotDue("not_written", found.written.unwritten.get(action.id, "the message could not be written"))
        return self._reachable(found, deed, now) if action.kind.to_customer or reaches(action) else Due(deed)

    def _reachable(self, found: _Found, deed: Deed, now: datetime) -> Due | NotDue:
        to = deed.recipient
        calendar = self._order.policy.calendar
        opens = next_open(now, calendar.contact, to.time_zone or "UTC", to.country or calendar.country)
        # A call or a visit is given to a colleague now, who sees to the hours.
        if opens > now and deed.action.kind.to_customer:
            said = f"contact opens at {opens.isoformat(timespec='minutes')}, in the customer's time"
            return NotDue("outside_contact_hours", said, opens.astimezone(UTC))
        reason = found.untouchable.get(deed.action.customer, "not_in_the_book")
        return NotDue(reason, f"the book says so of the customer: {reason.replace('_', ' ')}") if reason else Due(deed)

    # What is current.

    def _current(self, now: datetime) -> _Found:
        day = self._order.day or now.astimezone().date()
        self._read_on()
        now_is = (day, self._stamp(), self._foreign)
        if self._found is None or (self._found.day, self._found.stamp, self._found.seq) != now_is:
            # Looked at before it is read: what moves while it is read is seen the next time.
            files = _files_of(self._order.book)
            self._paths = tuple(path for path in files if path.resolve() not in self._order.written_by_us)
            now_is = (day, self._stamp(), self._foreign)
            self._found = self._made(*now_is)
        return self._found

    def _read_on(self) -> None:
        """Read the journal's new entries: the number of the last one that others made about an account."""
        for entry in self._journal.entries(after=self._scanned):
            self._scanned = entry.seq
            if not entry.run.startswith(self._order.own) and entry.event not in ABOUT_APPROVAL:
                self._foreign = entry.seq
                if entry.customer and entry.seq > self._order.planned_at:
                    self._touched[entry.customer] = entry.event.value.replace("_", " ")
            if entry.event is Event.REJECTED and entry.seq > self._order.ruled_at:
                self._rejected[entry.key] = entry.by

    def _stamp(self) -> _Stamp:
        """What tells whether a file of the book was written, moved or replaced, or another one has come."""
        try:
            folder = self._order.book if self._order.book.is_dir() else self._order.book.parent
            names = sorted(path.name for path in folder.iterdir() if path.suffix in SUFFIXES)
            states = [(path, path.stat()) for path in self._paths]
        except OSError as gone:
            raise _cannot_check(f"`{gone.filename}` cannot be read: {gone.strerror}") from None
        return (
            *((name, 0, 0, 0, 0) for name in names),
            *((str(path), s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for path, s in states),
        )

    def _made(self, day: date, stamp: _Stamp, seq: int) -> _Found:
        book = read_book(self._order.book)
        background = Background(self._history(self._order.own), self._order.environment)
        # What is due today is asked, not on which day something else could be.
        plan = make_plan(self._order.policy, book, day, background=background, looks_ahead=False)
        found = [stop for stop in plan.stops if stop.rule in OF_THE_LEDGER]
        if self._found is None and self._planned:
            found = list(stops_of(self._order.policy, book, day, self._planned, background.history))
        spoilt = [replace(stop, severity=Severity.ERROR) for stop in found if stop.rule not in self._order.despite]
        if spoilt:
            raise Refused(spoilt, REFUSED)
        wanted = [action for action in plan.actions if self._wanted is None or action.id in self._wanted]
        run = book.connection.execute
        return _Found(
            day=day,
            stamp=stamp,
            seq=seq,
            plan=plan,
            actions={action.id: action for action in plan.actions},
            written=self._deeds(book, wanted, day),
            contacts=_contacts(book, self._order.policy, day),
            withheld={(thing.customer, thing.creditor, thing.item): thing for thing in plan.withheld},
            late=frozenset(run("SELECT DISTINCT customer, creditor FROM account_facts WHERE late").fetchall()),
            untouchable=dict(
                run(
                    "SELECT customer, CASE WHEN do_not_contact THEN 'do_not_contact' "
                    "WHEN insolvent THEN 'insolvent' ELSE '' END FROM customers"
                ).fetchall()
            ),
        )


SUFFIXES = frozenset({".csv", ".parquet", ".yaml", ".yml"})
"""The files that a book can be made of."""


def _files_of(book: Path) -> tuple[Path, ...]:
    sources = read_sources(book)
    described = book / "book.yaml" if book.is_dir() else book
    files = {source.path for source in sources.tables.values() if source.path is not None}
    return tuple(sorted(files | ({described} if described.is_file() else set())))


def _contacts(book: Book, policy: Policy, day: date) -> Mapping[str, frozenset[date]]:
    """The days of contact that the cap looks back on, by customer and by inbox; of who pays, for whom it pays."""
    cap = policy.limits.contacts_per_customer
    if cap is None:
        return {}
    silent = [stage.id for stage in policy.stages() if not stage.contacts]
    payers = payers_of(book)
    rows = book.connection.execute(
        """
        WITH made AS (
            SELECT customer, day FROM contacts_made WHERE direction = 'out'
            UNION
            SELECT customer, day FROM executed_stages WHERE NOT list_contains(CAST($silent AS VARCHAR[]), stage)
        ), recent AS (
            SELECT COALESCE(y.payer, m.customer) AS customer, m.day
            FROM made AS m
            LEFT JOIN (
                SELECT unnest(CAST($paid_for AS VARCHAR[])) AS customer, unnest(CAST($payers AS VARCHAR[])) AS payer
            ) AS y ON y.customer = m.customer
            WHERE m.day > $since
        ), inboxes AS (
            SELECT customer, lower(email) AS inbox FROM customers WHERE email IS NOT NULL
            UNION
            SELECT customer, lower(email) FROM contacts WHERE email IS NOT NULL AND role = 'pays'
        )
        SELECT customer AS name, day FROM recent
        UNION
        SELECT i.inbox, r.day FROM recent AS r JOIN inboxes AS i ON i.customer = r.customer
        """,
        {
            "silent": silent,
            "since": day - timedelta(days=cap.in_days),
            "paid_for": list(payers),
            "payers": list(payers.values()),
        },
    ).fetchall()
    days: dict[str, set[date]] = {}
    for name, contacted_on in rows:
        days.setdefault(name, set()).add(contacted_on)
    return {name: frozenset(those) for name, those in days.items()}


TELLS = frozenset({Kind.NOTICE, Kind.INTRODUCTION, Kind.ADVICE, Kind.STATEMENT, Kind.LIST})
NOT_OF_A_LADDER = TELLS | {Kind.LIMIT_PROPOSAL, Kind.CHARGE_PROPOSAL}
"""Kinds of action that no stage, hold or lateness of today brings about."""

NO_LONGER_DUE = NotDue("no_longer_due", "the policy asks for something else by now")


def _why_not(found: _Found, action: Action) -> NotDue:
    """Why an action that was planned would not be planned now."""
    aside = dict(found.plan.set_aside).get(action.customer)
    if aside is not None:
        return NotDue("set_aside", aside)
    if action.kind in NOT_OF_A_LADDER:
        return _why_not_together(found, action)
    thing = found.withheld.get((action.customer, action.creditor, action.item))
    if thing is not None:
        return NotDue(thing.reason, thing.explanation)
    if (action.customer, action.creditor) not in found.late:
        return NotDue("nothing_late", "nothing of it is late any more")
    return NO_LONGER_DUE


def _why_not_together(found: _Found, action: Action) -> NotDue:
    """Why what is about no stage and no ladder would not be planned now."""
    about = (action.customer, action.creditor, f"{action.kind.value.replace('_', ' ')} {action.stage}")
    for thing in found.plan.withheld:
        if (thing.customer, thing.creditor, thing.what) == about:
            return NotDue(thing.reason, thing.explanation)
    return NotDue("no_longer_due", "what it tells of is not so any more") if action.kind in TELLS else NO_LONGER_DUE


def _cannot_check(message: str) -> Refused:
    help_ = "nothing more is sent while it cannot be seen whether it is still due"
    return Refused([Problem("cannot-check-again", Span("", 0, 0), message, help_)], 4)
