"""Reading what a case expects: words of the decision, actions, what is withheld, and deciding rules.

Names are looked up in the policy, so that an expectation which nothing could meet
is found when the file is read and not when it fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from duly.language.ambiguous import short
from duly.language.gate import List, Map, Node, Scalar
from duly.language.policy import GuaranteeForm, Policy
from duly.language.suggest import did_you_mean
from duly.language.vocabulary import Names as NamedBy
from duly.language.written import Part, whole
from duly.review.cases.case import SET_ASIDE, Customer, Decider, Expected, Kept, Ledger, Promise, Said, Wanted, What
from duly.review.cases.reading import Reader
from duly.review.cases.schema import ANY, WORDS, YES_NO
from duly.rules.decision import Wait

NAMED_BY: Mapping[str, tuple[NamedBy, bool]] = {
    "segment": (NamedBy.SEGMENTS, False),
    "ladder": (NamedBy.LADDERS, True),
    "executed_stage": (NamedBy.STAGES, True),
    "stage": (NamedBy.STAGES, True),
    "step": (NamedBy.STAGES, True),
    "next_stage": (NamedBy.STAGES, True),
    "tone": (NamedBy.TONES, True),
}
"""The words of a decision, by what names them and whether there may be none."""

REASONS = (*(wait.value for wait in Wait if wait is not Wait.NOT_LATE), "no_way_to_reach", "hold_waits", SET_ASIDE)
"""The words for why something is withheld, those of a plan."""


def read_expected(reader: Reader, part: Part, subject: Customer | Ledger) -> tuple[Expected, ...]:
    """What the case expects, by day where it is a run of days."""
    expect = part.part("expect")
    is_run = isinstance(subject, Ledger) and subject.is_run
    days = [entry for entry in expect.node.entries if entry.key.text[:1].isdigit()]
    words = [entry for entry in expect.node.entries if not entry.key.text[:1].isdigit()]
    if is_run and words:
        message, help_ = "a run of days has its expectations by day", "write `expect: {2027-01-31: {…}}`"
        reader.report("not-by-day", words[0].key.span, message, help_)
    elif not is_run and days:
        message = "only a run of days, `from` and `until`, has expectations by day"
        reader.report("by-day", days[0].key.span, message, "write what is expected without the day")
    if not isinstance(subject, Ledger):
        return (_expected(reader, expect, None, can_wait=False),)
    if not is_run:
        return (_expected(reader, expect, subject.last, can_wait=True),)
    return tuple(_by_day(reader, expect, subject))


def _by_day(reader: Reader, expect: Part, ledger: Ledger) -> Iterator[Expected]:
    for entry in expect.node.entries:
        day = reader.read.day(entry.key) if entry.key.text[:1].isdigit() else None
        if day is None:
            continue
        if not ledger.first <= day <= ledger.last:
            message = f"{day} is not a day of the run, {ledger.first} to {ledger.last}"
            reader.report("not-in-the-run", entry.key.span, message, "choose a day of the run, or make it longer")
        yield _expected(reader, expect.part(entry.key.text), day, can_wait=True)


def _expected(reader: Reader, part: Part, on: date | None, *, can_wait: bool) -> Expected:
    return Expected(
        on=on,
        said=tuple(_said(reader, part)),
        actions=_actions(reader, part.get("actions")),
        withheld=tuple(_withheld(reader, part.part("withheld"), can_wait=can_wait)) if part.has("withheld") else None,
        by=tuple(_deciders(reader, part)) if part.has("by") else None,
        keeps=tuple(_promises(reader, part)),
        span=part.span,
    )


def _said(reader: Reader, part: Part) -> Iterator[Said]:
    for entry in part.node.entries:
        word, node = entry.key.text, entry.value
        if word in WORDS:
            named_by, or_none = NAMED_BY[word]
            yield Said(word, reader.read.named(named_by, node, or_none=or_none), entry.key.span)
        elif word in YES_NO:
            yield Said(word, isinstance(node, Scalar) and node.text == "true", entry.key.span)
        elif word == "points":
            yield Said(word, whole(node), entry.key.span)
        elif word == "pauses" and isinstance(node, List):
            known = reader.read.names[NamedBy.PAUSES]
            scalars = (item for item in node.items if isinstance(item, Scalar))
            yield Said(word, frozenset(reader.one_of(s, known, "an account pause") for s in scalars), entry.key.span)


def _actions(reader: Reader, node: Node | None) -> tuple[Wanted, ...] | None:
    if isinstance(node, Scalar) and node.text == ANY:
        return None
    items = node.items if isinstance(node, List) else ()
    return tuple(one for item in items if isinstance(item, Map) for one in _action(reader, item))


def _action(reader: Reader, item: Map) -> Iterator[Wanted]:
    role = item.get("for")
    for_role = role.text if isinstance(role, Scalar) else ""
    words = {what.value: what for what in What}
    named = [entry for entry in item.entries if entry.key.text in words]
    if len(named) != 1:
        message = "an action is one deed" if named else "this action names no deed"
        reader.report("not-one-deed", item.span, message, "write for example `{email: reminder}` or `{hold: credit}`")
    for entry in named[:1]:
        if isinstance(entry.value, Scalar):
            what = words[entry.key.text]
            known, thing = _names_of(reader.policy)[what]
            name = reader.one_of(entry.value, known, thing)
            yield Wanted(what, name, for_role, _approval(item), _limit(reader, item, what), entry.key.span)


def _approval(item: Map) -> frozenset[str] | None:
    signed = item.get("approval")
    return (
        frozenset(role.text for role in signed.items if isinstance(role, Scalar)) if isinstance(signed, List) else None
    )


def _limit(reader: Reader, item: Map, what: What) -> int | None:
    to = item.get("to")
    if to is not None and what is not What.LIMIT:
        reader.report("not-a-limit", to.span, "only a credit limit is asked for `to` an amount", "leave `to` out")
    return None if to is None else reader.read.money(to)


def _names_of(policy: Policy) -> Mapping[What, tuple[tuple[str, ...], str]]:
    """The names that an action of each sort can have, and what they are."""
    stages = tuple(policy.stages())
    sent = [send for stage in stages for send in (*stage.send, *stage.without_email)]
    tasks = [task.task for stage in stages for task in stage.tasks]
    tasks += [task.task for pause in policy.account_pauses for task in pause.tasks]
    deeds = tuple(stage.action for stage in stages if stage.action)
    sales, holds = tuple(rule.id for rule in policy.sales), tuple(hold.id for hold in policy.holds)
    return {
        What.EMAIL: (tuple(s.template for s in sent if s.channel.value == "email"), "an e-mail"),
        What.LETTER: (tuple(s.template for s in sent if s.channel.value == "letter"), "a letter"),
        What.TASK: (tuple(tasks), "a task"),
        What.REQUEST: (sales, "a sales rule"),
        What.TELL: (sales, "a sales rule"),
        What.HOLD: (holds, "a hold"),
        What.RELEASE: (holds, "a hold"),
        What.REFERRAL: (deeds, "an action"),
        What.WRITE_OFF: (deeds, "an action"),
        What.LIMIT: (tuple(rule.id for rule in policy.credit_limits), "a credit limit rule"),
    }


def _withheld(reader: Reader, part: Part, *, can_wait: bool) -> Iterator[Kept]:
    policy = reader.policy
    known = (*policy.stage_ids, *(hold.id for hold in policy.holds))
    spelled = {
        *known,
        "stages",
        "everything",
        *(f"{kind} {id_}" for id_ in policy.stage_ids for kind in ("stage", "message")),
    }
    spelled |= {f"hold {hold.id}" for hold in policy.holds}
    for entry in part.node.entries:
        if entry.key.text not in spelled:
            message = f"`{short(entry.key.text)}` is not a stage or hold of this policy"
            reader.report("unknown-stage", entry.key.span, message, did_you_mean(entry.key.text, (*known, "stages")))
        inner = part.part(entry.key.text) if isinstance(entry.value, Map) else None
        node = inner.get("reason") if inner else entry.value
        until = reader.read.day(inner.get("until")) if inner and inner.has("until") else None
        if until is not None and not can_wait and inner:
            message = "a customer by its facts has no coming days"
            reader.report("no-coming-days", inner.span_of("until"), message, "give a ledger and a day")
        if isinstance(node, Scalar):
            if node.text not in REASONS:
                help_ = did_you_mean(node.text, REASONS)
                reader.report(
                    "unknown-reason", node.span, f"`{short(node.text)}` is no reason to withhold anything", help_
                )
            yield Kept(entry.key.text, node.text, until, entry.key.span)


def _deciders(reader: Reader, part: Part) -> Iterator[Decider]:
    known = rules_of(reader.policy)
    words = {*known, *(rule.rpartition(" ")[2] for rule in known)}
    for node in part.scalars("by"):
        if node.text not in words:
            help_ = did_you_mean(node.text, sorted(words))
            reader.report("unknown-rule", node.span, f"`{short(node.text)}` is not a rule of this policy", help_)
        yield Decider(node.text, node.span)


def _promises(reader: Reader, part: Part) -> Iterator[Promise]:
    forms = {guarantee.id: guarantee.form for guarantee in reader.policy.guarantees}
    for node in part.scalars("keeps"):
        id_ = reader.one_of(node, tuple(forms), "a guarantee")
        if forms.get(id_) in {GuaranteeForm.SAME_TREATMENT, GuaranteeForm.OVER_TIME}:
            of = "two customers" if forms[id_] is GuaranteeForm.SAME_TREATMENT else "runs of days"
            message = f"`{id_}` is about {of}, so no one decision keeps or breaks it"
            reader.report("not-of-one-decision", node.span, message, "name a guarantee with `never` or `always`")
        yield Promise(id_, node.span)


def rules_of(policy: Policy) -> tuple[str, ...]:
    """Every rule that can decide something, by kind and name."""
    return (
        *(f"segment {segment.id}" for segment in policy.segments),
        *(f"pause {pause.id}" for pause in policy.account_pauses),
        *(f"pause {pause.id}" for pause in policy.invoice_pauses),
        "late",
        "limits",
        *(f"ladder {ladder.id}" for ladder in policy.ladders),
        *(f"stage {id_}" for id_ in policy.stage_ids),
        *(f"tone limit {limit.id}" for limit in policy.tone_limits),
        *(f"exception for {account}" for account in dict.fromkeys(e.account for e in policy.exceptions)),
        *(f"sales {rule.id}" for rule in policy.sales),
        *(f"hold {hold.id}" for hold in policy.holds),
        *(f"credit limit {rule.id}" for rule in policy.credit_limits),
    )
