"""Rewards for being paid in time: for each person a sum that can be worked out again from its lines by hand.

A statement is about one person in one role with one creditor, for days of one quarter,
in the policy's currency. The share in time is that of the scorecard; where it
reaches the goal, a per cent of the cash in time is paid. A commission follows the
invoice and is held back until the customer pays; buddies get a bonus together. Every
sum is rounded once, half away from zero, to the minor unit. Lines that a finding keeps
back count for nothing until somebody has looked at it; what fell due stays in the share, and
so does what would have fallen due there.

A commission on what was credited, or written off unpaid, is taken back, so that a sum may be below
nothing: it then stands against later pay. Nothing is paid by this: it is a proposal of figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from duly.book.book import Book
from duly.book.rates import Rates, Ratio, missing_rate
from duly.figures.needs import place, refuse_balances, refuse_lacking
from duly.figures.reward_guards import Finding, blind_spots, findings_of
from duly.figures.reward_lines import Line, Period, Role, Sort, lines_of
from duly.language.policy import Policy, Reward
from duly.money import SCALES, format_decimal
from duly.source import NOWHERE, Problem, Refused, Severity

DATA, POLICY = 4, 3

NEEDED: tuple[tuple[str, ...], ...] = (
    ("payments",),
    ("invoices.invoice_date",),
    ("customers.salesperson", "customers.collector"),
)

DECIMALS = 10
"""Per cents and rates are shown as decimals of at most so many digits; both have fewer."""

Buddies = Collection[tuple[str, str]]
"""Salesperson and collector of each pair."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sum: what it is, the arithmetic in words, and what came of it: money, a per cent, or neither."""

    name: str
    working: str = ""
    amount: int | None = None
    currency: str = ""
    per_cent: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """What a person is to get in a role from a creditor, in minor units of the policy's currency.

    `share` is the share in time, None where nothing fell due. `kept_back` is what the
    reward would be more if all that waits for a look were counted.
    """

    person: str
    role: Role
    creditor: str
    share: Fraction | None
    cash_in_time: int
    for_cash: int
    commission: int
    bonus: int
    reward: int
    kept_back: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Rewards:
    """Everybody's statements for a period, with the lines they are made of and what has to be looked at."""

    period: Period
    currency: str
    lines: tuple[Line, ...]
    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...]
    looked_at: frozenset[str]
    warnings: tuple[Problem, ...] = ()

    def lines_of(self, statement: Statement) -> tuple[Line, ...]:
        """The lines that a statement is worked out from; what is issued and paid is the salesperson's alone."""
        return tuple(line for line in self.lines if _is_of(line, statement.role, statement.person, statement.creditor))

    def keeping_back(self, statement: Statement) -> Mapping[Line, Finding]:
        """The finding that keeps each line of a statement out of it."""
        return _kept(self.findings, statement.role, self.looked_at)


def rewards(
    book: Book, policy: Policy, period: Period, buddies: Buddies = (), looked_at: Collection[str] = ()
) -> Rewards:
    """The rewards of a period; `looked_at` are the ids of findings whose lines count, because a manager has looked.

    Raises `Refused`: 3 where the policy promises no reward, 4 where the book lacks a table or a rate, gives
    balances instead of payments, or has no finding of an id.
    """
    reward = policy.together.reward
    if reward is None:
        span = policy.places.get("/together", policy.span)
        help_ = "write `reward: {on_time_share: {at_least_pct: 90}, salesperson_pct: 1}` under `together`"
        raise Refused([Problem("no-reward", span, "the policy promises no reward", help_)], POLICY)
    refuse_lacking(book, "a reward", NEEDED)
    refuse_balances(book, "a reward")
    lines = lines_of(book, policy, period)
    findings = findings_of(book, period, lines)
    _refuse_unknown(looked_at, findings)
    seen = frozenset(looked_at)
    lines += tuple(line for finding in findings if finding.id not in seen for line in finding.adds)
    work = _Work(reward, policy.currency, period, lines, buddies, _rates(book, policy, period, lines))
    return Rewards(
        period=period,
        currency=policy.currency,
        lines=lines,
        statements=tuple(work.statements(findings, seen)),
        findings=findings,
        looked_at=seen,
        warnings=(*_not_over(book, period), *blind_spots(book)),
    )


def _not_over(book: Book, period: Period) -> Iterator[Problem]:
    if book.newest is not None and book.newest < period.last:
        message = f"the book tells of days up to {book.newest}, so what falls due later counts as not settled in time"
        help_ = f"ask for it again when the book is of {period.last}, or end with `--to {book.newest}`"
        yield Problem("period-not-over", place(book), message, help_, severity=Severity.WARNING)


