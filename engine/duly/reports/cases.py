"""What became of a policy's cases, and what of the policy they have not seen: for people, programs and a CI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from duly.language.english import english, subject
from duly.language.policy import Policy
from duly.language.vocabulary import ACCOUNT, INVOICE, Type
from duly.messages.tables import columns
from duly.money import format_minor
from duly.plan.plan import Because
from duly.reports import junit
from duly.reports.explanation import shown
from duly.reports.plan import count
from duly.reports.terminal import printable
from duly.review.cases.coverage import Coverage
from duly.review.cases.questions import Kind, Point
from duly.review.cases.run import Finding, Result
from duly.source import Span


@dataclass(frozen=True, slots=True)
class Tested:
    """One policy and what became of its cases; `file` is where they are, or would be.

    `coverage` is None where it was not asked for.
    """

    policy: Policy
    file: str
    results: tuple[Result, ...]
    has_file: bool = True
    coverage: Coverage | None = None

    @property
    def failed(self) -> tuple[Result, ...]:
        """The cases that are not as expected."""
        return tuple(result for result in self.results if not result.passed)


def as_text(tested: Sequence[Tested], *, threshold: int | None = None) -> str:
    """The results for the terminal: what failed, then a line for each policy."""
    return "\n".join(_lines(tested, threshold)) + "\n"


def _lines(tested: Sequence[Tested], threshold: int | None) -> Iterator[str]:
    for one in tested:
        for result in one.failed:
            yield from _failed(one.policy, result)
            yield ""
    for one in tested:
        yield _summary(one)
    for one in tested:
        if one.coverage is not None and one.has_file:
            yield ""
            yield from _coverage(one.policy, one.coverage, threshold)


def _summary(one: Tested) -> str:
    name = _policy_file(one.policy)
    if not one.has_file:
        unseen = ", so that nothing of it was seen" if one.coverage is not None else ""
        return f"{name}: no cases{unseen}; they would be in {one.file}"
    passed = len(one.results) - len(one.failed)
    if not one.failed:
        return f"{name}: {count(passed, 'case')} passed" if passed else f"{name}: no case was run"
    return f"{name}: {count(len(one.failed), 'case')} failed, {passed} passed"


def _policy_file(policy: Policy) -> str:
    return policy.files[0] if policy.files else policy.id


def _place(span: Span) -> str:
    return f"({span.file}:{span.line})" if span.line else ""


def _failed(policy: Policy, result: Result) -> Iterator[str]:
    yield f"FAILED {result.case.id}  {_place(result.case.span)}"
    if result.case.because:
        yield f"  {printable(result.case.because)}"
    for on, some in groupby(result.findings, key=lambda finding: finding.on):
        findings = tuple(some)
        if on:
            yield f"  on {on}"
        yield from columns(
            (
                f"  {printable(f.about)}",
                f"expected {printable(f.expected)}",
                f"found {printable(f.found)}",
                _place(f.span),
            )
            for f in findings
        )
        for why in dict.fromkeys(why for finding in findings for why in finding.because):
            yield f"    because {_because(policy, why)}"


def _because(policy: Policy, why: Because) -> str:
    """A rule with what it read and where it is written."""
    read = ", ".join(f"{subject(name)} {shown(policy, name, value)}" for name, value in why.values)
    return f"{why.rule}{f': {read}' if read else ''}  {_place(why.span)}".rstrip()


# Coverage.


def _coverage(policy: Policy, coverage: Coverage, threshold: int | None) -> Iterator[str]:
    parts = (f"{seen} of {all_} {kind.value}" for kind in Kind for seen, all_ in [coverage.count(kind)])
    yield f"{_policy_file(policy)}: seen {', '.join(parts)}"
    if threshold is not None and not coverage.reaches(threshold):
        short = [kind.value for kind in Kind if not _is_reached(coverage, kind, threshold)]
        yield f"  less than {threshold} per cent of {' and of '.join(short)}"
    rows = ((f"  {p.span.file}:{p.span.line}", p.rule, point_text(policy, p)) for p in coverage.missing)
    yield from columns(rows)


def _is_reached(coverage: Coverage, kind: Kind, threshold: int) -> bool:
    seen, all_ = coverage.count(kind)
    return seen * 100 >= threshold * all_


def point_text(policy: Policy, point: Point) -> str:
    """What was not seen, in words."""
    leaf, value = point.leaf, point.value
    match point.kind:
        case Kind.RULES:
            return "never acted"
        case Kind.OUTCOMES if leaf is not None:
            said = "was never unknown" if value is None else "never held" if value else "never failed"
            return f"{said}: {english(leaf, policy.currency)}"
        case _ if leaf is not None and value is not None:
            return f"never seen: {subject(leaf.fact)} {_number(policy, leaf.fact, value)}"
        case _:
            return point.what


def _number(policy: Policy, name: str, value: int) -> str:
    fact = ACCOUNT.get(name) or INVOICE.get(name)
    return format_minor(value, policy.currency) if fact is not None and fact.type is Type.MONEY else str(value)


# For programs.


def as_json(tested: Sequence[Tested]) -> dict[str, Any]:
    """The results as a JSON object."""
    return {"policies": [_record(one) for one in tested]}


def _record(one: Tested) -> dict[str, Any]:
    return {
        "policy": one.policy.id,
        "file": _policy_file(one.policy),
        "cases_file": one.file if one.has_file else None,
        "passed": len(one.results) - len(one.failed),
        "failed": len(one.failed),
        "cases": [_result(result) for result in one.results],
        "coverage": None if one.coverage is None else _covered(one.policy, one.coverage),
    }


def _result(result: Result) -> dict[str, Any]:
    case = result.case
    return {
        "case": case.id,
        "file": case.span.file,
        "line": case.span.line,
        "passed": result.passed,
        "findings": [_finding(finding) for finding in result.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "about": finding.about,
        "day": finding.on.isoformat() if finding.on else None,
        "expected": finding.expected,
        "found": finding.found,
        "file": finding.span.file,
        "line": finding.span.line,
        "because": [
            {"rule": why.rule, "file": why.span.file, "line": why.span.line, "said": why.said}
            for why in finding.because
        ],
    }


def _covered(policy: Policy, coverage: Coverage) -> dict[str, Any]:
    return {
        **{kind.value: dict(zip(("seen", "all"), coverage.count(kind), strict=True)) for kind in Kind},
        "missing": [
            {
                "kind": point.kind.value,
                "rule": point.rule,
                "says": point_text(policy, point),
                "file": point.span.file,
                "line": point.span.line,
                "column": point.span.column,
            }
            for point in coverage.missing
        ],
    }


def as_junit(tested: Sequence[Tested]) -> str:
    """The results as JUnit XML, a suite for each policy that has cases."""
    suites = (
        junit.Suite(one.file, tuple(_junit_case(one.policy, result) for result in one.results))
        for one in tested
        if one.has_file
    )
    return junit.as_xml("duly test", suites)


def _junit_case(policy: Policy, result: Result) -> junit.Case:
    failures: tuple[junit.Failure, ...] = ()
    if not result.passed:
        first = result.findings[0]
        message = f"{first.about}: expected {first.expected}, found {first.found}"
        more = f", and {len(result.findings) - 1} more" if len(result.findings) > 1 else ""
        failures = (junit.Failure("not-as-expected", message + more, "\n".join(_failed(policy, result))),)
    remarks = (result.case.because,) if result.case.because else ()
    return junit.Case(result.case.id, failures, remarks, result.case.span.line)
