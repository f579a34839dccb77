"""A saved plan and everything it needs to be carried out, from the file to the report.

What is to be done is made ready first, shown and agreed to, and only then carried
out; in between nothing is written. The run itself is `execution.run`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from duly.book.book import Book
from duly.dates import add_business_days
from duly.execution.admission import Now, admit, planned_at
from duly.execution.channels.configured import Channels, load_channels
from duly.execution.channels.rows import RowsChannel
from duly.execution.contacts_left import Cap, contacts_in
from duly.execution.deeds import Written, deeds_of
from duly.execution.fresh import FreshCheck, Order
from duly.execution.ports import Clock
from duly.execution.report import Result, RunReport
from duly.execution.run import carry_out, may_begin, runs_of
from duly.execution.world import RunOrder, World
from duly.home import Environment, Home
from duly.journal import checkpoints
from duly.journal.approvals import rulings_on
from duly.journal.approvers import Approvers, same_person
from duly.journal.history import OF_A_REQUEST, history_of
from duly.journal.states import OVER
from duly.journal.store import Store
from duly.language.policy import Policy
from duly.messages.templates import Templates
from duly.plan.approvals import Approved, Rejected, Waiting, approvals_of
from duly.plan.claims import Circumstances
from duly.plan.make import versions
from duly.plan.overdue import ANSWER_OVERDUE
from duly.plan.plan import Action, Kind
from duly.plan.saved import SavedPlan


@dataclass(frozen=True, slots=True)
class Asked:
    """What the operator asked for.

    `day` fixes the day that is decided for, which only a rehearsal does; `signed_by_now`
    is the real moment all the same, by which approvals are good or have expired. `stop`
    says whether the run is to end at the next safe point. `despite` has the stops that
    the operator goes on despite (`plan.stops.BY_FIGURES` alone), each with the reason.
    """

    saved: SavedPlan
    policy: Policy
    templates: Templates
    approvers: Approvers
    home: Home
    environment: Environment
    book: Path
    operator: str
    clock: Clock
    stop: Callable[[], bool]
    signed_by_now: datetime
    canary: int | None = None
    resume: bool = False
    day: date | None = None
    despite: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything that a run of the plan needs, and what it will not touch.

    `waiting` has the keys that wait for somebody, each with what for; `unwritten` the
    keys whose message could not be written, each with why.
    """

    asked: Asked
    order: RunOrder
    journal: Store
    channels: Channels
    check: FreshCheck
    waiting: Mapping[str, str]

    @property
    def actions(self) -> tuple[Action, ...]:
        """The plan's actions, in its order."""
        return self.asked.saved.plan.actions

    @property
    def unwritten(self) -> Mapping[str, str]:
        """Messages that could not be written, by key, and why."""
        return self.check.unwritten

    def carry_out(self, on_result: Callable[[Result], None] = lambda _: None) -> RunReport:
        """Carry the plan out; see `execution.run.carry_out` for what it raises."""
        asked = self.asked
        since = asked.saved.plan.as_of - timedelta(days=self.order.cap.in_days if self.order.cap else 0)
        known = contacts_in(self.journal, since)

        def contacts(name: str) -> Iterable[date]:
            yield from known.get(name, ())
            yield from self.check.contact_days(name)

        folder = asked.home.journal(asked.environment)
        world = World(
            journal=self.journal,
            channels=self.channels,
            check=self.check,
            clock=asked.clock,
            stop=asked.stop,
            contacts=contacts,
            checkpoint=lambda: str(checkpoints.sign(folder, self.journal)),
            on_result=on_result,
        )
        try:
            return carry_out(self.order, self.actions, world)
        finally:
            for channel in self.channels.each:
                channel.close()


