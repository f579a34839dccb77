"""The manual of facts."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from duly.language.manual import fact_list, fact_page, no_such_fact
from duly.language.vocabulary import ACCOUNT, INVOICE, Fact, Layer
from duly_cli.facts import command
from tests.language.policies import STANDARD, load_text

FACTS = [
    pytest.param(fact, id=f"{fact.layer.name.lower()}-{fact.name}") for fact in (*ACCOUNT.values(), *INVOICE.values())
]


def section(fact: Fact, example: str) -> str:
    if fact.layer is Layer.INVOICE:
        return f"  example: {{invoice: {{{example}}}}}\n"
    return f"  example: {{never: {{{example}}}}}\n"


@pytest.mark.parametrize("fact", FACTS)
def test_the_example_of_every_fact_is_a_condition_that_loads(tmp_path: Path, fact: Fact) -> None:
    page = fact_page(fact.name)
    assert page is not None
    pages = page.split("\n\n" + fact.name)
    text = pages[-1] if fact.layer is Layer.INVOICE else pages[0]
    (example,) = [line.split("example", 1)[1].strip() for line in text.splitlines() if line.startswith("  example")]
    part = "pauses:\n" if fact.layer is Layer.INVOICE else "guarantees:\n"
    policy = STANDARD.read_text(encoding="utf-8").replace(f"\n{part}", f"\n{part}{section(fact, example)}")
    policy = policy.replace("pauses:  ", "pauses:\n  #") if part not in policy else policy
    load_text(tmp_path, policy)


def test_the_list_names_every_fact_with_its_definition() -> None:
    words = " ".join(fact_list().split())
    for fact in (*ACCOUNT.values(), *INVOICE.values()):
        assert f" {fact.name} " in words
        assert fact.definition in words


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("past_due", ["money, in the policy's currency", "payments", "by currency"], id="money"),
        pytest.param("days_since_reply", ["may be unknown", "known", "0 to 36525", "in days"], id="may-be-unknown"),
        pytest.param("stage", ["the policy's stages, or none", "sales rules, holds"], id="decided"),
        pytest.param("dispute", ["a fact of the account", "a fact of the invoice", "open, or none"], id="of-both"),
        pytest.param("insolvent", ["yes or no", "true, false", "customers.insolvent"], id="yes-or-no"),
        pytest.param("holds", ["includes, excludes", "the policy's holds"], id="set"),
    ],
)
def test_a_page_says_what_fits(name: str, said: list[str]) -> None:
    result = CliRunner().invoke(command, [name])
    assert result.exit_code == 0
    words = " ".join(result.output.split())
    assert all(part in words for part in said)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("pastdue", "did you mean `past_due`?", id="close"),
        pytest.param("zzz", "`zzz` is not a fact", id="far"),
        pytest.param("\x1b[2J", "\\x1b", id="escape-sequence"),
    ],
)
def test_an_unknown_fact_is_a_mistake_of_usage(name: str, said: str) -> None:
    result = CliRunner().invoke(command, [name])
    assert result.exit_code == 2
    assert said in result.output
    assert "\x1b" not in result.output


def test_a_name_that_is_like_no_other_leads_to_the_list() -> None:
    assert no_such_fact("zzz") == "`zzz` is not a fact; `duly facts` lists them all"
