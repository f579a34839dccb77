"""A policy as values: frozen, complete and placed.

Every object knows where it was written (`span`) and its path in the merged
file (`path`, a JSON pointer); `Policy.places` has the place of every single
value, also of those that came through `extends`. Defaults are filled in here,
so that no reader asks whether something was given. Money is in minor units of
the policy's currency.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import Enum
from fractions import Fraction
from types import MappingProxyType

from duly.language.conditions import ALWAYS, Compare, Condition, Op
from duly.language.over_time import Assumption, OverTime
from duly.source import NOWHERE, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Something that stands in a policy file."""

    span: Span = field(default=NOWHERE, compare=False)
    path: str = field(default="", compare=False)
    because: str = ""


class Basis(Enum):
    """The day from which an invoice's days past due are counted."""

    DUE_DATE = "due_date"
    INVOICE_DATE = "invoice_date"
    MONTH_END = "month_end"
    """The last day of the month of the due date."""


class DayCount(Enum):
    """Which days count."""

    CALENDAR = "calendar"
    BUSINESS = "business"


class UnappliedCredit(Enum):
    """What happens to money that no invoice has been given."""

    IGNORE = "ignore"
    OFFSET_OLDEST = "offset_oldest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Late(Placed):
    """What "late" means: late is more than `grace_days` after the basis day."""

    basis: Basis = Basis.DUE_DATE
    day_count: DayCount = DayCount.CALENDAR
    grace_days: int = 0
    ignore_invoice_below: int = 0
    ignore_account_below: int = 0
    unapplied_credit: UnappliedCredit = UnappliedCredit.IGNORE


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactHours(Placed):
    """When a customer may be contacted, in the customer's own time zone; weekdays count from Monday = 0."""

    days: frozenset[int] = frozenset(range(7))
    opens: time = time(0, 0)
    closes: time = time(23, 59)
    holidays_closed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar(Placed):
    """The country whose business days count, and the contact hours."""

    country: str = ""
    contact: ContactHours = ContactHours()


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment(Placed):
    """A kind of customer; the first whose condition holds is the account's."""

    id: str
    when: Condition = ALWAYS


class Stops(Enum):
    """What a pause stops."""

    STAGES = "stages"
    CHARGES = "charges"
    NEW_HOLDS = "new_holds"
    CALLS = "calls"
    SALES = "sales"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Placed):
    """Something a role is asked to do."""

    role: str
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPause(Placed):
    """A condition on the account that stops parts of the policy while it holds."""

    id: str
    when: Condition
    stops: frozenset[Stops] = frozenset({Stops.STAGES, Stops.CHARGES, Stops.NEW_HOLDS})
    tasks: tuple[Task, ...] = ()
    until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePause(Placed):
    """A condition on an invoice that takes it out, or only its disputed part where the condition reads `dispute`."""

    id: str
    when: Condition
    disputed_part_only: bool = False
    until: str = ""


class Since(Enum):
    """The day from which a stage's `after` counts."""

    DUE_DATE = "due_date"
    """The anchor's basis day, whatever the policy's basis is."""
    INVOICE_DATE = "invoice_date"
    PREVIOUS_STAGE = "previous_stage"
    """The last executed stage of this episode."""


class Period(Enum):
    """What `after` counts."""

    DAYS = "days"
    MONTHS = "months"


@dataclass(frozen=True, slots=True)
class Clock:
    """One way of counting since a day; its fact says how much has been counted today.

    A threshold day n periods on, rounded to the end of its month, has come
    exactly when n periods had been counted on the last month end that is not
    after today, so a rounded clock counts up to that month end instead of today.
    """

    since: Since
    period: Period
    month_end: bool

    @property
    def fact(self) -> str:
        """The fact's name; negative values count down to the day; unknown where there is no such day."""
        return f"clock__{self.since.value}__{self.period.value}" + ("__month_end" if self.month_end else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class After(Placed):
    """The day from which on a stage may act."""

    clock: Clock
    number: int

    @property
    def reached(self) -> Condition:
        """The condition that the day has come."""
        return Compare(self.clock.fact, Op.AT_LEAST, self.number, self.span)

    @property
    def before_due(self) -> bool:
        """Say whether the stage acts before the due date, on an account that is not late."""
        return self.number < 0


class Channel(Enum):
    """How a message travels."""

    EMAIL = "email"
    LETTER = "letter"


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Placed):
    """A message by one channel, from one template."""

    channel: Channel
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Placed):
    """How often a stage is repeated while it stands; `at_most` counts the repeats, None is without end."""

    every_days: int
    at_most: int | None = None


