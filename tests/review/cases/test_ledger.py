"""Short ledgers: a day that is looked at, and a run of days in which what is proposed is carried out."""

# ruff: noqa: E501  (a row of the table stays on its line)

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from duly.book.book import Presence
from duly.execution.apply import about
from duly.journal.entry import Draft, Event
from duly.language.policy import Policy
from duly.plan.document import action_record
from duly.plan.make import Background, make_plan
from duly.plan.plan import Kind, Plan
from duly.review.cases.case import Case
from duly.review.cases.deeds import Seen
from duly.review.cases.run import Runner
from tests.book.facts.building import Row, make_book
from tests.journal.journals import OPERATOR
from tests.journal.test_history import history
from tests.review.cases.written import case_of, policy_of, result_of, standard, told

OLD = "customers: [{since: 2020-01-01}]"
DUE = "invoices: [{amount: 900.00, due_date: 2026-01-01}]"
QUARTER = f"ledger: {{{OLD}, {DUE}}}\nfrom: 2026-01-01\nuntil: 2026-03-31\n"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return standard()


STORY = """\
expect:
  2026-01-05: {step: courtesy, actions: [{email: courtesy}], by: [courtesy]}
  2026-01-16: {step: reminder, actions: [{email: reminder}], by: [reminder]}
  2026-02-02: {step: second_reminder, actions: [{email: second_reminder}, {task: phone_call, for: collector}]}
  2026-02-17: {step: demand, tone: stern, actions: [{email: demand}, {letter: demand}]}
  2026-03-02: {step: final_notice, actions: [{letter: final_notice}]}
  2026-03-16: {step: referral, actions: [{referral: refer_to_agency}]}
"""


def test_a_run_of_days_carries_out_what_it_proposes(policy: Policy) -> None:
    assert told(result_of(QUARTER + STORY, policy).findings) == []


@pytest.mark.parametrize("day", ["2026-01-16", "2026-02-17"])
def test_what_is_done_on_a_day_of_which_nothing_is_expected_is_found(policy: Policy, day: str) -> None:
    lines = [line for line in STORY.splitlines() if day not in line]
    found = result_of(QUARTER + "\n".join(lines), policy).findings
    assert {(finding.about, finding.expected, str(finding.on)) for finding in found} == {("action", "nothing", day)}


def test_other_days_may_be_left_open(policy: Policy) -> None:
    case = (
        f"{QUARTER}other_days: anything\nexpect: {{2026-02-17: {{actions: [{{email: demand}}, {{letter: demand}}]}}}}\n"
    )
    assert told(result_of(case, policy).findings) == []


def test_a_day_without_an_account_is_found(policy: Policy) -> None:
    case = (
        "ledger: {invoices: [{amount: 900.00, invoice_date: 2026-01-10, due_date: 2026-02-01}]}\n"
        "day: 2026-01-09\nexpect: {step: none}\n"
    )
    assert told(result_of(case, policy).findings) == [("the account", "one account", "no account to look at")]


TWO = "ledger: {invoices: [{amount: 9, due_date: 2026-01-01}, {amount: 900, due_date: 2026-01-01, creditor: other}]}\n"


def test_an_account_in_a_case_is_one(policy: Policy) -> None:
    case = f"{TWO}day: 2026-01-09\nexpect: {{step: none}}\n"
    assert told(result_of(case, policy).findings) == [("the account", "one account", "2 accounts: say `about` which")]


@pytest.mark.parametrize(("creditor", "step"), [("main", "none"), ("other", "courtesy")])
def test_of_several_accounts_the_case_says_which(policy: Policy, creditor: str, step: str) -> None:
    case = f"{TWO}about: {{creditor: {creditor}}}\nday: 2026-01-09\nexpect: {{step: {step}, actions: any}}\n"
    assert told(result_of(case, policy).findings) == []


