"""A process that has everything imported and forks another for each line that it is told."""

from __future__ import annotations

import subprocess
import sys


class Forking:
    """Starts Python with the arguments; what runs there answers each line with the exit code of what it forked."""

    def __init__(self, *arguments: str) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, *arguments], stdin=pipe, stdout=pipe, text=True, bufsize=1)

    def tell(self, *words: object) -> None:
        """Have one forked."""
        assert self._process.stdin
        self._process.stdin.write("\t".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def ended(self) -> int:
        """How the one that was forked first, and not asked for yet, ended: its exit code."""
        assert self._process.stdout
        return int(self._process.stdout.readline())

    def close(self) -> None:
        """End the process once it has nothing left to do."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()
