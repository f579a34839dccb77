"""The first moment at which something may leave for a customer: when contact opens where the customer is."""

from __future__ import annotations

from datetime import date

from duly.dates import not_before
from duly.language.policy import Policy


class Moments:
    """When a message may leave, by time zone and country; worked out once for each pair."""

    def __init__(self, policy: Policy, as_of: date) -> None:
        self._calendar = policy.calendar
        self._as_of = as_of
        self._known: dict[tuple[str, str], str] = {}

    def of(self, zone: str, country: str) -> str:
        """The first open moment in the zone, with its offset; the day alone where no zone is known."""
        if not zone:
            return self._as_of.isoformat()
        if (zone, country) not in self._known:
            moment = not_before(self._as_of, self._calendar.contact, zone, country or self._calendar.country)
            self._known[zone, country] = moment.isoformat(timespec="minutes")
        return self._known[zone, country]
