"""All that sales and credit do together: a maker for each part of the policy, in the order of the plan's kinds.

They stand apart from `together`, which they build on.
"""

from __future__ import annotations

from duly.plan.advice import advice_due
from duly.plan.charges import charges_proposed
from duly.plan.contact_changes import contact_changes
from duly.plan.hold_news import hold_news
from duly.plan.introductions import introductions
from duly.plan.limits import limits_proposed
from duly.plan.notices import notices
from duly.plan.rhythm import sent_by_the_calendar
from duly.plan.together import Maker

MAKERS: tuple[Maker, ...] = (
    limits_proposed,
    charges_proposed,
    hold_news,
    introductions,
    advice_due,
    notices,
    contact_changes,
    sent_by_the_calendar,
)
