"""Nothing is decided on one opinion: what is looked at again, and what happens when two opinions differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from duly.book.book import Book
from duly.book.connection import connect
from duly.language.conditions import Facts
from duly.language.policy import After, Channel, ChooseLadder, Clock, Ladder, Period, Policy, Send, Since, Stage
from duly.rules import agreement, durable, meaning
from duly.rules.agreement import Engine, agree, looked_at
from duly.rules.apart import PLACES, Again, Derived
from duly.rules.columnar import Key, decisions_from
from duly.rules.decision import NONE, Decision, Wait
from duly.rules.durable import DurableUnavailable, Undecided
from duly.source import Refused
from tests.rules.strategies import accounts, customer, load

AS_OF = date(2025, 3, 1)
CLOCK = Clock(Since.DUE_DATE, Period.DAYS, month_end=False)


def rung(id_: str, days: int) -> Stage:
    after = After(clock=CLOCK, number=days)
    return Stage(id=id_, after=after, tone="firm", send=(Send(channel=Channel.EMAIL, template=id_),))


POLICY = Policy(
    id="small",
    currency="USD",
    tones=("firm",),
    ladders=(Ladder(id="standard", stages=(rung("reminder", 4), rung("demand", 30))),),
    choose_ladder=ChooseLadder(otherwise="standard"),
)


@pytest.fixture
def book() -> Iterator[Book]:
    with connect() as connection:
        load(connection, POLICY, made())
        yield Book(Path("book"), "USD", connection, {}, {}, "digest")


def made() -> list[Facts]:
    return [facts | {"creditor": "main"} for facts in accounts(POLICY, 60, seed=1)]


def derived(**changed: object) -> Again:
    """The accounts' facts as they were made; of the first account, some changed."""

    def again(keys: Sequence[Key]) -> Mapping[Key, Facts]:
        facts = {("main", customer(at), ""): {**f, **dict.fromkeys(PLACES)} for at, f in enumerate(made())}
        facts["main", customer(0), ""] |= changed
        return {key: facts[key] for key in keys}

    return lambda keys: lambda: again(keys)


@pytest.mark.parametrize(
    ("asked", "first", "second"),
    [
        pytest.param(None, Engine.DURABLE, Engine.COLUMNAR, id="a-small-book"),
        pytest.param(Engine.DURABLE, Engine.DURABLE, Engine.COLUMNAR, id="durable"),
        pytest.param(Engine.COLUMNAR, Engine.COLUMNAR, Engine.DURABLE, id="columnar"),
        pytest.param(Engine.MEANING, Engine.MEANING, Engine.COLUMNAR, id="meaning"),
    ],
)
def test_another_engine_looks_again_at_every_account_of_a_small_book(
    book: Book, asked: Engine | None, first: Engine, second: Engine
) -> None:
    opinion = agree(book, POLICY, AS_OF, engine=asked, again=derived())
    assert (opinion.first, opinion.second) == (first, second)
    assert (opinion.accounts, opinion.looked_again, opinion.facts_derived_again) == (60, 60, 60)
    expected = {("main", customer(at), ""): meaning.decide(POLICY, facts) for at, facts in enumerate(made())}
    assert dict(decisions_from(book.connection)) == expected


def test_beyond_the_bound_the_columnar_engine_decides_and_durable_looks_again_at_some(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "BOUND", 59)
    monkeypatch.setattr(agreement, "MOST_LEFT_ALONE", 5)
    opinion = agree(book, POLICY, AS_OF, again=derived())
    touched = sum(decision.step != NONE for _, decision in decisions_from(book.connection))
    assert (opinion.first, opinion.second) == (Engine.COLUMNAR, Engine.DURABLE)
    assert (opinion.accounts, opinion.looked_again) == (60, touched + 5)


