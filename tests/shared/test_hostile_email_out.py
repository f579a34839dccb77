"""Hostile customers on their way out: an e-mail, a list or a hold has their text as text, or they get none.

A book refuses most of these rows; here they come past it, as if it had not.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import openpyxl
import pytest

from duly.execution.channels.addresses import checked_address
from duly.execution.channels.mail import Sender, compose
from duly.execution.channels.smtp import Server, SmtpChannel
from duly.execution.channels.smtp_session import Tls
from duly.execution.channels.worklist import COLUMNS, MOST_TEXT, as_csv, as_xlsx, line_of
from duly.execution.ports import Accepted, Unsendable
from tests.channels.deeds import EMAIL, MATTER, MESSAGE, RECIPIENT, task
from tests.channels.marks import Mark
from tests.channels.smtp_server import ScriptedServer
from tests.shared.hostile import Case, cases, needs_hostile

CASES = [case for kind in ("email", "html", "formula", "unicode") for case in cases(kind)]

SENDER = Sender("accounts@amber.example", "Amber Paper Works")

BAD_ADDRESS = {"E-ADDR", "E-ADDR-CONFUSABLE"}

HARMLESS_IN_TEXT = {"unicode-002", "unicode-013", "unicode-014"}
"""Refused by the book for what they are taken for, not for what a message would do with them."""


def customer_of(case: Case) -> tuple[str, str]:
    """The name and the address of the last customer of the file."""
    text = case.path.read_text(encoding="utf-8", errors="surrogateescape")
    *_, last = csv.DictReader(io.StringIO(text, newline=""))
    return last["name"], last["email"]


def sent(name: str, address: str) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """What a server received for a customer of this name and address, and from and for whom."""
    deed = replace(
        EMAIL,
        recipient=replace(RECIPIENT, name=name, email=address),
        message=replace(MESSAGE, subject=f"{name}: invoice I1", text=f"Dear {name},\n{name}\nthe end\n"),
    )
    with ScriptedServer() as server:
        channel = SmtpChannel("mail", Server("127.0.0.1", server.port, Tls.NONE), SENDER)
        parcel = channel.pack(deed)
        assert isinstance(channel.hand_over(parcel, Mark()), Accepted)
        channel.close()
    assert server.accepted == [parcel.content]
    return server.accepted[0], server.envelopes


@needs_hostile
def test_the_list_has_its_cases() -> None:
    assert len(CASES) > 35


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES if case.exit == 0])
def test_an_odd_customer_is_written_to_in_its_own_words(case: Case) -> None:
    name, address = customer_of(case)
    content, envelopes = sent(name, address)
    got = message_from_bytes(content, policy=SMTP)
    assert isinstance(got, EmailMessage)
    assert envelopes == [(f"MAIL FROM:<{SENDER.address}>".encode(), f"RCPT TO:<{address}>".encode())]
    # No header begins with a blank.
    assert str(got["Subject"]) == f"{name}: invoice I1".lstrip()
    assert (got.get_all("To"), got["Cc"], got["Bcc"]) == ([address], None, None)
    body = got.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == f"Dear {name},\n{name}\nthe end\n"


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES if case.exit == 4])
def test_a_hostile_customer_gets_nothing_even_past_the_book(case: Case) -> None:
    name, address = customer_of(case)
    if case.code in BAD_ADDRESS:
        with pytest.raises(Unsendable) as refused:
            checked_address(address)
        assert refused.value.rule == ("bad-email" if case.code == "E-ADDR" else "address-confusable")
    if case.id in HARMLESS_IN_TEXT:
        sent(name, "pay@birch.example")
        return
    with pytest.raises(Unsendable) as refused:
        compose(
            replace(
                EMAIL,
                recipient=replace(RECIPIENT, email=address),
                message=replace(MESSAGE, subject=f"{name}: invoice I1", text=name),
            ),
            SENDER,
        )
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES if case.id != "email-029"])
def test_no_list_runs_what_a_customer_is_called(case: Case) -> None:
    name, _ = customer_of(case)
    deed = replace(task(amount=-10_000), matter=replace(MATTER, customer=replace(MATTER.customer, name=name)))
    if len(name) > MOST_TEXT:
        with pytest.raises(Unsendable):
            line_of(deed)
        return
    line = line_of(deed)
    [row] = csv.DictReader(io.StringIO(as_csv([line]).decode("utf-8-sig"), newline=""))
    assert row["customer_name"] in {name, f"'{name}"}
    assert row["customer_name"][:1] not in set("=+-@\t\r\n＝＋－＠")
    assert (row["customer"], row["amount"]) == ("C1", "-100.00")
    cell = openpyxl.load_workbook(io.BytesIO(as_xlsx([line])))["everybody"].cell(2, COLUMNS.index("customer_name") + 1)
    assert (cell.data_type, cell.quotePrefix) == ("s", row["customer_name"] != name)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in cases("compliance") if c.id == "compliance-025"])
def test_no_live_message_goes_to_an_address_for_tests(case: Case) -> None:
    assert "@example.com" in case.path.read_text(encoding="utf-8")
    with pytest.raises(Unsendable) as refused:
        compose(replace(EMAIL, recipient=replace(RECIPIENT, email="pay@example.com")), SENDER, test_addresses=False)
    assert refused.value.rule == "test-address-in-live"
