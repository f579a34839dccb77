"""Which approvals an action still needs, and why an approval that was given does not count.

Pure: the journal's entries, the people of `approvers.yaml` and a moment go in, where
each action stands comes out. An approval counts only while every one of `CHECKS`
holds, all of them looked at again whenever an action is to be carried out. It is
bound to the action's key, to what the action is, to its invoices and to its amount as
a ceiling, so that it stays good in later plans in which there is less to collect.

Each role needs a person of its own, and neither the plan's author nor whoever
carries it out is one of them. A rejection by anybody who holds a needed role stops
the action until it expires or that person approves; neither a lower amount nor a
newer plan nor other people's approvals undo it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from duly.home import APPROVERS
from duly.journal.approvals import EVENT, Ruling, signed_in
from duly.journal.approvers import Approver, Approvers, same_person
from duly.journal.entry import Entry
from duly.journal.keys import PublicKey
from duly.language.suggest import did_you_mean
from duly.plan.claims import CHECKS, Check, Circumstances, Claim
from duly.plan.plan import Action, Plan
from duly.source import NOWHERE, Problem, Refused

REFUSED = 5

# Where an action stands.


@dataclass(frozen=True, slots=True)
class Given:
    """An approval that counts: by whom, in which of the needed roles, and until when."""

    person: str
    roles: tuple[str, ...]
    until: datetime


@dataclass(frozen=True, slots=True)
class NotCounted:
    """An approval or rejection that was given and does not count; `reason` is one permanent word."""

    person: str
    at: str
    ruling: str
    reason: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Approved:
    """Nothing is missing; `given` is empty where the policy asks for no approval."""

    given: tuple[Given, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """Approval in these roles is missing."""

    roles: tuple[str, ...]
    given: tuple[Given, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Somebody who was asked said no: the action is not carried out."""

    by: tuple[str, ...]
    because: str
    until: datetime
    given: tuple[Given, ...] = ()
    not_counted: tuple[NotCounted, ...] = ()


Approval = Approved | Waiting | Rejected


def approvals_of(
    entries: Iterable[Entry], approvers: Approvers, actions: Iterable[Action], circumstances: Circumstances
) -> Mapping[str, Approval]:
    """Where every action stands, by its key. Entries of other events and of other actions are passed over."""
    asked = {action.id: action for action in actions}
    found: dict[str, list[Claim]] = {key: [] for key in asked}
    unread: dict[str, list[NotCounted]] = {key: [] for key in asked}
    for entry in entries:
        if entry.event not in EVENT.values() or entry.key not in asked or not asked[entry.key].approval:
            continue
        signed = signed_in(entry)
        if signed is None:
            ruling = Ruling.APPROVE if entry.event is EVENT[Ruling.APPROVE] else Ruling.REJECT
            said = NotCounted(entry.by, entry.at, ruling.value, "unreadable", "there is no statement in the entry")
            unread[entry.key].append(said)
        else:
            person = approvers.named(signed.statement.by)
            found[entry.key].append(Claim(entry, signed, person, asked[entry.key], circumstances))
    return {key: _standing(action, found[key], unread[key], circumstances) for key, action in asked.items()}


def may_be_approved_by(action: Action, approval: Approval, approver: Approver) -> bool:
    """Say whether the person's approval would bring the action nearer to being carried out."""
    match approval:
        case Approved():
            return False
        case Waiting(given=given):
            return len(_filled(action, {**_roles(given), approver.person: approver.roles})) > len(
                _filled(action, _roles(given))
            )
        case Rejected(by=by):
            # Whoever has said no may think again; nobody else can take it back.
            return by == (approver.person,)


def may_be_rejected_by(action: Action, approval: Approval, approver: Approver) -> bool:
    """Say whether the person may stop the action, and has not yet."""
    asked = bool(approver.roles & set(action.approval))
    return asked and not (isinstance(approval, Rejected) and approver.person in approval.by)


