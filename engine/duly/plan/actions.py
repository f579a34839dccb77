"""From one account's decision to actions and to what is withheld, each with its reasons.

Nothing is decided here: a decision says which stage, request, hold and task it
is, and this module says what that means in deeds, for whom, over which invoices,
and which lines of the policy brought it about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from duly.journal.identity import key_of
from duly.language.conditions import Facts, Includes, Value, holds
from duly.language.english import subject
from duly.language.policy import Channel, Hold, Policy, SalesRule, Send, Stage, Stops
from duly.plan.overdue import ANSWER_OVERDUE, Overdue
from duly.plan.plan import Action, Because, Kind, Withheld
from duly.plan.reach import NOWHERE_KNOWN, Reach
from duly.rules import layers
from duly.rules.decision import NONE, Decision, Wait
from duly.rules.trace import values_read
from duly.team.staff import NOBODY, Staff

ROLE = {Kind.MESSAGE: "collector", Kind.SALES_REQUEST: "salesperson"}
"""Who a message or a request is for, when the policy names nobody."""

CREDIT_MANAGER = "credit_manager"


@dataclass(frozen=True, slots=True)
class Item:
    """An invoice or instalment that an action is about; `amount` is what is chased of it, in minor units."""

    id: str
    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class Account:
    """One account as the plan sees it: its key, its facts with those decided today, and what a message would name.

    `releases` says how often each hold of it was released before, by the hold's id;
    `overdue` has the requests of whose silence somebody is told, by the sales rule's id.
    `staff` who of us is there.
    """

    environment: str
    creditor: str
    customer: str
    item: str
    episode: str
    facts: Facts
    items: tuple[Item, ...]
    not_before: str
    as_of: date
    reach: Reach = NOWHERE_KNOWN
    releases: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    overdue: Mapping[str, Overdue] = field(default_factory=lambda: MappingProxyType({}))
    staff: Staff = NOBODY


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done, before it is tied to an account."""

    kind: Kind
    rule: str
    for_role: str
    channel: str = ""
    template: str = ""
    task: str = ""
    tone: str = NONE
    approval: tuple[str, ...] = ()
    occurrence: int = 1
    details: tuple[tuple[str, str], ...] = ()

    @property
    def reaches_customer(self) -> bool:
        """Say whether contact hours apply to it."""
        return self.kind is Kind.MESSAGE


def actions_of(policy: Policy, account: Account, decision: Decision) -> Iterator[Action]:
    """The actions that the decision comes down to, in the order of the layers."""
    known = account.facts
    for pause in policy.account_pauses:
        if pause.id in decision.tasks:
            because: tuple[Because, ...] = (
                Because(f"pause {pause.id}", pause.span, values_read(pause.when, known), pause.because),
            )
            for task in pause.tasks:
                yield _action(account, Deed(Kind.TASK, pause.id, task.role, task=task.task), because)
    if decision.step != NONE:
        ladder = policy.ladder(decision.ladder)
        stage = next(s for s in ladder.stages if s.id == decision.step)
        because = stage_reasons(policy, account, stage, decision, known)
        for deed in stage_deeds(stage, decision, account.facts):
            yield _action(account, deed, because)
    for rule in policy.sales:
        if rule.id in decision.asks:
            because = (Because(f"sales {rule.id}", rule.span, values_read(rule.when, known), rule.because),)
            yield _action(account, Deed(Kind.SALES_REQUEST, rule.id, "salesperson", task=rule.ask), because)
        if rule.id in decision.tells:
            yield _action(account, _told(rule, account.overdue[rule.id]), _why_told(rule, known))
    for hold in policy.holds:
        # A hold that was released may fall again in the same episode, as a deed of its own.
        occurrence = account.releases.get(hold.id, 0) + 1
        if hold.id in decision.place:
            deed = Deed(Kind.HOLD, hold.id, CREDIT_MANAGER, approval=hold.place_approval, occurrence=occurrence)
            yield _action(account, deed, _hold_reasons(hold, known, placing=True))
        if hold.id in decision.release:
            deed = Deed(Kind.RELEASE, hold.id, CREDIT_MANAGER, approval=hold.release_approval, occurrence=occurrence)
            yield _action(account, deed, _hold_reasons(hold, known, placing=False))


