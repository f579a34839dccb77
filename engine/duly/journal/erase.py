"""What is changed about customers without changing the chain: personal data erased, an id that is another now.

Erasing removes the values that lie beside the chain and says so in an entry; the
commitments stay, and with their salts gone tell nothing. Copies of the journal that
were made before still have the values.
"""

from __future__ import annotations

from duly.journal.entry import Draft, Entry, Event
from duly.journal.store import Journal, Store
from duly.source import NOWHERE, Problem, Refused

REFUSED = 5


def erase(journal: Store, customer: str, *, by: str, because: str) -> Entry:
    """Remove every personal value of the customer, under former ids as well; the entry names what was removed.

    Raises `Refused` where there is nothing to remove, so that a mistyped id is not taken for done.
    """
    ids = earlier_ids(journal, customer)
    there = {kept.seq for kept in journal.kept()}
    seqs = [entry.seq for id_ in sorted(ids) for entry in journal.entries(customer=id_) if entry.seq in there]
    if not seqs:
        problem = Problem(
            "nothing-to-erase",
            NOWHERE,
            f"the journal keeps nothing personal of `{customer}`",
            "see `duly log --customer`",
        )
        raise Refused([problem], REFUSED)
    body = {"because": because, "entries": sorted(seqs)}
    return journal.erase(Draft(Event.ERASED, by, customer=customer, body=body), seqs)


def rename(journal: Journal, old: str, new: str, *, by: str, because: str) -> Entry:
    """Say that a customer has another id now, or is one with another: what was done under the old one counts there.

    Raises `Refused` where nothing was ever done under the old id.
    """
    if old == new or not any(True for _ in journal.entries(customer=old)):
        wrong = "both ids are the same" if old == new else f"the journal has no entry about `{old}`"
        problem = Problem("nothing-to-rename", NOWHERE, wrong, "name the id that the journal knows: see `duly log`")
        raise Refused([problem], REFUSED)
    body = {"from": old, "to": new, "because": because}
    [entry] = journal.append(Draft(Event.RENAMED, by, customer=new, body=body))
    return entry


def earlier_ids(journal: Journal, customer: str) -> frozenset[str]:
    """The customer's id and those that it had before."""
    ids = {customer}
    renamed = [entry.body for entry in journal.entries() if entry.event is Event.RENAMED]
    for body in reversed(renamed):
        if body.get("to") in ids:
            ids.add(str(body.get("from")))
    return frozenset(ids)
