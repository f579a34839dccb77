"""What a policy can reach has its wording, whole and fit for its tone; what is missing is named with its place."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from duly.language.load import load_policy
from duly.language.policy import AdviseBefore, Policy
from duly.messages.check import check_templates, check_wording, needs_of, tones_of
from duly.messages.lexicon import found
from duly.messages.templates import load_templates
from duly.source import Problem, Severity
from duly_cli.check import command
from tests.language.policies import STANDARD
from tests.messages.matters import TEMPLATES

SHIPPED = Path(__file__).parents[2] / "templates"

POLICY = """\
duly: 1
policy: small
currency: GBP
tones: [friendly, firm, final]
ladder:
  stages:
    reminder: {after: {days: 5}, tone: friendly, send: {email: reminder}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return tmp_path / "templates"


def policy_of(folder: Path, text: str = POLICY) -> Policy:
    path = folder.parent / "policy.yaml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)[0]


def found_in(folder: Path, text: str = POLICY, languages: tuple[str, ...] = ()) -> list[Problem]:
    templates = load_templates(folder)
    return [*check_wording(templates), *check_templates(templates, policy_of(folder, text), languages)]


def rules(folder: Path, text: str = POLICY) -> list[str]:
    return [problem.rule for problem in found_in(folder, text)]


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_shipped_templates_serve_the_standard_policy() -> None:
    policy, _ = load_policy(STANDARD)
    templates = load_templates(SHIPPED)
    assert templates.languages == ("de", "en", "fr")
    assert [p.message for p in check_templates(templates, policy)] == []


def test_a_small_policy_is_served(folder: Path) -> None:
    assert rules(folder) == []


# What can be reached.


@pytest.mark.parametrize(
    ("limits", "tones"),
    [
        pytest.param("", ["final"], id="no-limit"),
        pytest.param("tone_limits: {a: {at_most: firm}}", ["firm", "final"], id="one-limit"),
        pytest.param(
            "tone_limits: {a: {at_most: firm}, b: {at_most: friendly}}", ["friendly", "firm", "final"], id="two-limits"
        ),
        pytest.param("tone_limits: {a: {at_most: final}}", ["final"], id="limit-at-its-own-tone"),
        pytest.param(
            'exceptions: {C1: {until: 2030-01-01, because: "x", agreed_with: sales, tone_at_most: friendly}}',
            ["friendly", "final"],
            id="exception",
        ),
    ],
)
def test_a_stage_speaks_in_its_tone_and_every_milder_one_that_something_names(
    folder: Path, limits: str, tones: list[str]
) -> None:
    limits = re.sub(r"(\w+): \{at_most", r"\1: {when: {past_due: {over: 1}}, agreed_with: sales, at_most", limits)
    policy = policy_of(folder, POLICY.replace("tone: friendly", "tone: final") + limits + "\n")
    assert list(tones_of(policy, policy.ladders[0].stages[0])) == tones


def test_the_standard_policy_can_reach_what_credit_and_sales_expect() -> None:
    policy, _ = load_policy(STANDARD)
    reached = {(need.name, need.tone, need.channel) for need in needs_of(policy)}
    assert ("final_notice", "final", "letter") in reached
    assert ("final_notice", "friendly", "letter") in reached
    assert ("demand", "friendly", "email") in reached
    assert ("courtesy", "courteous", "letter") in reached
    assert ("find_out_why", "any", "brief") in reached
    assert not [need for need in reached if need[:2] in {("courtesy", "friendly"), ("reminder", "firm")}]
    assert not [need for need in reached if need[0] == "nothing"]


# What is missing.


@pytest.mark.parametrize(
    ("old", "new", "file"),
    [
        pytest.param("tone: friendly", "tone: firm", "en/email/reminder.firm.md.j2", id="tone"),
        pytest.param("{email: reminder}", "{letter: reminder}", "en/letter/reminder.friendly.md.j2", id="channel"),
        pytest.param("{email: reminder}", "{email: other}", "en/email/other.friendly.md.j2", id="name"),
        pytest.param(
            "{email: reminder}",
            "{email: reminder, without_email: {letter: reminder}}",
            "en/letter/reminder.friendly.md.j2",
            id="without-email",
        ),
    ],
)
def test_a_template_that_can_be_reached_and_is_not_there_is_an_error_at_its_line(
    folder: Path, old: str, new: str, file: str
) -> None:
    (problem,) = found_in(folder, POLICY.replace(old, new))
    assert (problem.rule, problem.severity, problem.span.line) == ("missing-template", Severity.ERROR, 7)
    assert problem.help == f"write `templates/{file}`"
    assert problem.line.strip().startswith("reminder:")


def test_every_language_that_is_there_has_it_all(folder: Path) -> None:
    (folder / "de").mkdir()
    shutil.copy(folder / "en/phrases.yaml", folder / "de/phrases.yaml")
    assert [p.help for p in found_in(folder)] == ["write `templates/de/email/reminder.friendly.md.j2`"]


def test_a_language_that_is_asked_for_is_looked_for(folder: Path) -> None:
    assert [p.message for p in found_in(folder, languages=("fr",))] == [
        "`reminder` has no template for `email` in the tone `friendly` in `fr`"
    ]


def test_a_stage_that_can_follow_has_its_phrase(folder: Path) -> None:
    more = POLICY + "    loud: {after: {days: 30}, tone: friendly, send: {email: reminder}}\n"
    (problem,) = found_in(folder, more)
    assert problem.message == "`next_step` has no phrase for `loud`, which can follow"
    assert problem.span.file.endswith("en/phrases.yaml")


def test_a_brief_that_sales_can_be_asked_for_is_there(folder: Path) -> None:
    ask = "sales: {{a: {{when: {{past_due: {{over: 1}}}}, ask: {ask}}}}}\n"
    within = ", within: {business_days: 2}"
    assert rules(folder, POLICY + ask.format(ask=f"find_out_why{within}")) == []
    assert rules(folder, POLICY + ask.format(ask=f"introduce{within}")) == ["missing-template"]
    assert rules(folder, POLICY + ask.format(ask="nothing")) == []


# What a message must have.


@pytest.mark.parametrize("part", ["invoices", "how_to_pay", "people", "next_step"])
def test_a_message_has_every_part_that_its_tone_asks_for(folder: Path, part: str) -> None:
    firm = folder / "en/email/reminder.firm.md.j2"
    shutil.copy(folder / "en/email/reminder.friendly.md.j2", firm)
    edit(firm, f"[[{part}]]", "")
    (problem,) = found_in(folder, POLICY.replace("tone: friendly", "tone: firm"))
    assert (problem.rule, problem.message) == ("missing-part", f"the message has no `[[{part}]]`")


def test_a_message_says_by_when_unless_it_is_of_the_mildest_tone(folder: Path) -> None:
    mild, firm = folder / "en/email/reminder.friendly.md.j2", folder / "en/email/reminder.firm.md.j2"
    text = re.sub(r"\*\*\{\{ pay_by \| day \}\}\*\*", "soon", mild.read_text(encoding="utf-8"))
    for path in (mild, firm):
        path.write_text(text, encoding="utf-8")
    assert rules(folder) == []
    assert rules(folder, POLICY.replace("tone: friendly", "tone: firm")) == ["missing-date"]


# The lexicon.


def test_a_threat_below_its_tone_is_found_with_word_and_place(folder: Path) -> None:
    path = folder / "en/email/reminder.friendly.md.j2"
    edit(path, "If you have paid", "We will take\nLegal  Action. If you have paid")
    (problem,) = found_in(folder)
    lines = path.read_text(encoding="utf-8").split("\n")
    assert problem.rule == "lexicon"
    assert problem.message == "`Legal Action` may not be said in the tone `friendly`"
    assert problem.help == "A threat below the final notice costs the relationship and collects nothing."
    line = lines[problem.span.line - 1]
    assert line[problem.span.column - 1 :].startswith("Legal  Action")


@pytest.mark.parametrize(
    ("tone", "words", "allowed"),
    [
        pytest.param("firm", "legal action", False, id="threat-below-final"),
        pytest.param("final", "legal action", True, id="threat-at-final"),
        pytest.param("final", "you have ignored", False, id="blame-at-final"),
        pytest.param("firm", "courtesy", True, id="a-word-inside-another"),
        pytest.param("firm", "collection agencies", False, id="any-ending"),
    ],
)
def test_words_are_held_to_the_tone(folder: Path, tone: str, words: str, allowed: bool) -> None:  # noqa: FBT001
    path = folder / f"en/email/reminder.{tone}.md.j2"
    shutil.copy(folder / "en/email/reminder.friendly.md.j2", path)
    edit(path, "If you have paid", f"Here stands {words}. If you have paid")
    assert rules(folder, POLICY.replace("tone: friendly", f"tone: {tone}")) == ([] if allowed else ["lexicon"])


def test_words_of_what_follows_are_held_to_the_tone_of_the_message(folder: Path) -> None:
    more = POLICY + "    referral: {after: {days: 30}, action: refer_to_agency, approval: [credit_manager]}\n"
    problems = found_in(folder, more)
    assert [p.message for p in problems] == ["`collection agency` may not be said in the tone `friendly`"]
    assert problems[0].span.file.endswith("en/phrases.yaml")
    edit(
        folder / "en/phrases.yaml",
        "the account goes to a collection agency",
        "{% if tone == 'final' %}the account goes to a collection agency{% else %}we will call you{% endif %}",
    )
    assert rules(folder, more) == []


def test_a_branch_that_is_never_taken_in_a_tone_is_not_held_against_it(folder: Path) -> None:
    path = folder / "en/email/reminder.friendly.md.j2"
    edit(path, "[[closing]]", '{% if tone == "final" %}court{% endif %}\n\n[[closing]]')
    assert rules(folder) == []
    edit(path, '{% if tone == "final" %}', "{% if contact_name %}")
    assert rules(folder) == ["lexicon"]


@pytest.mark.parametrize(
    ("text", "word", "times"),
    [
        pytest.param("a Court, the court", "court", 2, id="upper-and-lower-case"),
        pytest.param("legal\n  action", "legal action", 1, id="across-a-line"),
        pytest.param("courtesy", "court", 0, id="whole-words"),
        pytest.param("you’ve ignored", "you've ignored", 1, id="either-apostrophe"),
        pytest.param("mahnverfahren", "mahn*", 1, id="ending"),
        pytest.param("abmahnen", "mahn*", 0, id="beginning"),
        pytest.param("fällig", "fällig", 1, id="letters-beyond-ascii"),
    ],
)
def test_words_are_found_whole(text: str, word: str, times: int) -> None:
    assert len(list(found(text, word))) == times


# The command.


def test_the_command_looks_at_the_templates_beside_the_policies(folder: Path) -> None:
    home = folder.parent
    (home / "policies").mkdir()
    policy = home / "policies/policy.yaml"
    policy.write_text(POLICY, encoding="utf-8")
    assert CliRunner().invoke(command, [str(policy)]).exit_code == 0
    edit(folder / "en/email/reminder.friendly.md.j2", "{{ total }}", "{{ totl }}")
    refused = CliRunner().invoke(command, [str(policy)])
    assert refused.exit_code == 3
    assert "did you mean `total`?" in refused.output


def test_the_command_looks_at_the_shipped_templates_where_there_are_none(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        POLICY.replace("[friendly, firm, final]", "[friendly, odd]").replace("tone: friendly", "tone: odd")
    )
    result = CliRunner().invoke(command, [str(policy)])
    assert result.exit_code == 3
    assert "write `templates/en/email/reminder.odd.md.j2`" in result.output


@pytest.mark.parametrize(
    ("together", "file"),
    [
        pytest.param({"tell_customer_of": ("hold",)}, "en/notice/hold.any.md.j2", id="what-the-customer-is-told-of"),
        pytest.param({"advise_before": AdviseBefore(order_days=10)}, "en/brief/advice.any.md.j2", id="advice-to-sales"),
    ],
)
def test_what_sales_and_credit_do_together_needs_its_wording(folder: Path, together: dict[str, Any], file: str) -> None:
    policy = policy_of(folder)
    policy = replace(policy, together=replace(policy.together, **together))
    (problem,) = check_templates(load_templates(folder), policy)
    assert (problem.rule, problem.severity) == ("missing-template", Severity.ERROR)
    assert file in problem.help
