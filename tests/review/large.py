"""A policy of two hundred rules, as text: what a company with many segments writes over ten years, and no sample.

Forty rungs on four ladders, twenty segments, ten pauses, thirty tone limits, forty sales rules, eight holds, twelve
credit limit rules, forty rules for points, and sixty guarantees beside them. Every rule can act and every guarantee
holds, so that a proof has nowhere to stop early.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

REGIONS = tuple(f"r{n:02}" for n in range(10))
COUNTRIES = ("US", "DE", "FR", "PT", "ES", "IT", "NL", "GB", "PL", "SE")
TONES = ("courteous", "friendly", "firm", "stern", "final")
LADDERS = ("gentle", "usual", "brisk", "public")
RUNGS = 10
LAST = "[gentle9, usual9, brisk9, public9]"


def write_large_policy(path: Path) -> Path:
    """The policy at this path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines()) + "\n", encoding="utf-8")
    return path


def lines() -> Iterator[str]:
    """The text of the policy, line by line."""
    yield from ("duly: 1", "policy: large", "title: Two hundred rules", "currency: USD")
    yield "calendar: {country: US, contact: {days: [mon, tue, wed, thu, fri]}}"
    yield "late: {grace_days: 3, ignore_below: {invoice: 10.00, account: 50.00}}"
    yield from segments()
    yield from pauses()
    yield f"tones: [{', '.join(TONES)}]"
    yield from ladders()
    yield from tone_limits()
    yield from sales()
    yield from holds()
    yield from credit_limits()
    yield from points()
    yield "limits: {contacts_per_customer: {at_most: 2, in_days: 7}}"
    yield from guarantees()


def segments() -> Iterator[str]:
    yield "segments:"
    for n in range(19):
        more = (
            f"annual_sales: {{at_least: {100_000}}}" if n < len(REGIONS) else f"months_as_customer: {{at_least: {n}}}"
        )
        yield f"  seg{n:02}: {{when: {{region: {REGIONS[n % len(REGIONS)]}, {more}}}}}"
    yield "  rest: {}"


def pauses() -> Iterator[str]:
    yield "pauses:"
    for n, country in enumerate(COUNTRIES):
        yield f"  pause{n:02}:"
        yield f"    account: {{country: {country}, broken_promises_12_months: {{at_least: {n + 3}}}}}"
        yield "    stops: [stages, charges]"


def ladders() -> Iterator[str]:
    yield "ladders:"
    for at, ladder in enumerate(LADDERS):
        yield f"  {ladder}:"
        yield f"    climb: {('one_step', 'highest', 'one_step', 'follows_facts')[at]}"
        yield f"    min_days_between: {5 + at}"
        yield "    stages:"
        for n in range(RUNGS):
            yield f"      {ladder}{n}:"
            yield f"        after: {{days: {4 + n * (6 + at)}}}"
            if n % 3 == 2:
                yield f"        when: {{past_due: {{over: {25 * n}}}}}"
            yield f"        tone: {TONES[n // 2]}"
            yield "        send: {email: reminder, without_email: {letter: reminder}}"
    yield "choose_ladder:"
    yield "  by: segment"
    yield "  of:"
    for n in range(19):
        yield f"    seg{n:02}: {LADDERS[n % len(LADDERS)]}"
    yield "  otherwise: usual"


def tone_limits() -> Iterator[str]:
    yield "tone_limits:"
    for n in range(19):
        yield f"  early{n:02}:"
        yield f"    when: {{segment: seg{n:02}, days_past_due: {{below: {41 + n}}}}}"
        yield "    at_most: friendly"
        yield "    agreed_with: sales"
    for n in range(11):
        country = COUNTRIES[n % len(COUNTRIES)]
        yield f"  fragile{n:02}:"
        yield f"    when: {{relationship: fragile, country: {country}, past_due: {{at_most: {1_000 * (n + 1)}}}}}"
        yield "    at_most: friendly"
        yield "    agreed_with: sales"


