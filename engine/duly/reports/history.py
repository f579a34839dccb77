"""The versions of a policy as text, Markdown and JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from duly.reports import diff as diff_report
from duly.reports.plan import count
from duly.reports.terminal import printable
from duly.review.diff.kept import LESS
from duly.review.diff.meant import Meant, Way
from duly.review.history.commits import Commit, Person
from duly.review.history.history import History, Version
from duly.review.history.sign_off import By, SignedOff, Wanted
from duly.source import Problem

SHORT = 10
"""Digits of a commit's name that are shown."""

CUT = "the history is cut here: this clone is shallow, and git fetch --unshallow brings the rest"


def as_text(found: History) -> str:
    """The history for the terminal."""
    return "".join(f"{line}\n" for line in _lines(found))


def _lines(found: History) -> Iterator[str]:
    yield f"{printable(found.file)}: {count(len(found.versions), 'version')}"
    for version in found.versions:
        yield ""
        yield _title(version)
        yield from (f"  {line}" for line in _version(version))
    if found.is_cut:
        yield ""
        yield CUT


def _title(version: Version) -> str:
    commit = version.commit
    if commit is None:
        return "not committed yet"
    merge = "  (a merge, held against its first parent)" * (len(commit.parents) > 1)
    return f"{commit.name[:SHORT]}  {commit.author.moment.date()}  {_who(commit)}{merge}"


def _who(commit: Commit) -> str:
    author, committer = commit.author, commit.committer
    by = f"{printable(author.name)} <{printable(author.mail)}>"
    if (author.name, author.mail) != (committer.name, committer.mail):
        by += f", committed by {printable(committer.name)} <{printable(committer.mail)}>"
    return by


def _version(version: Version) -> Iterator[str]:
    if version.commit:
        yield printable(version.commit.subject)
        yield from signatures(version)
    if version.was:
        yield f"was called {printable(version.was)}"
    yield from weakened(version)
    yield from what_changed(version)
    if version.meant is not None:
        yield from meaning(version.meant)


def signatures(version: Version) -> Iterator[str]:
    """What is proved of who signed, then what the commit says and nothing proves."""
    assert version.commit is not None
    if version.is_cut and version.wanted:
        yield "signed off: not known, since who could sign before it is not in this clone"
    elif version.wanted:
        verdict = "signed off" if version.is_signed_off else "NOT signed off"
        yield f"{verdict}: {'; '.join(map(_wanted, version.wanted))}"
    elif version.new is not None:
        yield "signed off: the policy asks nobody to"
    yield from (f"does not count: {_sign_off(one)}: {one.fails}" for one in version.signed if one.fails)
    if version.brings_register:
        yield "the register that they are in came with this version: nobody could sign before it"
    signer = f" ({printable(version.signer)})" if version.signer else ""
    yield f"commit signature: {version.signature.value}{signer}"
    yield from (f"said by the commit, not proved: {printable(claim)}" for claim in version.commit.claims)


def _wanted(wanted: Wanted) -> str:
    return f"{wanted.department} by {wanted.person}" if wanted.person else f"nobody for {printable(wanted.department)}"


def _sign_off(one: SignedOff) -> str:
    how = "sign-off" if one.by is By.SIGN_OFF else "signed commit"
    return f"{how} of {one.person} ({one.role})"


def weakened(version: Version) -> Iterator[str]:
    """The guarantees that promise less or are kept less, first of all."""
    for one in version.weakened:
        if one.became in LESS:
            yield f"promises less: guarantee {one.id} is {one.became.value}"
        if one.is_broken:
            yield f"no longer keeps what it promised: guarantee {one.id} as it was written before"


def what_changed(version: Version) -> Iterator[str]:
    """What the version changed, in words."""
    if version.is_gone:
        yield "the policy was taken away"
    elif version.problems:
        yield f"cannot be loaded, so nothing is known of what it meant: {_problem(version.problems[0])}"
        if len(version.problems) > 1:
            yield f"  and {count(len(version.problems) - 1, 'further problem')}"
    elif version.is_first:
        yield "the first version"
    elif version.is_cut:
        yield "what it changed is not in this clone, which is shallow"
    elif version.old is None:
        yield "the version before cannot be loaded, so it is not compared"
    elif not version.changes:
        yield "says the same in other words, or in another order" if not version.was else "says the same"
    for change in diff_report.in_order(version.changes):
        head, below = diff_report.change_told(change)
        yield head
        yield from (f"    {line}" for line in below)


def _problem(problem: Problem) -> str:
    return f"{printable(problem.message)} [{problem.rule}] ({printable(problem.span.file)}:{problem.span.line})"


