"""`channels.yaml`: what it gives, what it refuses and where, and that no secret is in it or in what is said of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from duly.assets import asset
from duly.execution.channels import configured, secret
from duly.execution.channels.configured import Channels, load_channels
from duly.execution.channels.routes import Route
from duly.execution.channels.schema import channels_schema
from duly.execution.ports import Unsendable
from duly.home import Environment, Home
from duly.language.schema import as_text
from duly.source import Problem, Refused
from tests.channels.deeds import EMAIL

LIVE, TRY = Environment.LIVE, Environment.TRY

GOOD = """\
duly_channels: 1
hosts: [crm.amber-paper.com]
channels:
  mail:
    smtp:
      host: mail.amber-paper.com
      user: collections
      password: {env: MAIL_PASSWORD}
      from: {address: accounts@amber-paper.com, name: Amber Paper Works}
    per_minute: 60
  crm:
    webhook: {url: "https://crm.amber-paper.com/tasks", secret: {file: crm.key}, idempotent: true}
  credit:
    holds: {file: book/holds.csv}
  lines:
    limits: {file: book/credit_lines.csv, currency: USD}
use: {email: mail, meeting: mail, task: crm, sales_request: crm, hold: credit, release: credit, limit_proposal: lines}
"""

ENVIRON = {"MAIL_PASSWORD": "correct horse"}


def home_with(folder: Path, text: str | None = GOOD) -> Home:
    if text is not None:
        (folder / "channels.yaml").write_text(text, encoding="utf-8")
    (folder / "book").mkdir()
    (folder / "book" / "holds.csv").write_text("customer,creditor,hold,placed_on,released_on\n")
    (folder / "book" / "credit_lines.csv").write_text("customer,from,limit\n")
    (folder / "crm.key").write_text("battery staple\n")
    (folder / "crm.key").chmod(0o600)
    return Home(folder)


def names(channels: Channels) -> dict[str, str]:
    return {route: channel.name for route, channel in channels.items()}


OUTBOX = dict.fromkeys((route.value for route in Route), "outbox_lists") | {
    "email": "outbox_emails", "letter": "outbox_letters", "meeting": "outbox_meetings",
    "list": "outbox_folders",
}  # fmt: skip


@pytest.mark.parametrize("environment", Environment)
def test_without_a_file_everything_goes_into_the_outbox(environment: Environment, tmp_path: Path) -> None:
    channels = load_channels(home_with(tmp_path, None), environment, {})
    assert names(channels) == OUTBOX
    assert not any(channel.is_real for channel in channels.values())
    assert channels.notes == ()


def test_in_live_things_leave_as_the_file_says(tmp_path: Path) -> None:
    channels = load_channels(home_with(tmp_path), LIVE, ENVIRON)
    assert names(channels) == OUTBOX | {
        "email": "mail", "meeting": "mail", "task": "crm", "sales_request": "crm",
        "hold": "credit", "release": "credit", "limit_proposal": "lines",
    }  # fmt: skip
    assert (channels["email"].per_minute, channels["task"].is_idempotent) == (60, True)
    assert sorted(channel.name for channel in channels.each) == [
        "credit", "crm", "lines", "mail", "outbox_folders", "outbox_letters", "outbox_lists",
    ]  # fmt: skip


def test_in_try_nothing_leaves_and_that_is_said(tmp_path: Path) -> None:
    channels = load_channels(home_with(tmp_path), TRY, {})
    assert names(channels) == OUTBOX
    assert not any(channel.is_real for channel in channels.values())
    assert channels.notes[0] == "`email` would leave by `mail`; in the environment `try` it goes into the outbox"
    assert len(channels.notes) == 7


def test_were_try_like_live_real_channels_would_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is planted that the test above is there for."""
    monkeypatch.setattr(configured._Reader, "live", property(lambda _: True, lambda *_: None), raising=False)
    channels = load_channels(home_with(tmp_path), TRY, ENVIRON)
    assert any(channel.is_real for channel in channels.values())


def test_an_email_of_the_outbox_is_from_whom_it_would_be(tmp_path: Path) -> None:
    parcel = load_channels(home_with(tmp_path), TRY, {})["email"].pack(EMAIL)
    assert b"From: Amber Paper Works <accounts@amber-paper.com>" in parcel.content


