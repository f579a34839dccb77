"""`duly message` shows what would leave, and writes it down on request; nothing is sent."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from duly.book.read import read_book
from duly.book.sample import Format, write_sample
from duly.language.load import load_policy
from duly.plan.make import make_plan
from duly_cli.main import main
from tests.language.policies import STANDARD

AS_OF = "2026-03-31"


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("message") / "book"
    write_sample(folder, customers=200, seed=1, format_=Format.CSV, as_of=date.fromisoformat(AS_OF))
    return folder


def shown(book: Path, customer: str, *options: str) -> Result:
    arguments = ["message", str(STANDARD), str(book), customer, "--as-of", AS_OF, *options]
    return CliRunner().invoke(main, arguments)


def test_the_exact_message_and_who_signed_its_wording_are_shown(book: Path) -> None:
    result = shown(book, "C000002")
    assert result.exit_code == 0
    assert "--- courtesy: email, courteous ---" in result.output
    assert "wording: en/email/courtesy.courteous.md.j2, signed by credit and sales" in result.output
    assert "INV-200 " in result.output
    assert "--- before_hold: brief to sales ---" in result.output


def test_files_are_written_on_request_and_said_to_be_missing_where_there_is_none(book: Path, tmp_path: Path) -> None:
    page, letter = tmp_path / "page.html", tmp_path / "letter.pdf"
    result = shown(book, "C000002", "--html", str(page), "--pdf", str(letter))
    assert result.exit_code == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert not letter.exists()
    assert "the customer gets no such message" in result.stderr


def test_a_letter_is_written_as_pdf(book: Path, tmp_path: Path) -> None:
    policy, _ = load_policy(STANDARD)
    plan = make_plan(policy, read_book(book), date.fromisoformat(AS_OF), looks_ahead=False)
    customer = next(action.customer for action in plan.actions if action.channel == "letter")
    path = tmp_path / "letter.pdf"
    result = shown(book, customer, "--pdf", str(path))
    assert result.exit_code == 0
    assert path.read_bytes().startswith(b"%PDF")


def test_a_customer_who_gets_nothing_is_told_why_and_when(book: Path) -> None:
    result = shown(book, "C000001")
    assert result.exit_code == 0
    assert result.output == (
        "nothing is written to or about `C000001` on 2026-03-31\n"
        "  stage reminder: days past due: 12, acts from 15, next on 2026-04-03\n"
    )


def test_another_language_is_looked_at_with_the_same_sums(book: Path) -> None:
    result = shown(book, "C000002", "--language", "de")
    assert "wording: de/email/courtesy.courteous.md.j2" in result.output
    assert "6.787,77\u00a0$" in result.output


def test_a_tone_without_wording_is_said_and_ends_with_4(book: Path) -> None:
    result = shown(book, "C000002", "--tone", "final")
    assert result.exit_code == 4
    assert "there is no template `en/email/courtesy.final.md.j2`" in result.output


@pytest.mark.parametrize(("customer", "options", "code"), [("C000002", ("--tone", "rude"), 2), ("NOBODY", (), 4)])
def test_what_there_is_not_is_refused(book: Path, customer: str, options: tuple[str, ...], code: int) -> None:
    assert shown(book, customer, *options).exit_code == code
