"""Who gets what is asked of a role: its own person, who covers, the manager, or nobody in particular."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from duly.team.people import Person
from duly.team.staff import Staff
from tests.team.building import DAY, collector, seller, team

DAYS = timedelta(days=1)
AWAY: dict[str, Any] = {"away_from": DAY - 3 * DAYS, "away_until": DAY}
BOSS = Person("boss", "sales_manager")
CREDIT = Person("credit", "credit_manager")


def staff(*people: Person, day: date = DAY) -> Staff:
    return Staff(team(*people), day)


@pytest.mark.parametrize(
    ("people", "found"),
    [
        pytest.param([seller("ann")], "ann", id="whoever-is-there-does-it"),
        pytest.param([seller("ann", **AWAY, covered_by="bea"), seller("bea")], "bea", id="who-covers-does-it"),
        pytest.param(
            [seller("ann", **AWAY, covered_by="bea"), seller("bea", **AWAY, covered_by="cay"), seller("cay")],
            "cay",
            id="who-covers-for-the-cover-does-it",
        ),
        pytest.param([seller("ann", **AWAY, manager="boss"), BOSS], "boss", id="else-the-manager"),
        pytest.param(
            [seller("ann", **AWAY, covered_by="bea", manager="boss"), seller("bea", **AWAY), BOSS],
            "boss",
            id="the-manager-where-the-cover-is-away-too",
        ),
        pytest.param([seller("ann", **AWAY)], "", id="else-nobody-in-particular"),
        pytest.param(
            [seller("ann", **AWAY, manager="bea"), seller("bea", **AWAY, manager="ann")], "", id="a-ring-has-an-end"
        ),
        pytest.param([], "ann", id="a-book-without-people-has-everybody-there"),
    ],
)
def test_a_request_to_sales_goes_to_whoever_is_there(people: list[Person], found: str) -> None:
    assert staff(*people).person_for("salesperson", "ann", "col") == found


@pytest.mark.parametrize(("day", "found"), [(DAY, "bea"), (DAY + DAYS, "ann")], ids=["last-day-away", "back"])
def test_the_last_day_of_an_absence_is_one_of_it(day: date, found: str) -> None:
    assert (
        staff(seller("ann", **AWAY, covered_by="bea"), seller("bea"), day=day).person_for("salesperson", "ann") == found
    )


@pytest.mark.parametrize(
    ("people", "found"),
    [
        pytest.param([CREDIT], "credit", id="the-only-one"),
        pytest.param([CREDIT, Person("other", "credit_manager")], "", id="of-two-neither"),
        pytest.param(
            [collector("col", manager="credit"), CREDIT, Person("other", "credit_manager")],
            "credit",
            id="of-two-the-collectors-own",
        ),
        pytest.param([collector("col")], "", id="nobody-has-the-role"),
        pytest.param(
            [Person("credit", "credit_manager", **AWAY, covered_by="deputy"), Person("deputy", "collector")],
            "",
            id="a-cover-of-another-role-covers-nothing",
        ),
    ],
)
def test_what_is_for_a_manager_goes_to_the_only_one_or_the_customers_own(people: list[Person], found: str) -> None:
    assert staff(*people).person_for("credit_manager", "ann", "col") == found


def test_whose_work_nobody_does_is_named() -> None:
    nobody = staff(seller("ann", **AWAY))
    assert nobody.absent("salesperson", "ann") == seller("ann", **AWAY)
    assert staff(seller("ann", **AWAY, manager="boss"), BOSS).absent("salesperson", "ann") is None
    assert nobody.absent("salesperson", "") is None
