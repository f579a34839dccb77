"""The clerk in accounts: books what one of duly's lists says into the ledger's own files.

In a rehearsal duly writes a list and touches no ledger; a person works it off. Run in
the team's folder as `python clerk.py outbox/try/lists/2026-02-26`.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

HOLDS = Path("book/holds.csv")
LIMITS = Path("book/credit_lines.csv")


def main(folder: Path) -> None:
    """Book every hold, release and limit of the list, in its order."""
    wishes = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]
    held, released = book_holds(wishes)
    limits = book_limits(wishes)
    print(f"booked: {held} placed, {released} released, {limits} limits")


def book_holds(wishes: list[dict[str, str]]) -> tuple[int, int]:
    """How many holds were placed and how many released."""
    columns, rows = read(HOLDS)
    count = {"hold": 0, "release": 0}
    for wish in wishes:
        if wish["kind"] == "hold":
            rows.append({"customer": wish["customer"], "hold": wish["stage"], "placed_on": wish["day"]})
        elif wish["kind"] == "release":
            for row in rows:
                if (row["customer"], row["hold"]) == (wish["customer"], wish["stage"]) and not row.get("released_on"):
                    row["released_on"] = wish["day"]
        if wish["kind"] in count:
            count[wish["kind"]] += 1
    write(HOLDS, columns, rows)
    return count["hold"], count["release"]


def book_limits(wishes: list[dict[str, str]]) -> int:
    """How many limits were changed."""
    columns, rows = read(LIMITS)
    signed = [wish for wish in wishes if wish["kind"] == "limit_proposal"]
    for wish in signed:
        rows.append(
            {"customer": wish["customer"], "from": wish["day"], "limit": wish["amount"], "currency": wish["currency"]}
        )
    write(LIMITS, columns, rows)
    return len(signed)


def read(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The columns and the rows of a file."""
    with file.open(encoding="utf-8", newline="") as text:
        reader = csv.DictReader(text)
        return list(reader.fieldnames or ()), list(reader)


def write(file: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    """Write the file anew."""
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
