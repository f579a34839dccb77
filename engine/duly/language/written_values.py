"""Single values of a policy file: names that must exist, amounts, days and times.

Amounts are read from their text as it stands, so `10.00` is a thousand cents and
was never a float. What cannot be read is reported and counts as nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time

from duly.language.ambiguous import short
from duly.language.codes import COUNTRIES, LANGUAGES
from duly.language.gate import Map, Node, Scalar
from duly.language.suggest import did_you_mean
from duly.language.vocabulary import Names
from duly.language.written import Part, key_names
from duly.money import SCALES, parse_minor
from duly.source import Problem, Span

NONE = "none"
ONLY_LADDER = "standard"
"""The id of the ladder where a policy has only one and gives it no name."""

RESERVED = frozenset({NONE, "any", "all", "not", "remove", "true", "false"})
"""Words of the language that cannot name anything in a policy."""

THINGS: Mapping[Names, str] = {
    Names.SEGMENTS: "a segment",
    Names.STAGES: "a stage",
    Names.TONES: "a tone",
    Names.LADDERS: "a ladder",
    Names.PAUSES: "an account pause",
    Names.SALES: "a sales rule",
    Names.HOLDS: "a hold",
}
"""What each kind of name stands for, in a message."""


@dataclass(slots=True)
class Values:
    """Reads the values of one file, and collects what is wrong with them."""

    top: Part
    problems: list[Problem] = field(default_factory=list)
    names: Mapping[Names, tuple[str, ...]] = field(init=False)
    currency: str = field(init=False)

    def __post_init__(self) -> None:
        self.currency = self.currency_of(self.top.get("currency"))
        self.names = self._look_up_names(self.top)

    def report(self, rule: str, span: Span, message: str, help_: str = "") -> None:
        """Collect a problem."""
        self.problems.append(Problem(rule, span, message, help_))

    def _look_up_names(self, top: Part) -> dict[Names, tuple[str, ...]]:
        """Every name that the policy gives; what cannot be a name is reported."""
        pauses = [(id_, part) for id_, part in top.part("pauses").parts() if part.has("account")]
        ladders = [part.part("stages") for _, part in top.part("ladders").parts()] or [
            top.part("ladder").part("stages")
        ]
        only = (ONLY_LADDER,) if top.has("ladder") else ()
        for section in (
            "segments",
            "pauses",
            "ladders",
            "tone_limits",
            "sales",
            "holds",
            "credit_limits",
            "guarantees",
        ):
            self._refuse_reserved(top.get(section))
        for stages in ladders:
            self._refuse_reserved(stages.node)
        for tone in top.scalars("tones"):
            self._refuse_word(tone)
        return {
            Names.SEGMENTS: key_names(top.get("segments")),
            Names.STAGES: tuple(dict.fromkeys(id_ for stages in ladders for id_ in key_names(stages.node))),
            Names.TONES: tuple(dict.fromkeys(top.texts("tones"))),
            Names.LADDERS: key_names(top.get("ladders")) or only,
            Names.PAUSES: tuple(id_ for id_, _ in pauses),
            Names.SALES: key_names(top.get("sales")),
            Names.HOLDS: key_names(top.get("holds")),
        }

    def _refuse_reserved(self, section: Node | None) -> None:
        for entry in section.entries if isinstance(section, Map) else ():
            self._refuse_word(entry.key)

    def _refuse_word(self, word: Scalar) -> None:
        if word.text in RESERVED:
            self.report(
                "reserved-word",
                word.span,
                f"`{word.text}` is a word of the language and cannot be a name",
                "choose another name",
            )

    def named(self, kind: Names, node: Node | None, *, or_none: bool = False) -> str:
        """The name that a value gives, which must exist."""
        if not isinstance(node, Scalar):
            return ""
        known = self.names[kind]
        if node.text not in known and not (or_none and node.text == NONE):
            thing = THINGS[kind].partition(" ")[2]
            help_ = did_you_mean(node.text, known) if known else f"this policy has no {thing}s"
            message = f"`{short(node.text)}` is not {THINGS[kind]} of this policy"
            self.report(f"unknown-{thing.replace(' ', '-')}", node.span, message, help_)
        return node.text

    def currency_of(self, node: Node | None) -> str:
        """The currency code that a value gives; the one that was meant, where it is wrong."""
        if not isinstance(node, Scalar):
            return ""
        if node.text in SCALES:
            return node.text
        meant = node.text.upper() if node.text.upper() in SCALES else ""
        help_ = f"did you mean `{meant}`?" if meant else "write the code of ISO 4217, such as `USD`"
        self.report("unknown-currency", node.span, f"`{short(node.text)}` is not a currency", help_)
        return meant

    def money(self, node: Node | None, currency: str = "") -> int:
        """An amount in minor units, read from the text as it stands; 0 where there is none or it is wrong."""
        currency = currency or self.currency
        if not isinstance(node, Scalar) or not currency:
            return 0
        amount = parse_minor(node.text, currency)
        if isinstance(amount, int):
            if amount < 0:
                self.report(
                    "negative-amount", node.span, f"`{short(node.text)}` is negative", "amounts here are zero or more"
                )
            return amount
        rule = {"the amount is out of range": "number-range"}.get(amount, "bad-amount")
        self.report(rule, node.span, f"`{short(node.text)}` is not an amount in {currency}", amount)
        return 0

    def maybe_money(self, part: Part, key: str) -> int | None:
        """The amount of a key, or None where the key is absent."""
        return self.money(part.get(key)) if part.has(key) else None

    def country(self, node: Node | None) -> str:
        """A country code."""
        if not isinstance(node, Scalar):
            return ""
        if node.text not in COUNTRIES:
            help_ = "the United Kingdom is `GB`" if node.text == "UK" else "write the code of ISO 3166-1, such as `US`"
            self.report("unknown-country", node.span, f"`{short(node.text)}` is not a country", help_)
        return node.text

    def language(self, node: Scalar) -> str:
        """A language code."""
        if node.text not in LANGUAGES:
            help_ = "write the code of ISO 639-1, such as `en`"
            self.report("unknown-language", node.span, f"`{short(node.text)}` is not a language", help_)
        return node.text

    def per_cent(self, node: Node | None) -> str:
        """A per cent as written."""
        if not isinstance(node, Scalar):
            return ""
        if not re.fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?", node.text, re.ASCII):
            self.report(
                "bad-per-cent", node.span, f"`{short(node.text)}` is not a per cent", "write it like `12` or `0.5`"
            )
        return node.text

    def day(self, node: Node | None) -> date | None:
        """A day, year-month-day."""
        if not isinstance(node, Scalar):
            return None
        try:
            if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", node.text, re.ASCII):
                return date.fromisoformat(node.text)
        except ValueError:
            pass
        self.report(
            "bad-day", node.span, f"`{short(node.text)}` is not a day", "write year-month-day, like `2027-01-31`"
        )
        return None

    def time_of_day(self, node: Scalar) -> time | None:
        """A time of day, hours and minutes."""
        if re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]", node.text, re.ASCII):
            return time.fromisoformat(node.text)
        self.report(
            "bad-time", node.span, f"`{short(node.text)}` is not a time of day", 'write it like `"09:00"`, in quotes'
        )
        return None

    # Conditions.
