"""Policies in git: words instead of text, wherever git compares versions."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from duly.language.load import load_policy
from duly.reports.policy import NO_POLICY, file_in_words, policy_lines
from duly.review.diff.changes import changes
from duly.review.mutate.mutants import mutants
from duly_cli.main import main
from tests.replay import program
from tests.review.repository import ALONE, Repository, new_repository

TEXT = Path("policies/standard.yaml").read_text(encoding="utf-8")
BLOCKS = re.split(r"(?m)^(?=[a-z_]+:)", TEXT)[1:]
OVERLAY = "duly: 1\npolicy: ours\nextends: ../../outside.yaml\nlate: {grace_days: 5}\n"


def words(text: str) -> str:
    return file_in_words(text.encode(), "standard.yaml")


# The words.


@given(st.permutations(BLOCKS))
def test_the_order_of_the_parts_is_no_word_of_the_policy(blocks: list[str]) -> None:
    assert words("".join(blocks)) == words(TEXT)


SAME = [
    pytest.param("# late from the 4th day past due", "# something else", id="a comment"),
    pytest.param("{days: 15}", "{ days:   15 }", id="blanks"),
    pytest.param("      after: {days: 15}\n", "      after:\n        days: 15\n", id="another layout"),
    pytest.param("  day_count: calendar", "  # day_count: calendar", id="a default that is left out"),
    pytest.param("{invoice: 10.00, account: 50.00}", "{account: 50.00, invoice: 10}", id="another order, same amount"),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_what_means_the_same_reads_the_same(before: str, after: str) -> None:
    assert TEXT.count(before) == 1
    assert words(TEXT.replace(before, after)) == words(TEXT)


OTHER = [
    pytest.param("{days: 15}", "{days: 14}", ["after from 14 days past due"], id="a threshold"),
    pytest.param("    at_most: firm\n", "    at_most: stern\n", ["at most stern"], id="a tone limit"),
    pytest.param("salesperson_pct: 1.0", "salesperson_pct: 1.5", ["salesperson pct 3/2"], id="a reward"),
    pytest.param("weekly:  {day: mon", "weekly:  {day: tue", None, id="a weekday"),
]


@pytest.mark.parametrize(("before", "after", "new"), OTHER)
def test_what_changes_is_a_line(before: str, after: str, new: list[str] | None) -> None:
    old_lines, new_lines = words(TEXT).splitlines(), words(TEXT.replace(before, after)).splitlines()
    changed = [one.strip() for one, other in zip(new_lines, old_lines, strict=True) if one != other]
    assert len(changed) == 1
    assert new is None or changed == new


def test_every_small_mistake_is_seen_in_the_words_and_is_a_change() -> None:
    policy = load_policy(Path("policies/standard.yaml"))[0]
    lines = list(policy_lines(policy))
    made = mutants(policy)
    assert len(made) > 300
    assert [one.id for one in made if list(policy_lines(one.policy)) == lines or not changes(policy, one.policy)] == []


STRATEGIC = "  strategic: {when: {annual_sales: {at_least: 1000000}}}\n"
NEW = "  new:       {when: {months_as_customer: {below: 6}}}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(f"{STRATEGIC}{NEW}", f"{NEW}{STRATEGIC}", id="segments"),
        pytest.param("[courteous, friendly,", "[friendly, courteous,", id="tones"),
    ],
)
def test_an_order_that_is_meaning_is_in_the_words(before: str, after: str) -> None:
    assert TEXT.count(before) == 1
    assert words(TEXT.replace(before, after)) != words(TEXT)


def test_what_a_file_extends_is_named_and_not_looked_at() -> None:
    assert words(OVERLAY) == (
        "on top of ../../outside.yaml\n  duly 1\n  policy ours\nlate\n  grace days 5\n"
    )  # fmt: skip


HOSTILE = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"\xff\xfe\x00d", id="UTF-16"),
    pytest.param(b"title: \xe9t\xe9\n", id="Latin-1"),
    pytest.param(b"title: \x1b[2J\x1b]0;gone\x07\n", id="a terminal's escape"),
    pytest.param("title: \u202egnp.exe\n".encode(), id="text that is turned round"),
    pytest.param(b"a: &a [*a, *a]\n", id="an alias"),
    pytest.param(b"a: " + b"[" * 5_000, id="depth"),
    pytest.param(b"x" * 2_000_000, id="length"),
    pytest.param(b"- a\n- list\n", id="a list"),
    pytest.param(b"duly: 1\npolicy: p\ntones: {a: b}\n", id="a policy with a mistake"),
    pytest.param(b"extends: {a: b}\nlate: [1]\n", id="an overlay with a mistake"),
    pytest.param(b"!!python/object/apply:os.system ['true']\n", id="a tag"),
]


@pytest.mark.parametrize("data", HOSTILE)
def test_words_never_fail_and_hold_nothing_that_a_terminal_acts_on(data: bytes) -> None:
    told = file_in_words(data, "x.yaml")
    assert told.startswith((NO_POLICY, "on top of "))
    assert all(line.isprintable() for line in told.split("\n"))


@given(st.binary(max_size=200))
def test_any_bytes_have_words(data: bytes) -> None:
    assert file_in_words(data, "x.yaml").endswith("\n")


# Git itself.


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository with the standard policy, and `duly` on the path."""
    for name, value in ALONE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", f"{program(tmp_path / 'it is here').parent}:/usr/bin:/bin")
    team = new_repository(tmp_path / "team")
    team.write(TEXT)
    team.write(OVERLAY, "policies/ours.yaml")
    team.write("approvers: {}\n", "policies/approvers.yaml")
    monkeypatch.chdir(team.path)
    team.commit("The standard policy")
    return team


