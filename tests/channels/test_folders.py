"""A list in the outbox is a folder that is whole or not there; by e-mail it is attachments that were read again."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from duly.execution.channels import folders, mail
from duly.execution.channels.folders import FolderChannel, zipped
from duly.execution.channels.lists import NO_ADDRESS, ListsChannel
from duly.execution.channels.mail import Sender, compose
from duly.execution.channels.smtp import Server, SmtpChannel
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Recipient, Unsendable
from duly.messages.lists import File
from duly.messages.matter import Rendered
from duly.plan.plan import Kind
from tests.channels.deeds import ACTION, KEY
from tests.channels.marks import JournalGone, Mark

FILES = (
    File("past_due-2026-03-30.txt", "text/plain", b"late\n"),
    File("past_due-2026-03-30.pdf", "application/pdf", b"%PDF-1.7 \x00\xff"),
    File("past_due-2026-03-30-past_due.csv", "text/csv", b"\xef\xbb\xbfcustomer\r\nC1\r\n"),
)
LIST = Deed(
    action=replace(
        ACTION,
        kind=Kind.LIST,
        customer="",
        creditor="",
        item="ann",
        person="ann",
        stage="past_due_list_by_salesperson",
        not_before="2026-03-30",
        channel="",
        template="",
        invoices=(),
    ),
    recipient=Recipient("", "Ann Seller", "ann@orchard.example"),
    message=Rendered("Past-due list for Ann Seller", "late\n", "<p>late</p>\n", b"", "en", "", "", "0"),
    files=FILES,
)
NAME = f"2026-03-30/past_due_list_by_salesperson-ann-{KEY}"
SENDER = Sender("accounts@orchard.example", "Orchard Tools")


def box(home: Path) -> FolderChannel:
    return FolderChannel("outbox_folders", home / "outbox" / "lists", home)


def where(home: Path) -> Path:
    return home / "outbox" / "lists" / NAME


def test_a_list_becomes_a_private_folder_of_its_files(tmp_path: Path) -> None:
    channel, mark = box(tmp_path), Mark()
    parcel = channel.pack(LIST)
    assert isinstance(channel.hand_over(parcel, mark), Accepted)
    assert {file.name: file.read_bytes() for file in where(tmp_path).iterdir()} == {f.name: f.content for f in FILES}
    assert stat.S_IMODE(where(tmp_path).stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in where(tmp_path).iterdir()} == {0o600}
    assert mark.calls == 1
    assert isinstance(channel.evidence(parcel.reference, parcel.digest), Accepted)


def test_the_same_list_twice_is_one(tmp_path: Path) -> None:
    channel = box(tmp_path)
    channel.hand_over(channel.pack(LIST), Mark())
    again = Mark()
    assert channel.hand_over(channel.pack(LIST), again) == Accepted(f"`{where(tmp_path).name}` was there")
    assert again.calls == 1


def test_a_list_that_is_there_with_other_files_is_never_replaced(tmp_path: Path) -> None:
    channel = box(tmp_path)
    channel.hand_over(channel.pack(LIST), Mark())
    mark = Mark()
    outcome = channel.hand_over(channel.pack(replace(LIST, files=FILES[:2])), mark)
    assert isinstance(outcome, Failed)
    assert mark.calls == 0
    assert len(list(where(tmp_path).iterdir())) == len(FILES)


def test_a_folder_that_somebody_changed_is_no_evidence(tmp_path: Path) -> None:
    channel = box(tmp_path)
    parcel = channel.pack(LIST)
    channel.hand_over(parcel, Mark())
    (where(tmp_path) / FILES[0].name).write_bytes(b"early\n")
    assert channel.evidence(parcel.reference, parcel.digest) is None
    assert channel.evidence("../../../etc", parcel.digest) is None


def test_what_is_kept_back_at_the_last_moment_leaves_nothing_behind(tmp_path: Path) -> None:
    channel = box(tmp_path)
    with pytest.raises(JournalGone):
        channel.hand_over(channel.pack(LIST), Mark(JournalGone()))
    assert not where(tmp_path).exists()
    assert not list(where(tmp_path).parent.iterdir())
    channel.hand_over(channel.pack(LIST), Mark())
    with pytest.raises(JournalGone):
        channel.hand_over(channel.pack(LIST), Mark(JournalGone()))


def test_a_full_disk_defers_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(folders, "write_whole", full)
    channel, mark = box(tmp_path), Mark()
    assert isinstance(channel.hand_over(channel.pack(LIST), mark), Deferred)
    assert mark.calls == 0
    assert not list(where(tmp_path).parent.iterdir())


@pytest.mark.parametrize("name", ["../x.csv", "a b.csv", ".hidden", "x\n.csv", ""])
def test_a_file_with_a_name_that_is_not_ours_is_not_packed(name: str) -> None:
    with pytest.raises(Unsendable):
        zipped([File(name, "text/csv", b"")])
    with pytest.raises(Unsendable):
        compose(replace(LIST, files=(File(name, "text/csv", b""),)), SENDER)


def test_the_bytes_are_the_same_each_time_whatever_the_order_of_the_files() -> None:
    assert zipped(FILES) == zipped(FILES[::-1])


def test_an_action_s_person_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    deed = replace(LIST, action=replace(LIST.action, person="../../x y"))
    assert box(tmp_path).pack(deed).reference == f"2026-03-30/past_due_list_by_salesperson-_x_y-{KEY}"


# By e-mail.


def test_an_e_mail_has_the_words_as_its_body_and_the_other_files_beside_it() -> None:
    mail_ = compose(LIST, SENDER)
    read = message_from_bytes(mail_.content, policy=default)
    attachments = [(part.get_filename(), part.get_content_type()) for part in read.iter_attachments()]
    assert (mail_.to, read["To"]) == ("ann@orchard.example", "ann@orchard.example")
    assert attachments == [(file.name, file.media_type) for file in FILES[1:]]
    assert [part.get_payload(decode=True) for part in read.iter_attachments()] == [f.content for f in FILES[1:]]
    assert compose(LIST, SENDER).content == mail_.content


def test_an_attachment_that_would_arrive_as_another_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fault is planted: what is written has one byte less than what was planned."""
    serialised: Callable[..., bytes] = mail._serialised

    def short(headers: list[tuple[str, str]], key: str, body: mail.Body) -> bytes:
        cut = tuple(replace(file, content=file.content[:-1]) for file in body.files)
        return serialised(headers, key, replace(body, files=cut))

    monkeypatch.setattr(mail, "_serialised", short)
    with pytest.raises(Unsendable) as refused:
        compose(LIST, SENDER)
    assert refused.value.rule == "not-as-planned"


def test_attachments_that_no_server_takes_are_refused() -> None:
    large = File("large.xlsx", "application/x", bytes(mail.MOST_ATTACHED))
    assert len(compose(replace(LIST, files=(large,)), SENDER).content) > mail.MOST_ATTACHED
    with pytest.raises(Unsendable) as refused:
        compose(replace(LIST, files=(large, File("one.csv", "text/csv", b"x"))), SENDER)
    assert refused.value.rule == "too-large"


def test_a_colleague_without_an_address_has_the_list_in_the_outbox(tmp_path: Path) -> None:
    by_mail = SmtpChannel("mail", Server("localhost"), SENDER)
    channel = ListsChannel(by_mail, box(tmp_path))
    assert channel.pack(LIST).channel == "mail"
    parcel = channel.pack(replace(LIST, recipient=Recipient("", "Ann Seller")))
    outcome = channel.hand_over(parcel, Mark())
    assert isinstance(outcome, Accepted)
    assert outcome.reply.endswith(NO_ADDRESS)
    assert where(tmp_path).is_dir()
