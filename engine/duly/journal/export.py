"""The journal as JSON Lines: what an auditor takes away, and checks without this program.

One JSON object a line, each in its one spelling. The first line names the journal and
its public key; entries follow in order, then the personal values where they are
wanted, then every checkpoint. The last line is a checkpoint of the last entry, signed for
the export, so that no line can be missing at the end. `verify_export.py` checks the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from duly.journal.checkpoints import Checkpoint
from duly.journal.entry import canonical
from duly.journal.store import JournalFailed, Store


def export_lines(journal: Store, checkpoints: Sequence[Checkpoint], *, personal: bool = True) -> Iterator[str]:
    """The lines of the export up to the last checkpoint, which is to be of the journal's head; each ends its line."""
    last = checkpoints[-1].seq if checkpoints else 0
    first = next((entry.body for entry in journal.entries()), {})
    header = {**first, "personal": "included" if personal else "left out"}
    yield _line("journal", canonical(header).decode())
    written = 0
    for entry, text in journal.spelled():
        if entry.seq > last:
            break
        written = entry.seq
        name = '"hash":' + canonical(entry.hash).decode()
        # In the one spelling, `hash` stands between `event` and `key`.
        at = text.rindex(',"key":', 0, text.rindex(',"previous":'))
        yield _line("entry", f"{text[:at]},{name}{text[at:]}")
    if written != last or not last:
        raise JournalFailed("journal-truncated", f"entry {written + 1} is missing", "`duly verify` says what is wrong")
    if personal:
        for kept in journal.kept(until=last):
            value = {"name": kept.name, "salt": kept.salt, "seq": kept.seq, "value": kept.value}
            yield _line("personal", canonical(value).decode())
    for checkpoint in checkpoints:
        yield _line("checkpoint", str(checkpoint))


def _line(kind: str, text: str) -> str:
    return f'{{"{kind}":{text}}}\n'
