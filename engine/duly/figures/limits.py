"""Which credit limits should change, by the policy's rules and by what the last twelve months show.

Proposals come from the rules of `credit_limits:`. A rule reads the facts of the whole
account, whatever the ladder's unit is, and what was decided today; where several
hold, the lowest limit is proposed, so their order means nothing. Caps bound a
proposal and never turn it round. Beside them stand findings: limits that are too
tight and limits that are too generous, whether or not a rule says so.

Nothing is changed here: a limit is set by the people who must sign. Amounts are in
the currency of the limit, the policy's where there is none yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum

from duly.book.again import AccountFacts
from duly.book.available import missing_for
from duly.book.book import Book
from duly.book.counting import Counting
from duly.book.facts import build_facts, facts_from
from duly.book.lateness import Ledger
from duly.book.raw import AccountRows, money_rows, raw_rows
from duly.figures.usage import Usage, usage_of
from duly.language.conditions import Facts, Value
from duly.language.policy import CreditLimitRule, Policy, Unit
from duly.rules.meaning import decide
from duly.rules.trace import decided, values_read
from duly.source import Problem, Refused, Severity

DATA = 4
PREFIX = "limits_"
SIGNATURES = 2

NEAR_PCT = 85
"""A limit used to this per cent and more is nearly used up."""

LEAST_MONTHS = 6
"""So many month ends with a limit it takes to say how it is used."""

SELDOM_PCT = 10
"""A limit that was never used beyond this per cent is not needed."""

PAYS_WELL_DAYS = 5
"""Who paid at most this many days late on average, broke no promise and has nothing long overdue pays well."""

LONG_OVERDUE_DAYS = 30
PAYS_SLOWLY_DAYS = 30

HEADROOM_PCT = 150
"""What history supports is the highest exposure of twelve months with this headroom; who pays slowly gets none."""


class Direction(Enum):
    """Which way a limit goes."""

    RAISE = "raise"
    LOWER = "lower"
    SET = "set"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new limit by a rule: what it is now (None: no limit), what it would be, and who must sign.

    `outweighed` are other rules that hold as well: the lowest limit counts. `arithmetic` says
    how the figure came about. `held_back` says why a rule that holds leads to
    nothing, and is empty for a proposal; such a one leaves the limit as it is.
    """

    creditor: str
    customer: str
    rule: CreditLimitRule
    direction: Direction
    currency: str
    now: int | None
    then: int
    arithmetic: str
    reasons: tuple[tuple[str, Value], ...]
    usage: Usage
    outweighed: tuple[str, ...] = ()
    held_back: str = ""


class Sort(Enum):
    """What is wrong with a limit."""

    TOO_TIGHT = "too_tight"
    """Always near the limit, and paying well."""
    NEVER_USED = "never_used"
    ABOVE_HISTORY = "above_history"


@dataclass(frozen=True, slots=True)
class Finding:
    """A limit that does not fit, with the figures that say so; `proposed` names the rule that would change it."""

    creditor: str
    customer: str
    sort: Sort
    currency: str
    limit: int
    figures: str
    usage: Usage
    proposed: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is proposed, what rules ask in vain, what does not fit, and what could not be said.

    `untold` are accounts whose past the book leaves out; `left_out` those with a
    fact beyond what it can be; `no_limit` counts accounts without a limit.
    """

    as_of: date
    proposals: tuple[Proposal, ...] = ()
    held_back: tuple[Proposal, ...] = ()
    findings: tuple[Finding, ...] = ()
    untold: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    no_limit: int = 0
    warnings: tuple[Problem, ...] = ()


Key = tuple[str, str]
"""Creditor and customer."""


def limits_of(book: Book, policy: Policy, as_of: date, customer: str | None = None) -> Limits:
    """The proposals and findings about the limits of a book on a day, or of the account that one customer belongs to.

    Raises `Refused` (4) where the book lacks what the rules read, or an exchange rate.
    """
    read = by_account(policy)
    if missing := missing_for(book, read):
        raise Refused(missing, DATA)
    build_facts(book, read, as_of, prefix=PREFIX)
    asked = {
        (account.creditor, account.customer): account for account in facts_from(book.connection, read, prefix=PREFIX)
    }
    wanted = {who for _, who in asked} | {who for _, who in _with_lines(book, as_of)}
    rows = raw_rows(book, wanted if customer is None else [customer])
    counting = Counting(read, rows, as_of)
    proposals: list[Proposal] = []
    findings: list[Finding] = []
    untold: list[Key] = []
    no_limit = 0
    for key in sorted(key for key in rows.accounts if key in asked or rows.accounts[key].credit_lines):
        account = _Account(read, rows.accounts[key], counting, key, *_decided(read, asked.get(key)))
        no_limit += account.usage.limit is None
        proposal = account.proposal()
        proposals += [proposal] if proposal else []
        found = account.finding(proposal.rule.id if proposal and not proposal.held_back else "")
        findings += [found] if found else []
        untold += [key] if account.usage.limit is not None and not account.usage.is_told else []
    return Limits(
        as_of,
        proposals=tuple(p for p in proposals if not p.held_back),
        held_back=tuple(p for p in proposals if p.held_back),
        findings=tuple(findings),
        untold=tuple(untold),
        left_out=tuple(_left_out(book)),
        no_limit=no_limit,
        warnings=tuple(_unsigned(policy)),
    )


def proposals_for(
    book: Book, policy: Policy, as_of: date, asking: Mapping[Key, tuple[Facts, tuple[str, ...]]]
) -> tuple[Proposal, ...]:
    """What the rules come down to for accounts of which it is decided already: those held back among them.

    `asking` has the facts of each account, with those decided on the day, and the ids of the
    rules that hold; of the facts only those that the rules read are looked at. The use of a
    limit is told without its month ends. Raises `Refused` (4) where an exchange rate is missing.
    """
    rows = money_rows(book, {customer for _, customer in asking})
    read = by_account(policy)
    counting = Counting(read, rows, as_of)
    found = (
        _Account(read, rows.accounts.get(key, AccountRows()), counting, key, *asking[key], by_month=False).proposal()
        for key in sorted(asking)
    )
    return tuple(proposal for proposal in found if proposal is not None)


def _decided(policy: Policy, account: AccountFacts | None) -> tuple[Facts | None, tuple[str, ...]]:
    """The facts of an account with those decided on the day, and the rules that hold."""
    if account is None:
        return None, ()
    decision = decide(policy, account.facts)
    return {**account.facts, **decided(decision)}, decision.limits


def by_account(policy: Policy) -> Policy:
    """The policy as limits read it: the whole account at once, whatever the ladder's unit is."""
    ladders = tuple(replace(ladder, unit=Unit.ACCOUNT) for ladder in policy.ladders)
    return replace(policy, ladders=ladders)