def _refuse_unknown(looked_at: Collection[str], findings: Sequence[Finding]) -> None:
    known = {finding.id for finding in findings}
    if unknown := sorted(set(looked_at) - known):
        help_ = "the ids stand beside the findings; one that is gone needs no look"
        message = "there is no finding {}"
        raise Refused([Problem("unknown-finding", NOWHERE, message.format(f"`{one}`"), help_) for one in unknown], DATA)


def _rates(book: Book, policy: Policy, period: Period, lines: Sequence[Line]) -> dict[str, Ratio]:
    rates = Rates.of(book.connection)
    found = {one: rates.ratio(period.last, one, policy.currency) for one in sorted({line.currency for line in lines})}
    if missing := [missing_rate(period.last, one, policy.currency) for one, ratio in found.items() if ratio is None]:
        raise Refused(missing, DATA)
    return {one: ratio for one, ratio in found.items() if ratio}


def _kept(findings: Sequence[Finding], role: Role, looked_at: Collection[str]) -> dict[Line, Finding]:
    return {
        line: finding
        for finding in reversed(findings)
        if role in finding.roles and finding.id not in looked_at
        for line in finding.keeps_back
    }


def _is_of(line: Line, role: Role, person: str, creditor: str) -> bool:
    return line.creditor == creditor and line.who(role) == person and line.sort in SORTS[role]


SORTS: Mapping[Role, frozenset[Sort]] = {
    Role.SALESPERSON: frozenset(Sort),
    Role.COLLECTOR: frozenset({Sort.CASH, Sort.EARLIER, Sort.DUE}),
}


