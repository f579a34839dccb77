"""`duly prove`: what a policy promises, proved, or a customer for whom it does not hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from duly_cli.params import POLICY

if TYPE_CHECKING:
    from duly.language.policy import Policy

FINDINGS = 1
NOT_PROVED = 9


@click.command()
@click.argument("policy", type=POLICY)
@click.option("--guarantee", "only", multiple=True, help="Prove only this one; may be said several times.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(ctx: click.Context, policy: Policy, only: tuple[str, ...], format_: str) -> None:
    """Prove the guarantees of POLICY for every account that can exist, or show a customer who breaks one.

    Rules that can never act are named as well. Exits with 1 where a guarantee does
    not hold or says nothing, and with 9 where one could not be proved: silence is no proof.
    """
    from duly.reports import prove as report
    from duly.review.prove.idle import idle_rules
    from duly.review.prove.proof import Verdict, prove

    known = [guarantee.id for guarantee in policy.guarantees]
    for name in only:
        if name not in known:
            raise click.BadParameter(f"`{name}` is not a guarantee of the policy: there are {', '.join(known)}")
    proofs = [prove(policy, guarantee) for guarantee in policy.guarantees if not only or guarantee.id in only]
    idle = () if only else idle_rules(policy)
    if format_ == "json":
        click.echo(json.dumps(report.as_json(policy, proofs, idle), ensure_ascii=False, indent=2))
    else:
        click.echo(report.as_text(policy, proofs, idle), nl=False)
    verdicts = {proof.verdict for proof in proofs}
    if idle or verdicts & {Verdict.DISPROVED, Verdict.EMPTY}:
        ctx.exit(FINDINGS)
    if Verdict.NOT_PROVED in verdicts:
        ctx.exit(NOT_PROVED)
