"""The facts of a customer of whom only a few are said.

What follows from the facts given is filled in: who is 45 days past due is late with
one invoice, what was executed 3 days ago was a contact 3 days ago. All else is
zero, no, none or unknown, and the customer can be reached on a day open for contact.
What is given is never changed; where it cannot be true of any account, `contradictions` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from duly.language.conditions import Value, facts_read
from duly.language.invariants import Implies, Invariant, invariants, is_true_of
from duly.language.policy import Basis, Clock, DayCount, Period, Policy, Since
from duly.language.reads import OWN, FactColumn, clocks, fact_columns
from duly.language.vocabulary import ACCOUNT, Type
from duly.rules.decision import NONE

USUALLY: Mapping[str, bool] = {"contact_day": True, "has_email": True, "has_address": True}
"""What is so of most customers."""

USUAL_WORD: Mapping[str, str] = {"relationship": "normal", "creditor": "main", "exception__ladder": ""}

AGED = (("aged_0_30", 30), ("aged_31_60", 60), ("aged_61_90", 90), ("aged_91_120", 120))
"""The aging facts with the last day of each; what is older counts as `aged_over_120`."""


class Completing:
    """Completes what is said of customers, for one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.columns = fact_columns(policy)
        self.plain = {c.name: _plainest(policy, c) for c in self.columns if not c.member}
        self.plain |= {name: frozenset() for name, fact in ACCOUNT.items() if _is_given_set(fact.type, fact.layer)}
        self.own = tuple(c.name for c in self.columns if c.name.endswith(OWN))
        self.clocks = clocks(policy)
        self.stages = {stage.id: stage.contacts for stage in policy.stages()}
        self.invariants = invariants(policy)

    def facts(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Every fact that the policy's decisions read."""
        facts = {**self.plain, **{name: value for name, value in given.items() if name in self.plain}}
        said = frozenset(given)
        self._lateness(facts, said)
        self._money(facts, said)
        self._words(facts, said)
        self._stages(facts, said)
        self._contacts(facts, said)
        return facts

    def contradictions(self, facts: Mapping[str, Value]) -> Iterator[Invariant]:
        """What is true of every account and not of these facts."""
        return (one for one in self.invariants if not is_true_of(one, facts))

    def _lateness(self, facts: dict[str, Value], said: frozenset[str]) -> None:
        grace, late = self.policy.late.grace_days, "late" in said
        clock = next((c.fact for c in self._clocks(Since.DUE_DATE)), "")
        counted = facts.get(clock) if clock in said and self.policy.late.basis is Basis.DUE_DATE else None
        if "days_past_due" not in said and isinstance(counted, int) and counted > grace:
            facts["days_past_due"] = counted
        elif "days_past_due" not in said and (facts["late"] is True or _over(facts["past_due"], 0)):
            facts["days_past_due"] = grace + 1
        if not late:
            facts["late"] = _over(facts["days_past_due"], grace)
        if facts["late"] is True and "late_count" not in said:
            facts["late_count"] = 1
        _at_least(facts, said, "late_count_with_disputed", "late_count")
        _at_least(facts, said, "open_count", "late_count_with_disputed")
        if self.policy.late.basis is not Basis.DUE_DATE:
            return
        for counting in self._clocks(Since.DUE_DATE):
            if counting.fact not in said and facts["late"] is True:
                facts[counting.fact] = facts["days_past_due"]
            elif counting.fact not in said and isinstance(to_due := facts["days_to_due"], int):
                facts[counting.fact] = -to_due

    def _money(self, facts: dict[str, Value], said: frozenset[str]) -> None:
        _at_least(facts, said, "past_due_with_disputed", "past_due")
        _at_least(facts, said, "open_amount", "past_due_with_disputed")
        _at_least(facts, said, "open_amount", "disputed_amount")
        past_due, count, days = _number(facts["past_due"]), _number(facts["late_count"]), facts["days_past_due"]
        if "largest_late" not in said and count > 0:
            facts["largest_late"] = -(-past_due // count)
        bucket = next((name for name, most in AGED if _number(days) <= most), "aged_over_120")
        aged = {*(name for name, _ in AGED), "aged_over_120"}
        if facts["late"] is True and not said & aged:
            facts[bucket] = past_due
        limit = facts["credit_limit"]
        if "credit_used_pct" not in said and isinstance(limit, int) and limit > 0:
            facts["credit_used_pct"] = _number(facts["open_amount"]) * 100 // limit
        for name in self.own:
            if name not in said and facts["currency"] == self.policy.currency:
                facts[name] = facts[name.removesuffix(OWN)]

    def _words(self, facts: dict[str, Value], said: frozenset[str]) -> None:
        if "promises_open" not in said and facts["promise"] == "open":
            facts["promises_open"] = 1
        if "promise" not in said and _over(facts["promises_open"], 0):
            facts["promise"] = "open"
        if "dispute" not in said and _over(facts["disputed_amount"], 0):
            facts["dispute"] = "open"
        _at_least(facts, said, "broken_promises_12_months", "broken_promises")
        if "sales_asked" not in said:
            asked = (facts[name] for name in ("requests_open", "requests_answered", "requests_told"))
            facts["sales_asked"] = frozenset[str]().union(*(some for some in asked if isinstance(some, frozenset)))

    def _stages(self, facts: dict[str, Value], said: frozenset[str]) -> None:
        days = [value for stage in self.stages if isinstance(value := facts[f"days_since__{stage}"], int)]
        for stage in self.stages:
            if f"times__{stage}" not in said and facts[f"days_since__{stage}"] is not None:
                facts[f"times__{stage}"] = 1
        if "days_since_stage" not in said and days:
            facts["days_since_stage"] = min(days)
        if "days_since_last_stage" not in said:
            facts["days_since_last_stage"] = facts["days_since_stage"]
        if self.policy.late.day_count is DayCount.CALENDAR:
            for counting in self._clocks(Since.PREVIOUS_STAGE):
                if counting.fact not in said:
                    facts[counting.fact] = facts["days_since_stage"]

    def _contacts(self, facts: dict[str, Value], said: frozenset[str]) -> None:
        """An executed stage that reaches the customer was a contact."""
        made = {
            value for stage, reaches in self.stages.items()
            if reaches and isinstance(value := facts[f"days_since__{stage}"], int)
        }  # fmt: skip
        if "days_since_contact" not in said and made:
            facts["days_since_contact"] = min(made)
        if "contacted_today" not in said and 0 in made:
            facts["contacted_today"] = True
        cap = self.policy.limits.contacts_per_customer
        if "contacts_in_window" not in said and cap is not None:
            facts["contacts_in_window"] = sum(0 < days < cap.in_days for days in made)

    def _clocks(self, since: Since) -> Iterator[Clock]:
        """The clocks that count plain days since a day."""
        plain = (c for c in self.clocks if c.period is Period.DAYS and not c.month_end)
        return (c for c in plain if c.since is since)


def facts_of(invariant: Invariant) -> frozenset[str]:
    """The facts that an invariant speaks of."""
    if isinstance(invariant, Implies):
        return facts_read(invariant.if_) | facts_read(invariant.then)
    return frozenset((*invariant.some, *invariant.others)) | facts_read(invariant.where)


def fewest(completing: Completing, facts: Mapping[str, Value], first: Iterable[str] = ()) -> dict[str, Value]:
    """The fewest of the facts from which all of them follow, found by leaving out one after another.

    `first` are left out before any other where they can be.
    """
    given = {name: value for name, value in facts.items() if name in completing.plain}
    whole = completing.facts(given)
    # What one fact says may follow only once another is left out, so that one round is not enough.
    first, before = tuple(first), len(given) + 1
    while len(given) < before:
        before = len(given)
        for name in (*(name for name in first if name in given), *reversed(tuple(given))):
            fewer = {other: value for other, value in given.items() if other != name}
            if completing.facts(fewer) == whole:
                given = fewer
    return given


def _is_given_set(type_: Type, layer: int) -> bool:
    return type_ is Type.SET and layer == ACCOUNT["holds"].layer


def _plainest(policy: Policy, column: FactColumn) -> Value:
    match column:
        case FactColumn(name="currency"):
            return policy.currency
        case FactColumn(name=name) if name in USUAL_WORD:
            return USUAL_WORD[name]
        case FactColumn(unknown=True):
            return None
        case FactColumn(type=Type.YES_NO, name=name):
            return USUALLY.get(name, False)
        case FactColumn(type=Type.NUMBER | Type.MONEY | Type.PERCENT):
            return 0
        case _:
            return NONE


def _at_least(facts: dict[str, Value], said: frozenset[str], name: str, least: str) -> None:
    if name not in said:
        facts[name] = max(_number(facts[name]), _number(facts[least]))


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _over(value: Value, number: int) -> bool:
    return isinstance(value, int) and value > number
