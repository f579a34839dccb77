"""What the journal says to the next plan, as rows of the book's own tables.

A plain value: nothing here decides. An executed stage, a request to sales, a
contact or a promise looks the same whether the ledger brought it or the journal.

A stage counts as carried out on the day on which its first message was accepted, or
confirmed where a person has to say that it was posted; one that bounced does not
count. Where nobody knows, it counts, as `unknown`. Of a stage with messages the
messages alone count; of one without, its tasks and its referral do. A request, a hold
or a limit of which nobody knows does not count: nothing harsher may rest on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType

from duly.journal.chain import STEPS
from duly.journal.dealings import NO_DEALINGS, CarriedOut, Dealings, dealings_of
from duly.journal.entry import Entry, Event
from duly.journal.identity import key_of
from duly.journal.states import Standing
from duly.journal.store import Journal

Row = Mapping[str, object]
"""One row by column name: ids and words as text, days as `datetime.date`, money in minor units."""

About = tuple[str, str, str, str]
"""Customer, creditor, item and stage: what a message is about, whichever way it goes and whatever named its episode."""


@dataclass(frozen=True, slots=True)
class History:
    """What happened before, for the book and for the plan.

    `head` names the journal's last entry, or `none`. `rows` are by table of
    `book.tables`, with its column names. `standing` says of every action key where it
    stands; a customer's actions are found under the customer's new id as well, and what one
    message joined is found by its parts. `unposted` has the keys of the letters that were
    written and that nobody has said were posted, by what they are about. `rejected`
    has the day on which a person rejected an action, by key. `runs` are the bodies of
    the RUN_STARTED entries, oldest first. `said_by_sales` has a row of `SAID_BY_SALES` for
    every answer, oldest first: its guidance is personal, and empty once it was erased.
    `dealings` says how accounts were changed and whom customers were told that they have.
    """

    head: str = "none"
    rows: Mapping[str, tuple[Row, ...]] = field(default_factory=lambda: MappingProxyType({}))
    standing: Mapping[str, Standing] = field(default_factory=lambda: MappingProxyType({}))
    unposted: Mapping[About, frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))
    rejected: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    runs: tuple[Row, ...] = ()
    said_by_sales: tuple[Row, ...] = ()
    dealings: Dealings = NO_DEALINGS


SAID_BY_SALES = ("customer", "creditor", "rule", "day", "reason", "hard", "guidance")
"""What an answer said: why the customer does not pay, whether it is in financial difficulty, how to approach it."""

NO_HISTORY = History()

COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "executed_stages": ("customer", "creditor", "item", "stage", "day", "outcome", "episode"),
        "requests": ("customer", "creditor", "rule", "asked_on", "due_on", "answered_on", "told_on"),
        "answers": ("customer", "creditor", "rule", "day", "reason", "financial_difficulty", "relationship"),
        "tasks_given": ("customer", "creditor", "pause", "day"),
        "contacts_made": ("customer", "day", "channel", "direction", "note"),
        "promises": (
            *("promise", "customer", "creditor", "invoice", "amount"),
            *("currency", "made_on", "due_on", "cancelled_on"),
        ),
        "disputes": ("invoice", "amount", "opened_on", "resolved_on", "reason"),
        "holds": ("customer", "creditor", "hold", "placed_on", "released_on"),
        "credit_lines": ("customer", "creditor", "from", "limit", "currency"),
    }
)
"""The tables that the journal speaks of, with their columns in `book.tables`."""

DAYS = frozenset(
    {"day", "asked_on", "due_on", "answered_on", "told_on", "made_on", "cancelled_on", "opened_on", "resolved_on"}
    | {"placed_on", "released_on", "from"}
)
"""The columns that hold a day."""


def history_of(journal: Journal, *, without: str = "") -> History:
    """Everything that the journal says, up to its head as it is now.

    `without` leaves out the runs whose ids begin so, as if nothing had happened in them.
    """
    head = journal.head()
    told = _Telling(journal)
    for entry in journal.entries():
        if entry.seq > head.seq:
            break
        if not (without and entry.run.startswith(without)):
            told.hear(entry)
    return told.history(str(head))


@dataclass(slots=True)
class _Deed:
    """What came of an action so far. `day` is set once it counts, `unknown` while nobody knows."""

    intent: Entry
    last: Entry
    action: Mapping[str, object]
    content: object = ""
    day: str = ""
    unknown: bool = False
    undone_on: str = ""

    @property
    def seq(self) -> int:
        """The number of the intent."""
        return self.intent.seq

    @property
    def customer(self) -> str:
        """The customer, by the id of then."""
        return self.intent.customer

    @property
    def body(self) -> Mapping[str, object]:
        """What the intent says."""
        return self.intent.body


@dataclass(slots=True)
class _Said:
    """A row that an entry says by itself, and the entry's number, for customers renamed since."""

    seq: int
    row: dict[str, object]


