"""Where things lie: the folder of a team that keeps its policies, templates, journal and channels together.

policies/     policies, and beside them approvers.yaml and NAME.cases.yaml, what NAME.yaml is expected to do
templates/    wording; the ones that come with the program where there is no folder
channels.yaml how things leave; the outbox alone where there is no file
journal/ENV/  the journal of an environment, its lock, its checkpoints, and STOP
outbox/ENV/   what the outbox channels wrote
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

APPROVERS = "approvers.yaml"
"""The file beside the policies that is none: who may approve."""

CASES = ".cases.yaml"
"""How the name of a file ends that holds the cases of the policy beside it."""


class Environment(Enum):
    """Only `live` may use real channels."""

    TRY = "try"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of a team."""

    path: Path

    @property
    def channels(self) -> Path:
        """How things leave."""
        return self.path / "channels.yaml"

    @property
    def templates(self) -> Path:
        """The team's own wording, which may not be there."""
        return self.path / "templates"

    @property
    def approvers(self) -> Path:
        """Who may approve, by public key."""
        return self.path / "policies" / APPROVERS

    def journal(self, environment: Environment) -> Path:
        """The folder of an environment's journal."""
        return self.path / "journal" / environment.value

    def stop_file(self, environment: Environment) -> Path:
        """A file of this name stops every run of the environment at the next safe point."""
        return self.journal(environment) / "STOP"

    def outbox(self, environment: Environment) -> Path:
        """Where the outbox channels write."""
        return self.path / "outbox" / environment.value


def home_of(policy_file: Path) -> Home:
    """The home of a policy: the folder above `policies/`, or the policy's own folder."""
    folder = policy_file.absolute().parent
    return Home(folder.parent if folder.name == "policies" else folder)