def test_rows_without_a_customer_are_of_the_one_that_is_listed(policy: Policy) -> None:
    case = (
        "ledger: {customers: [{customer: A-17, annual_sales: 2000000}], invoices: [{amount: 9, due_date: 2026-01-01}]}"
    )
    assert told(result_of(f"{case}\nday: 2026-01-09\nexpect: {{segment: strategic}}\n", policy).findings) == []


def test_amounts_are_converted_at_the_rate_of_the_day(policy: Policy) -> None:
    rates = "rates: [{day: 2026-01-01, from: EUR, to: USD, rate: 1.25}]"
    case = f"ledger: {{invoices: [{{amount: 80, currency: EUR, due_date: 2026-01-01}}], {rates}}}\nday: 2026-01-09\n"
    (day,) = Runner(policy).days(case_of(f"{case}expect: {{actions: any}}\n", policy))
    assert day.account.facts["past_due"] == 10_000


def test_the_customer_can_be_one_that_nothing_reaches(policy: Policy) -> None:
    case = "ledger: {customers: [{email: none, address: none, since: 2020-01-01}], " + DUE + "}\nday: 2026-01-09\n"
    expect = "expect: {step: courtesy, withheld: {message courtesy: no_way_to_reach}}\n"
    assert told(result_of(case + expect, policy).findings) == []


def steps(case: str, policy: Policy) -> dict[str, str]:
    """On which days of the case which stage is proposed."""
    first = case.partition("from: ")[2][:10]
    days = Runner(policy).days(case_of(f"{case}expect: {{{first}: {{actions: any}}}}\n", policy))
    return {str(day.on)[5:]: day.decision.step for day in days if day.decision.step != "none"}


HAPPENS = {
    "nothing": ("{}", {"01-05": "courtesy", "01-16": "reminder", "02-02": "second_reminder"}),
    "paid-in-part": (
        "{2026-01-10: {paid: {amount: 860, invoice: I-1}}}",
        {"01-05": "courtesy"},
    ),
    "paid-without-an-invoice": ("{2026-01-10: {paid: {amount: 900}}}", {"01-05": "courtesy"}),
    "promised": (
        "{2026-01-10: {promised: {amount: 900, due_on: 2026-01-20}}}",
        {"01-05": "courtesy", "01-21": "reminder", "02-02": "second_reminder"},
    ),
    "disputed": ("{2026-01-10: {disputed: {invoice: I-1}}}", {"01-05": "courtesy"}),
    "nothing-runs": (
        "{2026-01-05: {nothing_runs: true}, 2026-01-16: {nothing_runs: true}}",
        {"01-06": "courtesy", "01-20": "reminder", "02-02": "second_reminder"},
    ),
    "not-carried-out": (
        "{2026-01-05: {not_carried_out: true}}",
        {"01-05": "courtesy", "01-06": "courtesy", "01-16": "reminder", "02-02": "second_reminder"},
    ),
    "nobody-knows": ("{2026-01-05: {nobody_knows: true}}", {"01-05": "courtesy"}),
    "called-often": (
        "{2026-01-13: {contacted: call}, 2026-01-14: {contacted: visit}}",
        {"01-05": "courtesy", "01-20": "reminder", "02-02": "second_reminder"},
    ),
}


@pytest.mark.parametrize(("happens", "expected"), HAPPENS.values(), ids=HAPPENS)
def test_what_happens_on_a_day_counts_from_it_on(policy: Policy, happens: str, expected: dict[str, str]) -> None:
    happens = "" if happens == "{}" else f"happens: {happens}\n"
    case = f"ledger: {{{OLD}, {DUE}}}\nfrom: 2026-01-01\nuntil: 2026-02-10\n{happens}"
    assert steps(case, policy) == expected


def test_cycles_run_on_business_days_unless_every_day_is_said(policy: Policy) -> None:
    case = f"ledger: {{{OLD}, {DUE}}}\nfrom: 2026-01-30\nuntil: 2026-02-03\n"
    assert steps(case, policy) == {"01-30": "courtesy"}
    # The courtesy is put off on the closed days, and not carried out.
    weekend = f"ledger: {{{OLD}, {DUE}}}\nfrom: 2026-01-31\nuntil: 2026-02-03\ncycles: every_day\n"
    assert steps(weekend, policy) == {"01-31": "courtesy", "02-01": "courtesy", "02-02": "courtesy"}


