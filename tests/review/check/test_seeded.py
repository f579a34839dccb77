"""What is planted in the standard policy is found, at its line, with the fewest culprits."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from duly.book.book import Book, Presence
from duly.language.load import load_policy
from duly.review.check.catalogue import CATALOGUE, Check
from duly.review.check.looking import Looking
from tests.book.facts.building import make_book
from tests.review.check.seeded import Seed, seeds

STANDARD = Path("policies/standard.yaml").read_text(encoding="utf-8")
ABOVE = "duly: 1\nextends: standard.yaml\npolicy: planted\n"
SEEDS = tuple(seeds())
WHOLE = make_book(invoices=[])


def lacking(*absent: str) -> Book:
    """A book without these tables, or columns of tables."""
    given, columns = dict(WHOLE.given), dict(WHOLE.columns)
    for name in absent:
        table, _, column = name.partition(".")
        if column:
            columns[table] -= {column}
        else:
            given[table] = Presence.ABSENT
    return replace(WHOLE, given=given, columns=columns)


@pytest.mark.parametrize("check", CATALOGUE, ids=lambda check: check.name)
def test_ten_planted_defects_are_found_where_they_are(check: Check, tmp_path: Path) -> None:
    (tmp_path / "standard.yaml").write_text(STANDARD, encoding="utf-8")
    wrong = []
    for seed in (seed for seed in SEEDS if seed.check == check.name):
        found = planted(seed, tmp_path, check)
        if found:
            wrong.append((seed.text, found))
    assert wrong == [], "\n".join(f"{text}{found}" for text, found in wrong)


def planted(seed: Seed, folder: Path, check: Check) -> str:
    """What is wrong with what is found of a seed."""
    file = folder / "planted.yaml"
    file.write_text(ABOVE + seed.text, encoding="utf-8")
    policy, warnings = load_policy(file)
    book = lacking(*seed.absent) if seed.absent else None
    looking = Looking(policy, seed.as_of, book)
    said = [problem for problem in check.find(looking) if problem.span.file == policy.files[0]]
    marked = [n for n, line in enumerate(policy.lines[policy.files[0]], start=1) if "# <-" in line]
    if warnings or [problem.span.line for problem in said] != marked:
        return f"{warnings} {said} at {marked}"
    (problem,) = said
    missing = [word for word in seed.blamed if word not in problem.message]
    unjust = [word for word in seed.spared if word in problem.message]
    return f"{problem.message}: {missing} {unjust}" if missing or unjust else ""


def test_there_are_ten_seeds_for_every_check() -> None:
    assert Counter(seed.check for seed in SEEDS) == dict.fromkeys((check.name for check in CATALOGUE), 10)
