"""Credit limits as proposals: which rules hold is decided, what they come to is worked out, two people must sign.

A proposal is about the limit that is in force: once that is another one, it is another
proposal. It is never made twice, and a rule that has had its way rests a quarter before
it asks for the next change of the same account, so that a limit is reviewed and does
not melt away day by day. Nothing is proposed that fewer than two roles would sign.

Limits that do not fit and that no rule asks about are no business of a day's plan:
`duly limits` shows them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from duly.book.facts import build_facts
from duly.figures.limits import PREFIX, SIGNATURES, Key, Proposal, by_account, direction_of, proposals_for
from duly.journal.states import Standing
from duly.language.conditions import Facts, leaves
from duly.language.policy import CreditLimitRule, Policy, Unit
from duly.language.reads import FactColumn, fact_columns
from duly.language.sql import identifier
from duly.money import format_minor
from duly.plan.actions import CREDIT_MANAGER
from duly.plan.plan import Action, Because, Kind, Withheld
from duly.plan.together import OUTCOME_UNKNOWN, REJECTED_RESTS_DAYS, Ground, Made, What, action_for, key_for
from duly.rules.agreement import facts_of
from duly.rules.columnar import accounts_by_decision
from duly.rules.columnar import decide as decide_all
from duly.rules.trace import decided

RESTS_DAYS = REJECTED_RESTS_DAYS
"""A rule that has changed a limit does not ask again about it before so many days have passed."""

DECISIONS, ASKED = f"{PREFIX}decisions", f"{PREFIX}asked"


@dataclass(frozen=True, slots=True)
class Line:
    """A limit from a day on, in minor units of its currency."""

    day: date
    limit: int
    currency: str

    @property
    def period(self) -> str:
        """What makes a proposal one about this limit."""
        return f"{self.day.isoformat()}:{self.limit}{self.currency}"


NO_LIMIT = "no_limit"
"""What makes a proposal one for an account that has no limit."""


def limits_proposed(ground: Ground) -> Made:
    """The proposals of the day, and the rules that hold and lead to nothing, with the reason."""
    policy = ground.policy
    asking = _asking(ground) if policy.credit_limits else {}
    if not asking:
        return Made()
    alone = {rule.id for rule in policy.credit_limits if len(set(rule.approval)) < SIGNATURES}
    jointly = {key: (facts, rules) for key, (facts, asked) in asking.items() if (rules := _but(asked, alone))}
    lines = _lines(ground, {customer for _, customer in jointly})
    by_id = {rule.id: rule for rule in policy.credit_limits}
    jointly = {
        key: (facts, asked)
        for key, (facts, asked) in jointly.items()
        if not _is_proposed(ground, key, [by_id[id_] for id_ in asked], lines.get(key, ()))
    }
    actions: list[Action] = []
    withheld: list[Withheld] = []
    for proposal in proposals_for(ground.book, policy, ground.as_of, jointly) if jointly else ():
        known = lines.get((proposal.creditor, proposal.customer), ())
        reason = _kept_back(ground, proposal, known)
        if reason:
            withheld.append(_withheld(proposal, *reason))
        else:
            actions.append(_action(ground, proposal, _period(known, ground.as_of)))
    return Made(tuple(actions), tuple(withheld), tuple(_unsigned(policy, asking, alone)))


# Which rules hold.


def _asking(ground: Ground) -> Mapping[Key, tuple[Facts, tuple[str, ...]]]:
    """The accounts for which a rule holds, with their facts and the rules."""
    policy, connection = ground.policy, ground.book.connection
    if policy.unit is Unit.ACCOUNT:
        table, facts = "decisions", "account_facts"
    else:
        # A limit is the whole account's, whatever a message is about.
        policy = by_account(policy)
        table, facts = DECISIONS, f"{PREFIX}account_facts"
        build_facts(ground.book, policy, ground.as_of, prefix=PREFIX)
        decide_all(connection, policy, facts=facts, into=table)
    some_of = f"SELECT * FROM {identifier(table)} WHERE limits <> ''"
    connection.execute(f"CREATE OR REPLACE TABLE {ASKED} AS {some_of}")
    kinds = accounts_by_decision(connection, decisions=ASKED)
    keys = [key for some in kinds.values() for key in some]
    if not keys:
        return {}
    known = facts_of(connection, policy, keys, _columns_read(policy), table=facts)
    return {
        key[:2]: ({**known[key], **decided(decision)}, decision.limits)
        for decision, some in kinds.items()
        for key in some
    }


def _columns_read(policy: Policy) -> tuple[FactColumn, ...]:
    """The columns of the facts that the rules read, which are the reasons that a proposal gives."""
    read = {leaf.fact for rule in policy.credit_limits for leaf in leaves(rule.when)}
    return tuple(column for column in fact_columns(policy) if column.fact in read or column.name in read)


def _but(asked: Sequence[str], alone: set[str]) -> tuple[str, ...]:
    return tuple(rule for rule in asked if rule not in alone)


def _unsigned(policy: Policy, asking: Mapping[Key, tuple[Facts, tuple[str, ...]]], alone: set[str]) -> Iterator[str]:
    for rule in policy.credit_limits:
        held = sum(rule.id in asked for _, asked in asking.values())
        if rule.id in alone and held:
            place = f" ({rule.span.file}:{rule.span.line})" if rule.span.line else ""
            yield (
                f"credit limit rule `{rule.id}` holds for {held:,} account{'s' if held > 1 else ''} and proposes "
                f"nothing: fewer than two roles would sign it{place}"
            )


# What limits are there.


def _lines(ground: Ground, customers: set[str]) -> Mapping[Key, tuple[Line, ...]]:
    """The limits of these customers, past and to come, the earliest first."""
    rows = ground.book.connection.execute(
        'SELECT creditor, customer, "from", "limit", currency FROM credit_lines '
        "WHERE customer IN (SELECT unnest(CAST(? AS VARCHAR[]))) ORDER BY 1, 2, 3, 4",
        [sorted(customers)],
    ).fetchall()
    found: defaultdict[Key, list[Line]] = defaultdict(list)
    for creditor, customer, day, limit, currency in rows:
        found[creditor, customer].append(Line(day, limit, currency))
    return {key: tuple(those) for key, those in found.items()}


def _period(lines: Iterable[Line], as_of: date) -> str:
    past = [line for line in lines if line.day <= as_of]
    return past[-1].period if past else NO_LIMIT


def _kept_back(ground: Ground, proposal: Proposal, lines: Sequence[Line]) -> tuple[str, str, date | None] | None:
    """Why a rule that holds leads to nothing today, and the day on which it could: a word, a sentence, the day."""
    if proposal.held_back:
        return "limit_stays", proposal.held_back, None
    if later := [line for line in lines if line.day > ground.as_of]:
        said = f"another limit is set already: {format_minor(later[0].limit, later[0].currency)} from {later[0].day}"
        return "limit_set_ahead", said, None
    past = [line for line in lines if line.day <= ground.as_of]
    before = past[-2].period if len(past) > 1 else NO_LIMIT
    key = (proposal.creditor, proposal.customer)
    changed = _standing(ground, key, proposal.rule, before) if past else None
    if changed is not None and changed.blocks:
        rests_until = past[-1].day + timedelta(days=RESTS_DAYS)
        if ground.as_of < rests_until:
            said = f"the same rule changed it on {past[-1].day}; it is looked at again after {RESTS_DAYS} days"
            return "limit_changed_lately", said, rests_until
    return None


def _is_proposed(ground: Ground, key: Key, rules: Sequence[CreditLimitRule], lines: Sequence[Line]) -> bool:
    """Say whether all that holds is a rule that had its proposal, so that nothing is worked out again for nothing."""
    if len(rules) != 1 or any(line.day > ground.as_of for line in lines):
        return False
    standing = _standing(ground, key, rules[0], _period(lines, ground.as_of))
    return standing is not None and standing.blocks and standing.event not in OUTCOME_UNKNOWN


def _standing(ground: Ground, key: Key, rule: CreditLimitRule, period: str) -> Standing | None:
    """What the journal has of the rule's proposal about this limit."""
    what = What(
        Kind.LIMIT_PROPOSAL,
        rule=rule.id,
        period=period,
        for_role=CREDIT_MANAGER,
        customer=key[1],
        creditor=key[0],
        task=direction_of(rule).value,
    )
    return ground.history.standing.get(key_for(ground, what))


