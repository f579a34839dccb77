"""What a policy leaves half said of working together, or says against itself; each with one that is whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from duly.assets import asset
from duly.language.load import load_policy
from duly.source import Severity
from duly.team.contradictions import GETS, contradictions, missing_people
from duly.team.people import Person
from duly_cli.main import main
from tests.book import books
from tests.language.policies import write
from tests.team.building import collector, seller, team

HEAD = "duly: 1\npolicy: p\ncurrency: USD\n"
STAGES = """\
tones: [friendly]
ladder:
  stages:
    reminder: {after: {days: 10}, tone: friendly, send: {email: reminder}}
    referral: {after: {days: 60}, action: refer_to_agency}
"""
ASKS = "ask: find_out_why, within: {business_days: 3}"
RULE = f"  find_out: {{when: {{days_past_due: {{at_least: 20}}}}, {ASKS}, unanswered: {{tell: sales_manager}}}}\n"
SILENT = f"  find_out: {{when: {{days_past_due: {{at_least: 20}}}}, {ASKS}}}\n"
DOWN = "  stand_down: {when: {executed_stage: referral}, ask: nothing}\n"
RELEASE = "release: {when: {past_due: 0}}"


def hold(needs: str = "") -> str:
    place = f"place: {{when: {{days_past_due: {{at_least: 50}}}}{needs}}}"
    return f"holds:\n  credit: {{{place}, {RELEASE}}}\n"


def sales(*rules: str) -> str:
    return "sales:\n" + "".join(rules)


DUTIES = "responsible: {pull_in: {accountable: salesperson}}\n"
TONE = "tone_limits: {early: {when: {days_past_due: {below: 20}}, at_most: friendly, agreed_with: %s}}\n"
EXCEPTION = "exceptions: {C1: {until: 2099-12-31, because: agreed, agreed_with: %s, pause: true}}\n"
EXPIRES, ANSWERED = "answered_or_expired", "answered"


@pytest.mark.parametrize(
    ("wrong", "whole", "rule", "marked"),
    [
        pytest.param(
            sales(RULE, DOWN) + hold(),
            sales(RULE, DOWN) + hold(f", needs: {{request: find_out, is: {EXPIRES}}}"),
            "hold-unannounced",
            "  credit:",
            id="a-hold-that-sales-is-not-asked-about",
        ),
        pytest.param(
            sales(RULE, DOWN) + hold(f", needs: {{request: stand_down, is: {EXPIRES}}}"),
            sales(RULE, DOWN) + hold(f", needs: {{request: find_out, is: {EXPIRES}}}"),
            "request-never-made",
            "  credit:",
            id="a-hold-that-waits-for-what-asks-nothing",
        ),
        pytest.param(
            sales(SILENT, DOWN) + hold(f", needs: {{request: find_out, is: {ANSWERED}}}"),
            sales(SILENT, DOWN) + hold(f", needs: {{request: find_out, is: {EXPIRES}}}"),
            "hold-waits-for-ever",
            "  credit:",
            id="a-hold-that-waits-for-ever",
        ),
        pytest.param(
            sales(SILENT, DOWN),
            sales(RULE, DOWN),
            "nobody-steps-in",
            "  find_out:",
            id="a-rule-after-which-nobody-steps-in",
        ),
        pytest.param(
            sales(RULE), sales(RULE, DOWN), "no-stand-down", "    referral:", id="sales-asked-after-a-referral"
        ),
        pytest.param(
            "together: {introduce_collector_to: [others]}\nsegments: {others: {}}\n",
            "together: {introduce_collector_to: [others], pair_by: region}\nsegments: {others: {}}\n",
            "introduced-without-pairs",
            "together:",
            id="introduced-to-a-pair-that-nobody-makes",
        ),
        pytest.param(
            DUTIES + TONE % "credit",
            DUTIES + TONE % "sales",
            "agreed-with-nobody",
            "tone_limits:",
            id="a-limit-agreed-with",
        ),
        pytest.param(
            DUTIES + EXCEPTION % "credit_manager",
            DUTIES + EXCEPTION % "salesperson",
            "agreed-with-nobody",
            "exceptions:",
            id="an-exception-agreed-with",
        ),
        pytest.param(
            DUTIES + TONE % "legal",
            DUTIES + TONE % '"Head of sales"',
            "agreed-with-nobody",
            "tone_limits:",
            id="a-word",
        ),
    ],
)
def test_what_does_not_fit_together_is_named_at_its_line_and_a_whole_policy_is_not(
    tmp_path: Path, wrong: str, whole: str, rule: str, marked: str
) -> None:
    text = HEAD + STAGES + wrong
    policy, _ = load_policy(write(tmp_path, text, "wrong.yaml"))
    found = [problem for problem in contradictions(policy) if problem.rule == rule]
    (problem,) = found
    assert problem.line.startswith(marked)
    assert problem.help
    clean, _ = load_policy(write(tmp_path, HEAD + STAGES + whole, "whole.yaml"))
    assert rule not in {problem.rule for problem in contradictions(clean)}


@pytest.mark.parametrize("name", ["standard", "blended", "ar-owned", "sales-owned"])
def test_the_policies_that_come_with_the_program_are_whole(name: str) -> None:
    policy, _ = load_policy(asset(f"policies/{name}.yaml"))
    assert contradictions(policy) == ()
    everybody = (seller("s"), collector("c"), Person("sm", "sales_manager"), Person("cm", "credit_manager"))
    assert missing_people(policy, team(*everybody)) == ()


def test_a_policy_that_asks_sales_nothing_is_not_told_to(tmp_path: Path) -> None:
    policy, _ = load_policy(write(tmp_path, HEAD + STAGES + hold(), "policy.yaml"))
    assert contradictions(policy) == ()


@pytest.mark.parametrize("rule", ["request-never-made", "introduced-without-pairs"])
def test_what_contradicts_itself_is_an_error_and_what_is_missing_a_warning(tmp_path: Path, rule: str) -> None:
    wrong = {
        "request-never-made": sales(RULE, DOWN) + hold(f", needs: {{request: stand_down, is: {EXPIRES}}}"),
        "introduced-without-pairs": "together: {introduce_collector_to: [others]}\nsegments: {others: {}}\n"
        + sales(SILENT),
    }[rule]
    policy, _ = load_policy(write(tmp_path, HEAD + STAGES + wrong, "policy.yaml"))
    errors = {problem.rule for problem in contradictions(policy) if problem.severity is Severity.ERROR}
    assert errors == {rule}


# With a book.


@pytest.mark.parametrize("role", sorted({role for roles in GETS.values() for role in roles}))
def test_a_list_for_a_role_that_nobody_has_is_named(role: str) -> None:
    policy, _ = load_policy(asset("policies/standard.yaml"))
    everybody = (seller("s"), collector("c"), Person("sm", "sales_manager"), Person("cm", "credit_manager"))
    found = missing_people(policy, team(*(person for person in everybody if person.role != role)))
    assert found
    assert all(f"{role}" in problem.message and problem.span.line for problem in found)
    lists = {problem.message.split("`")[1] for problem in found if problem.rule == "list-for-nobody"}
    asked = {*(policy.together.weekly.send if policy.together.weekly else ()), "shared_scorecard"}
    assert lists == {sent for sent in asked if role in GETS[sent]}
    assert ("tells-nobody" in {problem.rule for problem in found}) is (role == "sales_manager")


def test_the_check_says_it_with_a_book_and_exits_as_before(tmp_path: Path) -> None:
    people = "person,role\nann,salesperson\ncol,collector\ncm,credit_manager\n"
    none = ["payments", "sales", "disputes", "promises", "contacts_made", "credit_lines", "holds"]
    head = f"{books.HEAD}tables: {{{', '.join(f'{table}: none' for table in none)}}}\n"
    assumed = 'assume: {since: "2020-01-01", insolvent: false, do_not_contact: false, relationship: normal}\n'
    book = books.write(tmp_path / "book", head + assumed, people=people)
    policy = str(asset("policies/standard.yaml"))
    plain = CliRunner().invoke(main, ["check", policy])
    with_book = CliRunner().invoke(main, ["check", policy, "--book", str(book)])
    assert (plain.exit_code, with_book.exit_code) == (0, 0)
    assert "list-for-nobody" not in plain.output
    assert "`aged_trial_balance` is for a sales_manager, and the book has none" in with_book.output


def test_the_check_refuses_what_contradicts_itself(tmp_path: Path) -> None:
    text = HEAD + STAGES + "together: {introduce_collector_to: [others]}\nsegments: {others: {}}\n"
    result = CliRunner().invoke(main, ["check", str(write(tmp_path, text, "policy.yaml"))])
    assert "introduced-without-pairs" in result.output
    assert result.exit_code == 3
