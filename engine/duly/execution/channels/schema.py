"""The JSON Schema of `channels.yaml`, for editors and for reading it.

Every object is closed and nothing refers to another file. What a schema cannot
say (names that must exist, a URL that may be spoken to) is left to
`configured`. `python -m duly.execution.channels.schema` writes the file again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

from duly.execution.channels.routes import Route
from duly.execution.channels.smtp_session import Tls
from duly.language.schema import NAME, Schema, as_text

VERSION = 1
"""The version of the file's language, the value of `duly_channels:`."""

OUTBOX = "outbox"
"""The channel that is always there."""

KINDS = ("smtp", "webhook", "holds", "limits")
"""What a channel may be; exactly one of them."""


class Reserved(Enum):
    """Whether something that is for tests may be used."""

    REFUSED = "refused"
    ALLOWED = "allowed"


def channels_schema() -> Schema:
    """The schema of `channels.yaml`."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "duly channels",
        **_record(
            "How things leave.",
            {
                "duly_channels": {"description": "Version of the file's language.", "enum": [VERSION]},
                "hosts": _list("The only hosts that webhooks may speak to.", _text("A host by its full name.", 253)),
                "channels": {
                    "type": "object",
                    "description": "Ways out, by names that you give.",
                    "patternProperties": {NAME: _CHANNEL},
                    "additionalProperties": False,
                },
                "use": _record(
                    "By which channel each thing leaves; the outbox where nothing is said.",
                    {route.value: _name(f"A channel, or `{OUTBOX}`.") for route in Route},
                ),
            },
            required=("duly_channels",),
        ),
    }


def _record(description: str, properties: Mapping[str, object], *, required: Iterable[str] = ()) -> Schema:
    schema: Schema = {"type": "object", "description": description, "properties": dict(properties)}
    if required:
        schema["required"] = list(required)
    return schema | {"additionalProperties": False}


def _text(description: str, most: int = 500) -> Schema:
    return {"type": "string", "description": description, "minLength": 1, "maxLength": most}


def _name(description: str) -> Schema:
    return {"type": "string", "description": description, "pattern": NAME, "maxLength": 40}


def _whole(description: str, least: int, most: int) -> Schema:
    return {"type": "integer", "description": description, "minimum": least, "maximum": most}


def _choice(description: str, words: type[Enum]) -> Schema:
    return {"description": description, "enum": [word.value for word in words]}


def _list(description: str, item: Schema) -> Schema:
    return {"type": "array", "description": description, "items": item, "minItems": 1, "uniqueItems": True}


_SECRET = _record(
    "Where a secret is: in an environment variable or in a file that its owner alone can read.",
    {"env": _text("The variable's name.", 100), "file": _text("The file, relative to this one.")},
)
_CA_FILE = _text("Certificates to trust instead of the system's, relative to this file.")
_TIMEOUT = _whole("Seconds to wait for an answer.", 1, 600)

_SMTP = _record(
    "A mail server.",
    {
        "host": _text("Its name.", 253),
        "port": _whole("Its port; 587 where left out.", 1, 65_535),
        "tls": _choice("How the conversation is kept private; `none` for a server on this machine only.", Tls),
        "user": _text("Who logs in."),
        "password": _SECRET,
        "from": _record(
            "Who messages are from.",
            {
                "address": _text("The address.", 254),
                "name": _text("The name shown."),
                "reply_to": _text("Where answers go; to the collector where left out.", 254),
            },
            required=("address",),
        ),
        "ca_file": _CA_FILE,
        "helo": _text("How this machine introduces itself.", 253),
        "timeout_seconds": _TIMEOUT,
    },
    required=("host", "from"),
)

_WEBHOOK = _record(
    "Another system, told by HTTPS.",
    {
        "url": _text("Where requests go; its host is one of `hosts`.", 2_000),
        "secret": _SECRET,
        "idempotent": {
            "type": "boolean",
            "description": "Whether it takes the same Idempotency-Key twice without doing it twice.",
        },
        "lookup": _text("A URL with `{key}` in it, at which it says whether it has done an action.", 2_000),
        "loopback": _choice("Whether it may be on this machine.", Reserved),
        "ca_file": _CA_FILE,
        "timeout_seconds": _TIMEOUT,
    },
    required=("url", "secret"),
)

_ROWS = {
    "file": _text("The CSV file with the book's columns, relative to this file."),
    "database": _text("The SQLite database, relative to this file."),
    "table": _text("Its table with the book's columns.", 100),
    "creditor": _text("The creditor's id where a row names none.", 100),
}

_HOLDS = _record("Where credit holds are kept: a CSV file, or a table of an SQLite database.", _ROWS)

_LIMITS = _record(
    "Where credit limits are kept: a CSV file, or a table of an SQLite database.",
    _ROWS | {"currency": _text("The currency where a row names none.", 3)},
)

_CHANNEL = _record(
    "A way out: one of `smtp`, `webhook`, `holds`, `limits`.",
    {
        "smtp": _SMTP,
        "webhook": _WEBHOOK,
        "holds": _HOLDS,
        "limits": _LIMITS,
        "per_minute": _whole("Most hand-overs a minute; 0 is no limit.", 0, 100_000),
        "test_addresses": _choice("Whether mail may go to domains that are reserved for tests.", Reserved),
    },
)


if __name__ == "__main__":
    folder = Path(*sys.argv[1:]) if sys.argv[1:] else Path("schemas")
    (folder / "channels.schema.json").write_text(as_text(channels_schema()), encoding="utf-8")
