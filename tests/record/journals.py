"""Journals with something in them: a home on disk, and actions that were carried out to some point."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from duly.home import Environment, Home
from duly.journal.create import create
from duly.journal.entry import Draft, Entry, Event
from duly.journal.store import Store
from duly.plan.document import action_record
from duly.plan.plan import Action, Because, Kind
from duly.source import Span

DAY = date(2026, 3, 31)
RUN = "run-1"

MESSAGE = Action(
    id=sha256(b"message").hexdigest(),
    customer="C001",
    creditor="HOME",
    item="",
    kind=Kind.MESSAGE,
    stage="reminder",
    tone="friendly",
    channel="email",
    template="reminder",
    task="",
    for_role="collector",
    person="collector-north",
    not_before="2026-03-31T09:00:00+01:00",
    invoices=("I1", "I2"),
    amount=123450,
    currency="EUR",
    amounts=(),
    episode="I1",
    occurrence=1,
    approval=(),
    because=(
        Because(
            "stage reminder: after",
            Span("policies/standard.yaml", 88, 7),
            (("days_past_due", 15), ("past_due", 123450), ("disputed", False)),
            "Customers pay on the first reminder.",
        ),
    ),
)
LETTER = replace(MESSAGE, id=sha256(b"letter").hexdigest(), channel="letter", stage="demand", tone="final")
REQUEST = replace(
    MESSAGE,
    id=sha256(b"request").hexdigest(),
    kind=Kind.SALES_REQUEST,
    stage="broken_promise",
    tone="none",
    channel="",
    template="",
    task="find_out_why",
)
HOLD = replace(REQUEST, id=sha256(b"hold").hexdigest(), kind=Kind.HOLD, stage="credit", task="")
TASK = replace(REQUEST, id=sha256(b"task").hexdigest(), kind=Kind.TASK, stage="second_reminder", task="phone_call")

TO = "accounts@amber.example"


@dataclass
class Ticking:
    """A clock that goes on by a second whenever it is asked."""

    moment: datetime = datetime(2026, 3, 31, 8, 0, tzinfo=UTC)
    asked: int = field(default=0)

    def __call__(self) -> datetime:
        self.asked += 1
        return self.moment + timedelta(seconds=self.asked)


def journal_in(folder: Path, environment: Environment = Environment.TRY) -> Store:
    """A new journal in a home of its own."""
    return create(Home(folder), environment, by="credit", clock=Ticking())


def begin(journal: Store, run: str = RUN) -> Entry:
    """A run begins."""
    body = {"policy": "standard", "plan": "f" * 64, "author": "author", "operator": "operator", "currency": "EUR"}
    [entry] = journal.append(Draft(Event.RUN_STARTED, "operator", run=run, body=body))
    return entry


def intend(journal: Store, action: Action, run: str = RUN, **more: object) -> Entry:
    """Somebody sets out to carry the action out."""
    body: dict[str, object] = {
        "action": {**action_record(action), "to": ""},
        "plan": "f" * 64,
        "as_of": DAY.isoformat(),
        "content": "c" * 64,
        "reference": f"<{action.id[:32]}@duly.example>",
        "channel": action.channel or "tasks",
        "policy": "standard",
        "message": {"file": "en/email/reminder.friendly", "signed_by": "Head of Sales", "language": "en"},
        **more,
    }
    personal = {
        "to": [TO],
        "recipient": {"customer": action.customer, "name": "Amber Anvil Works", "email": TO},
        "subject": "Your invoices I1 and I2",
    }
    draft = Draft(Event.INTENT, "operator", action.id, action.customer, run, body, personal)
    [entry] = journal.append(draft)
    return entry


def step(journal: Store, event: Event, action: Action, run: str = RUN, **body: object) -> Entry:
    """The next thing that happens to the action."""
    said: Mapping[str, object] = {"day": DAY.isoformat(), **body}
    [entry] = journal.append(Draft(event, "operator", action.id, action.customer, run, said))
    return entry


def leave(journal: Store, action: Action, run: str = RUN) -> Entry:
    """The point of no return, which says what leaves and how it can be found again."""
    intent = [entry for entry in journal.entries(key=action.id) if entry.event is Event.INTENT][-1]
    sent = {name: intent.body[name] for name in ("content", "reference", "channel")}
    return step(journal, Event.POINT_OF_NO_RETURN, action, run, **sent)


def accepted(journal: Store, action: Action, run: str = RUN, **more: object) -> Entry:
    """The action is handed over, and taken."""
    intend(journal, action, run, **more)
    leave(journal, action, run)
    return step(journal, Event.ACCEPTED, action, run, reply="250 queued")


def unknown(journal: Store, action: Action, run: str = RUN, **more: object) -> Entry:
    """The action is handed over, and nobody knows more."""
    intend(journal, action, run, **more)
    leave(journal, action, run)
    return step(journal, Event.UNKNOWN, action, run, why="the connection was lost after the last byte")


def letter(journal: Store, action: Action = LETTER, run: str = RUN) -> Entry:
    """A letter is written, for a person to post."""
    return accepted(journal, action, run, confirms_by_hand=True)
