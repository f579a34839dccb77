"""What a policy can promise about every run of days, and what it may take for granted in doing so.

An assumption is a word of a closed list; some carry a number (`approvals_within_5_days`).
What is not assumed is left to chance: whoever proves a promise lets the worst happen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from duly.language.conditions import ALWAYS, NEVER, Condition


@dataclass(frozen=True, slots=True)
class ContactsAtMost:
    """No customer is contacted on more than so many days of any so many in a row."""

    at_most: int
    in_days: int


@dataclass(frozen=True, slots=True)
class ComesToAnEnd:
    """From its first late day on every account has one of the stages executed in time.

    Only business days on which `while_` holds and which are no holiday of the customer's are
    counted, the day of the execution included.
    """

    executes: tuple[str, ...]
    within_business_days: int
    while_: Condition = ALWAYS


@dataclass(frozen=True, slots=True)
class NotBefore:
    """On no day of an episode does `never` hold unless `before` held on an earlier one."""

    never: Condition = NEVER
    before: Condition = NEVER


OverTime = ContactsAtMost | ComesToAnEnd | NotBefore


class Premise(Enum):
    """What may be taken for granted; `<n>` stands for a number in the name."""

    RUNS = "runs_every_business_day"
    MESSAGES = "messages_accepted"
    STAYS_UNPAID = "oldest_invoice_stays_unpaid"
    PEOPLE = "people_respect_cap"
    GIVE_WAY = "people_give_way"
    APPROVALS = "approvals_within_<n>_days"
    LETTERS = "letters_confirmed_within_<n>_days"
    OPEN = "open_for_contact_within_<n>_days"


SAID: Mapping[Premise, str] = {
    Premise.RUNS: "A plan is made and carried out on every business day.",
    Premise.MESSAGES: "Every customer can be reached, and every message that is proposed is handed over and accepted.",
    Premise.STAYS_UNPAID: "The oldest late invoice is neither paid nor disputed, so its days past due count on.",
    Premise.PEOPLE: (
        "Whoever calls or visits a customer does so on a day that is open for contact "
        "and only while the contact cap has room."
    ),
    Premise.GIVE_WAY: (
        "Calls, visits and what is sent about other accounts of a customer "
        "leave room under the contact cap for a stage that is due."
    ),
    Premise.APPROVALS: "What needs an approval is approved within <n> business days after it was first proposed.",
    Premise.LETTERS: "A letter is confirmed as posted within <n> business days after it was first proposed.",
    Premise.OPEN: "Of any <n> days in a row at least one is open for contact in the customer's calendar.",
}
"""One sentence for each."""

MOST = 365
"""No number in the name of an assumption goes beyond this."""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A premise, with its number where its name has one."""

    premise: Premise
    number: int = 0

    @property
    def name(self) -> str:
        """The word as a policy writes it."""
        return self.premise.value.replace("<n>", str(self.number))

    def __str__(self) -> str:
        """The sentence that it stands for."""
        return SAID[self.premise].replace("<n>", str(self.number))


def assumption(name: str) -> Assumption | None:
    """The assumption of a name; None where there is none."""
    for premise in Premise:
        found = re.fullmatch(premise.value.replace("<n>", "([1-9][0-9]{0,2})"), name)
        if found and all(int(number) <= MOST for number in found.groups()):
            return Assumption(premise, *map(int, found.groups()))
    return None


EXAMPLES = tuple(
    Assumption(premise, number).name for premise, number in zip(Premise, (0, 0, 0, 0, 0, 5, 2, 5), strict=True)
)
"""A name of each, for the schema and for who mistypes one."""