def _told(rule: SalesRule, overdue: Overdue) -> Deed:
    days = (("asked_on", overdue.asked_on.isoformat()), ("due_on", overdue.due_on.isoformat()))
    return Deed(Kind.TASK, rule.id, rule.unanswered_tell, task=ANSWER_OVERDUE, details=days)


def _why_told(rule: SalesRule, known: Facts) -> tuple[Because, ...]:
    values = _values(known, "sales_asked", "requests_open", "requests_answered")
    return (Because(f"sales {rule.id}: unanswered, tell {rule.unanswered_tell}", rule.span, values, rule.because),)


def stage_deeds(stage: Stage, decision: Decision, facts: Facts) -> Iterator[Deed]:
    """The deeds of a stage: its messages by the channels that reach the customer, its tasks, its action."""
    occurrence = _number(facts, stage.times_fact) + 1 if decision.repeat else 1
    for send in sends(stage, facts):
        yield Deed(
            Kind.MESSAGE,
            stage.id,
            ROLE[Kind.MESSAGE],
            send.channel.value,
            send.template,
            tone=decision.tone,
            approval=stage.approval,
            occurrence=occurrence,
        )
    for task in stage.tasks:
        yield Deed(Kind.TASK, stage.id, task.role, task=task.task, approval=stage.approval, occurrence=occurrence)
    if stage.action:
        kind = Kind.REFERRAL if stage.action.startswith("refer") else Kind.WRITE_OFF_PROPOSAL
        yield Deed(kind, stage.id, CREDIT_MANAGER, task=stage.action, approval=stage.approval, occurrence=occurrence)


def sends(stage: Stage, facts: Facts) -> tuple[Send, ...]:
    """The messages of a stage that can reach the customer; `without_email` steps in where there is no e-mail."""
    by_email, by_letter = facts["has_email"] is True, facts["has_address"] is True
    chosen = stage.send
    if stage.without_email and not by_email:
        chosen = (*(s for s in stage.send if s.channel is not Channel.EMAIL), *stage.without_email)
    return tuple(send for send in chosen if (by_email if send.channel is Channel.EMAIL else by_letter))


def stage_reasons(
    policy: Policy, account: Account, stage: Stage, decision: Decision, known: Facts
) -> tuple[Because, ...]:
    """The rules that led to a stage: lateness, its day, its condition, and the tone limits that lowered it."""
    reasons = []
    if not stage.before_due:
        reasons.append(
            Because(
                f"late after {policy.late.grace_days} days of grace",
                policy.late.span,
                _values(known, "days_past_due", "past_due"),
            )
        )
    if stage.after is not None:
        reasons.append(Because(f"stage {stage.id}: after", stage.after.span, values_read(stage.reached, known)))
    when = values_read(stage.when, known)
    if when:
        reasons.append(Because(f"stage {stage.id}: when", stage.span, when, stage.because))
    if decision.repeat and stage.repeat is not None:
        reasons.append(
            Because(f"stage {stage.id}: repeat", stage.repeat.span, _values(known, stage.days_fact, stage.times_fact))
        )
    if stage.tone and decision.tone != stage.tone:
        reasons += [
            Because(
                f"tone limit {limit.id}: at most {limit.at_most}",
                limit.span,
                values_read(limit.when, known),
                limit.because,
            )
            for limit in policy.tone_limits
            if holds(limit.when, known)
        ]
        reasons += [
            Because(f"exception for {e.account}: tone at most {e.tone_at_most}", e.span, (), e.because)
            for e in policy.exceptions
            if e.account == account.customer and e.tone_at_most == known["exception__tone"]
        ]
    return tuple(reasons)


def _hold_reasons(hold: Hold, known: Facts, *, placing: bool) -> tuple[Because, ...]:
    if not placing:
        return (Because(f"hold {hold.id}: release", hold.release_span, values_read(hold.release, known), hold.because),)
    reasons = [Because(f"hold {hold.id}: place", hold.place_span, values_read(hold.place, known), hold.because)]
    if hold.needs is not None:
        reasons.append(
            Because(
                f"hold {hold.id}: needs {hold.needs.request}",
                hold.needs.span,
                _values(known, "sales_asked", "requests_open"),
            )
        )
    return tuple(reasons)


