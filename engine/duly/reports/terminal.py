"""What reports do with data before it is shown; `duly.shown` says how."""

from __future__ import annotations

from duly.shown import defused, printable

__all__ = ["defused", "printable"]
