"""The channels of a team: `channels.yaml`, read, or the outbox alone where there is none.

    duly_channels: 1
    hosts: [crm.amber.example]
    channels:
      mail:
        smtp:
          host: mail.amber.example
          user: collections
          password: {env: MAIL_PASSWORD}
          from: {address: accounts@amber.example, name: Amber Paper Works}
        per_minute: 60
      crm:
        webhook: {url: "https://crm.amber.example/tasks", secret: {file: crm.key}, idempotent: true}
      credit:
        holds: {file: book/holds.csv}
      lines:
        limits: {file: book/credit_lines.csv}
    use: {email: mail, task: crm, sales_request: crm, hold: credit, release: credit, limit_proposal: lines}

The file passes the same gate as a policy, its objects are closed, and every
mistake is shown with its place. A secret stands in it only by name. In the
environment `try` whatever would leave this machine goes into the outbox
instead, and `notes` says so.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from duly.book.mapping import DEFAULT_CREDITOR
from duly.execution.channels.addresses import checked_address
from duly.execution.channels.folders import FolderChannel
from duly.execution.channels.holds import HoldFile, HoldsChannel, HoldTable
from duly.execution.channels.limits import LimitFile, LimitsChannel, LimitTable
from duly.execution.channels.lists import ListsChannel
from duly.execution.channels.mail import Sender, header_text
from duly.execution.channels.outbox import email_outbox, letter_outbox, list_outbox, meeting_outbox
from duly.execution.channels.routes import Route
from duly.execution.channels.schema import KINDS, OUTBOX, Reserved, channels_schema
from duly.execution.channels.secret import NoSecret, Secret, from_environment, from_file
from duly.execution.channels.smtp import LOOPBACK, Server, SmtpChannel
from duly.execution.channels.smtp_session import Timeouts, Tls
from duly.execution.channels.vetted import NotAllowed
from duly.execution.channels.webhook import Peer, WebhookChannel
from duly.execution.ports import Channel, Unsendable
from duly.home import Environment, Home
from duly.language.gate import List, Map, Node, Scalar, read_tree
from duly.language.shape import shape_problems
from duly.language.suggest import did_you_mean
from duly.money import SCALES
from duly.source import Problem, Refused, Span

EXIT_CODE = 3
"""The file cannot be loaded."""

FITS: Mapping[Route, tuple[str, ...]] = {
    Route.EMAIL: ("smtp",),
    Route.LETTER: (),
    Route.TASK: ("webhook", "smtp"),
    Route.SALES_REQUEST: ("webhook", "smtp"),
    Route.MEETING: ("smtp", "webhook"),
    Route.HOLD: ("holds", "webhook"),
    Route.RELEASE: ("holds", "webhook"),
    Route.REFERRAL: ("webhook", "smtp"),
    Route.WRITE_OFF_PROPOSAL: ("webhook", "smtp"),
    Route.LIMIT_PROPOSAL: ("limits", "webhook", "smtp"),
    Route.CHARGE_PROPOSAL: ("webhook", "smtp"),
    Route.ADVICE: ("webhook", "smtp"),
    Route.LIST: ("smtp",),
}
"""The kinds of channel that can carry each thing, beside the outbox."""


@dataclass(frozen=True, slots=True)
class Channels(Mapping[str, Channel]):
    """A channel for each `Route`, by its word; several routes may share one. `notes` says what goes elsewhere."""

    by_route: Mapping[Route, Channel]
    notes: tuple[str, ...] = ()

    def __getitem__(self, route: str) -> Channel:
        try:
            return self.by_route[Route(route)]
        except ValueError:
            raise KeyError(route) from None

    def __iter__(self) -> Iterator[str]:
        return iter(route.value for route in self.by_route)

    def __len__(self) -> int:
        return len(self.by_route)

    @property
    def each(self) -> tuple[Channel, ...]:
        """Every channel once."""
        return tuple({channel.name: channel for channel in self.by_route.values()}.values())


def load_channels(home: Home, environment: Environment, environ: Mapping[str, str] = os.environ) -> Channels:
    """The channels of a home in an environment; raises `Refused` (3) with every problem of the file."""
    if not home.channels.exists():
        return Channels(_outbox(home, environment))
    reader = _Reader(home, environment, environ)
    channels = reader.read()
    if channels is None or reader.problems:
        raise Refused(reader.problems, EXIT_CODE)
    return channels


def _outbox(home: Home, environment: Environment, sender: Sender | None = None) -> dict[Route, Channel]:
    """Every route by the outbox, a folder for each sort of file."""
    folder = home.outbox(environment)
    live = environment is Environment.LIVE
    lists = list_outbox("outbox_lists", folder / "lists", home.path)
    routes: dict[Route, Channel] = dict.fromkeys(Route, lists)
    routes[Route.EMAIL] = email_outbox("outbox_emails", folder / "emails", home.path, sender=sender, live=live)
    routes[Route.LETTER] = letter_outbox("outbox_letters", folder / "letters", home.path)
    routes[Route.LIST] = FolderChannel("outbox_folders", folder / "lists", home.path)
    routes[Route.MEETING] = meeting_outbox("outbox_meetings", folder / "meetings", home.path)
    return routes


class _Reader:
    """Reads `channels.yaml` and collects what is wrong with it."""

    def __init__(self, home: Home, environment: Environment, environ: Mapping[str, str]) -> None:
        self.home = home
        self.live = environment is Environment.LIVE
        self.environment = environment
        self.environ = environ
        self.problems: list[Problem] = []
        self.lines: tuple[str, ...] = ()

    def read(self) -> Channels | None:
        path = self.home.channels
        start = Span(str(path), 1, 1)
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                self.problem("not-a-file", start, f"`{path}` is not a regular file", "put the channels into a file")
                return None
            tree = read_tree(path.read_bytes(), str(path))
        except OSError as error:
            self.problem("no-such-file", start, f"`{path}` cannot be read: {error.strerror}", "look at its permissions")
            return None
        self.lines = tree.lines
        self.problems += tree.problems
        if tree.root is None:
            return None
        for found in shape_problems(tree.root, channels_schema()):
            self.problem(found.rule, found.span, found.message.replace("the policy", "the file"), found.help)
        # What has not the right shape is not looked at more closely.
        return None if self.problems else self.channels(tree.root)

    def channels(self, root: Map) -> Channels:
        hosts = tuple(self.words(root.get("hosts")))
        made: dict[str, tuple[str, Channel, Sender | None]] = {}
        given = root.get("channels")
        for entry in given.entries if isinstance(given, Map) else ():
            if entry.key.text == OUTBOX:
                self.problem("bad-name", entry.key.span, f"`{OUTBOX}` is always there", "give the channel another name")
            if (channel := self.channel(entry.key, entry.value, hosts)) is not None:
                made[entry.key.text] = channel
        return self.routed(root, made)

    def routed(self, root: Map, made: Mapping[str, tuple[str, Channel, Sender | None]]) -> Channels:
        use, given = root.get("use"), root.get("channels")
        names = [entry.key.text for entry in given.entries] if isinstance(given, Map) else []
        chosen: dict[Route, str] = {}
        for entry in use.entries if isinstance(use, Map) else ():
            route, name, span = Route(entry.key.text), _text(entry.value), entry.value.span
            if name == OUTBOX:
                continue
            if name not in names:
                help_ = did_you_mean(name, [*names, OUTBOX])
                self.problem("unknown-channel", span, f"`{name}` is not a channel", help_)
            elif name in made and made[name][0] not in FITS[route]:
                fitting = " or ".join(f"`{kind}`" for kind in FITS[route])
                message = f"`{made[name][0]}` cannot carry `{route.value}`"
                self.problem("wrong-channel", span, message, f"use {fitting + ' or ' if fitting else ''}`{OUTBOX}`")
            chosen[route] = name
        if isinstance(use, Map) and chosen.get(Route.HOLD) != chosen.get(Route.RELEASE):
            message = "`hold` and `release` go different ways, so that one would not undo the other"
            self.problem("wrong-channel", use.span, message, "name the same channel for both")
        for entry in given.entries if isinstance(given, Map) else ():
            if entry.key.text not in chosen.values() and entry.key.text != OUTBOX:
                message = f"nothing leaves by `{entry.key.text}`"
                self.problem("unused-channel", entry.key.span, message, "name it under `use:`, or take it out")
        sender = next((made[name][2] for name in chosen.values() if name in made and made[name][2]), None)
        by_route = _outbox(self.home, self.environment, sender)
        real = {route: made[name][1] for route, name in chosen.items() if name in made}
        if self.live:
            mail, folder = real.get(Route.LIST), by_route[Route.LIST]
            if isinstance(mail, SmtpChannel) and isinstance(folder, FolderChannel):
                real[Route.LIST] = ListsChannel(mail, folder)
            return Channels(by_route | real)
        notes = tuple(
            f"`{route.value}` would leave by `{channel.name}`; in the environment `try` it goes into the outbox"
            for route, channel in real.items()
        )
        return Channels(by_route, notes)

    def channel(self, key: Scalar, node: Node, hosts: tuple[str, ...]) -> tuple[str, Channel, Sender | None] | None:
        if not isinstance(node, Map):
            return None
        kinds = [kind for kind in KINDS if node.get(kind) is not None]
        if len(kinds) != 1:
            listed = ", ".join(f"`{kind}`" for kind in KINDS)
            self.problem(
                "channel-kind", key.span, f"`{key.text}` is not one kind of channel", f"give it one of {listed}"
            )
            return None
        [kind] = kinds
        settings = node.get(kind)
        if not isinstance(settings, Map):
            return None
        per_minute = int(_text(node.get("per_minute")) or 0)
        match kind:
            case "smtp":
                reserved = _text(node.get("test_addresses")) == Reserved.ALLOWED.value
                return self.smtp(key.text, settings, per_minute, test_addresses=reserved or not self.live)
            case "webhook":
                return self.webhook(key.text, settings, per_minute, hosts)
            case "limits":
                return self.limits(key, settings)
            case _:
                return self.holds(key, settings)

    def smtp(
        self, name: str, settings: Map, per_minute: int, *, test_addresses: bool
    ) -> tuple[str, Channel, Sender | None] | None:
        sender = self.sender(settings.get("from"), test_addresses=test_addresses)
        host, tls = _text(settings.get("host")), Tls(_text(settings.get("tls")) or Tls.STARTTLS.value)
        if tls is Tls.NONE and host not in LOOPBACK:
            where = (settings.get("tls") or settings).span
            message = f"without TLS everyone on the way to `{host}` reads along"
            self.problem(
                "no-tls", where, message, "use `starttls` or `implicit`; `none` is for a server on this machine"
            )
            return None
        password = self.secret(settings.get("password"))
        user = settings.get("user")
        if (user is None) != (settings.get("password") is None):
            where = (user or settings.get("password") or settings).span
            self.problem("no-secret", where, "`user` and `password` go together", "give both, or neither")
        if sender is None:
            return None
        timeouts = Timeouts()
        if seconds := int(_text(settings.get("timeout_seconds")) or 0):
            timeouts = Timeouts(connect=seconds, step=seconds, body=seconds, total=seconds)
        server = Server(
            host,
            int(_text(settings.get("port")) or Server("").port),
            tls,
            _text(user),
            password,
            self.trusted(settings.get("ca_file")),
            _text(settings.get("helo")),
            timeouts,
        )
        channel = SmtpChannel(name, server, sender, per_minute=per_minute, test_addresses=test_addresses)
        return "smtp", channel, sender

    def webhook(
        self, name: str, settings: Map, per_minute: int, hosts: tuple[str, ...]
    ) -> tuple[str, Channel, Sender | None] | None:
        secret = self.secret(settings.get("secret"))
        url = settings.get("url") or settings
        if secret is None:
            return None
        peer = Peer(
            _text(url),
            hosts,
            secret,
            _text(settings.get("idempotent")) == "true",
            _text(settings.get("lookup")),
            _text(settings.get("loopback")) == Reserved.ALLOWED.value,
            self.trusted(settings.get("ca_file")),
        )
        if seconds := int(_text(settings.get("timeout_seconds")) or 0):
            peer = replace(peer, connect_timeout=seconds, answer_timeout=seconds)
        try:
            return "webhook", WebhookChannel(name, peer, per_minute=per_minute), None
        except NotAllowed as error:
            help_ = "write `https://`, the full name of a host, and name that host under `hosts:`"
            self.problem("url-not-allowed", url.span, f"no request goes to `{_text(url)}`: {error}", help_)
            return None

    def holds(self, key: Scalar, settings: Map) -> tuple[str, Channel, Sender | None] | None:
        if (where := self.kept_in(key, settings)) is None:
            return None
        path, table, shown = where
        store = HoldTable(path, table) if table else HoldFile(path, _text(settings.get("creditor")) or DEFAULT_CREDITOR)
        return "holds", HoldsChannel(key.text, store, shown=shown), None

    def limits(self, key: Scalar, settings: Map) -> tuple[str, Channel, Sender | None] | None:
        currency = settings.get("currency")
        if currency is not None and _text(currency) not in SCALES:
            help_ = "write an ISO 4217 code, such as `EUR`"
            self.problem("unknown-currency", currency.span, f"`{_text(currency)}` is not a currency", help_)
            return None
        if (where := self.kept_in(key, settings)) is None:
            return None
        path, table, shown = where
        creditor = _text(settings.get("creditor")) or DEFAULT_CREDITOR
        store = LimitTable(path, table) if table else LimitFile(path, creditor, _text(currency))
        return "limits", LimitsChannel(key.text, store, shown=shown), None

    def kept_in(self, key: Scalar, settings: Map) -> tuple[Path, str, str] | None:
        """Where rows of the book are kept: the file or database, the table in it, and how the file names it."""
        file, database, table = (settings.get(word) for word in ("file", "database", "table"))
        if (file is None) == (database is None) or (database is None) != (table is None):
            message = f"`{key.text}` does not say where its rows are"
            self.problem("missing-key", key.span, message, "give `file`, or `database` and `table`")
            return None
        where = file or database
        if where is None or (path := self.own_file(where)) is None:
            return None
        return path, _text(table), _text(where)

    # Values.

    def sender(self, node: Node | None, *, test_addresses: bool) -> Sender | None:
        if not isinstance(node, Map):
            return None
        sender = Sender(*(_text(node.get(word)) for word in ("address", "name", "reply_to")))
        for word in ("address", "reply_to"):
            value = node.get(word)
            try:
                if value is not None:
                    checked_address(_text(value), test_addresses=test_addresses)
            except Unsendable as error:
                self.problem(error.rule, value.span if value else node.span, str(error), "write an address of your own")
        try:
            header_text(sender.name)
        except Unsendable as error:
            self.problem(error.rule, node.span, str(error), "write the name as people read it")
        return None if self.problems else sender

    def secret(self, node: Node | None) -> Secret | None:
        if not isinstance(node, Map):
            return None
        if len(node.entries) != 1:
            self.problem("no-secret", node.span, "a secret is in one place", "give `env` or `file`")
            return None
        [entry] = node.entries
        text = _text(entry.value)
        if entry.key.text == "env":
            if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
                help_ = "write its name, such as `MAIL_PASSWORD`, and never the secret itself"
                self.problem("no-secret", entry.value.span, "this is not the name of a variable", help_)
                return None
            secret = from_environment(text, self.environ)
        else:
            secret = from_file(self.home.path / text)
        if self.live:
            # Where nothing leaves, nothing secret need be there.
            try:
                secret.reveal()
            except NoSecret as error:
                self.problem("no-secret", entry.value.span, str(error), "put the secret there before anything leaves")
        return secret

    def trusted(self, node: Node | None) -> Path | None:
        if node is None:
            return None
        path = self.home.path / _text(node)
        if not path.is_file():
            self.problem("no-such-file", node.span, f"there is no file `{_text(node)}`", "name a file of certificates")
        return path

    def own_file(self, node: Node) -> Path | None:
        """A regular file under the home."""
        real = (self.home.path / _text(node)).resolve()
        if not real.is_relative_to(self.home.path.resolve()):
            message = f"`{_text(node)}` is outside the home of the policies"
            self.problem("outside-the-home", node.span, message, "put the file, not a link to it, into that folder")
            return None
        if not real.is_file():
            self.problem("no-such-file", node.span, f"there is no file `{_text(node)}`", "look at the name")
            return None
        return real

    def words(self, node: Node | None) -> list[str]:
        return [_text(item) for item in node.items] if isinstance(node, List) else []

    def problem(self, rule: str, span: Span, message: str, help_: str) -> None:
        line = self.lines[span.line - 1] if 0 < span.line <= len(self.lines) else ""
        self.problems.append(Problem(rule, span, message, help_, line))


def _text(node: Node | None) -> str:
    return node.text if isinstance(node, Scalar) else ""