def meaning(found: Meant) -> Iterator[str]:
    """What the change meant, a line for each way."""
    if found.not_compared:
        yield f"what it means cannot be proved: {found.not_compared}"
        return
    if found.other_facts:
        yield f"the same ledger gives other facts ({'; '.join(found.other_facts)}); of equal facts:"
    if found.accounts:
        yield f"other exceptions for {', '.join(map(printable, found.accounts))}; of everybody else:"
    if found.beyond:
        yield f"no decision about an account says this, and it changed: {'; '.join(found.beyond)}; apart from that:"
    if found.is_equal_on_equal_facts:
        yield "every account that can exist is treated as before: proved"
    else:
        for way in Way:
            words = diff_report.WORDS[way]
            if way in found.proved:
                yield f"nobody is treated {words}: proved"
            elif witness := found.witnesses.get(way):
                was, now = diff_report.gets(witness.old), diff_report.gets(witness.new)
                yield f"some are treated {words}, such as from `{was}` to `{now}`"
            else:
                yield f"whether anybody is treated {words} is not proved"


# For a page and for programs.


def as_markdown(found: History) -> str:
    """The history as Markdown, for a page or a review."""
    return "".join(f"{line}\n" for line in _markdown(found))


def _markdown(found: History) -> Iterator[str]:
    yield f"## {_md(found.file)}"
    yield ""
    yield "| version | day | author | signed off | commit signature | what it meant |"
    yield "|---|---|---|---|---|---|"
    for version in found.versions:
        yield f"| {' | '.join(_row(version))} |"
    for version in found.versions:
        yield ""
        yield f"### {_md(_title(version))}"
        yield ""
        yield from (f"    {line}" for line in _version(version))
    if found.is_cut:
        yield ""
        yield f"> {CUT}"


def _row(version: Version) -> tuple[str, ...]:
    commit = version.commit
    lines = [*weakened(version), *(meaning(version.meant) if version.meant else [next(what_changed(version), "")])]
    meant = "<br>".join(map(_md, lines))
    if commit is None:
        return "not committed yet", "", "", "", "", meant
    signed = "; ".join(map(_wanted, version.wanted)) if version.wanted else "nobody has to"
    if version.is_cut:
        signed = "not known"
    return (
        f"`{commit.name[:SHORT]}`",
        str(commit.author.moment.date()),
        _md(printable(commit.author.name)),
        _md(signed),
        version.signature.value,
        meant,
    )


def _md(text: str) -> str:
    """The text as Markdown shows it and does not act on it."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>|#!" else one for one in printable(text))


def as_json(found: History) -> dict[str, Any]:
    """The history as a JSON object."""
    return {"policy": found.file, "cut": found.is_cut, "versions": [_record(version) for version in found.versions]}


def _record(version: Version) -> dict[str, Any]:
    commit = version.commit
    return {
        "commit": commit.name if commit else None,
        "file": version.file,
        "was": version.was or None,
        "parents": list(commit.parents) if commit else [],
        "subject": commit.subject if commit else None,
        "author": _person(commit.author) if commit else None,
        "committer": _person(commit.committer) if commit else None,
        "said_not_proved": list(commit.claims) if commit else [],
        "commit_signature": {"status": version.signature.name.lower(), "signer": version.signer or None},
        "signed_off": {
            "satisfied": version.is_signed_off if commit and not version.is_cut else None,
            "wanted": [{"department": one.department, "by": one.person or None} for one in version.wanted],
            "found": [
                {"by": one.person, "role": one.role, "how": one.by.value, "counts": not one.fails, "why_not": one.fails}
                for one in version.signed
            ],
            "register_came_with_it": version.brings_register,
        },
        "first": version.is_first,
        "taken_away": version.is_gone,
        "cut": version.is_cut,
        "problems": [
            {"rule": one.rule, "file": one.span.file, "line": one.span.line, "message": one.message}
            for one in version.problems
        ],
        "changes": [
            {"sort": one.sort.value, "what": one.what, "value": one.value, "old": one.old, "new": one.new}
            for one in diff_report.in_order(version.changes)
        ],
        "weakened_guarantees": [
            {"id": one.id, "became": one.became.value, "broken": one.is_broken} for one in version.weakened
        ],
        "means": diff_report.means_record(version.meant, version.new.currency)
        if version.meant and version.new
        else None,
    }


def _person(person: Person) -> dict[str, str]:
    return {"name": person.name, "mail": person.mail, "moment": person.moment.isoformat()}