@dataclass(frozen=True, slots=True)
class _Earned:
    """What some lines earn by themselves, before floor and cap."""

    share: Fraction | None
    cash: int
    for_cash: int
    commission: int
    bonus: int
    total: int
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Work:
    terms: Reward
    currency: str
    period: Period
    lines: Sequence[Line]
    buddies: Buddies
    rates: Mapping[str, Ratio]

    def statements(self, findings: Sequence[Finding], looked_at: Collection[str]) -> Iterator[Statement]:
        """Everybody's statements, by person, role and creditor."""
        by: dict[tuple[str, Role, str], list[Line]] = defaultdict(list)
        of_pairs: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
        for line in self.lines:
            for role in Role:
                if line.who(role) and line.sort in SORTS[role]:
                    by[line.who(role), role, line.creditor].append(line)
            if line.sort is Sort.DUE:
                of_pairs[line.salesperson, line.collector, line.creditor].append(line)
        kept = {role: _kept(findings, role, looked_at) for role in Role}
        for (person, role, creditor), own in sorted(
            by.items(), key=lambda one: (one[0][0], one[0][1].value, one[0][2])
        ):
            theirs = {
                pair: of_pairs.get((*pair, creditor), [])
                for pair in sorted(self.buddies)
                if pair[0 if role is Role.SALESPERSON else 1] == person
            }
            earned = self._earned(role, own, theirs, kept[role])
            freely = self._earned(role, own, theirs, {}) if kept[role] else earned
            yield Statement(
                person, role, creditor, earned.share, earned.cash, earned.for_cash, earned.commission, earned.bonus,
                earned.total, freely.total - earned.total, earned.steps,
            )  # fmt: skip

    def _earned(
        self,
        role: Role,
        own: Sequence[Line],
        pairs: Mapping[tuple[str, str], Sequence[Line]],
        kept: Mapping[Line, Finding],
    ) -> _Earned:
        steps: list[Step] = []
        share = self._share(own, kept, steps, "")
        reached = share is not None and share >= self.terms.on_time_at_least_pct
        cash = self._sum("cash in time", _counted(own, {Sort.CASH, Sort.EARLIER}, kept), steps)
        for_cash = self._for_cash(role, cash, reached, steps)
        commission = self._commission(own, kept, steps) if role is Role.SALESPERSON else 0
        bonus = sum(self._bonus(pair, theirs, kept, steps) for pair, theirs in pairs.items())
        total = for_cash + commission + bonus
        parts = " + ".join(self._shown(part) for part in (for_cash, commission, bonus))
        steps.append(Step("sum", parts, total, self.currency))
        if reached and total < self.terms.at_least:
            total = self.terms.at_least
            steps.append(Step("floor", "the goal is reached, so not less than", total, self.currency))
        if self.terms.at_most is not None and total > self.terms.at_most:
            total = self.terms.at_most
            steps.append(Step("cap", "not more than", total, self.currency))
        steps.append(Step("reward", "", total, self.currency))
        return _Earned(share, cash, for_cash, commission, bonus, total, tuple(steps))

    def _share(
        self, lines: Sequence[Line], kept: Mapping[Line, Finding], steps: list[Step], of: str
    ) -> Fraction | None:
        due_lines = [line for line in lines if line.sort is Sort.DUE]
        due = self._sum(f"fell due{of}", due_lines, steps)
        in_time = self._sum(f"settled in time{of}", _counted(due_lines, {Sort.DUE}, kept), steps)
        share = Fraction(in_time * 100, due) if due > 0 else None
        working = (
            f"{self._shown(in_time)} / {self._shown(due)} × 100" if due > 0 else "nothing fell due, so there is none"
        )
        steps.append(Step(f"share in time{of}", working, per_cent=share))
        return share

    def _sum(self, name: str, lines: Sequence[Line], steps: list[Step]) -> int:
        """The amounts added up in the policy's currency; each other currency is converted once."""
        by: dict[str, int] = defaultdict(int)
        for line in lines:
            by[line.currency] += line.amount
        total = 0
        for currency, amount in sorted(by.items()):
            if currency == self.currency:
                total += amount
                continue
            ratio = self.rates[currency]
            converted = ratio.convert(abs(amount)) * (-1 if amount < 0 else 1)
            rate = Fraction(ratio.numerator * 10 ** SCALES[currency], ratio.denominator * 10 ** SCALES[self.currency])
            worth = (
                f"{format_decimal(amount, currency, separator=',')} × {_exact(rate)}, the rate of {self.period.last}"
            )
            steps.append(Step(f"{name}, from {currency}", worth, converted, self.currency))
            total += converted
        steps.append(Step(name, "the lines added up", total, self.currency))
        return total

    def _for_cash(self, role: Role, cash: int, reached: bool, steps: list[Step]) -> int:  # noqa: FBT001
        terms = self.terms
        pct = terms.salesperson_pct if role is Role.SALESPERSON else terms.collector_pct
        name = "for cash in time"
        if not reached:
            steps.append(Step(name, f"the goal of {terms.on_time_at_least_pct} % is not reached", 0, self.currency))
            return 0
        amount = rounded(pct * cash / 100)
        steps.append(Step(name, f"{_exact(pct)} % of {self._shown(cash)}", amount, self.currency))
        return amount

    def _commission(self, own: Sequence[Line], kept: Mapping[Line, Finding], steps: list[Step]) -> int:
        terms = self.terms.commission
        if terms is None:
            return 0
        issued = self._sum("issued", _counted(own, {Sort.ISSUED}, kept), steps)
        paid = self._sum("paid", _counted(own, {Sort.PAID}, kept), steps)
        held = terms.held_back_until_paid_pct
        amount = rounded(terms.pct / 100 * (issued * (100 - held) + paid * held) / 100)
        working = (
            f"{_exact(terms.pct)} % of ({self._shown(issued)} × {_exact(100 - held)} % "
            f"+ {self._shown(paid)} × {_exact(held)} %)"
        )
        steps.append(Step("commission", working, amount, self.currency))
        return amount

    def _bonus(
        self, pair: tuple[str, str], theirs: Sequence[Line], kept: Mapping[Line, Finding], steps: list[Step]
    ) -> int:
        terms = self.terms.team_bonus
        if terms is None:
            return 0
        of = f" of {' and '.join(pair)}"
        share = self._share(theirs, kept, steps, of)
        reached = share is not None and share >= terms.at_least_pct
        amount = terms.amount if reached else 0
        working = f"the goal of {terms.at_least_pct} % together is {'' if reached else 'not '}reached"
        steps.append(Step(f"team bonus{of}", working, amount, self.currency))
        return amount

    def _shown(self, amount: int) -> str:
        return format_decimal(amount, self.currency, separator=",")


def rounded(amount: Fraction) -> int:
    """Whole minor units, half away from zero."""
    whole = (2 * abs(amount) + 1) // 2
    return -whole if amount < 0 else whole


def _counted(lines: Sequence[Line], sorts: Collection[Sort], kept: Mapping[Line, Finding]) -> list[Line]:
    return [line for line in lines if line.sort in sorts and line.counts and line not in kept]


def _exact(number: Fraction) -> str:
    """The number as a decimal where it is one of few digits, else as a fraction."""
    for digits in range(DECIMALS + 1):
        if (number * 10**digits).denominator == 1:
            return f"{Decimal(int(number * 10**digits)).scaleb(-digits):f}"
    return f"{number.numerator}/{number.denominator}"
