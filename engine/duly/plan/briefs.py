"""What a brief tells a colleague of a customer beside what is open: how it pays, what was said, whom to speak to.

Everything is about the one customer and what it owes to the one creditor. Guidance of
earlier answers is personal: it comes from the journal, and what was erased is not there. A
sentence is left out where the book has nothing to make it from; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from duly.book.book import Book
from duly.dates import add_business_days
from duly.figures.paying import NEVER_PAID, Paying, Promised, paying_of
from duly.language.conditions import Facts, holds
from duly.language.policy import DayCount, Hold, Policy, SalesRule
from duly.messages.matter import Colleague, Matter, Said
from duly.messages.writing import Writing, writing
from duly.plan.plan import Action
from duly.team.staff import Staff, staff_of

BRIEF = "brief"
BRIEF_LANGUAGE = "en"
"""The channel and language of a brief to a colleague."""

MOST_SAID = 8
"""The last things said and done that a brief tells; with more it would not fit a screen."""

MOST_GUIDANCE = 3
MOST_CONTACTS = 2

LOOKS_AHEAD_DAYS = 120
"""A hold that could not fall within so many days is not announced by its day."""

COUNTED_BY_DAY = (
    "days_past_due",
    "days_since_last_stage",
    "days_since_stage",
    "days_since_contact",
    "days_since_reply",
)
"""Facts that grow by a day each day while nothing else happens."""


@dataclass(frozen=True, slots=True)
class Talks:
    """What briefs about some customers of a book are made from."""

    policy: Policy
    as_of: date
    staff: Staff
    people: Mapping[str, Colleague]
    paying: Mapping[tuple[str, str], Paying]
    said: Mapping[str, tuple[tuple[str, Said], ...]]
    guidance: Mapping[str, tuple[tuple[str, date, str], ...]]
    contacts: Mapping[tuple[str, str], str]


def talks_of(
    policy: Policy, book: Book, customers: Sequence[str], people: Mapping[str, Colleague], as_of: date
) -> Talks:
    """What is known for briefs about these customers; the journal's history has been added to the book."""
    book.connection.execute("CREATE OR REPLACE TEMP TABLE talked_of AS SELECT unnest(?) AS customer", [customers])
    return Talks(
        policy=policy,
        as_of=as_of,
        staff=staff_of(book, as_of),
        people=people,
        paying=paying_of(book, policy, customers, as_of),
        said=_said(book) if customers else {},
        guidance=_guidance(book) if customers else {},
        contacts=_contacts(book) if customers else {},
    )


def asked_of_sales(talks: Talks, action: Action, matter: Matter, facts: Facts) -> Matter:
    """The matter of a request to sales."""
    policy = talks.policy
    rule = next(rule for rule in policy.sales if rule.id == action.stage)
    answer_by = add_business_days(talks.as_of, rule.within_business_days, policy.calendar.country)
    hold = next((hold for hold in policy.holds if hold.needs is not None and hold.needs.request == rule.id), None)
    return replace(
        told(talks, action, matter, facts),
        template=rule.ask,
        ask=rule.ask,
        answer_by=answer_by,
        hold_day=hold_day(policy, hold, facts, talks.as_of) if hold else None,
        steps_in=_steps_in(talks, rule, facts),
    )


def told(talks: Talks, action: Action, matter: Matter, facts: Facts) -> Matter:
    """The matter with what every brief to a colleague tells: who it is for, how the customer pays, what was said."""
    manner = writing(BRIEF_LANGUAGE, matter.customer.country)
    account = (action.creditor, action.customer)
    paying = talks.paying.get(account, NEVER_PAID)
    asked, own = talks.people.get(action.person), _text(facts, action.for_role)
    away = talks.staff.team.by_id.get(own) if own != action.person else None
    relationship = _text(facts, "relationship")
    return replace(
        matter,
        language=BRIEF_LANGUAGE,
        channel=BRIEF,
        asked=asked,
        away=talks.people.get(own) if away else None,
        away_until=away.away_until if away else None,
        paying=paying_said(paying),
        relationship=relationship,
        pays=talks.contacts.get((action.customer, "pays"), ""),
        decides=talks.contacts.get((action.customer, "decides"), ""),
        history=_last(talks, account, paying, manner),
        guidance=guidance_for(talks, action, manner),
    )


def guidance_for(talks: Talks, action: Action, manner: Writing) -> tuple[str, ...]:
    """The last things that sales said of how to approach the customer."""
    said = talks.guidance.get(action.customer, ())
    told_of = [f"{text} ({manner.short_day(day)})" for of, day, text in said if of in {"", action.creditor}]
    return tuple(told_of[-MOST_GUIDANCE:])


