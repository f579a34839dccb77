"""Results as JUnit XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.reports.junit import Case, Failure, Suite, as_xml

FAILED = Case("b", (Failure("kind", "said", "all of it"), Failure("kind", "again")), line=3)


def test_every_level_counts_what_is_in_it() -> None:
    root = ET.fromstring(as_xml("n", [Suite("f", (Case("a"), FAILED)), Suite("g", (Case("c", remarks=("hm",)),))]))
    assert (root.tag, root.get("name"), root.get("tests"), root.get("failures")) == ("testsuites", "n", "3", "1")
    assert [(s.get("name"), s.get("tests"), s.get("failures")) for s in root] == [("f", "2", "1"), ("g", "1", "0")]


def test_a_case_that_failed_twice_fails_once_and_tells_both() -> None:
    (failure,) = ET.fromstring(as_xml("n", [Suite("f", (FAILED,))])).iter("failure")
    assert (failure.get("type"), failure.get("message")) == ("kind", "said (and 1 more)")
    assert failure.text == "all of it\nagain"


def test_a_remark_fails_nothing() -> None:
    (case,) = ET.fromstring(as_xml("n", [Suite("f", (Case("c", remarks=("hm", "well")),))])).iter("testcase")
    assert case.find("failure") is None
    out = case.find("system-out")
    assert out is not None
    assert out.text == "hm\nwell"


def test_a_case_names_its_file_and_line_where_it_has_one() -> None:
    cases = list(ET.fromstring(as_xml("n", [Suite("f.yaml", (FAILED, Case("a")))])).iter("testcase"))
    assert [(case.get("classname"), case.get("name"), case.get("file"), case.get("line")) for case in cases] == [
        ("f.yaml", "b", "f.yaml", "3"),
        ("f.yaml", "a", "f.yaml", None),
    ]


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_gives_a_document_that_can_be_read(text: str) -> None:
    suites = [Suite(f"f{text}", (Case(text, (Failure(text, text, text),), (text,)),))]
    assert as_xml("n", suites).encode("utf-8")
    ET.fromstring(as_xml("n", suites).encode("utf-8"))


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\ud800", "\ufffe"])
def test_what_xml_cannot_hold_is_written_out(character: str) -> None:
    (case,) = ET.fromstring(as_xml("n", [Suite("f", (Case(character),))])).iter("testcase")
    assert (case.get("name") or "").startswith("\\")
