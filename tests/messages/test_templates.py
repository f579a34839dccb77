"""A folder of templates is read whole, strictly, and never beyond itself."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path

import pytest

from duly.messages.templates import MOST_BYTES, load_templates, read_templates
from duly.source import Refused
from tests.messages.matters import TEMPLATES

REMINDER = "en/email/reminder.friendly.md.j2"
GOOD = (TEMPLATES / REMINDER).read_text(encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(TEMPLATES, tmp_path / "templates")
    return tmp_path / "templates"


def rules(folder: Path) -> list[str]:
    return [problem.rule for problem in read_templates(folder)[1]]


def test_the_folder_of_these_tests_is_sound(folder: Path) -> None:
    assert rules(folder) == []
    assert load_templates(folder).languages == ("en",)


@pytest.mark.parametrize(
    "name",
    [
        "en/email/Reminder.friendly.md.j2",
        "en/email/reminder.md.j2",
        "en/email/reminder.friendly.html",
        "en/email/{{7*7}}'+x.friendly.md.j2",
        "en/email/reminder..md.j2",
        "en/fax/reminder.friendly.md.j2",
        "english/email/reminder.friendly.md.j2",
        "reminder.friendly.md.j2",
        "en/email/deep/reminder.friendly.md.j2",
        "en/other.yaml",
    ],
)
def test_a_file_with_another_name_is_named_and_not_read(folder: Path, name: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("no front matter: would be another problem", encoding="utf-8")
    assert rules(folder) == ["template-name"]


def test_a_readme_hidden_files_and_notes_beside_fonts_are_left_alone(folder: Path) -> None:
    (folder / "fonts").mkdir()
    for name in ("README.md", ".gitignore", "fonts/LICENSE.txt"):
        (folder / name).write_text("x", encoding="utf-8")
    assert rules(folder) == []


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(GOOD, encoding="utf-8")
    (folder / "en/email/linked.friendly.md.j2").symlink_to(secret)
    (folder / "fr").symlink_to(folder / "en")
    assert sorted(rules(folder)) == ["template-name", "template-not-a-file"]


def test_a_pipe_in_the_folder_is_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "en/email/pipe.friendly.md.j2")
    assert rules(folder) == ["template-not-a-file"]


def test_a_file_beyond_the_bound_is_refused(folder: Path) -> None:
    path = folder / REMINDER
    path.write_text(GOOD + "x" * (MOST_BYTES - len(GOOD.encode()) + 1), encoding="utf-8")
    assert rules(folder) == ["template-too-long"]


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        pytest.param("", "empty-template", 1, id="empty"),
        pytest.param(" \n\n", "empty-template", 1, id="blank"),
        pytest.param("Dear all", "no-front-matter", 1, id="no-front-matter"),
        pytest.param("---\nsubject: a\nsigned_by: b\nDear all", "no-front-matter", 1, id="front-matter-not-closed"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\n\n", "empty-template", 5, id="no-text"),
        pytest.param("---\nsigned_by: b\n---\nText", "missing-key", 1, id="no-subject"),
        pytest.param("---\nsubject: a\n---\nText", "missing-key", 1, id="nobody-signed"),
        pytest.param("---\nsubject: a\nsigned_by: b\nto: c\n---\nText", "unknown-key", 4, id="unknown-key"),
        pytest.param(
            '---\nsubject: "a\\nBcc: x"\nsigned_by: b\n---\nText', "subject-lines", 2, id="newline-in-subject"
        ),
        pytest.param("---\nsubject: a\n  b\nsigned_by: b\n---\nText", "subject-lines", 2, id="subject-goes-on"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\nTe\u202ext", "hidden-character", 5, id="turned-round"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\nTe\ue000xt", "hidden-character", 5, id="private"),
        pytest.param("---\nsubject: *a\nsigned_by: b\n---\nText", "yaml-alias", 2, id="yaml-alias"),
        pytest.param("---\nsubject: a **b**\nsigned_by: b\n---\nText", "subject-structure", 2, id="bold-subject"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\nPay [[invoices]] now", "part-alone", 5, id="part-in-a-line"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\n[[invoice]]", "unknown-part", 5, id="unknown-part"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\n[[history]]", "part-not-there", 5, id="part-of-a-brief"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\n**Pay now", "bold-unclosed", 5, id="bold-not-closed"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\nA fee of $40 is due", "amount-in-wording", 5, id="a-sum"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\nEine Gebühr von 40 EUR", "amount-in-wording", 5, id="code"),
        pytest.param("---\nsubject: a\nsigned_by: b\n---\n{{ x }}", "unknown-variable", 5, id="wording"),
    ],
)
def test_a_message_that_is_not_written_right_is_refused_at_its_line(
    folder: Path, text: str, rule: str, line: int
) -> None:
    (folder / REMINDER).write_text(text, encoding="utf-8")
    with pytest.raises(Refused) as refused:
        load_templates(folder)
    assert refused.value.exit_code == 3
    assert (rule, line) in {(problem.rule, problem.span.line) for problem in refused.value.problems}
    assert all(problem.help for problem in refused.value.problems)


def test_a_file_that_is_not_utf_8_is_refused(folder: Path) -> None:
    (folder / REMINDER).write_bytes(GOOD.encode().replace(b"unclear", b"uncle\xe4r"))
    assert rules(folder) == ["encoding"]


def test_windows_line_ends_are_the_same_wording(folder: Path) -> None:
    before = load_templates(folder)
    (folder / REMINDER).write_bytes(GOOD.replace("\n", "\r\n").encode())
    after = load_templates(folder)
    key = next(key for key in before.messages if key.file == REMINDER)
    assert after.messages[key].body.text == before.messages[key].body.text


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        pytest.param("  of: of\n", "", "missing-phrase", id="label-missing"),
        pytest.param("  of: of\n", "  of: of\n  off: x\n", "unknown-key", id="label-nobody-knows"),
        pytest.param("  any: ", "  stern: ", "missing-phrase", id="no-closing-for-the-rest"),
        pytest.param("Dear {{ contact_name }}", "Dear {{ name }}", "unknown-variable", id="undeclared"),
        pytest.param("  of: of", "  of: '{{ total }}'", "not-text", id="label-with-a-variable"),
        pytest.param("salutation:", "greeting:", "unknown-key", id="section-nobody-knows"),
    ],
)
def test_phrases_are_complete_and_nothing_else(folder: Path, old: str, new: str, rule: str) -> None:
    path = folder / "en/phrases.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    assert rule in rules(folder)


def test_a_language_without_phrases_is_an_error(folder: Path) -> None:
    (folder / "en/phrases.yaml").unlink()
    assert set(rules(folder)) == {"missing-phrases"}


@pytest.mark.parametrize(
    "text",
    [
        "english: {}",
        "en: []",
        "en: {a: {words: [x]}}",
        "en: {a: {because: b, words: []}}",
        "en: {a: {because: b, word: [x]}}",
    ],
)
def test_a_lexicon_that_is_no_lexicon_is_refused(folder: Path, text: str) -> None:
    (folder / "lexicon.yaml").write_text(text, encoding="utf-8")
    assert set(rules(folder)) == {"lexicon-shape"}


def test_the_digest_changes_with_every_byte_and_not_with_the_place(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "elsewhere")
    before = load_templates(folder).digest
    assert load_templates(tmp_path / "elsewhere").digest == before
    for path in sorted(folder.rglob("*.md.j2")):
        kept = path.read_bytes()
        path.write_bytes(kept + b"\n")
        assert load_templates(folder).digest != before
        path.write_bytes(kept)
    (folder / REMINDER).rename(folder / "en/email/reminder.firm.md.j2")
    assert load_templates(folder).digest != before


def test_templates_reach_another_process_unchanged(folder: Path) -> None:
    templates = load_templates(folder)
    assert pickle.loads(pickle.dumps(templates)) == templates


def test_no_folder_is_no_templates(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        load_templates(tmp_path / "nowhere")
    assert refused.value.exit_code == 3
