"""Charges for lateness as proposals: worked out once, when nothing about them will change any more, or never.

Late interest and the fixed sum of an item are proposed when it has been paid late, for
then the whole span is known, and at the latest when its account has been referred. A
stage's charge is proposed with the stage. Each is proposed once: the key of such a
deed has neither day nor amount. What is disputed or paused is withheld, and what no
rate is known for is said and never guessed.

A proposal goes to the credit manager's worklist. Nothing is invoiced, booked or told to
the customer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from duly.book.payers import payers_of
from duly.figures.charges import Charge, Charges, charges_anything, charges_for, refuse_what_charges_miss
from duly.figures.charges import Kind as Of
from duly.figures.interest import Stretch
from duly.figures.rates_of_law import Law, terms_of
from duly.language.conditions import Any
from duly.language.policy import Policy
from duly.language.sql import identifier, quoted, to_sql
from duly.money import format_minor
from duly.plan.actions import CREDIT_MANAGER
from duly.plan.plan import Action, Because, Kind, Withheld
from duly.plan.together import Ground, Made, What, action_for, key_for
from duly.rules import layers
from duly.source import Problem, Refused

LATELY_DAYS = 31
"""A charge that arose longer ago is no news: whoever brings an old book in is not flooded with what is over."""

REFERS = "refer"
"""How the words of actions begin that hand an account on."""

LATE_INTEREST = "late_interest"
"""The rule that interest and its fixed sum are proposed by, whichever law the policy names this year."""

ONCE = "once"
"""The period of every charge."""

Item = tuple[str, str, str]
"""Creditor, paying customer and the item."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The items whose charges are proposed today: interest of those paid lately or referred, and stages' charges."""

    paid: frozenset[Item] = frozenset()
    referred: frozenset[Item] = frozenset()
    staged: frozenset[Item] = frozenset()

    @property
    def customers(self) -> list[str]:
        """Whose accounts are looked at whole: those of which something is open that a charge is proposed for."""
        return sorted({customer for _, customer, _ in self.referred | self.staged})

    @property
    def settled(self) -> frozenset[Item]:
        """The paid items of all other accounts."""
        whole = {customer for _, customer, _ in self.referred | self.staged}
        return frozenset(item for item in self.paid if item[1] not in whole)


def charges_proposed(ground: Ground) -> Made:
    """The charge proposals of the day, and what is kept back of them, with the reason."""
    policy = ground.policy
    if not charges_anything(policy):
        return Made()
    try:
        refuse_what_charges_miss(ground.book, policy)
    except Refused as refused:
        return Made(notes=tuple(f"no charge is proposed: {_note(problem)}" for problem in refused.problems))
    wanted = _wanted(ground)
    if not (wanted.customers or wanted.settled):
        return Made()
    found = charges_for(
        ground.book, policy, ground.as_of, wanted.customers, with_settled=True, settled=wanted.settled, built=True
    )
    return Made(
        tuple(_action(ground, charge) for charge in found.proposed if _is_wanted(ground, wanted, charge)),
        tuple(_withheld(policy, charge) for charge in found.kept_back if _is_wanted(ground, wanted, charge)),
        tuple(_notes(found)),
    )


def _notes(found: Charges) -> Iterator[str]:
    if found.no_exchange:
        first, *others = found.no_exchange
        more = f", and {len(others):,} more such rates" if others else ""
        yield f"no fixed sum is proposed where an exchange rate is missing: {_note(first)}{more}"
    if found.rates_end:
        yield f"late interest is not proposed where it is not known: {_note(found.rates_end)}"


def _note(problem: Problem) -> str:
    place = f"{problem.span.file}:{problem.span.line}: " if problem.span.line else ""
    return f"{place}{problem.message} [{problem.rule}]"


# What is looked at.


