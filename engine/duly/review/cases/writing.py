"""A case as it would be written: the fewest facts from which the others follow, and what is done for them.

What is written is read back as the same facts. The expectation is what the policy
does today, for a person to look at before it is kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping

from duly.language.ambiguous import ambiguity, is_decimal, is_whole
from duly.language.conditions import Facts, Value
from duly.language.policy import Policy
from duly.language.reads import OWN
from duly.language.vocabulary import ACCOUNT, LARGEST, Type
from duly.money import format_decimal
from duly.review.cases.case import What
from duly.review.cases.customer import Completing, fewest
from duly.review.cases.deeds import Done, Seen, deciders
from duly.review.cases.reading import counted_by
from duly.review.cases.schema import ANY, UNKNOWN, VERSION
from duly.rules.decision import NONE, Decision

HEAD = f"# yaml-language-server: $schema=../schemas/cases.schema.json\nduly_cases: {VERSION}\ncases:\n"
"""How a file of cases begins."""

MATTERS = ("step", "tone", "repeat", "stood_down", "points")
"""Words that are told where they say anything."""

WIDEST = 110
"""A line longer than this is broken between its entries."""


def case_text(
    completing: Completing, id_: str, facts: Facts, day: Seen, because: str = "", also: Collection[str] = ()
) -> str:
    """A case under `cases:`, of a customer with these facts, that expects what the day has.

    `also` are words of the decision that are expected even where they say that nothing is.
    """
    return _case(completing, id_, facts, dict(_expected(completing.policy, day, also)), because)


def promise_text(completing: Completing, id_: str, facts: Facts, guarantee: str, because: str = "") -> str:
    """A case under `cases:`, of a customer with these facts: the guarantee is kept, whatever is done."""
    return _case(completing, id_, facts, {"keeps": f"[{guarantee}]", "actions": ANY}, because)


def _case(completing: Completing, id_: str, facts: Facts, expected: Mapping[str, str], because: str) -> str:
    given = fewest(completing, facts)
    lines = [f"  {id_}:"]
    if because:
        lines.append(f"    because: {_word(because)}")
    lines += _block("customer", dict(_customer(completing.policy, given)))
    lines += _block("expect", expected)
    return "\n".join(lines) + "\n"


def customer_text(completing: Completing, facts: Facts) -> str:
    """The customer as it would stand in a case, in one line."""
    return _flow(dict(_customer(completing.policy, fewest(completing, facts))))


def _block(key: str, entries: Mapping[str, str]) -> Iterator[str]:
    flow = f"    {key}: {{{', '.join(f'{name}: {value}' for name, value in entries.items())}}}"
    if len(flow) <= WIDEST:
        yield flow
        return
    yield f"    {key}:"
    yield from (f"      {name}: {value}" for name, value in entries.items())


def _customer(policy: Policy, given: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """The facts as they are written, those of the vocabulary in its order."""
    for name, fact in ACCOUNT.items():
        if name in given:
            yield name, _value(given[name], money=policy.currency if fact.type is Type.MONEY else "")
    executed = dict(_executed(policy, given))
    if executed:
        yield "executed", _flow(executed)
    currency = str(given.get("currency", policy.currency))
    own = {name.removesuffix(OWN): _value(v, money=currency) for name, v in given.items() if name.endswith(OWN)}
    if own:
        yield "own_currency", _flow(own)
    counted = {name: str(given[fact]) for name, fact in counted_by(policy).items() if given.get(fact) is not None}
    if counted:
        yield "counted", _flow(counted)
    exception = {
        word: _value(given[name])
        for word, name in (
            ("pause", "exception__pause"),
            ("tone_at_most", "exception__tone"),
            ("stage_at_most", "exception__stage"),
            ("ladder", "exception__ladder"),
        )
        if name in given
    }
    if exception:
        yield "exception", _flow(exception)


def _executed(policy: Policy, given: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    for stage in policy.stage_ids:
        days, times = given.get(f"days_since__{stage}"), given.get(f"times__{stage}")
        if isinstance(days, int):
            yield stage, str(days) if times is None else f"{{days_ago: {days}, times: {times}}}"


def _flow(entries: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in entries.items()) + "}"


def _value(value: Value, *, money: str = "") -> str:
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "true" if value else "false"
        case int() if money:
            decimal = format_decimal(value, money)
            return decimal if abs(value) < LARGEST // 100 else f'"{decimal}"'
        case int():
            return str(value)
        case frozenset():
            return f"[{', '.join(map(_word, sorted(value)))}]"
        case str():
            return _word(value)


def _word(text: str) -> str:
    """Text as YAML, quoted where it could be taken for something else."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9_ ./-]*[A-Za-z0-9_.]|[A-Za-z]", text, re.ASCII)
    looks_otherwise = text in {"true", "false", UNKNOWN} or is_whole(text) or is_decimal(text)
    return text if plain and not looks_otherwise and ambiguity(text) is None else json.dumps(text, ensure_ascii=False)


def words_of(decision: Decision) -> Mapping[str, Value]:
    """Everything that a case can expect of a decision in a word, in the order in which it is written."""
    return {
        "segment": decision.segment,
        "ladder": decision.ladder,
        "paused": decision.paused,
        "pauses": frozenset(decision.pauses),
        "executed_stage": decision.executed_stage,
        "step": decision.step,
        "stage": decision.stage,
        "next_stage": decision.next_stage,
        "tone": decision.tone,
        "repeat": decision.repeat,
        "put_off": decision.put_off,
        "stood_down": decision.stood_down,
        "points": decision.points,
    }


def _expected(policy: Policy, day: Seen, also: Collection[str]) -> Iterator[tuple[str, str]]:
    words = words_of(day.decision)
    told = {*also, *(word for word in MATTERS if words[word] not in {NONE, False, frozenset()})}
    yield from ((word, _value(value)) for word, value in words.items() if word in told)
    yield "actions", f"[{', '.join(_action(policy, done) for done in day.done)}]"
    if day.withheld:
        yield "withheld", _flow({_withheld(thing.what): thing.reason for thing in day.withheld})
    did, _ = deciders(policy, day)
    if did:
        yield "by", f"[{', '.join(sorted(did))}]"


def _action(policy: Policy, done: Done) -> str:
    """An action; whose a request, a hold or a message is goes without saying."""
    said = {done.what.value: done.name}
    if done.what in {What.TASK, What.TELL}:
        said["for"] = done.for_role
    if done.to is not None:
        said["to"] = _value(done.to, money=policy.currency)
    if done.approval:
        said["approval"] = f"[{', '.join(sorted(done.approval))}]"
    return _flow(said)


def _withheld(what: str) -> str:
    return what if what == "stages" else _word(what)
