"""What `duly check` found: the problems, and the parts of each policy; for people, for programs, for a CI."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from duly.journal.approvers import Approvers
from duly.language.policy import Policy
from duly.reports import problems as problem_report
from duly.reports.junit import Case, Failure, Suite, as_xml
from duly.reports.problems import MOST_SHOWN
from duly.reports.terminal import printable
from duly.review.check.page import Page, page
from duly.source import Problem, Severity

ABOUT = frozenset({"duly", "policy", "title", "extends", "because"})
"""Keys that say what the file is and ask for nothing."""


def parts_of(policy: Policy) -> tuple[str, ...]:
    """The parts of the policy, in the order of its file."""
    keys = (path.split("/")[1:] for path in policy.places if path)
    return tuple(path[0] for path in keys if len(path) == 1 and path[0] not in ABOUT)


def as_text(checked: Iterable[Policy], problems: Sequence[Problem], registers: Iterable[Approvers] = ()) -> str:
    """The problems, each policy with its parts, and who may approve."""
    lines = [*_problem_lines(problems)]
    if lines and (checked := tuple(checked)):
        lines.append("")
    for policy in checked:
        lines += _policy_lines(policy)
    for register in registers:
        lines += [printable(register.file), *_approver_lines(register)]
    return "\n".join(lines) or "no policy was found"


def as_json(
    checked: Iterable[Policy], problems: Iterable[Problem], registers: Iterable[Approvers] = ()
) -> dict[str, object]:
    """The same as one record."""
    return {
        "policies": [
            {
                "file": policy.files[0],
                "policy": policy.id,
                "digest": policy.digest,
                "acted_on": list(parts_of(policy)),
            }
            for policy in checked
        ],
        "approvers": [
            {"file": register.file, "people": {one.person: sorted(one.roles) for one in register.people}}
            for register in registers
        ],
        "problems": problem_report.as_records(problems),
    }


LOADS = "loads"
"""The case of JUnit that passes where a policy can be loaded."""


def as_junit(checked: Iterable[Policy], problems: Sequence[Problem], checks: Sequence[str]) -> str:
    """A suite a file, in it a case for every check of `checks` and for every other problem that was found.

    Errors fail, warnings and notes are remarks: what is red here is what makes the command end with a code of its own.
    """
    policies = {policy.files[0] for policy in checked}
    by_file = {file: tuple(found) for file, found in groupby(problems, lambda problem: problem.span.file)}
    suites = []
    for file in sorted({*policies, *by_file}):
        found = by_file.get(file, ())
        rules = dict.fromkeys([*((LOADS, *checks) if file in policies else ()), *(p.rule for p in found)])
        suites.append(Suite(file, tuple(_case(rule, [p for p in found if p.rule == rule]) for rule in rules)))
    return as_xml("duly check", suites)


def _case(rule: str, found: Sequence[Problem]) -> Case:
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    remarks = [problem_report.as_text([problem]) for problem in found if problem.severity is not Severity.ERROR]
    failures = (Failure(rule, problem.message, problem_report.as_text([problem])) for problem in errors)
    return Case(rule, tuple(failures), tuple(remarks), found[0].span.line if found else 0)


def page_lines(shown: Page) -> Iterator[str]:
    """A page for the terminal: `duly check --explain`."""
    yield f"{shown.name}: {shown.severity.value}" + (", `duly check --fix` puts it right" if shown.fixable else "")
    for text in (shown.what, shown.why):
        yield ""
        yield from wrap(" ".join(text.split()), 100)
    for title, example in (("Avoid", shown.avoid), ("Prefer", shown.prefer)):
        yield f"\n{title}:\n"
        yield from (f"  {line}".rstrip() for line in example.rstrip().splitlines())


def _problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """The problems file by file, then how many there are and where to read about them."""
    if not problems:
        return
    for _, found in groupby(problems[:MOST_SHOWN], lambda problem: problem.span.file):
        yield problem_report.as_text(found)
        yield ""
    if len(problems) > MOST_SHOWN:
        yield problem_report.not_shown(len(problems) - MOST_SHOWN)
    yield _counted(problems)


def _counted(problems: Sequence[Problem]) -> str:
    by = Counter(problem.severity for problem in problems)
    counts = ", ".join(_count(by[severity], severity.value) for severity in Severity if by[severity])
    files = {problem.span.file for problem in problems if problem.span.file}
    where = f" in {len(files)} files" if len(files) > 1 else ""
    worst_first = sorted(problems, key=lambda problem: list(Severity).index(problem.severity))
    known = next((problem.rule for problem in worst_first if page(problem.rule)), "")
    hint = f"; `duly check --explain {known}` says more" if known else ""
    fixable = sum(1 for problem in problems if (about := page(problem.rule)) and about.fixable)
    fix = f"; `duly check --fix` may put {fixable} right" if fixable else ""
    return f"{counts}{where}{hint}{fix}"


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}" + ("" if n == 1 else "s")


def _policy_lines(policy: Policy) -> Iterator[str]:
    title = f", {printable(policy.title)}" if policy.title else ""
    yield f"{printable(policy.files[0])}: `{policy.id}`{title}"
    yield f"  acted on: {', '.join(parts_of(policy))}"


def _approver_lines(register: Approvers) -> Iterator[str]:
    for one in register.people:
        days = [f"{word} {day}" for word, day in (("from", one.from_), ("until", one.until)) if day]
        if one.revoked:
            days.append(f"revoked on {one.revoked}")
        yield f"  {one.person}: {', '.join([*sorted(one.roles), *days])}"