def made_ready(asked: Asked, journal: Store) -> Ready:
    """The plan made ready: admitted, held against the journal, every message written and looked at.

    Raises `Refused` (3, 4, 5) or `JournalFailed`; nothing has been done or written then.
    """
    plan, policy = asked.saved.plan, asked.policy
    channels = load_channels(asked.home, asked.environment)
    now = asked.clock.now()
    today = asked.day or now.astimezone().date()
    admit(plan, Now(policy, asked.templates.digest, versions(), asked.environment, today, frozenset(asked.despite)))
    known = planned_at(plan, journal)
    may_begin(asked.saved.digest, journal, resume=asked.resume)
    ruled_at = journal.head().seq
    waiting = _waiting(asked, journal)

    def deeds(book: Book, actions: Sequence[Action], day: date) -> Written:
        return deeds_of(policy, asked.templates, book, actions, day)

    order = Order(
        policy=policy,
        book=asked.book,
        environment=plan.environment,
        own=runs_of(asked.saved.digest),
        planned_at=known,
        ruled_at=ruled_at,
        written_by_us=frozenset(c.file.resolve() for c in channels.each if isinstance(c, RowsChannel) and c.file),
        day=asked.day,
        despite=frozenset(asked.despite),
    )
    check = FreshCheck(order, journal, lambda without: history_of(journal, without=without), deeds)
    stands = journal.standing([action.id for action in plan.actions])
    over = {key for key, standing in stands.items() if standing.event in OVER} | set(waiting)
    check.prepare([action for action in plan.actions if action.id not in over], now, plan.actions)
    cap = policy.limits.contacts_per_customer
    return Ready(
        asked=asked,
        order=RunOrder(
            plan=asked.saved.digest,
            policy=plan.policy,
            as_of=plan.as_of,
            operator=asked.operator,
            cap=Cap(cap.at_most, cap.in_days) if cap else None,
            canary=asked.canary,
            resume=asked.resume,
            waiting=waiting,
            about={
                action.id: {"author": plan.author, "currency": plan.currency, **about(policy, action, today)}
                for action in plan.actions
            },
            figures={
                "with_open_items": plan.counts.with_open_items,
                "harsh": plan.counts.harsh,
                "late": plan.counts.late,
                "is_part": plan.counts.is_part,
            },
            despite=asked.despite,
        ),
        journal=journal,
        channels=channels,
        check=check,
        waiting=waiting,
    )


def about(policy: Policy, action: Action, today: date) -> dict[str, object]:
    """What the journal should know of an action besides the action itself."""
    if action.kind is Kind.SALES_REQUEST:
        rule = next(rule for rule in policy.sales if rule.id == action.stage)
        due = add_business_days(today, rule.within_business_days, policy.calendar.country)
        return {"due_on": due.isoformat(), "unanswered_tell": rule.unanswered_tell}
    if action.kind is Kind.TASK and action.task == ANSWER_OVERDUE and any(r.id == action.stage for r in policy.sales):
        return {"of": OF_A_REQUEST}
    stages = [stage for stage in policy.stages() if stage.id == action.stage]
    if action.kind in {Kind.MESSAGE, Kind.TASK, Kind.REFERRAL, Kind.WRITE_OFF_PROPOSAL} and stages:
        return {"of": "stage", "stage_has_message": any(stage.send or stage.without_email for stage in stages)}
    if action.kind is not Kind.TASK:
        return {}
    return {"of": "pause" if any(pause.id == action.stage for pause in policy.account_pauses) else "together"}


def _waiting(asked: Asked, journal: Store) -> Mapping[str, str]:
    """The actions that wait for somebody, by key, and for whom."""
    plan = asked.saved.plan
    needed = [action for action in plan.actions if action.approval]
    if not needed:
        return {}
    circumstances = Circumstances(journal.id, plan.environment, plan.author, asked.operator, asked.signed_by_now)
    entries = rulings_on(journal, [action.id for action in needed])
    found = approvals_of(entries, asked.approvers, needed, circumstances)
    waiting = {}
    for key, approval in found.items():
        match approval:
            case Rejected(by=by, because=because):
                waiting[key] = f"rejected by {', '.join(by)}" + (f": {because}" if because else "")
            case Waiting(roles=roles):
                waiting[key] = f"waits for approval by {', '.join(roles)}"
            case Approved() if same_person(asked.operator, plan.author):
                waiting[key] = "approved, but whoever made the plan may not carry this out"
            case Approved():
                pass
    return waiting
