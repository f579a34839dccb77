"""One day of a team as a process of its own, so that it can be killed: plan, apply, and apply what was put off.

Runs inside the environment `live`, with the day's clock standing at the hours given: a
test may do what no operator can. One that has everything imported forks
the processes (`breed`), so that none has to import anything.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from datetime import UTC, date, datetime, time
from importlib import import_module
from pathlib import Path

from duly.book.read import read_book
from duly.execution import failpoints
from duly.execution.apply import Asked, made_ready
from duly.execution.report import RunReport
from duly.home import Environment, Home
from duly.journal.approvers import read_approvers
from duly.journal.create import open_journal
from duly.journal.history import history_of
from duly.language.load import load_policy
from duly.messages import render
from duly.messages.templates import load_templates
from duly.plan.document import to_json
from duly.plan.make import Background, make_plan
from duly.plan.saved import read_plan
from duly.reports.files import write_atomically
from duly.rules import durable
from duly_cli.clock import standing_clock

HOURS = (14, 17)
"""In UTC: at the first Europe and the east of America can be reached, at the second the west."""


def main(home: Home, day: date) -> None:
    """Plan where there is no plan of the day yet, then carry it out as far as it goes."""
    plan = home.path / f"plan-{day}.json"
    with durable.processes_kept(), render.processes_kept():
        live_through(home, day, plan)


def live_through(home: Home, day: date, plan: Path) -> None:
    if not plan.exists():
        save_plan(home, day, plan)
    for hour in HOURS:
        report = carried_out(home, day, plan, hour)
        said = {came.value: count for came, count in report.counts.items()}
        print(day, hour, said, report.problem or "", file=sys.stderr)
        if not report.left:
            return


def save_plan(home: Home, day: date, out: Path) -> None:
    policy, _ = load_policy(home.path / "policies" / "standard.yaml")
    with contextlib.closing(open_journal(home, Environment.LIVE, read_only=True)) as journal:
        history = history_of(journal)
    background = Background(history, "live", load_templates(home.templates).digest)
    book = read_book(home.path / "book")
    plan = make_plan(policy, book, day, author="credit-author", background=background, looks_ahead=False)
    write_atomically(out, to_json(plan))


def carried_out(home: Home, day: date, plan: Path, hour: int) -> RunReport:
    """Carry the plan out at the hour; resumed where it was begun before."""
    policy, _ = load_policy(home.path / "policies" / "standard.yaml")
    saved = read_plan(plan)
    with contextlib.closing(open_journal(home, Environment.LIVE)) as journal:
        begun = any(True for _ in journal.entries(run=f"{saved.digest[:16]}.1"))
        asked = Asked(
            saved=saved,
            policy=policy,
            templates=load_templates(home.templates),
            approvers=read_approvers(home.approvers),
            home=home,
            environment=Environment.LIVE,
            book=home.path / "book",
            operator="credit-operator",
            clock=standing_clock(datetime.combine(day, time(hour), UTC)),
            stop=lambda: False,
            signed_by_now=datetime.now(UTC),
            resume=begun,
            despite={"harsh-letters-grow": "the customers of the first import reach it together"},
            day=day,
        )
        return made_ready(asked, journal).carry_out()


def breed() -> None:
    """Fork one process for each line of `HOME DAY PLACE`, armed at that place, and say how each ended."""
    import_module("duly.rules.agreement")
    for line in sys.stdin:
        home, day, place = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            os._exit(_lived(Home(Path(home)), date.fromisoformat(day), place))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _lived(home: Home, day: date, place: str) -> int:
    # What is said on the way is no answer to whoever asked for the day.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    failpoints._armed = place
    os.chdir(home.path)
    try:
        main(home, day)
    except BaseException:  # noqa: BLE001 -- the end of a process, whatever ends it
        traceback.print_exc()
        return 1
    return 0
