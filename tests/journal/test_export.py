"""An export is checked by a program that knows nothing of duly, and no change to it is silent."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from duly.journal import checkpoints, verify_export
from duly.journal.entry import GENESIS, Draft, Event, canonical
from duly.journal.erase import erase
from duly.journal.export import export_lines
from duly.journal.verify_export import wrong
from tests.conftest import Counted
from tests.journal.journals import OPERATOR, Clock, folder_of, handed_over, new, with_some_entries

PROGRAM = Path(verify_export.__file__)


def exported(folder: Path, *, personal: bool = True) -> bytes:
    """A small journal's export: two actions, one of them of a customer whose personal data was erased."""
    with contextlib.closing(new(folder)) as store:
        store.append(*handed_over("k1", "Grün"), *handed_over("k2", "C2"))
        erase(store, "C2", by=OPERATOR, because="asked")
        checkpoints.sign(folder_of(store), store, clock=Clock())
        lines = export_lines(store, checkpoints.checkpoints(folder_of(store)), personal=personal)
        return "".join(lines).encode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def export(folder: Path) -> bytes:
    return exported(folder)


@pytest.fixture(scope="module")
def key(folder: Path, export: bytes) -> bytes:
    assert export
    return checkpoints.public_key(folder / "journal" / "try")


def lines_of(export: bytes) -> list[bytes]:
    return export.splitlines(keepends=True)


def entry_line(export: bytes, seq: int) -> int:
    """Where the line of an entry is: behind the header, in order."""
    line = lines_of(export)[seq]
    assert json.loads(line)["entry"]["seq"] == seq
    return seq


LAST = 8


def test_an_export_as_it_was_written_has_nothing_wrong_with_it(export: bytes, key: bytes) -> None:
    assert wrong(export) == ""
    assert wrong(export, key) == ""
    kinds = [next(iter(json.loads(line))) for line in lines_of(export)]
    assert kinds == ["journal", *["entry"] * LAST, "personal", "checkpoint", "checkpoint"]


def test_an_export_without_personal_values_has_none_and_verifies(tmp_path: Path) -> None:
    export = exported(tmp_path, personal=False)
    assert b"@sample.test" not in export
    assert wrong(export) == ""