def _text(facts: Facts, name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""


def _steps_in(talks: Talks, rule: SalesRule, facts: Facts) -> str:
    """Who is told where nobody answers: the person and the role, or the role alone."""
    role = rule.unanswered_tell
    if not role:
        return ""
    person = talks.staff.person_for(role, _text(facts, "salesperson"), _text(facts, "collector"))
    words = role.replace("_", " ")
    return f"{talks.people[person].name} ({words})" if person in talks.people else f"the {words}"


# How it pays.


def paying_said(paying: Paying) -> str:
    """How the customer usually pays, in a sentence or two; empty where nothing tells it."""
    if not paying.is_known:
        return ""
    sentences = ["No invoice was settled in the last twelve months"]
    if paying.settled:
        of = f"Of {paying.settled:,} invoices" if paying.settled > 1 else "The one invoice"
        comma = "," if paying.settled > 1 else ""
        settled = f"{of} settled in the last twelve months{comma} {_in_time(paying)}"
        sentences = [f"{settled}; {_days_late(paying)}"]
    if paying.kept or paying.broken:
        sentences.append(f"It kept {_promises(paying.kept)} and broke {paying.broken or 'none'}")
    return ". ".join(sentences) + "."


def _in_time(paying: Paying) -> str:
    if paying.settled == 1:
        return "was paid in time" if paying.in_time else "was not paid in time"
    if paying.in_time in {0, paying.settled}:
        return "all were paid in time" if paying.in_time else "none were paid in time"
    return f"{paying.in_time:,} {'was' if paying.in_time == 1 else 'were'} paid in time"


def _days_late(paying: Paying) -> str:
    if not paying.days_late:
        return "on average less than a day late"
    return f"on average {paying.days_late:,} {'day' if paying.days_late == 1 else 'days'} late"


def _promises(count: int) -> str:
    return "no promise" if not count else "1 promise" if count == 1 else f"{count:,} promises"


# The hold that is coming.


def hold_day(policy: Policy, hold: Hold, facts: Facts, as_of: date) -> date | None:
    """The first day on which the hold could be placed if nothing else changed and sales answered at once."""
    business = policy.late.day_count is DayCount.BUSINESS
    for ahead in range(LOOKS_AHEAD_DAYS + 1):
        later = {
            **facts,
            **{name: known + ahead for name in COUNTED_BY_DAY if isinstance(known := facts.get(name), int)},
        }
        if holds(hold.place, later):
            ahead_day = add_business_days(as_of, ahead, policy.calendar.country) if business else as_of + ahead * DAY
            # A request counts from the day after it was made.
            return max(ahead_day, as_of + DAY)
    return None


DAY = timedelta(days=1)


# What was said and done.


def _last(talks: Talks, account: tuple[str, str], paying: Paying, manner: Writing) -> tuple[Said, ...]:
    creditor, customer = account
    said = [one for whose, one in talks.said.get(customer, ()) if whose in {"", creditor}]
    said += [Said(one.made_on, _promise(one, talks.as_of, manner)) for one in paying.promises]
    return tuple(sorted(said, key=lambda one: (one.day, one.what))[-MOST_SAID:])


def _promise(one: Promised, as_of: date, manner: Writing) -> str:
    state = {"kept": "kept", "broken": "not kept", "withdrawn": "since taken back"}.get(one.state, "")
    stands = state or ("due today" if one.due_on == as_of else "not yet due")
    return f"{manner.money(one.amount, one.currency)} promised by {manner.short_day(one.due_on)}: {stands}"


def _said(book: Book) -> dict[str, tuple[tuple[str, Said], ...]]:
    """What was said and done, by customer, each with the creditor that it is about; empty where it is about none."""
    found: dict[str, list[tuple[str, Said]]] = {}
    sources = (_stages, _contacts_made, _requests, _answers, _disputes, _holds)
    for customer, creditor, day, what in (row for source in sources for row in source(book)):
        found.setdefault(customer, []).append((creditor or "", Said(day, what)))
    return {customer: tuple(those) for customer, those in found.items()}


Row = tuple[str, str | None, date, str]


def _stages(book: Book) -> Iterator[Row]:
    for customer, creditor, day, stage, outcome in book.connection.execute(
        "SELECT DISTINCT e.customer, e.creditor, e.day, e.stage, e.outcome FROM executed_stages AS e "
        "JOIN talked_of AS t ON t.customer = e.customer"
    ).fetchall():
        doubt = ", and nobody knows whether it arrived" if outcome == "unknown" else ""
        yield customer, creditor, day, f"{stage.replace('_', ' ')} sent{doubt}"


def _contacts_made(book: Book) -> Iterator[Row]:
    """Contacts, without the message of a stage, which is told as the stage."""
    for customer, day, channel, direction, note in book.connection.execute(
        "SELECT c.customer, c.day, c.channel, c.direction, c.note FROM contacts_made AS c "
        "JOIN talked_of AS t ON t.customer = c.customer "
        "WHERE NOT (c.direction = 'out' AND c.channel IN ('email', 'letter') AND c.note IS NULL AND EXISTS ("
        "SELECT 1 FROM executed_stages AS e WHERE e.customer = c.customer AND e.day = c.day))"
    ).fetchall():
        who = "the customer" if direction == "in" else "we"
        how = {"call": "called", "visit": "visited" if direction == "out" else "came"}.get(channel, "wrote")
        yield customer, None, day, f"{who} {how}" + (f": {note}" if note else "")


def _requests(book: Book) -> Iterator[Row]:
    """Requests, with the day of an answer that nothing else tells of."""
    for customer, creditor, day, rule, answered_on, is_told in book.connection.execute(
        "SELECT r.customer, r.creditor, r.asked_on, r.rule, r.answered_on, s.customer IS NOT NULL FROM requests AS r "
        "JOIN talked_of AS t ON t.customer = r.customer LEFT JOIN (SELECT DISTINCT customer, rule, day "
        "FROM said_by_sales) AS s ON s.customer = r.customer AND s.rule = r.rule AND s.day = r.answered_on"
    ).fetchall():
        asked = f"sales was asked ({rule.replace('_', ' ')})"
        yield customer, creditor, day, asked if answered_on else f"{asked}, no answer yet"
        if answered_on and not is_told:
            yield customer, creditor, answered_on, f"sales answered ({rule.replace('_', ' ')})"


def _answers(book: Book) -> Iterator[Row]:
    for customer, creditor, day, rule, reason, hard in book.connection.execute(
        "SELECT s.customer, s.creditor, s.day, s.rule, s.reason, s.hard FROM said_by_sales AS s "
        "JOIN talked_of AS t ON t.customer = s.customer"
    ).fetchall():
        why = f": {reason.replace('_', ' ')}" if reason else ""
        difficulty = ", in financial difficulty" if hard else ""
        yield customer, creditor, day, f"sales answered ({rule.replace('_', ' ')}){why}{difficulty}"


def _disputes(book: Book) -> Iterator[Row]:
    for customer, creditor, invoice, opened, resolved, reason in book.connection.execute(
        "SELECT i.customer, i.creditor, d.invoice, d.opened_on, d.resolved_on, d.reason FROM disputes AS d "
        "JOIN invoices AS i ON i.invoice = d.invoice JOIN talked_of AS t ON t.customer = i.customer"
    ).fetchall():
        yield customer, creditor, opened, f"{invoice} contested" + (f": {reason}" if reason else "")
        if resolved:
            yield customer, creditor, resolved, f"dispute about {invoice} settled"


def _holds(book: Book) -> Iterator[Row]:
    for customer, creditor, hold, placed, released in book.connection.execute(
        "SELECT h.customer, h.creditor, h.hold, h.placed_on, h.released_on FROM holds AS h "
        "JOIN talked_of AS t ON t.customer = h.customer"
    ).fetchall():
        yield customer, creditor, placed, f"{hold.replace('_', ' ')} hold placed"
        if released:
            yield customer, creditor, released, f"{hold.replace('_', ' ')} hold released"


def _guidance(book: Book) -> dict[str, tuple[tuple[str, date, str], ...]]:
    """What sales said of how to approach each customer, oldest first, with the creditor and the day."""
    found: dict[str, list[tuple[str, date, str]]] = {}
    for customer, creditor, day, guidance in book.connection.execute(
        "SELECT s.customer, s.creditor, s.day, s.guidance FROM said_by_sales AS s "
        "JOIN talked_of AS t ON t.customer = s.customer WHERE s.guidance IS NOT NULL ORDER BY s.day, s.guidance"
    ).fetchall():
        found.setdefault(customer, []).append((creditor or "", day, guidance))
    return {customer: tuple(dict.fromkeys(those)) for customer, those in found.items()}


def _contacts(book: Book) -> dict[tuple[str, str], str]:
    """Who pays and who decides at each customer, with how to reach them."""
    found: dict[tuple[str, str], list[str]] = {}
    for customer, role, name, phone, email in book.connection.execute(
        "SELECT c.customer, c.role, c.name, c.phone, c.email FROM contacts AS c "
        "JOIN talked_of AS t ON t.customer = c.customer WHERE c.role IN ('pays', 'decides') ORDER BY c.row"
    ).fetchall():
        if reached := [text for text in (name, phone, email) if text]:
            found.setdefault((customer, role), []).append(", ".join(reached))
    return {key: "; ".join(those[:MOST_CONTACTS]) for key, those in found.items()}