def _with_lines(book: Book, as_of: date) -> list[Key]:
    rows = book.connection.execute('SELECT DISTINCT creditor, customer FROM credit_lines WHERE "from" <= ?', [as_of])
    return [(creditor, customer) for creditor, customer in rows.fetchall()]


def _left_out(book: Book) -> Iterator[str]:
    rows = book.connection.execute(f'SELECT DISTINCT customer FROM "{PREFIX}out_of_bounds" ORDER BY 1').fetchall()
    yield from (customer for (customer,) in rows)


def _unsigned(policy: Policy) -> Iterator[Problem]:
    """A warning for every rule that asks fewer than two roles to sign."""
    for rule in policy.credit_limits:
        if len(set(rule.approval)) < SIGNATURES:
            lines = policy.lines.get(rule.span.file, ())
            yield Problem(
                "one-signature",
                rule.span,
                f"the credit limit rule `{rule.id}` asks for fewer than two signatures",
                "a limit is set jointly: `approval: [credit_manager, sales_manager]`",
                lines[rule.span.line - 1] if 0 < rule.span.line <= len(lines) else "",
                Severity.WARNING,
            )


class _Account:
    """One account: the rules asked about it, and its use of its limit."""

    def __init__(
        self,
        policy: Policy,
        rows: AccountRows,
        counting: Counting,
        key: Key,
        facts: Facts | None = None,
        asking: tuple[str, ...] = (),
        *,
        by_month: bool = True,
    ) -> None:
        self.policy, self.counting, self.key = policy, counting, key
        self.facts, self.asking = facts, asking
        self.usage = usage_of(Ledger(rows, counting), self.policy.currency, by_month=by_month)

    # Rules.

    def proposal(self) -> Proposal | None:
        """What the rules come down to; None where none holds."""
        if self.facts is None:
            return None
        facts = self.facts
        asked = [self._asked(rule, facts) for rule in self.policy.credit_limits if rule.id in self.asking]
        changing = sorted((p for p in asked if not p.held_back), key=lambda p: (p.then, p.rule.id))
        if not changing:
            return min(asked, key=lambda p: p.rule.id, default=None)
        first = changing[0]
        others = tuple(sorted(p.rule.id for p in asked if p.rule.id != first.rule.id))
        return replace(first, outweighed=others)

    def _asked(self, rule: CreditLimitRule, facts: Facts) -> Proposal:
        now = self.usage.limit
        made = Proposal(
            creditor=self.key[0],
            customer=self.key[1],
            rule=rule,
            direction=direction_of(rule),
            currency=self.usage.currency,
            now=now,
            then=now or 0,
            arithmetic="",
            reasons=values_read(rule.when, facts),
            usage=self.usage,
        )
        if now is None and rule.set_to is None:
            return replace(made, held_back="there is no limit to change")
        asked, then = asked_for(rule, now or 0, self._own)
        capped = ""
        if then != asked:
            capped = f", {'at most' if then < asked else 'at least'} {self.usage.shown(then)}"
        arithmetic = f"{_said(rule)} is {self.usage.shown(asked)}{capped}"
        if now is not None and not is_change(made.direction, now, then):
            why = f"{arithmetic}; the limit is {self.usage.shown(now)} already"
            return replace(made, arithmetic=arithmetic, held_back=why)
        return replace(made, then=then, arithmetic=arithmetic)

    def _own(self, amount: int) -> int:
        """An amount of the policy in the currency of the limit, at the day's rate."""
        return self.counting.convert(amount, self.policy.currency, self.usage.currency)

    # What does not fit.

    def finding(self, proposed: str) -> Finding | None:
        """The one thing that does not fit about the limit, or None; of the generous ones the plainest."""
        usage = self.usage
        if usage.limit is None or usage.limit <= 0 or not usage.is_told or len(usage.month_ends) < LEAST_MONTHS:
            return None
        for sort, figures in self._misfits(usage, usage.limit):
            return Finding(*self.key, sort, usage.currency, usage.limit, figures, usage, proposed)
        return None

    def _misfits(self, usage: Usage, limit: int) -> Iterator[tuple[Sort, str]]:
        months, shown = len(usage.month_ends), usage.shown
        used = [month.used_pct for month in usage.month_ends]
        if min(used) >= NEAR_PCT and (paying := self._paying_well()):
            yield Sort.TOO_TIGHT, f"used to {min(used)} % or more at each of {months} month ends; {paying}"
        if usage.peak * 100 <= limit * SELDOM_PCT:
            most = f"the most owed in twelve months was {shown(usage.peak)}"
            yield Sort.NEVER_USED, f"{most}, {usage.peak * 100 // limit} % of {shown(limit)}"
        headroom = 100 if self._pays_slowly() else HEADROOM_PCT
        supported = usage.peak * headroom // 100
        if limit > supported:
            slow = f", who paid {self._days_late()} days late on average" if headroom == 100 else ""  # noqa: PLR2004
            peak = f"the most owed in twelve months was {shown(usage.peak)}, on {usage.peak_day}"
            yield Sort.ABOVE_HISTORY, f"{peak}; {headroom} % of it is {shown(supported)}{slow}"

    def _days_late(self) -> int | None:
        days = self.facts["average_days_late"] if self.facts else None
        return days if isinstance(days, int) else None

    def _paying_well(self) -> str:
        """The figures that say that the customer pays well, or nothing."""
        days = self._days_late()
        if self.facts is None or days is None or days > PAYS_WELL_DAYS:
            return ""
        broken, overdue = self.facts["broken_promises_12_months"], self.facts["days_past_due"]
        if broken or not isinstance(overdue, int) or overdue > LONG_OVERDUE_DAYS:
            return ""
        return f"paid {days} days late on average, no promise broken, nothing over {LONG_OVERDUE_DAYS} days past due"

    def _pays_slowly(self) -> bool:
        days = self._days_late()
        return days is not None and days > PAYS_SLOWLY_DAYS


