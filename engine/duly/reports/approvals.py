"""What waits for whose approval, and what somebody is about to sign."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from duly.journal.approvals import Ruling
from duly.journal.approvers import Approvers
from duly.journal.entry import written
from duly.messages.tables import columns
from duly.money import format_minor
from duly.plan.approvals import Approval, Approved, Rejected, Waiting, who_could
from duly.plan.claims import Circumstances, amounts_of
from duly.plan.plan import Action
from duly.reports.plan import KIND_WORDS, because_lines, count
from duly.reports.terminal import printable

SHORT_ID = 8
"""So much of an action's key is shown; any beginning that fits one action alone names it."""

WORDS = {Ruling.APPROVE.value: "approval", Ruling.REJECT.value: "rejection"}


def as_text(
    actions: Sequence[Action],
    approvals: Mapping[str, Approval],
    approvers: Approvers,
    circumstances: Circumstances,
) -> str:
    """Where each action that needs approval stands, and who could give what is missing."""
    return "\n".join(_lines(actions, approvals, approvers, circumstances)) + "\n"


def as_records(
    actions: Sequence[Action],
    approvals: Mapping[str, Approval],
    approvers: Approvers,
    circumstances: Circumstances,
) -> list[dict[str, object]]:
    """The same as plain records, one for each action that needs approval."""
    return [
        {
            "action": action.id,
            "needs": list(action.approval),
            **_state(approvals[action.id]),
            "who_could": list(who_could(action, approvals[action.id], approvers, circumstances)),
        }
        for action in actions
        if action.approval
    ]


def to_sign(actions: Sequence[Action], verb: str, until: datetime) -> str:
    """What somebody is about to approve or to reject, each with the rules that decided."""
    lines = [f"To {verb}: {count(len(actions), 'action')}, up to the amount shown, until {_day(until)}"]
    for action in actions:
        lines += ["", *columns([_row(action)])]
        lines += [f"    {line}" for line in because_lines(action.because)]
    return "\n".join(lines) + "\n"


def _lines(
    actions: Sequence[Action],
    approvals: Mapping[str, Approval],
    approvers: Approvers,
    circumstances: Circumstances,
) -> Iterator[str]:
    needing = [action for action in actions if action.approval]
    if not needing:
        yield "Nothing here needs approval."
        return
    states = [approvals[action.id] for action in needing]
    counted = (
        (sum(isinstance(state, Approved) for state in states), "approved"),
        (sum(isinstance(state, Waiting) for state in states), "waiting"),
        (sum(isinstance(state, Rejected) for state in states), "rejected"),
    )
    summary = ", ".join(f"{n:,} {word}" for n, word in counted if n)
    yield f"Approval: {count(len(needing), 'action')} in need of it: {summary}"
    yield ""
    rows = [(*_row(action), _said(action, approvals[action.id], approvers, circumstances)) for action in needing]
    for action, line in zip(needing, columns(rows), strict=True):
        yield line
        for other in approvals[action.id].not_counted:
            what = f"the {WORDS[other.ruling]} by {printable(other.person)} of {other.at[:10]} does not count"
            yield f"    {what}: {other.explanation} [{other.reason}]"


def _row(action: Action) -> tuple[str, ...]:
    detail = action.channel or action.task
    what = KIND_WORDS[action.kind] + (f": {printable(detail.replace('_', ' '))}" if detail else "")
    tone = f" ({action.tone})" if action.tone != "none" else ""
    money = " + ".join(format_minor(amount, currency) for currency, amount in amounts_of(action))
    return action.id[:SHORT_ID], printable(action.customer), f"{action.stage}{tone}", what, money


def _said(action: Action, approval: Approval, approvers: Approvers, circumstances: Circumstances) -> str:
    match approval:
        case Approved(given=given):
            until = min(one.until for one in given)
            return f"approved by {' and '.join(one.person for one in given)}, good until {_day(until)}"
        case Waiting(roles=roles, given=given):
            who = who_could(action, approval, approvers, circumstances)
            so_far = f"approved by {' and '.join(one.person for one in given)}; " if given else ""
            can = f"{' or '.join(who)} can give it" if who else "nobody can give it"
            return f"{so_far}waits for {' + '.join(roles)}: {can}"
        case Rejected(by=by, because=because, until=until):
            return f"rejected by {' and '.join(by)} until {_day(until)}: {printable(because)}"


def _state(approval: Approval) -> dict[str, object]:
    given = [{"person": g.person, "roles": list(g.roles), "until": written(g.until)} for g in approval.given]
    not_counted = [
        {"person": n.person, "at": n.at, "decision": n.ruling, "reason": n.reason, "explanation": n.explanation}
        for n in approval.not_counted
    ]
    both: dict[str, object] = {"given": given, "not_counted": not_counted}
    match approval:
        case Approved():
            return {"state": "approved", "waits_for": [], **both}
        case Waiting(roles=roles):
            return {"state": "waiting", "waits_for": list(roles), **both}
        case Rejected(by=by, because=because, until=until):
            said = {"rejected_by": list(by), "because": because, "rejected_until": written(until)}
            return {"state": "rejected", "waits_for": [], **said, **both}


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
