"""A team that lives through many days: the ledger grows, mail is received, processes are killed, letters are posted."""

from __future__ import annotations

import random
import socket
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from duly.book.connection import connect
from duly.book.known import EVENTS
from duly.execution.failpoints import NAMES
from duly.execution.reconcile import Decision, settle, unknowns
from duly.home import Environment, Home
from duly.journal.create import create, open_journal
from duly.journal.entry import Draft, Entry, Event
from tests.execution.forking import Forking
from tests.execution.teams import Team

FIRST = date(2026, 3, 2)
"""A Monday."""

KEPT_BY_JOURNAL = ("executed_stages", "requests", "contacts_made", "holds")
"""Tables that the book does not bring: the journal keeps them from the first day on."""

BOOK = """\
duly_book: 1
currency: USD
creditor: orchard
tables: {sales: none, tasks_given: none, contacts_made: none, holds: none}
"""

DEADLY = tuple(name for name in NAMES if "deferred" not in name and "unknown" not in name and "failed" not in name)


@dataclass
class MailServer:
    """What a real server accepted, by Message-ID, with its recipients."""

    received: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802, ANN401  (aiosmtpd's names)
        message = message_from_bytes(envelope.content)
        self.received.append((str(message["Message-ID"]), tuple(envelope.rcpt_tos)))
        return "250 taken"


@contextmanager
def mail_server() -> Iterator[tuple[MailServer, int]]:
    """A server on a free port of this machine."""
    server = MailServer()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield server, port
    finally:
        controller.stop()


class Breeder(Forking):
    """Forks those which live through a day."""

    def __init__(self) -> None:
        # Begun by its code and not as a module: what it forks starts processes, and none imports the module again.
        super().__init__("-c", "from tests.execution.one_day import breed; breed()")

    def live_through(self, home: Path, day: date, place: str) -> int:
        """Live through the day in a process that dies at the place; its exit code."""
        self.tell(home, day, place)
        return self.ended()


@dataclass
class Month:
    """A team, its whole ledger, and what happened on its days."""

    team: Team
    ledger: Path
    server: MailServer
    breeder: Breeder
    chance: random.Random
    killed: Counter[str] = field(default_factory=Counter)
    settled: int = 0

    @property
    def home(self) -> Home:
        return Home(self.team.home)

    def live_through(self, day: date) -> None:
        """One day: the ledger as it was, a process killed at a random place, another that finishes, the post."""
        book_of(self.ledger, self.team.book, day)
        place = f"{self.chance.choice(DEADLY)}:{self.chance.randint(1, 4)}"
        self.killed[place.partition(":")[0]] += self._process(day, place) != 0
        self.settle()
        assert self._process(day, "") == 0
        self.settle()
        self.post(day)

    def _process(self, day: date, place: str) -> int:
        """Live through the day in a process that dies at the place; its exit code."""
        ended = self.breeder.live_through(self.team.home, day, place)
        assert place or ended == 0
        assert ended in {0, -9}
        return ended

    def settle(self) -> None:
        """Decide every UNKNOWN by what the server has."""
        got = {id_ for id_, _ in self.server.received}
        with closing(open_journal(self.home, Environment.LIVE)) as journal:
            for known in unknowns(journal):
                arrived = known.reference in got or known.channel.startswith("outbox")
                settle(
                    journal, known.standing.key, Decision(arrived=arrived, by="mail-admin", because="the server's log")
                )
                self.settled += 1

    def post(self, day: date) -> None:
        """Say of every letter that was written that it was posted."""
        with closing(open_journal(self.home, Environment.LIVE)) as journal:
            by_hand = {e.key for e in journal.entries() if e.event is Event.INTENT and e.body.get("confirms_by_hand")}
            for key, standing in journal.standing().items():
                if standing.event is Event.ACCEPTED and key in by_hand:
                    body = {"day": day.isoformat()}
                    journal.append(Draft(Event.CONFIRMED, "post-room", key, standing.customer, body=body))

    def entries(self) -> list[Entry]:
        with closing(open_journal(self.home, Environment.LIVE, read_only=True)) as journal:
            return list(journal.entries())


def make_month(
    folder: Path, customers: int, days: int, server: MailServer, port: int, breeder: Breeder, seed: int
) -> Month:
    """A team before its first day."""
    team = Team(folder / "team")
    team.home.mkdir()
    team.duly("init", ".")
    # The customers of a first import reach their second stage together, which is what a fuse is there to notice.
    policy = team.policy.read_text(encoding="utf-8")
    team.policy.write_text(policy.replace("{at_most: 25, not", "{at_most: 100, not"), encoding="utf-8")
    create(Home(team.home), Environment.LIVE).close()
    last = FIRST + timedelta(days=days)
    ledger = folder / "ledger"
    team.duly("demo", ledger, "--customers", customers, "--seed", seed, "--as-of", last.isoformat())
    sender = "{address: accounts@orchard-tools.net, name: Orchard Tools}"
    mail = f"{{host: 127.0.0.1, port: {port}, tls: none, from: {sender}}}"
    text = f"duly_channels: 1\nchannels:\n  mail:\n    smtp: {mail}\nuse: {{email: mail}}\n"
    (team.home / "channels.yaml").write_text(text, encoding="utf-8")
    return Month(team, ledger, server, breeder, random.Random(seed))


def book_of(ledger: Path, book: Path, day: date) -> None:
    """The ledger as it was on the day, with addresses that a live run does not take for test data."""
    book.mkdir(exist_ok=True)
    with connect() as run:
        invoices = ledger / "invoices.csv"
        for path in (invoices, *sorted(set(ledger.glob("*.csv")) - {invoices})):
            if path.stem in KEPT_BY_JOURNAL:
                continue
            event = EVENTS.get(path.stem)
            run.execute(
                f"CREATE OR REPLACE TABLE t AS SELECT * FROM read_csv('{path}', all_varchar = true, header = true)"
            )
            names = [name for (name, *_) in run.execute("DESCRIBE t").fetchall()]
            if event and event.day in names:
                run.execute(f'DELETE FROM t WHERE "{event.day}" > ?', [day.isoformat()])
                for later in (column for column in event.later if column in names):
                    run.execute(f'UPDATE t SET "{later}" = NULL WHERE "{later}" > ?', [day.isoformat()])
            if path == invoices:
                run.execute("CREATE TABLE there AS SELECT invoice FROM t")
            elif "invoice" in names:
                run.execute("DELETE FROM t WHERE invoice IS NOT NULL AND invoice NOT IN (SELECT invoice FROM there)")
            for name in {"email"} & set(names):
                run.execute(f"UPDATE t SET {name} = replace({name}, '.example', '.orchard-sample.net')")
            run.execute(f"COPY t TO '{book / path.name}' (HEADER)")
    (book / "book.yaml").write_text(BOOK, encoding="utf-8")


def once(entries: list[Entry]) -> Mapping[tuple[object, ...], int]:
    """How often each (customer, creditor, stage, episode, channel, occurrence) was accepted as a message."""
    intents = {e.key: e.body["action"] for e in entries if e.event is Event.INTENT}
    accepted = {e.key for e in entries if e.event is Event.ACCEPTED}
    names = ("customer", "creditor", "item", "stage", "episode", "channel", "occurrence")
    actions = [intents[key] for key in accepted]
    return Counter(tuple(a[n] for n in names) for a in actions if isinstance(a, dict) and a["kind"] == "message")