def direction_of(rule: CreditLimitRule) -> Direction:
    """Which way a rule would move a limit."""
    if rule.set_to is not None:
        return Direction.SET
    return Direction.RAISE if rule.raise_pct else Direction.LOWER


def asked_for(rule: CreditLimitRule, now: int, own: Callable[[int], int]) -> tuple[int, int]:
    """What a rule makes of a limit before its caps and after them; per cents are rounded down to whole minor units.

    `own` converts an amount of the policy to the currency of the limit.
    """
    asked = now * (100 + rule.raise_pct - rule.lower_pct) // 100 if rule.set_to is None else own(rule.set_to)
    then = asked if rule.up_to is None else min(asked, own(rule.up_to))
    return asked, then if rule.down_to is None else max(then, own(rule.down_to))


def is_change(direction: Direction, now: int, then: int) -> bool:
    """Say whether a limit goes the way it was asked to; caps may leave nothing of a change, or turn it round."""
    match direction:
        case Direction.RAISE:
            return then > now
        case Direction.LOWER:
            return then < now
        case Direction.SET:
            return then != now


def _said(rule: CreditLimitRule) -> str:
    """What the rule asks for, in words."""
    match direction_of(rule):
        case Direction.RAISE:
            return f"{rule.raise_pct} % more"
        case Direction.LOWER:
            return f"{rule.lower_pct} % less"
        case Direction.SET:
            return "the limit of the rule"


def by_roles(proposals: Iterable[Proposal]) -> Mapping[tuple[str, ...], int]:
    """How many proposals wait for each set of roles."""
    counted: dict[tuple[str, ...], int] = {}
    for proposal in proposals:
        counted[proposal.rule.approval] = counted.get(proposal.rule.approval, 0) + 1
    return counted
