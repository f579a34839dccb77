"""Every check has a page, every page's first example makes its check speak, and its second makes none speak."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from duly.book.book import Presence
from duly.language.load import load_policy, policies_in
from duly.review.check.catalogue import CATALOGUE, findings
from duly.review.check.looking import Looking
from duly.review.check.page import Page, page, read_page
from duly.source import Problem
from tests.book.facts.building import make_book

DAY = date(2026, 11, 22)
HERE = Path(__file__).parent
BASE = (HERE / "base.yaml").read_text(encoding="utf-8")
ABOVE = "duly: 1\nextends: base.yaml\npolicy: example\n"
WHOLE = make_book(invoices=[])
BOOK = replace(WHOLE, given={**WHOLE.given, "disputes": Presence.ABSENT})
WITH_PAGES = [pytest.param(found, id=check.name) for check in CATALOGUE if (found := page(check.name))]


def said_of(folder: Path, block: str) -> tuple[Problem, ...]:
    """What the catalogue says of the base policy with the block laid over it, for a book that has no disputes."""
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    example = folder / "example.yaml"
    example.write_text(ABOVE + block, encoding="utf-8")
    policy, warnings = load_policy(example)
    assert warnings == ()
    return findings(Looking(policy, DAY, BOOK))


def test_the_base_policy_is_clean() -> None:
    assert findings(Looking(load_policy(HERE / "base.yaml")[0], DAY)) == ()


def test_every_check_has_a_page_and_a_name_of_its_own() -> None:
    names = [check.name for check in CATALOGUE]
    assert [name for name in names if page(name) is None] == []
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("about", WITH_PAGES)
def test_the_first_example_makes_the_check_speak_at_the_right_line(about: Page, tmp_path: Path) -> None:
    said = said_of(tmp_path, about.avoid)
    marked = [ABOVE.count("\n") + n for n, line in enumerate(about.avoid.splitlines(), start=1) if "# <-" in line]
    assert marked != []
    assert {problem.rule for problem in said} == {about.name}
    assert [(Path(problem.span.file).name, problem.span.line) for problem in said] == [
        ("example.yaml", line) for line in marked
    ]
    assert {problem.severity for problem in said} == {about.severity}
    for problem in said:
        assert problem.line
        for text in (problem.message, problem.help):
            assert re.match(r"[a-z`]", text)
            assert not text.endswith(".")


@pytest.mark.parametrize("about", WITH_PAGES)
def test_the_second_example_makes_no_check_speak(about: Page, tmp_path: Path) -> None:
    assert said_of(tmp_path, about.prefer) == ()


@pytest.mark.parametrize("path", policies_in(Path("policies")), ids=lambda path: path.stem)
def test_the_shipped_policies_are_clean(path: Path) -> None:
    assert findings(Looking(load_policy(path)[0], DAY)) == ()


def test_a_page_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no front matter"):
        read_page("bad", "## What\n")
    with pytest.raises(ValueError, match="parts of one"):
        read_page("bad", "---\nseverity: note\nfixable: true\n---\n\n## What\n\nNothing.\n")
    assert page("no-such-problem") is None
    assert page("../page") is None
