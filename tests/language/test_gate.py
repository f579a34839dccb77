"""The gate: what YAML files may look like before anything is made of them."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from duly.language.ambiguous import ambiguity
from duly.language.gate import MOST_BYTES, MOST_DEPTH, MOST_VALUES, Map, Scalar, Tree, plain_data, read_tree
from tests.language.policies import marked


def read(text: str) -> Tree:
    return read_tree(text.encode(), "p.yaml")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("a: «!»!str b", "yaml-tag", id="tag"),
        pytest.param("a: «!»own b", "yaml-tag", id="tag-of-one's-own"),
        pytest.param("a: «&»x b", "yaml-alias", id="anchor"),
        pytest.param("a: «*x»", "yaml-alias", id="alias"),
        pytest.param("«<<»: {a: b}", "yaml-merge-key", id="merge-key"),
        pytest.param("«{a: b}»: c", "yaml-key", id="mapping-as-key"),
        pytest.param("«[a]»: c", "yaml-key", id="list-as-key"),
        pytest.param("a: b\n«a»: c", "duplicate-key", id="duplicate-key"),
        pytest.param('a: b\n«"a"»: c', "duplicate-key", id="duplicate-key-quoted"),
        pytest.param("a: {b: c, «b»: d}", "duplicate-key", id="duplicate-key-in-braces"),
        pytest.param("a: b\n«-»--\na: c", "yaml-documents", id="second-document"),
        pytest.param("«%»YAML 1.1\n---\na: c", "yaml-tag", id="directive"),
        pytest.param("«-» a", "not-a-mapping", id="list-at-the-root"),
        pytest.param("«#» nothing here", "yaml-empty", id="comment-only"),
        pytest.param("a:«» ", "no-value", id="no-value"),
        pytest.param("a: «~»", "no-value", id="tilde"),
        pytest.param("a: «null»", "no-value", id="null"),
        pytest.param("a: «yes»", "quote-it", id="yes"),
        pytest.param("a: «NO»", "quote-it", id="no"),
        pytest.param("«on»: b", "quote-it", id="on-as-key"),
        pytest.param("a: «True»", "quote-it", id="true-shouted"),
        pytest.param("a: «010»", "quote-it", id="leading-zero"),
        pytest.param("a: «0o17»", "quote-it", id="octal"),
        pytest.param("a: «0x1F»", "quote-it", id="hexadecimal"),
        pytest.param("a: «1_000»", "quote-it", id="underscore"),
        pytest.param("a: «22:15»", "quote-it", id="time"),
        pytest.param("a: «1:30.5»", "quote-it", id="sexagesimal"),
        pytest.param("a: «1e3»", "quote-it", id="exponent"),
        pytest.param("a: «2026-02-01T10:00:00+02:00»", "quote-it", id="moment"),
        pytest.param("a: «2026-02-01 10:00»", "quote-it", id="moment-with-a-blank"),
        pytest.param("a: «-.inf»", "number-not-finite", id="infinity"),
        pytest.param("a: «.nan»", "number-not-finite", id="not-a-number"),
        pytest.param("a: «9007199254740993»", "number-range", id="one-too-large"),
        pytest.param(f"a: «{'9' * 5000}»", "number-range", id="five-thousand-digits"),
        pytest.param("a: b«\u00a0»c", "hidden-character", id="no-break-space"),
        pytest.param("a: b«\u200b»c", "hidden-character", id="zero-width-space"),
        pytest.param("a: b«\u202e»c", "hidden-character", id="right-to-left"),
        pytest.param("a: b«\x1b»[2J", "hidden-character", id="escape-sequence"),
        pytest.param("a: b«\r»c", "hidden-character", id="lone-carriage-return"),
        pytest.param("a: b«\u2028»c", "hidden-character", id="line-separator"),
        pytest.param('a: «"\\u202e"»', "hidden-character", id="right-to-left-written-out"),
        pytest.param('a: «"\\ud800"»', "hidden-character", id="half-a-character"),
        pytest.param('a: «"»b\nc: d', "unclosed-quote", id="quote-never-closed"),
        pytest.param('a: «"»b\nc: {d: "e"}', "unclosed-quote", id="quote-closed-by-another"),
        pytest.param("a: «'»b\nc: 'd'", "unclosed-quote", id="single-quote-closed-by-another"),
        pytest.param("a: b«:» c", "yaml-syntax", id="second-colon"),
        pytest.param("a:\n«\t»b: c", "yaml-syntax", id="tab"),
        pytest.param('a: "b \\«q»"', "yaml-syntax", id="unknown-escape"),
        pytest.param("a: «${HOME}»", "no-expansion", id="shell-variable"),
        pytest.param('a: "b «$»(id)"', "no-expansion", id="shell-command"),
        pytest.param("password: «hunter2»", "inline-secret", id="password"),
        pytest.param("smtp: {api_key: «hunter2»}", "inline-secret", id="key-of-an-api"),
    ],
)
def test_a_trap_of_yaml_is_refused_where_it_stands(text: str, rule: str) -> None:
    place = marked(text)
    problems = [p for p in read(place.text).problems if p.rule == rule]
    assert [(p.span.line) for p in problems] == [place.line]
    first, last = problems[0].span.column, problems[0].span.column + problems[0].span.length
    assert first <= place.column < last
    assert problems[0].help


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("a: 10.00", "10.00", id="decimal-keeps-its-digits"),
        pytest.param("a: -5", "-5", id="negative"),
        pytest.param("a: 9007199254740992", "9007199254740992", id="largest-number"),
        pytest.param("a: true", "true", id="true"),
        pytest.param("a: 2027-01-01", "2027-01-01", id="day"),
        pytest.param('a: "no"', "no", id="quoted-no"),
        pytest.param('a: "09:00"', "09:00", id="quoted-time"),
        pytest.param("a: 株式会社", "株式会社", id="other-scripts"),
        pytest.param("a: |\n  b\n  c", "b\nc", id="block-of-lines"),
        pytest.param("a: b: c".replace(": c", ":c"), "b:c", id="colon-inside-a-word"),
        pytest.param("a: 0", "0", id="zero"),
        pytest.param("a: 0.5", "0.5", id="half"),
        pytest.param("a: nobody", "nobody", id="word-that-begins-with-no"),
    ],
)
def test_plain_values_come_through_as_they_are_written(text: str, value: str) -> None:
    tree = read(text)
    assert tree.problems == ()
    assert tree.root is not None
    node = tree.root.get("a")
    assert isinstance(node, Scalar)
    assert node.text == value


@pytest.mark.parametrize(
    ("data", "rule", "place"),
    [
        pytest.param(b"", "yaml-empty", (1, 1), id="empty"),
        pytest.param("a: b".encode("utf-16"), "encoding", (1, 1), id="utf-16"),
        pytest.param("a: b".encode("utf-16-le"), "encoding", (1, 1), id="utf-16-without-mark"),
        pytest.param("a: b".encode("utf-32"), "encoding", (1, 1), id="utf-32"),
        pytest.param("a: b".encode("utf-8-sig"), "encoding", (1, 1), id="byte-order-mark"),
        pytest.param("a: b\nc: Müller".encode("latin-1"), "encoding", (2, 5), id="latin-1"),
        pytest.param(b"a: b\x00c", "hidden-character", (1, 5), id="nul"),
    ],
)
def test_bytes_that_are_no_plain_utf_8_are_refused(data: bytes, rule: str, place: tuple[int, int]) -> None:
    (problem,) = read_tree(data, "p.yaml").problems
    assert (problem.rule, (problem.span.line, problem.span.column)) == (rule, place)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        pytest.param("a: " + "x" * (MOST_BYTES - 3), False, id="largest-file"),
        pytest.param("a: " + "x" * (MOST_BYTES - 2), True, id="one-byte-more"),
        pytest.param("a: [" + "b, " * (MOST_VALUES - 3) + "]", False, id="most-values"),
        pytest.param("a: [" + "b, " * (MOST_VALUES - 2) + "]", True, id="one-value-more"),
        pytest.param("a: " + "[" * (MOST_DEPTH - 1) + "]" * (MOST_DEPTH - 1), False, id="deepest"),
        pytest.param("a: " + "[" * MOST_DEPTH + "]" * MOST_DEPTH, True, id="one-level-more"),
        pytest.param("[" * 100_000, True, id="a-hundred-thousand-brackets"),
        pytest.param("{a: " * 10_000, True, id="ten-thousand-braces"),
        pytest.param("\n".join(" " * n + "a:" for n in range(400)), True, id="four-hundred-levels"),
    ],
)
def test_a_file_is_bounded_in_size_and_depth(text: str, refused: bool) -> None:  # noqa: FBT001  (a case of the table)
    assert bool({p.rule for p in read(text).problems} & {"yaml-size", "yaml-depth"}) is refused


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("password: hunter2-LEAK", id="plain"),
        pytest.param('smtp: {host: mx, "password": "hunter2-LEAK", port: 25}', id="in-braces"),
        pytest.param("token: |\n  hunter2-LEAK\n  hunter2-LEAK\nb: yes", id="several-lines"),
        pytest.param("a: [\npassword: hunter2-LEAK", id="file-that-cannot-be-read"),
        pytest.param("password: hunter2-LEAK\x00", id="file-with-hidden-characters"),
        pytest.param("password: hunter2-LEAK: b", id="line-that-cannot-be-read"),
    ],
)
def test_a_secret_is_neither_kept_nor_shown(text: str) -> None:
    tree = read(text)
    assert tree.problems
    assert "LEAK" not in repr(tree)


# What YAML 1.1 and YAML 1.2 make of plain words. Days stay words here and are read where a day is wanted.
DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
CORE = (
    (re.compile(r"null|Null|NULL|~|"), "null"),
    (re.compile(r"true|True|TRUE|false|False|FALSE"), "bool"),
    (re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"), "int"),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "float"),
)
OLD = yaml.SafeLoader("")


def kind_in_1_1(text: str) -> str:
    tag: str = OLD.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    return tag.removeprefix("tag:yaml.org,2002:")


def kind_in_1_2(text: str) -> str:
    return next((kind for pattern, kind in CORE if pattern.fullmatch(text)), "str")


@given(st.one_of(st.text("0123456789_:.eE+-xob", max_size=9), st.text("yYnNoOfFeEsStTrRuUaAlL~=<.", max_size=5)))
@example("08:00")
@example("0b1")
@example("=")
@example("1.e3")
def test_a_plain_word_that_is_let_through_means_the_same_to_every_reader(text: str) -> None:
    if ambiguity(text) is None and not DAY.fullmatch(text):
        old, new = kind_in_1_1(text), kind_in_1_2(text)
        assert old == new
        if old == "int":
            assert yaml.safe_load(text) == int(text)


@given(st.one_of(st.binary(max_size=60), st.text("ab:,[]{}&*!|>'\"%@`#?- \n\t\\", max_size=40).map(str.encode)))
@example(b'a: "\\U00110000"')
@example(b"%YAML 1." + b"9" * 5000 + b"\n---\na: b")
@example(b"? a\n: b\n? {c: d}\n: e")
def test_whatever_the_bytes_are_there_is_a_tree_or_a_reason(data: bytes) -> None:
    tree = read_tree(data, "p.yaml")
    assert tree.problems or tree.root is not None
    assert all(p.span.line >= 1 and p.span.column >= 1 and p.span.length >= 1 for p in tree.problems)


words = st.text("abcdefgh", min_size=1, max_size=4).filter(lambda word: ambiguity(word) is None)
data = st.recursive(
    words | st.integers(-(10**6), 10**6) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(words, data, min_size=1, max_size=4), st.booleans())
def test_what_a_writer_writes_comes_back(value: dict[str, object], flow: bool) -> None:  # noqa: FBT001
    tree = read(yaml.safe_dump(value, default_flow_style=flow))
    assert tree.problems == ()
    assert isinstance(tree.root, Map)
    assert plain_data(tree.root) == value
