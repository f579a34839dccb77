"""Conditions and stages in words."""

from __future__ import annotations

import pytest

from duly.language.conditions import ALWAYS, NEVER, All, Any, Compare, Condition, Includes, Is, Known, Not, Op
from duly.language.english import english, stage_english
from duly.language.policy import After, Channel, Clock, Period, Repeat, Send, Since, Stage, Task

LATE = Compare("days_past_due", Op.AT_LEAST, 50)
LARGE = Compare("past_due", Op.OVER, 500_000)
EUROS = All((Is("currency", ("EUR",)), Compare("past_due__own", Op.OVER, 9_000)))
YEN = All((Is("currency", ("JPY",)), Compare("past_due__own", Op.OVER, 9_000)))


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        pytest.param(
            All((LATE, LARGE)), "`days_past_due` is at least 50 and `past_due` is over 5,000.00 USD", id="and"
        ),
        pytest.param(Compare("promises_open", Op.BELOW, 1), "`promises_open` is below 1", id="below"),
        pytest.param(Compare("credit_limit", Op.AT_MOST, 1), "`credit_limit` is at most 0.01 USD", id="at-most"),
        pytest.param(Is("segment", ("strategic",)), "`segment` is `strategic`", id="word"),
        pytest.param(Is("tone", ("stern", "final")), "`tone` is one of `stern`, `final`", id="words"),
        pytest.param(Is("past_due", (0,)), "`past_due` is 0.00 USD", id="amount"),
        pytest.param(Is("paused", (True,)), "`paused`", id="yes"),
        pytest.param(Is("paused", (False,)), "not `paused`", id="no"),
        pytest.param(Includes("holds", "credit"), "`holds` includes `credit`", id="includes"),
        pytest.param(Known("days_since_reply"), "`days_since_reply` is known", id="known"),
        pytest.param(Not(Known("days_since_reply")), "`days_since_reply` is not known", id="not-known"),
        pytest.param(Not(Is("stage", ("none",))), "`stage` is not `none`", id="is-not"),
        pytest.param(Not(Is("stage", ("a", "b"))), "`stage` is not one of `a`, `b`", id="none-of"),
        pytest.param(Not(Is("paused", (True,))), "not `paused`", id="not-yes"),
        pytest.param(Not(Includes("holds", "credit")), "`holds` does not include `credit`", id="excludes"),
        pytest.param(Not(LATE), "`days_past_due` is not at least 50", id="not-compared"),
        pytest.param(Not(Any((LATE, LARGE))), f"not ({english(Any((LATE, LARGE)), 'USD')})", id="not-of-several"),
        pytest.param(
            All((Is("late", (True,)), Any((LATE, Known("region"))))),
            "`late` and (`days_past_due` is at least 50 or `region` is known)",
            id="brackets",
        ),
        pytest.param(
            Any((EUROS, YEN)), "`past_due` is over 90.00 EUR or `past_due` is over 9,000 JPY", id="by-currency"
        ),
        pytest.param(ALWAYS, "always", id="always"),
        pytest.param(NEVER, "never", id="never"),
        pytest.param(Compare("clock__due_date__days", Op.AT_LEAST, 4), "days past due is at least 4", id="clock"),
        pytest.param(
            Compare("clock__invoice_date__months__month_end", Op.AT_LEAST, 2),
            "months after the invoice date up to the last month end is at least 2",
            id="rounded-clock",
        ),
        pytest.param(Known("days_since__demand"), "days since `demand` is known", id="days-since-a-stage"),
        pytest.param(Compare("times__demand", Op.AT_MOST, 2), "times of `demand` is at most 2", id="times-of-a-stage"),
    ],
)
def test_a_condition_reads_as_a_sentence(condition: Condition, words: str) -> None:
    assert english(condition, "USD") == words


def after(
    number: int, since: Since = Since.DUE_DATE, period: Period = Period.DAYS, *, month_end: bool = False
) -> After:
    return After(clock=Clock(since, period, month_end), number=number)


LETTER = Send(channel=Channel.LETTER, template="demand")


@pytest.mark.parametrize(
    ("stage", "words"),
    [
        pytest.param(
            Stage(id="a", after=after(45), when=LARGE, tone="stern", send=(LETTER,)),
            "from 45 days past due, if `past_due` is over 5,000.00 USD: letter `demand` in tone `stern`",
            id="message",
        ),
        pytest.param(
            Stage(
                id="a",
                after=after(-5),
                tone="t",
                send=(Send(channel=Channel.EMAIL, template="x"),),
                without_email=(LETTER,),
            ),
            "from 5 days before the due date: e-mail `x` in tone `t` (letter `demand` without e-mail)",
            id="before-the-due-date",
        ),
        pytest.param(
            Stage(
                id="a",
                after=after(1, period=Period.MONTHS, month_end=True),
                tasks=(Task(role="collector", task="visit"),),
            ),
            "from 1 month past due, rounded up to the end of the month: task `visit` for `collector`",
            id="months",
        ),
        pytest.param(
            Stage(
                id="a", after=after(14, Since.PREVIOUS_STAGE), action="refer_to_agency", approval=("credit_manager",)
            ),
            "from 14 days after the previous stage: `refer_to_agency`, with approval of `credit_manager`",
            id="referral",
        ),
        pytest.param(
            Stage(id="a", tone="t", send=(LETTER,), repeat=Repeat(every_days=30, at_most=2)),
            "at once: letter `demand` in tone `t`, again every 30 days, 2 times",
            id="repeated",
        ),
    ],
)
def test_a_stage_reads_as_what_it_does_and_when(stage: Stage, words: str) -> None:
    assert stage_english(stage, "USD") == words