@pytest.mark.parametrize("text", [GOOD, None], ids=["by-smtp", "by-the-outbox"])
def test_in_live_no_message_is_for_a_test_address(text: str | None, tmp_path: Path) -> None:
    with pytest.raises(Unsendable) as refused:
        load_channels(home_with(tmp_path, text), LIVE, ENVIRON)["email"].pack(EMAIL)
    assert refused.value.rule == "test-address-in-live"


def test_a_team_may_allow_test_addresses_to_itself(tmp_path: Path) -> None:
    text = GOOD.replace("    per_minute: 60", "    per_minute: 60\n    test_addresses: allowed")
    channels = load_channels(home_with(tmp_path, text), LIVE, ENVIRON)
    assert channels["email"].pack(EMAIL).to == ("pay@birch.example",)


def problems(folder: Path, text: str, environment: Environment = LIVE) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as refused:
        load_channels(home_with(folder, text), environment, ENVIRON)
    assert refused.value.exit_code == 3
    return refused.value.problems


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


MISTAKES = [
    pytest.param(changed("duly_channels: 1\n", ""), "missing-key", (1, 1), id="no-version"),
    pytest.param(changed("duly_channels: 1", "duly_channels: 2"), "unknown-choice", (1, 16), id="another-version"),
    pytest.param(changed("user:", "usr:"), "unknown-key", (7, 7), id="unknown-key"),
    pytest.param(changed("{env: MAIL_PASSWORD}", "hunter2"), "inline-secret", (8, 17), id="secret-in-the-file"),
    pytest.param(changed("{env: MAIL_PASSWORD}", "{env: NOT_SET}"), "no-secret", (8, 23), id="variable-not-set"),
    pytest.param(changed("{env: MAIL_PASSWORD}", "{env: 'correct horse'}"), "no-secret", (8, 23), id="no-name"),
    pytest.param(changed("{env: MAIL_PASSWORD}", "{env: A, file: b}"), "no-secret", (8, 17), id="two-places"),
    pytest.param(changed("      user: collections\n", ""), "no-secret", (7, 17), id="password-without-user"),
    pytest.param(changed("host: mail", "tls: none\n      host: mail"), "no-tls", (6, 12), id="mail-in-the-open"),
    pytest.param(changed("address: accounts@", "address: a ccounts@"), "bad-email", (9, 23), id="bad-sender"),
    pytest.param(changed("accounts@amber-paper.com", "accounts@amber.example"), "test-address-in-live", (9, 23),
                 id="test-sender"),
    pytest.param(changed("https://", "http://"), "url-not-allowed", (12, 20), id="plain-http"),
    pytest.param(changed("hosts: [crm.", "hosts: [erp."), "url-not-allowed", (12, 20), id="host-not-on-the-list"),
    pytest.param(changed("https://crm.amber-paper.com", "https://127.0.0.1"), "url-not-allowed", (12, 20), id="inside"),
    pytest.param(changed("book/holds.csv", "book/hold.csv"), "no-such-file", (14, 19), id="no-such-file"),
    pytest.param(changed("book/holds.csv", "../holds.csv"), "outside-the-home", (14, 19), id="outside"),
    pytest.param(changed("{file: book/holds.csv}", "{database: holds.db}"), "missing-key", (13, 3), id="no-table"),
    pytest.param(changed("currency: USD", "currency: USB"), "unknown-currency", (16, 53), id="no-currency"),
    pytest.param(changed("{file: book/credit_lines.csv, currency: USD}", "{table: x}"), "missing-key", (15, 3),
                 id="no-limits-anywhere"),
    pytest.param(changed("release: credit, limit_proposal: lines", "release: credit, limit_proposal: credit"),
                 "wrong-channel", (17, 113), id="limits-where-holds-are"),
    pytest.param(changed("email: mail", "email: mial"), "unknown-channel", (17, 14), id="unknown-channel"),
    pytest.param(changed("email: mail", "email: crm"), "wrong-channel", (17, 14), id="email-by-webhook"),
    pytest.param(changed("email: mail", "letter: mail"), "wrong-channel", (17, 15), id="letter-by-mail"),
    pytest.param(changed(", release: credit", ""), "wrong-channel", (17, 6), id="hold-without-release"),
    pytest.param(changed("hold: credit, release: credit, ", ""), "unused-channel", (13, 3), id="unused"),
    pytest.param(changed("email: mail", "emial: mail"), "unknown-key", (17, 7), id="unknown-route"),
    pytest.param(changed("  credit:\n    holds:", "  credit:\n    hold:"), "unknown-key", (14, 5), id="unknown-kind"),
    pytest.param(changed("    per_minute: 60", "    webhook: {url: 'https://a.b', secret: {env: X}}"), "channel-kind",
                 (4, 3), id="two-kinds"),
    pytest.param(changed("per_minute: 60", "per_minute: -1"), "out-of-bounds", (10, 17), id="less-than-nothing"),
    pytest.param(changed("  mail:", "  mail: &a"), "yaml-alias", (4, 9), id="anchor"),
    pytest.param(changed("name: Amber Paper Works", "name: '=?utf-8?q?x?='"), "encoded-word", (9, 13), id="encoded"),
    pytest.param("duly_channels: 1\nchannels: []\n", "wrong-kind", (2, 11), id="a-list"),
    pytest.param("", "yaml-empty", (1, 1), id="nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rule", "place"), MISTAKES)