CONTACT_TASKS = frozenset({"phone_call", "visit"})
"""Tasks that reach the customer, hence count as contacts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage(Placed):
    """A rung of a ladder."""

    id: str
    after: After | None = None
    when: Condition = ALWAYS
    tone: str = ""
    send: tuple[Send, ...] = ()
    without_email: tuple[Send, ...] = ()
    tasks: tuple[Task, ...] = ()
    action: str = ""
    approval: tuple[str, ...] = ()
    repeat: Repeat | None = None
    min_days_between: int | None = None
    charge: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def before_due(self) -> bool:
        """Say whether the stage acts only on an account that is not late."""
        return self.after is not None and self.after.before_due

    @property
    def contacts(self) -> bool:
        """Say whether the stage reaches the customer, by message, call or visit."""
        return bool(self.send or self.without_email) or any(t.task in CONTACT_TASKS for t in self.tasks)

    @property
    def reached(self) -> Condition:
        """The condition that the stage's day has come; without `after`, always."""
        return self.after.reached if self.after else ALWAYS

    @property
    def days_fact(self) -> str:
        """The fact: days since the stage was last executed in this episode; unknown where never."""
        return f"days_since__{self.id}"

    @property
    def times_fact(self) -> str:
        """The fact: how often the stage was executed in this episode."""
        return f"times__{self.id}"


class Unit(Enum):
    """What is decided at once."""

    ACCOUNT = "account"
    ACCOUNT_CURRENCY = "account_currency"
    INVOICE = "invoice"


class Climb(Enum):
    """How an account moves up the ladder."""

    ONE_STEP = "one_step"
    HIGHEST = "highest"
    FOLLOWS_FACTS = "follows_facts"


class Resets(Enum):
    """When the ladder starts again and the episode closes; by payment or credit only."""

    NOTHING_LATE = "nothing_late"
    ANCHOR_SETTLED = "anchor_settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder(Placed):
    """The stages, mildest first."""

    id: str
    stages: tuple[Stage, ...]
    unit: Unit = Unit.ACCOUNT
    climb: Climb = Climb.ONE_STEP
    resets: Resets = Resets.NOTHING_LATE
    min_days_between: int = 0

    def gap_before(self, stage: Stage) -> int:
        """Least days between the last executed stage and this one."""
        return self.min_days_between if stage.min_days_between is None else stage.min_days_between


@dataclass(frozen=True, slots=True, kw_only=True)
class ChooseLadder(Placed):
    """Which ladder an account climbs, by one fact (`segment` or `customer_ladder`); "none" is no ladder."""

    by: str = "segment"
    of: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    otherwise: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneLimit(Placed):
    """Where sales draws the line: while the condition holds, no tone beyond `at_most`."""

    id: str
    at_most: str
    when: Condition = ALWAYS
    agreed_with: str = ""


