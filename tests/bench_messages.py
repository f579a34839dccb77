"""How fast messages are written: python -m tests.bench_messages [MESSAGES].

Prints, for one core, what a message costs to compose and to guard, by channel, and
what whole runs make with one process and with two. Not a test: machines differ.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from duly.messages.compose import Composer, key_of
from duly.messages.guard import Owners, check_matter, check_message
from duly.messages.matter import Matter, Rendered
from duly.messages.render import render
from duly.messages.sandbox import Source, compiled, context_of
from duly.messages.templates import load_templates
from duly.messages.variables import EMAIL, values_of
from duly.messages.writing import writing
from tests.messages.matters import BRIEF, LETTER, LINES, MATTER, TEMPLATES

OWNERS = Owners.of({line.invoice: "C-1001" for line in LINES}, {"C-1001": "C-1001"})


def each(times: int, call: Callable[[], object]) -> float:
    """Seconds of a processor that one call takes."""
    call()
    before = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - before) / times


def main(messages: int) -> None:
    templates = load_templates(TEMPLATES)
    composer = Composer(templates)
    print(f"{'one core':<28}{'compose':>14}{'guard':>14}")
    print(f"{'template alone (e-mail)':<28}{_rate(each(messages, _template_alone())):>14}")
    for name, matter, times in (
        ("e-mail, text and HTML", MATTER, messages),
        ("brief", BRIEF, messages),
        ("letter", LETTER, 50),
    ):
        done = composer.compose(matter)
        wording = templates.wording_of(key_of(matter))

        def guard(
            matter: Matter = matter, message: Rendered = done.message, text: str = done.pdf_text, w: str = wording
        ) -> None:
            check_matter(matter, OWNERS)
            check_message(matter, message, text, OWNERS, w)

        composing = each(times, lambda matter=matter: composer.compose(matter))  # type: ignore[misc]
        print(f"{name:<28}{_rate(composing):>14}{_rate(each(times, guard)):>14}")
    for workers in (1, 2):
        for name, matter, times in (("e-mails", MATTER, messages), ("letters", LETTER, 100)):
            before = time.monotonic()
            written = sum(isinstance(a, Rendered) for a in render(templates, [matter] * times, OWNERS, workers=workers))
            assert written == times
            print(f"a run of {times:,} {name}, {workers} processes: {times / (time.monotonic() - before):,.0f}/s")


def _template_alone() -> Callable[[], str]:
    source = load_templates(TEMPLATES).messages[key_of(MATTER)].body
    program, _ = compiled(Source(source.text, "", 1), frozenset({EMAIL}))
    assert program is not None
    manner = writing("en", "GB")
    context = context_of(values_of(MATTER, manner, "and"), manner)
    return lambda: program.render(context)


def _rate(seconds: float) -> str:
    return f"{1 / seconds:,.0f}/s"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)
