"""What the templates lack for a policy, or say wrongly.

Every stage, tone and channel that the policy can reach has a template in every
language, with what such a message must have and without what the lexicon forbids its
tone. What is wrong with wording by itself is said when it is read (`wording`).

Tones are reached from above only: a stage's own and every milder one that a tone
limit or an exception names. A limit whose condition can never hold for a stage is
counted all the same, so nothing that can be reached is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from duly.home import home_of
from duly.language.policy import ASK_NOTHING, Policy, Send, Stage
from duly.messages.document import PART
from duly.messages.lexicon import found
from duly.messages.reading import said, used
from duly.messages.sandbox import Source
from duly.messages.templates import ANY_TONE, Key, Template, Templates, read_templates
from duly.messages.variables import BRIEF, DUNNING, NO_STAGE, NOTICE, STATEMENT
from duly.messages.where import templates_of
from duly.messages.wording import message_problems, phrase_problems
from duly.source import Problem, Span, in_order


def check_all(policies: Iterable[Policy]) -> tuple[Problem, ...]:
    """What is wrong with the templates of each policy: those of its home, or the program's own."""
    problems: list[Problem] = []
    read: dict[Path, Templates] = {}
    for policy in policies:
        folder = templates_of(home_of(Path(policy.files[0])))
        if folder not in read:
            read[folder], said_of_files = read_templates(folder)
            problems += said_of_files
        problems += check_templates(read[folder], policy)
    return in_order(problems)


def check_wording(templates: Templates) -> tuple[Problem, ...]:
    """What is wrong with the wording whatever the policy is, as it was said when it was read."""
    problems: list[Problem] = []
    for template in templates.messages.values():
        problems += message_problems(template.subject, template.body, template.key.channel)
    for phrases in templates.phrases.values():
        problems += phrase_problems(phrases)
    return in_order(problems)


def check_templates(templates: Templates, policy: Policy, languages: Iterable[str] = ()) -> tuple[Problem, ...]:
    """What the policy can reach and the templates lack or say wrongly.

    Every language that is there must have it all, and those of `languages` too.
    """
    wanted = tuple(sorted({*languages, *templates.languages}))
    problems: list[Problem] = []
    if not wanted:
        problems.append(
            _placed(policy, policy.span, "no-templates", "there are no templates", "write them, or copy ours")
        )
    for need in needs_of(policy):
        problems += _need_problems(templates, policy, need, wanted)
    for template in templates.messages.values():
        if template.key.channel not in DUNNING:
            problems += _lexicon_problems(templates, policy, template, ANY_TONE, "")
    problems += _next_step_problems(templates, policy, wanted)
    return in_order(problems)


# What a policy can reach.

INTRODUCTION = "introduction"
"""The name of the talking sheet of an introduction."""


@dataclass(frozen=True, slots=True)
class Need:
    """A template that a policy can reach, where it says so, and what could follow."""

    channel: str
    name: str
    tone: str
    span: Span
    following: tuple[str, ...] = ()
    in_every_language: bool = True


def needs_of(policy: Policy) -> tuple[Need, ...]:
    """Every template that the policy can reach."""
    needs: list[Need] = []
    for ladder in policy.ladders:
        for number, stage in enumerate(ladder.stages):
            following = tuple(later.id for later in ladder.stages[number + 1 :])
            for send in (*stage.send, *stage.without_email):
                needs += _stage_needs(policy, stage, send, following)
    for rule in policy.sales:
        if rule.ask != ASK_NOTHING:
            needs.append(Need(BRIEF, rule.ask, ANY_TONE, rule.span, in_every_language=False))
    together = policy.together
    if together.advise_before is not None:
        needs.append(Need(BRIEF, "advice", ANY_TONE, together.advise_before.span, in_every_language=False))
    for change in together.tell_customer_of:
        needs.append(Need(NOTICE, change, ANY_TONE, policy.places.get("/together/tell_customer_of", together.span)))
    if together.introduce_collector_to:
        needs.append(Need(BRIEF, INTRODUCTION, ANY_TONE, together.span, in_every_language=False))
    for rhythm in (together.weekly, together.monthly):
        if rhythm and any("statement" in sent for sent in rhythm.send):
            needs.append(Need(STATEMENT, "statement", ANY_TONE, rhythm.span))
    return tuple(dict.fromkeys(needs))


def _stage_needs(policy: Policy, stage: Stage, send: Send, following: tuple[str, ...]) -> Iterator[Need]:
    for tone in tones_of(policy, stage):
        yield Need(send.channel.value, send.template, tone, send.span, following)


