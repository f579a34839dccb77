"""Which way an action leaves: the words under `use:` in `channels.yaml`."""

from __future__ import annotations

from enum import Enum
from typing import assert_never

from duly.execution.channels.calendar import is_meeting
from duly.plan.plan import Action, Kind


class Route(Enum):
    """Everything that can leave, by how it does."""

    EMAIL = "email"
    LETTER = "letter"
    TASK = "task"
    SALES_REQUEST = "sales_request"
    MEETING = "meeting"
    HOLD = "hold"
    RELEASE = "release"
    REFERRAL = "referral"
    WRITE_OFF_PROPOSAL = "write_off_proposal"
    LIMIT_PROPOSAL = "limit_proposal"
    CHARGE_PROPOSAL = "charge_proposal"
    ADVICE = "advice"
    LIST = "list"


def route_of(action: Action) -> Route:
    """The way on which an action leaves."""
    match action.kind:
        case Kind.MESSAGE | Kind.NOTICE | Kind.STATEMENT:
            return Route(action.channel)
        case Kind.INTRODUCTION:
            return Route.MEETING
        case Kind.SALES_REQUEST if is_meeting(action):
            return Route.MEETING
        case (
            Kind.TASK
            | Kind.SALES_REQUEST
            | Kind.HOLD
            | Kind.RELEASE
            | Kind.REFERRAL
            | Kind.WRITE_OFF_PROPOSAL
            | Kind.LIMIT_PROPOSAL
            | Kind.CHARGE_PROPOSAL
            | Kind.ADVICE
            | Kind.LIST
        ):
            return Route(action.kind.value)
        case kind:
            assert_never(kind)