class _Telling:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._environment = journal.environment
        self._deeds: dict[str, _Deed] = {}
        self._rejected: dict[str, str] = {}
        self._answers: list[Entry] = []
        self._contacts: list[_Said] = []
        self._promises: dict[object, _Said] = {}
        self._disputes: list[_Said] = []
        self._renamed: dict[str, list[tuple[int, str]]] = {}
        self._runs: list[Mapping[str, object]] = []

    def hear(self, entry: Entry) -> None:
        """Take in the next entry."""
        if entry.event in STEPS:
            self._step(entry)
        else:
            self._say(entry)

    def _step(self, entry: Entry) -> None:
        if entry.event is Event.INTENT:
            self._deeds[entry.key] = _Deed(entry, entry, _action(entry), entry.body.get("content"))
            return
        deed = self._deeds.get(entry.key)
        if deed is None:  # its run was left out
            return
        deed.last = entry
        if "content" in entry.body:
            deed.content = entry.body["content"]
        match entry.event:
            case Event.ACCEPTED if not deed.body.get("confirms_by_hand"):
                # What was found out later happened on the day of which nobody knew.
                deed.day, deed.unknown = deed.day or _day(entry), False
            case Event.CONFIRMED | Event.ACCEPTED:
                confirmed = entry.event is Event.CONFIRMED
                deed.day, deed.unknown = (deed.day or _day(entry)) if confirmed else "", False
            case Event.UNKNOWN:
                deed.day, deed.unknown = _day(entry), True
            case Event.UNDONE:
                deed.undone_on = _day(entry)
            case Event.BOUNCED | Event.FAILED | Event.DEFERRED | Event.SKIPPED:
                deed.day, deed.unknown = "", False
            case _:
                pass

    def _say(self, entry: Entry) -> None:
        body = entry.body
        match entry.event:
            case Event.APPROVED:
                self._rejected.pop(entry.key, None)
            case Event.REJECTED:
                self._rejected[entry.key] = _day(entry)
            case Event.RUN_STARTED:
                self._runs.append(body)
            case Event.ANSWER:
                self._answers.append(entry)
            case Event.CALL | Event.REPLY:
                self._contacts.append(_said("contacts_made", entry, **_CONTACT[entry.event]))
            case Event.PROMISE:
                self._promises[body.get("promise")] = _said("promises", entry)
            case Event.PROMISE_CANCELLED:
                if promise := self._promises.get(body.get("promise")):
                    promise.row["cancelled_on"] = body.get("cancelled_on") or _day(entry)
            case Event.DISPUTE:
                self._disputes.append(_said("disputes", entry))
            case Event.DISPUTE_RESOLVED:
                for dispute in self._disputes:
                    if dispute.row["invoice"] == body.get("invoice") and not dispute.row["resolved_on"]:
                        dispute.row["resolved_on"] = body.get("resolved_on") or _day(entry)
            case Event.RENAMED:
                old, new = str(body.get("from", "")), str(body.get("to", ""))
                self._renamed.setdefault(old, []).append((entry.seq, new))
            case _:
                pass

    def history(self, head: str) -> History:
        """What was heard."""
        rows = {
            "executed_stages": self._stages(),
            "requests": self._requests(),
            "answers": [self._answer(entry) for entry in self._answers],
            "tasks_given": self._tasks(),
            "contacts_made": [*self._messages(), *map(self._row, self._contacts)],
            "promises": list(map(self._row, self._promises.values())),
            "disputes": [dict(dispute.row) for dispute in self._disputes],
            "holds": self._holds(),
            "credit_lines": list(self._limits()),
        }
        standing = {key: _standing(deed) for key, deed in self._deeds.items()}
        return History(
            head=head,
            rows={table: tuple(_typed(row) for row in found) for table, found in rows.items()},
            standing={**standing, **self._standing_elsewhere(standing)},
            unposted=self._unposted(),
            rejected={**self._rejected, **self._rejected_elsewhere()},
            runs=tuple(self._runs),
            said_by_sales=tuple(map(self._said_by_sales, self._answers)),
            dealings=dealings_of(self._for_certain()),
        )

    def _said_by_sales(self, answer: Entry) -> Row:
        guidance = self._journal.personal(answer).get("guidance") if "guidance" in answer.sealed else None
        return {
            "customer": self._now(answer.customer, answer.seq),
            "creditor": answer.body.get("creditor") or None,
            "rule": answer.body.get("rule"),
            "day": date.fromisoformat(_day(answer)),
            "reason": answer.body.get("reason"),
            "hard": answer.body.get("financial_difficulty") is True,
            "guidance": guidance or None,
        }

    def _stages(self) -> list[dict[str, object]]:
        stages: dict[tuple[object, ...], dict[str, object]] = {}
        for deed in self._done(*_OF_A_STAGE):
            action = deed.action
            if action["kind"] != "message" and (deed.body.get("stage_has_message") or deed.body.get("of") in _NO_STAGE):
                continue
            # One message about several invoices is the stage of each of them.
            for item, episode in parts_of(action):
                row = {
                    **self._who(deed),
                    "item": item,
                    "stage": action["stage"],
                    "day": deed.day,
                    "outcome": "unknown" if deed.unknown else "accepted",
                    "episode": episode,
                }
                same = (row["customer"], row["creditor"], row["item"], row["stage"], row["episode"])
                first = stages.setdefault((*same, action.get("occurrence")), row)
                first["day"] = min(str(first["day"]), deed.day)
                if not deed.unknown:
                    first["outcome"] = "accepted"
        return list(stages.values())

    def _requests(self) -> list[dict[str, object]]:
        rows: list[dict[str, object]] = []
        keys: list[str] = []
        for deed in self._done("sales_request"):
            if not deed.unknown:
                keys.append(str(deed.action.get("id")))
                rows.append(
                    {
                        **self._who(deed),
                        "rule": deed.action["stage"],
                        "asked_on": deed.day,
                        "due_on": deed.body.get("due_on"),
                        "answered_on": None,
                        "told_on": None,
                    }
                )
        open_by: dict[tuple[object, object], list[int]] = {}
        for n, row in enumerate(rows):
            open_by.setdefault((row["customer"], row["rule"]), []).append(n)
        for answer in self._answers:
            day = _day(answer)
            customer = self._now(answer.customer, answer.seq)
            creditor = answer.body.get("creditor")
            if asked_on := answer.body.get("asked_on"):
                # To a request that the ledger brought; whoever adds the rows to the book's makes one of the two.
                rows.append(
                    {
                        "customer": customer,
                        "creditor": creditor or None,
                        "rule": answer.body.get("rule"),
                        "asked_on": asked_on,
                        "due_on": asked_on,
                        "answered_on": day,
                        "told_on": None,
                    }
                )
                continue
            for n in open_by.get((customer, answer.body.get("rule")), ()):
                row = rows[n]
                meant = keys[n] == answer.key if answer.key else not creditor or row["creditor"] == creditor
                if meant and not row["answered_on"] and str(row["asked_on"]) <= day:
                    row["answered_on"] = day
        for deed in self._done("task"):
            if deed.body.get("of") == OF_A_REQUEST and not deed.unknown:
                self._told(deed, rows)
        return rows

    def _told(self, deed: _Deed, rows: list[dict[str, object]]) -> None:
        """Somebody was told that a request went unanswered: the last of the rule that was asked before.

        A request that the ledger brought is none of the journal's rows, so the action says when it was asked.
        """
        about = {**self._who(deed), "rule": deed.action["stage"]}
        asked = [row for row in rows if row.items() >= about.items() and str(row["asked_on"]) <= deed.day]
        if not asked:
            details = deed.action.get("details")
            days = details if isinstance(details, Mapping) else {}
            if not (days.get("asked_on") and days.get("due_on")):
                return
            asked = [{**about, "asked_on": days["asked_on"], "due_on": days["due_on"], "answered_on": None}]
            rows += asked
        last = max(asked, key=lambda row: str(row["asked_on"]))
        last["told_on"] = last.get("told_on") or deed.day

    def _answer(self, entry: Entry) -> dict[str, object]:
        """What sales answered; of financial difficulty it says yes, that it is over, or nothing."""
        body = entry.body
        difficulty = True if body.get("financial_difficulty") is True else None
        return {
            **{column: body.get(column) for column in COLUMNS["answers"]},
            "customer": self._now(entry.customer, entry.seq),
            "creditor": body.get("creditor") or self._asked_for(entry),
            "day": _day(entry),
            "financial_difficulty": False if body.get("difficulty_is_over") is True else difficulty,
        }

    def _asked_for(self, answer: Entry) -> object:
        """The creditor for whom sales was asked, where the answer names the request alone."""
        asked = self._deeds.get(answer.key)
        return asked.action.get("creditor") if asked else None

    def _tasks(self) -> list[dict[str, object]]:
        return [
            {**self._who(deed), "pause": deed.action["stage"], "day": deed.day}
            for deed in self._done("task")
            if deed.body.get("of") == "pause"
        ]

    def _messages(self) -> Iterator[dict[str, object]]:
        for deed in self._done("message"):
            yield {
                "customer": self._now(deed.customer, deed.seq),
                "day": deed.day,
                "channel": deed.action["channel"],
                "direction": "out",
                "note": None,
            }

    def _holds(self) -> list[dict[str, object]]:
        placed = [
            (deed.day, deed.seq, deed)
            for deed in self._done("hold", "release")
            if not deed.unknown and not (deed.undone_on and deed.action["kind"] == "release")
        ]
        rows: list[dict[str, object]] = []
        in_force: dict[tuple[object, ...], dict[str, object]] = {}
        for day, _, deed in sorted(placed, key=lambda of: of[:2]):
            who = self._who(deed)
            hold = (who["customer"], who["creditor"], deed.action["stage"])
            if deed.action["kind"] == "release":
                if row := in_force.pop(hold, None):
                    row["released_on"] = day
                continue
            released = deed.undone_on or None
            row = {**who, "hold": deed.action["stage"], "placed_on": day, "released_on": released}
            rows.append(row)
            if not released:
                in_force[hold] = row
        return rows

    def _limits(self) -> Iterator[dict[str, object]]:
        """Limits that were signed and set, each in force from the day on which that was done."""
        for deed in self._done("limit_proposal"):
            if not deed.unknown:
                action = deed.action
                limit = {"from": deed.day, "limit": action["amount"], "currency": action["currency"]}
                yield {**self._who(deed), **limit}

    def _for_certain(self) -> Iterator[CarriedOut]:
        for key, deed in self._deeds.items():
            if deed.day and not deed.unknown:
                day = date.fromisoformat(deed.day)
                undone_on = date.fromisoformat(deed.undone_on) if deed.undone_on else None
                customer = self._now(deed.customer, deed.seq)
                yield CarriedOut(deed.seq, key, customer, day, undone_on, deed.action, deed.body)

    def _done(self, *kinds: str) -> Iterator[_Deed]:
        for deed in self._deeds.values():
            if deed.day and deed.action.get("kind") in kinds:
                yield deed

    def _who(self, deed: _Deed) -> dict[str, object]:
        return {"customer": self._now(deed.customer, deed.seq), "creditor": deed.action.get("creditor")}

    def _row(self, said: _Said) -> dict[str, object]:
        return {**said.row, "customer": self._now(str(said.row["customer"]), said.seq)}

    def _now(self, customer: str, seq: int) -> str:
        """The customer's id as it is now, for an entry of this number; an id that was given anew stays its own."""
        while later := next((by for by in self._renamed.get(customer, ()) if by[0] > seq), None):
            seq, customer = later
        return customer

    def _elsewhere(self) -> Iterator[tuple[str, str]]:
        """Action keys, and what they would be under their customer's id of today; of what was joined, its parts'."""
        for key, deed in self._deeds.items():
            if " " in str(deed.action.get("item") or ""):
                yield from ((key, part) for _, part in self._parts(deed))
            elif self._renamed:
                now = self._now(deed.customer, deed.seq)
                if now != deed.customer and key == key_of(self._environment, deed.action):
                    yield key, key_of(self._environment, {**deed.action, "customer": now})

    def _parts(self, deed: _Deed) -> Iterator[tuple[str, str]]:
        """The items of an action, each with the key that it has by itself, under the customer's id of today."""
        customer = self._now(deed.customer, deed.seq)
        for item, episode in parts_of(deed.action):
            part = {**deed.action, "customer": customer, "item": item, "episode": episode}
            yield item, key_of(self._environment, part)

    def _unposted(self) -> dict[About, frozenset[str]]:
        found: dict[About, set[str]] = {}
        for deed in self._deeds.values():
            waits = deed.last.event is Event.ACCEPTED and deed.body.get("confirms_by_hand") is True
            if waits and deed.action.get("kind") == "message":
                customer, creditor = self._now(deed.customer, deed.seq), str(deed.action.get("creditor"))
                for item, key in self._parts(deed):
                    found.setdefault((customer, creditor, item, str(deed.action["stage"])), set()).add(key)
        return {about: frozenset(keys) for about, keys in found.items()}

    def _standing_elsewhere(self, stands: Mapping[str, Standing]) -> dict[str, Standing]:
        found: dict[str, Standing] = {}
        for key, now in self._elsewhere():
            standing = replace(stands[key], key=now)
            other = found.get(now) or stands.get(now)
            # Of two customers that became one, what keeps an action from being repeated counts.
            if other is None or (standing.blocks, standing.seq) > (other.blocks, other.seq):
                found[now] = standing
        return found

    def _rejected_elsewhere(self) -> dict[str, str]:
        return {now: self._rejected[key] for key, now in self._elsewhere() if key in self._rejected}


