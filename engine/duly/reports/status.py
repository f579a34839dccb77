"""What is going on in an environment, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from duly.execution.carried import Carried
from duly.execution.situation import LastRun, Situation
from duly.journal.entry import Entry
from duly.messages.tables import columns
from duly.plan.document import action_record
from duly.reports.happened import deed, sentence
from duly.reports.plan import count
from duly.reports.terminal import printable

SHOWN = 8
"""Actions listed one by one of each sort, unless everything is asked for."""


def as_text(now: Situation, checkpoint: str = "", *, all_: bool = False) -> str:
    """The state of affairs for the terminal; `checkpoint` is the last one, as one line."""
    return "\n".join(_lines(now, checkpoint, all_=all_)) + "\n"


def _lines(now: Situation, checkpoint: str, *, all_: bool) -> Iterator[str]:
    yield f"journal {now.head.journal} ({now.environment}), {now.head.seq:,} entries"
    yield printable(now.active) if now.active else "no run is active"
    if now.last is not None:
        yield f"last entry: {_moment(now.last)} {sentence(now.last)}"
    yield _run(now.last_run)
    if checkpoint:
        yield f"last checkpoint: {checkpoint}"
    for title, help_, actions in _sorts(now):
        if actions:
            yield ""
            yield f"{title}: {count(len(actions), 'action')}"
            shown = actions if all_ else actions[:SHOWN]
            yield from columns(_row(action) for action in shown)
            if len(actions) > len(shown):
                yield f"  … and {len(actions) - len(shown):,} more (--all shows everything)"
            yield f"  = {help_}"
    if now.waiting:
        yield ""
        yield f"Left waiting for an approval by the last run: {count(len(now.waiting), 'action')}"
        yield from (f"  {printable(key[:16])}" for key in (now.waiting if all_ else now.waiting[:SHOWN]))
        yield "  = `duly show PLAN` says for whom; once approved, `duly apply PLAN --resume` carries them out"
    if not now.waiting and not any(actions for _, _, actions in _sorts(now)):
        yield ""
        yield "Nothing waits."


def _sorts(now: Situation) -> Sequence[tuple[str, str, tuple[Carried, ...]]]:
    env = now.environment
    return (
        ("UNKNOWN, nobody knows whether it arrived", f"settle each: `duly resolve --env {env}`", now.unsettled),
        (
            "Hand-over without an outcome",
            "under way now" if now.active else f"a run was cut off: `duly resolve --env {env}` makes it UNKNOWN",
            now.cut_off,
        ),
        ("Put off", "the next apply after that moment tries again", now.deferred),
        ("Letters to be posted", f"`duly record posted ACTION --env {env}` once they are in the post", now.letters),
        ("Refused for good in the last run", "`duly why ACTION` tells why; put it right and plan again", now.failed),
        ("Begun and not handed over", "nothing has left; the next apply begins again", () if now.active else now.begun),
    )


def _run(run: LastRun | None) -> str:
    if run is None:
        return "last run: none yet"
    began = f"last run: {printable(run.started.run)}, begun {_moment(run.started)} by {printable(run.started.by)}"
    return f"{began}, ended {_moment(run.ended)}" if run.ended else f"{began}, not ended"


def _row(action: Carried) -> tuple[str, ...]:
    body = action.intent.body
    until = action.last.body.get("not_before")
    return (
        f"  {action.key[:16]}",
        printable(action.customer),
        deed(body.get("action")),
        f"since {_moment(action.last)}",
        f"not before {printable(until)}" if isinstance(until, str) and until else "",
    )


def _moment(entry: Entry) -> str:
    return f"{entry.at[:10]} {entry.at[11:19]}Z"


def as_json(now: Situation, checkpoint: str = "") -> str:
    """The state of affairs as one JSON object."""
    return json.dumps(as_record(now, checkpoint), ensure_ascii=False, indent=2) + "\n"


def as_record(now: Situation, checkpoint: str = "") -> dict[str, Any]:
    """Everything that is going on, as plain JSON; nothing personal is in it."""
    run = now.last_run
    return {
        "environment": now.environment,
        "journal": now.head.journal,
        "entries": now.head.seq,
        "head": now.head.hash,
        "active": now.active or None,
        "last_entry": now.last.record() if now.last else None,
        "last_run": None
        if run is None
        else {
            "run": run.started.run,
            "by": run.started.by,
            "begun": run.started.at,
            "ended": run.ended.at if run.ended else None,
        },
        "checkpoint": json.loads(checkpoint) if checkpoint else None,
        "unknown": _actions(now.unsettled),
        "without_outcome": _actions(now.cut_off),
        "deferred": _actions(now.deferred),
        "letters_to_post": _actions(now.letters),
        "failed": _actions(now.failed),
        "begun": _actions(now.begun),
        "waiting_for_approval": list(now.waiting),
    }


def _actions(actions: Iterable[Carried]) -> list[dict[str, Any]]:
    return [
        {
            "action": action_record(action.action),
            "stands": action.event.value,
            "since": action.last.at,
            "not_before": action.last.body.get("not_before"),
            "reference": action.text("reference"),
            "channel": action.text("channel"),
        }
        for action in actions
    ]
