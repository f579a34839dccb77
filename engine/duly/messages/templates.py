"""The templates of a team: a folder walked once, every file looked at, nothing run.

    <language>/<channel>/<name>.<tone>.md.j2    one message
    <language>/phrases.yaml                     words that all messages of the language share
    lexicon.yaml                                words that may not appear
    fonts/                                      fonts for letters

Only regular files with these names are read, none through a link, none beyond its
bound; any other file is a problem. What is read is kept as text, so that whoever
renders later renders exactly what was checked and digested.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from duly.language.gate import Map, Scalar, read_tree
from duly.messages.lexicon import Lexicon, read_lexicon
from duly.messages.phrases import Phrases, read_phrases
from duly.messages.sandbox import Source
from duly.messages.variables import CHANNELS
from duly.messages.wording import message_problems, phrase_problems
from duly.source import Problem, Refused, Span, has_errors, in_order

CANNOT_BE_LOADED = 3
MOST_BYTES = 60_000
MOST_FONT_BYTES = 40_000_000
MOST_FILES = 5_000

ANY_TONE = "any"
"""The tone of messages that have none."""

SUFFIX = ".md.j2"
_MESSAGE = re.compile(r"([a-z][a-z0-9_]{0,39})\.([a-z][a-z0-9_]{0,39})\.md\.j2")
_LANGUAGE = re.compile(r"[a-z]{2}")
_FONT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}\.(ttf|otf|ttc)")


class Key(NamedTuple):
    """What chooses a template."""

    language: str
    channel: str
    name: str
    tone: str

    @property
    def file(self) -> str:
        """Where it lies in the folder."""
        return f"{self.language}/{self.channel}/{self.name}.{self.tone}{SUFFIX}"


@dataclass(frozen=True, slots=True)
class Template:
    """One message as it was written; `signed_by` answers for its wording."""

    key: Key
    file: str
    subject: Source
    body: Source
    signed_by: str


@dataclass(frozen=True, slots=True)
class Templates:
    """All wording of a folder; `digest` is the SHA-256 of every file with its name, in order."""

    folder: Path
    messages: Mapping[Key, Template]
    phrases: Mapping[str, Phrases]
    lexicon: Lexicon
    fonts: tuple[Path, ...]
    digest: str

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have a folder."""
        return tuple(sorted({*self.phrases, *(key.language for key in self.messages)}))

    def wording_of(self, key: Key) -> str:
        """What a message of this template says by itself: its own words and all phrases of its language."""
        template, phrases = self.messages[key], self.phrases[key.language]
        said = (source.text for section in phrases.phrases.values() for source in section.values())
        return "\n".join((template.subject.text, template.body.text, *said))

    def __reduce__(self) -> tuple[object, ...]:
        """As plain mappings on their way to another process."""
        return _thawed, (self.folder, dict(self.messages), dict(self.phrases), self.lexicon, self.fonts, self.digest)


def _thawed(
    folder: Path,
    messages: dict[Key, Template],
    phrases: dict[str, Phrases],
    lexicon: Lexicon,
    fonts: tuple[Path, ...],
    digest: str,
) -> Templates:
    return Templates(folder, MappingProxyType(messages), MappingProxyType(phrases), lexicon, fonts, digest)


def load_templates(folder: Path) -> Templates:
    """The templates of a folder; raises `Refused` (3) with everything that is wrong with the files."""
    templates, problems = read_templates(folder)
    if has_errors(problems):
        raise Refused(problems, CANNOT_BE_LOADED)
    return templates


def read_templates(folder: Path) -> tuple[Templates, tuple[Problem, ...]]:
    """The templates of a folder as far as they can be read, and what is wrong with the files."""
    reader = _Reader(folder)
    reader.read()
    templates = Templates(
        folder,
        MappingProxyType(reader.messages),
        MappingProxyType(reader.phrases),
        reader.lexicon,
        tuple(reader.fonts),
        reader.hash.hexdigest(),
    )
    return templates, in_order(reader.problems)


