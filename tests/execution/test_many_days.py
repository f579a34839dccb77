"""The standard policy over many days, through a real mail server, with a process killed on each of them."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from duly.journal.entry import Event
from tests.conftest import NIGHTLY, Counted
from tests.execution.days import FIRST, Breeder, Month, mail_server, make_month, once

CUSTOMERS, DAYS = (2_000, 30) if NIGHTLY else (60, 3)


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    with mail_server() as (server, port), closing(Breeder()) as breeder:
        month = make_month(tmp_path_factory.mktemp("month"), CUSTOMERS, DAYS, server, port, breeder, seed=3)
        for n in range(DAYS):
            month.live_through(FIRST + timedelta(days=n))
    return month


def test_every_stage_reaches_a_customer_once_an_episode(month: Month) -> None:
    times = once(month.entries())
    assert times
    assert set(times.values()) == {1}


def test_what_the_server_received_is_what_the_journal_calls_accepted(month: Month, counted: Counted) -> None:
    entries = month.entries()
    sent = {e.key: str(e.body.get("reference")) for e in entries if e.event is Event.POINT_OF_NO_RETURN}
    channel = {e.key: e.body.get("channel") for e in entries if e.event is Event.INTENT}
    accepted = sorted(sent[e.key] for e in entries if e.event is Event.ACCEPTED and channel[e.key] == "mail")
    received = sorted(id_ for id_, _ in month.server.received)
    assert received == accepted
    counted(
        f"{DAYS} days of {CUSTOMERS} customers through SMTP",
        kills=sum(month.killed.values()),
        messages_received=len(received),
        messages_accepted=len(accepted),
        UNKNOWN_settled=month.settled,
    )


def test_every_message_has_one_recipient_and_left_after_its_record(month: Month) -> None:
    assert all(len(recipients) == 1 for _, recipients in month.server.received)
    recorded = {e.body.get("reference") for e in month.entries() if e.event is Event.POINT_OF_NO_RETURN}
    assert {id_ for id_, _ in month.server.received} <= recorded


def test_the_days_were_dangerous(month: Month) -> None:
    assert sum(month.killed.values()) >= DAYS // 3
