"""What every channel promises a run: nothing leaves before the point of no return, and nothing without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from duly.execution.channels.holds import HoldFile, HoldsChannel, HoldTable
from duly.execution.channels.limits import LimitsChannel, LimitStore
from duly.execution.channels.mail import Sender
from duly.execution.channels.outbox import email_outbox, letter_outbox, list_outbox, meeting_outbox
from duly.execution.channels.rows import RowsChannel
from duly.execution.channels.smtp import Server, SmtpChannel
from duly.execution.channels.smtp_session import Tls
from duly.execution.ports import Accepted, Channel, Deed, Outcome, Parcel
from tests.channels import test_limits as limits
from tests.channels.certificates import make_certificate
from tests.channels.deeds import EMAIL, LETTER, MEETING, task
from tests.channels.marks import JournalGone, Mark
from tests.channels.smtp_server import ScriptedServer
from tests.channels.test_folders import LIST, box
from tests.channels.test_holds import PLACE, file_store, rows_of, table_store
from tests.channels.test_webhook import channel_to
from tests.channels.web_server import ScriptedPeer


@dataclass(frozen=True)
class Way:
    """A channel, a deed for it, and how much has left by it."""

    channel: Channel
    deed: Deed
    left: Callable[[], int]


def files_in(folder: Path) -> int:
    return sum(not path.name.startswith(".") for path in folder.rglob("*") if path.is_file())


def by_file(name: str, home: Path) -> Way:
    folder = home / "outbox" / "try" / name
    channel, deed = {
        "emails": (email_outbox("o", folder, home, live=False), EMAIL),
        "letters": (letter_outbox("o", folder, home), LETTER),
        "meetings": (meeting_outbox("o", folder, home), MEETING),
        "lists": (list_outbox("o", folder, home), task()),
    }[name]
    return Way(channel, deed, lambda: files_in(home))


def by_hold(store: HoldFile | HoldTable) -> Way:
    def left() -> int:
        # A transaction that is under way is seen by nobody else, and keeps this from looking.
        return len(rows_of(store))

    return Way(HoldsChannel("credit", store, shown="holds"), PLACE, left)


def by_limit(store: LimitStore) -> Way:
    return Way(LimitsChannel("lines", store, shown="lines"), limits.proposal(1_00), lambda: len(limits.rows_of(store)))


WAYS = (
    "smtp",
    "webhook",
    "emails",
    "letters",
    "meetings",
    "lists",
    "folders",
    "hold-file",
    "hold-table",
    "limit-file",
    "limit-table",
)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Way]:
    match request.param:
        case "folders":
            yield Way(box(tmp_path), LIST, lambda: sum(path.is_dir() for path in tmp_path.glob("*/lists/*/[!.]*")))
        case "smtp":
            with ScriptedServer() as server:
                channel = SmtpChannel("m", Server("127.0.0.1", server.port, Tls.NONE), Sender("a@amber.example"))
                yield Way(channel, EMAIL, lambda: len(server.accepted))
                channel.close()
        case "webhook":
            trusted, tls = make_certificate(tmp_path)
            with ScriptedPeer(tls) as peer:
                yield Way(channel_to(peer.port, trusted), task(), lambda: len(peer.requests))
        case "hold-file" | "hold-table" as kind:
            store = (file_store if kind == "hold-file" else table_store)(tmp_path, ())
            assert isinstance(store, HoldFile | HoldTable)
            yield by_hold(store)
        case "limit-file" | "limit-table" as kind:
            yield by_limit((limits.file_store if kind == "limit-file" else limits.table_store)(tmp_path, ()))
        case name:
            yield by_file(name, tmp_path)


class Watch(Mark):
    """A point of no return that looks at what has left by then, where it can be looked at."""

    def __init__(self, way: Way) -> None:
        super().__init__()
        self.way = way
        self.left: int | None = None

    def __call__(self) -> None:
        super().__call__()
        if not isinstance(self.way.channel, RowsChannel):
            self.left = self.way.left()


def test_packing_lets_nothing_leave(way: Way) -> None:
    way.channel.pack(way.deed)
    assert way.left() == 0


def test_the_same_deed_is_the_same_parcel(way: Way) -> None:
    assert way.channel.pack(way.deed) == way.channel.pack(way.deed)
    assert way.channel.pack(way.deed).key == way.deed.action.id


def test_nothing_has_left_at_the_point_of_no_return_and_then_it_has(way: Way) -> None:
    watch = Watch(way)
    assert isinstance(way.channel.hand_over(way.channel.pack(way.deed), watch), Accepted)
    assert (watch.calls, watch.left or 0, way.left()) == (1, 0, 1)


def test_nothing_leaves_where_the_point_of_no_return_cannot_be_recorded(way: Way) -> None:
    with pytest.raises(JournalGone):
        way.channel.hand_over(way.channel.pack(way.deed), Mark(JournalGone("disk full")))
    assert way.left() == 0
    # The channel is none the worse for it.
    assert isinstance(way.channel.hand_over(way.channel.pack(way.deed), Mark()), Accepted)
    assert way.left() == 1


class SendsFirst:
    """A planted fault: the channel hands over, and then records."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def pack(self, deed: Deed) -> Parcel:
        return self.channel.pack(deed)

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        outcome = self.channel.hand_over(parcel, lambda: None)
        no_return()
        return outcome


def test_a_channel_that_sends_first_is_found(way: Way) -> None:
    planted = Way(SendsFirst(way.channel), way.deed, way.left)  # type: ignore[arg-type]
    with pytest.raises(AssertionError):
        test_nothing_leaves_where_the_point_of_no_return_cannot_be_recorded(planted)
