"""Who makes what sales and credit do together: a maker for each part of the policy."""

from __future__ import annotations

from duly.plan.charges import charges_proposed
from duly.plan.limits import limits_proposed
from duly.plan.together import Maker

MAKERS: tuple[Maker, ...] = (limits_proposed, charges_proposed)
"""In the order of the plan's kinds."""
