"""Reading the customer of a case: facts by their vocabulary names, and what follows from none of them.

What the policy decides itself (its segment, its stage) is not a fact to give. What
cannot be true of any account is refused at the fact that it contradicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from duly.language.ambiguous import short
from duly.language.conditions import Value
from duly.language.english import english, subject
from duly.language.gate import List, Map, Node, Scalar
from duly.language.invariants import Implies, Invariant
from duly.language.policy import Policy
from duly.language.reads import OWN, clocks
from duly.language.suggest import did_you_mean
from duly.language.vocabulary import ACCOUNT, Fact, Type
from duly.language.vocabulary import Names as NamedBy
from duly.language.written import Part, whole
from duly.language.written_values import NONE, THINGS, Values
from duly.money import format_minor
from duly.review.cases.books import Books
from duly.review.cases.case import Customer
from duly.review.cases.customer import Completing, facts_of
from duly.review.cases.schema import UNKNOWN
from duly.source import Span


@dataclass(slots=True)
class Reader:
    """Reads a cases file with the names and the currency of its policy; `books` makes books of its ledgers."""

    policy: Policy
    read: Values
    books: Books
    completing: Completing = field(init=False)

    def __post_init__(self) -> None:
        policy = self.policy
        self.completing = Completing(policy)
        self.read.currency = policy.currency
        self.read.names = {
            NamedBy.SEGMENTS: tuple(segment.id for segment in policy.segments),
            NamedBy.STAGES: policy.stage_ids,
            NamedBy.TONES: policy.tones,
            NamedBy.LADDERS: tuple(ladder.id for ladder in policy.ladders),
            NamedBy.PAUSES: tuple(pause.id for pause in policy.account_pauses),
            NamedBy.SALES: tuple(rule.id for rule in policy.sales),
            NamedBy.HOLDS: tuple(hold.id for hold in policy.holds),
        }

    def report(self, rule: str, span: Span, message: str, help_: str = "") -> None:
        """Collect a problem."""
        self.read.report(rule, span, message, help_)

    def one_of(self, node: Scalar, known: Iterable[str], thing: str) -> str:
        """The word, which must be one of those known; `thing` is what they are, such as `a credit limit rule`."""
        words = tuple(known)
        if node.text not in words:
            name = thing.partition(" ")[2]
            help_ = did_you_mean(node.text, words) or f"this policy has no {name}"
            message = f"`{short(node.text)}` is not {thing} of this policy"
            self.report(f"unknown-{name.replace(' ', '-')}", node.span, message, help_)
        return node.text


def read_customer(reader: Reader, part: Part) -> Customer:
    """The customer that the part describes."""
    said = dict(_said(reader, part))
    given = {name: value for name, (value, _) in said.items()}
    customer = Customer(MappingProxyType(given), MappingProxyType({name: span for name, (_, span) in said.items()}))
    _refuse_contradictions(reader, customer, part.span)
    return customer


_Said = Iterator[tuple[str, tuple[Value, Span]]]


def _said(reader: Reader, part: Part) -> _Said:
    for entry in part.node.entries:
        word, node = entry.key.text, entry.value
        match word:
            case "executed":
                yield from _executed(reader, part.part(word))
            case "own_currency":
                yield from _own(reader, part)
            case "counted":
                yield from _counted(reader, part.part(word))
            case "exception":
                yield from _exception(reader, part.part(word))
            case _ if word in ACCOUNT:
                yield word, (_value(reader, ACCOUNT[word], node), node.span)
            case _:
                pass


def _value(reader: Reader, fact: Fact, node: Node) -> Value:
    if fact.type is Type.SET:
        items = node.items if isinstance(node, List) else ()
        return frozenset(_member(reader, fact, item) for item in items if isinstance(item, Scalar))
    if isinstance(node, Scalar) and fact.unknown and node.plain and node.text == UNKNOWN:
        return None
    match fact.type:
        case Type.MONEY:
            return reader.read.money(node)
        case Type.NUMBER | Type.PERCENT:
            return whole(node)
        case _ if not isinstance(node, Scalar):
            return NONE
        case Type.YES_NO:
            return node.text == "true"
        case _ if fact.name == "currency":
            return reader.read.currency_of(node)
        case _ if fact.name == "country":
            return reader.read.country(node)
        case _ if fact.name == "language":
            return reader.read.language(node)
        case _:
            return node.text


def _member(reader: Reader, fact: Fact, node: Scalar) -> str:
    if fact.named_by is None:
        return node.text
    return reader.one_of(node, reader.read.names[fact.named_by], THINGS[fact.named_by])


def _executed(reader: Reader, part: Part) -> _Said:
    for entry in part.node.entries:
        stage = reader.one_of(entry.key, reader.policy.stage_ids, "a stage")
        if isinstance(entry.value, Map):
            inner = part.part(stage)
            yield f"days_since__{stage}", (inner.whole("days_ago"), entry.key.span)
            if inner.has("times"):
                yield f"times__{stage}", (inner.whole("times"), inner.span_of("times"))
        else:
            yield f"days_since__{stage}", (whole(entry.value), entry.key.span)


def _own(reader: Reader, customer: Part) -> _Said:
    part = customer.part("own_currency")
    currency = customer.text("currency", reader.policy.currency)
    for entry in part.node.entries:
        name = entry.key.text + OWN
        if name not in reader.completing.own:
            asked = [own.removesuffix(OWN) for own in reader.completing.own]
            message = f"no rule asks for `{short(entry.key.text)}` in the account's own currency"
            help_ = did_you_mean(entry.key.text, asked) or "no rule has a threshold by currency"
            reader.report("nobody-asks", entry.key.span, message, help_)
        yield name, (reader.read.money(entry.value, currency), entry.value.span)


def _counted(reader: Reader, part: Part) -> _Said:
    known = counted_by(reader.policy)
    for entry in part.node.entries:
        if entry.key.text in known:
            yield known[entry.key.text], (whole(entry.value), entry.value.span)
        else:
            message = f"no stage counts by `{short(entry.key.text)}`"
            help_ = did_you_mean(entry.key.text, known) or "no stage has a day of its own"
            reader.report("nobody-asks", entry.key.span, message, help_)


def counted_by(policy: Policy) -> Mapping[str, str]:
    """The facts of the clocks that stages count by, by their names in a case: `invoice_date_days`."""
    return {clock.fact.removeprefix("clock__").replace("__", "_"): clock.fact for clock in clocks(policy)}


def _exception(reader: Reader, part: Part) -> _Said:
    read = reader.read
    if part.has("pause"):
        yield "exception__pause", (part.text("pause") == "true", part.span_of("pause"))
    if part.has("tone_at_most"):
        yield "exception__tone", (read.named(NamedBy.TONES, part.get("tone_at_most")), part.span_of("tone_at_most"))
    if part.has("stage_at_most"):
        yield "exception__stage", (read.named(NamedBy.STAGES, part.get("stage_at_most")), part.span_of("stage_at_most"))
    if part.has("ladder"):
        ladder = read.named(NamedBy.LADDERS, part.get("ladder"), or_none=True)
        yield "exception__ladder", (ladder, part.span_of("ladder"))


# What cannot be.


def _refuse_contradictions(reader: Reader, customer: Customer, span: Span) -> None:
    facts, grace = reader.completing.facts(customer.given), reader.policy.late.grace_days
    days = customer.given.get("days_past_due")
    if isinstance(days, int) and 0 < days <= grace:
        message = f"within {grace} days of grace nothing is late, so that no days past due are counted"
        help_ = f"write {grace + 1} or more or leave it out; a ledger can show a day of grace"
        reader.report("no-such-customer", customer.places["days_past_due"], message, help_)
        return
    for invariant in reader.completing.contradictions(facts):
        names = [name for name in facts if name in facts_of(invariant)]
        place = next((customer.places[name] for name in reversed(tuple(customer.given)) if name in names), span)
        here = " and ".join(f"{subject(name)} is {_shown(reader.policy, name, facts[name])}" for name in names)
        always = invariant_text(invariant, reader.policy.currency)
        reader.report("no-such-customer", place, f"no account can be so: {here}", f"always: {always}")
    currency = facts["currency"]
    for name in reader.completing.own:
        if currency != reader.policy.currency and name not in customer.given and facts[name.removesuffix(OWN)]:
            plain = name.removesuffix(OWN)
            place = customer.places.get(plain, span)
            message = f"a rule asks for `{plain}` in {currency}, and it is given in {reader.policy.currency} alone"
            reader.report("own-amount-missing", place, message, f"add `own_currency: {{{plain}: …}}`")


def invariant_text(invariant: Invariant, currency: str) -> str:
    """What is true of every account, in words."""
    match invariant:
        case Implies(if_, then):
            return f"where {english(if_, currency)}, {english(then, currency)}"
        case _:
            some, others = (" + ".join(map(subject, names)) for names in (invariant.some, invariant.others))
            return f"{some} is {invariant.op.value.replace('_', ' ')} {others}"


def _shown(policy: Policy, name: str, value: Value) -> str:
    fact = ACCOUNT.get(name)
    match value:
        case None:
            return UNKNOWN
        case bool():
            return "yes" if value else "no"
        case int() if fact is not None and fact.type is Type.MONEY:
            return format_minor(value, policy.currency)
        case frozenset():
            return ", ".join(sorted(value)) or NONE
        case _:
            return str(value)
