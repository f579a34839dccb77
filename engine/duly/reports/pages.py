"""What reports show figures on; `duly.messages.pages` puts a page into its forms."""

from __future__ import annotations

from duly.messages.pages import Cell, Money, Page, as_csv, as_html, as_pdf, as_text, as_xlsx, tenths

__all__ = ["Cell", "Money", "Page", "as_csv", "as_html", "as_pdf", "as_text", "as_xlsx", "tenths"]
