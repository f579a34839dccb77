"""What is wrong with wording by itself, whatever the policy is.

Every message and phrase is judged as it will be compiled; its parts are known, there
for its channel, and stand alone; and it names no sum of money of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from duly.messages.document import PART
from duly.messages.phrases import PLAIN, Phrases
from duly.messages.sandbox import Source, compiled
from duly.messages.variables import CHANNELS, PARTS
from duly.source import Problem

SECTIONS = {"salutation": PARTS["salutation"], "closing": PARTS["closing"], "next_step": PARTS["next_step"]}
"""The channels in which the phrases of a section are said."""

KNOWN = {"named": frozenset({"contact_name"})}
"""What is known wherever a phrase is said."""


def message_problems(subject: Source, body: Source, channel: str) -> Iterator[Problem]:
    """What is wrong with the two parts of a message for its channel."""
    for source in (subject, body):
        yield from compiled(source, frozenset({channel}))[1]
        yield from _money_problems(source)
    yield from _layout_problems(body, channel)
    if "[[" in subject.text or "**" in subject.text:
        yield subject.problem(
            "subject-structure", 1, "", "a subject has no parts and no bold text", "write plain words"
        )


def phrase_problems(phrases: Phrases) -> Iterator[Problem]:
    """What is wrong with the phrases of a language."""
    for section, those in phrases.phrases.items():
        for name, source in those.items():
            yield from _money_problems(source)
            if section not in PLAIN:
                yield from compiled(source, SECTIONS[section], KNOWN.get(name, frozenset()))[1]
            if "[[" in source.text:
                yield source.problem("part-alone", 1, "", "a phrase has no parts", "write plain words")


_CODES = "USD|EUR|GBP|CHF|JPY"
_MONEY = re.compile(rf"[$€£¥₹]\s?\d[\d.,]*|\d[\d.,]*\s?[$€£¥₹]|\b(?:{_CODES})\s\d[\d.,]*|\d[\d.,]*\s(?:{_CODES})\b")


def _money_problems(source: Source) -> Iterator[Problem]:
    for number, line in enumerate(source.text.split("\n"), 1):
        if match := _MONEY.search(line):
            message = f"`{match[0].strip()}` is a sum that belongs to no customer"
            help_ = "a message names its own customer's sums alone: write `{{ total }}` or `[[invoices]]`"
            yield source.problem("amount-in-wording", number, "", message, help_)


def _layout_problems(source: Source, channel: str) -> Iterator[Problem]:
    for number, raw in enumerate(source.text.split("\n"), 1):
        line = raw.strip()
        part = PART.fullmatch(line)
        if part and part[1] not in PARTS:
            names = ", ".join(f"`[[{name}]]`" for name, where in PARTS.items() if channel in where)
            yield source.problem("unknown-part", number, "", f"`{line}` is not a part", f"there are {names}")
        elif part and channel not in PARTS[part[1]]:
            where = ", ".join(f"`{name}`" for name in CHANNELS if name in PARTS[part[1]])
            yield source.problem(
                "part-not-there", number, "", f"`{line}` is not there for `{channel}`", f"it is there for {where}"
            )
        elif not part and "[[" in line:
            message = "a part stands on a line of its own"
            yield source.problem("part-alone", number, "", message, "put `[[…]]` alone on its line")
        if line.count("**") % 2:
            message = "`**` opens bold text that no `**` closes on this line"
            yield source.problem("bold-unclosed", number, "", message, "close it on the same line")
