"""The versions of a policy, newest first: who made each, who signed for it, and what it meant.

A version is a commit after which the policy says something else to the byte, in its own
file or in one that it extends, or after which other people may sign for it. It is
compared with the commit's first parent; what no commit has yet is a version, too.

What a commit says of its author and of who approved it is what it says, and anybody can
write it. Only two things are proof: a sign-off over the version's own content, and a
commit signed with the key of somebody in the register. Both count only for whom the last
version that was signed off lets sign, and it says who has to, beside the new version's own
`signed_off_by`: nobody appoints himself, nor takes out those who would have to sign, in
one commit or in several. It begins with the first register that there is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from duly.home import APPROVERS
from duly.journal.approvers import Approver, Approvers, read_approvers
from duly.language.load import load_policy, read_regular
from duly.language.policy import Policy
from duly.review.diff.changes import Changed, Sort, changes
from duly.review.diff.kept import Kept, kept
from duly.review.diff.meant import Meant, meant
from duly.review.git import GitFailed, no_version, top_of
from duly.review.history.commits import (
    Commit,
    Files,
    Repository,
    Signature,
    chain,
    renames,
    repository_at,
    walk,
)
from duly.review.history.sign_off import (
    TRAILER,
    By,
    Content,
    Line,
    SignedOff,
    Wanted,
    content_of,
    lines_in,
    satisfied,
    weigh,
    why_not,
)
from duly.review.history.ssh_signature import ssh_signature
from duly.source import Problem, Refused, Span

NOBODY = Approvers()
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Version:
    """One version; `commit` is None for what is not committed yet.

    `was` is the file's name before, where it had another. `problems` say why it could not
    be loaded, and then nothing is known of what it meant. `is_first` and `is_gone` are the
    ends of the file, and `is_cut` where a shallow clone has nothing to compare with.
    """

    commit: Commit | None
    file: str
    was: str = ""
    signature: Signature = Signature.NONE
    signer: str = ""
    old: Policy | None = None
    new: Policy | None = None
    problems: tuple[Problem, ...] = ()
    changes: tuple[Changed, ...] = ()
    meant: Meant | None = None
    weakened: tuple[Kept, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    signed: tuple[SignedOff, ...] = ()
    brings_register: bool = False
    is_first: bool = False
    is_gone: bool = False
    is_cut: bool = False

    @property
    def is_signed_off(self) -> bool:
        """Say whether every department that has to sign did; true where none has to."""
        return all(wanted.person for wanted in self.wanted)


@dataclass(frozen=True, slots=True)
class History:
    """The versions of one policy, newest first; `is_cut` where the clone is shallow and there may be more."""

    file: str
    versions: tuple[Version, ...]
    is_cut: bool

    @property
    def is_signed_off(self) -> bool:
        """Say whether what is there now is committed and signed off; a history that is cut cannot say so."""
        newest = self.versions[0] if self.versions else None
        return newest is None or (newest.commit is not None and newest.is_signed_off and not self.is_cut)


def history(policy: Path, *, since: str = "", proves: bool = True) -> History:
    """The versions since a day or a revision; raises `Refused` (2) for what git knows nothing of."""
    top, name = _place(policy)
    repository = repository_at(top)
    with TemporaryDirectory(prefix="duly-history-") as scratch:
        telling = _Telling(repository, name, Path(scratch), proves=proves)
        versions = tuple(telling.versions(since))
    if not versions and not since:
        raise no_version(f"git knows no `{name}`", "look at `git log`, or commit it")
    return History(name, versions, bool(repository.cut))


@dataclass(frozen=True, slots=True)
class _Stand:
    """The policy as one commit, or nobody's yet, has it."""

    files: Files
    policy: Policy | None
    problems: tuple[Problem, ...]
    register: Approvers | None
    register_bytes: bytes | None


@dataclass(frozen=True, slots=True)
class _Trust:
    """Who may sign and which departments have to, as the last version that was signed off says; None before any."""

    register: Approvers | None = None
    departments: tuple[str, ...] | None = None


