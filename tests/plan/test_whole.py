"""A ladder by invoice asks, gives tasks and lets go of a hold once for the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from duly.book.connection import connect
from duly.language.load import load_policy
from duly.language.policy import Unit
from duly.plan.plan import Action, Kind
from duly.plan.whole import once_an_account
from tests.language.policies import STANDARD

STANDARD_POLICY, _ = load_policy(STANDARD)
BY_INVOICE = replace(STANDARD_POLICY, ladders=tuple(replace(one, unit=Unit.INVOICE) for one in STANDARD_POLICY.ladders))


def action(kind: Kind, item: str, stage: str, customer: str = "C1") -> Action:
    rest: Mapping[str, Any] = {
        "creditor": "main", "tone": "none", "channel": "", "template": "", "task": "", "for_role": "", "person": "",
        "not_before": date(2026, 3, 31).isoformat(), "invoices": (item,), "amount": 1, "currency": "USD", "amounts": (),
        "episode": item, "occurrence": 1, "approval": (), "because": (),
    }  # fmt: skip
    return Action(id=f"{kind.value}{item}{customer}", customer=customer, item=item, kind=kind, stage=stage, **rest)


def left(kind: Kind, stage: str, releasing: Mapping[str, str]) -> list[str]:
    """Which items' actions are left of one account, by the holds that each item lets go of."""
    connection = connect()
    connection.execute('CREATE TABLE decisions (creditor VARCHAR, customer VARCHAR, item VARCHAR, "release" VARCHAR)')
    connection.executemany(
        "INSERT INTO decisions VALUES ('main', 'C1', ?, ?)", [list(one) for one in releasing.items()]
    )
    actions = [action(kind, item, stage) for item, hold in releasing.items() if hold or kind is not Kind.RELEASE]
    return [one.item for one in once_an_account(actions, connection, BY_INVOICE)]


def test_a_hold_is_released_once_and_by_every_item_of_the_account() -> None:
    assert left(Kind.RELEASE, "credit", {"I1": "credit", "I2": "credit,stop"}) == ["I1"]


def test_a_hold_stays_while_one_invoice_stands_against_its_release() -> None:
    assert left(Kind.RELEASE, "credit", {"I1": "credit", "I2": ""}) == []


@pytest.mark.parametrize(
    ("kind", "stage"), [(Kind.SALES_REQUEST, "broken_promise"), (Kind.TASK, "do_not_contact")], ids=["asked", "given"]
)
def test_sales_is_asked_and_a_pauses_task_is_given_once(kind: Kind, stage: str) -> None:
    assert left(kind, stage, {"I2": "", "I1": ""}) == ["I1"]


def test_the_task_of_a_stage_is_the_invoices_own() -> None:
    assert left(Kind.TASK, "second_reminder", {"I1": "", "I2": ""}) == ["I1", "I2"]
