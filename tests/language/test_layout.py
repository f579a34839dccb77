"""The one layout of a file: what it keeps, and what it puts right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from duly.language import layout as module
from duly.language.gate import List, Map, Node, Scalar, read_tree
from duly.language.layout import comments, laid_out
from duly.language.load import load_policy
from duly.source import Refused
from tests.language.policies import STANDARD, write

FILES = sorted(STANDARD.parent.glob("*.yaml"))
POLICIES = [path for path in FILES if not path.name.endswith(".cases.yaml")]


def layout(text: str) -> str:
    return laid_out(text.encode("utf-8"), "policy.yaml")


# What an author writes, and its layout.
PUT_RIGHT = (
    pytest.param("a:\n    b: 1\n    c:\n        d: 2\n", "a:\n  b: 1\n  c:\n    d: 2\n", id="indented-by-four"),
    pytest.param("a:\n - b\n - c\n", "a:\n  - b\n  - c\n", id="list-indented-by-one"),
    pytest.param("a:\n- b: 1\n  c: 2\n", "a:\n  - b: 1\n    c: 2\n", id="list-not-indented"),
    pytest.param("a:\n  -   b\n  -\n    c\n", "a:\n  - b\n  - c\n", id="dash-and-its-value"),
    pytest.param("a:\n- - b\n  - c\n", "a:\n  - - b\n    - c\n", id="list-of-lists"),
    pytest.param("a: { b : 1,c: [ 2,3 , ] }\n", "a: {b: 1, c: [2, 3]}\n", id="spaces-in-brackets"),
    pytest.param("a: [b: 1, c: 2]\n", "a: [{b: 1}, {c: 2}]\n", id="pairs-in-a-list-get-brackets"),
    pytest.param("a :   1\n", "a: 1\n", id="spaces-around-a-colon"),
    pytest.param("a: 'b'\n'c': 'it''s'\n", "a: \"b\"\n\"c\": 'it''s'\n", id="double-quotes-where-no-escape-is-needed"),
    pytest.param("a: 'b\\c'\n", "a: 'b\\c'\n", id="a-backslash-stays-in-single-quotes"),
    pytest.param("\n\na: 1\n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n", id="blank-lines"),
    pytest.param("a: 1", "a: 1\n", id="no-line-end"),
    pytest.param("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n", id="line-ends-of-windows"),
    pytest.param("a: 1   \nb:  \n  c: 2 \n", "a: 1\nb:\n  c: 2\n", id="spaces-at-line-ends"),
    pytest.param("a: 1 # b\n", "a: 1  # b\n", id="room-before-a-comment"),
    pytest.param("a:\n    # b\n    c: 1\n", "a:\n  # b\n  c: 1\n", id="a-comment-moves-with-its-block"),
    pytest.param(
        "a:\n    b: 1\n    # c\n# d\ne: 2\n", "a:\n  b: 1\n  # c\n# d\ne: 2\n", id="comments-stay-in-their-block"
    ),
    pytest.param("a:\n    b: |\n        c\n          d\n", "a:\n  b: |\n    c\n      d\n", id="text-kept-as-it-is"),
    pytest.param("a:\n    b: >2\n        c\n", "a:\n  b: >2\n      c\n", id="text-with-its-indentation-given"),
    pytest.param("a:\n    b: c\n     d\n\n     e\n", "a:\n  b: c\n    d\n\n    e\n", id="text-over-several-lines"),
    pytest.param("a: [b,   # c\n  d]\n", "a: [b,   # c\n  d]\n", id="brackets-stay-broken"),
    pytest.param(
        "a: {\n      b: 1,\n    c: 2,\n  }\n", "a: {\n  b: 1,\n  c: 2\n}\n", id="broken-brackets-are-indented"
    ),
    pytest.param("a:   1\nbb:  2\nc: 3\n", "a:  1\nbb: 2\nc: 3\n", id="values-below-each-other"),
    pytest.param("a:      1\nbb: 2\n", "a: 1\nbb: 2\n", id="a-value-alone"),
    pytest.param(
        "a: {b:  1}    # c\nlonger: {d: 1, e:2}  # f\ng: 1              # h\n".replace("e:2", "e: 2"),
        "a: {b: 1}     # c\nlonger: {d: 1, e: 2}  # f\ng: 1              # h\n",
        id="comments-keep-their-column",
    ),
    pytest.param(
        "a: [1,2,3,4] # b\nc: 1         # d\n             # e\n",
        "a: [1, 2, 3, 4]  # b\nc: 1             # d\n                 # e\n",
        id="comments-below-each-other-move-together",
    ),
    pytest.param("---\na: 1\n...\n# b\n", "---\na: 1\n# b\n", id="marks-of-a-document"),
    pytest.param("{a: 1,\nb: 2}\n", "{a: 1,\n  b: 2}\n", id="all-in-brackets"),
)


@pytest.mark.parametrize(("written", "wanted"), PUT_RIGHT)
def test_what_is_written_in_many_ways_is_laid_out_in_one(written: str, wanted: str) -> None:
    assert layout(written) == wanted
    assert layout(wanted) == wanted


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_our_own_policies_are_laid_out(path: Path) -> None:
    assert layout(path.read_text(encoding="utf-8")) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
@pytest.mark.parametrize(
    "disorder",
    [
        pytest.param(lambda text: text.replace("\n  ", "\n      "), id="indented"),
        pytest.param(lambda text: text.replace(", ", ",").replace("{", "{ "), id="brackets"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="line-ends"),
        pytest.param(lambda text: text.replace("\n\n", "\n\n\n\n"), id="blank-lines"),
        pytest.param(lambda text: text.replace('"', "'"), id="quotes"),
        pytest.param(lambda text: text.replace(": ", ":   "), id="wide"),
    ],
)
def test_a_policy_says_the_same_before_and_after(tmp_path: Path, path: Path, disorder: Callable[[str], str]) -> None:
    for other in POLICIES:
        write(tmp_path, other.read_text(encoding="utf-8"), other.name)
    text = disorder(path.read_text(encoding="utf-8"))
    (tmp_path / path.name).write_bytes(text.encode("utf-8"))
    before, _ = load_policy(tmp_path / path.name)
    write(tmp_path, layout(text), path.name)
    after, _ = load_policy(tmp_path / path.name)
    assert after == before
    assert list(after.places) == list(before.places)
    assert comments(layout(text)) == comments(text.replace("\r\n", "\n"))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param("a: 1\na: 2\n", "duplicate-key", id="key-twice"),
        pytest.param("a: yes\n", "quote-it", id="word-read-two-ways"),
        pytest.param("a: [1\n", "yaml-syntax", id="no-yaml"),
        pytest.param("", "yaml-empty", id="nothing"),
        pytest.param("- a\n", "not-a-mapping", id="list"),
        pytest.param("a: &x 1\n", "yaml-alias", id="anchor"),
    ],
)
def test_what_the_gate_refuses_is_refused_with_its_problems(text: str, rule: str) -> None:
    with pytest.raises(Refused) as refused:
        layout(text)
    assert [problem.rule for problem in refused.value.problems] == [rule]
    assert refused.value.exit_code == 3


# Any file.

WORDS = st.sampled_from(["a", "bb", "ccc", "x y", "10.00", "'q'", '"r s"', '"t # u"', "'v: w'", "1"])
SPACE = st.sampled_from(["", " ", "   "])
REMARK = st.sampled_from(["", "", "", " # r", "   # s: {t", " #"])
ROWS = st.lists(st.sampled_from(["", "# m", "   # n", "      # o - p"]), max_size=2)


@st.composite
def flows(draw: st.DrawFn, depth: int) -> str:
    """A value in brackets, or a single one."""
    kind = draw(st.sampled_from("sml" if depth else "s"))
    if kind == "s":
        return draw(WORDS)
    space = st.one_of(SPACE, st.builds("{}\n{}      ".format, REMARK, st.sampled_from(["", "  # line\n", "\n"])))
    items = draw(st.lists(flows(depth - 1), max_size=3))
    if kind == "m":
        items = [f"k{n}{draw(SPACE)}:{draw(space) or ' '}{item}" for n, item in enumerate(items)]
    inner = ",".join(f"{draw(space)}{item}{draw(SPACE)}" for item in items)
    last = draw(space)
    return f"{{{inner}{last}}}" if kind == "m" else f"[{inner}{last}]"


@st.composite
def blocks(draw: st.DrawFn, indent: int, depth: int) -> list[str]:
    """The lines of a block, mapping or list, with comments and blank lines between."""
    lines: list[str] = []
    is_list = depth < 3 and draw(st.booleans())
    for number in range(draw(st.integers(1, 3))):
        lines += draw(ROWS)
        head = "-" if is_list else f"key{number}{draw(SPACE)}:"
        if depth and draw(st.booleans()):
            deeper = indent + draw(st.integers(1, 4))
            lines += [" " * indent + head + draw(REMARK), *draw(blocks(deeper, depth - 1))]
        elif draw(st.integers(0, 4)) == 0:
            mark = draw(st.sampled_from(["|", ">", "|-", "|+", ">-"]))
            text = [f"{' ' * (indent + 3)}{word}" for word in draw(st.lists(st.sampled_from(["t", "# t", "  u", ""])))]
            lines += [f"{' ' * indent}{head} {mark}", f"{' ' * (indent + 3)}t", *text]
        else:
            value = draw(flows(2))
            broken = draw(st.sampled_from([" ", "   ", f"\n{' ' * (indent + 2)}"]))
            lines.append(f"{' ' * indent}{head}{broken}{value}{draw(REMARK)}")
    return lines


def says(node: Node) -> object:
    match node:
        case Map(entries):
            return [(entry.key.text, says(entry.value)) for entry in entries]
        case List(items):
            return [says(item) for item in items]
        case Scalar(text, _, plain):
            return text, plain


@settings(max_examples=300)
@given(blocks(0, 3))
def test_any_file_says_the_same_in_the_one_layout(lines: list[str]) -> None:
    text = "\n".join(lines)
    before = read_tree(text.encode("utf-8"), "f")
    if before.problems:
        return
    written = layout(text)
    after = read_tree(written.encode("utf-8"), "f")
    assert before.root is not None
    assert after.root is not None
    assert says(after.root) == says(before.root)
    assert comments(written) == comments(text)
    assert layout(written) == written
    assert "\n\n\n" not in written or "|" in written or ">" in written


@settings(max_examples=100)
@given(blocks(0, 3))
def test_another_reader_of_yaml_finds_the_same_values(lines: list[str]) -> None:
    ruamel = pytest.importorskip("ruamel.yaml")
    text = "\n".join(lines)
    if read_tree(text.encode("utf-8"), "f").problems:
        return
    read = [ruamel.YAML(typ="rt").load(one) for one in (text, layout(text))]
    assert read[0] == read[1]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(lambda text: text.replace("# why", ""), id="a-comment-lost"),
        pytest.param(lambda text: text.replace("a: 1", "a: 2"), id="another-value"),
        pytest.param(lambda text: text.replace("a: 1", 'a: "1"'), id="a-number-made-a-word"),
        pytest.param(lambda text: text.replace("b: 2", "a: 2"), id="a-key-twice"),
    ],
)
def test_a_layout_that_would_say_something_else_is_never_given(
    monkeypatch: pytest.MonkeyPatch, fault: Callable[[str], str]
) -> None:
    rendered = module._rendered
    monkeypatch.setattr(module, "_rendered", lambda lines: fault(rendered(lines)))
    with pytest.raises(AssertionError, match="would change what it says"):
        layout("a: 1   # why\nb: 2\n")
