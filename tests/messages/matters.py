"""Matters to write messages from, of plainly fictional companies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

from duly.messages.matter import Colleague, Line, Matter, Party, Said

TEMPLATES = Path(__file__).parent / "templates"

CREDITOR = Party(
    id="ACME",
    name="Acme Fictional Supplies Ltd",
    address=("1 Example Street", "London EC1A 1AA", "United Kingdom"),
    country="GB",
    email="credit@acme.example",
    phone="+44 20 7946 0000",
    pay_to=("Example Bank, sort code 00-00-00, account 12345678", "IBAN GB00 EXMP 0000 0012 3456 78"),
)
CUSTOMER = Party(
    id="C-1001",
    name="Sample Widgets Ltd",
    address=("Unit 7, Sample Park", "Leeds LS1 4AP", "United Kingdom"),
    country="GB",
    email="ap@widgets.example",
)
LINES = (
    Line("INV-2001", date(2026, 1, 15), 61, 1_234_50, "GBP", date(2025, 12, 16), 1_234_50),
    Line("INV-2002", date(2026, 2, 1), 44, 300_00, "GBP", date(2026, 1, 2), 500_00),
)
MATTER = Matter(
    creditor=CREDITOR,
    customer=CUSTOMER,
    language="en",
    channel="email",
    template="reminder",
    stage="reminder",
    tone="friendly",
    as_of=date(2026, 3, 17),
    reference="C-1001",
    lines=LINES,
    totals=(("GBP", 1_534_50),),
    pay_by=date(2026, 3, 31),
    contact_name="Jo Sample",
    next_stage="second_reminder",
    collector=Colleague("kay", "Kay Collector", "kay@acme.example", "+44 20 7946 0001"),
    salesperson=Colleague("sam", "Sam Seller", "sam@acme.example", "+44 20 7946 0002"),
    asked=Colleague("sam", "Sam Seller", "sam@acme.example", "+44 20 7946 0002"),
)
LETTER = replace(
    MATTER, channel="letter", template="final_notice", stage="final_notice", tone="final", next_stage="referral"
)
BRIEF = replace(
    MATTER,
    channel="brief",
    template="find_out_why",
    stage="silent_key_account",
    tone="none",
    ask="find_out_why",
    answer_by=date(2026, 3, 20),
    history=(Said(date(2026, 3, 1), "reminder by e-mail"), Said(date(2026, 3, 9), "call: nobody there")),
    guidance=("Terms and releases are not yours to promise.",),
)


def named(name: str, base: Matter = MATTER) -> Matter:
    """A matter of a customer with this name."""
    return replace(base, customer=replace(base.customer, name=name))