def duly(*words: str, exit_code: int = 0) -> str:
    ran = CliRunner().invoke(main, words)
    assert ran.exit_code == exit_code, ran.output
    return ran.output


def test_the_log_shows_words_and_a_moved_block_is_no_change(team: Repository) -> None:
    duly("git", "install")
    team.write("".join(reversed(BLOCKS)))
    team.commit("The other way round")
    assert "@@" not in team.git("log", "-p", "-1", "--", "policies")
    team.write("".join(reversed(BLOCKS)).replace("{days: 15}", "{days: 14}"))
    team.commit("Remind a day earlier")
    shown = team.git("log", "-p", "-1")
    assert "stage reminder of ladder standard\n" in shown
    assert "\n-  after from 15 days past due\n+  after from 14 days past due\n" in shown
    assert team.git("for-each-ref", "refs/notes/textconv/duly") != ""


def test_who_has_no_name_in_git_reads_the_log_as_well(team: Repository) -> None:
    for name in ("user.name", "user.email"):
        team.git("config", "--unset", name)
    team.git("config", "user.useConfigOnly", "true")
    duly("git", "install")
    assert "\n+  grace days 3\n" in team.git("log", "-p", "--", "policies/standard.yaml")


def test_the_difference_says_what_it_means(team: Repository) -> None:
    duly("git", "install")
    team.write(TEXT.replace("    at_most: firm\n", "    at_most: stern\n"))
    team.write(OVERLAY.replace("5", "6"), "policies/ours.yaml")
    shown = team.git("diff")
    assert "policies/standard.yaml: 1 change\n" in shown
    assert "  ~ tone limit strategic_early, at most\n      was firm\n      now stern\n" in shown
    assert "Whoever is in none of these regions is treated as before: proved." in shown
    assert "policies/ours.yaml: in words\n" in shown
    assert "\n-  grace days 5\n+  grace days 6\n" in shown


def test_a_comment_is_said_to_be_none(team: Repository) -> None:
    duly("git", "install")
    team.write(f"# Read me.\n{TEXT}")
    assert team.git("diff") == "policies/standard.yaml: it says the same in other words, or in another order\n"


@pytest.mark.parametrize("gone", ["policies/standard.yaml", "policies/ours.yaml"])
def test_what_is_new_or_taken_away_is_shown_whole(team: Repository, gone: str) -> None:
    duly("git", "install")
    (team.path / gone).unlink()
    assert f"{gone}: taken away\n" in team.git("diff")
    team.git("rm", "--quiet", "--cached", gone)
    team.commit("Without")
    assert f"{gone}: new\n" in team.git("diff", "HEAD", "HEAD~1")


def test_words_only_leaves_the_difference_to_git(team: Repository) -> None:
    duly("git", "install")
    duly("git", "install", "--words-only")
    team.write(TEXT.replace("    at_most: firm\n", "    at_most: stern\n"))
    assert "\n-  at most firm\n+  at most stern\n" in team.git("diff")


