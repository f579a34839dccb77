"""`duly check --fix`: what can be put right without anybody's decision, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.language.edits import quoted, without
from duly.language.load import expired_exceptions, load_all, load_policy
from duly.language.policy import Policy
from duly.language.rewrite import write_back
from duly.review.check.catalogue import CATALOGUE, findings
from duly.review.check.looking import Looking
from duly.review.check.page import page, pages
from duly.review.diff.meant import meant
from duly.review.fix import EDITS, fixed
from duly.source import Problem, Span
from duly_cli.main import main
from tests.conftest import NIGHTLY
from tests.review.check.seeded import seeds

BASE = (Path(__file__).parent / "check" / "base.yaml").read_text(encoding="utf-8")
ABOVE = "duly: 1\nextends: base.yaml\npolicy: example\n"
DAY = date(2026, 11, 22)


def home(folder: Path, text: str) -> Path:
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    path = folder / "example.yaml"
    path.write_bytes((ABOVE + text).encode("utf-8"))
    return path


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(main, ["check", *map(str, arguments), "--as-of", DAY.isoformat()])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def fix(*paths: Path) -> list[str]:
    """Fix the files, and name what is gone then; the catalogue, exceptions and loading are looked at."""
    policies, problems = load_all(paths)
    found = [*problems, *(p for policy in policies for p in expired_exceptions(policy, DAY))]
    found += [p for policy in policies for p in findings(Looking(policy, DAY))]
    result = fixed(paths, found, DAY)
    for file in result.files:
        write_back(file)
    return [problem.rule for problem in result.problems]


def loaded(path: Path) -> Policy:
    return load_policy(path)[0]


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8").removeprefix(ABOVE)


POINTS = """\
worklist:
  points:
    # whoever waits longest
    old: {when: {days_past_due: {over: 60}}, add: 20}
