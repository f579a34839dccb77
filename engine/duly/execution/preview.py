"""What one customer would get today: the very messages, written and guarded, and nothing done.

The same plan, matters, templates and guard as those of a run, so that what is shown
is what would leave. Tone or language may be looked at otherwise; that changes the
wording only, never what is due.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from duly.book.book import Book
from duly.execution.deeds import SAYS, owners_of
from duly.language.policy import Policy
from duly.messages.matter import Matter, Rendered
from duly.messages.render import Unrendered, render
from duly.messages.templates import Templates
from duly.plan.make import NO_BACKGROUND, Background, make_plan
from duly.plan.matters import matters_of
from duly.plan.plan import Action, Kind, Withheld
from duly.source import NOWHERE, Problem, Refused

DATA = 4
USAGE = 2


@dataclass(frozen=True, slots=True)
class Preview:
    """An action that would be carried out, and its message or why there is none."""

    action: Action
    message: Rendered | Unrendered


@dataclass(frozen=True, slots=True)
class Previews:
    """All that the customer would get on the day, and what is withheld from it."""

    customer: str
    day: date
    messages: tuple[Preview, ...]
    withheld: tuple[Withheld, ...]


def messages_for(
    policy: Policy,
    templates: Templates,
    book: Book,
    customer: str,
    day: date,
    *,
    language: str = "",
    tone: str = "",
    background: Background = NO_BACKGROUND,
) -> Previews:
    """The messages that the customer would get, and the briefs about it.

    Raises `Refused`: as a plan does, and 2 for a tone that the policy does not have.
    """
    if tone and tone not in policy.tones:
        help_ = f"there are {', '.join(f'`{known}`' for known in policy.tones)}"
        raise Refused([Problem("unknown-tone", NOWHERE, f"`{tone}` is not a tone of the policy", help_)], USAGE)
    plan = make_plan(policy, book, day, background=background)
    actions = [action for action in plan.actions if action.customer == customer and action.kind in SAYS]
    matters, missing = matters_of(policy, book, actions, day)
    written = [action for action in actions if action.id in matters]
    asked = [_as_asked(matters[action.id], action, language, tone) for action in written]
    answers = list(render(templates, asked, owners_of(book), workers=1))
    unwritten = [
        Preview(action, Unrendered(customer, "", "no-language", missing[action.id]))
        for action in actions
        if action.id in missing
    ]
    return Previews(
        customer,
        day,
        (*map(Preview, written, answers), *unwritten),
        tuple(thing for thing in plan.withheld if thing.customer == customer),
    )


def _as_asked(matter: Matter, action: Action, language: str, tone: str) -> Matter:
    """The matter in another language or tone; a brief stays as colleagues get it."""
    if not action.kind.to_customer:
        return matter
    asked = replace(matter, language=language or matter.language)
    return replace(asked, tone=tone or matter.tone) if action.kind is Kind.MESSAGE else asked
