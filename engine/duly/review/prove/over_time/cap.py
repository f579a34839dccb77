"""That no customer is contacted too often, by messages and people together, on any so many days in a row.

By induction: a solver shows of one day that nothing is proposed that would reach a
customer whose window is full, whatever the account. A contact then never makes a
window fuller than the policy's own cap, whatever came before, and every longer
stretch of days is made of such windows. An outcome that nobody knows counts as a contact.
"""

from __future__ import annotations

import z3

from duly.language.over_time import Assumption, ContactsAtMost, Premise
from duly.language.policy import ContactCap, Policy
from duly.review.prove.over_time.assumed import WEEK
from duly.review.prove.over_time.judged import Judged
from duly.review.prove.over_time.story import Story, Told
from duly.review.prove.search import MEASURE, Search, Unsettled
from duly.review.prove.symbolic import decide
from duly.review.prove.verdict import Verdict


def contacts_at_most(
    policy: Policy, promise: ContactsAtMost, assuming: tuple[Assumption, ...], *, measure: int = MEASURE
) -> Judged:
    """What becomes of the promise that nobody is contacted more often."""
    cap = policy.limits.contacts_per_customer
    notes = tuple(f"`{one.name}` is not needed" for one in assuming if one.premise is not Premise.PEOPLE)
    if promise.in_days <= promise.at_most:
        return Judged(
            Verdict.PROVED,
            how="there are not more days than that",
            notes=tuple(f"`{one.name}` is not needed" for one in assuming),
        )
    if cap is None:
        why = "the policy has no contact cap (`limits: contacts_per_customer`)"
        return Judged(Verdict.DISPROVED, why=why, story=_calls(promise, cap), notes=notes)
    if all(one.premise is not Premise.PEOPLE for one in assuming):
        why = "people may contact a customer however often: nothing is assumed of them"
        return Judged(Verdict.DISPROVED, why=why, story=_calls(promise, None), notes=notes)
    try:
        if not _looks_at_the_cap(policy, cap, measure):
            raise AssertionError("a stage reaches a customer whose contact cap is full")
    except Unsettled:
        return Judged(Verdict.NOT_PROVED, why="the solver gave up within its measure", notes=notes)
    most = most_contacts(cap, promise.in_days)
    if most > promise.at_most:
        why = f"the policy's own cap, {cap.at_most} in {cap.in_days} days, lets {most} happen in {promise.in_days} days"
        return Judged(Verdict.DISPROVED, why=why, story=_calls(promise, cap), notes=notes)
    how = f"for all time, by induction: at most {most} in {promise.in_days} days"
    return Judged(Verdict.PROVED, how=how, notes=notes)


def most_contacts(cap: ContactCap, days: int) -> int:
    """The most days with a contact among so many in a row where no window of the cap has more than it allows.

    So many days hold so many whole windows, each with as many as it may have, and a rest;
    contacts on the first days of every window come to just that.
    """
    whole, rest = divmod(days, cap.in_days)
    in_window = min(cap.at_most, cap.in_days)
    return whole * in_window + min(in_window, rest)


def _looks_at_the_cap(policy: Policy, cap: ContactCap, measure: int) -> bool:
    """Prove that nothing is proposed that reaches a customer who was not contacted today and whose window is full."""
    search = Search([policy], measure=measure)
    facts = search.account.facts
    outcome = decide(policy, search.ask, facts)
    ask, ladder, step = search.ask, outcome["ladder"].value, outcome["step"].value
    on_ladder = [
        ask.both(ladder == ask.word(one.id), step == ask.word(stage.id))
        for one in policy.ladders
        for stage in one.stages
        if stage.contacts
    ]
    full = facts["contacts_in_window"].value >= cap.at_most
    return not search.is_possible(ask.either(*on_ladder), full, z3.Not(facts["contacted_today"].value))


def _calls(promise: ContactsAtMost, cap: ContactCap | None) -> Story:
    """People call as often and as early as nothing forbids, until it is too often: no plan plays a part."""
    days: list[Told] = []
    calls: list[int] = []
    while sum(call > len(days) - 1 - promise.in_days for call in calls) <= promise.at_most:
        today = len(days)
        room = cap is None or sum(call > today - cap.in_days for call in calls) < cap.at_most
        calls += [today] * room
        days.append(Told(today + 1, today % WEEK, {}, None, counted=room, called=room))
    return Story(tuple(days))
