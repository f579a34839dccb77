"""What sales and credit promise each other, day by day with the standard policy, and by any policy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.book.again import AccountFacts, facts_of
from duly.book.raw import AccountRows, Answered, Customer, Executed, Held, Invoice, Money, RawRows, Request
from duly.dates import add_business_days
from duly.language.load import load_policy
from duly.language.policy import ASK_NOTHING, Policy
from duly.language.vocabulary import ANSWER_REASONS
from duly.rules import meaning
from duly.rules.decision import NONE, Decision
from tests.conftest import NIGHTLY
from tests.language.policies import STANDARD
from tests.rules.strategies import accounts, policies

FIRST = date(2026, 1, 5)
DAY = timedelta(days=1)
LONG = 130
"""Days enough to be referred, to pay, and to be late once more."""

KEY = ("main", "C1", "")


@dataclass(frozen=True, slots=True)
class Day:
    """One day of an account: what was known, and what was decided and done."""

    on: date
    known: AccountFacts
    decided: Decision
    requests: tuple[Request, ...]


@dataclass(slots=True)
class Walk:
    """An account from day to day: what is decided is done on the day, and sales answers when it answers."""

    policy: Policy
    invoices: tuple[Invoice, ...]
    answers_after: tuple[int | None, ...]
    in_difficulty: bool
    rows: AccountRows = field(init=False)

    def __post_init__(self) -> None:
        self.rows = AccountRows(invoices=self.invoices)

    def days(self) -> Iterator[Day]:
        """Every day in turn."""
        for n in range(LONG):
            today = FIRST + n * DAY
            known = facts_of(self._raw(), self.policy, today, [KEY])[KEY]
            decision = meaning.decide(self.policy, known.facts)
            yield Day(today, known, decision, self.rows.requests)
            self._do(today, known, decision)

    def _raw(self) -> RawRows:
        return RawRows(
            currency="USD",
            rates={},
            accounts={KEY[:2]: self.rows},
            customers={"C1": Customer(email="a@b.example", country="US", annual_sales=200_000_000)},
            mailable=frozenset(),
            contacts={},
            answers={"C1": self.rows.answers},
            stages={"C1": tuple((done.day, done.stage) for done in self.rows.stages)},
        )

    def _do(self, today: date, known: AccountFacts, decision: Decision) -> None:
        rows = self.rows
        if decision.step != NONE and not decision.put_off:
            done = Executed(None, decision.step, today, "accepted", known.episode)
            rows = replace(rows, stages=(*rows.stages, done))
        for rule in decision.asks:
            rows = self._ask(rows, rule, today)
        told = [
            replace(r, told_on=today) if r.rule in decision.tells and r.told_on is None else r for r in rows.requests
        ]
        placed = [*rows.holds, *(Held(hold, today, None) for hold in decision.place)]
        holds = [
            replace(h, released_on=today) if h.hold in decision.release and not h.released_on else h for h in placed
        ]
        self.rows = replace(rows, requests=tuple(told), holds=tuple(holds))

    def _ask(self, rows: AccountRows, rule_id: str, today: date) -> AccountRows:
        rule = next(rule for rule in self.policy.sales if rule.id == rule_id)
        wait = self.answers_after[len(rows.requests) % len(self.answers_after)]
        answered_on = None if wait is None else today + wait * DAY
        due_on = add_business_days(today, rule.within_business_days, "US")
        asked = Request(rule_id, today, due_on, answered_on)
        answers = rows.answers
        if answered_on is not None:
            reason = ANSWER_REASONS[len(rows.requests) % len(ANSWER_REASONS)]
            said = Answered(answered_on, reason, self.in_difficulty or None, None)
            answers = tuple(sorted((*answers, said), key=lambda answer: answer.day))
        return replace(rows, requests=(*rows.requests, asked), answers=answers)


def an_invoice(id_: str, amount: int, due: date, paid_on: date | None) -> Invoice:
    money = () if paid_on is None else (Money("USD", amount, paid_on, None, paid=True),)
    return Invoice(id_, "USD", amount, due - 30 * DAY, due, None, None, None, (), money, ())


@st.composite
def walks(draw: st.DrawFn) -> Walk:
    """Invoices that are paid late, or never, and answers that come early, late, or never."""
    invoices = []
    for n in range(draw(st.integers(1, 3))):
        due = FIRST + draw(st.integers(-60, 60)) * DAY
        days_late = draw(st.none() | st.integers(1, 120))
        paid = None if days_late is None else due + days_late * DAY
        invoices.append(an_invoice(f"I{n}", draw(st.sampled_from((100_00, 6_000_00))), due, paid))
    answers = draw(st.lists(st.none() | st.integers(0, 12), min_size=1, max_size=4))
    return Walk(standard(), tuple(invoices), tuple(answers), draw(st.booleans()))


def standard() -> Policy:
    policy, _ = load_policy(STANDARD)
    return policy


def asked_twice(days: list[Day]) -> set[str]:
    """Rules by which sales was asked again while the account stayed in one episode."""
    found: set[str] = set()
    asked: set[str] = set()
    for day in days:
        if not day.known.facts["late"]:
            asked = set()
        found |= asked & set(day.decided.asks)
        asked |= set(day.decided.asks)
    return found


def placed_unheard(policy: Policy, day: Day) -> set[str]:
    """Holds placed without the request that they need: asked before the day, and answered or out of time."""
    needs = {hold.id: hold.needs for hold in policy.holds if hold.needs}
    heard = {
        request.rule
        for request in day.requests
        if request.asked_on < day.on
        and (request.due_on < day.on or (request.answered_on is not None and request.answered_on <= day.on))
    }
    return {hold for hold in day.decided.place if hold in needs and needs[hold].request not in heard}


def test_day_by_day_sales_is_asked_once_heard_before_a_hold_and_left_alone_after_referral() -> None:
    seen = {"asked": 0, "placed": 0, "referred": 0, "told": 0}

    @settings(max_examples=300 if NIGHTLY else 25)
    @given(walk=walks())
    def law(walk: Walk) -> None:
        days = list(walk.days())
        assert not asked_twice(days)
        for day in days:
            assert not placed_unheard(walk.policy, day)
            referred = day.decided.executed_stage == "referral"
            assert not (referred and (day.decided.asks or day.decided.tells))
            seen["asked"] += len(day.decided.asks)
            seen["placed"] += len(day.decided.place)
            seen["told"] += len(day.decided.tells)
            seen["referred"] += referred
        told = [request for request in walk.rows.requests if request.told_on]
        assert all(request.due_on < request.told_on for request in told if request.told_on)
        assert len(told) == sum(len(day.decided.tells) for day in days)

    law()
    assert all(seen.values()), f"some of it never happened: {seen}"


@pytest.mark.parametrize(
    ("answered", "placed", "told"),
    [
        pytest.param(3, "2026-01-08", None, id="answered-and-the-hold-waits-no-longer"),
        pytest.param(7, "2026-01-12", None, id="answered-on-the-last-day"),
        pytest.param(8, "2026-01-13", None, id="answered-a-day-late-and-on-the-day-it-would-be-told"),
        pytest.param(9, "2026-01-13", "2026-01-13", id="answered-once-it-was-told"),
        pytest.param(None, "2026-01-13", "2026-01-13", id="never-answered"),
    ],
)
def test_the_last_day_of_the_deadline_is_in_it(answered: int | None, placed: str, told: str | None) -> None:
    """Asked on a Monday with five business days: until Monday the 12th; the hold itself is due on the 7th."""
    invoice = an_invoice("I0", 6_000_00, FIRST - 48 * DAY, None)
    days = list(Walk(standard(), (invoice,), (answered,), in_difficulty=False).days())[:15]
    assert [str(day.on) for day in days if day.decided.asks] == [str(FIRST)]
    assert [str(day.on) for day in days if day.decided.place] == [placed]
    assert [str(day.on) for day in days if day.decided.tells] == ([told] if told else [])


def test_any_policy_that_stands_down_asks_nothing_and_tells_nobody_then() -> None:
    stood = 0

    @settings(max_examples=300 if NIGHTLY else 60)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def law(policy: Policy, seed: int) -> None:
        nonlocal stood
        for facts in accounts(policy, 60, seed):
            decision = meaning.decide(policy, facts)
            if decision.stood_down:
                assert decision.asks == decision.tells == ()
                stood += any(rule.ask != ASK_NOTHING for rule in policy.sales)

    law()
    assert stood


def test_by_any_policy_no_hold_falls_before_the_request_that_it_needs_was_asked_and_waited_for() -> None:
    placed = 0

    @settings(max_examples=300 if NIGHTLY else 60)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def law(policy: Policy, seed: int) -> None:
        nonlocal placed
        needs = {hold.id: hold.needs for hold in policy.holds if hold.needs}
        for facts in accounts(policy, 60, seed):
            for hold in meaning.decide(policy, facts).place:
                if need := needs.get(hold):
                    asked, waiting, answered = (
                        facts[name] for name in ("sales_asked", "requests_open", "requests_answered")
                    )
                    assert isinstance(asked, frozenset)
                    assert isinstance(waiting, frozenset)
                    assert isinstance(answered, frozenset)
                    assert need.request in asked - waiting
                    assert not need.answered_only or need.request in answered
                    placed += 1

    law()
    assert placed


def test_by_any_policy_nobody_is_asked_or_told_twice_in_one_episode() -> None:
    again = 0

    @settings(max_examples=300 if NIGHTLY else 60)
    @given(policy=policies(), seed=st.integers(0, 2**32))
    def law(policy: Policy, seed: int) -> None:
        nonlocal again
        for facts in accounts(policy, 60, seed):
            decision = meaning.decide(policy, facts)
            asked, told = facts["sales_asked"], facts["requests_told"]
            assert isinstance(asked, frozenset)
            assert isinstance(told, frozenset)
            assert not asked & set(decision.asks)
            assert not told & set(decision.tells)
            assert asked >= set(decision.tells)
            again += bool(asked and decision.asks)

    law()
    assert again
