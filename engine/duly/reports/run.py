"""A run as people read it: what is about to be done, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from duly.execution.channels.configured import Channels
from duly.execution.channels.routes import route_of
from duly.execution.report import Came, Ending, Result, RunReport
from duly.home import Environment
from duly.messages.tables import columns
from duly.plan.plan import Action
from duly.reports.plan import count
from duly.reports.terminal import printable

SHOWN = 12
"""Things of a kind that are listed one by one; the journal has all."""

WAY = {True: "leaves", False: "as a file"}

ENDINGS: Mapping[Ending, str] = {
    Ending.DONE: "Done",
    Ending.CANARY: "The first few are done",
    Ending.STOPPED: "Stopped at a safe point",
    Ending.REFUSED: "Refused",
    Ending.JOURNAL_FAILED: "The journal failed; nothing was sent after that",
}


def before(
    actions: Sequence[Action],
    waiting: Mapping[str, str],
    unwritten: Mapping[str, str],
    channels: Channels,
    environment: Environment,
) -> str:
    """What a run is about to do, to agree to."""
    return "\n".join(_before(actions, waiting, unwritten, channels, environment)) + "\n"


def _before(
    actions: Sequence[Action],
    waiting: Mapping[str, str],
    unwritten: Mapping[str, str],
    channels: Channels,
    environment: Environment,
) -> Iterator[str]:
    customers = len({action.customer for action in actions} - {""})
    yield f"In `{environment.value}`: {count(len(actions), 'action')} for {count(customers, 'customer')}"
    ways = Counter(route_of(action).value for action in actions if action.id not in waiting)
    rows = [
        (name.replace("_", " "), f"{count:,}", f"{WAY[channels[name].is_real]} by `{channels[name].name}`")
        for name, count in sorted(ways.items())
        if name in channels
    ]
    yield from columns(rows, right=(1,))
    yield from channels.notes
    for title, those in (("Waiting, and left alone:", waiting), ("Cannot be written, and left alone:", unwritten)):
        if those:
            yield title
            yield from _some(
                [f"  {_named(action)}: {printable(those[action.id])}" for action in actions if action.id in those]
            )


def as_text(report: RunReport) -> str:
    """What came of a run."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: RunReport) -> Iterator[str]:
    yield f"{ENDINGS[report.ending]}: run {report.run}"
    yield from columns([(came.value, f"{count:,}") for came, count in report.counts.items()], right=(1,))
    if report.recovered:
        yield f"A run before was cut short: {count(len(report.recovered), 'action')} of it UNKNOWN since."
    for came, title in (
        (Came.UNKNOWN, "UNKNOWN: settle each by evidence or by decision (duly resolve)"),
        (Came.FAILED, "Failed"),
        (Came.SKIPPED, "Skipped"),
        (Came.DEFERRED, "Put off"),
        (Came.WAITING, "Waiting"),
    ):
        found = [result for result in report.results if result.came is came]
        if found:
            yield f"{title}:"
            yield from _some([_result(result) for result in found])
    left = [result for result in report.left if result.came is Came.LEFT]
    if left:
        yield f"Left: {count(len(left), 'action')}; finish with --resume."
    if report.checkpoint:
        yield "Checkpoint, to keep outside this machine:"
        yield f"  {report.checkpoint}"


def _result(result: Result) -> str:
    until = f", not before {result.not_before}" if result.not_before else ""
    return f"  {_named(result.action)}: {printable(result.explanation or result.reason)} [{result.reason}]{until}"


def _named(action: Action) -> str:
    what = action.channel or action.task or action.kind.value
    return f"{printable(action.customer)} {printable(action.stage)} {what.replace('_', ' ')} ({action.id[:8]})"


def _some(lines: Collection[str]) -> Iterator[str]:
    shown = list(lines)[:SHOWN]
    yield from shown
    if len(lines) > len(shown):
        yield f"  … and {len(lines) - len(shown):,} more (duly log)"
