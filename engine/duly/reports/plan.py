"""A plan as people read it: short by default, everything with `all_`.

The same plan gives the same text. What comes from the ledger is shown with
control characters escaped.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from duly.language.conditions import Value
from duly.messages.tables import columns
from duly.money import format_minor
from duly.plan.actions import REASON_TEXT
from duly.plan.document import action_record, withheld_record
from duly.plan.plan import Action, Because, Kind, Plan, Withheld
from duly.reports.terminal import defused, printable
from duly.rules.decision import Wait

SHOWN = 8
"""Actions and withheld things listed one by one unless everything is asked for."""

REASONS = {wait.value: text for wait, text in REASON_TEXT.items()}

KIND_WORDS = {
    Kind.MESSAGE: "message",
    Kind.TASK: "task",
    Kind.SALES_REQUEST: "sales request",
    Kind.HOLD: "hold",
    Kind.RELEASE: "release",
    Kind.REFERRAL: "referral",
    Kind.WRITE_OFF_PROPOSAL: "write-off proposal",
    Kind.LIMIT_PROPOSAL: "limit proposal",
    Kind.CHARGE_PROPOSAL: "charge proposal",
    Kind.INTRODUCTION: "introduction",
    Kind.ADVICE: "advice note",
    Kind.NOTICE: "notice",
    Kind.STATEMENT: "statement",
    Kind.LIST: "list",
}


def as_text(plan: Plan, *, all_: bool = False) -> str:
    """The plan for the terminal."""
    return "\n".join(_lines(plan, all_=all_)) + "\n"


def _lines(plan: Plan, *, all_: bool) -> Iterator[str]:
    title = plan.title or plan.policy
    yield f"{printable(title)}, as of {plan.as_of}"
    yield _who_decided(plan)
    for customer, reason in plan.set_aside:
        yield f"! {printable(customer)} is set aside: {printable(reason)}"
    yield ""
    yield from _to_do(plan, all_=all_)
    yield ""
    yield from _not_done(plan, all_=all_)
    if plan.stops:
        yield ""
        yield "An apply of this plan would be stopped by:"
        for stop in plan.stops:
            yield f"  {stop.message} [{stop.rule}]"
            yield f"    = {stop.help}"
    for note in plan.notes:
        yield ""
        yield f"Note: {printable(note)}"


def _who_decided(plan: Plan) -> str:
    counts = plan.counts
    again = "all of them" if counts.looked_again == counts.accounts else f"{counts.looked_again:,} of them"
    facts = f"facts derived again for {counts.facts_derived_again:,}"
    return (
        f"{counts.accounts:,} accounts, {counts.late:,} late; decided by {counts.first_engine}, "
        f"{counts.second_engine} looked again at {again}, {facts}: no difference"
    )


def _to_do(plan: Plan, *, all_: bool) -> Iterator[str]:
    if not plan.actions:
        yield "Nothing to do."
        return
    customers = len({action.customer for action in plan.actions} - {""})
    yield f"To do: {count(len(plan.actions), 'action')} for {count(customers, 'customer')}"
    yield ""
    yield from columns(_by_stage(plan.actions), header=("stage", "what", "tone", "actions", "amount"), right=(3, 4))
    yield ""
    yield from columns(_by_person(plan.actions), header=("who", "what they get"))
    yield ""
    shown = plan.actions if all_ else plan.actions[:SHOWN]
    yield from columns((_action_row(plan, action) for action in shown), right=(5,))
    if all_:
        yield ""
        yield from _reasons(plan.actions)
    yield from _rest(len(plan.actions) - len(shown))


def _by_stage(actions: Iterable[Action]) -> Iterator[tuple[str, ...]]:
    groups: dict[tuple[str, str, str], list[Action]] = defaultdict(list)
    for action in actions:
        groups[action.stage, _what(action), "" if action.tone == "none" else action.tone].append(action)
    for (stage, what, tone), members in groups.items():
        yield stage, what, tone, f"{len(members):,}", _totals(members)


def _what(action: Action) -> str:
    detail = action.channel or action.task
    return KIND_WORDS[action.kind] + (f": {detail.replace('_', ' ')}" if detail else "")


def _totals(actions: Iterable[Action]) -> str:
    """Amounts by currency, each account's once however many actions it has."""
    totals: Counter[str] = Counter()
    seen = set()
    for action in actions:
        key = (action.creditor, action.customer, action.item)
        if key in seen or _is_about_no_money(action):
            continue
        seen.add(key)
        for currency, amount in action.amounts or ((action.currency, action.amount),):
            totals[currency] += amount
    return ", ".join(format_minor(amount, currency) for currency, amount in sorted(totals.items()))


def _is_about_no_money(action: Action) -> bool:
    return not (action.amount or action.amounts or action.invoices)


def _by_person(actions: Iterable[Action]) -> Iterator[tuple[str, ...]]:
    groups: dict[str, Counter[str]] = defaultdict(Counter)
    for action in actions:
        groups[action.person or action.for_role.replace("_", " ")][KIND_WORDS[action.kind]] += 1
    for who, kinds in sorted(groups.items()):
        yield printable(who), ", ".join(count(n, kind) for kind, n in sorted(kinds.items()))


