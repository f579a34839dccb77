"""Rows in columns for the terminal; `duly.messages.tables` makes them."""

from __future__ import annotations

from duly.messages.tables import columns, width_of

__all__ = ["columns", "width_of"]
