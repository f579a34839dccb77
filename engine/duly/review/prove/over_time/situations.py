"""The situations that an account can be in on one day, as far as they differ for what is proved.

What can change from one day to the next for no reason that a policy knows of (what is
owed, promises, what sales answers) is free. The parts of conditions that read only
such facts are asked of a solver, which gives one account for every way in which they
can turn out together. Beside them stand the facts that days and deeds move.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import z3

from duly.language.conditions import All, Any, Condition, Facts, Includes, Is, Not, leaves
from duly.language.policy import AccountPause, Policy, Since, Stops
from duly.language.reads import account_conditions, clocks
from duly.language.vocabulary import ACCOUNT, Layer
from duly.review.prove.search import MEASURE, Search, Unsettled
from duly.review.prove.symbolic import decide
from duly.review.prove.terms import is_true_in
from duly.rules import layers
from duly.rules.decision import NONE

MANY = 256
"""So many situations are told apart at most."""

MOVED = frozenset(
    {"days_past_due", "days_since_stage", "days_since_last_stage", "contacts_in_window", "contacted_today"}
    | {"contact_day", "outcome_unknown", "executed_stage"}
)
"""Facts that days and deeds move, beside the clocks and the counts of each stage."""


OF_THE_DAY = frozenset({"contacts_in_window", "contacted_today", "contact_day"})
"""Facts that are followed only as far as the contact cap asks for them."""


class TooMany(Exception):
    """More situations would have to be told apart than can be."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One account for all that are alike; `ways` says how each part of a condition turns out for it."""

    facts: Facts
    ways: tuple[bool, ...]


class Situations:
    """Every situation of a late account under a policy, told apart by what the conditions ask.

    The sets named by `none_of` are empty in all of them.
    """

    def __init__(
        self,
        policy: Policy,
        also: Sequence[Condition] = (),
        *,
        measure: int = MEASURE,
        none_of: Sequence[str] = (),
    ) -> None:
        self.policy = policy
        self.asked = tuple(asked(policy, also))
        self._also = tuple(also)
        self._measure = measure
        self._none_of = tuple(none_of)
        search = self._search()
        self.parts = tuple(dict.fromkeys(p for c in self.asked for p in _free_parts(policy, c, yes=True)))
        self.all = tuple(self._found(search))

    def _search(self) -> Search:
        search = Search([self.policy], self._also, measure=self._measure)
        facts = search.account.facts
        search.suppose(facts["late"].value)
        search.suppose(z3.Not(facts["outcome_unknown"].value))
        for name in self._none_of:
            if name in facts:
                search.suppose(*(z3.Not(inside) for inside in facts[name].members.values()))
        return search

    def _bits(self, search: Search) -> list[z3.BoolRef]:
        outcome = decide(self.policy, search.ask, search.account.facts)
        truths = ((search.ask.truth(part, outcome), yes) for part, yes in self.parts)
        return [truth.yes if yes else truth.no for truth, yes in truths]

    def _found(self, search: Search) -> Iterator[Situation]:
        bits = self._bits(search)
        count = 0
        while search.is_possible():
            model = search.model()
            ways = tuple(is_true_in(model, bit) for bit in bits)
            yield Situation(search.facts(model), ways)
            same = [bit if way else search.ask.not_(bit) for bit, way in zip(bits, ways, strict=True)]
            search.suppose(search.ask.not_(search.ask.both(*same)))
            count += 1
            if count > MANY:
                raise TooMany

    def plainest(self, situation: Situation, *more: Condition) -> Facts:
        """The plainest account in the situation of which the conditions hold as well, where there is one."""
        search = self._search()
        for bit, way in zip(self._bits(search), situation.ways, strict=True):
            search.suppose(bit if way else search.ask.not_(bit))
        for condition in more:
            holds = search.ask.holds(condition, search.account.facts)
            if search.is_possible(holds):
                search.suppose(holds)
        try:
            return search.facts(search.plainest())
        except Unsettled:
            return situation.facts


# What is asked.