def _wanted(ground: Ground) -> _Wanted:
    policy = ground.policy
    interest = terms_of(policy.charges) is not None
    return _Wanted(
        paid=frozenset(_new(ground, _paid_lately(ground), "")) if interest else frozenset(),
        referred=frozenset(_new(ground, _referred(ground), "")) if interest else frozenset(),
        staged=frozenset(item for stage, items in _staged(ground) for item in _new(ground, items, stage)),
    )


def _is_wanted(ground: Ground, wanted: _Wanted, charge: Charge) -> bool:
    item = (charge.creditor, charge.customer, charge.invoice)
    if charge.kind is Of.STAGE:
        return item in wanted.staged and charge.day is not None and _is_lately(ground, charge.day)
    if charge.settled_on is not None:
        whole = (charge.creditor, charge.customer, charge.invoice.split("/", maxsplit=1)[0])
        return _is_lately(ground, charge.settled_on) and (item in wanted.paid or whole in wanted.paid)
    return item in wanted.referred


def _is_lately(ground: Ground, day: date) -> bool:
    return ground.as_of - timedelta(days=LATELY_DAYS) < day <= ground.as_of


def _new(ground: Ground, items: Iterable[Item], stage: str) -> Iterator[Item]:
    """The items of which not everything was proposed before, so that nothing is worked out again for nothing."""
    standing = ground.history.standing
    if not standing:
        yield from items
        return
    kinds = (Of.STAGE,) if stage else (Of.INTEREST, Of.FIXED_SUM) if _has_sum(ground.policy) else (Of.INTEREST,)
    for item in items:
        before = (standing.get(_key(ground, item, kind, stage)) for kind in kinds)
        if not all(one is not None and one.blocks for one in before):
            yield item


def _has_sum(policy: Policy) -> bool:
    return isinstance(terms_of(policy.charges), Law)


def _paid_lately(ground: Ground) -> Iterator[Item]:
    """Invoices that got money, or were said to be settled, in the last days and after they, or a part, fell due."""
    rows = ground.book.connection.execute(
        """
        WITH moved AS (
            SELECT invoice, day FROM payments WHERE invoice IS NOT NULL AND bounced_on IS NULL
            UNION ALL
            SELECT invoice, day FROM credits WHERE invoice IS NOT NULL
            UNION ALL
            SELECT invoice, settled_on FROM invoices WHERE settled_on IS NOT NULL
        ), parts AS (
            SELECT invoice, min(due_date) AS due_date FROM instalments GROUP BY invoice
        )
        SELECT DISTINCT i.creditor, i.customer, i.invoice
        FROM moved AS m
        JOIN invoices AS i ON i.invoice = m.invoice
        LEFT JOIN parts AS p ON p.invoice = i.invoice
        WHERE m.day > $since AND m.day <= $as_of AND m.day > COALESCE(p.due_date, i.due_date)
        """,
        {"since": ground.as_of - timedelta(days=LATELY_DAYS), "as_of": ground.as_of},
    ).fetchall()
    payers = payers_of(ground.book) if rows else {}
    for creditor, customer, invoice in rows:
        yield creditor, payers.get(customer, customer), invoice


def _referred(ground: Ground) -> Iterator[Item]:
    """The late items of accounts that were handed on in this episode."""
    handed_on = [layers.executed(stage) for stage in ground.policy.stages() if stage.action.startswith(REFERS)]
    if not handed_on:
        return
    rows = ground.book.connection.execute(
        "SELECT f.creditor, f.customer, f.invoice FROM invoice_facts AS f "
        "JOIN account_facts AS a ON a.creditor = f.creditor AND a.customer = f.customer AND a.item = f.item "
        f"WHERE f.late AND ({to_sql(Any(tuple(handed_on)), lambda name: f'a.{identifier(name)}')}) IS TRUE"
    ).fetchall()
    yield from ((creditor, customer, invoice) for creditor, customer, invoice in rows)