class _Telling:
    def __init__(self, repository: Repository, name: str, scratch: Path, *, proves: bool) -> None:
        self.repository = repository
        self.name = name
        self.scratch = scratch
        self.proves = proves
        self.stands: dict[tuple[str, str], _Stand] = {}

    def versions(self, since: str) -> Iterator[Version]:
        head = self.head()
        if yet := self.not_committed(head):
            yield yet
        if not head:
            return
        wanted = self.after(since) if since else None
        day = _day(since)
        for version, (old, new) in reversed(self.weighed_versions(head)):
            commit = version.commit
            assert commit is not None
            if (wanted is None or commit.name in wanted) and (day is None or commit.day >= day):
                yield self.compared(version, old, new)

    def weighed_versions(self, head: str) -> list[tuple[Version, tuple[_Stand | None, _Stand]]]:
        """Each version with who signed for it, oldest first: what was signed off says who may sign for the next."""
        found, name = [], self.name
        moved = renames(self.repository, self.name)
        for hash_ in walk(self.repository, self.names(head, tuple(moved.values()))):
            before = moved.get(hash_, name)
            found.append((self.repository.commit(hash_), name, before))
            name = before
        trust = _Trust()
        versions = []
        for commit, name, before in reversed(found):
            is_cut = commit.name in self.repository.cut
            new = self.stand(commit.name, name)
            old = self.stand(commit.parents[0], before) if commit.parents and not is_cut else None
            was = before if before != name else ""
            if not new.files and (old is None or not old.files):
                continue
            if old and not was and (new.files, new.register_bytes) == (old.files, old.register_bytes):
                continue
            signature, signer = self.repository.signature(commit)
            version = Version(commit, name, was, signature=signature, signer=signer, is_cut=is_cut)
            version, trust = self.weighed(version, new, commit, trust)
            versions.append((version, (old, new)))
        return versions

    def head(self) -> str:
        """The commit that is checked out; empty before the first one."""
        try:
            return self.repository.ask("rev-parse", "--verify", "--end-of-options", "HEAD^{commit}")
        except GitFailed:
            return ""

    def after(self, since: str) -> frozenset[str] | None:
        """The commits that a revision does not have; None where a day is named."""
        if _day(since):
            return None
        try:
            start = self.repository.ask("rev-parse", "--verify", "--end-of-options", f"{since}^{{commit}}")
        except GitFailed as failed:
            raise no_version(f"git does not know `{since}`: {failed}", "name a day or a revision") from None
        return frozenset(self.repository.ask("rev-list", "HEAD", f"^{start}").split())

    def names(self, head: str, earlier: Sequence[str]) -> tuple[str, ...]:
        """Every file that ever made the policy what it is, under every name: its own, what it extends, the register."""
        names = [self.name, *earlier]
        looked: set[str] = set()
        while fresh := [name for name in dict.fromkeys(names) if name not in looked]:
            looked |= set(fresh)
            for hash_ in (head, *walk(self.repository, fresh)):
                for name in (self.name, *earlier):
                    names += chain(partial(self.repository.file, hash_), name)
        registers = [_beside(name) for name in (self.name, *earlier)]
        return tuple(dict.fromkeys((*names, *registers)))

    # One version.

    def not_committed(self, head: str) -> Version | None:
        """What lies in the folder and is not in the last commit."""
        new = self.stand("", self.name)
        old = self.stand(head, self.name) if head else None
        if not new.files and (old is None or not old.files):
            return None
        if old and (new.files, new.register_bytes) == (old.files, old.register_bytes):
            return None
        return self.compared(Version(None, self.name), old, new)

    def compared(self, version: Version, old: _Stand | None, new: _Stand) -> Version:
        """The version with what it changed and what that meant."""
        before, after = old.policy if old else None, new.policy
        told = changes(before, after) if before and after else ()
        register = _register_changes(old.register if old else None, new.register)
        version = replace(
            version,
            old=before,
            new=after,
            problems=new.problems,
            changes=tuple(self.placed(one) for one in (*told, *register)),
            is_first=bool(new.files) and not (old and old.files) and not version.is_cut,
            is_gone=not new.files,
        )
        if not (told and before and after and self.proves):
            return version
        weakened = tuple(one for one in kept(before, after) if one.is_weaker)
        return replace(version, meant=meant(before, after), weakened=weakened)

    def weighed(self, version: Version, new: _Stand, commit: Commit, trust: _Trust) -> tuple[Version, _Trust]:
        """The version with who had to sign and who did, and who is trusted from it on."""
        own = new.policy.signed_off_by if new.policy else ()
        wanted = tuple(dict.fromkeys((*(trust.departments or ()), *own)))
        begun = _Trust(
            new.register if trust.register is None else trust.register,
            own if trust.departments is None and new.policy else trust.departments,
        )
        if version.is_cut:
            # Who could sign before the change is not in this clone, and the change must not say so itself.
            return replace(version, wanted=tuple(map(Wanted, wanted))), begun
        register = begun.register or NOBODY
        signed: list[SignedOff] = []
        if new.policy is not None:
            content = content_of(new.policy.id, new.files.values(), new.register_bytes)
            signed += [weigh(line, content, register, commit.day) for line in self.lines if line.mark == content.mark]
        signed = list(dict.fromkeys((*signed, *_signed_commit(commit, register))))
        brings = trust.register is None and bool(register.people) and bool(signed)
        version = replace(version, wanted=satisfied(wanted, signed), signed=tuple(signed), brings_register=brings)
        return version, _Trust(new.register, own) if version.is_signed_off and new.policy and new.register else begun

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Every sign-off that any commit says; each is about the content that it names, wherever it stands."""
        messages = self.repository.ask(
            "log", "HEAD", "--format=%B", "-z", "--regexp-ignore-case", f"--grep=^{TRAILER}: "
        )
        return tuple(dict.fromkeys(line for message in messages.split("\0") for line in lines_in(message)))

    # Reading.

    def stand(self, commit: str, name: str) -> _Stand:
        """The policy of this name as a commit has it, or as it lies in the folder where no commit is named."""
        if (commit, name) not in self.stands:
            self.stands[commit, name] = self._stand(commit, name)
        return self.stands[commit, name]

    def _stand(self, commit: str, name: str) -> _Stand:
        def read(file: str) -> bytes | None:
            return self.repository.file(commit, file) if commit else _bytes(self.repository.top, file)

        files = chain(read, name)
        beside = _beside(name)
        register_bytes = read(beside)
        folder = self.scratch / str(len(self.stands))
        (folder / ".git").mkdir(parents=True)  # the top of the project, which `extends` does not leave
        for file, data in (*files.items(), (beside, register_bytes)):
            if data is not None:
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                (folder / file).write_bytes(data)
        policy: Policy | None = None
        problems: tuple[Problem, ...] = ()
        if files:
            try:
                policy = load_policy(folder / name)[0]
            except Refused as refused:
                inside = f"{folder.as_posix()}/"
                problems = tuple(
                    replace(one, span=self.place(one.span), message=one.message.replace(inside, ""))
                    for one in refused.problems
                )
        return _Stand(files, policy, problems, _register(folder / beside), register_bytes)

    def place(self, span: Span) -> Span:
        """The place as the repository names it."""
        try:
            inside = Path(span.file).relative_to(self.scratch)
        except ValueError:
            return span
        return replace(span, file=Path(*inside.parts[1:]).as_posix())

    def placed(self, change: Changed) -> Changed:
        return replace(change, old_span=self.place(change.old_span), new_span=self.place(change.new_span))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _register(path: Path) -> Approvers | None:
    """Who may sign; None where there is no register, and nobody where it cannot be read."""
    try:
        return read_approvers(path) if path.exists() else None
    except Refused:
        return NOBODY


def _register_changes(old: Approvers | None, new: Approvers | None) -> Iterator[Changed]:
    """Who may sign now and might not before, and the other way round."""
    before, after = (_people(register) for register in (old, new))
    for person in before:
        if person not in after:
            yield Changed(Sort.REMOVED, f"approver {person}", "", before[person], "")
        elif before[person] != after[person]:
            yield Changed(Sort.CHANGED, f"approver {person}", "entry", before[person], after[person])
    for person in after:
        if person not in before and old is not None:
            yield Changed(Sort.ADDED, f"approver {person}", "", "", after[person])


def _people(register: Approvers | None) -> Mapping[str, str]:
    return {one.person: _person(one) for one in (register or NOBODY).people}


def _person(one: Approver) -> str:
    days = (("from", one.from_), ("until", one.until), ("revoked", one.revoked))
    told = (f"{word} {day}" for word, day in days if day)
    return "; ".join((", ".join(sorted(one.roles)), f"key {one.key.id}", *told))


def _signed_commit(commit: Commit, register: Approvers) -> Iterator[SignedOff]:
    """The sign-offs that a commit signed with the key of somebody in the register is: one for each of the roles."""
    found = ssh_signature(commit.armour) if commit.armour else None
    if found is None or not found.is_good(commit.signed):
        return
    for approver in register.people:
        if approver.key == found.key:
            for role in sorted(approver.roles):
                yield SignedOff(approver.person, role, By.COMMIT, why_not(approver, role, commit.day))


def content_in_folder(policy: Path) -> Content:
    """What a person signs for: the policy as it lies in the folder, which has to be in order."""
    loaded = load_policy(policy)[0]
    top, name = _place(policy)

    def read(file: str) -> bytes | None:
        return _bytes(top, file)

    return content_of(loaded.id, chain(read, name).values(), read(_beside(name)))


def _place(policy: Path) -> tuple[Path, str]:
    """The top of the policy's repository, and the policy's name there."""
    folder = Path(os.path.realpath(policy.parent))
    top = top_of(folder) if folder.is_dir() else None
    if top is None:
        raise no_version(f"`{policy.as_posix()}` is in no git repository", "name a policy that is under git")
    return top, (folder / policy.name).relative_to(top).as_posix()


def _bytes(top: Path, file: str) -> bytes | None:
    data = read_regular(top / file, file, Span(file, 1, 1))
    return data if isinstance(data, bytes) else None


def _beside(name: str) -> str:
    """The register of a policy of this name."""
    return (PurePosixPath(name).parent / APPROVERS).as_posix()
