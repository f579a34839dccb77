"""Figures made from a book, as values: aging, statements, scorecard, charges, limits. Nothing here sends or decides."""
