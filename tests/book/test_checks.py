"""What must hold between the rows of a book, each with the row that breaks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from duly.book.read import read_book
from tests.book.books import CUSTOMERS, HEAD, INVOICES, PLAIN, found, problems, rows, write

OPEN = HEAD
NONE = PLAIN
PAID = "payment,customer,invoice,amount,currency,day\n"


@pytest.mark.parametrize(
    ("files", "rule", "row"),
    [
        pytest.param({"invoices": INVOICES + "I1,C001,5.00,USD,,2026-01-01\n"}, "duplicate-key", 4, id="invoice-twice"),
        pytest.param(
            {"invoices": INVOICES + "i1,C001,5.00,USD,,2026-01-01\n"}, "id-case", 4, id="invoice-in-small-letters"
        ),
        pytest.param({"customers": CUSTOMERS + "c001,Twin,,UTC,GB\n"}, "id-case", 4, id="customer-in-small-letters"),
        pytest.param(
            {"invoices": INVOICES + "I3,C999,5.00,USD,,2026-01-01\n"}, "unknown-reference", 4, id="unknown-customer"
        ),
        pytest.param(
            {"invoices": INVOICES + "I3,C001,5.00,USD,2026-01-02,2026-01-01\n"},
            "due-before-invoice",
            4,
            id="due-before",
        ),
        pytest.param({"customers": CUSTOMERS + "C003,No Zone,,,GB\n"}, "no-time-zone", 4, id="no-time-zone"),
        pytest.param({"disputes": "invoice,opened_on\nI9,2026-01-05\n"}, "unknown-reference", 2, id="unknown-invoice"),
        pytest.param(
            {"disputes": "invoice,opened_on,resolved_on\nI1,2026-01-05,2026-01-04\n"},
            "days-out-of-order",
            2,
            id="resolved-before",
        ),
        pytest.param(
            {"disputes": "invoice,amount,opened_on\nI1,1.005,2026-01-05\n"},
            "bad-amount",
            2,
            id="decimals-of-the-invoice",
        ),
        pytest.param(
            {"instalments": "invoice,number,due_date,amount\nI1,1,2026-01-01,60.00\nI1,2,2026-02-01,39.99\n"},
            "instalments-sum",
            2,
            id="parts-a-cent-short",
        ),
        pytest.param(
            {"instalments": "invoice,number,due_date,amount\nI1,1,2026-01-01,60.00\nI1,1,2026-02-01,40.00\n"},
            "duplicate-key",
            3,
            id="part-twice",
        ),
        pytest.param({"rates": "day,from,to,rate\n2026-01-01,USD,USD,1\n"}, "same-currency", 2, id="rate-to-itself"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(tmp_path: Path, files: dict[str, str], rule: str, row: int) -> None:
    assert (rule, row) in found(write(tmp_path, NONE, **files))


@pytest.mark.parametrize(
    ("payment", "rule"),
    [
        pytest.param("P1,C001,I1,5.00,USD,2026-01-05", "", id="honest"),
        pytest.param("P1,C002,I1,5.00,USD,2026-01-05", "other-customer", id="another-customer's-invoice"),
        pytest.param("P1,C001,I1,5.00,EUR,2026-01-05", "other-currency", id="another-currency"),
        pytest.param("P1,C001,,5.00,EUR,2026-01-05", "", id="unapplied-in-another-currency"),
        pytest.param("P1,C001,I1,-5.00,USD,2026-01-05", "negative-amount", id="negative"),
    ],
)
def test_a_payment_is_for_the_customer_and_currency_of_its_invoice(tmp_path: Path, payment: str, rule: str) -> None:
    told = found(write(tmp_path, OPEN, payments=f"{PAID}{payment}\n"))
    assert told == ({(rule, 2)} if rule else set())


def test_a_payment_takes_what_it_leaves_out_from_its_invoice(tmp_path: Path) -> None:
    invoices = "invoice,customer,creditor,amount,currency,due_date\nI1,C001,orchard,100,JPY,2026-01-01\n"
    payments = "payment,customer,invoice,amount,day\nP1,C001,I1,50,2026-01-02\nP2,C001,,5.25,2026-01-02\n"
    book = read_book(write(tmp_path, OPEN, invoices=invoices, payments=payments))
    assert rows(book, "payments", "creditor, currency, amount") == [("orchard", "JPY", 50), ("main", "USD", 525)]


FAMILY = "customer,time_zone,parent,parent_pays\n"


@pytest.mark.parametrize(
    ("customers", "expected"),
    [
        pytest.param("C001,UTC,C002,yes\nC002,UTC,,\n", set(), id="a-parent-that-pays"),
        pytest.param(
            "C001,UTC,C002,no\nC002,UTC,C001,no\n",
            {("parent-cycle", 2), ("parent-cycle", 3)},
            id="each-the-other's-parent",
        ),
        pytest.param("C001,UTC,C001,no\nC002,UTC,,\n", {("parent-cycle", 2)}, id="its-own-parent"),
        pytest.param("C001,UTC,,yes\nC002,UTC,,\n", {("no-parent", 2)}, id="a-parent-that-is-not-there"),
        pytest.param("C001,UTC,C009,no\nC002,UTC,,\n", {("unknown-reference", 2)}, id="an-unknown-parent"),
        pytest.param(
            "C001,UTC,C002,no\nC002,UTC,C003,no\nC003,UTC,C002,no\n",
            {("parent-cycle", 3), ("parent-cycle", 4)},
            id="a-ring-above",
        ),
    ],
)
def test_parents_lead_upwards(tmp_path: Path, customers: str, expected: set[tuple[str, int]]) -> None:
    assert found(write(tmp_path, NONE, customers=FAMILY + customers)) == expected


def test_a_parent_that_pays_may_pay_the_invoices_of_its_child(tmp_path: Path) -> None:
    customers = FAMILY + "C001,UTC,C002,{pays}\nC002,UTC,,\n"
    payments = PAID + "P1,C002,I1,5.00,USD,2026-01-05\n"
    assert found(write(tmp_path / "pays", OPEN, customers=customers.format(pays="yes"), payments=payments)) == set()
    alone = write(tmp_path / "alone", OPEN, customers=customers.format(pays="no"), payments=payments)
    assert found(alone) == {("other-customer", 2)}


OPEN_ITEMS = "invoice,customer,open,currency,due_date\nI1,C001,60.00,USD,2026-01-01\n"
SETTLED = "invoice,customer,amount,currency,due_date,settled_on\nI1,C001,60.00,USD,2026-01-01,\n"


@pytest.mark.parametrize(
    ("yaml", "files", "rules"),
    [
        pytest.param(OPEN, {}, {"paid-not-told"}, id="nothing-said"),
        pytest.param(NONE, {}, set(), id="payments-declared-empty"),
        pytest.param(OPEN, {"invoices": OPEN_ITEMS}, set(), id="open-balances"),
        pytest.param(OPEN, {"invoices": SETTLED}, set(), id="settled-days"),
        pytest.param(
            OPEN,
            {"invoices": OPEN_ITEMS, "payments": PAID + "P1,C001,I1,5.00,USD,2026-01-05\n"},
            {"paid-told-twice"},
            id="open-and-payments",
        ),
    ],
)
def test_a_book_says_once_what_has_been_paid(tmp_path: Path, yaml: str, files: dict[str, str], rules: set[str]) -> None:
    assert {rule for rule, _ in found(write(tmp_path, yaml, **files))} == rules


def test_where_only_the_open_balance_is_given_it_is_the_amount(tmp_path: Path) -> None:
    book = read_book(write(tmp_path, OPEN, invoices=OPEN_ITEMS))
    assert rows(book, "invoices", "amount, open") == [(6000, 6000)]


def test_names_that_look_alike_are_warned_of_and_kept_apart(tmp_path: Path) -> None:
    customers = CUSTOMERS + "C003,Amber\u200b Anvil Works,,UTC,GB\nC004,Amber Anvil Works,,UTC,GB\n"
    told = [
        problem for problem in problems(write(tmp_path, NONE, customers=customers)) if problem.rule == "name-confusable"
    ]
    assert [problem.span.line for problem in told] == [4]
    assert "`Amber\\u200b Anvil Works`" in told[0].message


def test_a_row_that_stands_twice_where_no_key_forbids_it_is_a_warning(tmp_path: Path) -> None:
    disputes = "invoice,opened_on\nI1,2026-01-05\nI1,2026-01-05\n"
    assert ("duplicate-row", 3) in found(write(tmp_path, NONE, disputes=disputes))


def test_a_domain_that_stands_for_two_alphabets_is_refused(tmp_path: Path) -> None:
    mixed = "b\u0430d".encode("punycode").decode()
    customers = CUSTOMERS + f"C003,Mixed,a@xn--{mixed}.example,UTC,GB\nC004,Plain,a@xn--mller-kva.example,UTC,DE\n"
    assert found(write(tmp_path, NONE, customers=customers)) == {("address-confusable", 4)}
