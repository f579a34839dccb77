"""`duly fmt`: the one layout of policy files."""

from __future__ import annotations

from pathlib import Path

import click

from duly_cli.params import FINDINGS

"""The exit code of `--check` where a file would change."""


@click.command()
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 where a file would change.")
@click.option("--diff", is_flag=True, help="Write nothing; show what would change.")
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], check: bool, diff: bool) -> None:
    """Lay policy files out alike; they say the same afterwards.

    PATH is a file or a folder of `*.yaml` files; `policies` where left out. Comments, the order of
    things, brackets and what stands below each other stay; indentation, spaces, blank lines and line
    ends are put right. Nothing is written where a file cannot be read (exit 3).
    """
    from duly.language.load import CANNOT_BE_LOADED
    from duly.language.rewrite import Rewritten, files_of, laid_out_file, write_back
    from duly.source import Problem, Refused

    problems: list[Problem] = []
    files: list[Rewritten] = []
    for path in paths or (Path("policies"),):
        try:
            files += [laid_out_file(file) for file in files_of(path)]
        except Refused as refused:
            problems += refused.problems
    if problems:
        raise Refused(problems, CANNOT_BE_LOADED)
    changed = [file for file in files if file.changed]
    for file in changed:
        if diff:
            click.echo("\n".join(file.diff()))
        elif not check:
            write_back(file)
    if not diff:
        done = "would be laid out anew" if check else "laid out anew"
        for file in changed:
            click.echo(f"{file.path.as_posix()}: {done}")
        click.echo(f"{len(files) - len(changed)} of {len(files)} as they should be")
    ctx.exit(FINDINGS if check and changed else 0)
