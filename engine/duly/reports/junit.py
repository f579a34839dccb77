"""Results as JUnit XML, which every CI shows: suites of cases, each passed, failed or passed with a remark.

There is one layout, that of Ant's `junit.xsd` as Jenkins and GitLab read it: counts on
every level, times left at zero because the same input gives the same file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from duly.shown import printable


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a case failed: what kind of failure, one line, and the whole text."""

    kind: str
    message: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One case: `remarks` are shown and fail nothing; `line` is where it stands, 0 where nowhere."""

    name: str
    failures: tuple[Failure, ...] = ()
    remarks: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of one file."""

    file: str
    cases: tuple[Case, ...]


def as_xml(name: str, suites: Iterable[Suite]) -> str:
    """The document, with a line end at its end."""
    root = ET.Element("testsuites", name=name)
    for suite in suites:
        root.append(_suite(suite))
    _counted(root, [int(part.get("tests", 0)) for part in root], [int(part.get("failures", 0)) for part in root])
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(suite: Suite) -> ET.Element:
    file = _text(suite.file)
    element = ET.Element("testsuite", name=file)
    for case in suite.cases:
        one = ET.SubElement(element, "testcase", classname=file, name=_text(case.name), time="0")
        if suite.file:
            one.set("file", file)
        if case.line:
            one.set("line", str(case.line))
        # A case has at most one failure in the layout; more are told in its text.
        if case.failures:
            first = case.failures[0]
            more = f" (and {len(case.failures) - 1} more)" if len(case.failures) > 1 else ""
            failed = ET.SubElement(one, "failure", type=_text(first.kind), message=_text(first.message) + more)
            failed.text = "\n".join(_text(failure.text or failure.message) for failure in case.failures)
        if case.remarks:
            ET.SubElement(one, "system-out").text = "\n".join(map(_text, case.remarks))
    _counted(element, [1] * len(suite.cases), [1 for case in suite.cases if case.failures])
    return element


def _counted(element: ET.Element, tests: list[int], failures: list[int]) -> None:
    counts = {"tests": sum(tests), "failures": sum(failures), "errors": 0, "skipped": 0, "time": 0}
    for key, count in counts.items():
        element.set(key, str(count))


def _text(text: str) -> str:
    """Text that XML can hold: what no screen shows is written out, which are all the characters that XML forbids."""
    return "\n".join(map(printable, text.split("\n"))).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