OF_A_REQUEST = "request"
"""What the intent of a task says it is of, where somebody is told that sales has not answered."""

_NO_STAGE = ("pause", OF_A_REQUEST, "together")
"""What else than a stage an action can be of."""

_OF_A_STAGE = ("message", "task", "referral", "write_off_proposal")
_CONTACT: Mapping[Event, dict[str, str]] = {
    Event.CALL: {"channel": "call", "direction": "out"},
    Event.REPLY: {"channel": "email", "direction": "in"},
}
"""What an entry about a contact means where it does not say it."""


def parts_of(action: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    """The items that an action is about, each with its episode; several where one message joined several invoices."""
    items = str(action.get("item") or "").split(" ")
    episodes = str(action.get("episode") or "").split(" ")
    if len(episodes) != len(items):
        episodes = [str(action.get("episode") or "")] * len(items)
    return tuple(zip(items, episodes, strict=True))


def _action(intent: Entry) -> Mapping[str, object]:
    found = intent.body.get("action")
    return found if isinstance(found, dict) else {}


def _standing(deed: _Deed) -> Standing:
    last = deed.last
    not_before = last.body.get("not_before") if last.event is Event.DEFERRED else ""
    return Standing(
        key=last.key,
        event=last.event,
        attempt=last.attempt,
        at=last.at,
        seq=last.seq,
        run=last.run,
        customer=last.customer or deed.customer,
        content=deed.content if isinstance(deed.content, str) else "",
        not_before=not_before if isinstance(not_before, str) else "",
        day=_day(last),
    )


def _day(entry: Entry) -> str:
    """The local day of what happened: as the entry says it, else the day of the entry."""
    day = entry.body.get("day")
    return day if isinstance(day, str) else entry.at[:10]


def _said(table: str, entry: Entry, **usual: str) -> _Said:
    row = {column: entry.body.get(column, usual.get(column)) for column in COLUMNS[table]}
    if "customer" in row:
        row["customer"] = row["customer"] or entry.customer
    if "day" in row:
        row["day"] = row["day"] or _day(entry)
    return _Said(entry.seq, row)


def _typed(row: Mapping[str, object]) -> Row:
    return {
        column: date.fromisoformat(value)
        if column in DAYS and isinstance(value, str) and value
        else value or None
        if isinstance(value, str)
        else value
        for column, value in row.items()
    }