"""
EXCEPTION = "{until: 2020-01-31, because: On a plan., agreed_with: sales, pause: true}"
STANDING = "{until: 2027-06-30, because: On a plan., agreed_with: sales, tone_at_most: friendly}"

# What is written, what is left of it, and the name of what was fixed.
FIXED = (
    pytest.param(
        f"exceptions:\n  C-1: {EXCEPTION}   # gone\n  C-2: {STANDING}\n",
        f"exceptions:\n  C-2: {STANDING}\n",
        "expired-exception",
        id="an-exception-that-has-ended",
    ),
    pytest.param(
        f"title: Example\n\nexceptions:\n  C-1: {EXCEPTION}\n",
        "title: Example\n",
        "expired-exception",
        id="what-would-be-left-empty-goes-too",
    ),
    pytest.param(
        f"exceptions:\n  # the first\n  C-2: {STANDING}\n\n  # the second\n  C-1:\n    until: 2020-01-31\n"
        "    because: On a plan.\n    # by word of mouth\n    agreed_with: sales\n    pause: true\n\ntitle: Example\n",
        f"exceptions:\n  # the first\n  C-2: {STANDING}\n\ntitle: Example\n",
        "expired-exception",
        id="with-the-comments-that-are-about-it",
    ),
    pytest.param(
        "exceptions:\n  C-1: {until: 2027-06-30, because: A, agreed_with: sales, tone_at_most: final}\n",
        "",
        "exception-without-effect",
        id="an-exception-that-changes-nothing",
    ),
    pytest.param(
        POINTS + "    never: {when: {days_past_due: {over: 60}, late: false}, add: 5}\n",
        POINTS,
        "points-never-given",
        id="points-that-nobody-gets",
    ),
    pytest.param(
        "worklist:\n  points:\n    old: {when: {days_past_due: {over: 60}, late: true}, add: 20}\n",
        "worklist:\n  points:\n    old: {when: {days_past_due: {over: 60}}, add: 20}\n",
        "inert-condition",
        id="a-condition-that-changes-nothing-in-brackets",
    ),
    pytest.param(
        "worklist:\n  points:\n    old:\n      add: 20\n      when:\n        late: true\n"
        "        days_past_due:\n          over: 60\n",
        "worklist:\n  points:\n    old:\n      add: 20\n      when:\n        days_past_due:\n          over: 60\n",
        "inert-condition",
        id="a-condition-that-changes-nothing-in-a-block",
    ),
    pytest.param("title: no   # why\n", 'title: "no"   # why\n', "quote-it", id="a-word-read-two-ways"),
    pytest.param(
        f"exceptions:\r\n  C-1: {EXCEPTION}\r\n  C-2: {STANDING}\r\n",
        f"exceptions:\r\n  C-2: {STANDING}\r\n",
        "expired-exception",
        id="lines-end-as-they-did",
    ),
)  # fmt: skip


@pytest.mark.parametrize(("before", "after", "rule"), FIXED)
def test_what_can_be_put_right_is_and_nothing_else_moves(tmp_path: Path, before: str, after: str, rule: str) -> None:
    path = home(tmp_path, before)
    assert fix(path) == [rule]
    assert text_of(path) == after


def test_what_is_fixed_stays_as_it_is(tmp_path: Path) -> None:
    path = home(tmp_path, f"title: no\nexceptions:\n  C-1: {EXCEPTION}\n  C-2: {STANDING}\n")
    assert fix(path) == ["quote-it"]
    assert fix(path) == ["expired-exception"]
    text = text_of(path)
    assert fix(path) == []
    assert text_of(path) == text


def test_a_broken_file_beside_it_keeps_nothing_from_being_fixed(tmp_path: Path) -> None:
    path = home(tmp_path, f"exceptions:\n  C-1: {EXCEPTION}\n")
    (tmp_path / "broken.yaml").write_text("duly: 1\n", encoding="utf-8")
    result = run(tmp_path, "--fix")
    assert result.exit_code == 3
    assert text_of(path) == ""


# What is left as it is, though its name is one that can be fixed.
LEFT = (
    pytest.param("segments:\n  others: {when: {country: no}}\n", "quote-it", id="another-thing-would-be-wrong"),
    pytest.param("late: {grace_days: 010}\n", "quote-it", id="a-number-was-meant"),
    pytest.param(
        "pauses:\n  never: {account: {days_past_due: {over: 60}, late: false}}\n"
        "guarantees:\n  asked_first: {never: {pauses: {includes: never}, stage: final_notice}}\n",
        "pause-never-holds",
        id="something-else-names-it",
    ),
    pytest.param(
        "sales:\n  never: {when: {days_past_due: {over: 60}, late: false}, ask: find_out_why,\n"
        "          within: {business_days: 2}, unanswered: {tell: sales_manager}}\n",
        "sales-never-asked",
        id="a-request-of-former-days-may-be-open",
    ),
)


@pytest.mark.parametrize(("text", "rule"), LEFT)
def test_what_needs_a_decision_is_left_and_said(tmp_path: Path, text: str, rule: str) -> None:
    path = home(tmp_path, text)
    assert fix(path) == []
    assert text_of(path) == text
    policies, problems = load_all([path])
    found = (*problems, *(p for policy in policies for p in findings(Looking(policy, DAY))))
    assert rule in {problem.rule for problem in found}


def test_an_edit_that_would_change_a_decision_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that is wrong about a rule costs nobody a rule."""
    text = f"{POINTS}    very_old: {{when: {{days_past_due: {{over: 90}}}}, add: 5}}\n"
    path = home(tmp_path, text)

    def wrong(looking: Looking) -> Iterator[Problem]:
        (span,) = (one.span for one in looking.policy.worklist if one.id == "very_old")
        yield looking.problem("points-never-given", span, "wrong", "wrong")

    lying = tuple(replace(check, find=wrong) if check.name == "points-never-given" else check for check in CATALOGUE)
    monkeypatch.setattr("duly.review.check.catalogue.CATALOGUE", lying)
    result = run(path, "--fix")
    assert "[points-never-given]" in result.output
    assert text_of(path) == text


def test_a_file_that_another_policy_extends_is_fixed_only_where_both_stay_the_same(tmp_path: Path) -> None:
    text = "worklist:\n  points:\n    odd: {when: {days_past_due: {over: 60}, late: false}, add: 5}\n"
    path = home(tmp_path, text)
    upper = tmp_path / "upper.yaml"
    upper.write_text(
        "duly: 1\nextends: example.yaml\npolicy: upper\nworklist:\n  points:\n    odd: {when: {late: true}}\n",
        encoding="utf-8",
    )
    assert fix(path, upper) == []
    assert text_of(path) == text
    assert fix(path) == ["points-never-given"]
    assert text_of(path) == ""


def test_a_file_that_was_not_named_is_not_touched(tmp_path: Path) -> None:
    path = home(tmp_path, "title: Example\n")
    base = tmp_path / "base.yaml"
    odd = BASE + f"exceptions:\n  C-1: {EXCEPTION}\n"
    base.write_text(odd, encoding="utf-8")
    assert "[expired-exception]" in run(path, "--fix").output
    assert base.read_text(encoding="utf-8") == odd