def test_each_mistake_is_shown_in_its_place(text: str, rule: str, place: tuple[int, int], tmp_path: Path) -> None:
    found = problems(tmp_path, text)
    assert (rule, place) in [(problem.rule, (problem.span.line, problem.span.column)) for problem in found], found
    for problem in found:
        assert problem.help
        assert "policy" not in problem.message
        assert not {"hunter2", "correct horse"} & {problem.message, problem.help}
        assert "hunter2" not in problem.line
    assert all("hunter2" not in problem.line + problem.message + problem.help for problem in found)


def test_all_mistakes_are_shown_at_once(tmp_path: Path) -> None:
    text = (
        GOOD.replace("https://", "http://").replace("book/holds.csv", "nowhere.csv").replace("email: mail", "email: x")
    )
    assert {problem.rule for problem in problems(tmp_path, text)} >= {
        "url-not-allowed",
        "no-such-file",
        "unknown-channel",
    }


@pytest.mark.parametrize(
    ("mode", "content", "reason"),
    [
        pytest.param(0o644, "battery staple", "0600", id="others-can-read-it"),
        pytest.param(0o640, "battery staple", "0600", id="the-group-can-read-it"),
        pytest.param(0o600, "", "empty", id="empty"),
        pytest.param(0o600, "a\nb\n", "control", id="two-lines"),
        pytest.param(0o600, None, "cannot be read", id="missing"),
    ],
)
def test_a_secret_file_that_is_not_private_is_refused(
    mode: int, content: str | None, reason: str, tmp_path: Path
) -> None:
    home = home_with(tmp_path)
    key = tmp_path / "crm.key"
    if content is None:
        key.unlink()
    else:
        key.write_text(content)
        key.chmod(mode)
    with pytest.raises(Refused) as refused:
        load_channels(home, LIVE, ENVIRON)
    [problem] = refused.value.problems
    assert (problem.rule, problem.span.line, reason in problem.message) == ("no-secret", 12, True)
    assert "staple" not in problem.message


def test_a_link_to_a_secret_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "key")
    with pytest.raises(secret.NoSecret):
        secret.from_file(tmp_path / "link").reveal()


def test_the_schema_in_the_file_is_the_one_that_is_read_with() -> None:
    written = asset("schemas/channels.schema.json").read_text(encoding="utf-8")
    assert written == as_text(channels_schema()), "run `make schemas`"
    Draft7Validator.check_schema(channels_schema())


def test_every_object_of_the_schema_is_closed() -> None:
    def objects(piece: object) -> list[object]:
        if isinstance(piece, dict):
            own = [piece.get("additionalProperties")] if piece.get("type") == "object" else []
            return own + [found for inner in piece.values() for found in objects(inner)]
        return [found for inner in piece for found in objects(inner)] if isinstance(piece, list) else []

    assert len(objects(channels_schema())) > 8
    assert set(objects(channels_schema())) == {False}
