"""A run of days that breaks a promise, told day by day."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from duly.language.policy import Policy
from duly.plan.document import plain
from duly.reports.explanation import shown
from duly.review.prove.over_time.story import Story, Told
from duly.review.prove.search import telling
from duly.review.prove.symbols import columns_of
from duly.rules.decision import Decision, Wait

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

WAITS = {
    Wait.NOT_YET: "`{stage}` is next, and its day has not come",
    Wait.GAP: "`{stage}` is due and waits for the least gap between stages",
    Wait.CAP: "`{stage}` is due, and the contact cap is full",
    Wait.PAUSED: "paused",
    Wait.TOO_SMALL: "less is late than is chased",
    Wait.OUTCOME_UNKNOWN: "nobody knows what became of the last message",
    Wait.LADDER_DONE: "no stage of the ladder is left",
    Wait.NO_LADDER: "it climbs no ladder",
    Wait.NOTHING_TO_CHASE: "nothing is left to chase",
    Wait.NOT_LATE: "nothing is late",
}
"""Why nothing is done on a day."""


def story_lines(policy: Policy, story: Story, title: str = "a run of days that breaks it:") -> Iterator[str]:
    """The story as lines: who it is about, then what happens; days that go alike are told together."""
    yield title
    known = [(n, v) for n, v in telling(story.days[0].facts, columns_of([policy])) if not _is_moved(n)]
    if known:
        width = max(len(name) for name, _ in known)
        for name, value in known:
            yield f"  {name:<{width}}  {shown(policy, name, value)}"
        yield "  every other fact is 0, no, none, unknown or empty"
    for day in story.called_before:
        yield f"  day {day:>3}  people contact the customer"
    groups = groupby(
        (day for day in story.days if not _is_idle(day)), key=lambda day: (_said(policy, day), day.executed)
    )
    for (said, _), group in groups:
        days = list(group)
        yield f"  {_when(days):<31}  {said}"
    if story.again is not None:
        yield f"  and so on for ever, from day {story.again} on"
    elif story.counted:
        yield f"  day {story.days[-1].day:>3} is the {_ordinal(story.counted)} that counts"


def _is_moved(name: str) -> bool:
    """Say whether the lines of the days tell it anyway."""
    return name.startswith(("clock__", "days_since_", "times__")) or name in {"days_past_due", "late"}


def _is_idle(day: Told) -> bool:
    return day.decision is None and not day.counted and not (day.called or day.changed or day.holiday)


def _when(days: list[Told]) -> str:
    first, last = days[0], days[-1]
    if first is last:
        return f"day {first.day:>3} {WEEKDAYS[first.weekday]}{_age(first)}"
    return f"day {first.day:>3} to {last.day}{_age(first, last)}"


def _age(first: Told, last: Told | None = None) -> str:
    ages = dict.fromkeys(str(day.facts["days_past_due"]) for day in (first, last or first) if day.facts)
    return f" ({' to '.join(ages)} late)" if ages else ""


def _said(policy: Policy, day: Told) -> str:
    parts = [f"{name} is {shown(policy, name, value)}" for name, value in day.changed]
    if day.executed:
        parts.append(f"`{day.executed}` is carried out")
    elif day.waits:
        parts.append(f"`{day.waits}` is proposed and not carried out yet")
    elif day.holiday and day.decision is not None:
        parts.append(f"`{day.decision.step}` is due, and the customer has a holiday")
    elif day.decision is not None:
        parts.append(_waits(day.decision))
    elif day.counted and not day.called:
        parts.append("no plan is made")
    if day.called:
        parts.append("people contact the customer")
    return "; ".join(parts)


def _waits(decision: Decision) -> str:
    if decision.wait is None:
        return f"`{decision.step}` is due on a day that is closed for contact"
    if decision.wait is Wait.PAUSED and decision.pauses:
        return f"paused: {', '.join(decision.pauses)}"
    return WAITS[decision.wait].format(stage=decision.next_stage)


def _ordinal(number: int) -> str:
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def story_record(story: Story) -> dict[str, Any]:
    """The story as a JSON object."""
    return {
        "again_from_day": story.again,
        "contacted_by_people_before": list(story.called_before),
        "days": [
            {
                "day": day.day,
                "weekday": WEEKDAYS[day.weekday].lower(),
                "days_past_due": plain(day.facts.get("days_past_due")),
                "counted": day.counted,
                "planned": day.decision is not None,
                "executed": day.executed or None,
                "waits_to_be_executed": day.waits or None,
                "wait": day.decision.wait.value if day.decision is not None and day.decision.wait else None,
                "next_stage": day.decision.next_stage if day.decision is not None else None,
                "changed": {name: plain(value) for name, value in day.changed},
                "contacted_by_people": day.called,
                "holiday": day.holiday,
            }
            for day in story.days
        ],
    }
