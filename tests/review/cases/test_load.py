"""Reading a cases file: what is wrong with it is said at its place, all at once."""

# ruff: noqa: E501  (a row of the table stays on its line)

from __future__ import annotations

import json
from pathlib import Path

import pytest

from duly.language.policy import Policy
from duly.language.schema import as_text
from duly.review.cases.load import cases_beside, cases_file, without_policy
from duly.review.cases.schema import cases_schema
from duly.source import Span
from tests.language.policies import STANDARD
from tests.review.cases.written import refused, refused_at_the_mark, standard, written

CHECKOUT = Path(__file__).parents[3]

CUSTOMER = "customer: {days_past_due: 4, past_due: 300}\n"
LEDGER = "ledger: {invoices: [{amount: 900.00, due_date: 2026-01-01}]}\n"
RUN = f"{LEDGER}from: 2026-01-01\nuntil: 2026-03-31\n"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return standard()


# What one case says, the mistake between « and »; its name; a part of its help or message.
MISTAKES = {
    "a-word-that-is-no-fact": ("customer: {«days_past_du»: 4}\nexpect: {step: none}", "unknown-key", "days_past_due"),
    "a-fact-that-is-decided": ("customer: {«segment»: new}\nexpect: {step: none}", "unknown-key", ""),
    "not-a-number": ("customer: {days_past_due: «four»}\nexpect: {step: none}", "wrong-kind", ""),
    "a-number-in-quotes": ('customer: {days_past_due: «"4"»}\nexpect: {step: none}', "wrong-kind", "take the quotes"),
    "a-negative-number": ("customer: {late_count: «-1»}\nexpect: {step: none}", "out-of-bounds", "write 0"),
    "not-an-amount": ("customer: {past_due: «1.005»}\nexpect: {step: none}", "bad-amount", "2 decimals"),
    "a-word-without-quotes": ("customer: {late: «yes»}\nexpect: {step: none}", "quote-it", "quote it"),
    "an-anchor": ("customer: «&here» {past_due: 1}\nexpect: {step: none}", "yaml-alias", "take it out"),
    "a-key-twice": ("customer: {past_due: 1, «past_due»: 2}\nexpect: {step: none}", "duplicate-key", "keep one"),
    "a-hold-that-is-none": ("customer: {holds: [«cash»]}\nexpect: {step: none}", "unknown-hold", "credit"),
    "a-stage-that-is-none": ("customer: {executed: {«reminders»: 3}}\nexpect: {step: none}", "unknown-stage", "`reminder`"),
    "not-a-country": ("customer: {country: «UK»}\nexpect: {step: none}", "unknown-country", "GB"),
    "nobody-counts-so": ("customer: {counted: {«due_date_months»: 2}}\nexpect: {step: none}", "nobody-asks", "days"),
    "late-within-grace": ("customer: {days_past_due: «3», past_due: 300}\nexpect: {step: none}", "no-such-customer", ""),
    "more-late-than-open": (
        "customer: {days_past_due: 4, past_due: 300.00, open_amount: «299.99»}\nexpect: {step: none}",
        "no-such-customer",
        "always:",
    ),
    "an-open-request-never-made": (
        "customer: {requests_open: [before_hold], sales_asked: «[]»}\nexpect: {step: none}",
        "no-such-customer",
        "",
    ),
    "nothing-expected": (f"{CUSTOMER}expect: «{{}}»", "nothing-in-it", "fill it"),
    "no-expectation": (CUSTOMER, "missing-key", "add `expect:`"),
    "an-unknown-word": (f"{CUSTOMER}expect: {{«tonne»: firm}}", "unknown-key", "did you mean `tone`?"),
    "a-tone-that-is-none": (f"{CUSTOMER}expect: {{tone: «frim»}}", "unknown-tone", "did you mean `firm`?"),
    "a-template-that-is-none": (f"{CUSTOMER}expect: {{actions: [{{email: «remind»}}]}}", "unknown-e-mail", "`reminder`"),
    "a-letter-that-is-an-e-mail": (
        f"{CUSTOMER}expect: {{actions: [{{letter: «second_remind»}}]}}",
        "unknown-letter",
        "second_reminder",
    ),
    "two-deeds-in-one": (f"{CUSTOMER}expect: {{actions: [«{{email: demand, letter: demand}}]»}}", "not-one-deed", "for example"),
    "a-reason-that-is-none": (f"{CUSTOMER}expect: {{withheld: {{reminder: «gape»}}}}", "unknown-reason", "`gap`"),
    "withheld-from-nothing": (f"{CUSTOMER}expect: {{withheld: {{«remind»: gap}}}}", "unknown-stage", "`reminder`"),
    "a-rule-that-is-none": (f"{CUSTOMER}expect: {{by: [«remind»]}}", "unknown-rule", "`reminder`"),
    "days-of-a-customer": (f"{CUSTOMER}«day»: 2026-03-31\nexpect: {{step: none}}", "days-of-a-customer", "ledger"),
    "coming-days-of-a-customer": (
        f"{CUSTOMER}expect: {{withheld: {{reminder: {{reason: gap, «until»: 2026-03-31}}}}}}",
        "no-coming-days",
        "ledger",
    ),
    "by-day-without-a-run": (f"{CUSTOMER}expect: {{«2026-03-31»: {{step: none}}}}", "by-day", "without the day"),
    "a-ledger-without-a-day": (f"{LEDGER}expect: {{step: none}}", "which-day", "one or the other"),
    "two-subjects": (f"{CUSTOMER}{LEDGER}day: 2026-01-05\nexpect: {{step: none}}", "not-one-subject", "one of the two"),
    "no-invoices": ("«ledger»: {payments: [{amount: 1, day: 2026-01-01}]}\nday: 2026-01-05\nexpect: {step: none}", "missing-key", "invoices"),
    "a-row-without-its-day": (
        "ledger: {invoices: [{amount: 1, due_date: 2026-01-01}], «payments»: [{amount: 1}]}\nday: 2026-01-05\nexpect: {step: none}",
        "missing-key",
        "add `day:`",
    ),
    "an-unknown-column": (
        "ledger: {invoices: [{amount: 1, «due»: 2026-01-01, due_date: 2026-01-01}]}\nday: 2026-01-05\nexpect: {step: none}",
        "unknown-key",
        "due_date",
    ),
    "not-a-day": ("ledger: {invoices: [{amount: 1, due_date: «2026-02-30»}]}\nday: 2026-01-05\nexpect: {step: none}", "bad-day", "year-month-day"),
    "money-for-a-stranger": (
        "ledger: {invoices: [{amount: 1, due_date: 2026-01-01}], payments: [{amount: 1, day: 2026-01-02, invoice: «I-2»}]}\nday: 2026-01-05\nexpect: {step: none}",
        "unknown-invoice",
        "`I-1`",
    ),
    "an-invoice-twice": (
        "ledger: {invoices: [{invoice: I-1, amount: 1, due_date: 2026-01-01}, «{»invoice: I-1, amount: 2, due_date: 2026-01-01}]}\nday: 2026-01-05\nexpect: {step: none}",
        "row-twice",
        "an id of its own",
    ),
    "a-run-that-ends-first": (f"{LEDGER}from: 2026-02-01\n«until»: 2026-01-01\nexpect: {{2026-02-01: {{step: none}}}}", "ends-before-it-begins", "exchange"),
    "a-run-without-end": (f"{LEDGER}from: 2026-02-01\n«until»: 2036-01-01\nexpect: {{2026-02-01: {{step: none}}}}", "run-too-long", ""),
    "a-day-outside-the-run": (f"{RUN}expect: {{«2026-04-01»: {{step: none}}}}", "not-in-the-run", "longer"),
    "a-run-without-days": (f"{RUN}expect: {{«step»: none}}", "not-by-day", "2027-01-31"),
    "what-happens-on-one-day": (f"{LEDGER}day: 2026-01-05\n«cycles»: every_day\nexpect: {{step: none}}", "not-a-run", "from"),
    "money-happens-for-a-stranger": (
        f"{RUN}happens: {{2026-01-05: {{paid: {{amount: 1, «invoice»: I-9}}}}}}\nexpect: {{2026-01-05: {{step: none}}}}",
        "unknown-invoice",
        "I-1",
    ),
    "an-answer-to-nobody": (
        f"{RUN}happens: {{2026-01-05: {{answered: {{rule: «before», reason: other}}}}}}\nexpect: {{2026-01-05: {{step: none}}}}",
        "unknown-sales-rule",
        "before_hold",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("case", "rule", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_at_its_place_with_what_to_do(policy: Policy, case: str, rule: str, said: str) -> None:
    problem = refused_at_the_mark(written(case), policy)
    assert problem.rule == rule
    assert said in f"{problem.message} {problem.help}"


def test_every_mistake_of_a_file_is_said_at_once(policy: Policy) -> None:
    text = written("customer: {past_due: 1.005, country: UK, holds: [cash]}\nexpect: {tone: frim, by: [x]}\n")
    found = [problem.rule for problem in refused(text, policy)]
    assert found == ["bad-amount", "unknown-country", "unknown-hold", "unknown-tone", "unknown-rule"]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("duly_cases: 2\ncases: {one: {customer: {}, expect: {step: none}}}", "unknown-choice", id="version"),
        pytest.param("duly_cases: 1", "missing-key", id="no-cases"),
        pytest.param("duly_cases: 1\ncases: {}", "nothing-in-it", id="empty"),
        pytest.param("duly_cases: 1\ncases: {One: {customer: {}, expect: {step: none}}}", "bad-name", id="name"),
        pytest.param("- duly_cases: 1", "not-a-mapping", id="a-list"),
        pytest.param("duly_cases: 1\ncases: !!python/object:os.system {}", "yaml-tag", id="a-tag"),
        pytest.param("duly_cases: 1\n---\ncases: {}", "yaml-documents", id="two-documents"),
        pytest.param("duly_cases: 1\ncases: {a: {because: '\u202e', customer: {}, expect: {step: none}}}", "hidden-character", id="bidi"),
    ],
)  # fmt: skip
def test_the_file_passes_the_gate_that_policies_pass(policy: Policy, text: str, rule: str) -> None:
    assert rule in {problem.rule for problem in refused(text, policy)}


def test_cases_lie_beside_their_policy(tmp_path: Path) -> None:
    from duly.language.load import load_policy

    (tmp_path / "north.yaml").write_text(STANDARD.read_text(encoding="utf-8"), encoding="utf-8")
    policy, _ = load_policy(tmp_path / "north.yaml")
    assert cases_beside(policy) == ()
    file = cases_file(policy)
    assert file == tmp_path / "north.cases.yaml"
    file.write_text(written(f"{CUSTOMER}expect: {{actions: any}}\n"), encoding="utf-8")
    (case,) = cases_beside(policy)
    assert (case.id, case.span) == ("one", Span(file.as_posix(), 3, 3, 3))


def test_cases_of_no_policy_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "north.yaml").write_text("", encoding="utf-8")
    (tmp_path / "north.cases.yaml").write_text("", encoding="utf-8")
    (tmp_path / "nroth.cases.yaml").write_text("", encoding="utf-8")
    (problem,) = without_policy([tmp_path])
    assert (problem.rule, Path(problem.span.file).name) == ("cases-without-policy", "nroth.cases.yaml")


def test_a_policy_folder_with_cases_in_it_has_no_policies_more(tmp_path: Path) -> None:
    from duly.language.load import load_all

    (tmp_path / "north.yaml").write_text(STANDARD.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "north.cases.yaml").write_text("not: a policy", encoding="utf-8")
    policies, problems = load_all([tmp_path])
    assert ([policy.id for policy in policies], problems) == (["standard"], ())


def test_the_schema_that_editors_read_is_the_one_that_is_generated() -> None:
    lies_there = (CHECKOUT / "schemas" / "cases.schema.json").read_text(encoding="utf-8")
    assert lies_there == as_text(cases_schema())
    assert json.loads(lies_there)["additionalProperties"] is False
