"""What `duly check` found: the problems, and what each policy's parts do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from duly.journal.approvers import Approvers
from duly.language.acted_on import Parts
from duly.language.policy import Policy
from duly.reports import problems as problem_report
from duly.reports.terminal import printable
from duly.source import Problem

Checked = tuple[Policy, Parts]
"""A policy that was loaded, and its parts."""


def as_text(checked: Iterable[Checked], problems: Sequence[Problem], registers: Iterable[Approvers] = ()) -> str:
    """The problems, each policy with the parts that are acted on and those that are not yet, and who may approve."""
    lines = [problem_report.as_text(problems)] if problems else []
    for policy, parts in checked:
        lines += _policy_lines(policy, parts)
    for register in registers:
        lines += [printable(register.file), *_approver_lines(register)]
    return "\n".join(lines) or "no policy was found"


def as_json(
    checked: Iterable[Checked], problems: Iterable[Problem], registers: Iterable[Approvers] = ()
) -> dict[str, object]:
    """The same as one record."""
    return {
        "policies": [
            {
                "file": policy.files[0],
                "policy": policy.id,
                "digest": policy.digest,
                "acted_on": list(parts.acted_on),
                "not_acted_on_yet": list(parts.not_yet),
            }
            for policy, parts in checked
        ],
        "approvers": [
            {"file": register.file, "people": {one.person: sorted(one.roles) for one in register.people}}
            for register in registers
        ],
        "problems": problem_report.as_records(problems),
    }


def _policy_lines(policy: Policy, parts: Parts) -> Iterator[str]:
    title = f", {printable(policy.title)}" if policy.title else ""
    yield f"{printable(policy.files[0])}: `{policy.id}`{title}"
    yield f"  acted on: {', '.join(parts.acted_on)}"
    if parts.not_yet:
        yield f"  checked, not acted on yet: {', '.join(parts.not_yet)}"


def _approver_lines(register: Approvers) -> Iterator[str]:
    for one in register.people:
        days = [f"{word} {day}" for word, day in (("from", one.from_), ("until", one.until)) if day]
        if one.revoked:
            days.append(f"revoked on {one.revoked}")
        yield f"  {one.person}: {', '.join([*sorted(one.roles), *days])}"