def tones_of(policy: Policy, stage: Stage) -> tuple[str, ...]:
    """The tones in which the stage can speak, mildest first."""
    if stage.tone not in policy.tones:
        return ()
    own = policy.tones.index(stage.tone)
    lowered = {limit.at_most for limit in policy.tone_limits}
    lowered |= {exception.tone_at_most for exception in policy.exceptions}
    return tuple(tone for tone in policy.tones[: own + 1] if tone in lowered or tone == stage.tone)


# What a message must have.

_ALWAYS = ("invoices", "how_to_pay", "people")
_BEYOND_THE_MILDEST = ("next_step",)


def _need_problems(templates: Templates, policy: Policy, need: Need, languages: tuple[str, ...]) -> Iterator[Problem]:
    keys = [Key(language, need.channel, need.name, need.tone) for language in languages]
    there = [key for key in keys if key in templates.messages]
    missing = [key for key in keys if key not in templates.messages]
    if missing and (need.in_every_language or not there):
        shown = missing if need.in_every_language else missing[:1]
        for key in shown:
            tone = f" in the tone `{need.tone}`" if need.tone != ANY_TONE else ""
            message = f"`{need.name}` has no template for `{need.channel}`{tone} in `{key.language}`"
            yield _placed(policy, need.span, "missing-template", message, f"write `templates/{key.file}`")
    if need.channel in DUNNING:
        for key in there:
            yield from _required(templates.messages[key], policy)
            for following in (*need.following, NO_STAGE):
                yield from _lexicon_problems(templates, policy, templates.messages[key], need.tone, following)


def _required(template: Template, policy: Policy) -> Iterator[Problem]:
    body = template.body.text
    mildest = policy.tones[:1] == (template.key.tone,)
    parts = {match[1] for line in body.split("\n") if (match := PART.fullmatch(line.strip()))}
    for part in (*_ALWAYS, *(() if mildest else _BEYOND_THE_MILDEST)):
        if part not in parts:
            message = f"the message has no `[[{part}]]`"
            yield template.body.problem("missing-part", 1, "", message, f"put `[[{part}]]` on a line of its own")
    if not mildest and "pay_by" not in {*used(template.body), *used(template.subject)}:
        message = "the message does not say by when"
        yield template.body.problem("missing-date", 1, "", message, "name the day, as in `by {{ pay_by | day }}`")


def _next_step_problems(templates: Templates, policy: Policy, languages: tuple[str, ...]) -> Iterator[Problem]:
    """A phrase for every stage that can follow a message, in every language."""
    following = {stage: need.span for need in needs_of(policy) for stage in need.following}
    for language in languages:
        phrases = templates.phrases.get(language)
        for stage in sorted(following if phrases else ()):
            if phrases and stage not in phrases.phrases["next_step"]:
                message = f"`next_step` has no phrase for `{stage}`, which can follow"
                span = Span(phrases.file, 1, 1)
                yield Problem("missing-phrase", span, message, f"add `{stage}: …` below `next_step:`")


def _lexicon_problems(
    templates: Templates, policy: Policy, template: Template, tone: str, following: str
) -> Iterator[Problem]:
    key = template.key
    known = {"tone": tone, "next_stage": following or NO_STAGE}
    sources = [template.subject, template.body]
    phrases = templates.phrases.get(key.language)
    if phrases and key.channel in DUNNING:
        sections = phrases.phrases
        sources += [sections["next_step"][following]] if following in sections["next_step"] else []
        sources += [sections["closing"].get(tone, sections["closing"][ANY_TONE]), *sections["salutation"].values()]
    for group in templates.lexicon.groups.get(key.language, ()):
        if (key.channel == BRIEF and group.below) or not group.holds_for(tone, policy.tones):
            continue
        for source in sources:
            text = said(source, known)
            for word in group.words:
                for match in found(text, word):
                    yield _word_problem(source, text, match, group.because, tone)


def _word_problem(source: Source, text: str, match: re.Match[str], because: str, tone: str) -> Problem:
    number = text.count("\n", 0, match.start()) + 1
    column = match.start() - (text.rfind("\n", 0, match.start()) + 1)
    where = f" in the tone `{tone}`" if tone != ANY_TONE else ""
    line = source.line + number - 1
    start = column + (source.column if number == 1 else 1)
    written = source.lines[line - 1] if 0 < line <= len(source.lines) else ""
    word = match[0].split("\n")[0]
    span = Span(source.file, line, start, len(word))
    words = " ".join(match[0].split())
    return Problem("lexicon", span, f"`{words}` may not be said{where}", because, written)


def _placed(policy: Policy, span: Span, rule: str, message: str, help_: str) -> Problem:
    lines = policy.lines.get(span.file, ())
    return Problem(rule, span, message, help_, lines[span.line - 1] if 0 < span.line <= len(lines) else "")
