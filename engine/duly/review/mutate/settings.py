"""The small mistakes that can be made in what a policy says once, for all its rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from duly.language.policy import Basis, ContactCap, ContactHours, DayCount, Policy, UnappliedCredit
from duly.review.mutate.edits import LEFT_OUT, Edit, Shows, Sort, changed, choice, dotted, number, showing, within

WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPEN = ("closed", "open")


def of_policy(policy: Policy) -> Iterator[Edit[Policy]]:
    """Mistakes in the calendar, in what late means, in which ladder is chosen and in the contact cap."""
    yield from _calendar(policy)
    yield from _late(policy)
    yield from _choose_ladder(policy)
    yield from _cap(policy)


def _calendar(policy: Policy) -> Iterator[Edit[Policy]]:
    calendar, hours = policy.calendar, policy.calendar.contact
    if hours == ContactHours():
        return  # Nothing is said about contact, so nobody was mistaken.

    def put(**values: object) -> Policy:
        return replace(policy, calendar=replace(calendar, contact=changed(hours, **values)))

    path = "calendar.contact"
    for day, name in enumerate(WEEK):
        told = OPEN[day in hours.days], OPEN[day not in hours.days]
        other = put(days=hours.days ^ {day})
        yield Edit(f"{path}.days.{name}", Sort.SETTING, *told, other, calendar.span, Shows.FACTS)
    told = OPEN[not hours.holidays_closed], OPEN[hours.holidays_closed]
    other = put(holidays_closed=not hours.holidays_closed)
    yield Edit(f"{path}.holidays", Sort.SETTING, *told, other, calendar.span, Shows.FACTS)


def _late(policy: Policy) -> Iterator[Edit[Policy]]:
    late, currency = policy.late, policy.currency
    invoice = number(late, "ignore_invoice_below", money_in=currency) if late.ignore_invoice_below else ()
    account = number(late, "ignore_account_below", money_in=currency) if late.ignore_account_below else ()
    edits = (
        *showing(choice(late, "basis", Basis), Shows.FACTS),
        *showing(choice(late, "day_count", DayCount), Shows.FACTS),
        *showing(number(late, "grace_days"), Shows.FACTS),
        *showing(invoice, Shows.FACTS, "ignore_below.invoice"),
        *showing(account, Shows.DECISION, "ignore_below.account"),
        *showing(choice(late, "unapplied_credit", UnappliedCredit), Shows.FACTS),
    )
    yield from within(edits, lambda new: replace(policy, late=new), "late", late.span)


def _choose_ladder(policy: Policy) -> Iterator[Edit[Policy]]:
    chosen = policy.choose_ladder
    for value, id_ in chosen.of.items():
        less = replace(chosen, of={name: other for name, other in chosen.of.items() if name != value})
        path = f"{dotted(chosen.path)}.{value}"
        if id_ != chosen.otherwise:
            yield Edit(path, Sort.LEFT_OUT, id_, LEFT_OUT, replace(policy, choose_ladder=less), chosen.span)


def _cap(policy: Policy) -> Iterator[Edit[Policy]]:
    cap = policy.limits.contacts_per_customer
    if cap is None:
        return

    def put(new: ContactCap | None) -> Policy:
        return replace(policy, limits=replace(policy.limits, contacts_per_customer=new))

    path = "limits.contacts_per_customer"
    yield Edit(path, Sort.LEFT_OUT, "", LEFT_OUT, put(None), cap.span)
    yield from within(number(cap, "at_most"), put, path, cap.span)
    yield from within(showing(number(cap, "in_days", least=1), Shows.FACTS), put, path, cap.span)