def _staged(ground: Ground) -> Iterator[tuple[str, list[Item]]]:
    """By stage with a charge, the late items of accounts on which it is due today or was lately carried out."""
    for stage in ground.policy.stages():
        if not stage.charge:
            continue
        rows = ground.book.connection.execute(
            "SELECT DISTINCT f.creditor, f.customer, f.invoice FROM invoice_facts AS f JOIN ("
            f"SELECT creditor, customer, item FROM decisions WHERE step = {quoted(stage.id)} UNION "
            "SELECT creditor, customer, COALESCE(item, '') FROM executed_stages "
            f"WHERE stage = {quoted(stage.id)} AND day > $since AND day <= $as_of"
            ") AS d ON d.creditor = f.creditor AND d.customer = f.customer AND d.item IN ('', f.item) WHERE f.late",
            {"since": ground.as_of - timedelta(days=LATELY_DAYS), "as_of": ground.as_of},
        ).fetchall()
        yield stage.id, [(creditor, customer, invoice) for creditor, customer, invoice in rows]


# What it comes to.


def _key(ground: Ground, item: Item, kind: Of, stage: str) -> str:
    return key_for(ground, _what(ground.policy, item, kind, stage))


def _what(policy: Policy, item: Item, kind: Of, stage: str) -> What:
    creditor, customer, invoice = item
    return What(
        Kind.CHARGE_PROPOSAL,
        rule=stage or LATE_INTEREST,
        period=ONCE,
        for_role=CREDIT_MANAGER,
        customer=customer,
        creditor=creditor,
        item=invoice,
        task=kind.value,
        invoices=(invoice,),
        currency=policy.currency,
    )


def _action(ground: Ground, charge: Charge) -> Action:
    item = (charge.creditor, charge.customer, charge.invoice)
    what = _what(ground.policy, item, charge.kind, charge.stage)
    worked_out = arithmetic(charge)
    details = {
        "charge": charge.kind.value,
        "basis": charge.basis,
        "arithmetic": worked_out,
        "settled_on": charge.settled_on.isoformat() if charge.settled_on else "",
        "ask": f"decide whether to charge {format_minor(charge.amount, charge.currency)} on {charge.invoice}; "
        f"nothing is invoiced yet",
    }
    return action_for(
        ground,
        replace(
            what,
            amount=charge.amount,
            currency=charge.currency,
            details=tuple(sorted(details.items())),
            because=_because(ground.policy, charge, worked_out),
        ),
    )


def arithmetic(charge: Charge) -> str:
    """How the amount came about, so that it can be worked out again by hand."""
    return "; ".join(_said(stretch, charge.currency) for stretch in charge.stretches) or charge.basis


def _said(stretch: Stretch, currency: str) -> str:
    reference = stretch.rate.reference
    rate = f"{stretch.rate.per_cent} %"
    if reference is not None:
        rate += f" ({reference.rate} + {stretch.rate.points})"
    base = format_minor(stretch.base, currency)
    return f"{stretch.first} to {stretch.last}: {base} x {rate} x {stretch.days}/365"


def _because(policy: Policy, charge: Charge, worked_out: str) -> tuple[Because, ...]:
    if charge.kind is Of.STAGE:
        stage = next(stage for stage in policy.stages() if stage.id == charge.stage)
        return (Because(f"stage {stage.id}: charge", stage.span, (), stage.because), Because(charge.basis, stage.span))
    place = policy.places.get("/charges/late_interest", policy.charges.span)
    when = f"paid on {charge.settled_on}" if charge.settled_on else "its account was referred"
    return (
        Because(f"charges: late_interest {policy.charges.late_interest}", place, (), policy.charges.because),
        Because(f"{charge.invoice}: {when}", place),
        *(Because(line, place) for line in (charge.basis, worked_out) if line),
    )


def _withheld(policy: Policy, charge: Charge) -> Withheld:
    what = f"charge proposal {charge.stage or LATE_INTEREST}: {charge.kind.value} on {charge.invoice}"
    reason = "disputed" if charge.reason == "disputed" else "charge_kept_back"
    because = _because(policy, charge, arithmetic(charge))
    return Withheld(charge.customer, charge.creditor, charge.invoice, what, reason, charge.reason, None, because)
