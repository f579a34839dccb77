"""What a reviewer must see beside the lines of a change: the comparison as GitHub's workflow commands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from duly.language.policy import Policy
from duly.reports.diff import Compared, promise
from duly.reports.plan import count
from duly.reports.regions import grouped, who
from duly.reports.terminal import printable
from duly.review.diff.aspects import Kind
from duly.review.diff.meant import Way
from duly.review.diff.regions import Region
from duly.source import NOWHERE, Span


def of_policy(compared: Compared) -> Iterator[str]:
    """A line each: an error for a promise that is weaker, a warning for what is stricter, a notice for the rest."""
    new = compared.new
    for one in compared.kept:
        if one.is_weaker:
            span = next((guarantee.span for guarantee in new.guarantees if guarantee.id == one.id), NOWHERE)
            yield _command("error", span, compared, f"weaker promise {one.id}", promise(one))
    for rung in compared.rungs:
        for again in rung.again:
            span = next((stage.span for stage in new.stages() if stage.id == again.stage), NOWHERE)
            said = f"whoever was sent {rung.stage} can be sent {again.stage}, which is no harsher"
            yield _command("error", span, compared, "sent again in the middle of an episode", said)
    found = compared.meant
    if found.not_compared:
        yield _command("warning", NOWHERE, compared, "not proved", found.not_compared)
    for because in found.other_facts:
        yield _command("warning", NOWHERE, compared, "other facts", f"{because}: hold both against a book")
    for part in found.beyond:
        yield _command("warning", NOWHERE, compared, "not part of any decision", f"it changed {part}")
    for way in Way:
        level = "warning" if way is Way.STRICTER else "notice"
        for said, regions in grouped(tuple(region for region in found.regions.found if region.way is way)):
            those = "; or ".join(who(region.condition, new.currency) for region in regions)
            yield _command(level, _place(new, regions[0]), compared, f"{way.value}: {said}", those)
    if found.is_equal:
        told = f"{count(len(compared.changes), 'change')}; every account is treated as before: proved"
        yield _command("notice", NOWHERE, compared, "equal", told)


def of_file(name: str, said: str) -> str:
    """A notice of a policy that is on one side alone."""
    return f"::notice title={_property(name)}::{_data(f'{name} {said}')}"


def _place(policy: Policy, region: Region) -> Span:
    """Where the new policy has what the region is about."""
    parts: Mapping[str, Span] = {
        **{stage.id: stage.span for stage in policy.stages()},
        **{rule.id: rule.span for rule in policy.sales},
        **{pause.id: pause.span for pause in policy.account_pauses},
        **{rule.id: rule.span for rule in policy.credit_limits},
        **{hold.id: hold.span for hold in policy.holds},
    }
    named = str(region.pair.new[0]) if region.aspect.kind is Kind.STEP else region.aspect.rule
    return parts.get(named, NOWHERE)


def _command(level: str, span: Span, compared: Compared, title: str, message: str) -> str:
    place = f"file={_property(span.file)},line={span.line}," if span.line else ""
    return f"::{level} {place}title={_property(f'{compared.name}: {title}')}::{_data(message)}"


def _data(text: str) -> str:
    """The text as GitHub reads it back: nothing in it ends the command or begins another."""
    return printable(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
