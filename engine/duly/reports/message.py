"""Messages as a reader would see them, in a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from duly.execution.preview import Preview, Previews
from duly.messages.matter import Rendered
from duly.plan.advice import COPY
from duly.plan.plan import Kind
from duly.reports.terminal import printable


def as_text(previews: Previews) -> str:
    """Each message below the other, with who signed its wording; where none is due, what is withheld and why."""
    lines = [line for preview in previews.messages for line in _lines(preview)]
    if not previews.messages:
        lines.append(f"nothing is written to or about `{printable(previews.customer)}` on {previews.day}")
        for thing in previews.withheld:
            day = f", next on {thing.next_possible}" if thing.next_possible else ""
            lines.append(f"  {thing.what}: {printable(thing.explanation)}{day}")
    return "\n".join(lines) + "\n"


def _lines(preview: Preview) -> Iterator[str]:
    action, message = preview.action, preview.message
    how = (
        f"{action.channel}, {action.tone}"
        if action.kind is Kind.MESSAGE
        else action.channel
        if action.kind.to_customer
        else "the collector's copy"
        if action.task == COPY
        else "talking sheet for both"
        if action.kind is Kind.INTRODUCTION
        else "brief to sales"
    )
    yield f"--- {printable(action.stage)}: {how} ---"
    if not isinstance(message, Rendered):
        where = f" ({message.file})" if message.file else ""
        yield f"not written: {printable(message.reason)}{where} [{message.rule}]"
        yield ""
        return
    yield f"wording: {message.file}, signed by {printable(message.signed_by)}"
    yield f"subject: {printable(message.subject)}"
    yield ""
    yield from map(printable, message.text.rstrip("\n").split("\n"))
    yield ""
