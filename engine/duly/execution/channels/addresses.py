"""Which e-mail addresses a message may go to.

One plain address of ASCII characters: no name, comment, quotes, source route,
percent hack or leading dash, so that every program on the way reads the same
one. A domain of another script is written in its `xn--` form, and one whose
letters imitate another script is refused. SMTPUTF8 is not used: half of the
world's servers would refuse it, and look-alikes would come back.
"""

from __future__ import annotations

import re
from contextlib import suppress

from duly.book.columns import EMAIL_PATTERN
from duly.book.faults import mixes_scripts
from duly.execution.ports import Unsendable
from duly.shown import printable

_ADDRESS = re.compile(EMAIL_PATTERN)

MOST_ADDRESS = 254
MOST_LOCAL = 64

TEST_DOMAINS = frozenset({"test", "example", "invalid", "localhost"})
"""Top-level domains at which nobody can have mail (RFC 2606, RFC 6761)."""

TEST_HOSTS = frozenset({"example.com", "example.net", "example.org", "example.edu"})


def checked_address(address: str, *, test_addresses: bool = True) -> str:
    """The address itself, where mail may go to it; raises `Unsendable`.

    `test_addresses` says whether a domain that is reserved for tests will do.
    """
    if not address:
        raise Unsendable("no-address", "no e-mail address is known")
    local, _, domain = address.rpartition("@")
    too_long = len(address) > MOST_ADDRESS or len(local) > MOST_LOCAL
    if too_long or not _ADDRESS.fullmatch(address):
        rule = "address-confusable" if mixes_scripts(domain) else "bad-email"
        # Written with escapes, what only looks like an address can be seen.
        seen = printable(address.encode("ascii", "backslashreplace").decode())
        raise Unsendable(rule, f"`{seen}` is not a plain e-mail address")
    if any(mixes_scripts(label) for label in _in_own_script(domain)):
        raise Unsendable("address-confusable", f"`{address}` mixes letters of different scripts")
    if not test_addresses and is_test_domain(domain):
        raise Unsendable("test-address-in-live", f"`{address}` is an address for tests")
    return address


def is_test_domain(domain: str) -> bool:
    """Say whether a domain is reserved for tests and examples."""
    labels = domain.lower().rstrip(".").split(".")
    return labels[-1] in TEST_DOMAINS or ".".join(labels[-2:]) in TEST_HOSTS


def _in_own_script(domain: str) -> list[str]:
    found = []
    for label in domain.lower().split("."):
        if label.startswith("xn--"):
            with suppress(UnicodeError):
                found.append(label.removeprefix("xn--").encode("ascii").decode("punycode"))
    return found