def sales() -> Iterator[str]:
    yield "sales:"
    for n in range(20):
        days = f"days_past_due: {{at_least: {8 + n}}}, days_since_reply: {{at_least: {14 + n}}}"
        yield from asked(f"silent{n:02}", f"region: {REGIONS[n % 10]}, {days}", "find_out_why", 3)
    for n in range(12):
        broken = f"broken_promises: {{at_least: {n + 1}}}, not: {{insolvent: true}}"
        yield from asked(f"broken{n:02}", broken, "find_out_why", 2)
    for n in range(7):
        owed = f"days_past_due: {{at_least: {30 + n}}}, past_due: {{at_least: {5_000 + 1_000 * n}}}"
        yield from asked(f"before_hold{n}", owed, "break_hold_news", 5)
    yield f"  stand_down: {{when: {{executed_stage: {LAST}}}, ask: nothing}}"


def asked(id_: str, when: str, ask: str, days: int) -> Iterator[str]:
    yield from (f"  {id_}:", f"    when: {{{when}}}", f"    ask: {ask}", f"    within: {{business_days: {days}}}")


def holds() -> Iterator[str]:
    yield "holds:"
    for n in range(8):
        needed = min(n, 6)
        yield f"  hold{n}:"
        yield "    place:"
        yield f"      when: {{days_past_due: {{at_least: {45 + n}}}, past_due: {{at_least: {8_000 + 1_000 * n}}}}}"
        yield f"      needs: {{request: before_hold{needed}, is: answered_or_expired}}"
        yield "      approval: [credit_manager]"
        yield "    release: {when: {past_due_with_disputed: {at_most: 0}}}"


def credit_limits() -> Iterator[str]:
    yield "credit_limits:"
    for n in range(6):
        yield f"  raise{n}:"
        yield f"    when: {{average_days_late: {{at_most: {n}}}, credit_used_pct: {{at_least: {80 + n}}}}}"
        yield "    propose: {raise_pct: 20, up_to: 250000}"
        yield "    approval: [credit_manager, sales_manager]"
    for n in range(6):
        yield f"  lower{n}:"
        yield f"    when: {{average_days_late: {{over: {30 + n}}}, broken_promises: {{at_least: {n + 2}}}}}"
        yield "    propose: {lower_pct: 25}"
        yield "    approval: [credit_manager, sales_manager]"


def points() -> Iterator[str]:
    yield "worklist:"
    yield "  points:"
    for n in range(40):
        fact = ("past_due", "days_past_due", "broken_promises", "open_amount")[n % 4]
        yield f"    points{n:02}: {{when: {{{fact}: {{over: {n * (100 if n % 2 == 0 else 2)}}}}}, add: {n + 1}}}"


def guarantees() -> Iterator[str]:
    yield "guarantees:"
    for n in range(19):
        yield f"  gentle_early{n:02}:"
        yield f"    never: {{segment: seg{n:02}, days_past_due: {{below: {41 + n}}}, tone: [stern, final]}}"
    for n in range(8):
        request = f"before_hold{min(n, 6)}"
        unheard = f"[{{sales_asked: {{excludes: {request}}}}}, {{requests_open: {{includes: {request}}}}}]"
        yield f"  heard_before{n}:"
        yield f"    never: {{placed_today: hold{n}, any: {unheard}}}"
    for n, country in enumerate(COUNTRIES):
        broken = f"broken_promises_12_months: {{at_least: {n + 3}}}"
        yield f"  paused{n:02}:"
        yield f"    never: {{country: {country}, {broken}, step: {{is_not: none}}}}"
    for n in range(12):
        yield f"  silence_after{n:02}:"
        yield f"    never: {{executed_stage: {LAST}, asked_today: {{includes: broken{n:02}}}}}"
    for n in range(8):
        yield f"  large_sums{n}:"
        yield f"    always: {{placed_today: hold{n}}}"
        yield f"    then: {{past_due: {{at_least: {8_000 + 1_000 * n}}}, days_past_due: {{at_least: {45 + n}}}}}"
    yield "  same_for_every_language: {same_treatment_whatever: [language]}"
    yield "  same_for_every_salesperson: {same_treatment_whatever: [salesperson, collector]}"
    free = "paused: false, put_off: false, outcome_unknown: false"
    yield "  nobody_forgotten:"
    yield f"    always: {{days_past_due: {{at_least: 20}}, past_due: {{over: 50}}, {free}}}"
    yield "    then: {stage: {is_not: none}}"