def signer(person: str, key: PublicKey, approvers: Approvers, circumstances: Circumstances, ruling: Ruling) -> Approver:
    """The approver of this name, who has this key and may sign today; raises `Refused` (5) with all that is wrong.

    What is refused here would not count later; it is better said before it is signed.
    """
    approver = approvers.named(person)
    if approver is None:
        help_ = did_you_mean(person, [one.person for one in approvers.people]) or "nobody is in it yet"
        raise Refused([_problem("unknown-person", f"`{person}` is not in `{APPROVERS}`", help_)], REFUSED)
    problems = []
    if approver.key != key:
        message = f"this is not the key that `{APPROVERS}` has for `{person}`"
        problems.append(_problem("other-key", message, "name your own key with --key"))
    if not approver.may_approve_on(circumstances.today):
        message = f"`{person}` may not approve on {circumstances.today}"
        problems.append(_problem("not-allowed-today", message, f"see `from`, `until` and `revoked` in `{APPROVERS}`"))
    if ruling is Ruling.APPROVE and same_person(person, circumstances.author):
        message = f"`{person}` made the plan and cannot approve it, too"
        problems.append(_problem("approver-is-author", message, "somebody else with the role approves it"))
    if problems:
        raise Refused(problems, REFUSED)
    return approver


def same_environment(plan: Plan, environment: str | None) -> None:
    """Refuse (5) a plan that belongs to another environment than was named, where one was."""
    if environment is not None and plan.environment != environment:
        message = f"the plan is of the environment `{plan.environment}`, not `{environment}`"
        raise Refused(
            [_problem("other-environment", message, "make the plan in the environment that is meant")], REFUSED
        )


def unsigned() -> Refused:
    """What ends the command when the person, asked, says no."""
    return Refused([_problem("not-signed", "nothing was signed", "")], REFUSED)


def chosen(
    actions: Sequence[Action],
    approvals: Mapping[str, Approval],
    approver: Approver,
    ruling: Ruling,
    only: Sequence[str] = (),
) -> tuple[Action, ...]:
    """The actions that the person would sign: all that need it, or `only` those, by how their keys begin.

    Raises `Refused` (5) where one of those is not in the plan, or nothing is to be
    signed for it by this person.
    """

    def wanted(action: Action) -> bool:
        may = may_be_approved_by if ruling is Ruling.APPROVE else may_be_rejected_by
        return bool(action.approval) and may(action, approvals[action.id], approver)

    if not only:
        return tuple(filter(wanted, actions))
    problems = []
    named = []
    for word in only:
        found = [action for action in actions if action.id.startswith(word)]
        if len(found) != 1:
            message = f"`{word}` names {len(found) or 'no'} action{'s' if found else ''} of the plan"
            problems.append(_problem("unknown-action", message, "`duly show PLAN` lists those that need approval"))
        elif not wanted(found[0]):
            message = f"`{word}` does not wait for `{approver.person}`: {_why_not(found[0], approvals, approver)}"
            problems.append(_problem("not-waiting", message, "`duly show PLAN` says who could"))
        elif found[0] not in named:
            named.append(found[0])
    if problems:
        raise Refused(problems, REFUSED)
    return tuple(named)


def _why_not(action: Action, approvals: Mapping[str, Approval], approver: Approver) -> str:
    if not action.approval:
        return "it needs no approval"
    if not approver.roles & set(action.approval):
        return f"it needs {' and '.join(f'`{role}`' for role in action.approval)}"
    approval = approvals[action.id]
    match approval:
        case Approved():
            return "it is approved"
        case Rejected(by=by):
            return f"{' and '.join(by)} rejected it"
        case Waiting(roles=roles, given=given) if any(one.person == approver.person for one in given):
            return f"that person has approved it, and {' and '.join(f'`{role}`' for role in roles)} is somebody else's"
        case Waiting(roles=roles):
            return f"it waits for {' and '.join(f'`{role}`' for role in roles)}"


def _problem(rule: str, message: str, help_: str) -> Problem:
    return Problem(rule, NOWHERE, message, help_)


def who_could(
    action: Action, approval: Approval, approvers: Approvers, circumstances: Circumstances
) -> tuple[str, ...]:
    """Everybody who could give what the action waits for, in the order of `approvers.yaml`."""
    return tuple(
        one.person
        for one in approvers.people
        if one.may_approve_on(circumstances.today)
        and not same_person(one.person, circumstances.author)
        and (circumstances.operator is None or not same_person(one.person, circumstances.operator))
        and may_be_approved_by(action, approval, one)
    )


