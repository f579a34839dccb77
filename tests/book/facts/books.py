"""Small books and policies to compare the two derivations on, heavy on boundaries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TypeVar

from hypothesis import strategies as st

from duly.language.conditions import ALWAYS, NEVER, All, Compare, Includes, Is, Op
from duly.language.policy import (
    AccountPause,
    After,
    Basis,
    Calendar,
    Channel,
    Clock,
    ContactCap,
    ContactHours,
    DayCount,
    Exception_,
    Hold,
    InvoicePause,
    Ladder,
    Late,
    Limits,
    Period,
    Policy,
    Resets,
    SalesRule,
    Segment,
    Send,
    Since,
    Stage,
    Task,
    UnappliedCredit,
    Unit,
)

AS_OF = date(2026, 3, 31)

Tables = dict[str, list[dict[str, object]]]

_T = TypeVar("_T")


def day(ahead: int) -> date:
    """The day so many days after `AS_OF`."""
    return AS_OF + timedelta(days=ahead)


FAR = (-400, -366, -365, -364, -121, -120, -91, -90, -61, -60, -59, -45, *range(-35, -27), -21, -20)
NEAR = (-16, -15, -14, -13, -12, *range(-10, 6))
AHEAD = (8, 10, 15, 30, 31)
DAYS = st.sampled_from((*FAR, *NEAR, *AHEAD)).map(day)
PAST = st.sampled_from((*FAR, *NEAR)).map(day)
MONEY = st.sampled_from((1, 2, 49, 50, 51, 99, 100, 101, 149, 150, 151, 200, 250, 1000))
OFF = (-50, -49, -1, 0, 0, 0, 1, 60)
"""How far a payment is off the invoice that it names."""
CURRENCY = st.sampled_from(("USD", "USD", "USD", "EUR", "JPY"))
CUSTOMER = st.sampled_from(("C1", "C1", "C1", "C2", "C3"))
CREDITOR = st.sampled_from(("main", "main", "other"))


def seldom(values: st.SearchStrategy[_T]) -> st.SearchStrategy[_T | None]:
    """A value in a quarter of the cases, else none."""
    return st.one_of(st.none(), st.none(), st.none(), values)


def maybe(values: st.SearchStrategy[_T]) -> st.SearchStrategy[_T | None]:
    """A value, or none."""
    return st.one_of(st.none(), values)


@st.composite
def families(draw: st.DrawFn) -> Tables:
    """Rows about three customers, of whom the first may pay for the third."""
    tables: Tables = {"invoices": [], "instalments": []}
    told_by = draw(st.sampled_from(("payments", "payments", "settled_on", "open")))
    for number in range(draw(st.integers(1, 6))):
        due, amount = draw(DAYS), draw(MONEY)
        issued = st.sampled_from((None, due - timedelta(30), due - timedelta(1), due, due + timedelta(6)))
        invoice: dict[str, object] = {
            "invoice": f"I{number}", "customer": draw(CUSTOMER), "creditor": draw(CREDITOR), "amount": amount,
            "currency": draw(CURRENCY), "due_date": due, "invoice_date": draw(issued),
            "written_off_on": draw(seldom(PAST)),
        }  # fmt: skip
        if told_by == "settled_on":
            invoice["settled_on"] = draw(maybe(DAYS))
        if told_by == "open":
            invoice["open"] = draw(maybe(st.integers(0, amount + 2)))
        tables["invoices"].append(invoice)
        if draw(st.integers(0, 4)) == 0:
            first = draw(st.integers(0, amount))
            parts = ((1, due, first), (2, draw(DAYS), amount - first))
            tables["instalments"] += [
                {"invoice": invoice["invoice"], "number": n, "due_date": on, "amount": part} for n, on, part in parts
            ]
    by_id = {str(invoice["invoice"]): invoice for invoice in tables["invoices"]}
    some_invoice = st.sampled_from(sorted(by_id))

    def who() -> dict[str, object]:
        return {"customer": draw(CUSTOMER), "creditor": draw(CREDITOR)}

    def naming() -> dict[str, object]:
        invoice = draw(maybe(some_invoice))
        if invoice is None or draw(st.integers(0, 9)) == 0:
            return {**who(), "invoice": invoice}
        return {name: by_id[str(invoice)][name] for name in ("customer", "creditor", "invoice")}

    def money(named: dict[str, object]) -> dict[str, object]:
        invoice = by_id.get(str(named["invoice"]))
        if invoice is None or draw(st.integers(0, 5)) == 0:
            return {**named, "amount": draw(MONEY), "currency": draw(CURRENCY)}
        amount = max(1, int(str(invoice["amount"])) + draw(st.sampled_from(OFF)))
        return {**named, "amount": draw(st.sampled_from((amount, draw(MONEY)))), "currency": invoice["currency"]}

    def some(most: int, row: Callable[[], dict[str, object]]) -> list[dict[str, object]]:
        return [row() for _ in range(draw(st.integers(0, most)))]

    stages = st.sampled_from(("courtesy", "reminder", "demand", "old", "filing"))
    tables |= {
        "payments": some(6, lambda: {**money(naming()), "day": draw(PAST), "bounced_on": draw(seldom(PAST))}),
        "credits": some(2, lambda: {**money(naming()), "day": draw(PAST)}),
        "disputes": some(2, lambda: {
            "invoice": draw(some_invoice), "amount": draw(maybe(MONEY)), "opened_on": draw(PAST),
            "resolved_on": draw(maybe(DAYS)),
        }),
        "promises": some(3, lambda: {
            **naming(), "amount": draw(MONEY), "currency": draw(CURRENCY), "made_on": draw(PAST), "due_on": draw(DAYS),
            "cancelled_on": draw(seldom(PAST)),
        }),
        "contacts_made": some(3, lambda: {
            "customer": draw(CUSTOMER), "day": draw(PAST), "direction": draw(st.sampled_from(("in", "out"))),
        }),
        "sales": some(2, lambda: {**who(), "amount": draw(MONEY), "currency": draw(CURRENCY), "day": draw(PAST)}),
        "credit_lines": list({
            (line["customer"], line["creditor"], line["from"]): line
            for line in some(2, lambda: {
                **who(), "from": draw(PAST), "limit": draw(st.sampled_from((0, 100, 1000))), "currency": draw(CURRENCY),
            })
        }.values()),
        "holds": some(2, lambda: {
            **who(), "hold": draw(st.sampled_from(("credit", "goods"))), "placed_on": draw(PAST),
            "released_on": draw(maybe(PAST)),
        }),
        "executed_stages": some(4, lambda: {
            **who(), "item": draw(seldom(st.one_of(some_invoice, CURRENCY))), "stage": draw(stages), "day": draw(PAST),
            "outcome": draw(st.sampled_from((None, "accepted", "unknown"))), "episode": draw(seldom(some_invoice)),
        }),
        "requests": some(3, lambda: {
            **who(), "rule": draw(st.sampled_from(("find_out", "hold_news"))), "asked_on": draw(PAST),
            "due_on": draw(DAYS), "answered_on": draw(maybe(PAST)), "told_on": draw(seldom(PAST)),
        }),
        "answers": some(4, lambda: {
            **who(), "rule": "find_out", "day": draw(PAST), "reason": draw(st.sampled_from(("forgot", "cash_trouble"))),
            "financial_difficulty": draw(maybe(st.booleans())),
            "relationship": draw(maybe(st.sampled_from(("fragile", "strong")))),
        }),
        "tasks_given": some(2, lambda: {**who(), "pause": "insolvent", "day": draw(PAST)}),
        "contacts": some(1, lambda: {"customer": "C2", "role": "pays", "email": "c@d.example"}),
        "customers": [
            {
                "customer": "C1", "country": "US", "tags": "vip old", "email": "a@b.example",
                "since": draw(maybe(PAST)), "annual_sales": draw(maybe(MONEY)),
            },
            {
                "customer": "C2", "country": draw(st.sampled_from(("DE", None))), "address": "1 Low Road",
                "relationship": "fragile", "insolvent": True,
            },
            {"customer": "C3", "parent": "C1", "parent_pays": draw(st.booleans())},
        ],
    }  # fmt: skip
    return tables


RATES: list[dict[str, object]] = [
    {"day": on, "from": from_, "to": to, "rate": rate}
    for on, from_, to, rate in (
        (day(-1000), "EUR", "USD", 108_000_000),
        (day(-1000), "JPY", "USD", 649_351),
        (day(-1000), "USD", "EUR", 92_500_000),
        (day(-1000), "USD", "JPY", 15_400_000_000),
        (day(-1000), "JPY", "EUR", 601_000),
        (day(-1000), "EUR", "JPY", 16_600_000_000),
        (day(-10), "EUR", "USD", 110_500_000),
    )
]


def together(books: Sequence[Tables], rates: Sequence[dict[str, object]] = RATES) -> Tables:
    """One book of many families, each with ids of its own."""
    whole: Tables = {"rates": list(rates)}
    for number, tables in enumerate(books):
        for name, rows in tables.items():
            whole.setdefault(name, []).extend(_renamed(row, f"{number}-") for row in rows)
    return whole


def _renamed(row: dict[str, object], prefix: str) -> dict[str, object]:
    own = {"customer", "parent", "invoice", *(name for name in ("item", "episode") if str(row.get(name))[0] == "I")}
    return {name: f"{prefix}{value}" if name in own and value is not None else value for name, value in row.items()}


EVERY_CLOCK = [Clock(since, period, month_end) for since in Since for period in Period for month_end in (False, True)]
BEFORE_DUE = [clock for clock in EVERY_CLOCK if clock.since is not Since.PREVIOUS_STAGE]
PAUSES = (
    InvoicePause(id="disputed", when=Is("dispute", ("open",)), disputed_part_only=True),
    InvoicePause(id="promised", when=Is("promise", ("open",))),
    InvoicePause(id="small", when=All((Compare("open", Op.BELOW, 100), Compare("days_past_due", Op.BELOW, 10)))),
    InvoicePause(id="euro", when=All((Is("currency", ("EUR",)), Compare("original__own", Op.AT_LEAST, 150)))),
)
OWN_AMOUNTS = ("past_due", "credit_limit", "annual_sales", "unapplied_credit", "aged_0_30")
EXCEPTIONS = (
    (),
    (Exception_(account="0-C1", until=AS_OF, agreed_with="sales", pause=True, tone_at_most="soft"),),
    (Exception_(account="0-C1", until=day(-1), agreed_with="sales", ladder="none"),),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Policies of every basis, day count, unit and reset, with stages before the due date in half of them."""

    def stage(id_: str, clocks: Sequence[Clock], numbers: Sequence[int]) -> Stage:
        after = After(clock=draw(st.sampled_from(clocks)), number=draw(st.sampled_from(numbers)))
        return Stage(id=id_, after=after, tone="soft", send=(Send(channel=Channel.EMAIL, template=id_),))

    courtesy = (
        stage("courtesy", BEFORE_DUE, (-5, -2, -1)) if draw(st.booleans()) else stage("courtesy", EVERY_CLOCK, (0, 4))
    )
    stages = (
        courtesy,
        stage("reminder", EVERY_CLOCK, (1, 7)),
        stage("demand", EVERY_CLOCK, (2, 30)),
        Stage(id="filing", tasks=(Task(role="collector", task="file"),)),
    )
    own = tuple(Compare(f"{name}__own", Op.OVER, 5) for name in OWN_AMOUNTS) if draw(st.booleans()) else ()
    late = Late(
        basis=draw(st.sampled_from(Basis)),
        day_count=draw(st.sampled_from(DayCount)),
        grace_days=draw(st.sampled_from((0, 0, 1, 3, 10))),
        ignore_invoice_below=draw(st.sampled_from((0, 0, 50, 100))),
        unapplied_credit=draw(st.sampled_from(UnappliedCredit)),
    )
    hours = ContactHours(days=frozenset(range(5)), holidays_closed=True)
    cap = draw(st.sampled_from((None, ContactCap(at_most=2, in_days=7))))
    return Policy(
        id="any",
        currency=draw(st.sampled_from(("USD", "USD", "EUR"))),
        tones=("soft", "hard"),
        segments=(Segment(id="asked", when=All((Includes("tags", "vip"), *own))), Segment(id="others")),
        calendar=Calendar(country=draw(st.sampled_from(("", "US", "DE"))), contact=hours),
        late=late,
        account_pauses=(
            AccountPause(id="insolvent", when=Is("insolvent", (True,)), tasks=(Task(role="a", task="b"),)),
        ),
        invoice_pauses=tuple(draw(st.lists(st.sampled_from(PAUSES), unique_by=lambda p: p.id, max_size=2))),
        ladders=(
            Ladder(
                id="standard", stages=stages, unit=draw(st.sampled_from(Unit)), resets=draw(st.sampled_from(Resets))
            ),
        ),
        sales=(SalesRule(id="find_out", ask="a"), SalesRule(id="hold_news", ask="b")),
        holds=(Hold(id="credit", place=ALWAYS, release=NEVER), Hold(id="goods", place=ALWAYS, release=NEVER)),
        limits=Limits(contacts_per_customer=cap),
        exceptions=draw(st.sampled_from(EXCEPTIONS)),
    )
