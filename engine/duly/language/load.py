"""Reading a policy from its file: the only door from YAML to a `Policy`.

A file passes the gate, is laid over what it `extends`, is looked at for shape and
then read. Every mistake of every file is collected and shown at once; a policy
is returned only where there is no error, and it knows the place of every value.

Only regular files are read, and `extends` leads nowhere outside the policy's own
folder or the project (the nearest folder above with a `.git`).
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from duly.home import APPROVERS, CASES
from duly.language.build import build_policy
from duly.language.extends import overlay, without_removals
from duly.language.gate import MOST_BYTES, Map, Scalar, Tree, read_tree
from duly.language.policy import Policy
from duly.language.shape import shape_problems
from duly.language.softening import hardening
from duly.language.written import places_of
from duly.source import Problem, Refused, Severity, Span, has_errors, in_order

CANNOT_BE_LOADED = 3
"""The exit code for a policy that cannot be loaded."""

MOST_KEPT = 32
"""So many policies are kept, with the files that they were made of: whoever asks for one asks for it again."""


def load_policy(path: Path, unsaved: Mapping[str, bytes] = MappingProxyType({})) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy of a file and the warnings about it; raises `Refused` where there are errors.

    `unsaved` has what files shall be taken to hold instead of what they hold, by the names that places carry.
    """
    return _policy_of(tuple(_read_all(path, unsaved)))


@lru_cache(maxsize=MOST_KEPT)
def _policy_of(files: tuple[_File, ...]) -> tuple[Policy, tuple[Problem, ...]]:
    lines = MappingProxyType({file.name: file.tree.lines for file in files})
    problems = [problem for file in files for problem in file.tree.problems]
    roots = [file.tree.root for file in files]
    if any(root is None for root in roots) or any(file.broken for file in files):
        raise Refused(_shown([*problems, *(p for f in files for p in f.broken)], lines), CANNOT_BE_LOADED)
    merged = _merge([root for root in roots if root is not None], problems)
    policy, said = build_policy(merged)
    for found in (tuple(shape_problems(merged)), said, tuple(hardening(policy))):
        problems += _not_said_yet(found, problems)
    if has_errors(problems):
        raise Refused(_shown(problems, lines), CANNOT_BE_LOADED)
    digest = hashlib.sha256(b"".join(file.data for file in files)).hexdigest()
    policy = replace(policy, places=places_of(merged), lines=lines, files=tuple(lines), digest=digest)
    return policy, _shown(problems, lines)


def load_all(paths: Iterable[Path]) -> tuple[tuple[Policy, ...], tuple[Problem, ...]]:
    """Every policy of these files and folders that can be loaded, and the problems of all of them."""
    loaded: list[Policy] = []
    problems: list[Problem] = []
    for path in paths:
        files = policies_in(path) if path.is_dir() else [path]
        if not files:
            message = f"`{path.as_posix()}` has no policy in it"
            problems.append(
                Problem("no-policy", Span(path.as_posix(), 1, 1), message, "name a folder with `*.yaml` files")
            )
        for file in files:
            try:
                policy, warnings = load_policy(file)
            except Refused as refused:
                problems += refused.problems
            else:
                loaded.append(policy)
                problems += warnings
    return tuple(loaded), in_order(problems)


def policies_in(folder: Path) -> list[Path]:
    """The policy files of a folder, by name: neither the list of approvers nor the cases of a policy."""
    return sorted(f for f in folder.glob("*.yaml") if f.name != APPROVERS and not f.name.endswith(CASES))


def expired_exceptions(policy: Policy, day: date) -> tuple[Problem, ...]:
    """A warning for every exception whose last day has passed."""
    gone = (exception for exception in policy.exceptions if exception.until < day)
    warnings = (
        Problem(
            "expired-exception",
            e.span,
            f"the exception for `{e.account}` ended on {e.until}",
            "take it out, or agree on a new day",
            severity=Severity.WARNING,
        )
        for e in gone
    )
    return _shown(warnings, policy.lines)


