"""Whether a policy does what a case expects.

Pure and quick: a customer is completed and decided by `meaning`, a ledger's facts
are derived from its rows day by day and decided likewise. The outcome is held
against what is expected word by word; what is done and not expected, and what is
expected of a day that nobody looked at, are findings like any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from duly.language.conditions import Facts, Value, facts_read
from duly.language.policy import Policy
from duly.language.reads import OWN
from duly.money import format_minor
from duly.plan.actions import Account
from duly.plan.overdue import Overdue
from duly.plan.plan import Because
from duly.review.cases.case import Case, Customer, Expected, Kept, Ledger, Wanted, What
from duly.review.cases.customer import Completing
from duly.review.cases.deeds import Done, Seen, deciders, rule_of, seen
from duly.review.cases.walk import walk
from duly.review.prove.broken import breaks
from duly.rules.meaning import decide
from duly.rules.trace import decided
from duly.source import Span

SOME_DAY = date(2000, 1, 1)
"""The day of a customer of whom only facts are known; nothing that is decided hangs on it."""

SOMEBODY = "somebody"

NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Finding:
    """Where a policy does otherwise than expected: `about` what, on which day, and why it is as it is."""

    about: str
    expected: str
    found: str
    span: Span
    on: date | None = None
    because: tuple[Because, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a case: what is otherwise than expected, and every day that was looked at."""

    case: Case
    findings: tuple[Finding, ...]
    days: tuple[Seen, ...]

    @property
    def passed(self) -> bool:
        """Say whether everything is as expected."""
        return not self.findings


class Runner:
    """Runs cases against one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.completing = Completing(policy)

    def run(self, case: Case) -> Result:
        """What becomes of the case."""
        days = tuple(self.days(case))
        return Result(case, tuple(_findings(self.policy, case, days)), days)

    def days(self, case: Case) -> Iterator[Seen]:
        """The days of the case, each as it was decided."""
        match case.subject:
            case Customer() as customer:
                yield self.customer(customer)
            case Ledger() as ledger:
                wanted = frozenset(one.on for one in case.expected if one.on)
                ahead = frozenset(e.on for e in case.expected if e.on and any(k.until for k in e.withheld or ()))
                yield from walk(self.policy, ledger, wanted, ahead)

    def customer(self, customer: Customer) -> Seen:
        """What a customer gets."""
        facts = self.completing.facts(customer.given)
        decision = decide(self.policy, facts)
        account = Account(
            environment="try",
            creditor=str(facts["creditor"]),
            customer=SOMEBODY,
            item="",
            episode="",
            facts={**facts, **decided(decision)},
            items=(),
            not_before="",
            as_of=SOME_DAY,
            overdue=dict.fromkeys(decision.tells, Overdue(SOME_DAY, SOME_DAY)),
        )
        return seen(self.policy, account, decision)


def run(policy: Policy, case: Case) -> Result:
    """What becomes of the case under the policy."""
    return Runner(policy).run(case)


# Expected and found.


def _findings(policy: Policy, case: Case, days: tuple[Seen, ...]) -> Iterator[Finding]:
    by_day: dict[date | None, list[Seen]] = {}
    for day in days:
        by_day.setdefault(day.on, []).append(day)
    for expected in case.expected:
        accounts = by_day.pop(expected.on, [])
        if len(accounts) == 1:
            yield from _of_day(policy, expected, accounts[0])
        else:
            found = f"{len(accounts)} accounts: say `about` which" if accounts else "no account to look at"
            yield Finding("the account", "one account", found, expected.span, expected.on)
    if isinstance(case.subject, Ledger) and not case.subject.free:
        for day in (day for accounts in by_day.values() for day in accounts):
            for done in day.done:
                yield Finding("action", NOTHING, action_text(done, policy.currency), case.span, day.on, done.because)


def _of_day(policy: Policy, expected: Expected, day: Seen) -> Iterator[Finding]:
    why = tuple(
        dict.fromkeys((*(b for d in day.done for b in d.because), *(b for w in day.withheld for b in w.because)))
    )
    for said in expected.said:
        found = _said(day, said.what)
        if found != said.value:
            yield Finding(said.what, _shown(said.value), _shown(found), said.span, day.on, why)
    if expected.actions is not None:
        yield from _actions(expected, expected.actions, day, policy.currency)
    if expected.withheld is not None:
        yield from _withheld(expected, expected.withheld, day)
    if expected.by is not None:
        yield from _deciders(policy, expected, day)
    yield from _promises(policy, expected, day, why)


def _promises(policy: Policy, expected: Expected, day: Seen, why: tuple[Because, ...]) -> Iterator[Finding]:
    by_id = {guarantee.id: guarantee for guarantee in policy.guarantees}
    for one in expected.keeps:
        guarantee = by_id[one.guarantee]
        read = facts_read(guarantee.condition) | facts_read(guarantee.then)
        facts = {**dict(_in_its_own(policy, day.account.facts, read)), **day.account.facts}
        if breaks(guarantee, facts, day.decision):
            yield Finding(f"guarantee {one.guarantee}", "it is kept", "it is broken", one.span, day.on, why)


def _in_its_own(policy: Policy, facts: Facts, read: frozenset[str]) -> Iterator[tuple[str, Value]]:
    """Amounts in the account's own currency that the guarantee reads and the rules do not: known where it is ours."""
    for name in read:
        if name.endswith(OWN):
            yield name, facts[name.removesuffix(OWN)] if facts["currency"] == policy.currency else None


