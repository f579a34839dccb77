"""Check an exported journal with nothing of duly: python verify_export.py FILE [--key PUB] [--checkpoint FILE].

Every line must be in its one spelling; every entry have the hash that it names, and name the hash before it; every
personal value be the one that was sealed, or erased later; every checkpoint be signed, and the last be of the last
entry. An older export, or one made anew as a whole, shows only against a public key (--key) and checkpoints
(--checkpoint) kept elsewhere. Exit 0 where all is well, 8 where not, with the first thing that is wrong.
"""

import argparse
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

KINDS = ["journal", "entry", "personal", "checkpoint"]
Line = dict[str, Any]


class _Reading:
    def journal(self, line: Line) -> None:
        self.head, self.hashes, self.signed = line, ["0" * 64], 0
        self.sealed, self.erased = dict[tuple[int, str], str](), set[int]()
        _must(line["format"] == 1 and line["personal"] in {"included", "left out"}, "it is no header")

    def entry(self, line: Line) -> None:
        record = {name: value for name, value in line.items() if name != "hash"}
        _must(line["seq"] == len(self.hashes), f"entry {line['seq']} stands in its place")
        _must(line["previous"] == self.hashes[-1], "it does not follow the entry before it")
        _must(hashlib.sha256(_spelled(record)).hexdigest() == line["hash"], "it is not what its hash says")
        _must(line["seq"] > 1 or self.head == {**line["body"], "personal": self.head["personal"]}, "it is not ours")
        self.hashes.append(line["hash"])
        self.sealed.update({(line["seq"], name): seal for name, seal in line["sealed"].items()})
        self.erased.update(line["body"]["entries"] if line["event"] == "erased" else ())

    def personal(self, line: Line) -> None:
        seal = hashlib.sha256(f"{line['salt']}\x1f{line['value']}".encode()).hexdigest()
        known = self.sealed.pop((line["seq"], line["name"]), "")
        _must(known == seal and line["seq"] not in self.erased, f"`{line['name']}` of entry {line['seq']} is wrong")

    def checkpoint(self, line: Line) -> None:
        record = {name: value for name, value in line.items() if name != "signature"}
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.head["public_key"]))
        key.verify(signature := bytes.fromhex(line["signature"]), _spelled(record))
        self.signed, ours = line["seq"], [self.head["journal"], self.head["environment"], signature.hex()]
        _must([line[name] for name in ("journal", "environment", "signature")] == ours, "it is of another journal")
        _must(self.signed < len(self.hashes), f"entry {len(self.hashes)} is missing, signed up to {self.signed}")
        _must(self.hashes[self.signed] == line["hash"], f"entry {self.signed} is not the one that was signed")


def _spelled(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _must(holds: bool, what: str) -> None:  # noqa: FBT001  (what must hold stands first)
    if not holds:
        raise ValueError(what)


def wrong(content: bytes, key: bytes | None = None, anchors: bytes = b"", *, erased_ok: bool = False) -> str:
    """The first thing that is wrong with an export; empty where all is well. `key` is the public one's 32 bytes."""
    reading, last, where, end = _Reading(), 0, "line 1", content.count(b"\n")
    lines = [*content.split(b"\n")[:-1], *(b'{"checkpoint":%b}' % point for point in anchors.splitlines())]
    try:
        _must(content.endswith(b"\n"), "the file is cut off")
        for number, text in enumerate(lines, start=1):
            is_entry = number > 1 >= last and not text.startswith((b'{"p', b'{"c'))
            where = f"entry {len(reading.hashes)} (line {number})" if is_entry else f"line {number}"
            [[kind, line]] = json.loads(text).items()
            _must(_spelled({kind: line}) == text, "it is not as it was written")
            before, last = last, KINDS.index(kind)
            _must(last >= before and (last == 0) == (number == 1), "it is out of its place")
            getattr(reading, kind)(line)
            _must(number != end or reading.signed == len(reading.hashes) - 1 > 0, "it does not sign the last entry")
        where = "the whole"
        _must(key is None or key.hex() == reading.head["public_key"], "the public key is another one than that given")
        gone = sorted(seq for seq, _ in reading.sealed if seq not in reading.erased)
        _must(not gone or erased_ok or reading.head["personal"] == "left out", f"a value of entry {gone[:1]} is gone")
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, InvalidSignature) as found:
        return f"{where}: {found if type(found) is ValueError else 'it is not as it was written, or signed'}"
    return ""


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Check an exported journal.")
    options.add_argument("file", type=Path)
    options.add_argument("--key", type=Path, help="public key kept elsewhere")
    options.add_argument("--checkpoint", type=Path, help="checkpoints kept elsewhere, one a line")
    options.add_argument("--erased", choices=["ok"], help="accept personal values that are missing")
    given = options.parse_args()
    public: Any = load_pem_public_key(given.key.read_bytes()) if given.key else None
    key, points = public and public.public_bytes_raw(), given.checkpoint.read_bytes() if given.checkpoint else b""
    found = wrong(given.file.read_bytes(), key, points, erased_ok=bool(given.erased))
    print(found or "every entry, value and checkpoint is as it was written")  # noqa: T201  (it is a program)
    sys.exit(8 if found else 0)