LARGE = (
    f"ledger: {{{OLD}, invoices: [{{amount: 9000.00, due_date: 2026-01-01}}]}}\nfrom: 2026-02-09\nuntil: 2026-02-24\n"
)


def deeds(case: str, policy: Policy, sort: str) -> list[str]:
    """The deeds of a sort in the run, each with its day."""
    days = Runner(policy).days(case_of(case + "expect: {2026-02-10: {actions: any}}\n", policy))
    return [f"{day.on:%m-%d} {done.name}" for day in days for done in day.done if done.what.value == sort]


def test_sales_is_asked_once_and_told_of_once_and_the_hold_waits_for_it(policy: Policy) -> None:
    assert deeds(LARGE, policy, "request") == ["02-10 before_hold"]
    assert deeds(LARGE, policy, "tell") == ["02-19 before_hold"]
    assert deeds(LARGE, policy, "hold") == ["02-20 credit"]


def test_an_answer_of_sales_answers_what_it_was_asked(policy: Policy) -> None:
    case = f"{LARGE}happens: {{2026-02-12: {{answered: {{rule: before_hold, reason: forgot}}}}}}\n"
    assert deeds(case, policy, "tell") == []
    weekend = f"{LARGE}happens: {{2026-02-15: {{answered: {{rule: before_hold, reason: forgot}}}}}}\n"
    assert deeds(weekend, policy, "tell") == []
    listed = LARGE.replace("}]}", "}], answers: [{rule: before_hold, day: 2026-02-12, reason: forgot}]}")
    assert deeds(listed, policy, "tell") == []
    paid = f"{LARGE}happens: {{2026-02-23: {{paid: {{amount: 9000, invoice: I-1}}}}}}\n"
    assert deeds(paid, policy, "release") == ["02-23 credit"]


HARSH = """\
duly: 1
policy: harsh
currency: USD
tones: [friendly, firm, final]
ladder: {climb: highest, stages: {final_notice: {after: {days: 10}, tone: final, send: {letter: final_notice}}}}
"""


@pytest.mark.parametrize(
    ("before", "expect"),
    [
        pytest.param("", "{withheld: {everything: first_contact_is_harshest}}", id="first-contact"),
        pytest.param(
            ", contacts_made: [{day: 2026-01-05, channel: call, direction: out}]",
            "{actions: [{letter: final_notice}]}",
            id="called-before",
        ),
    ],
)
def test_nobodys_first_contact_is_the_harshest_as_in_a_plan(tmp_path: Path, before: str, expect: str) -> None:
    policy = policy_of(HARSH, tmp_path)
    result = result_of(f"ledger: {{{DUE}{before}}}\nday: 2026-02-09\nexpect: {expect}\n", policy)
    assert told(result.findings) == []


TASK = """\
duly: 1
policy: tasks
currency: USD
pauses:
  insolvent: {account: {insolvent: true}, task: {credit_manager: file_claim}}
tones: [friendly]
ladder: {stages: {reminder: {after: {days: 10}, tone: friendly, send: {email: reminder}}}}
credit_limits:
  cut: {when: {days_past_due: {at_least: 5}}, propose: {lower_pct: 10}}
"""


def test_a_task_is_given_once_and_a_limit_proposed_once(tmp_path: Path) -> None:
    policy = policy_of(TASK, tmp_path)
    case = "ledger: {customers: [{insolvent: true}], " + DUE + "}\nfrom: 2026-02-09\nuntil: 2026-02-24\n"
    assert deeds(case, policy, "task") == ["02-09 file_claim"]
    assert deeds(case, policy, "limit") == ["02-09 cut"]


# What a case sees of a ledger, and what the plan for the same book has.

AS_OF = date(2026, 3, 31)


