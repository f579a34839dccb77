"""A git repository with policies in it, as a team would have one; dates, names and hashes are always the same."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ALONE = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
"""Git as it is without anybody's configuration."""


@dataclass
class Repository:
    """A folder under git; each commit is a day after the last one."""

    path: Path
    day: int = 0
    env: dict[str, str] = field(default_factory=dict)

    def git(self, *words: str) -> str:
        """What git prints."""
        done = subprocess.run(
            ["git", *words], cwd=self.path, env=os.environ | ALONE | self.env, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def write(self, text: str, name: str = "policies/standard.yaml") -> None:
        """Write a file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")

    def commit(self, message: str, *, author: str = "Credit Desk") -> str:
        """Commit everything, and give the commit's name."""
        self.day += 1
        self.git("add", "--all")
        self.git(*self._by(author), "commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def _by(self, author: str) -> tuple[str, ...]:
        mail = f"{author.split(maxsplit=1)[0].lower()}@example.com"
        moment = f"2026-03-{self.day:02}T09:00:00Z"
        self.env |= {"GIT_AUTHOR_DATE": moment, "GIT_COMMITTER_DATE": moment}
        return "-c", f"user.name={author}", "-c", f"user.email={mail}"


def new_repository(path: Path) -> Repository:
    """An empty repository."""
    path.mkdir(parents=True, exist_ok=True)
    repository = Repository(path)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("config", "user.name", "Credit Desk")
    repository.git("config", "user.email", "credit@example.com")
    return repository
