"""The process that runs the rule engine may die, hang or be missing: every other account is decided all the same."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from duly.language.conditions import Compare, Facts, Op
from duly.language.policy import ChooseLadder, Points, Policy
from duly.rules import meaning
from duly.rules.decision import NONE, Decision
from duly.rules.durable import DurableUnavailable, Trust, Undecided, decide_all, processes_kept, started
from duly.rules.durable.reading import Ids
from duly.rules.durable.rulesets import program_of
from duly.rules.durable.worker import MOST_KEPT, Worker, serve
from tests.rules.strategies import accounts

pytestmark = pytest.mark.own_processes

POLICY = Policy(
    id="small",
    currency="USD",
    choose_ladder=ChooseLadder(otherwise=NONE),
    worklist=(Points(id="old", add=20, when=Compare("days_past_due", Op.OVER, 60)),),
)
GOOD = accounts(POLICY, 1, seed=1)[0]
TRUST = Trust(chunk=4, seconds=1.5, seconds_an_account=0)


def book(count: int) -> list[tuple[int, Facts]]:
    return [(at, {**GOOD, "days_past_due": at}) for at in range(count)]


def decided(accounts: Iterator[tuple[int, Facts]] | list[tuple[int, Facts]], trust: Trust = TRUST) -> dict[int, object]:
    return dict(decide_all(POLICY, accounts, trust))


@dataclass(frozen=True)
class Poison:
    """A fact that is harmless until the process of the rule engine unpacks it."""

    effect: Callable[..., object]
    argument: object

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object]]:
        return self.effect, (self.argument,)


@pytest.mark.parametrize(
    ("poison", "reason"),
    [
        pytest.param(
            Poison(signal.raise_signal, signal.SIGSEGV), "the rule engine died (SIGSEGV)", id="memory-violation"
        ),
        pytest.param(
            Poison(signal.raise_signal, signal.SIGFPE), "the rule engine died (SIGFPE)", id="division-by-zero"
        ),
        pytest.param(Poison(os._exit, 3), "the rule engine died (exit code 3)", id="exit"),
        pytest.param(Poison(time.sleep, 60), "the rule engine did not answer within 1.5 seconds", id="hang"),
    ],
)
def test_the_one_account_that_kills_the_engine_is_named_and_every_other_is_decided(poison: Poison, reason: str) -> None:
    poisoned = [(at, {**facts, "days_past_due": poison} if at == 21 else facts) for at, facts in book(40)]
    answers = decided(poisoned)  # type: ignore[arg-type]
    assert answers.pop(21) == Undecided(reason)
    assert answers == {at: meaning.decide(POLICY, facts) for at, facts in book(40) if at != 21}


def test_a_process_that_is_killed_between_two_chunks_is_replaced() -> None:
    def accounts() -> Iterator[tuple[int, Facts]]:
        for at, facts in book(40):
            if at == 20:
                (process,) = (p for p in multiprocessing.active_children() if p.name == "duly-durable")
                process.kill()
            yield at, facts

    assert decided(accounts()) == {at: meaning.decide(POLICY, facts) for at, facts in book(40)}


def test_a_fact_that_the_engine_cannot_hold_leaves_only_its_own_account_undecided() -> None:
    answers = decided([(1, GOOD), (2, {**GOOD, "days_past_due": 2**60}), (3, GOOD)])
    assert isinstance(answers[1], Decision)
    assert answers[2] == Undecided(f"`{2**60}` is neither a word nor a whole number within bounds")
    assert answers[3] == answers[1]


@pytest.mark.parametrize(("lifetime", "processes"), [(48, 1), (47, 2), (16, 3)])
def test_a_process_is_replaced_before_it_has_decided_more_than_its_lifetime(
    lifetime: int, processes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = []
    begin = Worker.begin

    def counted(worker: Worker) -> None:
        begun.append(worker)
        begin(worker)

    monkeypatch.setattr(Worker, "begin", counted)
    assert len(decided(book(48), Trust(chunk=16, lifetime=lifetime))) == 48
    assert len(begun) == processes


def test_an_engine_that_dies_over_and_over_is_given_up() -> None:
    poisoned = [(at, {**GOOD, "days_past_due": Poison(os._exit, 3)}) for at in range(16)]
    with pytest.raises(DurableUnavailable, match=r"given up after 4 tries: the rule engine died \(exit code 3\)"):
        decided(poisoned, Trust(chunk=16, deaths=3))  # type: ignore[arg-type]


def test_an_engine_that_cannot_be_loaded_says_so_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "durable").mkdir()
    (tmp_path / "durable" / "__init__.py").write_text('raise ImportError("undefined symbol:\\n PyEval_CallObject")\n')
    monkeypatch.syspath_prepend(tmp_path)
    unavailable = "durable-rules cannot be loaded: undefined symbol: PyEval_CallObject"
    with pytest.raises(DurableUnavailable, match=f"^{unavailable}$"):
        decided(book(1))


def test_no_process_is_left_behind() -> None:
    answers = decide_all(POLICY, book(40), TRUST)
    assert next(answers)[0] == 0
    answers.close()  # type: ignore[attr-defined]
    decided(book(3))
    assert not [p for p in multiprocessing.active_children() if p.name == "duly-durable"]


def engines() -> set[int | None]:
    return {p.pid for p in multiprocessing.active_children() if p.name == "duly-durable"}


def test_a_process_that_decided_one_book_decides_the_next_of_its_policy_while_it_is_kept() -> None:
    with processes_kept():
        assert decided(book(3)) == decided(book(3))
        one = engines()
        assert len(one) == 1
        assert decided(book(5)) == {key: meaning.decide(POLICY, facts) for key, facts in book(5)}
        assert engines() == one
        other = replace(POLICY, worklist=())
        assert dict(decide_all(other, book(3))) == {key: meaning.decide(other, facts) for key, facts in book(3)}
        assert one < engines()
        assert len(engines()) == 2
    assert not engines()


def test_a_process_that_was_started_beforehand_decides_what_is_asked_first() -> None:
    with started(POLICY, TRUST):
        one = engines()
        assert len(one) == 1
        assert decided(book(3)) == {key: meaning.decide(POLICY, facts) for key, facts in book(3)}
        assert engines() == one
    assert not engines()


def test_a_process_that_died_before_it_was_asked_is_replaced() -> None:
    with started(POLICY, TRUST):
        (pid,) = engines()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while engines():
            time.sleep(0.01)
        assert all(isinstance(answer, Decision) for answer in decided(book(3)).values())
    assert not engines()


def test_a_process_whose_answer_nobody_reads_ends_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    ours.send((program_of(POLICY), Ids.of(POLICY)))
    assert ours.poll(60)  # It is ready, and says so.
    ours.close()
    process.join(60)
    assert process.exitcode == 0
    assert capfd.readouterr().err == ""


def test_an_engine_that_cannot_be_loaded_says_so_when_it_is_asked_and_not_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "durable").mkdir()
    (tmp_path / "durable" / "__init__.py").write_text('raise ImportError("no such symbol")\n')
    monkeypatch.syspath_prepend(tmp_path)
    with started(POLICY), pytest.raises(DurableUnavailable, match="cannot be loaded: no such symbol"):
        decided(book(1))


def test_no_more_than_so_many_processes_are_kept() -> None:
    with processes_kept():
        for lifetime in range(100, 100 + MOST_KEPT + 1):
            decided(book(1), Trust(lifetime=lifetime))
        assert len(engines()) == MOST_KEPT


def test_a_process_that_was_left_in_the_middle_or_has_died_is_not_kept() -> None:
    with processes_kept():
        answers = decide_all(POLICY, book(40), Trust(chunk=1))
        next(answers)
        answers.close()  # type: ignore[attr-defined]
        assert not engines()
        decided(book(3))
        (pid,) = engines()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while engines():
            time.sleep(0.01)
        assert all(isinstance(answer, Decision) for answer in decided(book(1)).values())


def test_no_accounts_need_no_engine() -> None:
    assert decided([]) == {}