@dataclass
class _Reader:
    folder: Path
    messages: dict[Key, Template] = field(default_factory=dict)
    phrases: dict[str, Phrases] = field(default_factory=dict)
    lexicon: Lexicon = field(default_factory=Lexicon)
    fonts: list[Path] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hash = hashlib.sha256()
        # What was read decides the digest, where the folder lies does not.
        self.real = Path(os.path.realpath(self.folder))

    def read(self) -> None:
        if not self.real.is_dir():
            self._report("no-templates", self.folder, "is not a folder", "name a folder of templates")
            return
        for number, path in enumerate(_walk(self.real)):
            if number >= MOST_FILES:
                self._report(
                    "too-many-templates", path, f"is one of more than {MOST_FILES:,} files", "is it the folder?"
                )
                return
            self._file(path, path.relative_to(self.real).parts)
        for key, template in self.messages.items():
            if key.language not in self.phrases and not has_errors(self.problems):
                message = f"there is no `{key.language}/phrases.yaml`"
                help_ = "write the phrases of the language"
                self.problems.append(template.body.problem("missing-phrases", 1, "", message, help_))

    def _file(self, path: Path, parts: tuple[str, ...]) -> None:
        match parts:
            case ("README.md",):
                return
            case ("lexicon.yaml",):
                if (data := self._bytes(path)) is not None:
                    self._lexicon(data, self._shown(path))
            case ("fonts", name) if _FONT.fullmatch(name):
                if self._bytes(path, MOST_FONT_BYTES) is not None:
                    self.fonts.append(path)
            case ("fonts", name) if not name.endswith((".ttf", ".otf", ".ttc")):
                return
            case (language, "phrases.yaml") if _LANGUAGE.fullmatch(language):
                if (data := self._bytes(path)) is not None:
                    self._phrases(data, self._shown(path), language)
            case (language, channel, name) if (
                _LANGUAGE.fullmatch(language) and channel in CHANNELS and (match := _MESSAGE.fullmatch(name))
            ):
                if (data := self._bytes(path)) is not None:
                    self._message(path, data, Key(language, channel, match[1], match[2]))
            case _:
                self._report(
                    "template-name",
                    path,
                    "is not where a template lies, nor named like one",
                    "name it <language>/<channel>/<name>.<tone>.md.j2, in small letters",
                )

    def _message(self, path: Path, data: bytes, key: Key) -> None:
        shown = self._shown(path)
        if (clean := _faultless(data, key)) is not None:
            subject, body = replace(clean.subject, file=shown), replace(clean.body, file=shown)
            self.messages[key] = replace(clean, file=shown, subject=subject, body=body)
            return
        template, problems = _judged(data, shown, key)
        self.problems += problems
        if template is not None:
            self.messages[key] = template

    def _phrases(self, data: bytes, shown: str, language: str) -> None:
        if (clean := _faultless_phrases(data, language)) is not None:
            self.phrases[language] = clean.in_file(shown)
            return
        phrases, problems = _judged_phrases(data, shown, language)
        self.problems += problems
        if phrases is not None:
            self.phrases[language] = phrases

    def _lexicon(self, data: bytes, shown: str) -> None:
        if (clean := _faultless_lexicon(data)) is not None:
            self.lexicon = clean.in_file(shown)
            return
        self.lexicon, problems = read_lexicon(data, shown)
        self.problems += problems

    def _bytes(self, path: Path, most: int = MOST_BYTES) -> bytes | None:
        """The bytes of a regular file that is no link, or None with a problem."""
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            reason = (error.strerror or "it cannot be read").lower()
            self._report(
                "template-not-a-file", path, f"cannot be read: {reason}", "templates are plain files, not links"
            )
            return None
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                self._report("template-not-a-file", path, "is not a file", "templates are plain files, not links")
                return None
            data = file.read(most + 1)
        if len(data) > most:
            self._report("template-too-long", path, f"has more than {most:,} bytes", "a message should fit a page")
            return None
        name = path.relative_to(self.real).as_posix().encode()
        self.hash.update(b"%d:%s%d:" % (len(name), name, len(data)))
        self.hash.update(data)
        return data

    def _shown(self, path: Path) -> str:
        """The file's name as the user would write it."""
        return (self.folder / path.relative_to(self.real)).as_posix() if path != self.folder else path.as_posix()

    def _report(self, rule: str, path: Path, message: str, help_: str) -> None:
        shown = self._shown(path)
        self.problems.append(Problem(rule, Span(shown, 1, 1), f"`{shown}` {message}", help_))


@lru_cache(maxsize=1_000)
def _faultless(data: bytes, key: Key) -> Template | None:
    """The message of these bytes under its name in the folder, if nothing is wrong with it; the same for any folder."""
    template, problems = _judged(data, key.file, key)
    return None if problems else template


def _judged(data: bytes, file: str, key: Key) -> tuple[Template | None, tuple[Problem, ...]]:
    template, problems = read_message(data, file, key)
    wording = message_problems(template.subject, template.body, key.channel) if template else ()
    return template, (*problems, *wording)