def _not_said_yet(found: Iterable[Problem], problems: Iterable[Problem]) -> list[Problem]:
    """The problems of values of which nothing was said yet: what one reader refuses, the next need not judge."""
    spoiled = {(p.span.file, p.span.line, p.span.column) for p in problems if p.rule != "missing-key"}
    return [p for p in found if (p.span.file, p.span.line, p.span.column) not in spoiled]


def _shown(problems: Iterable[Problem], lines: Mapping[str, tuple[str, ...]]) -> tuple[Problem, ...]:
    """The problems in order, each with the line it stands on."""
    return in_order(p if p.line else replace(p, line=_line(p.span, lines)) for p in problems)


def _line(span: Span, lines: Mapping[str, tuple[str, ...]]) -> str:
    text = lines.get(span.file, ())
    return text[span.line - 1] if 0 < span.line <= len(text) else ""


def _merge(roots: list[Map], problems: list[Problem]) -> Map:
    """The lowest file with every other laid over it in turn."""
    merged = without_removals(roots[-1], problems)
    for upper in reversed(roots[:-1]):
        merged = overlay(merged, upper, problems)
    return merged


# Files.


@dataclass(frozen=True, slots=True)
class _File:
    """One file that was read, and what keeps the file that it extends from being read."""

    name: str
    data: bytes
    broken: tuple[Problem, ...] = ()

    @property
    def tree(self) -> Tree:
        return _tree_of(self.data, self.name)


_tree_of = lru_cache(maxsize=MOST_KEPT)(read_tree)


def _read_all(path: Path, unsaved: Mapping[str, bytes]) -> list[_File]:
    """The policy's file first, then those it extends, nearest first."""
    files: list[_File] = []
    name, asked, seen = path.as_posix(), Span(path.as_posix(), 1, 1), set[Path]()
    real = Path(os.path.realpath(path))
    bounds = _bounds(real)
    while True:
        data = unsaved[name] if name in unsaved else read_regular(real, name, asked)
        if isinstance(data, Problem):
            if not files:
                raise Refused((data,), CANNOT_BE_LOADED)
            files[-1] = replace(files[-1], broken=(data,))
            return files
        seen.add(real)
        files.append(_File(name, data))
        root = files[-1].tree.root
        extends = root.get("extends") if root else None
        if not isinstance(extends, Scalar):
            return files
        problem = _not_allowed(extends, real, bounds, seen)
        if problem:
            files[-1] = replace(files[-1], broken=(problem,))
            return files
        asked = extends.span
        name = os.path.normpath(Path(name).parent / extends.text).replace(os.sep, "/")
        real = Path(os.path.realpath(real.parent / extends.text))


def _bounds(real: Path) -> Path:
    """The folder that `extends` may not leave: the project's, else the policy's own."""
    return next((folder for folder in real.parents if (folder / ".git").exists()), real.parent)


def _not_allowed(extends: Scalar, real: Path, bounds: Path, seen: set[Path]) -> Problem | None:
    text = extends.text
    if text.startswith(("/", "~")) or "\\" in text or ":" in text:
        return Problem(
            "extends-outside",
            extends.span,
            f"`{text}` is not a path relative to this file",
            "write it like `standard.yaml` or `../base.yaml`",
        )
    target = Path(os.path.realpath(real.parent / text))
    if not target.is_relative_to(bounds):
        return Problem(
            "extends-outside", extends.span, f"`{text}` leads out of the project", "keep the file in the project"
        )
    if target in seen:
        return Problem(
            "extends-itself", extends.span, f"`{text}` leads back to a file that extends this one", "break the circle"
        )
    return None


def read_regular(real: Path, name: str, asked: Span) -> bytes | Problem:
    """The bytes of a regular file, a little more than allowed at most."""
    try:
        if not stat.S_ISREG(real.stat().st_mode):
            return Problem("not-a-file", asked, f"`{name}` is not a file", "name a policy file")
        with real.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or "it cannot be read").lower()
        return Problem(
            "cannot-read", asked, f"`{name}` cannot be read: {reason}", "look at the name and who may read it"
        )
