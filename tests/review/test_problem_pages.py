"""Every problem of a policy or its cases has a page; its first example shows it, and its second one does not.

The logic checks of the catalogue have tests of their own; here are all the others, those of loading,
of wording, of duties, rewards and approvers. An example is laid over `check/base.yaml`, unless its first line says
which file it is.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import pytest

from duly.assets import asset
from duly.journal.approvers import nobody_to_approve, read_all_approvers
from duly.language.load import expired_exceptions, load_all, load_policy
from duly.language.reward import reward_problems
from duly.language.written_values import THINGS
from duly.messages.check import check_all
from duly.review.cases import expectations
from duly.review.cases.load import read_cases
from duly.review.check.catalogue import CATALOGUE
from duly.review.check.page import Page, page, pages
from duly.source import Problem, Refused, has_errors
from duly.team.contradictions import contradictions
from duly.team.duties import duty_problems
from duly_cli.params import today

HERE = Path(__file__).parent
ENGINE = HERE.parents[1] / "engine" / "duly"
ABOVE = "duly: 1\nextends: base.yaml\npolicy: example\n"

ROOMS = (
    *("language/*.py", "journal/approvers.py", "team/contradictions.py", "team/duties.py"),
    "review/cases/*.py",
    *(f"messages/{name}.py" for name in ("check", "lexicon", "phrases", "sandbox", "templates", "wording")),
)
"""Where `duly check` and `duly test` get their problems from, beside the catalogue."""

SAYING = {"Problem", "problem", "report", "_report", "_stop", "_Said", "Ambiguity", "_placed", "_problem"}
"""Calls that name a problem, by their first argument that looks like a name."""

NO_PROBLEM = {"e-mail"}

NOT_SHOWN_BY_A_FILE = {
    *("cannot-read", "cannot-write", "encoding", "no-policy", "not-a-file", "yaml-size", "does-not-fit"),
    *("missing-phrases", "no-templates", "template-name", "template-not-a-file", "template-too-long"),
    *("cases-without-policy", "cannot-append", "own-amount-missing", "bad-rate"),
    *("too-many-templates", "duty-held-by-two", "duty-without-person", "list-for-nobody", "tells-nobody"),
}
"""Problems of a folder, a device or a book; one small file cannot show them."""

NAME = re.compile(r"[a-z]+(-[a-z]+)*")


def names_in(path: Path) -> Iterator[str]:
    """The names of problems in a module: in calls that say one, and every text with hyphens that looks like one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [(node, ast.unparse(node.func).rpartition(".")[2]) for node in ast.walk(tree) if isinstance(node, ast.Call)]
    while_sending = {
        id(inner) for call, name in calls if name == "Unrenderable" for a in call.args for inner in ast.walk(a)
    }
    for call, name in calls:
        texts = [str(a.value) for a in call.args if isinstance(a, ast.Constant) and NAME.fullmatch(str(a.value))]
        yield from texts[:1] if name in SAYING else ()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in while_sending:
            yield from (node.value,) if "-" in node.value and NAME.fullmatch(node.value) else ()


def names_of(*rooms: str) -> frozenset[str]:
    """Every problem that these rooms can name."""
    return frozenset(name for room in rooms for path in ENGINE.glob(room) for name in names_in(path)) - NO_PROBLEM


STANDARD = load_policy(asset("policies") / "standard.yaml")[0]
THINGS_OF_CASES = {thing for _, thing in expectations._names_of(STANDARD).values()} | {"a guarantee"}
OF_NAMES = {f"unknown-{thing.partition(' ')[2].replace(' ', '-')}" for thing in {*THINGS.values(), *THINGS_OF_CASES}}
ALL = names_of(*ROOMS) | OF_NAMES
OF_WORDING = ALL - names_of(*(room for room in ROOMS if not room.startswith("messages")))


CHECKS = {check.name for check in CATALOGUE}
OTHERS = [about for about in pages() if about.name not in CHECKS]
SHOWN = [pytest.param(about, id=about.name) for about in OTHERS if about.name not in NOT_SHOWN_BY_A_FILE]


def test_every_problem_has_a_page() -> None:
    assert sorted(name for name in ALL if page(name) is None) == []


def test_every_page_is_of_a_problem() -> None:
    assert sorted(about.name for about in OTHERS if about.name not in ALL) == []


def test_a_name_that_is_said_without_a_page_is_found(tmp_path: Path) -> None:
    module = tmp_path / "room.py"
    module.write_text('self.read.report(\n    "new-problem",\n    span,\n)\nrule = {}.get(x, "in-two-steps")\n')
    assert set(names_in(module)) == {"new-problem", "in-two-steps"}


def checked(home: Path, name: str, example: str) -> tuple[bool, tuple[Problem, ...]]:
    """Whether the example is good, and all that is said of it; of wording only where the problem is one."""
    policies = home / "policies"
    policies.mkdir(parents=True)
    shutil.copy(HERE / "check" / "base.yaml", policies)
    first, _, rest = example.partition("\n")
    text = ABOVE
    match first.removeprefix("# "):
        case "the whole file":
            text = rest
        case "a case":
            return of_a_case(rest)
        case "in the text of a template":
            templates(home)
            reminder = home / "templates" / "en" / "email" / "reminder.friendly.md.j2"
            before, part, after = reminder.read_text(encoding="utf-8").partition("[[how_to_pay]]")
            reminder.write_text(f"{before}{rest}\n\n{part}{after}", encoding="utf-8")
        case file if re.fullmatch(r"[a-z_./0-9]+", file) and first.startswith("# "):
            if file.startswith("templates"):
                templates(home)
            if file.endswith("approvers.yaml"):
                text += "holds:\n  credit: {release: {when: {past_due_with_disputed: 0}, approval: [credit_manager]}}\n"
            (home / file).write_text(rest, encoding="utf-8")
        case _:
            text += example
    (policies / "example.yaml").write_text(text, encoding="utf-8")
    loaded, problems = load_all([policies / "example.yaml"])
    registers, wrong = read_all_approvers([policies])
    found = [*problems, *wrong, *nobody_to_approve(loaded, registers)]
    found += check_all(loaded) if name in OF_WORDING else ()
    for policy in loaded:
        found += [*expired_exceptions(policy, today()), *duty_problems(policy), *contradictions(policy)]
        found += reward_problems(policy)
    return bool(loaded) and not has_errors(found), tuple(found)


def of_a_case(example: str) -> tuple[bool, tuple[Problem, ...]]:
    """Whether a case of the standard policy is good, and all that is said of it."""
    text = f"duly_cases: 1\ncases:\n  example:\n{indent(example, '    ')}"
    try:
        read_cases(text.encode("utf-8"), "example.cases.yaml", STANDARD)
    except Refused as refused:
        return False, refused.problems
    return True, ()


def templates(home: Path) -> None:
    """Our own templates, in English alone."""
    for name in ("en", "lexicon.yaml"):
        source = asset("templates") / name
        (home / "templates").mkdir(exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, home / "templates" / name)


@pytest.mark.parametrize("about", SHOWN)
def test_the_first_example_shows_the_problem(about: Page, tmp_path: Path) -> None:
    _, found = checked(tmp_path, about.name, about.avoid)
    said = {problem.rule: problem.severity for problem in found}
    assert about.name in said
    assert said[about.name] is about.severity


@pytest.mark.parametrize("about", SHOWN)
def test_the_second_example_is_without_fault(about: Page, tmp_path: Path) -> None:
    good, found = checked(tmp_path, about.name, about.prefer)
    assert good, found
    assert about.name not in {problem.rule for problem in found}
