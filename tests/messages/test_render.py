"""Rendering in processes: in order, the same whatever their number, and no message costs another one."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from duly.messages.compose import Composed, Composer, key_of
from duly.messages.guard import Owners
from duly.messages.matter import Matter, Rendered
from duly.messages.render import MEGABYTE, Answer, Unrendered, Worker, processes_kept, render
from duly.messages.templates import Templates, load_templates
from tests.messages.matters import BRIEF, LETTER, LINES, MATTER, TEMPLATES, named

pytestmark = pytest.mark.own_processes

TEMPLATES_READ = load_templates(TEMPLATES)
OWNERS = Owners.of({line.invoice: "C-1001" for line in LINES}, {"C-1001": "C-1001"})


def all_of(matters: Iterable[Matter], workers: int = 1) -> list[Answer]:
    return list(render(TEMPLATES_READ, matters, OWNERS, workers=workers))


def test_messages_come_in_the_order_of_their_matters() -> None:
    answers = all_of(named(f"Sample {n} Ltd", BRIEF) for n in range(130))
    assert [a.subject.split(" Ltd")[0] for a in answers if isinstance(a, Rendered)] == [
        f"Sample {n}" for n in range(130)
    ]


def test_every_byte_is_the_same_whatever_the_number_of_processes() -> None:
    matters = [named(f"Sample {n} Ltd", base) for n in range(15) for base in (MATTER, BRIEF, LETTER)]
    assert all_of(matters, workers=1) == all_of(matters, workers=2)


def test_a_message_that_cannot_be_said_costs_no_other() -> None:
    first, second, third = all_of([MATTER, replace(MATTER, tone="rude"), MATTER])
    assert isinstance(first, Rendered)
    assert second == Unrendered(
        "C-1001", "en/email/reminder.rude.md.j2", "no-template", "there is no template `en/email/reminder.rude.md.j2`"
    )
    assert third == first


@pytest.mark.parametrize(
    ("matter", "rule"),
    [
        pytest.param(replace(MATTER, language=""), "no-language", id="no-language"),
        pytest.param(replace(MATTER, language="xx"), "no-template", id="language-without-templates"),
        pytest.param(replace(MATTER, next_stage="unheard"), "no-phrase", id="stage-without-a-phrase"),
        pytest.param(replace(MATTER, lines=(), totals=()), "unknown-printed", id="nothing-owed"),
        pytest.param(
            replace(MATTER, creditor=replace(MATTER.creditor, pay_to=())), "no-way-to-pay", id="no-way-to-pay"
        ),
        pytest.param(replace(LETTER, customer=replace(LETTER.customer, address=())), "no-address", id="no-address"),
        pytest.param(replace(BRIEF, answer_by=None), "unknown-printed", id="no-day-to-answer-by"),
        pytest.param(named("private \ue001 name"), "private-character", id="private-character"),
    ],
)
def test_what_is_missing_refuses_its_message_with_a_reason(matter: Matter, rule: str) -> None:
    if rule == "private-character":
        matter = replace(matter, contact_name=matter.customer.name)
    (answer,) = all_of([matter])
    assert isinstance(answer, Unrendered)
    assert answer.rule == rule


class Saboteur(Composer):
    """Composes honestly, except what a customer's name tells it to do."""

    def compose(self, matter: Matter) -> Composed:
        match matter.customer.name:
            case "hangs":
                signal.pause()
            case "spins":
                while True:
                    pass
            case "dies":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "swells":
                return Composed(replace(MESSAGE, text="x" * (10_000 * MEGABYTE)), "")
            case _:
                pass
        return super().compose(matter)


MESSAGE = Composer(TEMPLATES_READ).compose(MATTER).message


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        pytest.param("hangs", "message-took-too-long", id="hangs"),
        pytest.param("spins", "message-took-too-long", id="spins"),
        pytest.param("dies", "message-process-died", id="dies"),
        pytest.param("swells", "message-too-large", id="swells"),
    ],
)
def test_a_message_that_hangs_dies_or_swells_costs_itself_alone(name: str, rule: str) -> None:
    worker = Worker(TEMPLATES_READ, seconds_each=0.5, memory=1_000 * MEGABYTE, composer=Saboteur)
    try:
        worker.ask([named(n) for n in ("a", "b", name, "c", name, "d")])
        answers = worker.answers()
    finally:
        worker.stop()
    assert [a.rule if isinstance(a, Unrendered) else "" for a in answers] == ["", "", rule, "", rule, ""]


def test_a_process_lives_on_when_its_messages_are_quick() -> None:
    # The bound is for each message: many of them may take longer than one may.
    worker = Worker(TEMPLATES_READ, seconds_each=1.0, memory=1_000 * MEGABYTE)
    try:
        worker.ask([MATTER] * 50)
        pid = worker._process.pid if worker._process else 0
        before = time.process_time()
        for _ in range(40):
            assert all(isinstance(answer, Composed) for answer in worker.answers())
            worker.ask([MATTER] * 50)
        worker.answers()
        assert time.process_time() > before
        assert worker._process is not None
        assert worker._process.pid == pid
    finally:
        worker.stop()


def test_no_process_is_left_behind() -> None:
    templates: Templates = TEMPLATES_READ
    answers = render(templates, [MATTER] * 60, OWNERS, workers=2)
    next(iter(answers))
    answers.close()  # type: ignore[attr-defined]
    assert not [child for child in multiprocessing.active_children() if child.name == "duly-messages"]


def composers() -> set[int | None]:
    return {child.pid for child in multiprocessing.active_children() if child.name == "duly-messages"}


def test_a_process_goes_on_to_other_templates_while_it_is_kept(tmp_path: Path) -> None:
    key = key_of(MATTER)
    own = tmp_path / "templates"
    shutil.copytree(TEMPLATES, own)
    file = own / key.file
    file.write_text(f"{file.read_text(encoding='utf-8')}\nOnce more.\n", encoding="utf-8")
    with processes_kept():
        (before,) = all_of([MATTER])
        one = composers()
        assert len(one) == 1
        (other,) = render(load_templates(own), [MATTER], OWNERS)
        assert composers() == one
        assert all_of([MATTER]) == [before]
        assert isinstance(before, Rendered)
        assert isinstance(other, Rendered)
        assert "Once more." in other.text
        assert "Once more." not in before.text
    assert not composers()


def test_a_process_that_was_left_in_the_middle_is_not_kept() -> None:
    with processes_kept():
        answers = render(TEMPLATES_READ, [MATTER] * 60, OWNERS, workers=2)
        next(iter(answers))
        answers.close()  # type: ignore[attr-defined]
        assert not composers()