def _values(known: Facts, *names: str) -> tuple[tuple[str, Value], ...]:
    return tuple((name, known[name]) for name in names)


def _number(facts: Facts, name: str) -> int:
    value = facts[name]
    assert isinstance(value, int)
    return value


def _action(account: Account, deed: Deed, because: tuple[Because, ...]) -> Action:
    amounts: dict[str, int] = {}
    for item in account.items:
        amounts[item.currency] = amounts.get(item.currency, 0) + item.amount
    single = len(amounts) == 1
    currency, amount = (
        next(iter(amounts.items())) if single else (str(account.facts["currency"]), _number(account.facts, "past_due"))
    )
    return Action(
        id=action_key(account, deed),
        customer=account.customer,
        creditor=account.creditor,
        item=account.item,
        kind=deed.kind,
        stage=deed.rule,
        tone=deed.tone,
        channel=deed.channel,
        template=deed.template,
        task=deed.task,
        for_role=deed.for_role,
        person=_person(account, deed),
        not_before=account.not_before if deed.reaches_customer else account.as_of.isoformat(),
        invoices=tuple(item.id for item in account.items),
        amount=amount,
        currency=currency,
        amounts=() if single else tuple(sorted(amounts.items())),
        episode=account.episode,
        occurrence=deed.occurrence,
        approval=deed.approval,
        because=because,
        to=account.reach.to(deed.channel) if deed.reaches_customer else "",
        details=deed.details,
    )


def _person(account: Account, deed: Deed) -> str:
    """Who does it: of a message, whom the customer knows; of all else, whoever is there."""
    salesperson, collector = (str(account.facts[role] or "") for role in ("salesperson", "collector"))
    if deed.reaches_customer:
        return {"salesperson": salesperson, "collector": collector}.get(deed.for_role, "")
    return account.staff.person_for(deed.for_role, salesperson, collector)


def action_key(account: Account, deed: Deed) -> str:
    """The identity of a deed: no day, run, policy file or template in it, so that planned twice it collides."""
    return key_of(
        account.environment,
        {
            "creditor": account.creditor,
            "customer": account.customer,
            "item": account.item,
            "kind": deed.kind.value,
            "stage": deed.rule,
            "task": deed.task,
            "episode": account.episode,
            "channel": deed.channel,
            "occurrence": deed.occurrence,
        },
    )


# What is withheld.


REASON_TEXT: Mapping[Wait, str] = {
    Wait.NO_LADDER: "the account is on no ladder",
    Wait.NOTHING_TO_CHASE: "everything late is taken out by invoice pauses",
    Wait.NOT_LATE: "nothing is late",
    Wait.PAUSED: "paused",
    Wait.TOO_SMALL: "what is late is below the account's minimum",
    Wait.OUTCOME_UNKNOWN: "nobody knows yet whether the last stage arrived",
    Wait.LADDER_DONE: "no further stage applies",
    Wait.NOT_YET: "its day has not come",
    Wait.GAP: "the minimum gap since the last stage is not over",
    Wait.CAP: "the contact cap is reached",
}


def withheld_of(policy: Policy, account: Account, decision: Decision) -> Iterator[Withheld]:
    """What a late account, or one that a hold waits for, does not get today, with the reason."""
    known = account.facts
    if decision.wait is not None and decision.wait is not Wait.NOT_LATE:
        what = f"stage {decision.next_stage}" if decision.next_stage != NONE else "stages"
        explanation, because = _why_waiting(policy, account, decision, known)
        yield _withheld(account, what, decision.wait.value, explanation, because)
    elif decision.step != NONE:
        stage = next(s for s in policy.ladder(decision.ladder).stages if s.id == decision.step)
        if (stage.send or stage.without_email) and not sends(stage, account.facts):
            because = (Because(f"stage {stage.id}: send", stage.span, _values(known, "has_email", "has_address")),)
            yield _withheld(
                account,
                f"message {stage.id}",
                "no_way_to_reach",
                "neither e-mail nor address reaches the customer",
                because,
            )
    for hold in policy.holds:
        if hold.id in decision.hold_waits:
            explanation, because = _why_hold_waits(policy, hold, decision, known)
            yield _withheld(account, f"hold {hold.id}", "hold_waits", explanation, because)


