"""Facts are derived again in a process of its own, and nothing is planned before they agree."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from multiprocessing.reduction import ForkingPickler
from pickle import loads

import pytest

from duly.assets import asset
from duly.book.book import Book
from duly.book.facts import build_facts
from duly.book.raw import Selected, select_rows
from duly.book.read import read_book
from duly.book.sample import AS_OF, write_sample
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.rules import agreement, apart
from duly.rules.agreement import Engine, agree, prepared, second_opinion
from duly.rules.apart import deriving, started
from duly.rules.columnar import KEY, Key, decide
from duly.source import Refused

pytestmark = pytest.mark.own_processes

POLICY = load_policy(asset("policies/standard.yaml"))[0]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("book")
    write_sample(folder, customers=60, seed=1)
    book = read_book(folder)
    build_facts(book, POLICY, AS_OF)
    decide(book.connection, POLICY)
    yield book
    book.connection.close()


@pytest.fixture
def all_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "APART", 1)


def keys(book: Book) -> list[Key]:
    return book.connection.execute(f"SELECT {', '.join(KEY)} FROM account_facts ORDER BY ALL").fetchall()


def processes() -> list[int | None]:
    return [process.pid for process in multiprocessing.active_children() if process.name == "duly-again"]


def test_another_process_derives_what_is_derived_here(book: Book) -> None:
    every, some = keys(book), keys(book)[:7]
    with deriving(book, POLICY, AS_OF, apart=False) as here, deriving(book, POLICY, AS_OF, apart=True) as there:
        assert len(processes()) == 1
        first, second = there(every), there(some)
        assert first() == here(every)()
        assert second() == here(some)()
        assert len(first()) == len(every) > 50
    assert not processes()


def test_a_policy_goes_to_another_process_whole() -> None:
    there: Policy = loads(bytes(ForkingPickler.dumps(POLICY)))
    assert there == POLICY
    assert (there.places, there.lines) == (POLICY.places, POLICY.lines)


def test_what_a_process_that_died_does_not_answer_is_derived_here(book: Book) -> None:
    every = keys(book)
    with deriving(book, POLICY, AS_OF, apart=False) as here, deriving(book, POLICY, AS_OF, apart=True) as there:
        (pid,) = processes()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert there(every)() == there(every)() == here(every)()


def test_where_no_process_can_be_started_the_facts_are_derived_here(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(multiprocessing.context.SpawnProcess, "start", refuse)
    every = keys(book)
    with deriving(book, POLICY, AS_OF, apart=False) as here, deriving(book, POLICY, AS_OF, apart=True) as there:
        assert there(every)() == here(every)()


def test_a_process_that_was_started_beforehand_derives_and_is_not_left_behind(book: Book) -> None:
    with started():
        before = processes()
        with deriving(book, POLICY, AS_OF, apart=True) as there:
            assert there(keys(book))()
            assert processes() == before
        assert processes() == before
    assert not processes()


@pytest.mark.usefixtures("all_apart")
def test_a_second_opinion_takes_the_processes_that_were_prepared(book: Book) -> None:
    with prepared(book, POLICY):
        children = {process.pid for process in multiprocessing.active_children()}
        assert len(children) == 2
        with second_opinion(book, POLICY, AS_OF) as opinion:
            assert {process.pid for process in multiprocessing.active_children()} == children
        assert opinion.facts_derived_again == len(keys(book))
    assert not multiprocessing.active_children()


@pytest.fixture
def planted(book: Book) -> Iterator[None]:
    """A fault in the facts that changes no decision, so that only deriving them again can find it."""
    last = "WHERE customer = (SELECT max(customer) FROM account_facts)"
    book.connection.execute(f"UPDATE account_facts SET past_due = past_due + 1 {last}")
    yield
    book.connection.execute(f"UPDATE account_facts SET past_due = past_due - 1 {last}")


@pytest.mark.usefixtures("all_apart", "planted")
@pytest.mark.parametrize("engine", [Engine.MEANING, Engine.DURABLE, Engine.COLUMNAR])
def test_nobody_leaves_a_second_opinion_with_a_fact_that_came_out_differently(book: Book, engine: Engine) -> None:
    reached = False
    with pytest.raises(Refused) as refused, second_opinion(book, POLICY, AS_OF, engine=engine):
        reached = True
    assert reached
    assert [problem.rule for problem in refused.value.problems] == ["facts-disagree"]
    assert not processes()


@pytest.mark.usefixtures("all_apart")
def test_facts_are_compared_however_many_accounts_are_looked_at_at_a_time(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "AT_ONCE", 5)
    assert agree(book, POLICY, AS_OF, engine=Engine.MEANING).facts_derived_again == len(keys(book))


@pytest.mark.usefixtures("all_apart", "planted")
def test_the_last_of_many_facts_is_compared_too(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agreement, "AT_ONCE", 5)
    with pytest.raises(Refused, match="when derived again"):
        agree(book, POLICY, AS_OF, engine=Engine.MEANING)


@pytest.mark.usefixtures("all_apart")
def test_a_block_that_fails_leaves_no_process_behind(book: Book) -> None:
    with pytest.raises(ZeroDivisionError), second_opinion(book, POLICY, AS_OF, engine=Engine.MEANING):
        raise ZeroDivisionError
    assert not processes()


def test_an_interrupt_at_the_terminal_is_not_for_the_process(book: Book) -> None:
    with deriving(book, POLICY, AS_OF, apart=True) as there:
        assert there(keys(book))()
        (pid,) = processes()
        assert pid is not None
        os.kill(pid, signal.SIGINT)
        assert there(keys(book))()
        assert processes() == [pid]


FIRST_PROCESS = """
import multiprocessing
from pathlib import Path
from duly.rules.apart import started

with started():
    (process,) = multiprocessing.active_children()
    print(Path(f"/proc/{process.pid}/status").read_text())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process blocks")
def test_the_first_process_of_a_program_is_deaf_to_interrupts_before_it_runs_a_line() -> None:
    told = subprocess.run([sys.executable, "-c", FIRST_PROCESS], capture_output=True, text=True, check=True)
    [blocked] = re.findall(r"SigBlk:\s+(\w+)", told.stdout)
    assert int(blocked, 16) >> (signal.SIGINT - 1) & 1


def test_what_goes_wrong_in_the_process_goes_wrong_where_it_is_reported(
    book: Book, capfd: pytest.CaptureFixture[str]
) -> None:
    unsortable: list[Key] = [("orchard", None, ""), *keys(book)]  # type: ignore[list-item]
    with deriving(book, POLICY, AS_OF, apart=True) as there, pytest.raises(TypeError):
        there(unsortable)()
    assert "Traceback" not in capfd.readouterr().err


def left_while_the_process_hangs(book: Book, rows_are_read: threading.Event) -> None:
    with deriving(book, POLICY, AS_OF, apart=True) as again:
        (pid,) = processes()
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        again(keys(book))
        assert rows_are_read.wait(60)
        raise ZeroDivisionError


def test_whoever_leaves_by_an_error_waits_for_no_answer_and_nothing_is_derived_here_instead(
    book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows_are_read, derived_here = threading.Event(), threading.Event()

    def read(book: Book, customers: Iterable[str]) -> Selected:
        selected = select_rows(book, customers)
        rows_are_read.set()
        return selected

    monkeypatch.setattr(apart, "select_rows", read)
    monkeypatch.setattr(apart, "derived", lambda *_: derived_here.set())
    with pytest.raises(ZeroDivisionError):
        left_while_the_process_hangs(book, rows_are_read)
    assert not processes()
    assert not derived_here.is_set()
