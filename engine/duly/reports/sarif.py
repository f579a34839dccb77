"""Problems as SARIF 2.1.0, the exchange format for findings that code scanning services read.

Every rule that was found is described once, with the text of its page; every result
names its rule, its level, and the region it stands in. Columns count characters, not
UTF-16 units, and the log says so. Files are named relative to the folder of the run,
so that the same findings give the same log on every machine.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import quote

from duly import __version__
from duly.reports.terminal import printable
from duly.review.check.page import Page
from duly.source import Problem

VERSION = "2.1.0"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "%SRCROOT%"
"""What relative names are relative to: the folder of the run, which only the reader of the log knows."""


def as_sarif(
    problems: Sequence[Problem], page_of: Callable[[str], Page | None], exit_code: int = 0
) -> dict[str, object]:
    """One log of one run; `page_of` gives the page of a rule, where there is one."""
    rules = tuple(sorted({problem.rule for problem in problems}))
    index = {rule: number for number, rule in enumerate(rules)}
    driver = {
        "name": "duly",
        "version": __version__,
        "rules": [_rule(rule, page_of(rule), problems) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True, "exitCode": exit_code}],
        "columnKind": "unicodeCodePoints",
        "results": _results(problems, index),
    }
    return {"$schema": SCHEMA, "version": VERSION, "runs": [run]}


def _rule(rule: str, page: Page | None, problems: Iterable[Problem]) -> dict[str, object]:
    described: dict[str, object] = {"id": rule, "name": _pascal(rule)}
    if page is None:
        worst = next(problem.severity for problem in problems if problem.rule == rule)
        return described | {"defaultConfiguration": {"level": worst.value}}
    return described | {
        "shortDescription": {"text": _first_sentence(_flowing(page.what))},
        "fullDescription": {"text": _flowing(f"{page.what} {page.why}")},
        "help": {"text": _plain(page), "markdown": _markdown(page)},
        "defaultConfiguration": {"level": page.severity.value},
        "properties": {"fixable": page.fixable},
    }


def _results(problems: Iterable[Problem], index: Mapping[str, int]) -> list[dict[str, object]]:
    seen: Counter[str] = Counter()
    results = []
    for problem in problems:
        print_ = _fingerprint(problem)
        seen[print_] += 1
        results.append(
            {
                "ruleId": problem.rule,
                "ruleIndex": index[problem.rule],
                "level": problem.severity.value,
                "message": {"text": _message(problem)},
                "locations": [_location(problem)] if problem.span.file else [],
                "partialFingerprints": {"dulyFinding/v1": f"{print_}:{seen[print_]}"},
            }
        )
    return results


def _message(problem: Problem) -> str:
    return "\n".join(printable(text) for text in (problem.message, problem.help) if text)


def _location(problem: Problem) -> dict[str, object]:
    span = problem.span
    physical: dict[str, object] = {"artifactLocation": _artifact(span.file)}
    if span.line:
        physical["region"] = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.line,
            "endColumn": span.column + span.length,
        }
    return {"physicalLocation": physical}


def _artifact(file: str) -> dict[str, object]:
    # A name that is not UTF-8 keeps its bytes.
    path = quote(file.encode("utf-8", "surrogateescape"))
    return {"uri": f"file://{path}"} if file.startswith("/") else {"uri": path, "uriBaseId": ROOT}


def _fingerprint(problem: Problem) -> str:
    """What stays the same when lines are added above: the rule, the file, and the words of the line."""
    words = "\0".join((problem.rule, problem.span.file, " ".join(problem.line.split()) or problem.message))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _plain(page: Page) -> str:
    return f"{page.what}\n\n{page.why}\n\nAvoid:\n\n{page.avoid}\n\nPrefer:\n\n{page.prefer}"


def _markdown(page: Page) -> str:
    avoid, prefer = (f"```yaml\n{example.rstrip()}\n```" for example in (page.avoid, page.prefer))
    return f"{page.what}\n\n{page.why}\n\n**Avoid**\n\n{avoid}\n\n**Prefer**\n\n{prefer}\n"


def _flowing(text: str) -> str:
    return " ".join(text.split())


def _first_sentence(text: str) -> str:
    first, stop, _ = text.partition(". ")
    return first + stop.strip()


def _pascal(rule: str) -> str:
    return "".join(part.capitalize() for part in rule.split("-"))
