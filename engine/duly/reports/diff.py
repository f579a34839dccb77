"""What changed between two policies, what that means, and whom it touches: in words, as a page and as JSON.

What a reader must not miss comes first: promises that say less or are no longer kept, and
customers who would be sent the same thing twice. Then what changed, for whom that means
what, and whom of a book it touches.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from duly.language.conditions import Value
from duly.money import format_minor
from duly.plan.document import plain
from duly.reports import blocks
from duly.reports.blocks import Block, Table, Text, Title, items
from duly.reports.explanation import decision_lines, shown
from duly.reports.plan import count
from duly.reports.regions import change, change_of, grouped, who
from duly.reports.story import story_lines
from duly.review.diff.aspects import Aspects
from duly.review.diff.changes import Changed, Sort
from duly.review.diff.compare import Compared
from duly.review.diff.episodes import Rung, Standing
from duly.review.diff.kept import Became, Kept
from duly.review.diff.meant import Meant, Way
from duly.review.diff.regions import Region, Witness
from duly.review.diff.touched import NOTHING, Sums, Touched, Touches
from duly.review.prove.proof import Verdict
from duly.rules.decision import NONE, Decision

__all__ = ["Compared", "as_json", "as_text", "means_record", "page", "told"]

SHOWN = 12
"""Accounts listed one by one unless everything is asked for."""

TELLING = 8
"""Facts of a witness that are told in one line."""


def as_text(compared: Compared, *, all_: bool = False) -> str:
    """The comparison of one policy for the terminal."""
    return blocks.as_text(told(compared, all_=all_))


def page(
    those: Sequence[Compared], added: Sequence[str], gone: Sequence[str], *, all_: bool = False
) -> Iterator[Block]:
    """The comparison of every policy, and of those that are on one side alone."""
    for compared in those:
        yield from told(compared, all_=all_)
    yield from (Title(f"{name}: taken away") for name in gone)
    yield from (Title(f"{name}: new") for name in added)
    if not those and not added and not gone:
        yield Title("Nothing changed.")


def told(compared: Compared, *, all_: bool = False) -> Iterator[Block]:
    """The comparison of one policy as blocks."""
    yield Title(f"{compared.name}: {count(len(compared.changes), 'change')}")
    yield from _weaker(compared)
    yield items(change_told(one) for one in in_order(compared.changes))
    yield from _promises(compared)
    yield from _meant(compared, all_=all_)
    yield from _episodes(compared)
    if compared.touches is not None:
        yield from _touches(compared, compared.touches, all_=all_)


# What changed.


def in_order(changes: Sequence[Changed]) -> list[Changed]:
    """Changes of guarantees first: what a policy promises matters most."""
    return sorted(changes, key=lambda one: not one.what.startswith("guarantee "))


def change_told(one: Changed) -> tuple[str, tuple[str, ...]]:
    """One change in words, with its place in the newer file, and the lines below it."""
    place = one.new_span if one.new_span.line else one.old_span
    where = f"  ({place.file}:{place.line})" if place.line else ""
    match one.sort:
        case Sort.ADDED:
            return f"+ {one.what}: {one.new}{where}", ()
        case Sort.REMOVED:
            return f"- {one.what}: {one.old}", ()
        case Sort.CHANGED | Sort.REORDERED:
            return f"~ {one.what}, {one.value}{where}", (f"was {one.old}", f"now {one.new}")


# What is promised.


def _weaker(compared: Compared) -> Iterator[Block]:
    """What nobody must miss: promises that say less than before, or are no longer kept."""
    if weaker := [one for one in compared.kept if one.is_weaker]:
        yield Text(f"{count(len(weaker), 'promise')} weaker than before", is_loud=True)
        yield items((f"`{one.id}`: {promise(one)}", tuple(_breaking(compared, one))) for one in weaker)


def _promises(compared: Compared) -> Iterator[Block]:
    """The other promises, in short."""
    others = [one for one in compared.kept if not one.is_weaker]
    if not others:
        return
    yield Title("Promises", 3)
    told_ = [one for one in others if one.became is not Became.SAME]
    as_they_were = [one for one in others if one.became is Became.SAME]
    open_ = [one for one in as_they_were if one.proof is not None and one.proof.verdict is not Verdict.PROVED]
    if told_:
        yield items(f"`{one.id}`: {promise(one)}" for one in told_)
    if kept := len(as_they_were) - len(open_):
        yield Text(f"{count(kept, 'promise')} kept as before: proved.")
    if open_:
        yield Text(
            f"{count(len(open_), 'promise')} not proved, before or now: {', '.join(f'`{one.id}`' for one in open_)}."
        )


def promise(one: Kept) -> str:
    """What became of a guarantee, in words."""
    words = "" if one.became is Became.SAME else f"{one.became.value}; "
    if one.proof is None:
        return one.became.value
    match one.proof.verdict:
        case Verdict.PROVED if one.became is Became.SAME:
            return "kept as before: proved"
        case Verdict.PROVED:
            return f"{words}as it was written before, the new policy still keeps it: proved"
        case Verdict.DISPROVED if one.before is Verdict.PROVED:
            return f"{words}no longer kept as it was written before"
        case Verdict.DISPROVED:
            return f"{words}not kept, as before"
        case Verdict.EMPTY:
            return f"{words}no account can be as it says"
        case _ if one.before is Verdict.PROVED:
            return f"{words}was proved, and is not any more"
        case _:
            return f"{words}not proved, before or now"


def _breaking(compared: Compared, one: Kept) -> Iterator[str]:
    if one.proof is not None and one.is_broken and (found := one.proof.counterexample) is not None:
        yield f"a customer like this: {_facts(compared, found.facts)}"
        yield f"gets: {gets(found.decision)}"
    if one.proof is not None and one.is_broken and one.proof.story is not None:
        yield from story_lines(compared.new, one.proof.story)


# What it means.


def _meant(compared: Compared, *, all_: bool) -> Iterator[Block]:
    found = compared.meant
    yield Title("What it means", 3)
    if found.not_compared:
        yield Text(f"What it means cannot be proved: {found.not_compared}. Hold both against a book with --book.")
        return
    if found.other_facts:
        because = "; ".join(found.other_facts)
        yield Text(f"The same ledger gives other facts: {because}. Hold both against a book with --book.", is_loud=True)
    if found.accounts:
        these = ", ".join(found.accounts[:SHOWN]) + (", …" if len(found.accounts) > SHOWN else "")
        yield Text(f"Exceptions changed for {these}; what follows is of every other account.", is_loud=True)
    if found.beyond:
        yield Text(f"No decision about an account says this, and it changed: {'; '.join(found.beyond)}.", is_loud=True)
    of = "apart from that, " * bool(found.beyond) + "for the same facts, " * bool(found.other_facts)
    if found.is_equal_on_equal_facts:
        every = "every other account" if found.accounts else "every account"
        yield Text(_sentence(f"{of}{every} that can exist is treated as before: proved."))
        return
    for way in Way:
        if way in found.proved:
            yield Text(_sentence(f"{of}nobody is treated {WORDS[way]}: proved."))
        elif way in found.not_proved:
            yield Text(_sentence(f"{of}whether anybody is treated {WORDS[way]} is not proved."))
        else:
            yield Text(_sentence(f"{of}some are treated {WORDS[way]}:"))
            yield from _regions(compared, tuple(r for r in found.regions.found if r.way is way), all_=all_)
    if found.regions.found and found.regions.is_complete:
        yield Text(_sentence(f"{of}whoever is in none of these regions is treated as before: proved."))
    elif not found.regions.is_complete:
        these = ", ".join(dict.fromkeys(ASPECTS[aspect.kind.value] for aspect in found.regions.unfinished))
        yield Text(f"There are more regions than are told, of {these}.", is_loud=True)


WORDS: Mapping[Way, str] = {
    Way.STRICTER: "more strictly",
    Way.SOFTER: "more softly",
    Way.DIFFERENT: "otherwise, neither more strictly nor more softly",
}

ASPECTS: Mapping[str, str] = {
    "placed_today": "holds placed",
    "released_today": "holds released",
    "step": "what is sent",
    "stage": "where an account stands",
    "put_off": "what is put off",
    "asked_today": "what sales is asked",
    "stood_down": "when sales stands down",
    "tells": "whose silence is told",
    "tasks": "tasks",
    "limits": "credit limits",
    "points": "worklist points",
}


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _regions(compared: Compared, those: tuple[Region, ...], *, all_: bool) -> Iterator[Block]:
    entries = []
    told_ = those if all_ else those[:SHOWN]
    for said, regions in grouped(told_):
        lines = []
        for region in regions:
            lines.append(who(region.condition, compared.old.currency))
            lines.append(f"  such as: {_facts(compared, region.witness.facts)}")
        entries.append((said, tuple(lines)))
    yield items(entries)
    if len(told_) < len(those):
        yield Text(f"… and {count(len(those) - len(told_), 'region')} more (--all tells them)")


def _facts(compared: Compared, facts: Sequence[tuple[str, Value]]) -> str:
    """The facts of an account in one line; counts that follow from others left to the JSON."""
    telling = [
        (name, value) for name, value in facts if name not in FOLLOW and not name.startswith(("clock__", "times__"))
    ]
    said = ", ".join(f"`{name}` {shown(compared.new, name, value)}" for name, value in telling[:TELLING])
    return (said or "every fact 0, no or none") + (", …" if len(telling) > TELLING else "")


FOLLOW = frozenset(
    {"late", "open_count", "late_count", "late_count_with_disputed", "past_due_with_disputed", "open_amount"}
)
"""Facts that a reader takes for granted once the others are told."""


def gets(decision: Decision) -> str:
    """What an account gets, in one line; nothing is an answer, too."""
    return "; ".join(line for line in decision_lines(decision) if not line.startswith("segment "))


# What was executed already.


def _episodes(compared: Compared) -> Iterator[Block]:
    if not compared.rungs:
        return
    yield Title("Episodes that are under way", 3)
    changed = [rung for rung in compared.rungs if not rung.is_as_before]
    if any(rung.again for rung in changed):
        yield Text("Some who were sent a stage can be sent one that is no harsher, or the same again", is_loud=True)
    if changed:
        yield items((_rung(rung), tuple(_again(compared, rung))) for rung in changed)
    if same := len(compared.rungs) - len(changed):
        still = "whoever stands there stands there still, and is sent only what is harsher: proved."
        yield Text(f"{count(same, 'stage')} executed already: {still}")


def _rung(rung: Rung) -> str:
    like = f"; `{rung.like}` does the same and counts as new" if rung.like else ""
    below = "; whoever was sent it stands on what was sent before it" if rung.standing is Standing.GONE else ""
    return f"`{rung.stage}` of ladder `{rung.ladder}` {rung.standing.value}{like}{below}"


def _again(compared: Compared, rung: Rung) -> Iterator[str]:
    for again in rung.again:
        new = again.witness.new
        tone = f" ({new.tone})" if new.tone != NONE else ""
        yield f"after `{rung.stage}`, `{again.stage}`{tone} can be sent"
        yield f"  such as: {_facts(compared, again.witness.facts)}"
    for stage in rung.unsettled:
        yield f"after `{rung.stage}`, whether `{stage}` can be sent is not proved"


# Whom it touches.


def _touches(compared: Compared, found: Touches, *, all_: bool) -> Iterator[Block]:
    yield Title(f"On the book of {found.as_of}", 3)
    money = format_minor(found.past_due, found.currency)
    of = f"{len(found.touched):,} of {count(found.accounts, 'account')} treated differently"
    yield Text(f"{of}; {money} past due." if found.touched else f"{of}.")
    if not found.touched:
        return
    if again := found.sent_again:
        yield Text(
            f"{count(len(again), 'account')} would be sent a stage no harsher than one sent already", is_loud=True
        )
        yield Table(ACCOUNTS, _touched(compared, _some(again, all_=all_)), frozenset({2}))
    yield Table(
        ("stage today was", "is now", "accounts", ""),
        tuple(
            (old, new, f"{n:,}", "" if old != new else "as before, or in another tone")
            for (old, new), n in found.matrix.items()
            if old != new or old != NOTHING
        ),
        frozenset({2}),
    )
    for title, sums in (
        ("segment", found.by_segment),
        ("salesperson", found.by_salesperson),
        ("collector", found.by_collector),
    ):
        yield Table((title, "accounts", "past due"), tuple(_sums(sums, found.currency)), frozenset({1, 2}))
    those = _some(found.touched, all_=all_)
    yield Table(ACCOUNTS, _touched(compared, those), frozenset({2}))
    if len(those) < len(found.touched):
        yield Text(f"… and {len(found.touched) - len(those):,} more (--all shows everybody)")


ACCOUNTS = ("customer", "of", "past due", "was", "is now")


def _some(those: Sequence[Touched], *, all_: bool) -> Sequence[Touched]:
    return those if all_ else those[:SHOWN]


def _sums(sums: Mapping[str, Sums], currency: str) -> Iterator[tuple[str, ...]]:
    for word, sum_ in sums.items():
        yield word, f"{sum_.accounts:,}", format_minor(sum_.past_due, currency)


def _touched(compared: Compared, those: Sequence[Touched]) -> tuple[tuple[str, ...], ...]:
    aspects = Aspects(compared.old, compared.new)

    def row(one: Touched) -> tuple[str, ...]:
        old, new = _brief(one.old), _brief(one.new)
        if old == new and one.old is not None and one.new is not None:
            differences = aspects.differences(one.old, one.new).items()
            new = "; ".join(change_of(aspect.kind, aspect.rule, pair) for aspect, pair in differences)
        creditor = " ".join((one.key[0], *one.key[2:])).strip()
        money = format_minor(one.past_due, compared.new.currency)
        return f"{one.key[1]} {one.name[:32]}".strip(), creditor, money, old, new

    return tuple(row(one) for one in those)


def _brief(decision: Decision | None) -> str:
    if decision is None:
        return "no account"
    said = [f"{decision.step} ({decision.tone})" if decision.tone != NONE else decision.step] * (decision.step != NONE)
    said += [f"hold {hold}" for hold in decision.place]
    said += [f"release {hold}" for hold in decision.release]
    said += [f"sales asked: {rule}" for rule in decision.asks]
    return ", ".join(said) or (f"nothing ({decision.wait.value})" if decision.wait else "nothing")


# As JSON.


def as_json(compared: Compared) -> dict[str, Any]:
    """The comparison of one policy as a JSON object."""
    return {
        "policy": compared.name,
        "changes": [
            {"sort": one.sort.value, "what": one.what, "value": one.value, "old": one.old, "new": one.new}
            for one in in_order(compared.changes)
        ],
        "promises": [_promise_record(one) for one in compared.kept],
        "means": means_record(compared.meant, compared.old.currency),
        "executed_stages": [_rung_record(rung) for rung in compared.rungs],
        "touches": None if compared.touches is None else _touches_record(compared.touches),
    }


def means_record(found: Meant, currency: str) -> dict[str, Any]:
    """What a change means as a JSON object."""
    return {
        "equal": found.is_equal,
        "not_compared": found.not_compared,
        "other_facts": list(found.other_facts),
        "accounts_whose_exceptions_changed": list(found.accounts),
        "changed_beyond_decisions": list(found.beyond),
        "proved_that_nobody_is": sorted(way.value for way in found.proved),
        "not_proved": sorted(way.value for way in found.not_proved),
        "witnesses": {way.value: _witness_record(witness) for way, witness in found.witnesses.items()},
        "regions": [
            {
                "way": region.way.value,
                "about": region.aspect.kind.value,
                "rule": region.aspect.rule,
                "change": change(region),
                "who": who(region.condition, currency),
                "witness": _witness_record(region.witness),
            }
            for region in found.regions.found
        ],
        "regions_complete": found.regions.is_complete and not found.not_compared,
    }


def _witness_record(witness: Witness) -> dict[str, Any]:
    return {
        "facts": {name: plain(value) for name, value in witness.facts},
        "old": gets(witness.old),
        "new": gets(witness.new),
    }


def _promise_record(one: Kept) -> dict[str, Any]:
    found = one.proof.counterexample if one.proof else None
    return {
        "guarantee": one.id,
        "became": one.became.name.lower(),
        "weaker": one.is_weaker,
        "was": one.before.value if one.before else None,
        "is": one.proof.verdict.value if one.proof else None,
        "counterexample": {name: plain(value) for name, value in found.facts} if found else None,
    }


def _rung_record(rung: Rung) -> dict[str, Any]:
    return {
        "ladder": rung.ladder,
        "stage": rung.stage,
        "standing": rung.standing.name.lower(),
        "like": rung.like,
        "again": [{"stage": again.stage, "witness": _witness_record(again.witness)} for again in rung.again],
        "not_proved": list(rung.unsettled),
    }


def _touches_record(found: Touches) -> dict[str, Any]:
    return {
        "as_of": found.as_of.isoformat(),
        "accounts": found.accounts,
        "past_due": found.past_due,
        "stages": [{"old": old, "new": new, "accounts": n} for (old, new), n in found.matrix.items()],
        **{
            name: {word: {"accounts": sum_.accounts, "past_due": sum_.past_due} for word, sum_ in sums.items()}
            for name, sums in (
                ("by_segment", found.by_segment),
                ("by_salesperson", found.by_salesperson),
                ("by_collector", found.by_collector),
            )
        },
        "treated_differently": [
            {
                "creditor": one.key[0],
                "customer": one.key[1],
                "item": one.key[2],
                "past_due": one.past_due,
                "old": _brief(one.old),
                "new": _brief(one.new),
                "sent_again": one.is_sent_again,
            }
            for one in found.touched
        ],
    }
