"""Deeds to send, of an invented creditor and invented customers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType

from duly.execution.ports import Deed, Recipient
from duly.messages.matter import Colleague, Line, Matter, Party, Rendered
from duly.plan.plan import Action, Because, Kind
from duly.source import Span

KEY = "0123456789abcdef01234567"

ACTION = Action(
    id=KEY,
    customer="C1",
    creditor="main",
    item="",
    kind=Kind.MESSAGE,
    stage="reminder",
    tone="friendly",
    channel="email",
    template="reminder",
    task="",
    for_role="collector",
    person="collector-north",
    not_before="2026-03-31T09:00:00-04:00",
    invoices=("I1",),
    amount=123_450,
    currency="USD",
    amounts=(),
    episode="I1",
    occurrence=1,
    approval=(),
    because=(Because("stage reminder", Span("policies/standard.yaml", 60, 5), (), "said so"),),
)

MATTER = Matter(
    creditor=Party("main", "Amber Paper Works", ("Oak Avenue 1", "Southport"), "US", "accounts@amber.example"),
    customer=Party("C1", "Birch Anvil Supply", ("Elm Street 2", "Northport"), "US", "pay@birch.example"),
    language="en",
    channel="email",
    template="reminder",
    stage="reminder",
    tone="friendly",
    as_of=date(2026, 3, 31),
    reference="C1",
    lines=(Line("I1", date(2026, 3, 1), 30, 123_450, "USD"),),
    totals=(("USD", 123_450),),
    pay_by=date(2026, 4, 7),
    collector=Colleague("collector-north", "Collector North", "north@amber.example"),
    salesperson=Colleague("sales-north", "Sales North", "sales@amber.example"),
)

MESSAGE = Rendered(
    subject="Invoice I1 is open",
    text="Good morning,\n\ninvoice I1 over 1,234.50 USD was due on 1 March.\n",
    html="<p>Good morning,</p>\n<p>invoice I1 over 1,234.50 USD was due on 1 March.</p>\n",
    pdf=b"",
    language="en",
    file="templates/en/email/reminder.friendly.md.j2",
    signed_by="credit manager",
    digest="0" * 64,
)

RECIPIENT = Recipient(
    "C1", "Birch Anvil Supply", "pay@birch.example", ("Elm Street 2",), "en", "US", "America/New_York"
)

EMAIL = Deed(ACTION, RECIPIENT, MESSAGE, MATTER)

LETTER = Deed(
    replace(ACTION, channel="letter"),
    RECIPIENT,
    replace(MESSAGE, html="", pdf=b"%PDF-1.7\n" + bytes(range(256)) * 40 + b"%%EOF\n"),
    replace(MATTER, channel="letter"),
)

MEETING = Deed(
    replace(ACTION, kind=Kind.SALES_REQUEST, channel="", task="joint_meeting", not_before="2026-03-31"),
    Recipient("sales-north", "Sales North", "sales@amber.example", time_zone="America/New_York", country="US"),
    MESSAGE,
    MATTER,
)


def key(word: str) -> str:
    """An action key of its own for each word."""
    return hashlib.sha256(word.encode()).hexdigest()[:24]


def email_to(address: str, **message: str) -> Deed:
    return replace(EMAIL, recipient=replace(RECIPIENT, email=address), message=replace(MESSAGE, **message))  # type: ignore[arg-type]


def numbered(number: int) -> Deed:
    """One of many e-mails, to a customer of its own."""
    return replace(
        EMAIL,
        action=replace(ACTION, id=key(f"e-mail {number}"), customer=f"C{number}"),
        recipient=replace(RECIPIENT, customer=f"C{number}", email=f"pay@c{number}.example"),
    )


def task(number: int = 1, person: str = "collector-north", points: int = 0, **action: object) -> Deed:
    """Something that a colleague is asked to do."""
    changes: Mapping[str, object] = MappingProxyType(
        {
            "id": key(f"task {number}"),
            "kind": Kind.TASK,
            "channel": "",
            "template": "",
            "task": "phone_call",
            "person": person,
            "not_before": "2026-03-31",
        }
        | action
    )
    return Deed(
        replace(ACTION, **changes),  # type: ignore[arg-type]
        Recipient(person, person.replace("-", " ").title(), f"{person}@amber.example"),
        None,
        MATTER,
        points,
    )