@lru_cache(maxsize=100)
def _faultless_phrases(data: bytes, language: str) -> Phrases | None:
    """The phrases of these bytes, if nothing is wrong with them; the same for any folder."""
    phrases, problems = _judged_phrases(data, "", language)
    return None if problems else phrases


def _judged_phrases(data: bytes, file: str, language: str) -> tuple[Phrases | None, tuple[Problem, ...]]:
    phrases, problems = read_phrases(data, file, language)
    wording = phrase_problems(phrases) if phrases else ()
    return phrases, (*problems, *wording)


@lru_cache(maxsize=20)
def _faultless_lexicon(data: bytes) -> Lexicon | None:
    """The words of these bytes, if nothing is wrong with them; the same for any folder."""
    lexicon, problems = read_lexicon(data, "")
    return None if problems else lexicon


def _walk(folder: Path) -> Iterator[Path]:
    """Every file below the folder in the order of their names; links to folders are not followed but named."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__pycache__")
        links = [name for name in folders if (Path(here) / name).is_symlink()]
        for name in sorted([*links, *(name for name in files if not name.startswith("."))]):
            yield Path(here) / name


# One message.

_FRONT = ("subject", "signed_by")


def read_message(data: bytes, file: str, key: Key) -> tuple[Template | None, tuple[Problem, ...]]:
    """The message of a file's bytes, and what is wrong with how it is written."""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return None, (Problem("encoding", Span(file, line, 1), "this is not UTF-8", "save the file as UTF-8"),)
    lines = tuple(text.split("\n"))
    if not text.strip():
        empty = "the template is empty"
        return None, (Problem("empty-template", Span(file, 1, 1), empty, "write the message, or take the file away"),)
    if lines[0].rstrip() != "---" or "---" not in (rest := [line.rstrip() for line in lines[1:]]):
        help_ = "begin with a line `---`, then `subject:` and `signed_by:`, then a line `---`"
        return None, (Problem("no-front-matter", Span(file, 1, 1), "the front matter is missing", help_, lines[0]),)
    end = rest.index("---") + 1
    # A comment in place of the dashes keeps every line where it stands in the file.
    tree = read_tree("\n".join(("#", *lines[1:end], "")).encode(), file)
    problems = list(tree.problems)
    texts = {name: _front(tree.root, name, file, lines, problems) for name in _FRONT}
    for entry in tree.root.entries if tree.root else ():
        if entry.key.text not in _FRONT:
            message = f"`{entry.key.text}` is not a key of the front matter"
            problems.append(Problem("unknown-key", entry.key.span, message, "there are `subject` and `signed_by`"))
    problems += _hidden(lines[end + 1 :], file, end + 2)
    body = Source("\n".join(lines[end + 1 :]), file, end + 2, 1, lines)
    if not body.text.strip():
        problems.append(
            body.problem("empty-template", 1, "", "the message has no text", "write it below the front matter")
        )
    subject, signed_by = texts["subject"], texts["signed_by"]
    if subject is None or signed_by is None or has_errors(problems):
        return None, tuple(problems)
    source = Source(subject.text, file, subject.span.line, subject.span.column, lines)
    return Template(key, file, source, body, signed_by.text), tuple(problems)


def _front(root: Map | None, name: str, file: str, lines: tuple[str, ...], problems: list[Problem]) -> Scalar | None:
    value = root.get(name) if root else None
    if value is None:
        if root is not None:
            message = f"the front matter has no `{name}`"
            problems.append(Problem("missing-key", Span(file, 1, 1), message, f"add `{name}: …`", lines[0]))
        return None
    if not isinstance(value, Scalar) or not value.text.strip():
        problems.append(Problem("not-text", value.span, f"`{name}` is not text", "write it on one line"))
        return None
    if "\n" in value.text or _ends_later(value, lines):
        message = f"`{name}` is more than one line"
        problems.append(
            Problem("subject-lines", value.span, message, "write it on one line", lines[value.span.line - 1])
        )
        return None
    return value


def _ends_later(value: Scalar, lines: tuple[str, ...]) -> bool:
    """Say whether a value goes on in the next line, where YAML would join the two in silence."""
    following = lines[value.span.line] if value.span.line < len(lines) else ""
    return following[:1] in {" ", "\t"} and bool(following.strip())


_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ue000-\uf8ff\ufffe\uffff]"
)


def _hidden(lines: tuple[str, ...], file: str, first: int) -> Iterator[Problem]:
    for number, line in enumerate(lines, first):
        if match := _HIDDEN.search(line):
            message = f"a character that hides text: U+{ord(match[0]):04X}"
            yield Problem("hidden-character", Span(file, number, match.start() + 1), message, "take it out", line)
