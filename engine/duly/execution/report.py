"""What a run comes to: every action of the plan with what came of it, and what is left to do.

A value: how it is shown is the business of `reports`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from duly.journal.store import JournalFailed
from duly.plan.plan import Action
from duly.source import Refused


class Came(Enum):
    """What came of an action in a run."""

    ACCEPTED = "accepted"
    ALREADY_DONE = "already done"
    SKIPPED = "skipped"
    FAILED = "failed"
    DEFERRED = "deferred"
    UNKNOWN = "unknown"
    WAITING = "waiting"
    LEFT = "left"

    @property
    def is_final(self) -> bool:
        """Say whether nothing of this plan is left to do for the action."""
        return self in FINAL


FINAL = frozenset({Came.ACCEPTED, Came.ALREADY_DONE, Came.SKIPPED, Came.FAILED})


class Ending(Enum):
    """Why a run ended."""

    DONE = "done"
    CANARY = "canary"
    STOPPED = "stopped"
    REFUSED = "refused"
    JOURNAL_FAILED = "journal failed"


PARTLY_DONE = 7
JOURNAL_UNAVAILABLE = 8
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Result:
    """An action and what came of it; `reason` is one permanent word, `not_before` a moment as entries write it."""

    action: Action
    came: Came
    reason: str = ""
    explanation: str = ""
    not_before: str = ""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What a run came to; `results` are in the order of the plan.

    `checkpoint` is the journal's head as the run left it, signed where the caller
    signs; empty where the journal could not be read. `recovered` are the keys that a run
    before had left between the point of no return and the outcome. `problem` is what
    ended the run before its time.
    """

    run: str
    plan: str
    results: tuple[Result, ...]
    ending: Ending
    checkpoint: str = ""
    recovered: tuple[str, ...] = ()
    problem: JournalFailed | Refused | None = None

    @property
    def counts(self) -> Mapping[Came, int]:
        """How many actions came to what, in the order of `Came`; what never happened is left out."""
        seen = Counter(result.came for result in self.results)
        return {came: seen[came] for came in Came if seen[came]}

    @property
    def left(self) -> tuple[Result, ...]:
        """What is not finished: waiting, deferred, UNKNOWN, or not come to."""
        return tuple(result for result in self.results if not result.came.is_final)

    @property
    def unknown(self) -> tuple[Result, ...]:
        """What nobody knows the outcome of."""
        return tuple(result for result in self.results if result.came is Came.UNKNOWN)

    @property
    def exit_code(self) -> int:
        """0 all done, 7 something left or failed, 8 the journal failed, 130 stopped early, or the refusal's own."""
        match self.ending, self.problem:
            case Ending.JOURNAL_FAILED, _:
                return JOURNAL_UNAVAILABLE
            case _, Refused(exit_code=code):
                return code
            case Ending.STOPPED, _ if self.left:
                return INTERRUPTED
        if self.left or any(result.came is Came.FAILED for result in self.results):
            return PARTLY_DONE
        return 0
