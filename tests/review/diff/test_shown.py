"""How a comparison is shown: the same in every format, and nothing in a name acts on who reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from duly.language.load import load_policy
from duly.plan.plan import Action, Because, Counts, Digests, Kind, Plan, Withheld
from duly.reports import blocks
from duly.reports.annotations import of_policy
from duly.reports.blocks import Table, Text, Title, items
from duly.reports.diff import told
from duly.review.diff.compare import Compared, compare
from duly.review.diff.plans import compare_plans
from duly.source import Span
from duly_cli.main import main
from tests.review.test_diff import STANDARD as PATH
from tests.review.test_diff import TEXT, edited

STANDARD = load_policy(PATH)[0]

HOSTILE = [
    "<script>alert(1)</script>",
    "[click](https://example.com)",
    "![x](https://example.com/x.png)",
    "**bold** _and_ ~~gone~~",
    "| a | b |",
    "@everyone #1",
    "www.example.com",
    "`code` and ``more``",
    "line\n# heading",
    "\x1b[2J\u202e",
    "&lt;b&gt; $x$",
    "::error::stop",
]


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.said += data


OURS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "h3",
    "p",
    "ul",
    "li",
    "table",
    "tr",
    "th",
    "td",
    "code",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_text_on_the_page(text: str) -> None:
    page = blocks.as_html(text, [Title(text), Text(text), items([(text, [text])]), Table((text,), ((text,),))])
    seen = _Tags()
    seen.feed(page)
    assert {tag for tag, _ in seen.tags} <= OURS
    assert all(
        name in {"class", "lang", "charset", "name", "content", "http-equiv"} for _, a in seen.tags for name, _ in a
    )
    assert "\x1b" not in page
    assert "\u202e" not in page


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_name_is_text_in_markdown(text: str) -> None:
    told_ = blocks.as_markdown([Text(text), items([text]), Table(("a",), ((text,),))])
    for acts in (
        "<script",
        "](",
        "**bold",
        "~~",
        "@everyone",
        " #1",
        "https://",
        "www.example",
        "``",
        "\n# heading",
        "\x1b",
    ):
        assert acts not in told_
    assert [line.count("|") for line in told_.splitlines() if line.startswith("|")] == [2, 2, 2]


@given(st.text())
def test_markdown_stays_on_its_line_and_has_no_tag_but_its_own(text: str) -> None:
    told_ = blocks.markdown(text)
    assert "\n" not in told_
    assert "<" not in told_.replace("<!-- -->", "")


def test_plain_words_in_backticks_are_code_in_every_format() -> None:
    told_ = [Text("`days_past_due` is at least 14")]
    assert "`days_past_due` is at least 14" in blocks.as_markdown(told_)
    assert "<code>days_past_due</code> is at least 14" in blocks.as_html("x", told_)


@pytest.mark.parametrize("start", ["- a", "+ a", "1. a", "> a", "# a", "=== a"])
def test_a_text_begins_no_list_and_no_heading(start: str) -> None:
    assert not blocks.markdown(start).startswith(start[:2])


# A comparison.


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Compared:
    edit = (
        "    when: {segment: strategic, days_past_due: {below: 60}}\n",
        "    when: {segment: strategic, days_past_due: {below: 55}}\n",
    )
    found = compare("standard.yaml", STANDARD, edited(tmp_path_factory.mktemp("edited"), edit))
    assert found is not None
    return found


def test_weaker_promises_come_before_what_changed(compared: Compared) -> None:
    text = blocks.as_text(told(compared))
    assert text.index("1 promise weaker than before") < text.index("~ tone limit strategic_early")
    assert "`strategic_never_stern_early`: no longer kept as it was written before" in text
    assert "`demand` (firm) → `demand` (stern)" in text
    assert "`strategic` customers, to whom `demand` is proposed, 55 to 59 days past due" in text
    assert "Nobody is treated more softly: proved." in text
    assert "Whoever is in none of these regions is treated as before: proved." in text


def test_an_annotation_stands_at_the_line_that_it_is_about(compared: Compared) -> None:
    lines = list(of_policy(compared))
    promise = next(g.span.line for g in compared.new.guarantees if g.id == "strategic_never_stern_early")
    assert any(line.startswith("::error ") and f",line={promise}," in line for line in lines)
    demand = next(stage.span.line for stage in compared.new.stages() if stage.id == "demand")
    assert any(
        line.startswith("::warning ") and f",line={demand}," in line and "55 to 59 days" in line for line in lines
    )


def test_an_annotation_is_one_command_whatever_a_policy_is_called(compared: Compared) -> None:
    hostile = replace(compared, name="a\n::error::b,c:d%")
    for line in of_policy(hostile):
        assert "\n" not in line
        assert line.partition("title=")[2].partition("::")[0].count(",") == 0


@pytest.mark.parametrize("format_", ["text", "markdown", "json", "html", "github"])
def test_every_format_says_what_changed_for_whom(format_: str, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(TEXT.replace("add: 30}", "add: 31}"), encoding="utf-8")
    ran = CliRunner().invoke(main, ["diff", str(PATH), str(new), "--format", format_, "--exit-code"])
    assert ran.exit_code == 1, ran.output
    assert "1 point more on the worklist" in ran.output
    assert CliRunner().invoke(main, ["diff", str(PATH), str(PATH), "--format", format_]).exit_code == 0


def test_a_record_has_every_region_with_its_witness(compared: Compared, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(TEXT.replace("      after: {days: 15}\n", "      after: {days: 14}\n"), encoding="utf-8")
    ran = CliRunner().invoke(main, ["diff", str(PATH), str(new), "--format", "json"])
    (record,) = json.loads(ran.output)["changed"]
    means = record["means"]
    assert means["regions_complete"]
    assert [region["way"] for region in means["regions"]] == ["stricter", "different", "different"]
    assert all(region["witness"]["facts"]["days_past_due"] == 14 for region in means["regions"])
    assert {one["guarantee"] for one in record["promises"]} == {g.id for g in compared.old.guarantees}


# Two plans.


def action(id_: str, customer: str = "C-1", **values: object) -> Action:
    plain = dict.fromkeys(("creditor", "item", "channel", "task", "for_role", "person", "episode"), "")
    told_: dict[str, object] = {
        **plain,
        "id": id_,
        "customer": customer,
        "kind": Kind.MESSAGE,
        "stage": "reminder",
        "tone": "friendly",
        "template": "reminder",
        "not_before": "2026-03-31",
        "invoices": ("I-1",),
        "amount": 100_00,
        "currency": "USD",
        "amounts": (("USD", 100_00),),
        "occurrence": 1,
        "approval": (),
        "because": (Because("stage reminder: after", Span("standard.yaml", 76, 1)),),
    }
    return Action(**{**told_, **values})  # type: ignore[arg-type]


def held(customer: str, what: str, reason: str) -> Withheld:
    return Withheld(customer, "main", "", what, reason, reason, None)


def plan(actions: tuple[Action, ...], withheld: tuple[Withheld, ...] = (), policy: str = "1") -> Plan:
    return Plan(
        policy="standard",
        title="",
        as_of=date(2026, 3, 31),
        author="a",
        environment="",
        policy_file="standard.yaml",
        book="book",
        currency="USD",
        digests=Digests(policy, "2", "3", "4", {}),
        counts=Counts(1, 1, 1, 0, "columnar", "meaning", 1, 1),
        actions=actions,
        withheld=withheld,
    )


def lines(old: Plan, new: Plan) -> Iterator[str]:
    from duly.reports.plans import told as told_plans

    yield from blocks.as_text(told_plans(compare_plans(old, new))).splitlines()


def test_two_plans_are_compared_deed_by_deed() -> None:
    stern = Because("stage demand: after", Span("standard.yaml", 85, 1))
    old = plan((action("a"), action("b", "C-2"), action("d", "C-4")), (held("C-3", "stage demand", "gap"),))
    new = plan(
        (
            action("a"),
            action("c", "C-2", stage="demand", tone="stern", because=(stern,)),
            action("d", "C-4", tone="firm"),
        ),
        policy="9",
    )
    found = compare_plans(old, new)
    assert found.made_from == ("policy",)
    assert found.same == 1
    assert [(m.deed.customer, m.old and m.old.id, m.new and m.new.id, m.values) for m in found.actions] == [
        ("C-2", "b", None, ()),
        ("C-2", None, "c", ()),
        ("C-4", "d", "d", ("tone",)),
    ]
    assert [m.deed.customer for m in found.withheld] == ["C-3"]
    text = "\n".join(lines(old, new))
    assert "tone: friendly → firm" in text
    assert "now because of stage demand: after (standard.yaml:85)" in text
    assert "- withheld: stage demand: gap" in text


def test_a_plan_is_equal_to_itself() -> None:
    one = plan((action("a"), action("a")), (held("C-3", "x", "gap"),))
    found = compare_plans(one, one)
    assert found.is_equal
    assert any("Both do the same" in line for line in lines(one, one))
