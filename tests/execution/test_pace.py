"""How fast, how often again, and when a channel is given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.execution.breaker import BREAKS_AT, Breaker
from duly.execution.pace import Pace, Retries
from duly.execution.ports import Accepted, Deferred, Failed, Outcome, Unknown
from tests.execution.model import MORNING


@pytest.mark.parametrize(
    ("tries", "asked", "seconds"),
    [
        pytest.param(1, 0, 30, id="first"),
        pytest.param(2, 0, 120, id="second"),
        pytest.param(3, 0, None, id="no-third"),
        pytest.param(1, 300, 300, id="as-long-as-the-peer-asks"),
        pytest.param(1, 900, 900, id="as-long-as-there-is-patience"),
        pytest.param(1, 901, None, id="no-longer"),
    ],
)
def test_a_deferred_hand_over_is_tried_again_later_each_time(tries: int, asked: float, seconds: float | None) -> None:
    assert Retries().after(tries, asked) == seconds


@given(jump=st.integers(-100_000, 100_000), per_minute=st.integers(1, 600))
def test_whatever_the_clock_does_nobody_waits_longer_than_was_asked(jump: int, per_minute: int) -> None:
    pace = Pace()
    pace.used("email", MORNING, per_minute)
    assert 0 <= pace.seconds_until_free("email", MORNING + timedelta(seconds=jump)) <= 60 / per_minute


def test_a_channel_without_a_limit_is_free_and_a_longer_rest_wins() -> None:
    pace = Pace()
    pace.used("email", MORNING, 0)
    assert pace.seconds_until_free("email", MORNING) == 0
    pace.rest("email", MORNING, 30)
    pace.used("email", MORNING, 60)
    assert pace.seconds_until_free("email", MORNING) == 30


@pytest.mark.parametrize(
    ("outcome", "times"),
    [
        pytest.param(Deferred("421", all=True), 3, id="the-whole-channel-puts-off"),
        pytest.param(Failed("535", all=True), 3, id="the-whole-channel-refuses"),
        pytest.param(Unknown("cut"), 3, id="nobody-knows"),
        pytest.param(Deferred("451"), 12, id="one-recipient-is-put-off"),
        pytest.param(Failed("550"), 12, id="one-recipient-is-refused"),
    ],
)
def test_a_channel_is_given_up_after_so_many_in_a_row(outcome: Outcome, times: int) -> None:
    breaker = Breaker()
    for _ in range(times - 1):
        breaker.saw("email", outcome)
    assert not breaker.is_open("email")
    breaker.saw("email", outcome)
    assert breaker.is_open("email")
    assert not breaker.is_open("letter")


def test_an_acceptance_forgives_everything() -> None:
    breaker = Breaker()
    for _ in range(BREAKS_AT):
        breaker.saw("email", Failed("550"))
        breaker.saw("email", Accepted())
    assert not breaker.is_open("email")