def day(text: str) -> date:
    return date.fromisoformat(text)


BOOKS: dict[str, tuple[str, dict[str, list[Row]]]] = {
    "not-late": ("invoices: [{amount: 900, due_date: 2026-03-28}]", {"invoices": [{"amount": 90_000, "due_date": day("2026-03-28")}]}),
    "late": ("invoices: [{amount: 900, due_date: 2026-03-27}]", {"invoices": [{"amount": 90_000, "due_date": day("2026-03-27")}]}),
    "too-small": ("invoices: [{amount: 49.99, due_date: 2026-03-01}]", {"invoices": [{"amount": 4_999, "due_date": day("2026-03-01")}]}),
    "the-gap": (
        "invoices: [{amount: 900, due_date: 2026-03-01}], executed_stages: [{stage: courtesy, day: 2026-03-27}]",
        {"invoices": [{"amount": 90_000, "due_date": day("2026-03-01")}], "executed_stages": [{"stage": "courtesy", "day": day("2026-03-27")}]},
    ),
    "the-cap": (
        "invoices: [{amount: 900, due_date: 2026-03-01}], contacts_made: [{day: 2026-03-29, channel: call, direction: out}, {day: 2026-03-30, channel: call, direction: out}]",
        {"invoices": [{"amount": 90_000, "due_date": day("2026-03-01")}], "contacts_made": [{"day": day("2026-03-29")}, {"day": day("2026-03-30")}]},
    ),
    "a-hold-that-waits": (
        "invoices: [{amount: 9000, due_date: 2026-02-01}], requests: [{rule: before_hold, asked_on: 2026-03-30, due_on: 2026-04-06}]",
        {"invoices": [{"amount": 900_000, "due_date": day("2026-02-01")}], "requests": [{"rule": "before_hold", "asked_on": day("2026-03-30"), "due_on": day("2026-04-06")}]},
    ),
    "a-hold-and-who-is-told": (
        "invoices: [{amount: 9000, due_date: 2026-02-01}], requests: [{rule: before_hold, asked_on: 2026-03-20, due_on: 2026-03-27}]",
        {"invoices": [{"amount": 900_000, "due_date": day("2026-02-01")}], "requests": [{"rule": "before_hold", "asked_on": day("2026-03-20"), "due_on": day("2026-03-27")}]},
    ),
    "a-release": (
        "invoices: [{amount: 9000, due_date: 2026-05-01}], holds: [{hold: credit, placed_on: 2026-03-01}]",
        {"invoices": [{"amount": 900_000, "due_date": day("2026-05-01")}], "holds": [{"hold": "credit", "placed_on": day("2026-03-01")}]},
    ),
    "disputed": (
        "invoices: [{amount: 9000, due_date: 2026-02-01}], disputes: [{invoice: I-1, opened_on: 2026-02-03}]",
        {"invoices": [{"invoice": "I-1", "amount": 900_000, "due_date": day("2026-02-01")}], "disputes": [{"invoice": "I-1", "opened_on": day("2026-02-03")}]},
    ),
    "promised": (
        "invoices: [{amount: 900, due_date: 2026-02-01}], promises: [{amount: 900, made_on: 2026-03-01, due_on: 2026-04-02}]",
        {"invoices": [{"amount": 90_000, "due_date": day("2026-02-01")}], "promises": [{"amount": 90_000, "made_on": day("2026-03-01"), "due_on": day("2026-04-02")}]},
    ),
}  # fmt: skip

CUSTOMER: Row = {
    "customer": "C1",
    "since": day("2020-01-01"),
    "email": "pay@amber.example",
    "address": "Amber Anvil Works; Oak Avenue 1; Southport",
}

OF_AN_ACCOUNT = frozenset(
    {Kind.MESSAGE, Kind.TASK, Kind.SALES_REQUEST, Kind.HOLD, Kind.RELEASE, Kind.REFERRAL, Kind.WRITE_OFF_PROPOSAL}
)


