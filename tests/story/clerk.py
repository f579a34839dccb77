"""The clerk in accounts: books the holds of one of duly's lists into the ledger's own file, holds.csv.

In a rehearsal duly writes a list and touches no ledger; a person works it off. Run in
the team's folder as `python clerk.py outbox/try/lists/2026-02-26`.
"""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

HOLDS = Path("book/holds.csv")


def main(folder: Path) -> None:
    """Book every hold and release of the list, in its order."""
    with HOLDS.open(encoding="utf-8", newline="") as text:
        columns, *rows = csv.reader(text)
    holds = [dict(zip(columns, row, strict=True)) for row in rows]
    done = {"hold": 0, "release": 0}
    for file in sorted(folder.glob("*.json")):
        wish = json.loads(file.read_text(encoding="utf-8"))
        kind, customer, hold, day = wish["kind"], wish["customer"], wish["stage"], wish["day"]
        if kind == "hold":
            holds.append({"customer": customer, "hold": hold, "placed_on": day, "released_on": ""})
        elif kind == "release":
            for row in holds:
                if (row["customer"], row["hold"], row["released_on"]) == (customer, hold, ""):
                    row["released_on"] = day
        if kind in done:
            done[kind] += 1
    with HOLDS.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(holds)
    print(f"booked: {done['hold']} placed, {done['release']} released")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