def test_an_exception_that_has_ended_only_by_a_day_to_come_is_kept(tmp_path: Path) -> None:
    path = home(tmp_path, "exceptions:\n  C-1: {until: 2098-12-31, because: A, agreed_with: sales, pause: true}\n")
    before = text_of(path)
    result = CliRunner().invoke(main, ["check", str(path), "--as-of", "2099-01-01", "--fix"])
    assert "[expired-exception]" in result.output
    assert text_of(path) == before


def test_what_was_done_is_shown_as_a_diff(tmp_path: Path) -> None:
    path = home(tmp_path, f"exceptions:\n  C-1: {EXCEPTION}\n  C-2: {STANDING}\n")
    result = run(path, "--fix")
    assert f"-  C-1: {EXCEPTION}\n" in result.output
    assert "\n\nfixed: 1 (expired-exception)\n" in result.output
    assert "[expired-exception]" not in result.output


def test_the_pages_say_what_can_be_fixed() -> None:
    assert {about.name for about in pages() if about.fixable} == set(EDITS)


@pytest.mark.parametrize("rule", sorted({*EDITS} - {"quote-it"}))
def test_a_fixed_policy_is_proved_to_decide_the_same(tmp_path: Path, rule: str) -> None:
    about = page(rule)
    assert about is not None
    path = home(tmp_path, about.avoid)
    before = loaded(path)
    assert rule in fix(path)
    assert meant(replace(before, exceptions=()), replace(loaded(path), exceptions=())).is_equal


# Edits alone.


@pytest.mark.parametrize(
    ("text", "place", "wanted"),
    [
        pytest.param("a: {b: 1, c: 2}\n", (1, 5), ["a: {c: 2}\n"], id="first-in-brackets"),
        pytest.param("a: {b: 1, c: 2}  # d\n", (1, 11), ["a: {b: 1}  # d\n"], id="last-in-brackets"),
        pytest.param("a: [{b: 1}, {c: 2}]\n", (1, 6), ["a: [{c: 2}]\n"], id="an-item-whose-only-entry-it-is"),
        pytest.param("a: {b: {c: 1}}\nd: 2\n", (1, 9), ["d: 2\n"], id="what-would-be-left-empty"),
        pytest.param("a: {b: 1}\n", (1, 5), [], id="nothing-would-be-left"),
        pytest.param("a:\n  - b: 1\n    c: 2\n  - d: 3\n", (4, 5), ["a:\n  - b: 1\n    c: 2\n"], id="item-of-a-list"),
        pytest.param("a:\n- b\nc: 1\n", (1, 1), ["c: 1\n"], id="list-that-is-not-indented"),
        pytest.param(
            "a: {b: {c: 1, d: 2}, e: 3}\n",
            (1, 5),
            ["a: {e: 3}\n", "a: {b: {d: 2}, e: 3}\n", "a: {b: {c: 1}, e: 3}\n"],
            id="then-each-test-in-it",
        ),
        pytest.param("a:\n  - b: 1\n    c: 2\n", (2, 5), ["a:\n  - b: 1\n"], id="beside-a-dash"),
        pytest.param("a: 1\n", (1, 4), [], id="nothing-begins-there"),
    ],
)
def test_an_entry_is_taken_out_of_the_text(text: str, place: tuple[int, int], wanted: list[str]) -> None:
    assert list(without(text, Span("f", *place))) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [pytest.param("a: no  # b", ['a: "no"  # b'], id="word"), pytest.param('a: "o', [], id="what-has-quotes")],
)
def test_a_word_is_put_in_quotes(text: str, wanted: list[str]) -> None:
    assert list(quoted(text, Span("f", 1, 4, 2))) == wanted


@pytest.mark.parametrize("rule", sorted({*EDITS} - {"quote-it", "expired-exception"}))
def test_planted_defects_are_fixed_and_everybody_is_treated_as_before(tmp_path: Path, rule: str) -> None:
    """One of the ten of each kind, all of them by night."""
    standard = Path(__file__).parents[2] / "policies" / "standard.yaml"
    (tmp_path / "standard.yaml").write_text(standard.read_text(encoding="utf-8"), encoding="utf-8")
    path = tmp_path / "planted.yaml"
    of_rule = [seed for seed in seeds() if seed.check == rule]
    for seed in of_rule if NIGHTLY else of_rule[:1]:
        path.write_text(f"duly: 1\nextends: standard.yaml\npolicy: planted\n{seed.text}", encoding="utf-8")
        before = loaded(path)
        assert fix(path) == [rule]
        assert meant(replace(before, exceptions=()), replace(loaded(path), exceptions=())).is_equal
