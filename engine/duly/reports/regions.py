"""A region of accounts in plain words: who is meant, and what they get by either policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from duly.language.conditions import All, Any, Compare, Condition, Includes, Is, Known, Not, Op
from duly.language.english import english, value_text
from duly.language.reads import OWN
from duly.language.vocabulary import ACCOUNT, EXCEPTION_FACTS, Type
from duly.reports.plan import count
from duly.review.diff.aspects import Kind, Outcome, Pair
from duly.review.diff.regions import Region
from duly.review.diff.spoken import DUE, GAP, NEXT, ROOM, STANDS_ON, STOPPED
from duly.rules.decision import NONE

_Bounds = tuple[int | None, int | None]


def who(condition: Condition, currency: str) -> str:
    """Whom a region means: `standard` customers, 15 to 19 days past due, and so on."""
    parts = condition.parts if isinstance(condition, All) else (condition,)
    said = [_part(part, currency) for part in parts]
    if not said:
        return "everybody"
    if not _is_segment(parts[0]):
        said[0] = f"customers {said[0]}" if said[0].startswith(_CLAUSES) else f"customers: {said[0]}"
    return ", ".join(said)


_CLAUSES = ("whose ", "standing ", "to whom ", "not paused", "paused")


def _is_segment(part: Condition) -> bool:
    return isinstance(part, Is) and part.fact == "segment"


def _part(part: Condition, currency: str) -> str:
    match part:
        case Any((Not(Known(fact)), known)):
            return f"{_part(known, currency)} or {_unknown(fact)}"
        case Any((Known(_) as known, _)):
            return _part(known, currency)
        case All((Compare(fact, Op.AT_LEAST, least), Compare(_, Op.AT_MOST, most))):
            return _range(fact, (least, most), currency)
        case Compare(fact, Op.AT_LEAST, least):
            return _range(fact, (least, None), currency)
        case Compare(fact, Op.AT_MOST, most):
            return _range(fact, (None, most), currency)
        case Is(fact, (bool(yes),)):
            said = YES_NO.get(fact)
            return said[0 if yes else 1] if said else english(part, currency)
        case Is(fact, words):
            return _words(fact, [str(word) for word in words], "")
        case Not(Is(fact, words)):
            return _words(fact, [str(word) for word in words], "not ")
        case Not(Known(fact)):
            return _unknown(fact)
        case Known(fact):
            return _known(fact)
        case Includes(fact, member):
            return SETS.get(fact, f"with {{}} in `{fact}`").format(f"`{member}`")
        case Not(Includes(fact, member)):
            return NOT_IN.get(fact, f"without {{}} in `{fact}`").format(f"`{member}`")
        case _:
            return english(part, currency)


YES_NO: Mapping[str, tuple[str, str]] = {
    "paused": ("paused", "not paused"),
    STOPPED: ("paused by something else", "not paused by anything else"),
    DUE: ("whose next stage is due", "whose next stage is not due yet"),
    GAP: ("the last stage long enough ago", "the last stage too short a time ago"),
    ROOM: ("with room under the contact cap", "with no room under the contact cap"),
    "put_off": ("whose stage is put off", "whose stage is not put off"),
    "outcome_unknown": ("with an outcome that nobody knows yet", "with no outcome open"),
    "late": ("late", "not late"),
    "financial_difficulty": ("in financial difficulty", "not in financial difficulty"),
    "insolvent": ("insolvent", "not insolvent"),
    "do_not_contact": ("not to be contacted", "free to be contacted"),
    "contact_day": ("on an open day", "on a closed day"),
    "contacted_today": ("contacted today", "not contacted today"),
    "has_email": ("with an e-mail address", "without an e-mail address"),
    "has_address": ("with a postal address", "without a postal address"),
    "exception__pause": ("paused by an exception", "not paused by an exception"),
}

SETS: Mapping[str, str] = {
    "pauses": "paused by {}",
    "holds": "on hold {}",
    "sales_asked": "sales asked under {}",
    "requests_open": "the request {} open",
    "requests_answered": "the request {} answered",
    "requests_told": "the silence under {} told",
    "tasks_given": "the task of {} given",
    "asked_today": "sales asked under {} today",
    "placed_today": "the hold {} placed today",
    "released_today": "the hold {} released today",
    "tags": "marked {}",
}

NOT_IN: Mapping[str, str] = {
    "pauses": "not paused by {}",
    "holds": "not on hold {}",
    "sales_asked": "sales not asked under {} yet",
    "requests_open": "the request {} not open",
    "requests_answered": "the request {} not answered",
    "requests_told": "the silence under {} not told yet",
    "tasks_given": "the task of {} not given yet",
    "asked_today": "sales not asked under {} today",
    "placed_today": "the hold {} not placed today",
    "released_today": "the hold {} not released today",
    "tags": "not marked {}",
}

_STANDING: Mapping[str, tuple[str, str]] = {
    STANDS_ON: ("standing on {}", "standing on no stage"),
    "executed_stage": ("with {} the last stage executed", "with no stage executed"),
    NEXT: ("whose next stage is {}", "with no next stage"),
    "step": ("to whom {} is proposed", "to whom nothing is proposed"),
    "stage": ("standing on {} with today's step", "standing on no stage with today's step"),
    "tone": ("in tone {}", "in no tone"),
    "ladder": ("on ladder {}", "on no ladder"),
}


def _words(fact: str, words: list[str], negated: str) -> str:
    if fact == "segment":
        return f"{negated}{_or(words)} customers"
    if fact in _STANDING:
        some, none = _STANDING[fact]
        stages = [word for word in words if word != NONE]
        told = [none] * (NONE in words) + ([some.format(_or(stages))] if stages else [])
        return negated + " or ".join(told)
    if fact == "exception__stage":
        return f"with an exception that {'does not allow' if negated else 'allows'} at most {_or(words)}"
    if any(fact == one.name for one in EXCEPTION_FACTS):
        shown = [word or NONE for word in words]
        return f"with {negated}{_or(shown)} by exception for the {fact.partition('__')[2]}"
    return f"`{fact}` {negated}{_or(words)}"


def _or(words: list[str]) -> str:
    quoted = [f"`{word}`" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


_UNITS: Mapping[str, Callable[[str], str]] = {
    "days_past_due": lambda n: f"{n} days past due",
    "past_due": lambda n: f"{n} past due",
    "days_since_last_stage": lambda n: f"the last stage {n} days ago",
    "days_since_stage": lambda n: f"the last stage of this episode {n} days ago",
    "days_since_reply": lambda n: f"the last reply {n} days ago",
    "days_since_contact": lambda n: f"the last contact {n} days ago",
    "days_since_answer": lambda n: f"the last answer of sales {n} days ago",
    "broken_promises": lambda n: f"{n} broken promises",
    "contacts_in_window": lambda n: f"{n} contacts in the window of the cap",
}


def _range(fact: str, bounds: _Bounds, currency: str) -> str:
    number = _numbers(fact, bounds, currency)
    kind, _, rest = fact.partition("__")
    if fact in _UNITS:
        said = _UNITS[fact](number)
        return (
            said.replace(" 1 days", " 1 day").replace("1 broken promises", "1 broken promise")
            if number == "1"
            else said
        )
    if kind == "days_since" and rest:
        return f"`{rest}` executed {number} days ago"
    if kind == "times" and rest:
        return f"`{rest}` executed {number} times"
    if kind == "clock":
        since, period, *_ = rest.split("__")
        return f"{number} {period} since the {since.replace('_', ' ')}"
    return f"`{fact.removesuffix(OWN)}` {number}"


def _numbers(fact: str, bounds: _Bounds, currency: str) -> str:
    """`14`, `15 to 19`, `at least 7`, `over 250.00 USD`: the words that need the rounder number."""
    least, most = bounds
    known = ACCOUNT.get(fact.removesuffix(OWN))
    money = known is not None and known.type is Type.MONEY

    def told(number: int) -> str:
        return value_text(fact, number, currency)

    over = least is not None and money and (least - 1) % 100 == 0
    below = most is not None and money and (most + 1) % 100 == 0
    if least is None or most is None:
        if least is not None:
            return f"over {told(least - 1)}" if over else f"at least {told(least)}"
        return f"below {told((most or 0) + 1)}" if below else f"at most {told(most or 0)}"
    if least == most:
        return told(least)
    if over or below:
        return f"{_numbers(fact, (least, None), currency)} and {_numbers(fact, (None, most), currency)}"
    return f"{told(least)} to {told(most)}"


def _unknown(fact: str) -> str:
    kind, _, rest = fact.partition("__")
    match kind:
        case "days_since" if rest:
            return f"`{rest}` not executed"
        case _ if fact in {"days_since_last_stage", "days_since_stage", "days_since_reply", "days_since_contact"}:
            return f"never {_SINCE[fact]}"
        case _:
            return f"{_subject(fact)} unknown"


def _known(fact: str) -> str:
    kind, _, rest = fact.partition("__")
    if kind == "days_since" and rest:
        return f"`{rest}` executed"
    return _SINCE[fact] if fact in _SINCE else f"{_subject(fact)} known"


_SINCE = {
    "days_since_last_stage": "sent a stage",
    "days_since_stage": "sent a stage in this episode",
    "days_since_reply": "heard of",
    "days_since_contact": "contacted",
}


def _subject(fact: str) -> str:
    kind, _, rest = fact.partition("__")
    return rest.split("__")[0].replace("_", " ") if kind == "clock" else f"`{fact.removesuffix(OWN)}`"


# What they get.


def change(region: Region) -> str:
    """What becomes of the accounts of a region: `reminder` (friendly) → `demand` (stern)."""
    return change_of(region.aspect.kind, region.aspect.rule, region.pair)


def change_of(kind: Kind, rule: str, pair: Pair) -> str:
    """The same of one thing and what is got of it by either policy."""
    match kind:
        case Kind.STEP if pair.old == pair.new:
            return f"{_sent(pair.old)}, carried out otherwise"
        case Kind.STEP:
            return f"{_sent(pair.old)} → {_sent(pair.new)}"
        case Kind.STAGE:
            return f"stands on {_stage(pair.old)} → stands on {_stage(pair.new)}"
        case Kind.POINTS:
            points = int(pair.new[0])
            return f"{count(abs(points), 'point')} {'more' if points > 0 else 'fewer'} on the worklist"
        case Kind.PUT_OFF:
            return "a stage is put off" if pair.new[0] else "no stage is put off any more"
        case _ if pair.old == pair.new:
            return f"{_RULES[kind][0].format(f'`{rule}`')}, carried out otherwise"
        case _:
            return _RULES[kind][0 if pair.new[0] else 1].format(f"`{rule}`")


_RULES: Mapping[Kind, tuple[str, str]] = {
    Kind.PLACED: ("hold {} is placed", "hold {} is not placed any more"),
    Kind.RELEASED: ("hold {} is released", "hold {} is not released any more"),
    Kind.ASKED: ("sales is asked under {}", "sales is not asked any more under {}"),
    Kind.TOLD: ("the silence of sales under {} is told", "the silence of sales under {} is not told any more"),
    Kind.STOOD_DOWN: ("sales stands down", "sales does not stand down any more"),
    Kind.TASK: ("the task of pause {} is given", "the task of pause {} is not given any more"),
    Kind.LIMIT: ("credit limit rule {} acts", "credit limit rule {} does not act any more"),
}


def _sent(outcome: Outcome) -> str:
    step, tone = outcome
    if step == NONE:
        return "nothing"
    return f"`{step}` ({tone})" if tone != NONE else f"`{step}`"


def _stage(outcome: Outcome) -> str:
    return "nothing" if outcome[0] == NONE else f"`{outcome[0]}`"


def grouped(regions: tuple[Region, ...]) -> Iterator[tuple[str, tuple[Region, ...]]]:
    """Regions that come to the same, together, in the order of the gravest of them."""
    groups: dict[str, list[Region]] = {}
    for region in regions:
        groups.setdefault(change(region), []).append(region)
    yield from ((said, tuple(those)) for said, those in groups.items())
