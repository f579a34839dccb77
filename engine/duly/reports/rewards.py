"""Rewards for people and for programs: who gets what, a statement to work out again by hand, what to look at.

The statement as CSV has a row for each line and for each step of the sum, with all that
its steps are made of: whoever adds up the lines that count comes to the same figures.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction

from duly.figures.reward_guards import Finding
from duly.figures.reward_lines import Line
from duly.figures.rewards import Rewards, Statement, Step
from duly.messages.pages import Cell, Money, Page
from duly.money import format_minor
from duly.reports.plan import count

DAY = timedelta(days=1)

SUMMARY = (
    "person", "role", "creditor", "share in time, %", "cash in time", "for cash", "commission", "team bonus", "reward",
    "kept back",
)  # fmt: skip

LINE = (
    "what", "customer", "invoice", "part", "day", "due", "in time until", "days past due", "amount", "currency",
    "counts", "kept back by",
)  # fmt: skip


def pages(rewards: Rewards) -> tuple[Page, ...]:
    """A line for each person, role and creditor; then what has to be looked at."""
    return (_summary(rewards), _findings(rewards, rewards.findings))


def summary_pages(rewards: Rewards) -> tuple[Page, ...]:
    """The same lines alone, for a spreadsheet."""
    return (_summary(rewards),)


def statement_pages(rewards: Rewards, person: str) -> tuple[Page, ...]:
    """A person's statements: the lines, the sum step by step, and what has to be looked at."""
    made: list[Page] = []
    about: dict[str, Finding] = {}
    for statement in _of(rewards, person):
        title = f"Reward of {person} as {statement.role.value}, {statement.creditor}, {rewards.period}"
        rows = tuple(_line(line, kept) for line, kept in _lines(rewards, statement))
        names = (("creditor", statement.creditor), ("role", statement.role.value))
        made.append(Page(title, names, LINE, rows))
        steps = tuple(_step(step) for step in statement.steps)
        made.append(Page("The sum", names, ("step", "how", "value"), steps, (), _kept_note(statement, rewards)))
        about |= {f.id: f for f in rewards.findings if f.is_about(statement.role, person)}
    if not made:
        return (Page(f"{person} has no line in {rewards.period}: no reward", (), (), ()),)
    return (*made, _findings(rewards, tuple(about.values())))


def statement_table(rewards: Rewards, person: str) -> tuple[Page, ...]:
    """The statements as one table, for a spreadsheet: rows that are lines, then rows that are steps."""
    columns = ("person", "role", "creditor", "row", *LINE, "how")
    rows: list[tuple[Cell, ...]] = []
    for statement in _of(rewards, person):
        who = (person, statement.role.value, statement.creditor)
        rows += [(*who, "line", *_line(line, kept), "") for line, kept in _lines(rewards, statement)]
        for step in statement.steps:
            value = Money(step.amount, step.currency) if step.amount is not None else step.per_cent
            unit = step.currency if step.amount is not None else "%"
            rows.append((*who, "step", step.name, "", "", *(None,) * 5, value, unit, "", "", step.working))
    return (Page("", (("period", str(rewards.period)),), columns, tuple(rows)),)


