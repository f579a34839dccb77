"""One process that carries a small plan out for real, to be killed: a journal on disk, a mail server, files.

`python -m tests.execution.killed HOME PORT` is one such process, `… breed` forks many.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from duly.execution import failpoints
from duly.execution.channels.mail import Sender
from duly.execution.channels.outbox import letter_outbox, list_outbox
from duly.execution.channels.smtp import Server, SmtpChannel
from duly.execution.channels.smtp_session import Timeouts, Tls
from duly.execution.pace import Retries
from duly.execution.ports import Deed, Due, NotDue, Outcome, Parcel
from duly.execution.run import carry_out, run_id
from duly.execution.world import RunOrder, World
from duly.home import Environment, Home
from duly.journal.create import open_journal
from duly.journal.store import JournalFailed, RunIsActive
from duly.plan.plan import Action, Kind
from tests.channels.deeds import LETTER, email_to, key, numbered, task

if TYPE_CHECKING:
    from duly.execution.ports import Channel

PLAN = "f" * 64
AS_OF = date(2026, 3, 31)
NOON = datetime(2026, 3, 31, 17, 0, tzinfo=UTC)
"""Every customer is awake."""

SENDS_FIRST = "sends-first "
"""Before the name of a failpoint: the fault to plant."""

LOCKED = 6
BROKEN = 8


class FixedClock:
    """It is noon; nobody waits."""

    def now(self) -> datetime:
        return NOON

    def wait(self, seconds: float) -> None:
        del seconds


def deeds() -> dict[str, Deed]:
    """What the plan holds: e-mails, a letter, a task, one that nobody can pack, one not due, one not due now."""
    made = [
        numbered(1),
        _named("skipped", numbered(2)),
        replace(LETTER, action=replace(LETTER.action, id=key("letter"), not_before="2026-03-31")),
        _named("unsendable", email_to("a@b@c.example")),
        numbered(3),
        task(),
        _named("deferred", numbered(4)),
        numbered(5),
    ]
    return {deed.action.id: deed for deed in made}


def _named(word: str, deed: Deed) -> Deed:
    return replace(deed, action=replace(deed.action, id=key(word)))


def check(action: Action, now: datetime) -> Due | NotDue:
    if action.id == key("skipped"):
        return NotDue("paid", "paid meanwhile")
    if action.id == key("deferred"):
        return NotDue("closed", "it is late where the customer is", now + timedelta(hours=12))
    return Due(deeds()[action.id])


def channel_of(action: Action) -> str:
    return "email" if action.kind is Kind.MESSAGE and action.channel == "email" else action.channel or "task"


def channels(home: Path, port: int, *, sends_first: bool = False) -> dict[str, Channel]:
    server = Server("127.0.0.1", port, tls=Tls.NONE, timeouts=Timeouts(connect=5, step=5, body=5, total=10))
    smtp = SendsFirst if sends_first else SmtpChannel
    return {
        "email": smtp("email", server, Sender("accounts@amber.example", "Amber Paper Works")),
        "letter": letter_outbox("letter", home / "outbox" / "letters", home),
        "task": list_outbox("task", home / "outbox" / "tasks", home),
    }


class SendsFirst(SmtpChannel):
    """A planted fault: it sends, and then asks whether it may."""

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        outcome = super().hand_over(parcel, lambda: None)
        no_return()
        return outcome


def carry_out_once(home: Path, port: int, armed: str = "", hold: str = "") -> int:
    """Carry the plan out, or the rest of it; the exit code of the report.

    `hold` is a pipe that the first check waits at.
    """
    sends_first = armed.startswith(SENDS_FIRST)
    failpoints._armed = armed.removeprefix(SENDS_FIRST) or failpoints._armed

    def checked(action: Action, now: datetime) -> Due | NotDue:
        if hold:
            Path(hold).read_bytes()
        return check(action, now)

    try:
        journal = open_journal(Home(home), Environment.LIVE)
    except JournalFailed:
        return BROKEN
    order = RunOrder(
        plan=PLAN,
        policy="standard",
        as_of=AS_OF,
        operator="operator",
        resume=any(True for _ in journal.entries(run=run_id(PLAN, 1))),
        retries=Retries(most=1, first=1),
    )
    world = World(
        journal=journal,
        channels=channels(home, port, sends_first=sends_first),
        check=checked,
        clock=FixedClock(),
        stop=lambda: False,
        contacts=lambda _: (),
        checkpoint=lambda: str(journal.head()),
        route=channel_of,
    )
    try:
        return carry_out(order, [deed.action for deed in deeds().values()], world).exit_code
    except RunIsActive:
        return LOCKED
    except JournalFailed:
        return BROKEN
    finally:
        for channel in world.channels.values():
            channel.close()
        journal.close()


def breed() -> None:
    """Fork one carrying out for each line of `HOME PORT ARMED HOLD MILLISECONDS`, and say how each ended.

    Forking costs nothing of the imports. A line with milliseconds has the process killed
    after so many; it says when it has opened nothing yet, so that the time counts from there.
    """
    for line in sys.stdin:
        home, port, armed, hold, milliseconds = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os._exit(carry_out_once(Path(home), int(port), armed, hold))
        if milliseconds:
            select.select([], [], [], float(milliseconds) / 1000)
            os.kill(child, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["breed"]:
        breed()
    else:
        sys.exit(carry_out_once(Path(sys.argv[1]), int(sys.argv[2])))
