"""The lists of the rhythm: who gets which, and what stands in each.

A list goes to the people it is about, to the managers above them, and to whoever
stands in for one who is away; each sees the rows of those alone. What belongs to
nobody whom the book knows goes to the managers, so that all lists together are the
whole. Rows are the figures of `duly aging` and `duly scorecard`, not a second count.

What colleagues are only `informed` of is told in one list a role, of the days before
the period: every day is told of once, whenever the lists leave.

A plan asks only who gets a list and for its summary, which sums tell; what stands in it is
made when it is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from duly.book.book import Book
from duly.figures.aging import (
    By,
    NewCustomer,
    PastDue,
    new_customers,
    past_due,
    prepare_past_due,
    refuse_what_balances_miss,
    trial_balance,
)
from duly.figures.owed import all_owed
from duly.figures.scorecard import (
    Card,
    Of,
    Scorecard,
    pairs_with_dealings,
    pairs_with_invoices,
    quarter_of,
    refuse_what_scorecards_miss,
    scorecards,
)
from duly.language.policy import Policy, Unit
from duly.messages.aging import NOBODY, balance_pages, new_customer_pages, past_due_pages
from duly.messages.lists import Listing, Section
from duly.messages.pages import Page
from duly.messages.scorecard import pages as card_pages
from duly.messages.scorecard import wide_pages
from duly.money import format_decimal
from duly.plan.asked import Asked, asked_of_sales
from duly.plan.informed import Told, done_under
from duly.source import Refused
from duly.team.duties import How, Obligation, holders_of, obligations
from duly.team.people import Person, Served, Team, colleagues_of
from duly.team.rhythm import Due, Every, Period

PAST_DUE = "past_due_list_by_salesperson"
TRIAL_BALANCE = "aged_trial_balance"
NEW_CUSTOMERS = "new_customers"
SCORECARD = "shared_scorecard"

TITLES: Mapping[str, str] = {
    PAST_DUE: "Past-due list",
    TRIAL_BALANCE: "Aged trial balance",
    NEW_CUSTOMERS: "New customers",
    SCORECARD: "Shared scorecard",
}
"""The lists of the policy, by its words for them."""

TOLD_IN: Mapping[str, str] = {
    "salesperson": PAST_DUE,
    "sales_manager": TRIAL_BALANCE,
    "credit_manager": TRIAL_BALANCE,
    "collector": SCORECARD,
}
"""In which list a role is told what it is only informed of."""

MANAGERS = ("sales_manager", "credit_manager")


Summary = tuple[tuple[str, str], ...]
"""What a plan shows of a list, by name."""


@dataclass(frozen=True, slots=True)
class _Sum:
    """The late items of a salesperson's customers, of one creditor in one currency."""

    salesperson: str
    creditor: str
    currency: str
    items: int
    open: int


