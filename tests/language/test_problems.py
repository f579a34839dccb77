"""What authors get wrong, and what they are told: a small change to the standard policy each."""

# ruff: noqa: E501  (a row of the table stays on its line)

from __future__ import annotations

from pathlib import Path

import pytest

from tests.language.policies import STANDARD, marked, problems_of

TEXT = STANDARD.read_text(encoding="utf-8")


def changed(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, f"`{old}` must stand in the standard policy exactly once"
    return TEXT.replace(old, new)


# What stands in the standard policy, what an author makes of it (the mistake between « and »), its name, its help.
MISTAKES = (
    # Keys and kinds of values.
    ("  grace_days: 3", "  «grace_dyas»: 3", "unknown-key", "did you mean `grace_days`?"),
    ("title: Standard", "«titel»: Standard", "unknown-key", "did you mean `title`?"),
    ("    tone: courteous", "    tone: courteous\n      «chanel»: email", "unknown-key", ""),
    ("duly: 1", "duly: «2»", "language-version", "write `duly: 1`"),
    ("policy: standard", "policy: «Standard Policy»", "bad-name", "`standard_policy`"),
    ("grace_days: 3", "grace_days: «three»", "wrong-kind", ""),
    ("grace_days: 3", 'grace_days: «"3"»', "wrong-kind", "take the quotes off"),
    ("grace_days: 3", "grace_days: «-1»", "out-of-bounds", "write 0 or more"),
    ("grace_days: 3", "grace_days: «3.5»", "wrong-kind", ""),
    ("day_count: calendar", "day_count: «buisness»", "unknown-choice", "did you mean `business`?"),
    ("days: [mon, tue,", "days: [mon, «monday»,", "unknown-choice", "did you mean"),
    ("signed_off_by: [credit, sales]", "signed_off_by: «credit»", "wrong-kind", ""),
    ("signed_off_by: [credit, sales]", "signed_off_by: [credit, «credit»]", "said-twice", "keep one"),
    ("signed_off_by: [credit, sales]", "signed_off_by: «[]»", "nothing-in-it", "fill it"),
    ("    at_most: firm\n", "", "missing-key", "add `at_most:`"),
    ("title: Standard collections policy, business customers", "title: «2027»", "wrong-kind", 'quote it: `"2027"`'),
    ("country: US", "country: «Germany»", "unknown-country", "`US`"),
    ("country: US", "country: «UK»", "unknown-country", "`GB`"),
    ("when: {relationship: fragile}", "when: {language: «english»}", "unknown-language", "`en`"),
    ("when: {relationship: fragile}", "when: {country: [US, «EN»]}", "unknown-country", "ISO 3166-1"),
    ('between: ["09:00", "17:00"]', 'between: ["09:00", «"25:00"»]', "bad-time", "in quotes"),
    ('between: ["09:00", "17:00"]', 'between: [«09:00», "17:00"]', "quote-it", "quote it"),
    ('between: ["09:00", "17:00"]', '«between»: ["17:00", "09:00"]', "ends-before-it-begins", ""),
    ('between: ["09:00", "17:00"]', 'between: «["09:00"]»', "wrong-count", "write 2"),
    ("# effective: {from: 2027-01-01}", "effective: {from: «2027-02-29»}", "bad-day", "year-month-day"),
    ("# effective: {from: 2027-01-01}", "effective: {from: «tomorrow»}", "bad-day", "year-month-day"),
    # Money.
    ("currency: USD", "currency: «USX»", "unknown-currency", "ISO 4217"),
    ("currency: USD", "currency: «usd»", "unknown-currency", "did you mean `USD`?"),
    ("{invoice: 10.00,", "{invoice: «10.001»,", "bad-amount", "USD has at most 2 decimals"),
    ("{invoice: 10.00,", '{invoice: «"1,000.00"»,', "bad-amount", "without separators"),
    ("{invoice: 10.00,", "{invoice: «1e3»,", "quote-it", ""),
    ("{invoice: 10.00,", '{invoice: «"1e3"»,', "bad-amount", "without an exponent"),
    ("{invoice: 10.00,", "{invoice: «inf»,", "bad-amount", ""),
    ("{invoice: 10.00,", "{invoice: «-10»,", "negative-amount", "zero or more"),
    ("{invoice: 10.00,", "{invoice: «99999999999999.00»,", "number-range", ""),
    ("past_due: {over: 10000}", "past_due: {over: {USD: 10, «USX»: 9}}", "unknown-currency", ""),
    ("past_due: {over: 10000}", "past_due: {over: {USD: 10, JPY: «9.5»}}", "bad-amount", "JPY has no decimals"),
    # Facts and tests.
    ("annual_sales: {", "«anual_sales»: {", "unknown-fact", "did you mean `annual_sales`?"),
    ("months_as_customer: {below: 6}", "«tone»: firm", "fact-decided-later", "sales rules"),
    ("when: {relationship: fragile}", "when: {«stage»: demand}", "fact-decided-later", "only sales rules"),
    # What may only soften.
    ("months_as_customer: {below: 6}", "«financial_difficulty: true»", "may-harden", "tone limit or an account pause"),
    ("      when: {past_due: {at_most: 250}}", "      when: {«answer_reason: unwilling»}", "may-harden", "tone limit"),
    ("days_past_due: {at_least: 50}, past_due", "«financial_difficulty: true», past_due", "may-harden", "tone limit"),
    ("when: {past_due_with_disputed: {at_most: 0}}", "when: {not: {«financial_difficulty: true»}}", "may-harden", "outside `not`"),
    ("account: {promise: open}", "account: {«answer_reason: {is_not: process}»}", "may-harden", "outside `not`"),
    ("when: {relationship: fragile}", "when: {«financial_difficulty: false»}", "may-harden", "outside `not`"),
    ("invoice: {dispute: open}", "invoice: {«financial_difficulty»: true}", "fact-of-account", "under `account:`"),
    ("invoice: {dispute: open} ", "invoice: {«past_due»: 3} ", "fact-of-account", "under `account:`"),
    ("{past_due: {over: 10000}}", "{«original»: {over: 10}}", "fact-of-invoice", ""),
    ("executed_stage: demand,", "executed_stage: {«over»: 3},", "wrong-test", "one of `is_not`, `none_of`"),
    ("holds: {excludes: credit}", "holds: {«is_not»: credit}", "wrong-test", "`excludes`"),
    ("months_as_customer: {below: 6}", "months_as_customer: {«lt»: 6}", "unknown-test", "did you mean `below`?"),
    ("months_as_customer: {below: 6}", "months_as_customer: {«bellow»: 6}", "unknown-test", "`below`"),
    ("months_as_customer: {below: 6}", "months_as_customer: {«known»: true}", "always-known", "take `known` out"),
    ("months_as_customer: {below: 6}", "months_as_customer: {below: «six»}", "wrong-kind", ""),
    ("months_as_customer: {below: 6}", "months_as_customer: «six»", "wrong-kind", "{at_least: 30}"),
    ("months_as_customer: {below: 6}", "months_as_customer: {below: «-1»}", "out-of-bounds", "at least 0"),
    ("account: {insolvent: true}", "account: {insolvent: «open»}", "wrong-kind", ""),
    ("account: {insolvent: true}", 'account: {insolvent: «"true"»}', "wrong-kind", "take the quotes off"),
    ("account: {insolvent: true}", "account: «{}»", "nothing-in-it", ""),
    ("account: {promise: open}", "account: {promise: «opened»}", "unknown-choice", "did you mean `open`?"),
    ("when: {executed_stage: referral}", "when: {any: «{}»}", "wrong-kind", ""),
    ("language]", "«langage»]", "unknown-fact", "did you mean `language`?"),
    # Names that must exist, and names that must not.
    ("{segment: strategic, days_past_due: {at_least: 10}", "{segment: «strategik», days_past_due: {at_least: 10}", "unknown-segment", "did you mean `strategic`?"),
    ("executed_stage: demand", "executed_stage: «demnd»", "unknown-stage", "did you mean `demand`?"),
    ("    tone: stern", "    tone: «sturn»", "unknown-tone", "did you mean `stern`?"),
    ("    at_most: firm", "    at_most: «gentle»", "unknown-tone", ""),
    ("{request: before_hold,", "{request: «after_hold»,", "unknown-sales-rule", ""),
    ("placed_today: credit", "placed_today: «debit»", "unknown-hold", ""),
    ("introduce_collector_to: [new]", "introduce_collector_to: [«newer»]", "unknown-segment", "did you mean `new`?"),
    ("executes: [referral,", "executes: [«referal»,", "unknown-stage", "did you mean `referral`?"),
    ("  standard:  {}", "  «none»:  {}", "reserved-word", "another name"),
    ("    courtesy:\n", "    «Courtesy»:\n", "bad-name", "`courtesy`"),
    ("{letter: demand,", "{letter: «../../demand»,", "bad-name", "`demand`"),
    ("accountable: collector, informed: [salesperson]}", "accountable: «colector»}", "unknown-choice", "did you mean `collector`?"),
    # What does not go together.
    ("  standard:  {}", "  «standard»:  {when: {country: US}}", "no-last-segment", "`others: {}`"),
    ("{when: {months_as_customer: {below: 6}}}", "{}", "segment-hides-others", "move it to the end"),
    ("    task: {credit_manager: file_claim}", "    invoice: {dispute: open}", "one-of", ""),
    ("    until: promise_due", "    until: promise_due\n  odd: {account: {insolvent: true}, «until»: promise_due}", "no-promise", ""),
    ("    invoice: {dispute: open}", "    «stops»: [stages]\n    invoice: {dispute: open}", "account-pause-only", ""),
    ("      after: {days: 4}", "      after: {days: 4, «since»: previous_stage}", "no-previous-stage", "`due_date`"),
    ("      after: {days: 15}", "      «after»: {days: 15, months: 1}", "one-of", ""),
    ("      after: {days: 15}", "      after: {«days»: -5, since: invoice_date}", "out-of-bounds", ""),
    ("      tone: final\n", "", "no-tone", "add `tone:`"),
    ("      task: {credit_manager: decide_write_off}", "      because: nothing", "does-nothing", "add `send`"),
    ("      send: {letter: final_notice}", "      send: {letter: final_notice, «without_email»: {letter: demand}}", "no-email", ""),
    ("    ask: nothing", "    ask: nothing\n    «within»: {business_days: 3}", "nothing-asked", "take it out"),
    ("    propose: {raise_pct: 20, up_to: 250000}", "    «propose»: {lower_pct: 25, raise_pct: 3}", "one-of", "keep one"),
    ("charges: {late_interest: none}", "charges: {late_interest: «uk_late_payments»}", "unknown-choice", "did you mean `uk_late_payment`?"),
    ("charges: {late_interest: none}", "charges: {late_interest: {contract_pct: «twelve»}}", "bad-per-cent", "`12`"),
    ("    then: {stage: {is_not: none}}\n", "", "one-of", ""),
    ("charges: {late", "ladders: {other: {stages: {a: {task: {collector: call}}}}}\ncharges: {late", "one-of", ""),
    ("    within_business_days: 90", "    within_business_days: 90\n      contacts: «3»", "wrong-kind", ""),
)  # fmt: skip


def told(new: str, rule: str) -> str:
    return f"{rule} {new[new.index('«') + 1 : new.index('»')]}" if "«" in new else rule


@pytest.mark.parametrize(
    ("old", "new", "rule", "help_"), [pytest.param(*row, id=told(row[1], row[2])) for row in MISTAKES]
)
def test_a_mistake_is_named_where_it_stands(tmp_path: Path, old: str, new: str, rule: str, help_: str) -> None:
    text = changed(old, new)
    problems = [p for p in problems_of(tmp_path, text.replace("«", "").replace("»", "")) if p.rule == rule]
    assert problems
    if "«" in text:
        place = marked(text)
        assert (place.line, place.column) in {(p.span.line, p.span.column) for p in problems}
    assert any(help_ in p.help for p in problems)
    assert all(p.message == p.message.strip(". ") and p.help and p.line for p in problems)


ODD = """\
duly: 1
policy: My policy
currency: USD
late: {grace_dyas: 3, ignore_below: {invoice: "1,000.00"}}
tones: [soft, firm]
ladder:
  stages:
    first: {after: {days: no}, tone: hard, send: {email: x}, when: {tone: firm, any: [{past_due: {gte: 3}}]}}
exceptions:
  C-1: {until: 2027-02-30, pause: true}
"""


def test_all_mistakes_are_shown_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = [(p.span.line, p.rule) for p in problems_of(tmp_path, ODD)]
    assert found == [
        (2, "bad-name"),
        (4, "unknown-key"),
        (4, "bad-amount"),
        (8, "quote-it"),
        (8, "unknown-tone"),
        (8, "fact-decided-later"),
        (8, "unknown-test"),
        (10, "missing-key"),
        (10, "missing-key"),
        (10, "bad-day"),
    ]


def test_a_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    problems = problems_of(tmp_path, TEXT + "\nsmtp: {host: mx, password: hunter2-LEAK}\n")
    assert {p.rule for p in problems} == {"unknown-key", "inline-secret"}
    assert "LEAK" not in repr(problems)


@pytest.mark.parametrize("part", ["unit", "resets"])
def test_all_ladders_of_a_policy_share_what_makes_an_episode(tmp_path: Path, part: str) -> None:
    value = {"unit": "invoice", "resets": "anchor_settled"}[part]
    text = (
        "duly: 1\npolicy: p\ncurrency: USD\nladders:\n"
        "  a: {stages: {s: {task: {collector: phone_call}}}}\n"
        f"  b: {{{part}: {value}, stages: {{s: {{task: {{collector: phone_call}}}}}}}}\n"
        "choose_ladder: {otherwise: a}\n"
    )
    (problem,) = problems_of(tmp_path, text)
    assert (problem.rule, problem.span.line, problem.span.column) == ("ladders-disagree", 6, 3)


@pytest.mark.parametrize(
    ("exception", "rule"),
    [
        pytest.param("{until: 2027-01-31, because: Agreed., agreed_with: sales}", "does-nothing", id="changes-nothing"),
        pytest.param("{until: 2027-01-31, because: Agreed., pause: true}", "missing-key", id="nobody-agreed"),
        pytest.param("{because: Agreed., agreed_with: sales, pause: true}", "missing-key", id="no-end"),
        pytest.param("{until: 2027-01-31, agreed_with: sales, pause: true}", "missing-key", id="no-reason"),
        pytest.param("{until: 2027-01-31, because: A, agreed_with: s, pause: false}", "unknown-choice", id="no-pause"),
        pytest.param("{until: 2027-01-31, because: A, agreed_with: s, ladder: no_such}", "unknown-ladder", id="ladder"),
    ],
)
def test_an_exception_says_until_when_why_and_with_whom(tmp_path: Path, exception: str, rule: str) -> None:
    assert [p.rule for p in problems_of(tmp_path, f"{TEXT}\nexceptions:\n  C-1: {exception}\n")] == [rule]
