"""The templates that ship, read once: they are written in three languages, and every reading compiles them all."""

from __future__ import annotations

from functools import cache

from duly.assets import asset
from duly.messages.templates import Templates, load_templates


@cache
def shipped() -> Templates:
    """The templates that ship."""
    return load_templates(asset("templates"))
