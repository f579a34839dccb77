"""What is known of the parts of one policy changes nothing that is said of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from duly.language.gate import read_tree
from duly.language.schema import policy_schema
from duly.language.shape import shape_problems

STANDARD = Path("policies/standard.yaml").read_bytes().splitlines(keepends=True)

DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "a line lost": lambda line: b"",  # noqa: ARG005
    "another value": lambda line: line.replace(b": ", b": [7] #", 1),
    "another key": lambda line: line.replace(b"a", b"zz", 1),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_part_that_was_sound_before_is_judged_as_by_the_schema_alone(damage: str) -> None:
    wrong = 0
    for at in range(0, len(STANDARD), 23):
        text = b"".join((*STANDARD[:at], DAMAGES[damage](STANDARD[at]), *STANDARD[at + 1 :]))
        root = read_tree(text, "standard.yaml").root
        if root is not None:
            said = list(shape_problems(root, policy_schema()))
            # Asked again: what was found wrong is no more sound than before.
            assert [list(shape_problems(root)) for _ in range(2)] == [said, said], at
            wrong += bool(said)
    assert wrong
