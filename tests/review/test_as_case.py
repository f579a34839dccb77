"""Who breaks a guarantee becomes a case: it fails as the policy is, and passes once the policy is mended."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.book.sample import write_sample
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.review.cases import run as run_module
from duly.review.cases.case import Case, Customer, Promise
from duly.review.cases.load import cases_beside, read_cases
from duly.review.cases.run import run
from duly.review.prove.as_case import NoCase, case_of
from duly.review.prove.proof import prove
from duly.source import Refused
from duly_cli.main import main

TEXT = Path("policies/standard.yaml").read_text(encoding="utf-8")
EARLY = "days_past_due: {below: 60}}\n    at_most: firm"
FRAGILE = "    when: {relationship: fragile}\n"


def written(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    """The standard policy with some of its words replaced, in a file."""
    text = TEXT
    for before, after in changes:
        assert text.count(before) == 1
        text = text.replace(before, after)
    file = tmp_path / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def duly(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def outcomes(file: Path) -> dict[str, bool]:
    """Each case beside the policy, and whether it passes."""
    policy = load_policy(file)[0]
    return {case.id: run(policy, case).passed for case in cases_beside(policy)}


BROKEN = [
    pytest.param(EARLY, EARLY.replace("60", "59"), ["strategic_never_stern_early"], id="never"),
    pytest.param("      after: {days: 4}\n", "      after: {days: 21}\n", ["nobody_forgotten"], id="always"),
    pytest.param(
        FRAGILE,
        "    when: {language: [de]}\n",
        ["same_for_every_language", "same_for_every_language_other"],
        id="alike",
    ),
]


@pytest.mark.parametrize(("before", "after", "names"), BROKEN)
def test_a_saved_case_fails_until_the_policy_is_mended(
    before: str, after: str, names: list[str], tmp_path: Path
) -> None:
    file = written(tmp_path, (before, after))
    assert duly("prove", file, "--save-case").exit_code == 1
    found = outcomes(file)
    assert list(found) == names
    assert not all(found.values())
    written(tmp_path)
    assert all(outcomes(file).values())


def test_a_saved_case_says_no_more_than_it_must(tmp_path: Path) -> None:
    file = written(tmp_path, (EARLY, EARLY.replace("60", "59")))
    duly("prove", file, "--save-case", "--guarantee", "strategic_never_stern_early")
    (case,) = cases_beside(load_policy(file)[0])
    assert isinstance(case.subject, Customer)
    assert set(case.subject.given) == {"past_due", "annual_sales", "days_past_due", "days_since__second_reminder"}
    assert (case.subject.given["past_due"], case.subject.given["days_past_due"]) == (250_01, 59)
    assert case.expected[0].actions is None


def test_what_stands_in_the_file_stays_and_nothing_is_said_twice(tmp_path: Path) -> None:
    file = written(tmp_path, (EARLY, EARLY.replace("60", "59")))
    cases = file.with_name("policy.cases.yaml")
    before = (
        "# Ours.\nduly_cases: 1\ncases:\n  strategic_never_stern_early:   # another customer\n"
        "    customer: {days_past_due: 5, past_due: 60}\n    expect: {actions: any, stage: courtesy}\n"
    )
    cases.write_text(before, encoding="utf-8")
    first = duly("prove", file, "--save-case")
    text = cases.read_text(encoding="utf-8")
    assert text.startswith(before)
    assert "  strategic_never_stern_early_2:\n" in text
    assert "is a case of" in first.stderr
    again = duly("prove", file, "--save-case")
    assert cases.read_text(encoding="utf-8") == text
    assert "who breaks it is a case already" in again.stderr


def test_a_customer_of_the_book_is_saved_where_one_breaks_it(tmp_path: Path) -> None:
    file = written(tmp_path, ("      after: {days: 4}\n", "      after: {days: 40}\n"))
    write_sample(tmp_path / "book", customers=150)
    told = json.loads(
        duly(
            "prove", file, "--save-case", "--book", tmp_path / "book", "--as-of", "2026-03-31", "--format", "json"
        ).stdout
    )
    broken = told["book"]["broken"]["nobody_forgotten"]
    assert broken["accounts"] > 0
    policy = load_policy(file)[0]
    case = next(case for case in cases_beside(policy) if case.id == "nobody_forgotten")
    assert isinstance(case.subject, Customer)
    assert case.subject.given["past_due"] == broken["shown_on"]["facts"]["past_due"]
    assert not run(policy, case).passed


def test_a_counterexample_that_is_none_any_more_is_no_case(tmp_path: Path) -> None:
    """Whoever is written down is decided again from what is written, so that no case is wrong about its customer."""
    wrong = load_policy(written(tmp_path, (EARLY, EARLY.replace("60", "59"))))[0]
    guarantee = wrong.guarantees[0]
    found = prove(wrong, guarantee).counterexample
    assert found is not None
    mended = load_policy(written(tmp_path))[0]
    with pytest.raises(NoCase, match="cannot say"):
        case_of(mended, guarantee, found, ())


# What a case may expect to be kept.


def one_case(policy: Policy, customer: str, expect: str) -> Case:
    text = f"duly_cases: 1\ncases:\n  one:\n    customer: {customer}\n    expect: {expect}\n"
    return read_cases(text.encode(), "policy.cases.yaml", policy)[0]


STRATEGIC = "{{annual_sales: 1000000, past_due: 300, days_past_due: {days}, executed: {{second_reminder: 14}}}}"


@pytest.mark.parametrize(
    ("days", "is_kept"),
    [pytest.param(58, True, id="the last day of the limit"), pytest.param(59, False, id="the first day without it")],
)
def test_a_guarantee_is_kept_or_broken_by_what_is_decided(
    days: int,
    is_kept: bool,  # noqa: FBT001  (a row of the table)
    tmp_path: Path,
) -> None:
    policy = load_policy(written(tmp_path, (EARLY, EARLY.replace("60", "59"))))[0]
    case = one_case(policy, STRATEGIC.format(days=days), "{keeps: [strategic_never_stern_early], actions: any}")
    assert case.expected[0].keeps == (Promise("strategic_never_stern_early"),)
    result = run(policy, case)
    assert result.passed == is_kept
    assert [f.about for f in result.findings] == ([] if is_kept else ["guarantee strategic_never_stern_early"])


def test_a_runner_that_does_not_look_at_guarantees_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = load_policy(written(tmp_path, (EARLY, EARLY.replace("60", "59"))))[0]
    case = one_case(policy, STRATEGIC.format(days=59), "{keeps: [strategic_never_stern_early], actions: any}")
    assert not run(policy, case).passed
    monkeypatch.setattr(run_module, "_promises", lambda *_: iter(()))
    assert run(policy, case).passed


@pytest.mark.parametrize(
    ("guarantee", "problem"),
    [
        pytest.param("strategic_never_stern_erly", "unknown", id="a name that is none"),
        pytest.param("same_for_every_language", "not-of-one-decision", id="of two customers"),
        pytest.param("two_contacts_a_week_at_most", "not-of-one-decision", id="of runs of days"),
    ],
)
def test_a_guarantee_that_no_one_decision_can_keep_is_refused(guarantee: str, problem: str, tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path))[0]
    with pytest.raises(Refused) as refused:
        one_case(policy, "{days_past_due: 5}", f"{{keeps: [{guarantee}], actions: any}}")
    assert [one.rule.startswith(problem) for one in refused.value.problems] == [True]
