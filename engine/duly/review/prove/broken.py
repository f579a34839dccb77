"""Whether an account breaks a guarantee, by the meaning of the policy: no proof, and no solver."""

from __future__ import annotations

from duly.language.conditions import Facts, holds
from duly.language.policy import Guarantee, GuaranteeForm
from duly.rules.decision import Decision
from duly.rules.trace import decided


def breaks(guarantee: Guarantee, facts: Facts, decision: Decision, other: Decision | None = None) -> bool:
    """Say whether an account breaks a guarantee, by the meaning of the policy."""
    known = {**facts, **decided(decision)}
    match guarantee.form:
        case GuaranteeForm.NEVER:
            return holds(guarantee.condition, known)
        case GuaranteeForm.ALWAYS:
            return holds(guarantee.condition, known) and not holds(guarantee.then, known)
        case GuaranteeForm.SAME_TREATMENT:
            return other is not None and treatment(decision) != treatment(other)
        case _:
            return False


def treatment(decision: Decision) -> tuple[object, ...]:
    """What an account gets, as far as `same_treatment_whatever` speaks of it."""
    return (
        *(decision.stage, decision.step, decision.tone, decision.put_off, decision.tasks, decision.asks),
        *(decision.stood_down, decision.tells, decision.place, decision.release, decision.limits, decision.points),
    )