ASK_NOTHING = "nothing"
"""What a rule asks that makes sales stand down; it beats every other rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesRule(Placed):
    """When sales is pulled in, and for what."""

    id: str
    ask: str
    when: Condition = ALWAYS
    within_business_days: int = 0
    unanswered_tell: str = ""

    @property
    def stands_down(self) -> bool:
        """Say whether the rule makes sales stand down instead of asking it."""
        return self.ask == ASK_NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs(Placed):
    """A sales request that must have been made, and answered or expired, before."""

    request: str
    answered_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Placed):
    """When a hold is placed on an account and when it is released."""

    id: str
    place: Condition
    release: Condition
    needs: Needs | None = None
    place_approval: tuple[str, ...] = ()
    release_approval: tuple[str, ...] = ()
    place_span: Span = field(default=NOWHERE, compare=False)
    release_span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditLimitRule(Placed):
    """A proposal to change a credit limit; per cents are whole, `up_to` in minor units."""

    id: str
    when: Condition = ALWAYS
    raise_pct: int = 0
    lower_pct: int = 0
    set_to: int | None = None
    up_to: int | None = None
    down_to: int | None = None
    approval: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Charges(Placed):
    """Late interest: a regime's name or `contract`, with the contract's per cent as written."""

    late_interest: str = "none"
    contract_pct: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Points(Placed):
    """Worklist points that an account gets while the condition holds."""

    id: str
    add: int
    when: Condition = ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty(Placed):
    """Who answers for a duty; `by_segment` differs for the segments it names."""

    id: str
    accountable: str
    consulted: tuple[str, ...] = ()
    informed: tuple[str, ...] = ()
    by_segment: tuple[Duty, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm(Placed):
    """What is sent on a weekday (Monday = 0) or a day of the month (from 1)."""

    day: int
    send: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPair(Placed):
    """A salesperson and the collector who is its buddy, both by id."""

    salesperson: str
    collector: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission(Placed):
    """A per cent of what is invoiced and collected; the part held back is paid out as the customer pays."""

    pct: Fraction
    held_back_until_paid_pct: Fraction = Fraction(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamBonus(Placed):
    """A sum in minor units for each of two buddies whose customers pay in time to so many per cent."""

    amount: int
    at_least_pct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward(Placed):
    """What salespeople and collectors get for being paid in time; per cents are exact.

    `at_least` and `at_most` bound what one person gets in a quarter, in minor units.
    """

    on_time_at_least_pct: int
    salesperson_pct: Fraction = Fraction(0)
    collector_pct: Fraction = Fraction(0)
    commission: Commission | None = None
    team_bonus: TeamBonus | None = None
    at_least: int = 0
    at_most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdviseBefore(Placed):
    """How many days before a renewal or an order credit advises sales; None where it does not."""

    renewal_days: int | None = None
    order_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Together(Placed):
    """What keeps sales and credit in one room; `pairs` are given where people are paired by name."""

    pair_by: str = ""
    pairs: tuple[NamedPair, ...] = ()
    introduce_collector_to: tuple[str, ...] = ()
    weekly: Rhythm | None = None
    monthly: Rhythm | None = None
    tell_customer_of: tuple[str, ...] = ()
    advise_before: AdviseBefore | None = None
    reward: Reward | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCap(Placed):
    """At most so many contacts in any window of so many days."""

    at_most: int
    in_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuse(Placed):
    """Bounds beyond which a plan is shown but not applied."""

    new_stage_share_pct: int | None = None
    not_below_customers: int = 0
    first_cycle_unlimited: bool = False
    actions_at_most: int | None = None
    data_not_older_than_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Placed):
    """The contact cap and the fuse."""

    contacts_per_customer: ContactCap | None = None
    fuse: Fuse = Fuse()


class GuaranteeForm(Enum):
    """What a guarantee speaks of."""

    NEVER = "never"
    ALWAYS = "always"
    SAME_TREATMENT = "same_treatment_whatever"
    OVER_TIME = "over_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee(Placed):
    """A promise that the policy makes of itself.

    `condition` is what never holds, or what always implies `then`; `facts` are
    those that must make no difference; `over_time` is what is said of every run of days.
    """

    id: str
    form: GuaranteeForm
    condition: Condition = ALWAYS
    then: Condition = ALWAYS
    facts: tuple[str, ...] = ()
    over_time: OverTime | None = None
    assuming: tuple[Assumption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exception_(Placed):
    """What is different for one account until a day, that day included."""

    account: str
    until: date
    agreed_with: str
    pause: bool = False
    tone_at_most: str = ""
    stage_at_most: str = ""
    ladder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective(Placed):
    """The days on which the policy is in force, both included."""

    from_: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Placed):
    """A whole policy, `extends` merged in.

    `places` has the place of every value by JSON pointer; `files` the policy
    file first, then those it extends, nearest first; `digest` is the SHA-256 of
    their bytes in that order.
    """

    id: str
    title: str = ""
    currency: str
    signed_off_by: tuple[str, ...] = ()
    effective: Effective = Effective()
    calendar: Calendar = Calendar()
    late: Late = Late()
    segments: tuple[Segment, ...] = (Segment(id="all"),)
    account_pauses: tuple[AccountPause, ...] = ()
    invoice_pauses: tuple[InvoicePause, ...] = ()
    tones: tuple[str, ...] = ()
    ladders: tuple[Ladder, ...] = ()
    choose_ladder: ChooseLadder = ChooseLadder()
    tone_limits: tuple[ToneLimit, ...] = ()
    sales: tuple[SalesRule, ...] = ()
    holds: tuple[Hold, ...] = ()
    credit_limits: tuple[CreditLimitRule, ...] = ()
    charges: Charges = Charges()
    worklist: tuple[Points, ...] = ()
    responsible: tuple[Duty, ...] = ()
    together: Together = Together()
    limits: Limits = Limits()
    guarantees: tuple[Guarantee, ...] = ()
    exceptions: tuple[Exception_, ...] = ()
    places: Mapping[str, Span] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), compare=False)
    files: tuple[str, ...] = field(default=(), compare=False)
    digest: str = field(default="", compare=False)

    def ladder(self, id_: str) -> Ladder:
        """The ladder with this id."""
        return next(ladder for ladder in self.ladders if ladder.id == id_)

    def stages(self) -> Iterator[Stage]:
        """Every stage of every ladder, in the order written; an id may stand in several ladders."""
        for ladder in self.ladders:
            yield from ladder.stages

    @property
    def stage_ids(self) -> tuple[str, ...]:
        """The ids of all stages, each once, in the order written."""
        return tuple(dict.fromkeys(stage.id for stage in self.stages()))

    @property
    def unit(self) -> Unit:
        """What is decided at once; all ladders of a policy share it."""
        return self.ladders[0].unit if self.ladders else Unit.ACCOUNT

    @property
    def resets(self) -> Resets:
        """When an episode closes; all ladders of a policy share it."""
        return self.ladders[0].resets if self.ladders else Resets.NOTHING_LATE
