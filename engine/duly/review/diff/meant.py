"""What a change of policy means: proved equal, or stricter, softer or different for the accounts of each region.

Two policies decide the same account; the question is whether one can exist that the new
policy treats otherwise. Stricter is a later stage, a harsher tone, a hold placed or kept
where it was not before; softer the same the other way round; whatever else differs (a
request, a task, points, another template) is different and neither. Each answer is a
proof for every account that can exist, or regions of accounts with one of each that both
policies have decided.

Both are asked about the same facts. Where the policies count lateness otherwise, or take
other invoices out, the same ledger gives them other facts: then what is proved is proved
of equal facts only, never called equal, and a book says whom the rest touches. Nor is
equal said of a change that does something which no decision about an account says: what
is charged for lateness, who answers for it, what colleagues and customers are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter

from duly.language.conditions import Condition
from duly.language.policy import Calendar, Duty, Late, Placed, Policy, Stops
from duly.review.diff.aspects import Way
from duly.review.diff.regions import MOST, NO_REGIONS, Regions, Witness, regions, ways_in
from duly.review.prove.search import MEASURE, Search, Unsettled
from duly.review.prove.symbolic import before_stages
from duly.rules import layers

__all__ = ["Meant", "Way", "Witness", "meant"]


@dataclass(frozen=True, slots=True)
class Meant:
    """What a change means: a witness for each way in which it changes somebody's treatment, and the regions.

    `proved` are the ways in which it changes nobody's; `not_proved` those that could
    not be settled. `other_facts` says why the same ledger gives the two policies other
    facts, so that all this is of equal facts; `not_compared` why nothing could be
    proved at all. `accounts` are those whose exceptions changed: none of it is of them.
    `beyond` is what changed of all that the policy does and no decision about an account
    says: none of it is of that either.
    """

    witnesses: Mapping[Way, Witness]
    proved: frozenset[Way] = frozenset()
    not_proved: frozenset[Way] = frozenset()
    not_compared: str = ""
    other_facts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()
    regions: Regions = NO_REGIONS

    @property
    def is_equal(self) -> bool:
        """Say whether every account that can exist is proved to be treated alike, whatever the ledger."""
        return self.is_equal_on_equal_facts and not (self.other_facts or self.accounts or self.beyond)

    @property
    def is_equal_on_equal_facts(self) -> bool:
        """Say whether every account without a changed exception is proved to be treated alike on the same facts."""
        return self.proved == frozenset(Way)


def meant(old: Policy, new: Policy, *, measure: int = MEASURE, most: int = MOST) -> Meant:
    """What it means to put the new policy in the place of the old one; `most` regions are told of one thing."""
    if why := "; ".join(_incomparable(old, new)):
        return Meant({}, not_compared=why)
    found = regions(old, new, measure=measure, most=most)
    witnesses = {region.way: region.witness for region in reversed(found.found)}
    open_ways = frozenset(Way) - witnesses.keys()
    not_proved = ways_in(old, new, found.unfinished, open_ways, measure=measure) if found.unfinished else frozenset()
    return Meant(
        witnesses={way: witnesses[way] for way in Way if way in witnesses},
        proved=open_ways - not_proved,
        not_proved=not_proved,
        other_facts=tuple(_other_facts(old, new)),
        accounts=tuple(_accounts(old, new)),
        beyond=tuple(_beyond(old, new, measure)),
        regions=found,
    )


def _incomparable(old: Policy, new: Policy) -> Iterator[str]:
    """Why no account of one policy is an account of the other."""
    if old.unit != new.unit:
        yield "what is decided at once changed"
    if old.currency != new.currency:
        yield "the currency changed"


def _other_facts(old: Policy, new: Policy) -> Iterator[str]:
    """Why the same ledger gives the two policies other facts."""
    if _counted(old.late) != _counted(new.late):
        days = [policy.late.grace_days + 1 for policy in (old, new)]
        only = replace(_counted(old.late), grace_days=0) == replace(_counted(new.late), grace_days=0)
        now = f": late from day {days[0]} before, from day {days[1]} now" if only else ""
        yield f"what late means changed{now}"
    if [(p.when, p.disputed_part_only) for p in old.invoice_pauses] != [
        (p.when, p.disputed_part_only) for p in new.invoice_pauses
    ]:
        yield "which invoices are taken out changed"
    if _open(old.calendar) != _open(new.calendar):
        yield "the calendar changed"
    if old.resets != new.resets:
        yield "when an episode ends changed"
    caps = [policy.limits.contacts_per_customer for policy in (old, new)]
    if caps[0] and caps[1] and caps[0].in_days != caps[1].in_days:
        yield "the window of the contact cap changed"
    silent = [{stage.id for stage in policy.stages() if not stage.contacts} for policy in (old, new)]
    both = {*old.stage_ids} & {*new.stage_ids}
    if silent[0] & both != silent[1] & both:
        yield "which stages reach the customer changed"


def _counted(late: Late) -> Late:
    """What lateness hangs on; what is too small to chase is decided and no fact."""
    return replace(late, ignore_account_below=0, because="")


def _open(calendar: Calendar) -> Calendar:
    return replace(calendar, because="", contact=replace(calendar.contact, because=""))


def _accounts(old: Policy, new: Policy) -> Iterator[str]:
    """The accounts whose exceptions are not the same in both."""
    olds, news = ({e.account: replace(e, because="") for e in policy.exceptions} for policy in (old, new))
    yield from (account for account in dict.fromkeys((*olds, *news)) if olds.get(account) != news.get(account))


# What no decision about an account says.


def _beyond(old: Policy, new: Policy, measure: int) -> Iterator[str]:
    """What the policy does besides deciding accounts, as far as it changed."""
    if _said(old.charges) != _said(new.charges):
        yield "what is charged for lateness"
    if _duties(old) != _duties(new):
        yield "who answers for what"
    if _said(old.together) != _said(new.together):
        yield "what sales and credit do together"
    if _said(old.limits.fuse) != _said(new.limits.fuse):
        yield "when a plan is stopped"
    if _said(old.effective) != _said(new.effective):
        yield "when the policy is in force"
    for what, said in ((Stops.CHARGES, "when nothing is charged"), (Stops.CALLS, "when nobody calls")):
        if _stopping(old, what) != _stopping(new, what) and not _stopped_alike(old, new, what, measure):
            yield said


def _said(part: Placed) -> Placed:
    """The part without its reason."""
    return replace(part, because="")


def _duties(policy: Policy) -> frozenset[Duty]:
    """The duties, whose order says nothing."""
    return frozenset(
        replace(
            duty,
            because="",
            by_segment=tuple(sorted((replace(d, because="") for d in duty.by_segment), key=attrgetter("id"))),
        )
        for duty in policy.responsible
    )


def _stopping(policy: Policy, what: Stops) -> frozenset[tuple[str, Condition]]:
    return frozenset((pause.id, pause.when) for pause in policy.account_pauses if what in pause.stops)


def _stopped_alike(old: Policy, new: Policy, what: Stops, measure: int) -> bool:
    """Say whether it is proved that the pauses of both stop this part of the policy for the same accounts."""
    search = Search([old, new], measure=measure)
    stopped = [
        search.ask.holds(layers.stops(policy, what), before_stages(policy, search.ask, search.account.facts))
        for policy in (old, new)
    ]
    try:
        return not search.is_possible(stopped[0] != stopped[1])
    except Unsettled:
        return False
