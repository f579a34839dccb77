"""`duly schema`: the JSON Schema of a policy, for editors."""

from __future__ import annotations

import click

from duly.language.schema import as_text, overlay_schema, policy_schema


@click.command()
@click.option("--overlay", is_flag=True, help="The schema of a file that `extends` another.")
def command(*, overlay: bool) -> None:
    """Print the JSON Schema of a policy, for editors."""
    click.echo(as_text(overlay_schema() if overlay else policy_schema()), nl=False)