# What it comes to.


def _action(ground: Ground, proposal: Proposal, period: str) -> Action:
    rule, usage = proposal.rule, proposal.usage
    details = {
        "limit_before": "" if proposal.now is None else str(proposal.now),
        "limit_after": str(proposal.then),
        "currency": proposal.currency,
        "since": usage.since.isoformat() if usage.since else "",
        "direction": proposal.direction.value,
        "ask": to_do(proposal),
    }
    return action_for(
        ground,
        What(
            Kind.LIMIT_PROPOSAL,
            rule=rule.id,
            period=period,
            for_role=CREDIT_MANAGER,
            customer=proposal.customer,
            creditor=proposal.creditor,
            task=proposal.direction.value,
            amount=proposal.then,
            currency=proposal.currency,
            approval=tuple(dict.fromkeys(rule.approval)),
            details=tuple(sorted(details.items())),
            because=tuple(_because(proposal)),
        ),
    )


def to_do(proposal: Proposal) -> str:
    """What is asked of whoever keeps the limits, in words."""
    now = "there is none yet" if proposal.now is None else f"it is {proposal.usage.shown(proposal.now)}"
    now += f" since {proposal.usage.since}" if proposal.usage.since else ""
    return f"{proposal.direction.value} the credit limit to {proposal.usage.shown(proposal.then)}; {now}"


def _because(proposal: Proposal) -> Iterator[Because]:
    rule, usage = proposal.rule, proposal.usage
    yield Because(f"credit limit {rule.id}", rule.span, proposal.reasons, rule.because)
    now = "no limit" if proposal.now is None else usage.shown(proposal.now)
    yield Because(f"{now} -> {usage.shown(proposal.then)}: {proposal.arithmetic}", rule.span)
    used = f", {usage.used_pct} % of the limit" if usage.used_pct is not None else ""
    past = (
        f"at most {usage.shown(usage.peak)} in twelve months, on {usage.peak_day}"
        if usage.is_told
        else "the book does not tell what it owed before"
    )
    yield Because(f"owes {usage.shown(usage.exposure)}{used}; {past}", rule.span)
    if proposal.outweighed:
        yield Because(f"holds as well: {', '.join(proposal.outweighed)}; the lowest limit counts", rule.span)


def _withheld(proposal: Proposal, reason: str, explanation: str, day: date | None) -> Withheld:
    rule = proposal.rule
    because = (Because(f"credit limit {rule.id}", rule.span, proposal.reasons, rule.because),)
    what = f"limit proposal {rule.id}"
    return Withheld(proposal.customer, proposal.creditor, "", what, reason, explanation, day, because)
