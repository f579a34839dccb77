"""Hostile templates: each is refused for its reason and at its place, and honest ones print data as data.

A case's text becomes the body of a message of ours, so that its line is the case's
line and five more; what the list calls `customer.phone` and `invoices` is what a
message may name here, or may not.
"""

from __future__ import annotations

import re
import resource
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from duly.messages.guard import Owners
from duly.messages.matter import Matter, Rendered
from duly.messages.render import Unrendered, render
from duly.messages.templates import Templates, load_templates, read_templates
from duly.source import Problem, Refused
from tests.messages.matters import LINES, MATTER, TEMPLATES, named
from tests.shared.hostile import Case, cases, needs_hostile

pytestmark = needs_hostile

CODES: dict[str, frozenset[str]] = {
    "E-TPL-SECURITY": frozenset({"unknown-filter", "not-allowed-in-template", "unknown-variable"}),
    "E-TPL-NAME": frozenset({"template-name"}),
    "E-TPL-LIMIT": frozenset({"not-allowed-in-template"}),
    "E-TPL-INCLUDE": frozenset({"not-allowed-in-template"}),
    "E-TPL-NONE": frozenset({"unknown-printed"}),
    "E-TPL-UNDEFINED": frozenset({"unknown-variable"}),
    "E-TPL-FLOAT": frozenset({"not-allowed-in-template"}),
    "E-TPL-CURRENCY": frozenset({"unknown-filter", "unknown-variable"}),
    "E-TPL-SAFE": frozenset({"unknown-filter", "not-allowed-in-template"}),
    "E-TPL-SUBJECT": frozenset({"subject-lines"}),
    "E-TPL-EMPTY": frozenset({"empty-template", "empty-message", "unknown-variable", "not-allowed-in-template"}),
    "E-TPL-SYNTAX": frozenset({"template-syntax"}),
}
"""The labels of the list, and the names by which people can search for the same thing here."""

FRONT = "---\nsubject: A message\nsigned_by: credit and sales\n---\n"
NAME = "reminder.friendly.md.j2"

OWNERS = Owners.of({line.invoice: "C-1001" for line in LINES}, {"C-1001": "C-1001"})

LISTED = cases("template")
REFUSED = [pytest.param(c, id=c.id) for c in LISTED if c.exit == 3 and c.code not in {"E-TPL-NAME", "E-TPL-SUBJECT"}]


def folder_with(tmp_path: Path, text: str, name: str = NAME) -> Path:
    """A folder with the text as one more e-mail, whatever it is called."""
    folder = tmp_path / "templates"
    shutil.copytree(TEMPLATES, folder)
    (folder / "en/email" / name).write_text(text, encoding="utf-8")
    return folder


def problems_of(tmp_path: Path, text: str, name: str = NAME) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as refused:
        load_templates(folder_with(tmp_path, text, name))
    assert refused.value.exit_code == 3
    assert all(problem.help for problem in refused.value.problems)
    return refused.value.problems


def read(case: Case) -> str:
    return case.path.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_template_is_refused_for_its_reason_and_at_its_place(tmp_path: Path, case: Case) -> None:
    before, memory = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    text = read(case)
    problems = problems_of(tmp_path, FRONT + text if text.strip() else text)
    found = [problem for problem in problems if problem.rule in CODES[case.code]]
    assert found
    if case.place and text.strip():
        line, column = case.place
        here = [p.span for p in found if p.span.line == line + FRONT.count("\n")]
        assert here
        if column > 1:
            assert any(span.column <= column < span.column + span.length for span in here)
    for words in case.never:
        if seconds := re.fullmatch(r">(\d+) s", words):
            assert time.monotonic() - before < int(seconds[1])
        if megabytes := re.fullmatch(r">(\d+) MB", words):
            assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) / 1024 < int(megabytes[1])


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in LISTED if c.code == "E-TPL-NAME"])
def test_a_hostile_file_name_is_refused_by_name(tmp_path: Path, case: Case) -> None:
    problems = problems_of(tmp_path, read(case), case.path.name.replace("/", ""))
    assert {problem.rule for problem in problems} == CODES[case.code]


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in LISTED if c.code == "E-TPL-SUBJECT"])
@pytest.mark.parametrize("style", ["quoted", "folded"])
def test_a_subject_of_two_lines_is_refused(tmp_path: Path, case: Case, style: str) -> None:
    subject = read(case).strip("\n").removeprefix("Subject: ")
    written = '"' + subject.replace("\n", "\\n") + '"' if style == "quoted" else subject.replace("\n", "\n  ")
    problems = problems_of(tmp_path, f"---\nsubject: {written}\nsigned_by: credit\n---\nText\n")
    assert {problem.rule for problem in problems} & (CODES[case.code] | {"quote-it", "yaml-syntax"})


def said(templates: Templates, *matters: Matter) -> list[Rendered | Unrendered]:
    return list(render(templates, matters, OWNERS, workers=1))


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in LISTED if c.code == "E-TPL-NONE"])
def test_what_is_not_known_refuses_its_message_and_no_other(tmp_path: Path, case: Case) -> None:
    folder = folder_with(tmp_path, FRONT + read(case) + "\n\n[[invoices]]\n")
    templates = load_templates(folder)
    (warning,) = [p for p in read_templates(folder)[1] if p.rule == "may-be-unknown"]
    assert case.place is not None
    assert (warning.span.line, warning.span.column) <= (case.place[0] + 4, case.place[1])
    known = replace(MATTER, customer=replace(MATTER.customer, phone="+44 20 7946 0999"))
    first, second, third = said(templates, known, MATTER, known)
    assert isinstance(first, Rendered)
    assert "None" not in first.text
    assert isinstance(second, Unrendered)
    assert second.rule in CODES[case.code]
    assert third == first


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in LISTED if c.exit == 4 and c.code == "E-TPL-EMPTY"])
def test_a_message_that_comes_out_blank_is_refused(tmp_path: Path, case: Case) -> None:
    written = read(case)
    # `false` is no condition here, so the case is refused before anything is rendered;
    # with a condition of ours it loads, comes out blank, and is refused then.
    assert {p.rule for p in problems_of(tmp_path / "a", FRONT + written)} <= CODES[case.code]
    ours = written.replace("{% if false %}", '{% if tone == "rude" %}')
    assert ours != written
    (answer,) = said(load_templates(folder_with(tmp_path / "b", FRONT + ours)), MATTER)
    assert isinstance(answer, Unrendered)
    assert answer.rule in CODES[case.code]


@pytest.mark.parametrize("case", [pytest.param(c, id=c.id) for c in LISTED if c.exit == 0])
def test_data_that_look_like_a_template_are_printed_as_they_stand(tmp_path: Path, case: Case) -> None:
    templates = load_templates(folder_with(tmp_path, FRONT + read(case) + "\n\n[[invoices]]\n"))
    for name in ("{{ 7*7 }}", "{% debug %}", "{# note #}", "[[invoices]]", "**x**"):
        (answer,) = said(templates, named(name))
        assert isinstance(answer, Rendered)
        assert f"Dear {name}\n" in answer.text
        assert "49" not in answer.text.replace("£", "")


def test_every_case_has_its_test() -> None:
    assert {case.code for case in LISTED if case.code} == set(CODES)
