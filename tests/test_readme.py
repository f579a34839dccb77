"""The README says what happens: its commands are run again and their output compared.

In each `console` block, `$ duly …` is run; `$ make demo` is taken for the lines that its recipe runs and
prints; other commands stand as written, and those that call make name a target. A `yaml` block whose first
line is a comment with a path is that file. `make record` writes the output again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

from duly.figures.formulas import FORMULAS
from tests.replay import CHECKOUT, PROMPT, lay_out, run

README = CHECKOUT / "README.md"

CONSOLE = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```yaml\n# ([\w./-]+)\n.*?^```$", re.MULTILINE | re.DOTALL)


def demo_recipe() -> Iterator[str]:
    """The lines that `make demo` prints and runs once all is set up."""
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    match = re.search(r"^demo:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert match is not None
    for line in match[1].splitlines():
        if not line.strip().startswith("@"):
            yield line.strip().replace("$(BIN)", ".venv/bin")


def rerun(block: str) -> str:
    """A console block with the output as it is now."""
    lines: list[str] = []
    as_written = False
    for line in block.splitlines():
        if line.startswith(PROMPT):
            lines += [line, *run(line)]
        elif line == "$ make demo":
            lines.append(line)
            for command in demo_recipe():
                lines += [command, *run(command.replace(".venv/bin/duly ", PROMPT))]
        elif line.startswith("$ ") or as_written:
            lines.append(line)
        if line.startswith("$ "):
            as_written = not line.startswith(PROMPT) and line != "$ make demo"
    return "".join(f"{line}\n" for line in lines)


def test_the_commands_print_what_the_readme_shows(tmp_path: Path, *, record: bool) -> None:
    text = README.read_text(encoding="utf-8")
    lay_out(tmp_path)
    for file in FILE.finditer(text):
        body = file[0].removeprefix("```yaml\n").removesuffix("```")
        (tmp_path / file[1]).write_text(body, encoding="utf-8")
    with chdir(tmp_path):
        now = CONSOLE.sub(lambda block: rerun(block[0]), text)
    if record:
        README.write_text(now, encoding="utf-8")
    else:
        assert now == text


def test_every_make_target_in_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", README.read_text(encoding="utf-8"))) <= targets


def glossary() -> Iterator[tuple[str, str, str]]:
    """Each row of the table of words: the word, the keys in a policy, the names in the code."""
    text = README.read_text(encoding="utf-8")
    table = text.split("## Words", 1)[1].split("\n## ", 1)[0]
    for row in re.findall(r"^\| (.*) \|$", table, re.MULTILINE)[1:]:
        word, _, keys, names = row.split(" | ")
        yield word, keys, names


def test_every_word_of_the_glossary_is_a_key_of_the_policy_and_a_name_in_the_code() -> None:
    schema = (CHECKOUT / "schemas" / "policy.schema.json").read_text(encoding="utf-8")
    code = "\n".join(path.read_text(encoding="utf-8") for path in (CHECKOUT / "engine" / "duly").rglob("*.py"))
    rows = list(glossary())
    assert rows
    for word, keys, names in rows:
        for key in re.findall(r"`(\w+)`", keys):
            assert f'"{key}"' in schema, (word, key)
        for name in re.findall(r"`(\w+)`", names):
            assert re.search(rf"^(class {name}\b|{name} = )", code, re.MULTILINE), (word, name)


def test_every_formula_stands_in_the_readme_with_its_source() -> None:
    text = README.read_text(encoding="utf-8")
    rows = (f"| {f.title} (`{f.name}`, version {f.version}) | {f.unit} | {f.says} | {f.source} |" for f in FORMULAS)
    assert [row for row in rows if row not in text] == []