def as_json(rewards: Rewards, person: str | None = None) -> Iterator[str]:
    """Everything as JSON, or a person's part: money in minor units, per cents as exact fractions."""
    statements = rewards.statements if person is None else _of(rewards, person)
    yield json.dumps(
        {
            "period": str(rewards.period),
            "first": rewards.period.first.isoformat(),
            "last": rewards.period.last.isoformat(),
            "currency": rewards.currency,
            "statements": [_statement_record(rewards, statement) for statement in statements],
            "findings": [
                _finding_record(rewards, finding)
                for finding in rewards.findings
                if person is None or any(finding.is_about(one.role, person) for one in statements)
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def _of(rewards: Rewards, person: str) -> tuple[Statement, ...]:
    return tuple(one for one in rewards.statements if one.person == person)


def _lines(rewards: Rewards, statement: Statement) -> Iterator[tuple[Line, str]]:
    """The lines of a statement, each with the id of what keeps it back."""
    kept = rewards.keeping_back(statement)
    for line in rewards.lines_of(statement):
        yield line, kept[line].id if line in kept else ""


def _summary(rewards: Rewards) -> Page:
    def money(amount: int) -> Money:
        return Money(amount, rewards.currency)

    rows = tuple(
        (
            one.person,
            one.role.value,
            one.creditor,
            one.share,
            *map(money, (one.cash_in_time, one.for_cash, one.commission, one.bonus, one.reward, one.kept_back)),
        )
        for one in rewards.statements
    )
    notes = ["Nothing is paid by this. `--person` shows each line and step."]
    if not rewards.period.is_whole:
        notes.insert(0, f"{rewards.period} is a part of {rewards.period.quarter}.")
    return Page(f"Rewards {rewards.period}, in {rewards.currency}", (), SUMMARY, rows, (), tuple(notes))


def _kept_note(statement: Statement, rewards: Rewards) -> tuple[str, ...]:
    if not statement.kept_back:
        return ()
    return (f"Kept back until somebody has looked: {format_minor(statement.kept_back, rewards.currency)}.",)


def _line(line: Line, kept: str) -> tuple[Cell, ...]:
    counts = "kept back" if kept and line.counts else "yes" if line.counts else "no"
    until = line.late_from - DAY if line.late_from else None
    return (
        *(line.sort.value, line.customer, line.invoice, line.part, line.day, line.due, until, line.days),
        *(Money(line.amount, line.currency), line.currency, counts, kept),
    )


def _step(step: Step) -> tuple[Cell, ...]:
    return (step.name, step.working, step.per_cent if step.amount is None else Money(step.amount, step.currency))


def _findings(rewards: Rewards, findings: Sequence[Finding]) -> Page:
    if not findings:
        return Page("To be looked at: nothing", (), (), ())
    lines: list[str] = []
    for finding in findings:
        seen = " (looked at: counts)" if finding.id in rewards.looked_at else ""
        who = " and ".join(name for name in (finding.salesperson, finding.collector) if name) or "nobody"
        about = f"{finding.customer}, " if finding.customer else ""
        lines += ["", f"{finding.id}{seen}", f"  {finding.guard.value}: {about}{finding.creditor}, of {who}"]
        lines += [f"    {row}" for row in finding.rows]
        roles = " and ".join(role.value for role in finding.roles)
        what = f"keeps back {count(len(finding.keeps_back), 'line')} of the {roles}" if finding.keeps_back else ""
        adds = "counts as not settled in time" if finding.adds else ""
        lines.append(f"    {', '.join(filter(None, (what, adds))) or 'no money of the period waits for it'}")
    lines += ["", "A finding is no verdict. `--looked-at ID` counts its lines again."]
    return Page(f"To be looked at: {len(findings)}", (), (), (), (), tuple(lines))


def _statement_record(rewards: Rewards, statement: Statement) -> dict[str, object]:
    return {
        "person": statement.person,
        "role": statement.role.value,
        "creditor": statement.creditor,
        "share": _fraction(statement.share),
        "cash_in_time": statement.cash_in_time,
        "for_cash": statement.for_cash,
        "commission": statement.commission,
        "bonus": statement.bonus,
        "reward": statement.reward,
        "kept_back": statement.kept_back,
        "steps": [
            {"name": s.name, "working": s.working, "amount": s.amount, "per_cent": _fraction(s.per_cent)}
            for s in statement.steps
        ],
        "lines": [_line_record(line, kept) for line, kept in _lines(rewards, statement)],
    }


def _line_record(line: Line, kept: str) -> dict[str, object]:
    return {
        "what": line.sort.value,
        "customer": line.customer,
        "invoice": line.invoice,
        "part": line.part,
        "day": line.day.isoformat() if line.day else None,
        "due": line.due.isoformat() if line.due else None,
        "late_from": line.late_from.isoformat() if line.late_from else None,
        "days": line.days,
        "bucket": line.bucket,
        "amount": line.amount,
        "currency": line.currency,
        "counts": line.counts and not kept,
        "kept_back_by": kept,
    }


def _finding_record(rewards: Rewards, finding: Finding) -> dict[str, object]:
    return {
        "id": finding.id,
        "guard": finding.guard.value,
        "creditor": finding.creditor,
        "customer": finding.customer,
        "salesperson": finding.salesperson,
        "collector": finding.collector,
        "roles": [role.value for role in finding.roles],
        "rows": list(finding.rows),
        "lines_kept_back": len(finding.keeps_back),
        "lines_added": len(finding.adds),
        "looked_at": finding.id in rewards.looked_at,
    }


def _fraction(value: Fraction | None) -> dict[str, int] | None:
    return None if value is None else {"numerator": value.numerator, "denominator": value.denominator}