def planned(plan: Plan) -> tuple[list[tuple[str, str]], list[tuple[str, str, date | None]]]:
    """What the plan does and withholds for the account itself."""
    ours = [action for action in plan.actions if action.kind in OF_AN_ACCOUNT and action.customer == "C1"]
    return (
        sorted(
            (action.stage, action.for_role)
            for action in ours
            if action.details == () or action.task == "answer_overdue"
        ),
        sorted((thing.what, thing.reason, thing.next_possible) for thing in plan.withheld),
    )


def seen_in(days: tuple[Seen, ...]) -> tuple[list[tuple[str, str]], list[tuple[str, str, date | None]]]:
    (one,) = days
    return (
        sorted((done.rule, done.for_role) for done in one.done),
        sorted((thing.what, thing.reason, thing.next_possible) for thing in one.withheld),
    )


@pytest.mark.parametrize(("rows", "tables"), BOOKS.values(), ids=BOOKS)
def test_a_case_sees_what_a_plan_for_the_same_book_has(policy: Policy, rows: str, tables: dict[str, list[Row]]) -> None:
    ahead = "{withheld: {stages: {reason: gap, until: 2026-04-30}}, actions: any}"
    case: Case = case_of(f"ledger: {{{OLD}, {rows}}}\nday: {AS_OF}\nexpect: {ahead}\n", policy)
    book = make_book(customers=[CUSTOMER], **tables)
    assert seen_in(tuple(Runner(policy).days(case))) == planned(make_plan(policy, book, AS_OF))


# A run of days, and the same days by plans that are carried out into a journal.


def by_plans(policy: Policy, days: list[date], **tables: list[Row]) -> dict[date, list[tuple[str, str]]]:
    """What is done on each day where the plan of the day is carried out, and the next is made with the journal."""
    drafts: list[Draft] = []
    done: dict[date, list[tuple[str, str]]] = {}
    for on in days:
        book = make_book(customers=[CUSTOMER], **tables)
        book = replace(book, given={**book.given, "holds": Presence.NONE, "creditors": Presence.NONE})
        plan = make_plan(policy, book, on, background=Background(history=history(*drafts)))
        ours = [a for a in plan.actions if a.kind in OF_AN_ACCOUNT and a.customer == "C1"]
        deeds = sorted((a.stage, a.for_role) for a in ours if a.details == () or a.task == "answer_overdue")
        if deeds:
            done[on] = deeds
        for action in ours:
            said = {"action": {**action_record(action), "to": ""}, "channel": "mail", **about(policy, action, on)}
            body = {"day": on.isoformat(), "decided_by": "evidence"}
            drafts += [
                Draft(Event.INTENT, OPERATOR, action.id, "C1", "run", said),
                Draft(Event.POINT_OF_NO_RETURN, OPERATOR, action.id, "C1", "run", {}),
                Draft(Event.ACCEPTED, OPERATOR, action.id, "C1", "run", body),
            ]
    return done


def test_a_run_of_days_goes_as_plans_that_are_carried_out(policy: Policy) -> None:
    first, last = date(2026, 2, 13), date(2026, 2, 25)
    expect = f"from: {first}\nuntil: {last}\nexpect: {{{first}: {{actions: any}}}}\n"
    rows = "invoices: [{amount: 9000.00, due_date: 2026-01-05}], executed_stages: [{stage: second_reminder, day: 2026-02-04}]"
    run = tuple(Runner(policy).days(case_of(f"ledger: {{{OLD}, {rows}}}\n{expect}", policy)))
    seen = {one.on: sorted((done.rule, done.for_role) for done in one.done) for one in run if one.done}
    days = [one.on for one in run if one.on]
    tables: dict[str, list[Row]] = {
        "invoices": [{"amount": 900_000, "due_date": day("2026-01-05")}],
        "executed_stages": [{"stage": "second_reminder", "day": day("2026-02-04")}],
    }
    assert seen == by_plans(policy, days, **tables)
    assert [str(on)[5:] for on in seen] == ["02-17", "02-19", "02-25"]