def test_the_verifier_is_short_and_imports_nothing_of_the_project() -> None:
    text = PROGRAM.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 100
    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {str(name).partition(".")[0] for name in imported} - set(sys.stdlib_module_names) == {"cryptography"}


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param([], 0, id="as it is"),
        pytest.param(["--key", "own"], 0, id="with its key"),
        pytest.param(["--key", "other"], 8, id="with another key"),
        pytest.param(["--checkpoint", "own"], 0, id="with its checkpoints"),
        pytest.param(["--checkpoint", "later"], 8, id="with a later checkpoint"),
        pytest.param(["--erased", "ok"], 0, id="erased values allowed"),
    ],
)
def test_the_verifier_is_a_program_of_its_own(
    folder: Path, export: bytes, tmp_path: Path, options: list[str], code: int
) -> None:
    own = folder / "journal" / "try"
    other = tmp_path / "other"
    other.mkdir()
    checkpoints.make_key(other)
    later = json.loads((own / checkpoints.FILE).read_bytes().splitlines()[-1]) | {"seq": LAST + 1}
    (tmp_path / "later").write_bytes(canonical(later))
    files = {
        ("--key", "own"): own / checkpoints.PUBLIC,
        ("--key", "other"): other / checkpoints.PUBLIC,
        ("--checkpoint", "own"): own / checkpoints.FILE,
        ("--checkpoint", "later"): tmp_path / "later",
    }
    (tmp_path / "export.jsonl").write_bytes(export)
    given = [str(files.get((options[0], part), part)) for part in options] if options else []
    # `-I` keeps the project out of its path.
    command = [sys.executable, "-I", str(PROGRAM), str(tmp_path / "export.jsonl"), *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (code, "")
    assert (code == 0) == done.stdout.startswith("every entry")


def test_every_flipped_bit_is_seen(export: bytes, counted: Counted) -> None:
    content = bytearray(export)
    silent = []
    for at in range(len(content)):
        for bit in range(8):
            content[at] ^= 1 << bit
            if not wrong(bytes(content)):
                silent.append((at, bit))
            content[at] ^= 1 << bit
    assert silent == []
    assert bytes(content) == export
    counted("an exported journal", bits_flipped=len(content) * 8, silent=len(silent))


@pytest.mark.parametrize("seq", range(1, LAST + 1))
def test_the_entry_that_was_changed_is_named(export: bytes, seq: int) -> None:
    lines = lines_of(export)
    at = entry_line(export, seq)
    lines[at] = lines[at].replace(b'"run":"', b'"run":"x')
    assert wrong(b"".join(lines)).startswith(f"entry {seq} (line {seq + 1}): ")


def test_a_line_that_is_left_out_is_seen_whichever_it_is(export: bytes) -> None:
    lines = lines_of(export)
    # Without the first of two checkpoints nothing is missing that the second does not sign.
    silent = [n for n in range(len(lines)) if not wrong(b"".join(lines[:n] + lines[n + 1 :]))]
    assert silent == [LAST + 2]


def test_a_line_that_is_there_twice_is_seen_whichever_it_is(export: bytes) -> None:
    lines = lines_of(export)
    twice = [n for n in range(len(lines)) if not wrong(b"".join(lines[: n + 1] + lines[n:]))]
    # A checkpoint said twice says nothing else.
    assert twice == [LAST + 2, LAST + 3]


def test_two_lines_that_changed_places_are_seen_whichever_they_are(export: bytes) -> None:
    lines = lines_of(export)
    silent = []
    for one in range(len(lines)):
        for other in range(one + 1, len(lines)):
            swapped = list(lines)
            swapped[one], swapped[other] = swapped[other], swapped[one]
            if not wrong(b"".join(swapped)):
                silent.append((one, other))
    assert silent == []


def test_a_file_that_is_cut_off_is_seen_wherever(export: bytes) -> None:
    silent = [size for size in range(len(export)) if not wrong(export[:size])]
    assert silent == []


def anew(export: bytes, change: Callable[[dict[str, object]], None]) -> list[bytes]:
    """The lines with every entry hashed anew after a change, and nothing signed."""
    previous, lines = GENESIS, []
    for line in lines_of(export):
        record = json.loads(line)
        if entry := record.get("entry"):
            change(entry)
            del entry["hash"]
            entry["previous"] = previous
            previous = entry["hash"] = hashlib.sha256(canonical(entry)).hexdigest()
        lines.append(canonical(record) + b"\n")
    return lines


def forging(entry: dict[str, object]) -> None:
    if entry["seq"] == 4:
        entry["by"] = "somebody else"


def test_hashing_anew_gives_the_same_lines_where_nothing_was_changed(export: bytes) -> None:
    assert b"".join(anew(export, lambda _: None)) == export


def test_a_chain_made_anew_without_the_key_is_seen(export: bytes) -> None:
    assert "is not the one that was signed" in wrong(b"".join(anew(export, forging)))


def test_a_chain_made_and_signed_anew_with_a_key_of_the_forger_shows_against_the_key(export: bytes, key: bytes) -> None:
    own = Ed25519PrivateKey.generate()
    public = own.public_key().public_bytes_raw().hex()

    def with_own_key(entry: dict[str, object]) -> None:
        forging(entry)
        if entry["seq"] == 1:
            entry["body"] = {**dict(entry["body"]), "public_key": public}  # type: ignore[call-overload]

    lines = [json.loads(line) for line in anew(export, with_own_key)]
    lines[0]["journal"]["public_key"] = public
    hashes = {line["entry"]["seq"]: line["entry"]["hash"] for line in lines if "entry" in line}
    for line in lines:
        if point := line.get("checkpoint"):
            point["hash"] = hashes[point["seq"]]
            del point["signature"]
            point["signature"] = own.sign(canonical(point)).hex()
    forged = b"".join(canonical(line) + b"\n" for line in lines)
    assert wrong(forged) == ""
    assert wrong(forged, key) == "the whole: the public key is another one than that given"
    kept = [json.loads(line)["checkpoint"] for line in lines_of(export) if b'"checkpoint"' in line]
    assert wrong(forged, None, b"\n".join(map(canonical, kept))) != ""


def test_a_missing_personal_value_is_seen_unless_it_may_be_missing(export: bytes) -> None:
    without = b"".join(line for line in lines_of(export) if not line.startswith(b'{"personal"'))
    assert wrong(without) == "the whole: a value of entry [2] is gone"
    assert wrong(without, erased_ok=True) == ""


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\n", id="an empty line"),
        pytest.param(b"[" * 100_000 + b"\n", id="a hundred thousand brackets"),
        pytest.param(b"\xff\xfe\n", id="no text"),
        pytest.param(b'{"journal":{}}\n', id="an empty header"),
        pytest.param(b'{"journal":[]}\n', id="a header that is a list"),
        pytest.param(b'{"entry":{}}\n', id="no header"),
        pytest.param(b'{"__init__":{}}\n', id="a kind that is none"),
        pytest.param(b'{"journal":{"format":1,"personal":"included"}}\n{"entry":{"seq":1}}\n', id="half an entry"),
        pytest.param(b"1" * 10_000 + b"\n", id="a long number"),
    ],
)
def test_whatever_is_no_export_is_said_to_be_none(content: bytes) -> None:
    assert wrong(content) != ""


def test_an_export_goes_on_to_its_last_checkpoint_and_no_further(tmp_path: Path) -> None:
    with contextlib.closing(with_some_entries(tmp_path)) as store:
        kept = checkpoints.checkpoints(folder_of(store))
        store.append(Draft(Event.CALL, OPERATOR))
        export = "".join(export_lines(store, kept)).encode()
    assert wrong(export) == ""
    assert export.count(b'{"entry"') == kept[-1].seq
