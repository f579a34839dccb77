"""The wording that comes with the program: every message there is, in every language, and how it sounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from duly.assets import asset
from duly.language.load import load_policy
from duly.language.policy import Policy, Stage
from duly.messages.check import check_templates
from duly.messages.compose import Composer
from duly.messages.lexicon import found
from duly.messages.matter import Line, Matter, Said
from duly.messages.phrases import Phrases
from duly.messages.templates import Key, Template, Templates, load_templates
from duly.source import Severity
from tests.language.policies import STANDARD
from tests.messages.matters import MATTER

LANGUAGES = ("de", "en", "fr")
TONES = ("courteous", "friendly", "firm", "stern", "final")

STAGES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "courtesy": (("email", "letter"), ("courteous",)),
    "reminder": (("email", "letter"), ("friendly",)),
    "second_reminder": (("email", "letter"), ("friendly", "firm")),
    "demand": (("email", "letter"), ("friendly", "firm", "stern")),
    "final_notice": (("letter",), ("friendly", "firm", "final")),
}
"""By stage of the standard policy: the channels it sends by, and the tones that its limits can leave."""

NOTICES = ("hold", "release", "limit_change", "terms_change", "collector_change", "salesperson_change")
ASKS = ("find_out_why", "break_hold_news", "introduce", "get_payment_date", "joint_meeting")

DUNNING = [
    Key(language, channel, name, tone)
    for language in LANGUAGES
    for name, (channels, tones) in STAGES.items()
    for channel in channels
    for tone in tones
]
SERVICE = [
    Key(language, channel, name, "any")
    for language in LANGUAGES
    for channel, names in (("statement", ("statement",)), ("notice", NOTICES))
    for name in names
]
BRIEFS = [Key("en", "brief", ask, "any") for ask in ASKS]
ADVICE = Key("en", "brief", "advice", "any")
"""The one brief without a table of invoices; `tests/plan/test_advice.py` reads it out."""
SHEET = Key("en", "brief", "introduction", "any")
"""The talking sheet of an introduction, which is for both and asks for no answer."""

EVERY = [*DUNNING, *SERVICE, *BRIEFS, SHEET]


def id_of(key: object) -> str:
    return key.file.removesuffix(".md.j2") if isinstance(key, Key) else str(key)


@pytest.fixture(scope="module", name="templates")
def _templates() -> Templates:
    return load_templates(asset("templates"))


@pytest.fixture(scope="module", name="policy")
def _policy() -> Policy:
    policy, _ = load_policy(STANDARD)
    return policy


@pytest.fixture(scope="module", name="composer")
def _composer(templates: Templates) -> Composer:
    return Composer(templates)


# What there is.


@pytest.mark.parametrize("key", EVERY, ids=id_of)
def test_every_message_that_can_be_reached_is_worded(templates: Templates, key: Key) -> None:
    assert key in templates.messages


def test_nothing_is_worded_that_nobody_sends(templates: Templates) -> None:
    assert set(templates.messages) == {*EVERY, ADVICE}


def tones_left(policy: Policy, stage: Stage) -> set[str]:
    """The stage's own tone, and what every set of limits that may hold at once makes of it."""
    limits = [limit.at_most for limit in policy.tone_limits]
    return {min(stage.tone, tone, key=policy.tones.index) for tone in (stage.tone, *limits)}


def test_the_table_of_stages_is_what_the_standard_policy_sends(policy: Policy) -> None:
    sent = {
        send.template: ({one.channel.value for one in (*stage.send, *stage.without_email)}, tones_left(policy, stage))
        for stage in policy.stages()
        for send in stage.send
    }
    assert sent == {name: (set(channels), set(tones)) for name, (channels, tones) in STAGES.items()}
    assert policy.tones == TONES


def test_every_request_and_notice_of_the_standard_policy_is_worded(policy: Policy) -> None:
    asked = {rule.ask for rule in policy.sales} - {"nothing"}
    assert asked <= set(ASKS)
    assert set(policy.together.tell_customer_of) == set(NOTICES)


def test_every_wording_is_answered_for(templates: Templates) -> None:
    assert {template.signed_by for template in templates.messages.values()} == {"credit and sales, 2026-11"}


def test_the_check_of_the_standard_policy_refuses_nothing(templates: Templates, policy: Policy) -> None:
    problems = check_templates(templates, policy, LANGUAGES)
    assert [problem for problem in problems if problem.severity is Severity.ERROR] == []