def _said(day: Seen, what: str) -> Value:
    decision = day.decision
    beside: dict[str, Value] = {
        "next_stage": decision.next_stage,
        "repeat": decision.repeat,
        "stood_down": decision.stood_down,
    }
    return beside[what] if what in beside else day.account.facts[what]


def _actions(expected: Expected, wanted: tuple[Wanted, ...], day: Seen, currency: str) -> Iterator[Finding]:
    left = list(day.done)
    for one in wanted:
        met = next((done for done in left if _is(one, done)), None)
        if met is None:
            said, found = action_text(one, currency), _otherwise(one, left, currency)
            yield Finding("action", said, found, one.span, day.on, _why_not(one, day))
        else:
            left.remove(met)
    for done in left:
        yield Finding("action", NOTHING, action_text(done, currency), expected.span, day.on, done.because)


def _is(wanted: Wanted, done: Done) -> bool:
    return (
        (wanted.what, wanted.name) == (done.what, done.name)
        and wanted.for_role in {"", done.for_role}
        and wanted.approval in {None, done.approval}
        and wanted.to in {None, done.to}
    )


def _otherwise(wanted: Wanted, left: list[Done], currency: str) -> str:
    same = [done for done in left if done.what is wanted.what]
    return ", ".join(action_text(done, currency) for done in same) or NOTHING


def _why_not(wanted: Wanted, day: Seen) -> tuple[Because, ...]:
    """The reasons for what is withheld: of the hold or, where a stage is meant, of the stage."""
    holds = [thing for thing in day.withheld if thing.what == f"hold {wanted.name}"]
    stages = [thing for thing in day.withheld if not thing.what.startswith("hold ")]
    return tuple(why for thing in (holds if wanted.what is What.HOLD else stages) for why in thing.because)


def action_text(action: Done | Wanted, currency: str) -> str:
    """An action in words: what, for whom, to which credit limit, and who must sign."""
    for_role = f" for {action.for_role}" if action.for_role else ""
    to = "" if action.to is None else f" to {format_minor(action.to, currency)}"
    signed = f", signed by {' and '.join(sorted(action.approval))}" if action.approval else ""
    return f"{action.what.value} {action.name}{for_role}{to}{signed}"


def _withheld(expected: Expected, kept: tuple[Kept, ...], day: Seen) -> Iterator[Finding]:
    left = list(day.withheld)
    for one in kept:
        met = next((thing for thing in left if one.what in {thing.what, thing.what.partition(" ")[2]}), None)
        if met is None:
            yield Finding(f"withheld {one.what}", one.reason, "it is not withheld", one.span, day.on)
            continue
        left.remove(met)
        if met.reason != one.reason:
            yield Finding(f"withheld {one.what}", one.reason, met.reason, one.span, day.on, met.because)
        elif one.until is not None and met.next_possible != one.until:
            found = str(met.next_possible or "no coming day")
            yield Finding(f"withheld {one.what} until", str(one.until), found, one.span, day.on, met.because)
    for thing in left:
        yield Finding("withheld", NOTHING, f"{thing.what}: {thing.reason}", expected.span, day.on, thing.because)


def _deciders(policy: Policy, expected: Expected, day: Seen) -> Iterator[Finding]:
    did, else_ = deciders(policy, day)
    named: Counter[str] = Counter()
    for one in expected.by or ():
        meant = [rule for rule in (*sorted(did), *sorted(else_)) if one.rule in {rule, rule.rpartition(" ")[2]}]
        named.update(meant)
        if not meant:
            found = ", ".join(sorted(did)) or "no rule"
            yield Finding("deciding rule", one.rule, found, one.span, day.on, _reasons(day))
    for rule in sorted(did - named.keys()):
        yield Finding("deciding rule", NOTHING, rule, expected.span, day.on, _reasons(day, rule))


def _reasons(day: Seen, rule: str = "") -> tuple[Because, ...]:
    reasons = (why for done in day.done for why in done.because if not rule or rule_of(why) == rule)
    return tuple(dict.fromkeys(reasons))


def _shown(value: Value) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case frozenset():
            return ", ".join(sorted(value)) or NOTHING
        case _:
            return str(value)
