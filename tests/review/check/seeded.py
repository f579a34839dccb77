"""Defects planted in the standard policy: ten for every check, each with the line it stands on and who is to blame.

A seed is a file that `extends` the standard policy; `# <-` marks the line at which the
check must speak, and no other line of the file. `blamed` are the words that the message
must have in it, `spared` are words that it must not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

DAY = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Seed:
    """One defect of one kind."""

    check: str
    text: str
    blamed: tuple[str, ...] = ()
    spared: tuple[str, ...] = ()
    as_of: date = DAY
    absent: tuple[str, ...] = field(default=())
    """Tables, or columns of customers, that the book lacks."""


IMPOSSIBLE = (
    ("past_due: {over: 500}, open_amount: {at_most: 500}", ("`past_due` is over 500.00", "`open_amount` is at most")),
    (
        "disputed_amount: {over: 900}, open_amount: {below: 900}",
        ("`disputed_amount` is over", "`open_amount` is below"),
    ),
    ("largest_late: {over: 800}, past_due: {at_most: 800}", ("`largest_late` is over", "`past_due` is at most 800.00")),
    ("promise: open, promises_open: 0", ("`promise` is `open`", "`promises_open` is 0")),
    ("promise: none, promises_open: {over: 2}", ("`promise` is `none`", "`promises_open` is over 2")),
    ("late_count: {over: 5}, open_count: {at_most: 5}", ("`late_count` is over 5", "`open_count` is at most 5")),
    ("late: false, past_due: {over: 0}", ("not `late`", "`past_due` is over 0.00")),
    ("segment: new, months_as_customer: {at_least: 6}", ("the segment `new`", "`months_as_customer` is at least 6")),
    ("segment: strategic, annual_sales: {below: 900000}", ("the segment `strategic`", "`annual_sales` is below 900")),
    ("segment: standard, annual_sales: {over: 2000000}", ("the segment `strategic`", "`segment` is `standard`")),
)
"""Conditions that nothing can be as, and why."""

SPARED = ("region", "sales rule", "`large_sum`")


def _impossible(check: str, template: str) -> Iterator[Seed]:
    for condition, blamed in IMPOSSIBLE:
        yield Seed(check, template.replace("WHEN", f"{{region: north, {condition}}}"), blamed, SPARED)


def _each(check: str, template: str, values: Iterable[tuple[object, ...]], *blamed: str) -> Iterator[Seed]:
    for some in values:
        text = template
        for number, value in enumerate(some, start=1):
            text = text.replace(f"${number}", str(value))
        yield Seed(check, text, blamed)


def seeds() -> Iterator[Seed]:
    """Every seed, check by check."""
    yield from _never()
    yield from _ladder()
    yield from _contradictions()
    yield from _conditions()
    yield from _outside()


def _never() -> Iterator[Seed]:
    for sales in (1_000_000, 1_200_000, 2_000_000, 5_000_000, 25_000_000):
        when = f"{{annual_sales: {{at_least: {sales}}}, region: north}}"
        text = f"segments:\n  key: {{when: {when}}}   # <-\n  standard: {{}}\n"
        yield Seed("segment-never-reached", text, ("the segment `strategic` (standard.yaml:33)",), ("`new`", "region"))
    for low, high in ((1000, 1000), (1000, 5000), (25_000, 30_000), (40_000, 40_000), (900_000, 999_999)):
        text = (
            f"segments:\n  much: {{when: {{annual_sales: {{at_least: {low}}}}}}}\n"
            f"  little: {{when: {{annual_sales: {{below: {high}}}}}}}\n  north: {{when: {{region: north}}}}   # <-\n"
            "  standard: {}\n"
        )
        blamed = ("the segment `much` (line 5)", "the segment `little` (line 6)")
        yield Seed("segment-never-reached", text, blamed, ("`new`", "strategic", "region"))
    yield from _impossible("pause-never-holds", "pauses:\n  planted: {account: WHEN}   # <-\n")
    days = (("courtesy", 4), ("courtesy", 3), ("reminder", 15), ("reminder", 9), ("second_reminder", 30))
    more = (("second_reminder", 22), ("demand", 45), ("demand", 41), ("final_notice", 60), ("final_notice", 44))
    for stage, day in (*days, *more):
        text = f"ladder:\n  stages:\n    {stage}: {{when: {{region: north, days_past_due: {{below: {day}}}}}}}   # <-\n"
        yield Seed("stage-never-acts", text, (f"`days_past_due` is below {day}", "its `after`"), SPARED)
    for when in (
        "region: north",
        "segment: new",
        "broken_promises: {over: 1}",
        "late_count: {over: 4}",
        "language: de",
    ):
        text = f"tone_limits:\n  planted: {{when: {{{when}}}, at_most: final, agreed_with: sales}}   # <-\n"
        yield Seed("tone-limit-never-lowers", text)
    for day, tone in ((10, "friendly"), (20, "friendly"), (30, "firm"), (45, "stern"), (90, "firm")):
        when = f"{{relationship: fragile, days_past_due: {{over: {day}}}}}"
        text = f"tone_limits:\n  planted: {{when: {when}, at_most: {tone}, agreed_with: sales}}   # <-\n"
        yield Seed("tone-limit-never-lowers", text, ("`fragile_relationship`",), ("in_difficulty", "strategic"))
    ask = "ask: find_out_why, within: {business_days: 3}, unanswered: {tell: sales_manager}"
    yield from _impossible("sales-never-asked", f"sales:\n  planted: {{when: WHEN, {ask}}}   # <-\n")
    yield from _impossible("hold-never-placed", "holds:\n  credit:\n    place:   # <-\n      when: WHEN\n")
    yield from _impossible("hold-never-released", "holds:\n  credit:\n    release: {when: WHEN}   # <-\n")
    propose = "propose: {raise_pct: 5}, approval: [credit_manager, sales_manager]"
    planted = f"credit_limits:\n  planted: {{when: WHEN, {propose}}}   # <-\n"
    yield from _impossible("credit-limit-never-proposed", planted)
    yield from _impossible("points-never-given", "worklist:\n  points:\n    planted: {when: WHEN, add: 5}   # <-\n")


def _ladder() -> Iterator[Seed]:
    over = "".join(
        f"    {one}: {{when: {{past_due: {{over: $1}}}}}}\n" for one in ("courtesy", "reminder", "second_reminder")
    )
    gap = f"ladder:   # <-\n  stages:\n{over}    small_balance: {{when: {{past_due: {{at_most: $2}}}}}}\n"
    pairs = (
        (100, 60),
        (100, 99),
        (120, 60),
        (150, 100),
        (200, 100),
        (200, 199),
        (250, 60),
        (250, 200),
        (249, 248),
        (90, 55),
    )
    yield from _each("gap-in-ladder", gap, pairs, "however late, such as one with `past_due`")
    early = "late: {grace_days: $1}\nladder:\n  stages:\n    courtesy: {after: {days: $2}}   # <-\n"
    graces = ((4, 4), (4, 1), (5, 4), (5, 5), (7, 3), (7, 7), (10, 0), (10, 4), (10, 10), (6, 2))
    yield from _each("after-within-grace", early, graces, "nothing is late before day")
    toned = "ladder:\n  stages:\n    $1: {tone: $2}   # <-\n"
    back = [("second_reminder", "courteous"), *(("demand", tone) for tone in ("courteous", "friendly"))]
    back += [("final_notice", tone) for tone in ("courteous", "friendly", "firm")]
    yield from _each("tone-goes-back", toned, back, "milder than")
    between = (
        "ladder:\n  stages:\n    more: {after: {days: $1}, tone: $2, send: {letter: reminder}}   # <-\n    $3: {}\n"
    )
    placed = (
        (22, "courteous", "second_reminder"),
        (37, "courteous", "demand"),
        (37, "friendly", "demand"),
        (38, "friendly", "demand"),
    )
    yield from _each("tone-goes-back", between, placed, "milder than")
    jumps = (
        ("reminder", "firm"),
        ("reminder", "stern"),
        ("second_reminder", "stern"),
        ("second_reminder", "final"),
        ("demand", "final"),
    )
    yield from _each("tone-jumps", toned, jumps, "straight to")
    left_out = (
        "ladder:\n  stages:\n    demand: {when: {past_due: {over: $1}}}\n    final_notice: {after: {days: 60}}   # <-\n"
    )
    yield from _each("tone-jumps", left_out, [(n,) for n in (251, 300, 1000, 5000, 10_000)], "from `firm`")
    call = "ladder:\n  stages:\n    call: {after: {days: $1}, when: {$2}, task: {collector: phone_call}}   # <-\n"
    days = (4, 15, 30, 45, 60)
    whens = [(day, when) for day in days for when in ("past_due: {over: 100}", "relationship: fragile")]
    yield from _each("stages-same-day", call, whens, "both come from")
    day = "ladder:\n  stages:\n    $1: {after: {days: $2}}   # <-\n"
    close = [("reminder", n) for n in (5, 6, 7, 8, 9, 10)] + [("second_reminder", n) for n in (16, 18, 20, 21)]
    yield from _each("rungs-too-close", day, close, "`min_days_between` is 7")
    capped = "limits:\n  contacts_per_customer: {at_most: 1, in_days: $1}\n" + day.replace("$2", "$3").replace(
        "$1", "reminder"
    )
    caps = (
        (8, 0, 11),
        (10, 0, 11),
        (9, 0, 12),
        (12, 0, 12),
        (10, 0, 13),
        (14, 0, 13),
        (11, 0, 14),
        (13, 0, 14),
        (14, 0, 11),
        (14, 0, 12),
    )
    yield from _each("rungs-beyond-cap", capped, caps, "the contact cap is 1 in")
    chased = (
        "ladder:\n  stages:\n    reminder: {repeat: {every_days: $1}}\n"
        "    second_reminder: {after: {days: $2, since: previous_stage}}   # <-\n"
    )
    often = [(7, 10), (7, 14), (7, 30), (14, 15), (14, 20), (14, 30), (21, 30), (21, 40), (28, 30), (28, 45)]
    yield from _each("stage-waits-for-ever", chased, often, "`reminder` is repeated")


def _contradictions() -> Iterator[Seed]:
    release = "holds:\n  credit:\n    release: {when: {$1}}   # <-\n"
    paid = [(f"past_due: {{below: {n}}}",) for n in (5001, 5500, 6000, 10_000, 50_000)]
    paid += [(f"past_due_with_disputed: {{at_most: {n}}}",) for n in (5000, 5100, 7000, 9999, 20_000)]
    yield from _each("hold-placed-and-released", release, paid, "`past_due`")
    both = (
        "credit_limits:\n  raise_good_payer: {when: {average_days_late: {at_most: $1}}}\n"
        "  cut_slow_payer: {propose: {lower_pct: 25}}   # <-\n"
    )
    yield from _each("limit-raised-and-lowered", both, [(n,) for n in range(31, 41)], "`average_days_late` 31")
    waits = (
        "holds:\n  credit:\n    place:\n      when: {days_past_due: {at_least: $1}, past_due: {at_least: $2}}\n"
        "      needs: {request: before_hold, is: answered_or_expired}   # <-\n"
    )
    places = (
        (50, 4999),
        (50, 4000),
        (60, 3000),
        (70, 1000),
        (90, 100),
        (39, 5000),
        (30, 5000),
        (20, 6000),
        (10, 5000),
        (38, 10_000),
    )
    yield from _each("hold-waits-for-unasked", waits, places, "is not asked about some accounts")
    soon = (
        "sales:\n  before_hold: {within: {business_days: $1}}\nholds:\n  credit:\n    place:   # <-\n"
        "      when: {days_past_due: {at_least: $2}, past_due: {at_least: 5000}}\n"
    )
    times = ((5, 40), (5, 41), (5, 44), (5, 46), (10, 50), (10, 53), (15, 50), (15, 60), (20, 67), (3, 42))
    yield from _each("sales-told-too-late", soon, times, "asked on day 40")


def _conditions() -> Iterator[Seed]:
    parts = (
        ("late_count: {over: 2}", "late: true"),
        ("past_due: {over: 900}", "open_amount: {over: 900}"),
        ("past_due: {over: 900}", "past_due_with_disputed: {over: 100}"),
        ("days_past_due: {over: 60}", "late_count: {over: 0}"),
        ("promises_open: {over: 1}", "promise: open"),
        ("segment: strategic", "annual_sales: {over: 500000}"),
        ("segment: new", "months_as_customer: {below: 7}"),
        ("largest_late: {over: 500}", "past_due: {over: 400}"),
        ("disputed_amount: {over: 1}", "open_amount: {at_least: 1}"),
        ("broken_promises: {over: 1}", "past_due: {at_least: 0}"),
    )
    inert = "worklist:\n  points:\n    planted:\n      add: 5\n      when:\n        $1\n        $2   # <-\n"
    yield from _each("inert-condition", inert, parts, "changes nothing in the points `planted`")
    points = "worklist:\n  points:\n    one: {when: {$1}, add: 5}\n    other: {when: {$2}, add: 9}   # <-\n"
    missed = (
        ("past_due: {below: 1000}", "past_due: {over: 1000}"),
        ("past_due: {over: 70}", "past_due: {below: 70}"),
        ("days_past_due: {below: 30}", "days_past_due: {over: 30}"),
        ("days_past_due: {at_most: 29}", "days_past_due: {at_least: 31}"),
        ("past_due: {at_most: 250}", "past_due: {at_least: 251}"),
        ("late_count: {below: 5}", "late_count: {over: 5}"),
        ("kept_promises_12_months: {over: 2}", "kept_promises_12_months: {below: 2}"),
        ("credit_used_pct: {below: 85}", "credit_used_pct: {over: 85}"),
        ("annual_sales: {below: 100000}", "annual_sales: {over: 100000}"),
    )
    yield from _each("boundary-missed", points, missed, "is in neither")
    small = "ladder:\n  stages:\n    small_balance: {when: {past_due: {below: 250}}}   # <-\n"
    yield Seed("boundary-missed", small, ("`past_due` of 250.00 USD is in neither `demand` nor `small_balance`",))
    call = (
        "ladder:\n  stages:\n"
        "    call: {after: {days: 35}, when: {days_past_due: $1}, task: {collector: phone_call}}   # <-\n"
    )
    days = [(n,) for n in (36, 37, 40, "[38, 39]", "[36, 50]", "{at_least: 41, at_most: 42}", "{over: 40, below: 42}")]
    days += [(n,) for n in ("{below: 37}", "{at_most: 36}", "{at_least: 51, below: 53}")]
    yield from _each("threshold-on-closed-days", call, days, "may all be closed")


def _outside() -> Iterator[Seed]:
    money = (
        "worklist:\n  points:\n    one: {when: {past_due: {over: {USD: 9, $1: 8}}}, add: 5}\n"
        "    other: {when: {$2: {over: {USD: $3}}}, add: 9}   # <-\n"
    )
    codes = ("EUR", "GBP", "CHF", "JPY", "CAD", "SEK", "PLN", "DKK", "NOK", "AUD")
    facts = ("past_due", "open_amount")
    currencies = [(code, facts[n % 2], 100 * n + 1) for n, code in enumerate(codes)]
    yield from (
        Seed("currency-never-matches", seed.text, (f"none for `{code}`",))
        for seed, code in zip(_each("currency-never-matches", money, currencies), codes, strict=True)
    )
    ends = {
        "uk_late_payment": date(2026, 12, 31),
        "eu_late_payment": date(2026, 6, 30),
        "de_bgb_288": date(2026, 6, 30),
    }
    for law, last in (*ends.items(), *ends.items(), *ends.items(), *[*ends.items()][:1]):
        text = f"charges: {{late_interest: {law}}}   # <-\n"
        yield Seed("law-out-of-date", text, (f"known until {last}",), as_of=date(2027, 1, 1))
    kept = "exceptions:\n  C-$1: {until: 2027-06-30, because: Agreed., agreed_with: sales, $2}   # <-\n"
    what = [(n, "tone_at_most: final") for n in range(5)] + [(n, "stage_at_most: small_balance") for n in range(5)]
    yield from _each("exception-without-effect", kept, what, "changes nothing")
    asked = (
        ("disputed_amount: {over: 1}", "disputes"),
        ("promises_open: {over: 1}", "promises"),
        ("kept_promises_12_months: 3", "promises"),
        ("broken_promises_12_months: {over: 1}", "promises"),
        ("region: north", "customers.region"),
        ("language: de", "customers.language"),
        ("country: DE", "customers.country"),
        ("salesperson: ann", "customers.salesperson"),
        ("tags: seasonal", "customers.tags"),
        ("collector: cora", "customers.collector"),
    )
    for when, absent in asked:
        text = f"worklist:\n  points:\n    planted: {{when: {{{when}}}, add: 5}}   # <-\n"
        yield Seed("not-in-book", text, (f"`{when.split(':')[0]}`",), absent=(absent,))
