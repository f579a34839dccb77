"""`duly prove`: what a policy promises, proved, or a customer for whom it does not hold."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from duly_cli.params import BOOK, DAY, FINDINGS, POLICY, today

if TYPE_CHECKING:
    from collections.abc import Iterable

    from duly.language.policy import Policy
    from duly.review.prove.customers import OnBook
    from duly.review.prove.proof import Proof

NOT_PROVED = 9


def _on_book(policy: Policy, proofs: Iterable[Proof], book: Path | None, as_of: date | None) -> OnBook | None:
    if book is None:
        return None
    from duly.book.read import read_book
    from duly.review.prove.customers import on_book

    return on_book(policy, proofs, read_book(book), as_of or today())


def _save(policy: Policy, proofs: Iterable[Proof], real: OnBook | None) -> None:
    from duly.review.cases.append import append_cases
    from duly.review.cases.load import cases_beside
    from duly.review.prove.as_case import NoCase, case_of

    for proof in proofs:
        of_book = real.broken[proof.guarantee.id].shown_on if real and proof.guarantee.id in real.broken else None
        found = of_book or proof.counterexample
        if found is None:
            continue
        try:
            file = append_cases(policy, case_of(policy, proof.guarantee, found, cases_beside(policy)))
        except NoCase as why:
            click.echo(f"{proof.guarantee.id}: {why}", err=True)
        else:
            click.echo(f"{proof.guarantee.id}: who breaks it is a case of {file} now", err=True)


@click.command()
@click.argument("policy", type=POLICY)
@click.option("--guarantee", "only", multiple=True, help="Prove only this one; may be said several times.")
@click.option("--book", type=BOOK, help="Show who of this book breaks a guarantee, where somebody does.")
@click.option("--as-of", type=DAY, help="The day to decide the book for; today where left out.")
@click.option("--save-case", is_flag=True, help="Write who breaks a guarantee into the cases beside the policy.")
@click.option("--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(
    ctx: click.Context,
    policy: Policy,
    only: tuple[str, ...],
    book: Path | None,
    as_of: date | None,
    save_case: bool,
    format_: str,
) -> None:
    """Prove the guarantees of POLICY for every account that can exist, or show a customer who breaks one.

    What nobody promised is looked at as well: rules that can never act, customers who get
    less for being later, gaps in a ladder, rules that undo each other, stages that can wait
    for ever. Exits with 1 where a guarantee does not hold or says nothing, or where one of
    these is found, and with 9 where something could not be proved: silence is no proof.
    """
    from duly.reports import prove as report
    from duly.review.prove.findings import Findings, findings
    from duly.review.prove.proof import Verdict, prove_all
    from duly.review.prove.subject import Subject

    known = [guarantee.id for guarantee in policy.guarantees]
    for name in only:
        if name not in known:
            raise click.BadParameter(f"`{name}` is not a guarantee of the policy: there are {', '.join(known)}")
    asked = [guarantee for guarantee in policy.guarantees if not only or guarantee.id in only]
    subject = Subject.of(policy, asked)
    proofs = list(prove_all(subject, asked))
    found = Findings() if only else findings(policy, subject)
    real = _on_book(policy, proofs, book, as_of)
    if format_ == "json":
        click.echo(json.dumps(report.as_json(policy, proofs, found, real), ensure_ascii=False, indent=2))
    else:
        click.echo(report.as_text(policy, proofs, found, real), nl=False)
    if save_case:
        _save(policy, proofs, real)
    verdicts = {proof.verdict for proof in proofs}
    if found.is_any or verdicts & {Verdict.DISPROVED, Verdict.EMPTY}:
        ctx.exit(FINDINGS)
    if found.unsettled or Verdict.NOT_PROVED in verdicts:
        ctx.exit(NOT_PROVED)