class Lists:
    """The lists of a policy on a day, from a book that a plan was made of: its facts and decisions are in it."""

    def __init__(self, policy: Policy, book: Book, as_of: date) -> None:
        self._policy = policy
        self._book = book
        self._as_of = as_of
        self._told: dict[Period, tuple[Told, ...]] = {}
        self._told_whom_of: dict[tuple[str, str, str, str, str], frozenset[str]] = {}
        self._newcomers_of: dict[Period, tuple[NewCustomer, ...]] = {}
        self._serving: dict[date, frozenset[frozenset[str]]] = {}
        self._cards: dict[date, Mapping[Of, Scorecard]] = {}

    # Who gets a list.

    def audience(self, due: Due) -> tuple[str, ...]:
        """Everybody who may have something in the list, by id; `Refused` (4) where the book lacks what it reads."""
        found: Iterable[str]
        if due.item == TRIAL_BALANCE:
            found = self._managers
        elif due.item == PAST_DUE:
            found = (id_ for seller in self._sellers(due.period) for id_ in self._with_managers(seller))
        elif due.item == NEW_CUSTOMERS:
            served = (id_ for new in self._new(due.period) for id_ in (new.salesperson, new.collector))
            found = (*self._managers, *served)
        else:
            serving = (one.id for role in ("salesperson", "collector") for one in self.team.with_role(role))
            found = (*self._managers, *serving)
        known = dict.fromkeys(id_ for id_ in found if id_ in self.team.by_id)
        stand_ins = (self.team.stand_in(self.team.by_id[id_], self._as_of) for id_ in known)
        return tuple(sorted({*known, *(person.id for person in stand_ins if person)}))

    def nobody_gets(self, due: Due) -> tuple[str, ...]:
        """Whose rows reach nobody at all: the book does not have the salesperson, nor a sales manager."""
        if due.item != PAST_DUE:
            return ()
        return tuple(id_ or NOBODY for id_ in self._sellers(due.period) if not self._with_managers(id_))

    def unknown_sellers(self, due: Due) -> tuple[str, ...]:
        """Who sells to late customers and is not in the book's people."""
        if due.item != PAST_DUE:
            return ()
        return tuple(sorted({one.salesperson for one in self._late_sums} - {"", *self.team.by_id}))

    @cached_property
    def team(self) -> Team:
        """Our own people; raises `Refused` (4) where the book does not speak of them."""
        return colleagues_of(self._book)

    @cached_property
    def _managers(self) -> tuple[str, ...]:
        return tuple(person.id for role in MANAGERS for person in self.team.with_role(role))

    def _with_managers(self, seller: str) -> tuple[str, ...]:
        """A salesperson, where the book knows it, and the sales managers above it; all of them above nobody."""
        above = holders_of(self.team, "sales_manager", Served("", salesperson=seller))
        return (*((seller,) if seller in self.team.by_id else ()), *above)

    def _acts_for(self, person: Person) -> tuple[Person, ...]:
        return (person, *self.team.stands_in_for(person, self._as_of))

    # What is in it.

    def listing(self, due: Due, person: str) -> Listing:
        """What the person gets; raises `Refused` (4) where the book lacks what the list needs."""
        who = self.team.person(person)
        acts_for = self._acts_for(who)
        if due.item == PAST_DUE:
            sections = self._past_due(acts_for)
        elif due.item == TRIAL_BALANCE:
            sections = self._whole_balance
        elif due.item == NEW_CUSTOMERS:
            sections = self._newcomers(due.period, acts_for)
        else:
            sections = self._scorecard(due.period, acts_for)
        told = self._told_to(due, acts_for)
        if told:
            sections = (*sections, _told_section(told, due.period))
        until = f"the {'week' if due.period.every is Every.WEEK else 'month'} of {due.period.name}"
        title = f"{TITLES[due.item]} for {who.name or who.id}, {until}"
        return Listing(title, sections, tuple(self._notes(acts_for)))

    def summary(self, due: Due, person: str) -> Summary:
        """What a plan shows of what the person gets, nothing where nothing is in it; `Refused` as for `listing`."""
        acts_for = self._acts_for(self.team.person(person))
        if due.item == PAST_DUE:
            summary, has_some = self._past_due_summed(acts_for)
        elif due.item == TRIAL_BALANCE:
            summary = self._balance_summed
            has_some = bool(summary)
        elif due.item == NEW_CUSTOMERS:
            new = self._newly_served(due.period, acts_for)
            summary, has_some = (("customers", str(len(new))),), bool(new)
        else:
            summary = (("quarter", str(quarter_of(due.period.told_until))),)
            has_some = self._has_cards(due.period, acts_for)
        told = self._told_to(due, acts_for)
        if told:
            summary = (*summary, ("told", str(len(told))))
        return summary if has_some or told else ()

    def _notes(self, acts_for: tuple[Person, ...]) -> Iterator[str]:
        who, *others = acts_for
        if others:
            names = ", ".join(other.name or other.id for other in others)
            yield (
                f"You also get what is for {names}, who is away."
                if len(others) == 1
                else (f"You also get what is for {names}, who are away.")
            )
        if who.is_away(self._as_of):
            cover = self.team.stand_in(who, self._as_of)
            yield f"You are away; {f'{cover.name or cover.id} gets this as well' if cover else 'nobody stands in'}."

    # The past-due list.

    @cached_property
    def _late(self) -> tuple[PastDue, ...]:
        return past_due(self._book, self._policy, self._as_of, built=self._is_built)

    @property
    def _is_built(self) -> bool:
        """Say whether the facts of the plan are of whole accounts."""
        return self._policy.unit is Unit.ACCOUNT

    @cached_property
    def _late_sums(self) -> tuple[_Sum, ...]:
        """The sums of the late items, in their order."""
        prepare_past_due(self._book, self._policy, self._as_of, built=self._is_built)
        rows = self._book.connection.execute(
            "SELECT COALESCE(c.salesperson, '') AS salesperson, f.creditor, f.currency, count(*), "
            "CAST(sum(f.open__own) AS BIGINT) FROM past_invoice_facts AS f "
            "LEFT JOIN customers AS c ON c.customer = f.customer WHERE f.late AND f.open__own > 0 "
            "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
        ).fetchall()
        return tuple(_Sum(*row) for row in rows)

    def _sellers(self, period: Period) -> tuple[str, ...]:
        """Everybody who sells to a customer with something late, asked or told of; empty for nobody."""
        late = {one.salesperson for one in self._late_sums}
        told = {one.salesperson for one in self._told_of(period) if self._is_informed("salesperson", one)}
        return tuple(sorted({*late, *(one.salesperson for one in self._asked), *told}))

    def _sees(self, acts_for: tuple[Person, ...]) -> frozenset[str]:
        """Whose customers' rows somebody sees: its own, and those of the salespeople that it is the manager of."""
        everybody = {one.salesperson for one in self._late_sums} | {one.salesperson for one in self._asked}
        ids = {person.id for person in acts_for}
        return frozenset(seller for seller in everybody if ids & set(self._with_managers(seller)))

    def _past_due_summed(self, acts_for: tuple[Person, ...]) -> tuple[Summary, bool]:
        sees = self._sees(acts_for)
        late = [one for one in self._late_sums if one.salesperson in sees]
        asked = sum(one.salesperson in sees for one in self._asked)
        totals: dict[tuple[str, str], int] = {}
        for one in late:
            totals[one.creditor, one.currency] = totals.get((one.creditor, one.currency), 0) + one.open
        summary = [("late_items", str(sum(one.items for one in late)))]
        summary += [(f"past_due {to} {currency}", format_decimal(n, currency)) for (to, currency), n in totals.items()]
        if asked:
            summary.append(("asked", str(asked)))
        return tuple(summary), bool(late or asked)

    def _past_due(self, acts_for: tuple[Person, ...]) -> tuple[Section, ...]:
        sees = self._sees(acts_for)
        late = [item for item in self._late if item.salesperson in sees]
        asked = [one for one in self._asked if one.salesperson in sees]
        sections = [Section("past_due", past_due_pages(late, self._as_of) if late else ())]
        if asked:
            sections.append(_asked_section(asked, self._as_of))
        return tuple(sections)

    @cached_property
    def _asked(self) -> tuple[Asked, ...]:
        return asked_of_sales(self._book, self._policy, self._as_of)

    # The aged trial balance.

    @cached_property
    def _balance_summed(self) -> Summary:
        refuse_what_balances_miss(self._book, self._policy)
        summary = []
        for total in all_owed(self._book):
            of = f"{total.creditor} {total.currency}"
            summary.append((f"open {of}", format_decimal(total.open, total.currency)))
            summary.append((f"balance {of}", format_decimal(total.balance, total.currency)))
        return tuple(summary)

    @cached_property
    def _whole_balance(self) -> tuple[Section, ...]:
        sections = [Section("by_customer", balance_pages(trial_balance(self._book, self._policy, self._as_of)))]
        for by in (By.SEGMENT, By.SALESPERSON, By.COLLECTOR):
            try:
                balance = trial_balance(self._book, self._policy, self._as_of, by, laid_out=True)
            except Refused:
                # Who sells or collects is not in the book: then there is nothing to tell it apart by.
                continue
            pages = tuple(replace(page, title=f"{page.title}, by {by.value}") for page in balance_pages(balance))
            sections.append(Section(f"by_{by.value}", pages))
        return tuple(sections)

    # New customers.

    def _new(self, period: Period) -> tuple[NewCustomer, ...]:
        if period not in self._newcomers_of:
            made = new_customers(self._book, period.told_until, first=period.told_from)
            self._newcomers_of[period] = made
        return self._newcomers_of[period]

    def _newly_served(self, period: Period, acts_for: tuple[Person, ...]) -> list[NewCustomer]:
        ids, whole = {person.id for person in acts_for}, _sees_all(acts_for)
        return [new for new in self._new(period) if whole or ids & {new.salesperson, new.collector}]

    def _newcomers(self, period: Period, acts_for: tuple[Person, ...]) -> tuple[Section, ...]:
        mine = self._newly_served(period, acts_for)
        title = f"New customers from {period.told_from} to {period.told_until}"
        pages = tuple(replace(page, title=title) for page in new_customer_pages(mine, period.told_until))
        return (Section("new_customers", pages),)

    # The scorecard.

    def _cards_of(self, period: Period) -> Mapping[Of, Scorecard]:
        day = period.told_until
        if day not in self._cards:
            self._cards[day] = scorecards(self._book, self._policy, day)
        return self._cards[day]

    def _has_cards(self, period: Period, acts_for: tuple[Person, ...]) -> bool:
        """Say whether there is a card for somebody; the scorecard itself is made only where nothing less says it."""
        refuse_what_scorecards_miss(self._book)
        ids, whole = {person.id for person in acts_for}, _sees_all(acts_for)

        def some(pairs: Iterable[frozenset[str]]) -> bool:
            return any(whole or ids & pair for pair in pairs)

        if period.told_until not in self._serving:
            self._serving[period.told_until] = pairs_with_invoices(self._book, period.told_until)
        if some(self._serving[period.told_until]):
            return True
        if not some(self._dealing):
            return False
        cards = (card for made in self._cards_of(period).values() for card in made.cards)
        return some(frozenset({card.salesperson or "", card.collector or ""}) for card in cards)

    @cached_property
    def _dealing(self) -> frozenset[frozenset[str]]:
        return pairs_with_dealings(self._book)

    def _scorecard(self, period: Period, acts_for: tuple[Person, ...]) -> tuple[Section, ...]:
        ids, whole = {person.id for person in acts_for}, _sees_all(acts_for)

        def mine(card: Card) -> bool:
            return whole or bool(ids & {card.salesperson or "", card.collector or ""})

        sections = []
        for of, made in self._cards_of(period).items():
            cards = tuple(card for card in made.cards if mine(card))
            if cards:
                part = replace(made, cards=cards)
                (wide,) = wide_pages(part)
                sections.append(Section(of.value, card_pages(part, arithmetic=False), replace(wide, title="")))
        return tuple(sections)

    # What was done, for those who are only told.

    def _told_to(self, due: Due, acts_for: tuple[Person, ...]) -> list[Told]:
        ids = {person.id for person in acts_for}
        found = [one for one in self._told_of(due.period) if not ids.isdisjoint(self._told_whom(due.item, one))]
        return sorted(found, key=lambda one: (one.day, one.customer, one.duty, one.what))

    def _told_whom(self, item: str, one: Told) -> frozenset[str]:
        """Everybody who is told of it in such a list."""
        # Much was done for few people: whom it is told to is looked up once for all that is alike.
        key = (item, one.duty, one.segment, one.salesperson, one.collector)
        if key not in self._told_whom_of:
            roles = [role for role, list_ in TOLD_IN.items() if list_ == item and self._is_informed(role, one)]
            served = Served("", salesperson=one.salesperson, collector=one.collector)
            self._told_whom_of[key] = frozenset(who for role in roles for who in holders_of(self.team, role, served))
        return self._told_whom_of[key]

    def _is_informed(self, role: str, one: Told) -> bool:
        obligation = self._informed.get((role, one.duty))
        return obligation is not None and obligation.holds_in(one.segment)

    @cached_property
    def _informed(self) -> Mapping[tuple[str, str], Obligation]:
        return {
            (role, one.duty): one
            for role in TOLD_IN
            for one in obligations(self._policy, role)
            if one.how is How.INFORMED
        }

    def _told_of(self, period: Period) -> tuple[Told, ...]:
        if period not in self._told:
            duties = {duty for _, duty in self._informed}
            self._told[period] = done_under(self._book, self._policy, period, duties) if duties else ()
        return self._told[period]


def _sees_all(acts_for: Iterable[Person]) -> bool:
    """Say whether somebody, or whoever it stands in for, is a manager, who sees everything."""
    return any(person.role in MANAGERS for person in acts_for)


def _asked_section(asked: Iterable[Asked], as_of: date) -> Section:
    rows = tuple(
        (
            one.salesperson or NOBODY,
            one.customer,
            one.name,
            one.asks.replace("_", " "),
            one.rule,
            one.asked_on,
            one.answer_by,
            "yes" if one.answer_by < as_of else "",
        )
        for one in asked
    )
    columns = ("salesperson", "customer", "name", "what is asked", "rule", "asked on", "answer by", "overdue")
    return Section("asked_of_sales", (Page("What is asked of sales and not answered yet", (), columns, rows),))


def _told_section(told: Iterable[Told], period: Period) -> Section:
    rows = tuple((one.day, one.customer, one.name, one.duty.replace("_", " "), one.what) for one in told)
    title = f"For your information: done from {period.told_from} to {period.told_until}"
    return Section("done", (Page(title, (), ("day", "customer", "name", "duty", "what was done"), rows),))
