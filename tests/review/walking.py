"""Small ladders at random, and customers walked along them day by day: the judge of what is proved over time.

The judge keeps lists of what happened on which day and counts from them anew every
day; it shares nothing with the proofs but the meaning of a policy.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from duly.language.conditions import Facts, Value, holds
from duly.language.load import load_policy
from duly.language.over_time import ComesToAnEnd, Premise
from duly.language.policy import Channel, Guarantee, Policy, Stage
from duly.language.reads import fact_columns
from duly.language.vocabulary import Type
from duly.rules.decision import NONE, Decision
from duly.rules.meaning import decide
from duly.rules.trace import decided

WEEKDAYS = 5

HEAD = """\
duly: 1
policy: walked
currency: USD
calendar:
  country: US
  contact: {days: [mon, tue, wed, thu, fri], between: ["09:00", "17:00"], holidays: closed}
late: {basis: due_date, grace_days: 3}
pauses:
  promised: {account: {promise: open}, until: promise_due}
tones: [friendly, firm, final]
"""

EVERYTHING = (
    "runs_every_business_day, messages_accepted, oldest_invoice_stays_unpaid, "
    "letters_confirmed_within_1_days, approvals_within_2_days"
)

WHENS = (
    *("{past_due: {over: 250}}", "{past_due: {at_most: 250}}", "{days_past_due: {at_least: 12}}", "{}", "{}", "{}"),
    *("{relationship: [normal, strong]}", "{days_since_stage: {at_least: 4}}"),
    "{any: [{past_due: {over: 250}}, {promise: none}]}",
)  # fmt: skip


def ladder_text(seed: int) -> str:
    """A policy of one to four stages with a promise that it comes to an end."""
    chance = random.Random(seed)
    stages, names = [], [f"s{n}" for n in range(1, chance.randint(1, 4) + 1)]
    for n, name in enumerate(names):
        parts = []
        kind = chance.randint(0, 9)
        if kind < 6 or n == 0:
            parts.append(f"after: {{days: {chance.randint(3, 6) + 5 * n}}}")
        elif kind < 9:
            parts.append(f"after: {{days: {chance.randint(2, 9)}, since: previous_stage}}")
        if (when := chance.choice(WHENS)) != "{}":
            parts.append(f"when: {when}")
        channel = chance.choice(("email", "email", "letter", "task", "both"))
        if channel == "task":
            parts.append("task: {credit_manager: decide_write_off}")
        elif channel == "both":
            parts.append(f"tone: firm, send: {{letter: {name}, email: {name}}}")
        else:
            parts.append(f"tone: friendly, send: {{{channel}: {name}}}")
        if chance.random() < 0.2:
            parts.append("approval: [credit_manager]")
        if chance.random() < 0.4:
            most = chance.choice(("", "", ", at_most: 1"))
            parts.append(f"repeat: {{every_days: {chance.randint(3, 8)}{most}}}")
        stages.append(f"    {name}: {{{', '.join(parts)}}}")
    climb = chance.choice(("one_step", "one_step", "one_step", "highest", "follows_facts"))
    cap = chance.random() < 0.4
    whiles = chance.choice(
        (
            "while: {paused: false}, ",
            "while: {past_due: {over: 50}, paused: false}, ",
            "while: {paused: false, put_off: false}, ",
            "",
        )
    )
    people = chance.choice(("people_respect_cap", "people_give_way"))
    return (
        HEAD
        + f"ladder:\n  climb: {climb}\n  min_days_between: {chance.choice((0, 2, 5))}\n  stages:\n"
        + "\n".join(stages)
        + ("\nlimits: {contacts_per_customer: {at_most: 2, in_days: 5}}" if cap else "")
        + "\nguarantees:\n  ends:\n"
        + f"    over_time: {{from: first_late, {whiles}executes: [{chance.choice(names[-2:])}], "
        + f"within_business_days: {chance.choice((8, 15, 30, 60))}}}\n"
        + f"    assuming: [{EVERYTHING}, {people}]\n"
    )


def ladder_policy(seed: int, folder: Path) -> Policy:
    """The policy of the seed."""
    path = folder / f"walked{seed}.yaml"
    path.write_text(ladder_text(seed), encoding="utf-8")
    return load_policy(path)[0]


# Facts without a history.


def quiet_facts(policy: Policy) -> dict[str, Value]:
    """An account that is late and of which nothing else is known."""
    facts: dict[str, Value] = {}
    for column in fact_columns(policy):
        if column.member:
            facts[column.fact] = frozenset()
        elif column.unknown:
            facts[column.name] = None
        else:
            nothing: dict[Type, Value] = {Type.YES_NO: False, Type.CHOICE: NONE, Type.TEXT: ""}
            facts[column.name] = nothing.get(column.type, 0)
    return facts | {"late": True, "relationship": "normal", "has_email": True, "has_address": True}


def situations(policy: Policy) -> list[dict[str, Value]]:
    """Accounts on both sides of what the generated policies ask, promises and relationships included."""
    return [
        quiet_facts(policy) | {"past_due": owed, "promise": promise, "relationship": relationship}
        for owed in (1, 50_00, 50_01, 250_00, 250_01, 10_000_00)
        for promise in (NONE, "open")
        for relationship in ("fragile", "normal")
    ]


# What happened, counted anew every day.


@dataclass(slots=True)
class Past:
    """What happened on which day."""

    policy: Policy
    executed: list[tuple[int, str]] = field(default_factory=list)
    called: set[int] = field(default_factory=set)
    earlier: list[int] = field(default_factory=list)

    def reaching(self) -> set[str]:
        """The stages that reach the customer."""
        return {stage.id for stage in self.policy.stages() if stage.contacts}

    def contacts(self) -> set[int]:
        """The days with a contact."""
        return self.called | {day for day, stage in self.executed if stage in self.reaching()}

    def facts(self, day: int) -> dict[str, Value]:
        """The facts of the day that hang on what happened."""
        facts: dict[str, Value] = {}
        for id_ in self.policy.stage_ids:
            days = [done for done, stage in self.executed if stage == id_]
            facts[f"days_since__{id_}"] = day - max(days) if days else None
            facts[f"times__{id_}"] = len(set(days))
        here = [done for done, _ in self.executed]
        ever = here + self.earlier
        cap = self.policy.limits.contacts_per_customer
        since = day - max(here) if here else None
        clocks = {stage.after.clock.fact for stage in self.policy.stages() if stage.after}
        return facts | {
            **({"clock__previous_stage__days": since} if "clock__previous_stage__days" in clocks else {}),
            "days_since_stage": since,
            "days_since_last_stage": day - max(ever) if ever else None,
            "contacts_in_window": sum(0 < day - c < cap.in_days for c in self.contacts()) if cap else 0,
            "contacted_today": day in self.contacts(),
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """One day of a walk."""

    day: int
    facts: Facts
    decision: Decision
    counted: int
    ended: bool
    contacts: frozenset[int]


def patience(stage: Stage) -> int:
    """The business days for which what `EVERYTHING` assumes lets a stage wait."""
    letter = any(send.channel is Channel.LETTER for send in (*stage.send, *stage.without_email))
    return letter + 2 * bool(stage.approval)


def walked(policy: Policy, guarantee: Guarantee, seed: int, days: int) -> Iterator[Seen]:
    """A customer to whom things happen at random, as far as the assumptions allow."""
    chance = random.Random(seed)
    promise = guarantee.over_time
    assert isinstance(promise, ComesToAnEnd)
    give_way = any(one.premise is Premise.GIVE_WAY for one in guarantee.assuming)
    pool = situations(policy)
    restless, delaying, calling = (chance.choice((0.0, 0.1, 0.5, 1.0)) for _ in range(3))
    late = policy.late.grace_days + 1 + chance.choice((0, 0, 3, 9, 20))
    past = Past(policy, earlier=[-chance.randint(1, 6)] if chance.random() < 0.3 else [])
    weekday, closed, counted = chance.randrange(7), 0, 0
    waited: dict[str, int] = {}
    current = chance.choice(pool)
    for day in range(days):
        if chance.random() < restless:
            current = chance.choice(pool)
        working = (weekday + day) % 7 < WEEKDAYS
        holiday = working and closed < 3 and chance.random() < 0.1
        our_holiday = working and chance.random() < 0.05
        is_open = working and not holiday
        closed = 0 if is_open else closed + 1
        cap = policy.limits.contacts_per_customer
        facts = {**current, **past.facts(day), "days_past_due": late + day, "contact_day": is_open}
        facts |= {"clock__due_date__days": late + day} if "clock__due_date__days" in facts else {}
        runs = (working and not our_holiday) or chance.random() < 0.1
        if runs:
            decision = decide(policy, facts)
            counts = working and not our_holiday and not holiday
            counted += counts and holds(promise.while_, {**facts, **decided(decision)})
            stage = next((s for s in policy.stages() if s.id == decision.step), None)
            done = False
            if stage is not None and (is_open or not stage.contacts):
                patient = waited.get(stage.id, 0) < patience(stage)
                if patient and chance.random() < delaying:
                    waited[stage.id] = waited.get(stage.id, 0) + (working and not our_holiday)
                else:
                    past.executed.append((day, stage.id))
                    waited.pop(stage.id, None)
                    done = stage.id in promise.executes
            yield Seen(day, facts, decision, counted, done, frozenset(past.contacts()))
            if done:
                return
        others = sum(0 < day - c < (cap.in_days if cap else 1) for c in past.contacts())
        room = cap is None or others < cap.at_most - give_way
        if is_open and room and chance.random() < calling:
            past.called.add(day)


def broken_by(policy: Policy, guarantee: Guarantee, seeds: Iterable[int], days: int) -> Seen | None:
    """A walk on which more days are counted than promised, where there is one."""
    promise = guarantee.over_time
    assert isinstance(promise, ComesToAnEnd)
    for seed in seeds:
        for seen in walked(policy, guarantee, seed, days):
            if seen.counted > promise.within_business_days:
                return seen
    return None
