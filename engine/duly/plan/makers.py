"""All that sales and credit do together: a maker for each part of the policy, in the order of the plan's kinds."""

from __future__ import annotations

from duly.plan.advice import advice_due
from duly.plan.charges import charges_proposed
from duly.plan.limits import limits_proposed
from duly.plan.together import Maker

MAKERS: tuple[Maker, ...] = (limits_proposed, charges_proposed, advice_due)