def _standing(
    action: Action, claims: Sequence[Claim], unread: Sequence[NotCounted], circumstances: Circumstances
) -> Approval:
    if not action.approval:
        return Approved()
    heard, not_counted = _parted(claims, [check for check in CHECKS if check.of_rejections])
    said_no = _last_of_each(claim for claim in heard if claim.statement.ruling is Ruling.REJECT)
    said_yes = _last_of_each(claim for claim in heard if claim.statement.ruling is Ruling.APPROVE)
    since_no = [
        claim
        for claim in heard
        if claim.statement.ruling is Ruling.APPROVE and _is_after(claim, said_no.get(claim.statement.by))
    ]
    approvals, wrong = _parted(since_no, [check for check in CHECKS if not check.of_rejections])
    refused = tuple(sorted((*unread, *not_counted, *wrong), key=lambda n: (n.at, n.person, n.reason)))
    given = _given(approvals)
    standing = [
        no
        for by, no in said_no.items()
        if circumstances.now < no.statement.expires_at and not (by in said_yes and _is_after(said_yes[by], no))
    ]
    if standing:
        last = max(standing, key=lambda no: no.statement.made_at)
        by = tuple(sorted(no.statement.by for no in standing))
        until = max(no.statement.expires_at for no in standing)
        return Rejected(by, last.statement.because, until, given, refused)
    filled = _filled(action, _roles(given))
    missing = tuple(role for role in action.approval if role not in filled)
    return Waiting(missing, given, refused) if missing else Approved(given, refused)


def _parted(claims: Iterable[Claim], checks: Sequence[Check]) -> tuple[list[Claim], list[NotCounted]]:
    """The claims of which every check holds, and the others with the first that does not."""
    good: list[Claim] = []
    others: list[NotCounted] = []
    for claim in claims:
        wrong = next((check for check in checks if not check.holds(claim)), None)
        if wrong is None:
            good.append(claim)
        else:
            others.append(_not_counted(claim, wrong))
    return good, others


def _last_of_each(claims: Iterable[Claim]) -> dict[str, Claim]:
    """What each person said last, by the moments that they signed themselves; the order of entries proves nothing."""
    last: dict[str, Claim] = {}
    for claim in claims:
        by = claim.statement.by
        if by not in last or last[by].statement.made_at <= claim.statement.made_at:
            last[by] = claim
    return last


def _is_after(claim: Claim, no: Claim | None) -> bool:
    """Say whether a yes came after the no; of two at one moment the no is heard."""
    return no is None or claim.statement.made_at > no.statement.made_at


def _not_counted(claim: Claim, check: Check) -> NotCounted:
    return NotCounted(claim.statement.by, claim.entry.at, claim.statement.ruling.value, check.name, check.explanation)


def _given(approvals: Iterable[Claim]) -> tuple[Given, ...]:
    """What each person approved, over all of that person's approvals that count."""
    roles: dict[str, set[str]] = {}
    until: dict[str, datetime] = {}
    for claim in approvals:
        by = claim.statement.by
        roles.setdefault(by, set()).update(claim.roles)
        until[by] = max(until.get(by, claim.statement.expires_at), claim.statement.expires_at)
    return tuple(Given(person, tuple(sorted(roles[person])), until[person]) for person in sorted(roles))


def _roles(given: Iterable[Given]) -> dict[str, Collection[str]]:
    return {one.person: one.roles for one in given}


def _filled(action: Action, roles: Mapping[str, Collection[str]]) -> Mapping[str, str]:
    """The most roles that these people fill together, one each: role by role, who."""
    held: dict[str, str] = {}

    def seat(person: str, tried: set[str]) -> bool:
        for role in action.approval:
            if role not in roles[person] or role in tried:
                continue
            tried.add(role)
            # Whoever sits there may have another role to move to.
            if role not in held or seat(held[role], tried):
                held[role] = person
                return True
        return False

    for person in roles:
        seat(person, set())
    return held