# The phrases of a language.


def names(phrases: Phrases) -> dict[str, list[str]]:
    return {section: list(those) for section, those in phrases.phrases.items()}


def test_every_language_has_the_same_phrases(templates: Templates) -> None:
    assert set(templates.phrases) == set(LANGUAGES)
    for language in LANGUAGES:
        assert names(templates.phrases[language]) == names(templates.phrases["en"])


def test_a_closing_is_there_for_every_tone_and_a_next_step_after_every_stage(
    templates: Templates, policy: Policy
) -> None:
    for phrases in templates.phrases.values():
        assert set(phrases.phrases["closing"]) == {*policy.tones, "any"}
        assert set(phrases.phrases["next_step"]) == {*policy.stage_ids, "none"}


# What each message must say.

PARTS = {
    "email": ("salutation", "invoices", "how_to_pay", "people", "next_step", "closing"),
    "letter": ("salutation", "invoices", "how_to_pay", "people", "next_step", "closing"),
    "statement": ("salutation", "open_items", "on_account", "ages", "how_to_pay", "people", "closing"),
    "notice": ("salutation", "people", "closing"),
    "brief": ("open_items", "history", "guidance"),
}

GREETED_BY_HAND = "Madame, Monsieur,"
"""A formal French letter greets nobody by name, and its closing says the greeting again."""

PAID_ALREADY = {"de": "bereits gezahlt", "en": "paid already", "fr": "déjà payé"}


@pytest.mark.parametrize("key", EVERY, ids=id_of)
def test_every_message_has_the_parts_that_its_reader_needs_once(templates: Templates, key: Key) -> None:
    lines = templates.messages[key].body.text.split("\n")
    counts = {part: lines.count(f"[[{part}]]") for part in PARTS[key.channel]}
    if lines[0] == GREETED_BY_HAND:
        counts["salutation"] += 1
    assert counts == dict.fromkeys(PARTS[key.channel], 1)


@pytest.mark.parametrize("key", DUNNING, ids=id_of)
def test_a_reminder_says_how_much_and_by_when_and_that_whoever_has_paid_is_thanked(
    templates: Templates, key: Key
) -> None:
    template = templates.messages[key]
    assert "{{ total }}" in template.subject.text
    assert "{{ total }}" in template.body.text
    assert "{{ pay_by | day }}" in template.body.text
    assert PAID_ALREADY[key.language] in template.body.text


@pytest.mark.parametrize("key", BRIEFS, ids=id_of)
def test_a_brief_says_what_to_ask_what_not_to_promise_and_how_to_answer_by_when(templates: Templates, key: Key) -> None:
    template = templates.messages[key]
    for head in ("**How to approach it**", "**What not to promise**", "**How to answer**"):
        assert head in template.body.text
    assert re.search(r"^\*\*What to (say and )?ask\*\*$", template.body.text, re.MULTILINE)
    assert "`duly record answer {{ customer.id }} {{ rule }} --reason" in template.body.text
    assert "{{ answer_by | day }}" in template.subject.text
    assert re.search(r"[Nn]o (longer )?terms", template.body.text)
    assert "release of orders" in template.body.text or "an order will still go out" in template.body.text


def test_a_talking_sheet_says_what_to_say_what_to_ask_and_what_not_to_promise(templates: Templates) -> None:
    text = templates.messages[SHEET].body.text
    for head in ("**What to say**", "**What to ask**", "**What not to promise**", "**Afterwards**"):
        assert head in text
    assert "No terms" in text
    assert "duly record answer" not in text


