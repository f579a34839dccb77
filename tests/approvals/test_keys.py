"""A person's own key: kept for its owner alone, and never one that anybody could sign for."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from duly.journal.keys import PublicKey, make_key, public_key, read_key, write_key
from duly.source import Refused
from tests.approvals.building import key_of


def never_asked() -> str:
    raise AssertionError("there is no passphrase to ask for")


def refused(path: Path, passphrase: str = "") -> str:
    """The name of what is wrong."""
    with pytest.raises(Refused) as found:
        read_key(path, lambda: passphrase)
    assert found.value.exit_code == 5
    [problem] = found.value.problems
    return problem.rule


@pytest.mark.parametrize("passphrase", [pytest.param("", id="open"), pytest.param("schlüssel 1", id="locked")])
def test_a_key_is_read_back_as_it_was_written(tmp_path: Path, passphrase: str) -> None:
    key, path = make_key(), tmp_path / "new" / "ochre.pem"
    write_key(path, key, passphrase)
    read = read_key(path, (lambda: passphrase) if passphrase else never_asked)
    assert read.public == key.public
    assert key.public.verifies(read.sign(b"text"), b"text")
    assert not key.public.verifies(read.sign(b"text"), b"Text")


def test_two_keys_are_never_the_same() -> None:
    assert make_key().public != make_key().public


def test_only_its_owner_can_read_a_key_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "ochre.pem"
    before = os.umask(0)
    try:
        write_key(path, make_key())
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_locked_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    path = tmp_path / "ochre.pem"
    write_key(path, make_key(), "right")
    assert b"ENCRYPTED" in path.read_bytes()
    assert refused(path, "wrong") == "wrong-passphrase"
    assert refused(path, "") == "wrong-passphrase"


@pytest.mark.parametrize("there", [pytest.param("file", id="a-file"), pytest.param("link", id="a-link-to-nowhere")])
def test_no_file_is_written_over(tmp_path: Path, there: str) -> None:
    path = tmp_path / "ochre.pem"
    if there == "link":
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.write_text("mine")
    with pytest.raises(Refused) as found:
        write_key(path, make_key())
    assert [problem.rule for problem in found.value.problems] == ["key-exists"]
    assert [p.name for p in tmp_path.iterdir()] == ["ochre.pem"]
    assert there == "link" or path.read_text() == "mine"


@pytest.mark.parametrize(
    ("mode", "used"),
    [
        pytest.param(0o600, True, id="its-owner"),
        pytest.param(0o400, True, id="its-owner-to-read"),
        pytest.param(0o640, False, id="its-group"),
        pytest.param(0o602, False, id="anybody-to-write"),
    ],
)
def test_a_key_that_others_may_use_is_not_used(tmp_path: Path, mode: int, *, used: bool) -> None:
    path = tmp_path / "ochre.pem"
    write_key(path, make_key())
    path.chmod(mode)
    if used:
        read_key(path, never_asked)
    else:
        assert refused(path) == "key-not-private"


def pem_of_another_kind() -> bytes:
    key = generate_private_key(SECP256R1())
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n", id="nonsense"),
        pytest.param(b"\xff" * 17_000, id="too-long"),
        pytest.param(pem_of_another_kind(), id="a-key-of-another-kind"),
    ],
)
def test_what_is_no_key_to_sign_with_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ochre.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    assert refused(path) == "not-a-key"


@pytest.mark.parametrize("there", ["nothing", "a-folder", "a-pipe"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, there: str) -> None:
    path = tmp_path / "ochre.pem"
    if there == "a-folder":
        path.mkdir()
    if there == "a-pipe":
        os.mkfifo(path, 0o600)
    assert refused(path) in {"no-key", "not-a-key"}


def test_a_key_is_never_shown() -> None:
    assert "Private" in repr(key_of("ochre"))
    assert "_key" not in repr(key_of("ochre"))


# Public keys.


def test_a_public_key_reads_as_it_is_written() -> None:
    key = key_of("ochre").public
    assert public_key(key.text) == key


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("not base64!", id="no-base64"),
        pytest.param("AAAA", id="too-short"),
        pytest.param(key_of("ochre").public.text[:-1], id="without-its-padding"),
        pytest.param(key_of("ochre").public.text + "\n", id="with-a-line-break"),
        pytest.param(key_of("ochre").public.text[:-2] + "9=", id="another-spelling-of-its-end"),
        pytest.param("ü" * 44, id="no-ascii"),
    ],
)
def test_a_public_key_has_one_spelling(text: str) -> None:
    assert public_key(text) is None


PRIME = 2**255 - 19
WEAK = [
    *(y.to_bytes(32, "little") for y in (0, 1, PRIME - 1, PRIME, PRIME + 1)),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]


@pytest.mark.parametrize("raw", WEAK, ids=[raw.hex()[:8] for raw in WEAK])
@pytest.mark.parametrize("sign", [0, 0x80], ids=["even", "odd"])
def test_a_key_of_small_order_is_known_as_weak(raw: bytes, sign: int) -> None:
    assert PublicKey(raw[:31] + bytes([raw[31] | sign])).is_weak


def test_a_key_that_was_made_is_not_weak() -> None:
    assert not any(make_key().public.is_weak for _ in range(20))


def test_for_a_weak_key_anybody_can_sign_anything() -> None:
    # This is why they are refused: the library itself takes this signature, made without a key.
    neutral = (1).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), b"anything")
    assert PublicKey(neutral).verifies(neutral + bytes(32), b"anything at all")
