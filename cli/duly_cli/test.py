"""`duly test`: whether policies do what their cases expect, and what the cases have not seen."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import FINDINGS

if TYPE_CHECKING:
    from duly.reports.cases import Tested


SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "generate": ("duly_cli.test_generate", "Propose cases that would see what is missing."),
    "mutate": ("duly_cli.test_mutate", "Change the policy, and say which changes no case notices."),
}
"""The words that are no path, with the module of each: `duly test generate`. A path of that name is `./generate`."""


class WithSubcommands(click.Command):
    """A command whose first word may name another, which is imported then."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """The context of what is run: of the command that the first word names, else of this one."""
        if args and args[0] in SUBCOMMANDS:
            module, _ = SUBCOMMANDS[args[0]]
            command = importlib.import_module(module).command
            assert isinstance(command, click.Command)
            return command.make_context(f"{info_name} {args[0]}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  (click's signature)
        """The list of what the first word may name."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in SUBCOMMANDS.items()])


@click.command(cls=WithSubcommands)
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--filter", "only", metavar="TEXT", default="", help="Run only the cases that have this in their name.")
@click.option("--junit", "junit_file", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit report.")
@click.option("--coverage", "covered", is_flag=True, help="Say what of the policies the cases have not seen.")
@click.option(
    "--threshold",
    metavar="PCT",
    type=click.IntRange(0, 100),
    help="Exit with 1 where less of the rules, outcomes or boundaries was seen; means --coverage.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    only: str,
    junit_file: Path | None,
    covered: bool,
    threshold: int | None,
    form: str,
) -> None:
    """Run the cases of policies: what each is expected to do, beside NAME.yaml in NAME.cases.yaml.

    PATH is a policy or a folder of policies; `policies` where left out. Exits with 1
    where a case is not as expected or too little was seen, and with 3 where a file
    cannot be loaded.
    """
    from duly.reports import cases as report

    tested = _tested(paths or (Path("policies"),), only, covered=covered or threshold is not None)
    if only and not any(one.results for one in tested):
        raise click.BadParameter(f"no case has `{only}` in its name", ctx, param_hint="--filter")
    if junit_file is not None:
        _write(junit_file, report.as_junit(tested))
    if form == "json":
        click.echo(json.dumps(report.as_json(tested), ensure_ascii=False, indent=2))
    else:
        click.echo(report.as_text(tested, threshold=threshold), nl=False)
    too_little = threshold is not None and any(c.coverage and not c.coverage.reaches(threshold) for c in tested)
    if too_little or any(one.failed for one in tested):
        ctx.exit(FINDINGS)


def _write(file: Path, text: str) -> None:
    from duly.reports.files import write_atomically

    try:
        write_atomically(file, [text])
    except OSError as failed:
        reason = (failed.strerror or "it cannot be written").lower()
        raise click.BadParameter(f"`{file}`: {reason}", param_hint="--junit") from None


def _tested(paths: Sequence[Path], only: str, *, covered: bool) -> list[Tested]:
    """Every policy of the paths with what became of its cases; raises `Refused` with all that cannot be loaded."""
    from duly.language.load import CANNOT_BE_LOADED, load_all
    from duly.reports.cases import Tested
    from duly.review.cases.coverage import coverage
    from duly.review.cases.load import cases_beside, cases_file, without_policy
    from duly.review.cases.run import Runner
    from duly.source import Refused, has_errors

    policies, found = load_all(_policy(path) for path in paths)
    problems = [*found, *without_policy(paths)]
    tested = []
    for policy in policies:
        try:
            cases = cases_beside(policy)
        except Refused as refused:
            problems += refused.problems
            continue
        runner, file = Runner(policy), cases_file(policy)
        results = tuple(runner.run(case) for case in cases if only in case.id)
        seen = coverage(policy, (day for result in results for day in result.days)) if covered else None
        tested.append(Tested(policy, file.as_posix(), results, file.exists(), seen))
    if has_errors(problems):
        raise Refused(problems, CANNOT_BE_LOADED)
    return tested


def _policy(path: Path) -> Path:
    """The policy that a path names: one may name the cases instead."""
    from duly.home import CASES

    return path.with_name(path.name.removesuffix(CASES) + ".yaml") if path.name.endswith(CASES) else path
