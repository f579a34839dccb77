"""What all messages of a language share: table heads, labels, greetings, closings, what happens next.

Every phrase is wording like a template's line, with the same variables and the same
judgement. A language that lacks a phrase cannot be loaded, so that no message is sent
half in another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from duly.language.gate import Map, Scalar, read_tree
from duly.messages.sandbox import Source
from duly.source import Problem, Span, has_errors

HEADS = ("invoice", "invoice_date", "due_date", "days_past_due", "amount", "open", "total")
LABELS = (
    *("reference", "page", "of", "phone", "email", "how_to_pay", "pay_reference", "collector", "salesperson"),
    *("history", "guidance", "and", "on_account", "balance", "not_due", "made_out_to"),
)
SALUTATIONS = ("named", "unnamed")

_REQUIRED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"heads": HEADS, "labels": LABELS, "salutation": SALUTATIONS, "closing": ("any",), "next_step": ("none",)}
)
"""What every section must have; closings and next steps have more, by tone and by stage."""

_OPEN = frozenset({"closing", "next_step"})

PLAIN = frozenset({"heads", "labels"})
"""Sections that are words only, without variables."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of a language, by section and name."""

    language: str
    file: str
    phrases: Mapping[str, Mapping[str, Source]]

    def text(self, section: str, name: str) -> str:
        """A phrase without variables, as written."""
        return self.phrases[section][name].text

    def in_file(self, file: str) -> Phrases:
        """The same phrases, read from another file of the same bytes."""
        sections = {
            section: {name: replace(source, file=file) for name, source in those.items()}
            for section, those in self.phrases.items()
        }
        return _thawed(self.language, file, sections)

    def __reduce__(self) -> tuple[object, ...]:
        """As plain mappings on their way to another process."""
        return _thawed, (self.language, self.file, {name: dict(those) for name, those in self.phrases.items()})


def _thawed(language: str, file: str, phrases: dict[str, dict[str, Source]]) -> Phrases:
    return Phrases(language, file, MappingProxyType({name: MappingProxyType(p) for name, p in phrases.items()}))


def read_phrases(data: bytes, file: str, language: str) -> tuple[Phrases | None, tuple[Problem, ...]]:
    """The phrases of a file, and what is wrong with it; None where it cannot be used."""
    tree = read_tree(data, file)
    problems = list(tree.problems)
    if tree.root is None:
        return None, tuple(problems)
    sections: dict[str, dict[str, Source]] = {}
    for entry in tree.root.entries:
        section = entry.key.text
        if section not in _REQUIRED or not isinstance(entry.value, Map):
            message = f"`{section}` is not a section of phrases"
            help_ = f"there are {', '.join(f'`{name}`' for name in _REQUIRED)}"
            problems.append(Problem("unknown-key", entry.key.span, message, help_))
            continue
        sections[section] = _section(entry.value, section, file, tree.lines, problems)
    for section, names in _REQUIRED.items():
        for name in names:
            if name not in sections.get(section, {}):
                node = tree.root.get(section)
                span = node.span if node is not None else Span(file, 1, 1)
                problems.append(Problem("missing-phrase", span, f"`{section}` has no `{name}`", f"add `{name}: …`"))
    if has_errors(problems):
        return None, tuple(problems)
    return _thawed(language, file, sections), tuple(problems)


def _section(node: Map, section: str, file: str, lines: tuple[str, ...], problems: list[Problem]) -> dict[str, Source]:
    phrases = {}
    for entry in node.entries:
        name, value = entry.key.text, entry.value
        if section not in _OPEN and name not in _REQUIRED[section]:
            help_ = f"there are {', '.join(f'`{known}`' for known in _REQUIRED[section])}"
            problems.append(Problem("unknown-key", entry.key.span, f"`{name}` is not a phrase of `{section}`", help_))
        elif not isinstance(value, Scalar) or not value.text.strip() or "\n" in value.text:
            problems.append(Problem("not-text", value.span, f"`{name}` is not a line of text", "write it on one line"))
        elif section in PLAIN and "{" in value.text:
            problems.append(Problem("not-text", value.span, f"`{name}` is a word without variables", "write the word"))
        else:
            phrases[name] = Source(value.text, file, value.span.line, value.span.column, lines)
    return phrases