def _withheld(account: Account, what: str, reason: str, explanation: str, because: tuple[Because, ...]) -> Withheld:
    return Withheld(account.customer, account.creditor, account.item, what, reason, explanation, None, because)


def _why_waiting(policy: Policy, account: Account, decision: Decision, known: Facts) -> tuple[str, tuple[Because, ...]]:
    wait = decision.wait
    assert wait is not None
    text = REASON_TEXT[wait]
    if wait is Wait.PAUSED:
        return _why_paused(policy, account, decision, known)
    if wait is Wait.TOO_SMALL:
        return text, (Because("late: ignore_below", policy.late.span, _values(known, "past_due")),)
    if wait is Wait.NOTHING_TO_CHASE:
        pauses = tuple(Because(f"pause {p.id}", p.span, (), p.because) for p in policy.invoice_pauses)
        return text, pauses
    if decision.next_stage == NONE:
        return text, ()
    ladder = policy.ladder(decision.ladder)
    stage = next(s for s in ladder.stages if s.id == decision.next_stage)
    if wait is Wait.NOT_YET and stage.after is not None:
        return _not_yet_text(stage, known), (
            Because(f"stage {stage.id}: after", stage.after.span, values_read(stage.reached, known)),
        )
    if wait is Wait.GAP:
        gap = ladder.gap_before(stage)
        said = f"{known[layers.GAP]} days since the last stage, at least {gap} asked for"
        return said, (Because(f"ladder {ladder.id}: min_days_between", ladder.span, _values(known, layers.GAP)),)
    if wait is Wait.CAP:
        cap = policy.limits.contacts_per_customer
        assert cap is not None
        said = f"{known['contacts_in_window']} contact days in the last {cap.in_days}, at most {cap.at_most}"
        return said, (
            Because("limits: contacts_per_customer", cap.span, _values(known, "contacts_in_window", "contacted_today")),
        )
    return text, (Because(f"stage {stage.id}", stage.span, ()),)


def _not_yet_text(stage: Stage, known: Facts) -> str:
    after = stage.after
    assert after is not None
    counted = known[after.clock.fact]
    what = subject(after.clock.fact)
    return f"{what}: {'unknown' if counted is None else counted}, acts from {after.number}"


def _why_paused(policy: Policy, account: Account, decision: Decision, known: Facts) -> tuple[str, tuple[Because, ...]]:
    stopping = [p for p in policy.account_pauses if p.id in decision.pauses and Stops.STAGES in p.stops]
    because = tuple(Because(f"pause {p.id}", p.span, values_read(p.when, known), p.because) for p in stopping)
    names = [p.id.replace("_", " ") for p in stopping]
    if known["exception__pause"] is True:
        names.append("exception")
        because = (
            *because,
            *(
                Because(f"exception for {e.account}", e.span, (), e.because)
                for e in policy.exceptions
                if e.pause and e.account == account.customer
            ),
        )
    return f"paused: {', '.join(names)}", because


def _why_hold_waits(policy: Policy, hold: Hold, decision: Decision, known: Facts) -> tuple[str, tuple[Because, ...]]:
    because = (Because(f"hold {hold.id}: place", hold.place_span, values_read(hold.place, known), hold.because),)
    if holds(layers.stops(policy, Stops.NEW_HOLDS), known):
        return "a pause stops new holds", because
    needs = hold.needs
    assert needs is not None
    if needs.request in decision.asks:
        said = f"sales is asked today ({needs.request})"
    elif holds(Includes("requests_open", needs.request), known):
        said = f"sales was asked and the answer is not due yet ({needs.request})"
    elif holds(Includes("sales_asked", needs.request), known):
        said = f"sales has not answered ({needs.request})"
        if needs.request in decision.tells:
            rule = next(rule for rule in policy.sales if rule.id == needs.request)
            said = f"{said}; {rule.unanswered_tell.replace('_', ' ')} is told today"
    else:
        said = f"sales has not been asked ({needs.request})"
    return said, (
        *because,
        Because(f"hold {hold.id}: needs", needs.span, _values(known, "sales_asked", "requests_open"), needs.because),
    )
