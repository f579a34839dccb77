"""Wording may name what is declared and ask `if`; everything else is refused before anything runs."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.messages import page, sandbox
from duly.messages.document import blocks_of, to_text
from duly.messages.page import to_html
from duly.messages.reading import said
from duly.messages.sandbox import MOST_SOURCE, Source, Unrenderable, compiled, context_of, literal
from duly.messages.variables import BRIEF, EMAIL, NOTICE, VARIABLES, values_of
from duly.messages.writing import writing
from duly.source import Severity
from tests.messages.matters import MATTER, named

MANNER = writing("en", "GB")


def rules(text: str, channel: str = EMAIL) -> list[str]:
    return [problem.rule for problem in compiled(Source(text, "t", 1), frozenset({channel}))[1]]


def rendered(text: str, **changes: object) -> str:
    program, problems = compiled(Source(text, "t", 1), frozenset({EMAIL}))
    assert program is not None, problems
    values = {**values_of(MATTER, MANNER, "and"), **changes}
    return program.render(context_of(values, MANNER))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("{{ customer.name }}", "Sample Widgets Ltd", id="text"),
        pytest.param("{{ pay_by | day }}", "31 March 2026", id="day"),
        pytest.param("{{ pay_by | short_day }}", "31 Mar 2026", id="short-day"),
        pytest.param("{{ oldest_days }}", "61", id="number"),
        pytest.param('{{ oldest_days | plural("day", "days") }}', "61 days", id="plural"),
        pytest.param('{% if tone == "firm" %}a{% elif tone == "friendly" %}b{% else %}c{% endif %}', "b", id="elif"),
        pytest.param("{% if oldest_days > 60 %}old{% endif %}", "old", id="over-the-number"),
        pytest.param("{% if oldest_days > 61 %}old{% endif %}", "", id="not-over-the-number"),
        pytest.param("{% if not salesperson.phone %}no{% else %}yes{% endif %}", "yes", id="known"),
        pytest.param("{% if collector.phone and contact_name %}both{% endif %}", "both", id="and"),
        pytest.param("a{# a note to ourselves #}b", "ab", id="comment"),
        pytest.param("{{ creditor.name }} {{ creditor.name }}", " ".join(["Acme Fictional Supplies Ltd"] * 2), id="2"),
    ],
)
def test_what_the_manual_shows_is_rendered(text: str, expected: str) -> None:
    assert rendered(text) == expected


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("{{ custmer.name }}", "unknown-variable", id="undeclared"),
        pytest.param("{{ customer.iban }}", "unknown-variable", id="undeclared-attribute"),
        pytest.param("{{ customer }}", "unknown-variable", id="a-whole-party"),
        pytest.param("{{ customer.name.upper }}", "not-allowed-in-template", id="deeper-attribute"),
        pytest.param("{{ customer['name'] }}", "not-allowed-in-template", id="subscript"),
        pytest.param("{{ total() }}", "not-allowed-in-template", id="call"),
        pytest.param("{{ 1 + 1 }}", "not-allowed-in-template", id="arithmetic"),
        pytest.param("{{ 'x' * 9 }}", "not-allowed-in-template", id="repetition"),
        pytest.param("{{ 0.5 }}", "not-allowed-in-template", id="float"),
        pytest.param("{{ 'x' }}", "not-allowed-in-template", id="constant"),
        pytest.param("{% for a in b %}{% endfor %}", "not-allowed-in-template", id="loop"),
        pytest.param("{% set a = 1 %}", "not-allowed-in-template", id="set"),
        pytest.param("{% macro a() %}{% endmacro %}", "not-allowed-in-template", id="macro"),
        pytest.param("{% include 'a' %}", "not-allowed-in-template", id="include"),
        pytest.param("{% import 'a' as b %}", "not-allowed-in-template", id="import"),
        pytest.param("{% extends 'a' %}", "not-allowed-in-template", id="extends"),
        pytest.param("{% block a %}{% endblock %}", "not-allowed-in-template", id="block"),
        pytest.param("{% filter day %}{% endfilter %}", "not-allowed-in-template", id="filter-block"),
        pytest.param("{% autoescape true %}{% endautoescape %}", "not-allowed-in-template", id="autoescape"),
        pytest.param("{{ total | safe }}", "unknown-filter", id="safe"),
        pytest.param("{{ total | attr('x') }}", "unknown-filter", id="attr"),
        pytest.param("{{ contact_name | default('you') }}", "unknown-filter", id="default"),
        pytest.param("{{ pay_by }}", "day-unwritten", id="day-without-filter"),
        pytest.param("{{ tone }}", "word-printed", id="word"),
        pytest.param("{{ total | day }}", "filter-sort", id="filter-of-another-sort"),
        pytest.param("{{ oldest_days | plural('day') }}", "filter-words", id="too-few-words"),
        pytest.param("{{ pay_by | day('x') }}", "filter-words", id="too-many-words"),
        pytest.param("{% if oldest_days > 1.5 %}{% endif %}", "compared", id="compared-with-a-float"),
        pytest.param("{% if total > 100 %}{% endif %}", "compared", id="text-in-order"),
        pytest.param("{% if pay_by == 'x' %}{% endif %}", "compared", id="compared-day"),
        pytest.param("{% if 1 in total %}{% endif %}", "not-allowed-in-template", id="in"),
        pytest.param("{% if total is defined %}{% endif %}", "not-allowed-in-template", id="test-of-jinja"),
        pytest.param("{% if total %}", "template-syntax", id="unclosed"),
        pytest.param("{% debug %}", "template-syntax", id="debug"),
        pytest.param("{{ answer_by | day }}", "variable-not-there", id="of-another-channel"),
        pytest.param("{% if contact_name %}" * 10 + "{% endif %}" * 10, "template-too-long", id="too-deep"),
        pytest.param("{{" + "(" * 900 + "total" + ")" * 900 + "}}", "template-too-long", id="brackets"),
        pytest.param("x" * (MOST_SOURCE + 1), "template-too-long", id="too-long"),
    ],
)
def test_everything_else_is_refused_by_name(text: str, rule: str) -> None:
    assert rule in rules(text)


def test_a_problem_stands_at_its_word() -> None:
    text = "Dear reader,\nyou owe {{ totl }}."
    (problem,) = compiled(Source(text, "t", 5, 1, ("",) * 4 + tuple(text.split("\n"))), frozenset({EMAIL}))[1]
    assert (problem.span.line, problem.span.column, problem.span.length) == (6, 12, 4)
    assert problem.help == "did you mean `total`?"


@pytest.mark.parametrize("name", VARIABLES)
def test_a_variable_is_there_for_its_channels_and_no_others(name: str) -> None:
    variable = VARIABLES[name]
    for channel in (EMAIL, BRIEF, NOTICE):
        problems = rules(f"{{% if {name} %}}x{{% endif %}}", channel)
        assert problems == ([] if channel in variable.channels else ["variable-not-there"])


def test_what_may_be_unknown_is_warned_of_outside_an_if_that_asks_for_it() -> None:
    (problem,) = compiled(Source("{{ contact_name }}", "t", 1), frozenset({EMAIL}))[1]
    assert (problem.rule, problem.severity) == ("may-be-unknown", Severity.WARNING)
    assert rules("{% if contact_name %}{{ contact_name }}{% endif %}") == []
    assert rules("{% if tone == 'firm' and contact_name %}{{ contact_name }}{% endif %}") == []
    assert rules("{% if contact_name %}{% else %}{{ contact_name }}{% endif %}") == ["may-be-unknown"]


@pytest.mark.parametrize("value", [None, 0.5, True, date(2026, 1, 1), b"x", ["x"]])
def test_only_honest_text_and_whole_numbers_are_printed(value: object) -> None:
    with pytest.raises(Unrenderable):
        rendered("{{ reference }}", reference=value)


def test_no_name_reaches_python_behind_the_template() -> None:
    assert rules("{{ ''.__class__ }}{{ lipsum }}{{ self }}{{ config }}{{ cycler }}{{ namespace }}")
    program, _ = compiled(Source("x", "t", 1), frozenset({EMAIL}))
    assert program is not None
    assert set(program.template.globals) <= {"x"}


SOURCE = "[[salutation]]\n\n{{ customer.name }}\n\n**{{ customer.name }}** owes.\n\n- {{ customer.name }}\n- two\n"
HOSTILE = st.text(st.sampled_from("*[]-_#<>&\"'{}%\n\r\t $@ax1|=`~\u00a0"), min_size=1, max_size=30)


@given(HOSTILE.filter(str.strip))
def test_data_never_become_structure(name: str) -> None:
    program, _ = compiled(Source(SOURCE, "t", 1), frozenset({EMAIL}))
    assert program is not None

    def shape(of: str) -> tuple[str, ...]:
        values = values_of(named(of), MANNER, "and")
        return tuple(
            type(b).__name__ for b in blocks_of(program.render(context_of(values, MANNER)), {"salutation": ()})
        )

    assert shape(name) == shape("Honest")


@given(HOSTILE.filter(str.strip))
def test_data_never_become_markup(name: str) -> None:
    blocks = blocks_of(literal(name), {})
    named_page = to_html(blocks, name, "en", name)
    plain = to_html(blocks_of("x", {}), "x", "en", "x")
    assert named_page.count("<") == plain.count("<")
    assert "\n\n" not in to_text(blocks).rstrip("\n")


def test_without_stand_ins_data_would_become_structure(monkeypatch: pytest.MonkeyPatch) -> None:
    # The planted fault that the law above is there for.
    monkeypatch.setattr(sandbox, "literal", lambda value: value)
    program, _ = compiled(Source(SOURCE, "t", 1), frozenset({EMAIL}))
    assert program is not None
    values = values_of(named("x\n\n[[salutation]]"), MANNER, "and")
    source = program.render(context_of(values, MANNER))
    assert len(blocks_of(source, {"salutation": ()})) > len(blocks_of(SOURCE, {"salutation": ()}))


def test_without_escaping_data_would_become_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    # The planted fault that the law above is there for.
    monkeypatch.setattr(page, "escaped", lambda text: text)
    assert "<b>" in to_html(blocks_of(literal("<b>x"), {}), "x", "en", "x")


def test_a_private_character_in_the_data_is_refused() -> None:
    with pytest.raises(Unrenderable):
        literal("a\ue000b")


@pytest.mark.parametrize(
    ("text", "tone", "expected"),
    [
        pytest.param('{% if tone == "final" %}court{% else %}call{% endif %}', "final", "court", id="taken"),
        pytest.param('{% if tone == "final" %}court{% else %}call{% endif %}', "firm", "call", id="not-taken"),
        pytest.param('{% if tone != "final" %}court{% endif %}', "final", "", id="not"),
        pytest.param("{% if contact_name %}court{% else %}call{% endif %}", "firm", "court call", id="could-be-either"),
        pytest.param(
            '{% if tone == "firm" %}a{% elif contact_name %}b{% else %}c{% endif %}',
            "firm",
            "a",
            id="first-branch-taken",
        ),
        pytest.param('{% if tone == "firm" and contact_name %}a{% else %}b{% endif %}', "firm", "a b", id="half-known"),
    ],
)
def test_what_could_be_said_in_a_tone_is_found_without_saying_it(text: str, tone: str, expected: str) -> None:
    heard = said(Source(text, "t", 1), {"tone": tone})
    assert len(heard) == len(text)
    assert heard.split() == expected.split()


TOKENS = st.sampled_from(
    [
        *(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "{%-",
            "-%}",
            "(",
            ")",
            "[",
            "]",
            "|",
            ".",
            ",",
            ":",
            "'",
            '"',
            "\n",
            " ",
        ),
        *(
            "if",
            "elif",
            "else",
            "endif",
            "for",
            "in",
            "endfor",
            "set",
            "block",
            "endblock",
            "autoescape",
            "endautoescape",
        ),
        *(
            "raw",
            "endraw",
            "call",
            "filter",
            "with",
            "endwith",
            "not",
            "and",
            "is",
            "==",
            "<",
            "+",
            "*",
            "~",
            "**",
            "=",
            "1",
        ),
        *(
            "0.5",
            "none",
            "true",
            "total",
            "customer",
            "name",
            "pay_by",
            "day",
            "safe",
            "plural",
            "self",
            "loop",
            "caller",
        ),
    ]
)


@given(st.lists(TOKENS, max_size=25).map(" ".join))
def test_any_text_is_judged_and_what_passes_renders_or_says_why_not(text: str) -> None:
    program, problems = compiled(Source(text, "t", 1), frozenset({EMAIL}))
    assert (program is None) == any(problem.severity is Severity.ERROR for problem in problems)
    if program is not None:
        try:
            output = program.render(context_of(values_of(MATTER, MANNER, "and"), MANNER))
        except Unrenderable:
            return
        assert isinstance(output, str)
