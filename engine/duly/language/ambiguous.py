"""Plain words that one YAML reader takes for something other than the next does.

`no` is false to YAML 1.1 and a word to 1.2, `22:15` is 1335 to one and a time to
the other, `0o17` is a word or fifteen. A policy must not depend on who reads it,
so such words are refused unless they are quoted.
"""

from __future__ import annotations

import re
from typing import NamedTuple

LARGEST_NUMBER = 2**53
"""No number in a file goes beyond this in size."""

_DIGITS = len(str(LARGEST_NUMBER))


class Ambiguity(NamedTuple):
    """Why a plain word is refused: the problem's name, what is wrong, what to do."""

    rule: str
    message: str
    help: str


def ambiguity(text: str) -> Ambiguity | None:
    """Why this text cannot stand without quotes, or None where it can."""
    shown = short(text)
    if text in {"", "~", "null", "Null", "NULL"}:
        return Ambiguity(
            "no-value", "there is no value here", "write a value, `{}` for an empty part, or take the key out"
        )
    if _SHOUTED.fullmatch(text):
        help_ = f'write `{text.lower()}`, or quote it: `"{shown}"`'
        return Ambiguity("quote-it", f"`{shown}` may or may not mean {text.lower()}", help_)
    if _NOT_FINITE.fullmatch(text):
        return Ambiguity("number-not-finite", f"`{shown}` is not a number that anything can reach", "write a number")
    if is_whole(text) and (len(text) > _DIGITS + 1 or abs(int(text)) > LARGEST_NUMBER):
        return Ambiguity("number-range", f"`{shown}` is out of range", f"the largest number is {LARGEST_NUMBER}")
    for pattern, reading in _READ_TWO_WAYS:
        if pattern.fullmatch(text):
            help_ = f'quote it: `"{shown}"`; or write a plain number if one is meant'
            return Ambiguity("quote-it", f"`{shown}` is {reading} to some readers of YAML and a word to others", help_)
    return None


def is_whole(text: str) -> bool:
    """Say whether every reader of YAML takes the text for the same whole number."""
    return _WHOLE.fullmatch(text) is not None


def is_decimal(text: str) -> bool:
    """Say whether the text is a plain decimal with digits on both sides of the point."""
    return _DECIMAL.fullmatch(text) is not None


def short(text: str) -> str:
    """The text, or its beginning where it is too long to repeat."""
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


_LONGEST_SHOWN = 40
_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)", re.ASCII)
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+", re.ASCII)
_SHOUTED = re.compile(r"True|TRUE|False|FALSE")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_READ_TWO_WAYS = tuple(
    (re.compile(pattern), reading)
    for pattern, reading in (
        (r"y|Y|yes|Yes|YES|on|On|ON", "true"),
        (r"n|N|no|No|NO|off|Off|OFF", "false"),
        (r"[-+]?0[0-9_]+(\.[0-9_]*)?", "a number to another base"),
        (r"[-+]?0[oO][0-7_]+", "an octal number"),
        (r"[-+]?0[xX][0-9a-fA-F_]+", "a hexadecimal number"),
        (r"[-+]?0[bB][01_]+", "a binary number"),
        (r"[-+]?[0-9][0-9_.]*_[0-9_.]*", "a number"),
        (r"[-+]?[0-9]+(:[0-9]+)+(\.[0-9]*)?", "a number to the base of 60"),
        (r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE][-+]?[0-9]+", "a number with an exponent"),
        (r"[-+]?\.[0-9]+|[-+]?[0-9]+\.|\+[0-9]+(\.[0-9]*)?", "a number"),
        (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9].*", "a moment in time"),
        (r"=", "a default value"),
    )
)