def asked(policy: Policy, also: Sequence[Condition] = ()) -> Iterator[Condition]:
    """Every condition on which it hangs which stage is proposed, and whether the further ones hold."""
    found = [layers.stops(policy, Stops.STAGES), layers.NOTHING_LEFT, layers.too_small(policy), *also]
    for ladder in policy.ladders:
        found.append(Is("ladder", (ladder.id,)))
        for stage in ladder.stages:
            found += [layers.stands(ladder, stage), layers.eligible(ladder, stage), layers.repeats(ladder, stage)]
            found += [stage.reached, layers.gap_is_open(ladder, stage), layers.cap_allows(policy, stage)]
    if _read(also) & {"put_off"}:
        found += [layers.closed_today(stage) for stage in policy.stages()]
    if _read(also) & {"tone"}:
        found += [limit.when for limit in policy.tone_limits]
        found += [Is("exception__tone", (tone,)) for tone in policy.tones]
    if _read(also) & {"asked_today", "placed_today", "released_today", "points"}:
        found += [layers.asks(rule) for rule in policy.sales]
        found += [rule.when for rule in policy.sales if rule.stands_down]
        found.append(layers.stops(policy, Stops.SALES))
    if _read(also) & {"placed_today", "released_today", "points"}:
        for hold in policy.holds:
            found += [layers.wants_hold(hold), layers.may_place(policy, hold), layers.releases(hold)]
    if _read(also) & {"points"}:
        found += [points.when for points in policy.worklist]
    # A pause that hangs on what was executed is no situation by itself: its parts are.
    read = _read(found)
    found += [pause.when for pause in policy.account_pauses if not _is_free(policy, Includes("pauses", pause.id))]
    if "segment" in read or (policy.choose_ladder.by == "segment" and policy.choose_ladder.of):
        found += [segment.when for segment in policy.segments]
    yield from found


def _read(conditions: Iterable[Condition]) -> frozenset[str]:
    return frozenset(leaf.fact for condition in conditions for leaf in leaves(condition))


def _free_parts(policy: Policy, condition: Condition, *, yes: bool) -> Iterator[tuple[Condition, bool]]:
    """The largest parts that read only what is free, each with whether it is asked to hold or not to."""
    if all(_is_free(policy, leaf) for leaf in leaves(condition)):
        if list(leaves(condition)):
            yield condition, yes
        return
    match condition:
        case All(parts) | Any(parts):
            for part in parts:
                yield from _free_parts(policy, part, yes=yes)
        case Not(part):
            yield from _free_parts(policy, part, yes=not yes)
        case _:
            return


def _is_free(policy: Policy, leaf: Condition) -> bool:
    """Say whether a test of one fact reads nothing that days and deeds move."""
    if isinstance(leaf, Includes) and leaf.fact == "pauses":
        return _all_free(policy, [p.when for p in policy.account_pauses if p.id == leaf.member])
    (fact,) = {found.fact for found in leaves(leaf)}
    if fact == "paused":
        return _all_free(policy, (pause.when for pause in _stopping(policy)))
    if fact in {"segment", "ladder"}:
        return _all_free(policy, (segment.when for segment in policy.segments))
    known = ACCOUNT.get(fact)
    if known is not None and known.layer >= Layer.PAUSE:
        return False
    moved = {clock.fact for clock in clocks(policy)}
    return fact not in MOVED and fact not in moved and not fact.startswith(("days_since__", "times__"))


def _stopping(policy: Policy) -> Iterator[AccountPause]:
    return (pause for pause in policy.account_pauses if Stops.STAGES in pause.stops)


def _all_free(policy: Policy, conditions: Iterable[Condition]) -> bool:
    return all(_is_free(policy, leaf) for condition in conditions for leaf in leaves(condition))


def why_not(policy: Policy, also: Sequence[Condition] = ()) -> str:
    """What of the policy, or of the further conditions, cannot be followed from day to day; empty where all can."""
    asked_of = [reading.condition for reading in account_conditions(policy)]
    for name in sorted(_read([*asked_of, *also]) & OF_THE_DAY):
        return f"a condition reads `{name}`"
    if policy.late.basis.value != "due_date":
        return f"days past due are counted from the {policy.late.basis.value}"
    if policy.late.day_count.value != "calendar":
        return "the policy counts business days"
    for clock in clocks(policy):
        if clock.period.value != "days" or clock.month_end or clock.since is Since.INVOICE_DATE:
            return f"a stage counts {clock.period.value} from the {clock.since.value}" + (
                ", rounded to the end of the month" if clock.month_end else ""
            )
    if not policy.ladders or (
        all(c == NONE for c in (policy.choose_ladder.otherwise,)) and not policy.choose_ladder.of
    ):
        return "no account climbs a ladder"
    return ""