def test_two_engines_that_disagree_refuse_the_plan_and_show_both_sides(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = meaning.decide

    def wrong(policy: Policy, facts: Facts) -> Decision:
        decision = decide(policy, facts)
        return replace(decision, step="demand", wait=None) if decision.step == "reminder" else decision

    monkeypatch.setattr(meaning, "decide", wrong)
    with pytest.raises(Refused) as refused:
        agree(book, POLICY, AS_OF, engine=Engine.MEANING, again=derived())
    assert refused.value.exit_code == 5
    assert {problem.rule for problem in refused.value.problems} == {"engines-disagree"}
    message = refused.value.problems[0].message
    assert message.startswith("two engines decide differently about customer `0000000")
    assert message.endswith("columnar: step `reminder`; meaning: step `demand`")
    assert "this is a bug in duly" in refused.value.problems[0].help


def test_a_fact_that_comes_out_differently_when_derived_again_refuses_the_plan(book: Book) -> None:
    with pytest.raises(Refused) as refused:
        agree(book, POLICY, AS_OF, engine=Engine.MEANING, again=derived(past_due=12_345, episode="A-17"))
    assert refused.value.exit_code == 5
    first = made()[0]["past_due"]
    assert [(problem.rule, problem.message) for problem in refused.value.problems] == [
        (
            "facts-disagree",
            "`episode` of customer `000000000` of creditor `main` is unknown, and `A-17` when derived again",
        ),
        (
            "facts-disagree",
            f"`past_due` of customer `000000000` of creditor `main` is {first}, and 12345 when derived again",
        ),
    ]


def test_an_account_that_is_not_there_when_derived_again_refuses_the_plan(book: Book) -> None:
    def forgetful(keys: Sequence[Key]) -> Derived:
        return lambda: {key: facts for key, facts in derived()(keys)().items() if key[1] != customer(3)}

    with pytest.raises(Refused, match="`account` of customer `000000003` of creditor `main` is true, and false"):
        agree(book, POLICY, AS_OF, engine=Engine.MEANING, again=forgetful)


def test_without_durable_rules_the_meaning_gives_the_second_opinion_and_says_so(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: object) -> Iterator[object]:
        raise DurableUnavailable("durable-rules cannot be loaded: no C compiler")

    monkeypatch.setattr(durable, "decide_all", unavailable)
    opinion = agree(book, POLICY, AS_OF, again=derived())
    assert (opinion.first, opinion.second, opinion.looked_again) == (Engine.COLUMNAR, Engine.MEANING, 60)
    assert opinion.notes == (
        "durable-rules cannot be loaded: no C compiler; the plain meaning gave the second opinion instead",
    )


def test_an_account_that_could_not_be_decided_twice_is_taken_out_and_named(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned = ("main", customer(7), "")

    def dying(policy: Policy, accounts: Iterator[tuple[Key, Facts]]) -> Iterator[tuple[Key, object]]:
        for key, facts in accounts:
            yield key, Undecided("the rule engine died (SIGSEGV)") if key == poisoned else meaning.decide(policy, facts)

    monkeypatch.setattr(durable, "decide_all", dying)
    opinion = agree(book, POLICY, AS_OF, again=derived())
    assert opinion.undecided == ((poisoned, "the rule engine died (SIGSEGV)"),)
    left = dict(decisions_from(book.connection))
    assert len(left) == 59
    assert poisoned not in left


# Which accounts are looked at again on a large book.

ALONE = meaning.decide(POLICY, made()[0] | {"late": False, "late_count_with_disputed": 0})  # type: ignore[operator]


def decision(step: str = NONE, place: tuple[str, ...] = (), wait: Wait | None = None) -> Decision:
    return replace(ALONE, step=step, place=place, wait=wait)


def many(step: str, count: int, first: int = 0, place: tuple[str, ...] = ()) -> dict[Key, Decision]:
    return {("main", customer(at), ""): decision(step, place) for at in range(first, first + count)}


def kinds(book: Mapping[Key, Decision]) -> dict[Decision, list[Key]]:
    found: dict[Decision, list[Key]] = {}
    for key, decided in book.items():
        found.setdefault(decided, []).append(key)
    return found


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds that a small book is beyond."""
    monkeypatch.setattr(agreement, "MOST_TOUCHED", 50)
    monkeypatch.setattr(agreement, "MOST_LEFT_ALONE", 5)


@pytest.mark.usefixtures("few")
def test_all_that_is_contacted_or_restricted_is_looked_at_again_where_it_is_not_too_much() -> None:
    touched = many("reminder", 40) | many(NONE, 10, 40, place=("credit",))
    looked = looked_at(POLICY, kinds(touched | many(NONE, 300, 100)), seed="a")
    assert set(touched) <= set(looked)
    assert len(looked) == 50 + 5


@pytest.mark.parametrize(
    ("harsh", "looked_at_again"),
    [
        pytest.param(1, 1, id="one"),
        pytest.param(25, 25, id="half-of-what-is-looked-at"),
        pytest.param(100, 25, id="too-many-themselves"),
    ],
)
@pytest.mark.usefixtures("few")
def test_of_too_many_the_harshest_are_looked_at_again_and_some_of_every_kind(harsh: int, looked_at_again: int) -> None:
    book = many("reminder", 300) | many("demand", 300, 300) | many(NONE, harsh, 600, place=("credit",))
    looked = [book[key] for key in looked_at(POLICY, kinds(book), seed="a")]
    assert len(looked) == 50
    assert sum(bool(decision.place) for decision in looked) >= looked_at_again
    assert {decision.step for decision in looked} == {"reminder", "demand", NONE}


@pytest.mark.usefixtures("few")
def test_a_kind_of_one_account_among_many_that_are_left_alone_is_looked_at_again() -> None:
    rare = ("main", customer(77), "")
    book = many(NONE, 300) | {rare: decision(wait=Wait.TOO_SMALL)}
    assert rare in looked_at(POLICY, kinds(book), seed="a")


@pytest.mark.usefixtures("few")
def test_the_same_seed_draws_the_same_accounts_and_another_seed_others() -> None:
    book = many(NONE, 300)
    assert looked_at(POLICY, kinds(book), seed="a") == looked_at(POLICY, kinds(dict(reversed(book.items()))), seed="a")
    assert looked_at(POLICY, kinds(book), seed="a") != looked_at(POLICY, kinds(book), seed="b")