def _action_row(plan: Plan, action: Action) -> tuple[str, ...]:
    amounts = action.amounts or ((action.currency, action.amount),)
    money = " + ".join(format_minor(amount, currency) for currency, amount in amounts)
    money = "" if _is_about_no_money(action) else money
    tone = f" ({action.tone})" if action.tone != "none" else ""
    waits = f"needs {' + '.join(action.approval)}" if action.approval else ""
    moment = f"not before {action.not_before.replace('T', ' ')}" if action.kind.to_customer else ""
    moment = f"at {action.detail('starts').replace('T', ' ')}" if action.kind is Kind.INTRODUCTION else moment
    return (
        "+",
        printable(action.customer or action.person),
        printable(plan.names.get(action.customer, "")[:32]),
        f"{action.stage}{tone}",
        _what(action),
        money,
        "; ".join(part for part in (moment, waits) if part),
    )


def _reasons(actions: Iterable[Action]) -> Iterator[str]:
    for action in actions:
        yield f"{printable(action.customer or action.person)}  {action.stage}  {_what(action)}  [{action.id}]"
        yield from (f"    {line}" for line in because_lines(action.because))


def because_lines(reasons: Iterable[Because]) -> Iterator[str]:
    """Each reason as a line: the rule, what it read, and where it is written."""
    for because in reasons:
        values = ", ".join(f"{name} {value_text(value)}" for name, value in because.values)
        place = f"  ({because.span.file}:{because.span.line})" if because.span.line else ""
        yield f"{because.rule}{': ' + values if values else ''}{place}"


def value_text(value: Value) -> str:
    """A fact's value as a word; money stays in minor units."""
    match value:
        case None:
            return "unknown"
        case True:
            return "yes"
        case False:
            return "no"
        case frozenset():
            return "{" + ", ".join(sorted(printable(member) for member in value)) + "}"
        case _:
            return printable(str(value))


def _not_done(plan: Plan, *, all_: bool) -> Iterator[str]:
    if not plan.withheld:
        yield "Nothing is withheld."
        return
    customers = len({thing.customer for thing in plan.withheld})
    yield f"Withheld: {count(len(plan.withheld), 'thing')} for {count(customers, 'customer')}"
    yield ""
    reasons = Counter(_reason_group(thing) for thing in plan.withheld)
    yield from columns(((f"{n:,}", reason) for reason, n in reasons.most_common()), header=("", "reason"), right=(0,))
    yield ""
    shown = plan.withheld if all_ else plan.withheld[:SHOWN]
    yield from columns(_withheld_row(plan, thing) for thing in shown)
    yield from _rest(len(plan.withheld) - len(shown))


def _reason_group(thing: Withheld) -> str:
    """The reason in words; pauses and holds are told apart by what stands behind them."""
    if thing.reason not in REASONS or thing.reason == Wait.PAUSED.value:
        return thing.explanation
    return REASONS[thing.reason]


def _withheld_row(plan: Plan, thing: Withheld) -> tuple[str, ...]:
    day = f"next {thing.next_possible}" if thing.next_possible else "no day in sight"
    name = printable(plan.names.get(thing.customer, "")[:32])
    return "-", printable(thing.customer), name, thing.what, thing.explanation, day


def _rest(left: int) -> Iterator[str]:
    if left > 0:
        yield f"  … and {left:,} more (--all shows everything, with the reasons)"


def count(n: int, word: str) -> str:
    """A number with its word in the right form."""
    return f"{n:,} {word}" + ("" if n == 1 else "s")


def as_json_lines(plan: Plan) -> Iterator[str]:
    """One JSON object a line: every action, then everything withheld, told apart by `is`."""
    for action in plan.actions:
        yield json.dumps({"is": "action", **action_record(action)}, ensure_ascii=False) + "\n"
    for thing in plan.withheld:
        yield json.dumps({"is": "withheld", **withheld_record(thing)}, ensure_ascii=False) + "\n"


CSV_COLUMNS = (
    "is",
    "customer",
    "creditor",
    "item",
    "kind",
    "stage",
    "tone",
    "channel",
    "template",
    "task",
    "for_role",
    "person",
    "not_before",
    "invoices",
    "amount",
    "currency",
    "what",
    "reason",
    "explanation",
    "next_possible",
    "id",
)


def as_csv(plan: Plan) -> Iterator[str]:
    """The plan as CSV with one row a thing; amounts are decimals, text that a spreadsheet would run is defused."""
    yield _csv_line(CSV_COLUMNS)
    for action in plan.actions:
        record = action_record(action) | {
            "is": "action",
            "amount": format_minor(action.amount, action.currency).rsplit(" ", 1)[0].replace(",", ""),
            "invoices": " ".join(action.invoices),
        }
        yield _csv_line(_cells(record))
    for thing in plan.withheld:
        yield _csv_line(_cells(withheld_record(thing) | {"is": "withheld"}))


def _cells(record: dict[str, object]) -> Iterator[str]:
    for column in CSV_COLUMNS:
        value = record.get(column)
        text = "" if value is None else str(value)
        yield text if column == "amount" else defused(text)


def _csv_line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()
