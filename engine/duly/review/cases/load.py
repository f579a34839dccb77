"""Reading the cases of a policy: the file `<policy>.cases.yaml` beside `<policy>.yaml`.

It passes the same gate as a policy, is looked at for shape and then read. Every
mistake is collected and shown at once, with its place; cases are returned only
where there is none. A customer who cannot exist is a mistake, and so are the name
of a rule that the policy does not have and an expectation that nothing could meet.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from duly.home import CASES
from duly.language.gate import read_tree
from duly.language.load import CANNOT_BE_LOADED, read_regular
from duly.language.policy import Policy
from duly.language.shape import shape_problems
from duly.language.written import Part
from duly.language.written_values import Values
from duly.review.cases.books import Books
from duly.review.cases.case import Case, Customer, Ledger
from duly.review.cases.expectations import read_expected
from duly.review.cases.ledger import read_ledger
from duly.review.cases.reading import Reader, read_customer
from duly.review.cases.schema import cases_schema
from duly.source import Problem, Refused, Span, in_order


def cases_file(policy: Policy) -> Path:
    """Where the cases of the policy would be."""
    file = Path(policy.files[0])
    return file.with_name(file.name.removesuffix(".yaml") + CASES)


def cases_beside(policy: Policy) -> tuple[Case, ...]:
    """The cases of the policy, none where there is no file; raises `Refused` (3) with everything that is wrong."""
    file = cases_file(policy)
    return load_cases(file, policy) if os.path.lexists(file) else ()


def without_policy(paths: Iterable[Path]) -> Iterator[Problem]:
    """A problem for every cases file in these folders beside which there is no policy: nobody would run it."""
    for folder in (path for path in paths if path.is_dir()):
        for file in sorted(folder.glob(f"*{CASES}")):
            policy = file.name.removesuffix(CASES) + ".yaml"
            if not (folder / policy).exists():
                message = f"there is no policy `{policy}` of which these would be the cases"
                help_ = f"name the file after its policy: `<policy>{CASES}`"
                yield Problem("cases-without-policy", Span(file.as_posix(), 1, 1), message, help_)


def load_cases(path: Path, policy: Policy) -> tuple[Case, ...]:
    """The cases in a file; raises `Refused` (3) with everything that is wrong."""
    name = path.as_posix()
    data = read_regular(Path(os.path.realpath(path)), name, Span(name, 1, 1))
    if isinstance(data, Problem):
        raise Refused([data], CANNOT_BE_LOADED)
    return read_cases(data, name, policy)


def read_cases(data: bytes, name: str, policy: Policy) -> tuple[Case, ...]:
    """The cases in the bytes of a file of this name; raises `Refused` (3) with everything that is wrong."""
    tree = read_tree(data, name)
    problems = list(tree.problems)
    cases: tuple[Case, ...] = ()
    if tree.root is not None:
        problems += _not_said_yet(shape_problems(tree.root, cases_schema()), problems)
        read = Values(Part(tree.root, "", Span(name, 1, 1)))
        with closing(Books(policy.currency)) as books:
            cases = tuple(_cases(Reader(policy, read, books)))
        problems += _not_said_yet(read.problems, problems)
    if problems:
        raise Refused(_with_lines(problems, tree.lines), CANNOT_BE_LOADED)
    return cases


def _cases(reader: Reader) -> Iterator[Case]:
    for id_, part in reader.read.top.part("cases").parts():
        subject = _subject(reader, part)
        if subject is not None:
            expected = read_expected(reader, part, subject)
            yield Case(id_, subject, expected, part.text("because"), part.span)


def _subject(reader: Reader, part: Part) -> Customer | Ledger | None:
    """Whom the case is about: a customer by its facts, or a ledger with its days."""
    both = part.has("customer") and part.has("ledger")
    if both or not (part.has("customer") or part.has("ledger")):
        message = "a case is about a `customer` or a `ledger`" + (", not both" if both else "")
        reader.report("not-one-subject", part.span, message, "write one of the two")
        return None
    if part.has("ledger"):
        return read_ledger(reader, part)
    for key in ("day", "from", "until", "cycles", "happens", "other_days", "about"):
        if part.has(key):
            message = f"`{key}` is of a ledger; a customer by its facts has no days"
            reader.report("days-of-a-customer", part.span_of(key), message, "take it out, or give a ledger")
    return read_customer(reader, part.part("customer"))


def _not_said_yet(found: Iterable[Problem], problems: Iterable[Problem]) -> list[Problem]:
    """The problems of values of which nothing was said yet."""
    spoiled = {(p.span.file, p.span.line, p.span.column) for p in problems if p.rule != "missing-key"}
    return [p for p in found if (p.span.file, p.span.line, p.span.column) not in spoiled]


def _with_lines(problems: Iterable[Problem], lines: tuple[str, ...]) -> tuple[Problem, ...]:
    return in_order(
        replace(p, line=lines[p.span.line - 1]) if 0 < p.span.line <= len(lines) else p for p in set(problems)
    )
