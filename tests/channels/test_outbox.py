"""The outbox: files that are whole under their name or not there, and that nobody else can read."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
from dataclasses import replace
from email import message_from_bytes
from pathlib import Path

import pytest

from duly.execution.channels import files
from duly.execution.channels.outbox import FileChannel, email_outbox, letter_outbox, list_outbox, meeting_outbox
from duly.execution.channels.parcels import digest_of
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Unknown, Unsendable
from tests.channels.deeds import ACTION, EMAIL, KEY, LETTER, MEETING, email_to, task
from tests.channels.marks import JournalGone, Mark


def letters(home: Path) -> FileChannel:
    return letter_outbox("outbox-letter", home / "outbox" / "try" / "letters", home)


CHANNELS = [
    pytest.param("emails", EMAIL, f"{KEY}.eml", id="email"),
    pytest.param("letters", LETTER, f"{KEY}.pdf", id="letter"),
    pytest.param("meetings", MEETING, f"{KEY}.ics", id="meeting"),
    pytest.param("lists", task(), f"2026-03-31/{task().action.id}.json", id="task"),
]


def outbox(kind: str, home: Path) -> FileChannel:
    folder = home / "outbox" / "try" / kind
    match kind:
        case "emails":
            return email_outbox("outbox-email", folder, home, live=False)
        case "letters":
            return letter_outbox("outbox-letter", folder, home)
        case "meetings":
            return meeting_outbox("outbox-meeting", folder, home)
        case _:
            return list_outbox("outbox-list", folder, home)


@pytest.mark.parametrize(("kind", "deed", "name"), CHANNELS)
def test_a_deed_becomes_one_private_file(kind: str, deed: Deed, name: str, tmp_path: Path) -> None:
    channel = outbox(kind, tmp_path)
    parcel = channel.pack(deed)
    mark = Mark()
    assert isinstance(channel.hand_over(parcel, mark), Accepted)
    folder = tmp_path / "outbox" / "try" / kind
    [file] = (path for path in folder.rglob("*") if path.is_file())
    assert (file.relative_to(folder).as_posix(), file.read_bytes(), mark.calls) == (name, parcel.content, 1)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert channel.evidence(parcel.reference, parcel.digest) == Accepted(f"`{file.name}` is there")
    assert channel.evidence(parcel.reference, "0" * 64) is None


@pytest.mark.parametrize(("kind", "deed", "name"), CHANNELS)
def test_the_same_deed_twice_is_the_same_file(kind: str, deed: Deed, name: str, tmp_path: Path) -> None:
    channels = (outbox(kind, tmp_path), outbox(kind, tmp_path))
    outcomes = [channel.hand_over(channel.pack(deed), Mark()) for channel in channels]
    assert all(channel.is_idempotent for channel in channels)
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [path for path in (tmp_path / "outbox").rglob("*") if path.is_file()] == [
        tmp_path / "outbox" / "try" / kind / name
    ]


def test_another_content_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    channel = outbox("emails", tmp_path)
    first = channel.pack(EMAIL)
    channel.hand_over(first, Mark())
    mark = Mark()
    outcome = channel.hand_over(channel.pack(email_to("pay@birch.example", text="another")), mark)
    assert isinstance(outcome, Failed)
    assert mark.calls == 0
    assert (tmp_path / "outbox" / "try" / "emails" / first.reference).read_bytes() == first.content


def test_only_letters_wait_for_a_person_to_post_them(tmp_path: Path) -> None:
    assert [outbox(kind, tmp_path).confirms_by_hand for kind in ("emails", "letters", "meetings", "lists")] == [
        False, True, False, False,
    ]  # fmt: skip
    assert not any(outbox(kind, tmp_path).is_real for kind in ("emails", "letters", "meetings", "lists"))


def test_packing_writes_nothing(tmp_path: Path) -> None:
    for kind, deed in (("emails", EMAIL), ("letters", LETTER), ("meetings", MEETING), ("lists", task())):
        outbox(kind, tmp_path).pack(deed)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_visible_when_the_point_of_no_return_cannot_be_recorded(tmp_path: Path) -> None:
    channel = letters(tmp_path)
    with pytest.raises(JournalGone):
        channel.hand_over(channel.pack(LETTER), Mark(JournalGone("disk full")))
    assert list((tmp_path / "outbox" / "try" / "letters").iterdir()) == []


@pytest.mark.parametrize("name", ["../C1", "a/b", ".hidden", "", "x" * 129, "a\0b", "ä"])
def test_a_key_that_cannot_name_a_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(Unsendable) as refused:
        letters(tmp_path).pack(replace(LETTER, action=replace(ACTION, id=name)))
    assert refused.value.rule == "bad-key"


def test_a_file_is_never_named_after_data(tmp_path: Path) -> None:
    deed = task(person="../../somebody", customer="../C1")
    channel = outbox("lists", tmp_path)
    channel.hand_over(channel.pack(deed), Mark())
    channel.close()
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {
        f"outbox/try/lists/2026-03-31/{deed.action.id}.json",
        "outbox/try/lists/2026-03-31/worklist.csv",
        "outbox/try/lists/2026-03-31/worklist.xlsx",
    }


def test_an_outbox_that_leads_out_of_the_home_is_not_written_to(tmp_path: Path) -> None:
    elsewhere, home = tmp_path / "elsewhere", tmp_path / "home"
    elsewhere.mkdir()
    home.mkdir()
    (home / "outbox").symlink_to(elsewhere)
    mark = Mark()
    outcome = letters(home).hand_over(letters(home).pack(LETTER), mark)
    assert isinstance(outcome, Failed)
    assert (outcome.all, mark.calls, list(elsewhere.iterdir())) == (True, 0, [])


@pytest.mark.parametrize(
    ("call", "expected", "marked"),
    [
        pytest.param("open", Deferred, 0, id="making-the-file"),
        pytest.param("fsync", Deferred, 0, id="forcing-it-to-disk"),
        pytest.param("replace", Unknown, 1, id="renaming"),
        pytest.param("sync_folder", Unknown, 1, id="forcing-its-name-to-disk"),
    ],
)
def test_a_full_disk_is_a_refusal_before_the_rename_and_a_doubt_after(
    call: str, expected: type, marked: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = letters(tmp_path)
    parcel = channel.pack(LETTER)
    (tmp_path / "outbox" / "try" / "letters").mkdir(parents=True)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    target = {"replace": Path, "sync_folder": files}.get(call, os)
    with monkeypatch.context() as patched:
        patched.setattr(target, call, full)
        mark = Mark()
        outcome = channel.hand_over(parcel, mark)
    assert isinstance(outcome, expected)
    assert mark.calls == marked
    left = list((tmp_path / "outbox" / "try" / "letters").iterdir())
    assert all(path.read_bytes() == parcel.content and path.suffix == ".pdf" for path in left)


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from duly.execution.channels import files
    from tests.channels.deeds import LETTER
    from tests.channels.test_outbox import letters
    from tests.channels.marks import Mark

    calls = moment = 0

    def watched(function):
        def call(*arguments, **named):
            global calls
            calls += 1
            if calls == moment:
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*arguments, **named)
        return call

    for name in ("open", "fsync", "close", "fdopen", "replace", "unlink", "mkdir"):
        setattr(os, name, watched(getattr(os, name)))
    {fault}
    for number in range(1, 100):
        home = Path(sys.argv[1], str(number))
        home.mkdir(parents=True)
        child = os.fork()
        if child == 0:
            calls, moment = 0, number
            channel = letters(home)
            channel.hand_over(channel.pack(LETTER), Mark())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            break
    print(number - 1)
"""
"""One process for each call that touches files, killed at it; prints how many there were."""