@pytest.mark.parametrize("name", NOTICES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_notice_names_both_contacts_whom_to_call(templates: Templates, language: str, name: str) -> None:
    body = templates.messages[Key(language, "notice", name, "any")].body.text
    assert "\n[[people]]\n" in body
    assert "\n[[closing]]" in body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hold_says_what_it_means_what_ends_it_and_whom_to_call(templates: Templates, language: str) -> None:
    heads = {
        "en": ("**New orders:**", "**What ends it:**", "**Whom to call:**"),
        "de": ("**Neue Bestellungen:**", "**Was sie beendet:**", "**Wen Sie anrufen:**"),
        "fr": ("**Nouvelles commandes :**", "**Ce qui y met fin :**", "**Qui appeler :**"),
    }
    body = templates.messages[Key(language, "notice", "hold", "any")].body.text.replace("\u00a0", " ")
    assert all(head in body for head in heads[language])
    assert "{{ since | day }}" in body


def wording(template: Template) -> str:
    """What the template itself says: no variables, parts or tags."""
    return re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\[\[.*?\]\]", " ", template.body.text)


@pytest.mark.parametrize("key", EVERY, ids=id_of)
def test_no_figure_is_claimed_that_is_not_given(templates: Templates, key: Key) -> None:
    template = templates.messages[key]
    assert not re.search(r"[0-9%§€$£]", wording(template))


MOST_WORDS = {"courtesy": 119, "brief": 330}


@pytest.mark.parametrize("key", EVERY, ids=id_of)
def test_a_message_is_as_short_as_its_reader_is_busy(templates: Templates, key: Key) -> None:
    words = len(wording(templates.messages[key]).split())
    assert 30 <= words <= MOST_WORDS.get(key.name, MOST_WORDS.get(key.channel, 180))


# How it sounds.


def forbidden(templates: Templates, key: Key, text: str) -> Iterator[str]:
    for group in templates.lexicon.groups[key.language]:
        if key.channel == "brief" and group.below:
            continue
        if group.holds_for(key.tone, TONES):
            yield from (f"{group.name}: {hit[0]}" for word in group.words for hit in found(text, word))


@pytest.mark.parametrize("key", EVERY, ids=id_of)
def test_no_message_has_a_word_that_its_tone_may_not_have(templates: Templates, key: Key) -> None:
    template = templates.messages[key]
    assert list(forbidden(templates, key, f"{template.subject.text}\n{template.body.text}")) == []


def test_no_phrase_that_any_tone_may_use_blames_threatens_or_claims(templates: Templates) -> None:
    for language, phrases in templates.phrases.items():
        mildest = Key(language, "email", "courtesy", "courteous")
        for section in ("salutation", "closing", "next_step"):
            for source in phrases.phrases[section].values():
                assert list(forbidden(templates, mildest, source.text)) == []


@pytest.mark.parametrize(
    ("language", "tone", "text", "hit"),
    [
        pytest.param("en", "friendly", "or a collection agency will call", True, id="en-threat-in-a-reminder"),
        pytest.param("en", "final", "or a collection agency will call", False, id="en-agency-in-the-final-notice"),
        pytest.param("en", "final", "your failure to pay", True, id="en-blame-anywhere"),
        pytest.param("en", "courteous", "a matter of courtesy", False, id="en-courtesy-is-no-court"),
        pytest.param("en", "firm", "we demand payment", True, id="en-demand-in-firm"),
        pytest.param("en", "stern", "we demand payment", False, id="en-demand-in-stern"),
        pytest.param("de", "friendly", "Mahnung", True, id="de-mahnung-in-friendly"),
        pytest.param("de", "firm", "Mahnung", False, id="de-mahnung-in-firm"),
        pytest.param("de", "stern", "ein Inkassobüro", True, id="de-threat-in-stern"),
        pytest.param("de", "final", "Sie sind in Verzug", True, id="de-legal-claim-even-in-final"),
        pytest.param("fr", "friendly", "une relance", True, id="fr-relance-in-friendly"),
        pytest.param("fr", "firm", "une relance", False, id="fr-relance-in-firm"),
        pytest.param("fr", "stern", "une société de recouvrement", True, id="fr-threat-in-stern"),
        pytest.param("fr", "final", "Mise en demeure", True, id="fr-mise-en-demeure-even-in-final"),
    ],
)
def test_the_lexicon_draws_the_line(templates: Templates, language: str, tone: str, text: str, *, hit: bool) -> None:
    assert bool(list(forbidden(templates, Key(language, "letter", "demand", tone), text))) is hit


def test_the_lexicon_is_no_toy_and_every_group_says_why(templates: Templates) -> None:
    for language in LANGUAGES:
        groups = templates.lexicon.groups[language]
        assert 15 <= sum(len(group.words) for group in groups) <= 60
        assert all(len(group.because.split()) >= 8 for group in groups)
        assert {group.below for group in groups} == {"", "firm", "stern", "final"}


LADDERS = [
    pytest.param(language, channel, name, tones, id=f"{language}-{channel}-{name}")
    for language in LANGUAGES
    for name, (channels, tones) in STAGES.items()
    for channel in channels
    if len(tones) > 1
]


@pytest.mark.parametrize(("language", "channel", "name", "tones"), LADDERS)
def test_each_tone_of_a_stage_has_words_of_its_own(
    templates: Templates, language: str, channel: str, name: str, tones: tuple[str, ...]
) -> None:
    bodies = [set(sentences(templates.messages[Key(language, channel, name, tone)])) for tone in tones]
    shared = set.intersection(*bodies)
    assert all(len(body - shared) >= 4 for body in bodies)


def sentences(template: Template) -> list[str]:
    return [s for s in re.split(r"(?<=[.?:])\s+|\n+", template.body.text.strip()) if s and not s.startswith("[[")]


@pytest.mark.parametrize(("language", "channel", "name", "tones"), LADDERS)
def test_urgency_rises_with_the_tone(
    templates: Templates, language: str, channel: str, name: str, tones: tuple[str, ...]
) -> None:
    def emphasis(tone: str) -> int:
        return sum(
            map(len, re.findall(r"\*\*(.+?)\*\*", templates.messages[Key(language, channel, name, tone)].body.text))
        )

    rising = [emphasis(tone) for tone in sorted(tones, key=TONES.index)]
    assert rising == sorted(set(rising))


@pytest.mark.parametrize("key", [key for key in DUNNING if key.tone in {"courteous", "friendly"}], ids=id_of)
def test_nothing_is_stressed_below_firm(templates: Templates, key: Key) -> None:
    assert "**" not in templates.messages[key].body.text


@pytest.mark.parametrize("key", DUNNING, ids=id_of)
def test_only_the_final_tone_names_the_agency(templates: Templates, key: Key) -> None:
    agency = {"de": "Inkassounternehmen", "en": "collection agency", "fr": "société de recouvrement"}[key.language]
    assert (agency in templates.messages[key].body.text) is (key.tone == "final")


FAMILIAR = {
    "de": r"\b(du|dich|dir|dein\w*|euch|euer\w*|eure\w*|ihr|ihre[nmrs]?|ihnen)\b",
    "fr": r"\b([Tt]u|[Tt]on|[Tt]oi|[Tt]es|[Tt]ienne?s?)\b",
}


@pytest.mark.parametrize("key", [key for key in EVERY if key.language in FAMILIAR], ids=id_of)
def test_german_says_sie_and_french_says_vous(templates: Templates, key: Key) -> None:
    text = wording(templates.messages[key])
    assert not re.search(FAMILIAR[key.language], text)
    assert re.search(r"\b(Sie|Ihr\w*|Ihnen)\b" if key.language == "de" else r"\b([Vv]ous|[Vv]otre|[Vv]os)\b", text)


@pytest.mark.parametrize("key", [key for key in EVERY if key.language == "fr"], ids=id_of)
def test_french_signs_do_not_slip_to_the_next_line(templates: Templates, key: Key) -> None:
    assert not re.search(r"[^\W_] [:;?!]", wording(templates.messages[key]))


@pytest.mark.parametrize("key", [key for key in EVERY if key.language == "de" and key.channel != "brief"], ids=id_of)
def test_german_goes_on_in_small_letters_after_the_greeting(templates: Templates, key: Key) -> None:
    [after] = re.findall(r"^\[\[salutation\]\]\n\n(?:\{%.*?%\})?(\w+)", templates.messages[key].body.text)
    assert after[0].islower()


OTHER_CHANNEL = {
    "letter": r"(?i)\b(diese E-Mail|this e-mail|ce message|diese Nachricht|this message)\b",
    "email": r"(?i)\b(this letter|dieses Schreiben|ce courrier|présent courrier)\b",
}


@pytest.mark.parametrize("key", DUNNING, ids=id_of)
def test_a_letter_does_not_call_itself_an_email_nor_the_other_way_round(templates: Templates, key: Key) -> None:
    assert not re.search(OTHER_CHANNEL[key.channel], templates.messages[key].body.text)


# How it comes out.

COUNTRY = {"de": "DE", "en": "GB", "fr": "FR"}
NEXT = dict(zip(STAGES, (*list(STAGES)[1:], "referral"), strict=True))
DAY = date(2026, 3, 17)


def matter_for(key: Key) -> Matter:
    """What the message would be about, with three late invoices and everybody known."""
    lines = tuple(
        Line(
            f"INV-{7001 + n}",
            DAY - timedelta(days=50 - 9 * n),
            50 - 9 * n,
            1_234_56 + n,
            "EUR",
            DAY - timedelta(days=80),
        )
        for n in range(3)
    )
    brief = key.channel == "brief"
    return replace(
        MATTER,
        customer=replace(MATTER.customer, country=COUNTRY[key.language]),
        language=key.language,
        channel=key.channel,
        template=key.name,
        stage="broken_promise" if brief else key.name,
        tone=key.tone,
        as_of=DAY,
        pay_by=DAY + timedelta(days=14),
        lines=lines,
        totals=(("EUR", sum(line.open for line in lines)),),
        next_stage=NEXT.get(key.name, ""),
        ask=key.name if brief else "",
        answer_by=DAY + timedelta(days=3) if brief else None,
        history=(Said(DAY - timedelta(days=9), "reminder by e-mail"),) if brief else (),
        change=key.name if key.channel == "notice" else "",
        limit=("EUR", 75_000_00) if key.name == "limit_change" else None,
    )


@pytest.mark.parametrize("key", EVERY, ids=id_of)
def test_every_message_comes_out_in_the_forms_of_its_channel(composer: Composer, key: Key) -> None:
    composed = composer.compose(matter_for(key))
    message = composed.message
    assert bool(message.pdf) is (key.channel == "letter")
    assert bool(message.html) is (key.channel != "letter")
    assert len(message.subject) <= 140
    for text in (message.text, message.html or composed.pdf_text):
        assert not re.search(r"\{\{|\}\}|\{%|%\}|\[\[|\]\]", text)
        if key.channel != "notice":
            assert all(f"INV-{7001 + n}" in text for n in range(3))
        if key.channel not in {"notice", "brief"}:
            assert "IBAN GB00 EXMP 0000 0012 3456 78" in text
        assert "Kay Collector" in " ".join(text.split())


@pytest.mark.parametrize("key", EVERY, ids=id_of)
def test_every_message_comes_out_where_little_is_known(composer: Composer, key: Key) -> None:
    little = replace(
        matter_for(key), contact_name="", collector=None, salesperson=None, next_stage="", history=(), limit=None
    )
    message = composer.compose(little).message
    assert "None" not in message.text
    assert "  ," not in message.text


@pytest.mark.parametrize(
    ("days", "of_banks"), [pytest.param(14, True, id="two-weeks"), pytest.param(15, False, id="a-day-more")]
)
@pytest.mark.parametrize("key", [key for key in DUNNING if key.name == "courtesy"], ids=id_of)
def test_a_courtesy_speaks_of_slow_banks_only_in_the_first_two_weeks(
    composer: Composer, key: Key, days: int, *, of_banks: bool
) -> None:
    matter = matter_for(key)
    late = replace(matter, lines=tuple(replace(line, days_past_due=days) for line in matter.lines))
    assert bool(re.search(r"Bank(lauf|\b)|\bbanks?\b|banques", first_sentence(composer, late))) is of_banks


def first_sentence(composer: Composer, matter: Matter) -> str:
    [_, after] = re.split(
        r"\n(?:Dear|Guten Tag|Bonjour|Madame)[^\n]*,\n\n", f"\n{composer.compose(matter).message.text}"
    )
    return after.split("\n\n")[0]


@pytest.mark.parametrize("key", [key for key in EVERY if key.language == "en"], ids=id_of)
def test_the_greeting_stands_alone_on_its_line(composer: Composer, key: Key) -> None:
    to_us = "Hello Sam Seller and Kay Collector," if key == SHEET else "Hello Sam Seller,"
    greeted = to_us if key.channel == "brief" else "Dear Jo Sample,"
    assert f"\n{greeted}\n\n" in f"\n{composer.compose(matter_for(key)).message.text}"


@pytest.mark.parametrize("key", [key for key in DUNNING if key.channel == "letter"], ids=id_of)
def test_a_letter_about_three_invoices_is_one_page(composer: Composer, key: Key) -> None:
    pages = {"de": "Seite 1 von 1", "en": "Page 1 of 1", "fr": "Page 1 sur 1"}
    assert pages[key.language] in composer.compose(matter_for(key)).pdf_text
