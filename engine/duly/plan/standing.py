"""What the journal says about planned actions: done already, waiting to be posted, rejected, or nothing yet.

An action whose key has been handed over is not planned again, whatever the facts
say: it is withheld, with where it stands. Nothing here looks at an account.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from duly.journal.entry import Event
from duly.journal.history import History
from duly.plan.plan import Action, Because, Kind, Withheld

LEAST_GAP_AFTER_REJECTION = 1
"""Days; a rejected action is not proposed again on the same day even where the policy has no gap."""

WORDS: Mapping[Event, tuple[str, str]] = {
    Event.POINT_OF_NO_RETURN: ("outcome_unknown", "a hand-over is under way, or was cut short"),
    Event.UNKNOWN: ("outcome_unknown", "nobody knows yet whether it arrived"),
    Event.ACCEPTED: ("already_done", "it was handed over"),
    Event.CONFIRMED: ("already_done", "it was handed over and confirmed"),
    Event.BOUNCED: ("bounced", "it came back"),
    Event.UNDONE: ("undone", "it was done and undone"),
}
"""The permanent word and the sentence for each state in which an action is not handed over again."""


UNPOSTED = ("waits_to_be_posted", "the letter was written and nobody has said yet that it was posted")
"""The same for a letter that lies in the outbox."""


def not_done_before(
    actions: Iterable[Action], history: History, as_of: date, gap: int
) -> tuple[list[Action], list[Withheld]]:
    """The actions that the journal leaves to be done, and the others with where they stand.

    `gap` is the policy's minimum gap in days, for which a rejected action rests. While a
    letter of a stage lies there unposted, the stage's message does not go another way or
    about other invoices instead: the letter may still be posted.
    """
    actions = tuple(actions)
    today = frozenset(action.id for action in actions)
    left: list[Action] = []
    withheld: list[Withheld] = []
    for action in actions:
        standing = history.standing.get(action.id)
        rejected = history.rejected.get(action.id)
        if standing is not None and standing.blocks:
            reason, said = WORDS[standing.event]
            if standing.event is Event.ACCEPTED and action.channel == "letter":
                reason, said = UNPOSTED
            withheld.append(_withheld(action, reason, f"{said} ({standing.day})", None))
        elif _unposted(action, history) - today:
            withheld.append(_withheld(action, *UNPOSTED, None))
        elif rejected is not None and as_of < (until := _rests_until(rejected, gap)):
            withheld.append(_withheld(action, "rejected", f"it was rejected on {rejected}", until))
        else:
            left.append(action)
    return left, withheld


def _unposted(action: Action, history: History) -> frozenset[str]:
    """The letters about the same things at the same stage that were written and not posted, by key."""
    if action.kind is not Kind.MESSAGE:
        return frozenset()
    about = ((action.customer, action.creditor, item, action.stage) for item in action.item.split(" "))
    return frozenset().union(*(history.unposted.get(one, frozenset()) for one in about))


CALLED_OFF = frozenset({"paused", "nothing_to_chase", "too_small"})
"""Reasons for which a letter that was written is not to be posted; where it only waits for a day, it still may be."""


def not_to_be_posted(history: History, actions: Iterable[Action], withheld: Iterable[Withheld]) -> tuple[str, ...]:
    """A sentence for every letter that was written, lies there, and is not due any more.

    `actions` are all that the facts of today ask for, done before or not.
    """
    due = {(a.customer, a.creditor, item, a.stage) for a in actions for item in a.item.split(" ")}
    why: dict[tuple[str, str, str], set[str]] = {}
    for thing in withheld:
        why.setdefault((thing.customer, thing.creditor, thing.item), set()).add(thing.reason)
    called_off = {
        key: about[0]
        for about, keys in history.unposted.items()
        if about not in due and (why.get(about[:3], set()) <= CALLED_OFF)
        for key in keys
    }
    return tuple(
        f"do not post letter {key} to {customer}: it was written and is not due any more"
        for key, customer in sorted(called_off.items(), key=lambda one: (one[1], one[0]))
    )


def _rests_until(rejected: str, gap: int) -> date:
    return date.fromisoformat(rejected) + timedelta(days=max(gap, LEAST_GAP_AFTER_REJECTION))


def _withheld(action: Action, reason: str, explanation: str, day: date | None) -> Withheld:
    what = f"{action.kind.value.replace('_', ' ')} {action.stage}"
    because: tuple[Because, ...] = action.because
    return Withheld(action.customer, action.creditor, action.item, what, reason, explanation, day, because)


HARSH = 2
"""The tones that count as harsh: so many from the end of the policy's list."""


def first_contact_is_harshest(actions: Iterable[Action], tones: tuple[str, ...], contacted: frozenset[str]) -> set[str]:
    """Customers who were never contacted and whose first message would have the harshest tone of all."""
    if len(tones) <= HARSH:
        return set()
    return {
        action.customer
        for action in actions
        if action.kind is Kind.MESSAGE and action.tone == tones[-1] and action.customer not in contacted
    }


def harsh_to_misnamed(
    actions: Iterable[Action], tones: tuple[str, ...], misnamed: Mapping[str, str]
) -> tuple[list[Action], list[Withheld]]:
    """The actions without harsh messages to customers whose invoices bear another name, and those, withheld.

    `misnamed` has that name by customer: the debt may be somebody else's.
    """
    left: list[Action] = []
    withheld: list[Withheld] = []
    for action in actions:
        if action.customer in misnamed and action.tone in _harsh(tones):
            said = f"an invoice of it is in the name of `{misnamed[action.customer]}`"
            withheld.append(_withheld(action, "name_mismatch", said, None))
        else:
            left.append(action)
    return left, withheld


def _harsh(tones: tuple[str, ...]) -> frozenset[str]:
    return frozenset(tones[-HARSH:]) if len(tones) > HARSH else frozenset()


def harsh_customers(actions: Iterable[Action], tones: tuple[str, ...]) -> int:
    """How many customers get a message in one of the two harshest tones."""
    return len({action.customer for action in actions if action.tone in _harsh(tones)})