WRITTEN_IN_PLACE = """
    def in_place(folder, name, content):
        half = len(content) // 2
        with open(folder / name, "wb") as file:
            file.write(content[:half])
            file.flush()
            os.fsync(file.fileno())
            file.write(content[half:])
        return files.Staged(folder / ".none", folder / name)
    from duly.execution.channels import outbox
    outbox.stage = in_place
    files.Staged.show = lambda self: None
"""
"""A planted fault: the letter is written under its final name."""


def half_letters(home: Path, fault: str = "") -> tuple[int, list[Path]]:
    """How many processes were killed, and the letters that are not whole."""
    script = textwrap.dedent(KILLED).replace("{fault}", textwrap.dedent(fault))
    done = subprocess.run([sys.executable, "-c", script, str(home)], check=True, capture_output=True, text=True)
    whole = LETTER.message.pdf if LETTER.message else b""
    return int(done.stdout), [path for path in home.rglob("*.pdf") if path.read_bytes() != whole]


def test_a_kill_never_leaves_half_a_letter_under_its_name(tmp_path: Path) -> None:
    killed, halves = half_letters(tmp_path)
    assert killed > 10
    assert halves == []


def test_written_in_place_a_kill_does_leave_half_a_letter(tmp_path: Path) -> None:
    """The fault is planted that the test above is there for."""
    _, halves = half_letters(tmp_path, WRITTEN_IN_PLACE)
    assert halves


def test_what_a_crash_left_is_no_letter_and_does_not_hinder_the_next_run(tmp_path: Path) -> None:
    channel = letters(tmp_path)
    parcel = channel.pack(LETTER)
    folder = tmp_path / "outbox" / "try" / "letters"
    folder.mkdir(parents=True)
    (folder / f".{parcel.reference}.{os.getpid()}.part").write_bytes(b"%PDF half")
    assert isinstance(channel.hand_over(parcel, Mark()), Accepted)
    assert (folder / parcel.reference).read_bytes() == parcel.content


def test_an_email_in_the_outbox_opens_in_a_mail_program(tmp_path: Path) -> None:
    channel = outbox("emails", tmp_path)
    message = message_from_bytes(channel.pack(EMAIL).content)
    assert message["From"] == "Amber Paper Works <accounts@amber.example>"
    assert message["To"] == "pay@birch.example"


def test_in_live_no_file_is_for_a_test_address(tmp_path: Path) -> None:
    channel = email_outbox("outbox-email", tmp_path / "outbox", tmp_path, live=True)
    with pytest.raises(Unsendable) as refused:
        channel.pack(EMAIL)
    assert refused.value.rule == "test-address-in-live"


@pytest.mark.parametrize("reference", ["../../../crm.key", "/etc/passwd", "2026-03-31/../x.pdf", "", "x", "a/b.pdf"])
def test_a_reference_leads_to_no_other_file(reference: str, tmp_path: Path) -> None:
    (tmp_path / "crm.key").write_bytes(b"x")
    digest = digest_of(b"x")
    assert letters(tmp_path).evidence(reference, digest) is None


def test_a_letter_without_an_address_or_a_page_is_refused(tmp_path: Path) -> None:
    for deed in (replace(LETTER, recipient=replace(LETTER.recipient, address=())), replace(LETTER, message=None)):
        with pytest.raises(Unsendable):
            letters(tmp_path).pack(deed)
