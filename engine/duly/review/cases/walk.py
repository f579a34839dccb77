"""A ledger walked day by day: facts of the day, a decision, and what is proposed is carried out.

The facts are derived from the rows by the book's own derivation, the decision is
`meaning`'s and the actions are a plan's. Carried out means: a stage has arrived on
the day itself, sales was asked, a hold fell, a task was given. Each is a row, as the
journal would have it, and the next day is derived with it. On a day closed for
contact nothing reaches the customer; it is proposed again on the next cycle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from duly.book.again import AccountFacts, facts_of
from duly.book.known import rows_known_on
from duly.book.raw import AccountRows, Executed, Held, RawRows, Request
from duly.dates import add_business_days, is_business_day
from duly.language.policy import Policy
from duly.plan.actions import Account, Item
from duly.plan.explanation import HORIZON_DAYS
from duly.plan.make import HARSHEST_FIRST
from duly.plan.overdue import Overdue
from duly.plan.plan import Withheld
from duly.plan.reach import NOWHERE_KNOWN
from duly.plan.standing import HARSH
from duly.review.cases.case import SET_ASIDE, Answer, Happens, Ledger, What
from duly.review.cases.deeds import Seen, seen
from duly.rules.decision import NONE, Decision
from duly.rules.meaning import decide
from duly.rules.trace import decided

DAY = timedelta(days=1)


def walk(policy: Policy, ledger: Ledger, wanted: frozenset[date], ahead: frozenset[date]) -> Iterator[Seen]:
    """The days of the ledger on which a cycle is run or something is expected.

    `wanted` are the days of which something is expected, `ahead` those for which the
    next day of what is withheld is looked for. A day without an account gives nothing.
    """
    walking = _Walking(policy, ledger)
    day = ledger.first
    while day <= ledger.last:
        runs = walking.runs_on(day)
        if runs or day in wanted:
            yield from walking.look(day, look_ahead=day in ahead, carry_out=runs and ledger.is_run)
        day += DAY


class _Walking:
    def __init__(self, policy: Policy, ledger: Ledger) -> None:
        self.policy = policy
        self.ledger = ledger
        self.rows = ledger.rows
        # What is answered on a day without a cycle counts on the next.
        self.answers = sorted(ledger.answers, key=lambda answer: answer.day) if ledger.is_run else []
        self.limits: dict[tuple[str, str, str], tuple[str, ...]] = {}

    def runs_on(self, day: date) -> bool:
        """Say whether there is a cycle on the day."""
        if not self.ledger.is_run:
            return True
        if Happens.NOTHING_RUNS in self.ledger.happens.get(day, frozenset()):
            return False
        return self.ledger.every_day or is_business_day(day, self.policy.calendar.country)

    def look(self, day: date, *, look_ahead: bool, carry_out: bool) -> Iterator[Seen]:
        """What the accounts get on the day; it is carried out where a cycle runs."""
        while self.answers and self.answers[0].day <= day:
            self.rows = _answered(self.rows, self.answers.pop(0))
        for key, account in sorted(facts_of(self.rows, self.policy, day).items()):
            decision = decide(self.policy, account.facts)
            today = self.seen(account, decision)
            if look_ahead:
                today = replace(today, withheld=tuple(self.next_day(account, thing) for thing in today.withheld))
            # A limit is proposed once, not on every day on which its rule holds.
            before = self.limits.get(key, ())
            self.limits[key] = decision.limits
            if self.ledger.is_run:
                closed = decision.step if decision.put_off else NONE
                today = replace(
                    today,
                    done=tuple(
                        done
                        for done in today.done
                        if done.rule != closed and not (done.what is What.LIMIT and done.name in before)
                    ),
                )
            if self.is_harsh_to_a_stranger(account, decision):
                today = replace(today, done=(), withheld=(_set_aside(account),))
                carry_out = False
            if all(wanted in {"", is_} for wanted, is_ in zip(self.ledger.about, key, strict=True)):
                yield today
            if carry_out:
                self.rows = self.carried_out(account, decision)

    def is_harsh_to_a_stranger(self, account: AccountFacts, decision: Decision) -> bool:
        """Say whether the customer's first contact ever would have the harshest tone: a plan sets such a one aside."""
        tones, customer = self.policy.tones, account.customer
        harshest = len(tones) > HARSH and decision.tone == tones[-1]
        contacts = self.rows.contacts.get(customer, ())
        return harshest and not self.rows.stages.get(customer) and not any(out == "out" for _, out in contacts)

    def seen(self, account: AccountFacts, decision: Decision) -> Seen:
        """What the decision comes down to for the account."""
        rows = self.rows.accounts.get((account.creditor, account.customer), AccountRows())
        released = [held.hold for held in rows.holds if held.released_on and held.released_on <= account.as_of]
        late = account.facts["late"] is True
        about = Account(
            environment="try",
            creditor=account.creditor,
            customer=account.customer,
            item=account.item,
            episode=account.episode or "",
            facts={**account.facts, **decided(decision)},
            items=tuple(
                Item(invoice.invoice, invoice.currency, invoice.chased__own)
                for invoice in sorted(account.invoices, key=lambda i: (i.basis_day, i.invoice))
                if invoice.chased__own > 0 and (invoice.late if late else invoice.invoice == account.next_due)
            ),
            not_before="",
            as_of=account.as_of,
            reach=NOWHERE_KNOWN,
            releases={hold: released.count(hold) for hold in released},
            overdue={rule: _overdue(rows, rule, account.as_of) for rule in decision.tells},
        )
        return replace(seen(self.policy, about, decision), on=account.as_of, invoices=account.invoices)

    def next_day(self, account: AccountFacts, thing: Withheld) -> Withheld:
        """What is withheld, with the next day that brings it while nothing else happens."""
        known = rows_known_on(self.rows, account.as_of)
        key = (account.creditor, account.customer, account.item)
        hold = thing.what.removeprefix("hold ") if thing.what.startswith("hold ") else ""
        for ahead in range(1, HORIZON_DAYS + 1):
            day = account.as_of + ahead * DAY
            then = facts_of(known, self.policy, day, [key]).get(key)
            decision = decide(self.policy, then.facts) if then else None
            if decision and (hold in decision.place if hold else decision.step != NONE):
                return replace(thing, next_possible=day)
        return thing

    def carried_out(self, account: AccountFacts, decision: Decision) -> RawRows:
        """The rows with what was carried out on the day."""
        happens = self.ledger.happens.get(account.as_of, frozenset())
        if Happens.NOT_CARRIED_OUT in happens:
            return self.rows
        day, policy = account.as_of, self.policy
        rows = self.rows.accounts.get((account.creditor, account.customer), AccountRows())
        stages, contacts = rows.stages, self.rows.stages
        if decision.step != NONE and not decision.put_off:
            outcome = "unknown" if Happens.NOBODY_KNOWS in happens else "accepted"
            done = Executed(account.item or None, decision.step, day, outcome, account.episode)
            stages = (*stages, done)
            contacts = {**contacts, account.customer: (*contacts.get(account.customer, ()), (day, decision.step))}
        asked = tuple(
            Request(rule.id, day, add_business_days(day, rule.within_business_days, policy.calendar.country), None)
            for rule in policy.sales
            if rule.id in decision.asks
        )
        told = tuple(
            replace(request, told_on=day) if request.rule in decision.tells and request.told_on is None else request
            for request in rows.requests
        )
        holds = tuple(
            replace(held, released_on=day) if held.hold in decision.release and held.released_on is None else held
            for held in rows.holds
        )
        changed = replace(
            rows,
            stages=stages,
            requests=(*told, *asked),
            holds=(*holds, *(Held(hold, day, None) for hold in decision.place)),
            tasks=(*rows.tasks, *((pause, day) for pause in decision.tasks)),
        )
        accounts = {**self.rows.accounts, (account.creditor, account.customer): changed}
        return replace(self.rows, accounts=accounts, stages=contacts)


def _set_aside(account: AccountFacts) -> Withheld:
    reason, said = SET_ASIDE, HARSHEST_FIRST
    return Withheld(account.customer, account.creditor, account.item, "everything", reason, said, None)


def _overdue(rows: AccountRows, rule: str, as_of: date) -> Overdue:
    """The request under the rule that nobody answered in time."""
    late = [r for r in rows.requests if r.rule == rule and r.asked_on < as_of and r.due_on < as_of]
    last = max(late, key=lambda request: (request.asked_on, request.due_on))
    return Overdue(last.asked_on, last.due_on)


def _answered(rows: RawRows, answer: Answer) -> RawRows:
    """The rows with the requests answered under whose rule sales answers."""
    accounts = {
        key: replace(
            account,
            requests=tuple(
                replace(request, answered_on=answer.day)
                if request.rule == answer.rule and request.answered_on is None and request.asked_on <= answer.day
                else request
                for request in account.requests
            ),
        )
        for key, account in rows.accounts.items()
    }
    return replace(rows, accounts=accounts)