def test_without_duly_git_shows_the_text(team: Repository, tmp_path: Path) -> None:
    duly("git", "install")
    (tmp_path / "it is here" / "duly").unlink()
    team.write(TEXT.replace("    at_most: firm\n", "    at_most: stern\n"))
    assert "\n-    at_most: firm\n+    at_most: stern\n" in team.git("diff")
    team.commit("Sterner")
    assert "\n-    at_most: firm\n+    at_most: stern\n" in team.git("log", "-p", "-1")


def test_a_hostile_policy_runs_nothing_and_writes_nothing_to_the_terminal(team: Repository) -> None:
    duly("git", "install")
    team.write("title: \x1b[2J$(touch pwned) `touch pwned`\n")
    shown = team.git("diff") + team.git("log", "-p") if team.commit("Hostile") else ""
    assert "\x1b" not in shown
    assert NO_POLICY in shown
    assert not list(team.path.rglob("pwned"))


def test_setting_up_runs_no_hook(team: Repository, tmp_path: Path) -> None:
    duly("git", "install")
    team.git("log", "-p")
    hook = team.path / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\n")
    hook.chmod(0o755)
    duly("git", "uninstall")
    assert team.git("for-each-ref", "refs/notes") == ""
    assert not (tmp_path / "sprung").exists()


OTHERS = [
    pytest.param(b"", id="no file"),
    pytest.param(b"*.png binary\n", id="a line"),
    pytest.param(b"*.png binary", id="a line without end"),
    pytest.param(b"*.png binary\r\n*.md text\r\n", id="lines of Windows"),
    pytest.param(b"caf\xe9 text\n", id="another encoding"),
]


@pytest.mark.parametrize("others", OTHERS)
def test_what_is_put_in_comes_out_again_and_others_lines_stay(team: Repository, others: bytes) -> None:
    attributes = team.path / ".gitattributes"
    if others:
        attributes.write_bytes(others)
    config = team.git("config", "--local", "--list")
    duly("git", "install")
    once = attributes.read_bytes()
    assert once.startswith(others)
    assert duly("git", "install") == ".gitattributes: as it was\nthis clone's configuration: as it was\n"
    assert attributes.read_bytes() == once
    duly("git", "uninstall")
    left = attributes.read_bytes() if attributes.exists() else b""
    assert left in {others, others + b"\n"}
    assert team.git("config", "--local", "--list") == config
    assert duly("git", "uninstall").count("nothing to take out") == 2


@pytest.mark.parametrize("folder", ["policies", "credit/our policies", "p[a]*", 'say "so"', "Österreich", "."])
def test_the_policies_of_a_folder_are_shown_in_words_and_nothing_else(team: Repository, folder: str) -> None:
    (team.path / folder).mkdir(parents=True, exist_ok=True)
    duly("git", "install", folder)
    for name, shown in (
        ("a.yaml", "duly"),
        ("approvers.yaml", "unspecified"),
        ("a.cases.yaml", "unspecified"),
        ("deeper/a.yaml", "unspecified"),
    ):
        assert team.git("check-attr", "-z", "diff", f"{folder}/{name}").split("\0")[2] == shown, name
    if folder != ".":
        assert team.git("check-attr", "-z", "diff", "elsewhere/a.yaml").split("\0")[2] == "unspecified"


def test_two_folders_are_installed_and_one_of_them_is_taken_out(team: Repository) -> None:
    (team.path / "north").mkdir()
    duly("git", "install")
    before = (team.path / ".gitattributes").read_text()
    duly("git", "install", "north")
    duly("git", "uninstall", "north")
    assert (team.path / ".gitattributes").read_text() == before


def test_a_users_own_configuration_serves_every_clone(
    team: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "mine"))
    duly("git", "install", "--global")
    assert "textconv" in (tmp_path / "mine").read_text()
    assert "duly" not in team.git("config", "--local", "--list")
    duly("git", "uninstall", "--global")
    assert "textconv" not in (tmp_path / "mine").read_text()


def test_outside_of_a_repository_nothing_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "policies").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert "`policies` is in no git repository [git-not-set-up]" in duly("git", "install", exit_code=5)
    assert "`elsewhere` is not a folder" in duly("git", "install", "elsewhere", exit_code=5)
    assert not (tmp_path / ".gitattributes").exists()


def test_attributes_that_are_a_link_are_left_alone(team: Repository, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (team.path / ".gitattributes").symlink_to(tmp_path / "elsewhere")
    assert "is a link" in duly("git", "install", exit_code=5)
    assert (tmp_path / "elsewhere").read_text() == ""
