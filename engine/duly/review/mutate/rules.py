"""The small mistakes that can be made in one rule of a policy, kind by kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from duly.language.conditions import Condition, facts_read
from duly.language.english import after_english
from duly.language.policy import (
    ASK_NOTHING,
    AccountPause,
    Climb,
    CreditLimitRule,
    Exception_,
    Hold,
    InvoicePause,
    Ladder,
    Placed,
    Points,
    Policy,
    Resets,
    SalesRule,
    Segment,
    Stage,
    Stops,
    ToneLimit,
    Unit,
)
from duly.review.mutate.edits import (
    LEFT_OUT,
    Edit,
    Shows,
    Sort,
    changed,
    choice,
    each,
    number,
    of_condition,
    showing,
    swapped,
    within,
    without,
)

DAY = timedelta(days=1)
ASK_SOMETHING = "find_out_why"

_P = TypeVar("_P", bound=Placed)


def of_segment(segment: Segment, policy: Policy) -> Iterator[Edit[Segment]]:
    """Mistakes in whom a segment asks for."""
    yield from _condition(segment, segment.when, policy, "when")


def of_invoice_pause(pause: InvoicePause, policy: Policy) -> Iterator[Edit[InvoicePause]]:
    """Mistakes in which invoices are taken out, and how much of one."""
    yield from showing(_condition(pause, pause.when, policy, "invoice", "when"), Shows.FACTS)
    if "dispute" in facts_read(pause.when):
        said = ("the whole invoice", "the disputed part")
        other = replace(pause, disputed_part_only=not pause.disputed_part_only)
        old, new = said[pause.disputed_part_only], said[other.disputed_part_only]
        yield Edit("invoice", Sort.SETTING, old, new, other, shows=Shows.FACTS)


def of_account_pause(pause: AccountPause, policy: Policy) -> Iterator[Edit[AccountPause]]:
    """Mistakes in when an account is paused, what that stops, and who is told."""
    yield from _condition(pause, pause.when, policy, "account", "when")
    for what in (Stops.STAGES, Stops.NEW_HOLDS, Stops.SALES):
        old, new = ("stopped", "not stopped") if what in pause.stops else ("not stopped", "stopped")
        yield Edit(f"stops.{what.value}", Sort.SETTING, old, new, replace(pause, stops=pause.stops ^ {what}))
    for n, task in enumerate(pause.tasks):
        less = replace(pause, tasks=without(pause.tasks, n))
        shows = Shows.DEEDS if less.tasks else Shows.DECISION
        yield Edit(f"task.{task.role}", Sort.LEFT_OUT, task.task, LEFT_OUT, less, task.span, shows)


def of_ladder(ladder: Ladder, policy: Policy) -> Iterator[Edit[Ladder]]:
    """Mistakes in how a ladder is climbed, in which order, and in its stages."""
    stages = ladder.stages
    yield from showing(choice(ladder, "unit", Unit), Shows.FACTS)
    yield from choice(ladder, "climb", Climb)
    yield from showing(choice(ladder, "resets", Resets), Shows.FACTS)
    yield from number(ladder, "min_days_between")
    for n, stage in enumerate(stages):
        path = f"stages.{stage.id}"
        less = replace(ladder, stages=without(stages, n))
        yield Edit(path, Sort.LEFT_OUT, "", LEFT_OUT, less, stage.span)
        if n + 1 < len(stages):
            after = stages[n + 1].id
            other = replace(ladder, stages=swapped(stages, n))
            yield Edit(path, Sort.ORDER, f"before {after}", f"behind {after}", other, stage.span)

    def placed(stage: Stage) -> Iterator[Edit[Stage]]:
        return within(_stage(stage, policy), lambda new: new, f"stages.{stage.id}", stage.span)

    yield from within(each(stages, placed), lambda new: replace(ladder, stages=new))


def _stage(stage: Stage, policy: Policy) -> Iterator[Edit[Stage]]:
    if after := stage.after:
        for days in (after.number - 1, after.number + 1):
            other = replace(after, number=days)
            told = after_english(after), after_english(other)
            yield Edit("after", Sort.NUMBER, *told, replace(stage, after=other), after.span)
        yield Edit("after", Sort.LEFT_OUT, after_english(after), "at once", replace(stage, after=None), after.span)
    yield from _condition(stage, stage.when, policy, "when")
    yield from _tone(stage, "tone", policy)
    if stage.min_days_between is not None:
        yield from number(stage, "min_days_between")
    if repeat := stage.repeat:
        yield Edit("repeat", Sort.LEFT_OUT, "", LEFT_OUT, replace(stage, repeat=None), repeat.span)
        counts = [*number(repeat, "every_days", least=1)]
        counts += number(repeat, "at_most") if repeat.at_most is not None else ()
        yield from within(counts, lambda new: replace(stage, repeat=new), "repeat", repeat.span)
    yield from _deeds(stage)


def _deeds(stage: Stage) -> Iterator[Edit[Stage]]:
    """What a stage does, each deed left out."""
    for field, name in (("send", "send"), ("without_email", "send.without_email")):
        sends = getattr(stage, field)
        for n, send in enumerate(sends):
            less = changed(stage, **{field: without(sends, n)})
            path = f"{name}.{send.channel.value}"
            yield Edit(path, Sort.LEFT_OUT, send.template, LEFT_OUT, less, send.span, Shows.DEEDS)
    for n, task in enumerate(stage.tasks):
        less = replace(stage, tasks=without(stage.tasks, n))
        yield Edit(f"task.{task.role}", Sort.LEFT_OUT, task.task, LEFT_OUT, less, task.span, Shows.DEEDS)
    if stage.action:
        yield Edit("action", Sort.LEFT_OUT, stage.action, LEFT_OUT, replace(stage, action=""), shows=Shows.DEEDS)
    yield from _approval(stage, "approval", stage.approval)


def of_tone_limit(limit: ToneLimit, policy: Policy) -> Iterator[Edit[ToneLimit]]:
    """Mistakes in where the line is drawn between stern and rude."""
    yield from _condition(limit, limit.when, policy, "when")
    yield from _tone(limit, "at_most", policy)


def of_sales_rule(rule: SalesRule, policy: Policy) -> Iterator[Edit[SalesRule]]:
    """Mistakes in when sales is asked, and who hears of its silence, and when."""
    yield from _condition(rule, rule.when, policy, "when")
    ask = ASK_SOMETHING if rule.stands_down else ASK_NOTHING
    yield Edit("ask", Sort.SETTING, rule.ask, ask, replace(rule, ask=ask))
    if rule.unanswered_tell and not rule.stands_down:
        less = replace(rule, unanswered_tell="")
        yield Edit("unanswered.tell", Sort.LEFT_OUT, rule.unanswered_tell, LEFT_OUT, less)
    if rule.within_business_days:
        yield from showing(number(rule, "within_business_days", least=1), Shows.FACTS, "within.business_days")


def of_hold(hold: Hold, policy: Policy) -> Iterator[Edit[Hold]]:
    """Mistakes in when a hold falls, what must have happened before, and when it is released."""
    yield from _condition(hold, hold.place, policy, "place.when", "place")
    if needs := hold.needs:
        yield Edit("place.needs", Sort.LEFT_OUT, needs.request, LEFT_OUT, replace(hold, needs=None), needs.span)
        said = ("answered_or_expired", "answered")
        other = replace(needs, answered_only=not needs.answered_only)
        told = said[needs.answered_only], said[other.answered_only]
        yield Edit("place.needs.is", Sort.SETTING, *told, replace(hold, needs=other), needs.span)
        for rule in policy.sales:
            if rule.id != needs.request and not rule.stands_down:
                another = replace(hold, needs=replace(needs, request=rule.id))
                yield Edit("place.needs.request", Sort.SETTING, needs.request, rule.id, another, needs.span)
    yield from _approval(hold, "place.approval", hold.place_approval, "place_approval")
    yield from _condition(hold, hold.release, policy, "release.when", "release")
    yield from _approval(hold, "release.approval", hold.release_approval, "release_approval")


def of_limit_rule(rule: CreditLimitRule, policy: Policy) -> Iterator[Edit[CreditLimitRule]]:
    """Mistakes in when another credit limit is proposed, and which."""
    yield from _condition(rule, rule.when, policy, "when")
    for name in ("raise_pct", "lower_pct"):
        if getattr(rule, name):
            yield from showing(number(rule, name), Shows.DEEDS, f"propose.{name}")
    for name in ("set_to", "up_to", "down_to"):
        if getattr(rule, name) is not None:
            yield from showing(number(rule, name, money_in=policy.currency), Shows.DEEDS, f"propose.{name}")
    yield from _approval(rule, "approval", rule.approval)


def of_points(points: Points, policy: Policy) -> Iterator[Edit[Points]]:
    """Mistakes in who is called first."""
    yield from _condition(points, points.when, policy, "when")
    yield from number(points, "add", least=points.add - 1)


def of_exception(one: Exception_, policy: Policy) -> Iterator[Edit[Exception_]]:  # noqa: ARG001  (as the others)
    """Mistakes in what is different for one account, and for how long."""
    edits: list[Edit[Exception_]] = []
    for until in (one.until - DAY, one.until + DAY):
        told = one.until.isoformat(), until.isoformat()
        edits.append(Edit("until", Sort.NUMBER, *told, replace(one, until=until)))
    if one.pause:
        edits.append(Edit("pause", Sort.LEFT_OUT, "", LEFT_OUT, replace(one, pause=False)))
    yield from showing(edits, Shows.FACTS)
    for name in ("tone_at_most", "stage_at_most", "ladder"):
        if value := getattr(one, name):
            yield Edit(name, Sort.LEFT_OUT, value, LEFT_OUT, changed(one, **{name: ""}), shows=Shows.FACTS)


def _condition(part: _P, condition: Condition, policy: Policy, path: str, field: str = "") -> Iterator[Edit[_P]]:
    """The mistakes in one condition of a rule."""
    edits = of_condition(condition, policy.currency)
    yield from within(edits, lambda new: changed(part, **{field or path: new}), path)


def _tone(part: _P, name: str, policy: Policy) -> Iterator[Edit[_P]]:
    """A tone one milder and one harsher."""
    tone = getattr(part, name)
    if tone in policy.tones:
        at = policy.tones.index(tone)
        for other in (*policy.tones[max(at - 1, 0) : at], *policy.tones[at + 1 : at + 2]):
            yield Edit(name, Sort.TONE, tone, other, changed(part, **{name: other}))


def _approval(part: _P, path: str, roles: tuple[str, ...], field: str = "") -> Iterator[Edit[_P]]:
    """Each role left out that must approve."""
    for n, role in enumerate(roles):
        less = changed(part, **{field or path: without(roles, n)})
        yield Edit(path, Sort.LEFT_OUT, role, LEFT_OUT, less, shows=Shows.DEEDS)
