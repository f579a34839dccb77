"""All accounts decided at once, as one SQL pipeline over the table of their facts.

Each layer is one query that adds the layer's columns to those it reads, in the
order of `meaning`; the conditions are those of `rules.layers`, printed by
`language.sql`. The text keeps to SQL that means the same on DuckDB, PostgreSQL
and Spark. It holds ids and numbers of the policy, never data.

A rung's position on its ladder counts from 1; 0 is below the ladder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter

from duly.book.connection import Connection
from duly.language.conditions import Any, Condition
from duly.language.policy import ASK_NOTHING, Climb, Ladder, Policy, Stage, Stops
from duly.language.sql import identifier, quoted, to_sql
from duly.rules import layers
from duly.rules.decision import NONE, Decision, Wait

Key = tuple[str, str, str]
"""An account on the day: creditor, customer, item."""

KEY = ("creditor", "customer", "item")

Columns = dict[str, str]
"""What a layer adds: columns by name, as SQL text over the layers before."""


def decide(connection: Connection, policy: Policy, *, facts: str = "account_facts", into: str = "decisions") -> None:
    """Make the table of decisions from the table of facts; see `sql` for its columns."""
    connection.execute(f"CREATE OR REPLACE TABLE {identifier(into)} AS {sql(policy, facts)}")


def decisions_from(connection: Connection, decisions: str = "decisions") -> Iterator[tuple[Key, Decision]]:
    """Each account with its decision, in the order of the key."""
    kinds = accounts_by_decision(connection, decisions=decisions)
    yield from sorted(((key, decision) for decision, keys in kinds.items() for key in keys), key=itemgetter(0))


def accounts_by_decision(
    connection: Connection, *, acting_only: bool = False, decisions: str = "decisions"
) -> dict[Decision, list[Key]]:
    """The accounts of each decision, in the order of the key; or of those alone that give something or withhold it."""
    columns = ", ".join(map(identifier, FIELDS))
    key = ", ".join(map(identifier, KEY))
    where = f" WHERE {ACTING}" if acting_only else ""
    # Accounts are many and different decisions few, so that each is made once.
    rows = connection.cursor().execute(
        f"SELECT {columns}, list(row({key})) FROM {identifier(decisions)}{where} GROUP BY {columns}"
    )
    return {_decision(fields): sorted(keys) for *fields, keys in rows.fetchall()}


def sql(policy: Policy, facts: str = "account_facts") -> str:
    """The pipeline as one query: a row an account and day, with the key, the day and the fields of `Decision`.

    Ids are joined by commas in the order of the policy; no reason to wait is NULL.
    """
    source = facts
    queries = []
    for name, columns in _layers(policy):
        if columns:
            added = "".join(f",\n    {text} AS {identifier(column)}" for column, text in columns.items())
            queries.append(f"{name} AS (\n  SELECT a.*{added}\n  FROM {identifier(source)} a\n)")
            source = name
    fields = (f"{text} AS {identifier(name)}" for name, text in _fields(policy).items())
    selected = ",\n  ".join((*map(identifier, (*KEY, "as_of")), *fields))
    return f"WITH {', '.join(queries)}\nSELECT\n  {selected}\nFROM {identifier(source)}"


def _layers(policy: Policy) -> Iterator[tuple[str, Columns]]:
    yield "segmented", {"segment": _first((_holds(s.when), quoted(s.id)) for s in policy.segments)}
    yield "on_ladders", {"ladder": _ladder(policy)}
    yield "with_past", {"executed_stage": _executed_stage(policy)}
    yield "with_pauses", {f"pauses__{pause.id}": _holds(pause.when) for pause in policy.account_pauses}
    yield "paused_or_not", {"paused": _holds(layers.paused(policy))}
    yield "with_rungs", {name: text for rung in _rungs(policy) for name, text in rung.conditions().items()}
    yield "standing_somewhere", {"standing": _top(policy, lambda rung: rung.flag("stands"))}
    yield "climbing", {"acting": _acting(policy), "waiting": _bottom(policy, Rung.fresh)}
    yield "repeating_or_not", {"repeating": f"({_repeating(policy)} AND acting = 0)"}
    yield (
        "with_candidates",
        {
            "candidate": "CASE WHEN acting > 0 THEN acting WHEN repeating THEN standing ELSE waiting END",
            "reached": "(acting > 0 OR repeating)",
        },
    )
    yield "waiting_or_not", {"wait": _wait(policy)}
    yield "stepping", {"rung": "CASE WHEN wait IS NULL THEN candidate ELSE 0 END"}
    yield "with_stages", _stage(policy)
    yield "with_tones", {"tone": _tone(policy)}
    yield (
        "with_sales_stopped",
        {
            "stood_down": _holds(Any(tuple(rule.when for rule in policy.sales if rule.ask == ASK_NOTHING))),
            "sales_stopped": _holds(layers.stops(policy, Stops.SALES)),
        },
    )
    yield "with_sales", {f"asked_today__{rule.id}": _asked(policy, rule.id) for rule in policy.sales}
    yield "with_holds_wanted", _holds_wanted(policy)
    yield "with_holds", _placed(policy)


def _fields(policy: Policy) -> Columns:
    """The columns of the decision, by the fields' names."""
    pauses = [pause.id for pause in policy.account_pauses]
    sales = [rule.id for rule in policy.sales]
    holds = [hold.id for hold in policy.holds]
    tells = {
        rule.id: f"(NOT stood_down AND NOT sales_stopped AND {_holds(layers.tells(rule))})" for rule in policy.sales
    }
    limits = {rule.id: _holds(layers.reviews_limit(rule)) for rule in policy.credit_limits}
    tasks = {pause.id: _holds(layers.gives_task(pause)) for pause in policy.account_pauses}
    points = (f"CASE WHEN {_holds(points.when)} THEN {points.add} ELSE 0 END" for points in policy.worklist)
    return {
        "segment": "segment",
        "ladder": "ladder",
        "executed_stage": "executed_stage",
        "pauses": _joined({id_: identifier(f"pauses__{id_}") for id_ in pauses}),
        "paused": "paused",
        "stage": "stage",
        "step": "step",
        "repeat": "(wait IS NULL AND repeating)",
        "wait": "wait",
        "next_stage": "next_stage",
        "put_off": "put_off",
        "tone": "tone",
        "tasks": _joined(tasks),
        "asks": _joined({id_: identifier(f"asked_today__{id_}") for id_ in sales}),
        "stood_down": "stood_down",
        "tells": _joined(tells),
        "place": _joined({id_: identifier(f"placed_today__{id_}") for id_ in holds}),
        "release": _joined({id_: identifier(f"released_today__{id_}") for id_ in holds}),
        "hold_waits": _joined(
            {id_: f"({identifier(f'wanted__{id_}')} AND NOT {identifier(f'placed_today__{id_}')})" for id_ in holds}
        ),
        "limits": _joined(limits),
        "points": f"CAST({' + '.join(points) or '0'} AS BIGINT)",
    }


# Segment, ladder and the stage reached so far.


def _ladder(policy: Policy) -> str:
    choice = policy.choose_ladder
    by_exception = ("exception__ladder <> ''", "exception__ladder")
    chosen = ((f"{identifier(choice.by)} = {quoted(value)}", quoted(id_)) for value, id_ in choice.of.items())
    return _first((by_exception, *chosen), quoted(choice.otherwise))


def _executed_stage(policy: Policy) -> str:
    executed = (
        (f"{rung.on_its_ladder} AND {_holds(layers.executed(rung.stage))}", quoted(rung.stage.id))
        for rung in reversed(_rungs(policy))
    )
    return _first(executed, quoted(NONE))


# The ladder.


class Rung:
    """A stage at its place on its ladder, and the columns about it."""

    def __init__(self, ladder: Ladder, number: int) -> None:
        self.ladder = ladder
        self.number = number
        self.stage: Stage = ladder.stages[number - 1]
        self.on_its_ladder = f"ladder = {quoted(ladder.id)}"

    def flag(self, what: str) -> str:
        """The column that says this about the rung."""
        return identifier(f"{self.ladder.id}__{self.number}__{what}")

    def conditions(self) -> Columns:
        """The columns about the rung, each true only of accounts on its ladder."""
        conditions = {
            "stands": layers.stands(self.ladder, self.stage),
            "eligible": layers.eligible(self.ladder, self.stage),
            "executed": layers.executed(self.stage),
            "reached": layers.has_come(self.stage),
            "repeats": layers.repeats(self.ladder, self.stage),
        }
        return {
            f"{self.ladder.id}__{self.number}__{what}": f"({self.on_its_ladder} AND {_holds(condition)})"
            for what, condition in conditions.items()
        }

    def fresh(self) -> str:
        """That the rung is above the standing one and may be the next."""
        return f"({self.flag('eligible')} AND NOT {self.flag('executed')} AND standing < {self.number})"


def _rungs(policy: Policy) -> tuple[Rung, ...]:
    return tuple(Rung(ladder, at) for ladder in policy.ladders for at in range(1, len(ladder.stages) + 1))


def _top(policy: Policy, condition: Callable[[Rung], str]) -> str:
    """The position of the highest rung of which the condition holds, or 0."""
    return _first(((condition(rung), str(rung.number)) for rung in reversed(_rungs(policy))), "0")


def _bottom(policy: Policy, condition: Callable[[Rung], str]) -> str:
    """The position of the lowest rung of which the condition holds, or 0."""
    return _first(((condition(rung), str(rung.number)) for rung in _rungs(policy)), "0")


def _acting(policy: Policy) -> str:
    """The position of the stage whose turn it is and whose day has come, or 0."""
    return _first(((f"ladder = {quoted(ladder.id)}", _acting_on(ladder)) for ladder in policy.ladders), "0")


def _acting_on(ladder: Ladder) -> str:
    rungs = [Rung(ladder, at) for at in range(1, len(ladder.stages) + 1)]
    match ladder.climb:
        case Climb.ONE_STEP:
            next_one = ((rung.fresh(), _first([(rung.flag("reached"), str(rung.number))], "0")) for rung in rungs)
            return _first(next_one, "0")
        case Climb.HIGHEST:
            due = ((f"{rung.fresh()} AND {rung.flag('reached')}", str(rung.number)) for rung in reversed(rungs))
            return _first(due, "0")
        case Climb.FOLLOWS_FACTS:
            fits = (
                (
                    f"{rung.flag('eligible')} AND {rung.flag('reached')}",
                    _first([(rung.flag("executed"), "0")], str(rung.number)),
                )
                for rung in reversed(rungs)
            )
            return _first(fits, "0")


def _repeating(policy: Policy) -> str:
    """That the standing stage is to be repeated."""
    return _any(f"(standing = {rung.number} AND {rung.flag('repeats')})" for rung in _rungs(policy))


def _wait(policy: Policy) -> str:
    """The first reason why the candidate does not act, or NULL."""

    def some_rung(condition: Callable[[Rung], Condition]) -> str:
        return _any(
            f"({rung.on_its_ladder} AND candidate = {rung.number} AND NOT {_holds(condition(rung))})"
            for rung in _rungs(policy)
        )

    reasons = (
        (Wait.NO_LADDER, f"ladder = {quoted(NONE)}"),
        (Wait.NOTHING_TO_CHASE, f"{_holds(layers.NOTHING_LEFT)} AND NOT reached"),
        (Wait.NOT_LATE, f"NOT {_holds(layers.IS_LATE)} AND NOT reached"),
        (Wait.PAUSED, _holds(layers.stops(policy, Stops.STAGES))),
        (Wait.TOO_SMALL, _holds(layers.too_small(policy))),
        (Wait.OUTCOME_UNKNOWN, _holds(layers.OUTCOME_UNKNOWN)),
        (Wait.LADDER_DONE, "candidate = 0"),
        (Wait.NOT_YET, "NOT reached"),
        (Wait.GAP, some_rung(lambda rung: layers.gap_is_open(rung.ladder, rung.stage))),
        (Wait.CAP, some_rung(lambda rung: layers.cap_allows(policy, rung.stage))),
    )
    return _first((condition, quoted(wait.value)) for wait, condition in reasons)


def _stage(policy: Policy) -> Columns:
    """Today's step, the stage the account stands on with it, the next one, and whether a due one waits."""

    def at(position: str, what: Callable[[Rung], str] = lambda rung: quoted(rung.stage.id)) -> str:
        named = ((f"{rung.on_its_ladder} AND {position} = {rung.number}", what(rung)) for rung in _rungs(policy))
        return _first(named, quoted(NONE))

    closed = _any(
        f"({rung.on_its_ladder} AND rung = {rung.number} AND {_holds(layers.closed_today(rung.stage))})"
        for rung in _rungs(policy)
    )
    put_off = ", ".join((quoted(Wait.GAP.value), quoted(Wait.CAP.value)))
    return {
        "step": at("rung"),
        "step_tone": at("rung", lambda rung: quoted(rung.stage.tone or NONE)),
        "stage": _first([("rung > 0", at("rung"))], at("standing")),
        "next_stage": _first([(f"wait = {quoted(Wait.NOT_LATE.value)}", quoted(NONE))], at("candidate")),
        "put_off": f"(COALESCE(wait IN ({put_off}), FALSE) OR {closed})",
    }


def _tone(policy: Policy) -> str:
    """The mildest of the step's tone, every limit that holds, and what an exception allows."""
    ranks = {tone: str(rank) for rank, tone in enumerate(policy.tones)}
    no_limit = str(len(ranks))

    def rank_of(column: str) -> str:
        return _first(((f"{column} = {quoted(tone)}", rank) for tone, rank in ranks.items()), no_limit)

    limits = (_first([(_holds(limit.when), ranks[limit.at_most])], no_limit) for limit in policy.tone_limits)
    mildest = f"LEAST({', '.join((rank_of('step_tone'), rank_of('exception__tone'), *limits))})"
    named = ((f"{mildest} = {rank}", quoted(tone)) for tone, rank in ranks.items())
    return _first([(f"step_tone = {quoted(NONE)}", quoted(NONE)), *named], quoted(NONE))


# Sales and holds.


def _asked(policy: Policy, id_: str) -> str:
    rule = next(rule for rule in policy.sales if rule.id == id_)
    if rule.ask == ASK_NOTHING:
        return "FALSE"
    return f"(NOT stood_down AND NOT sales_stopped AND {_holds(layers.asks(rule))})"


def _holds_wanted(policy: Policy) -> Columns:
    wanted = {f"wanted__{hold.id}": _holds(layers.wants_hold(hold)) for hold in policy.holds}
    released = {f"released_today__{hold.id}": _holds(layers.releases(hold)) for hold in policy.holds}
    return wanted | released


def _placed(policy: Policy) -> Columns:
    return {
        f"placed_today__{hold.id}": f"({identifier(f'wanted__{hold.id}')} AND {_holds(layers.may_place(policy, hold))})"
        for hold in policy.holds
    }


# SQL.


def _holds(condition: Condition) -> str:
    """That the condition holds: what is unknown does not."""
    return f"({to_sql(condition, identifier)} IS TRUE)"


def _first(choices: Iterable[tuple[str, str]], otherwise: str = "NULL") -> str:
    """The value beside the first condition that holds."""
    cases = " ".join(f"WHEN {condition} THEN {value}" for condition, value in choices)
    return f"CASE {cases} ELSE {otherwise} END" if cases else otherwise


def _any(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions) or 'FALSE'})"


def _joined(flags: dict[str, str]) -> str:
    """The ids whose flag is true, joined by commas."""
    cases = ", ".join(f"CASE WHEN {flag} THEN {quoted(id_)} END" for id_, flag in flags.items())
    return f"CONCAT_WS(',', {cases})" if cases else "''"


# Reading back.

FIELDS = Decision.__match_args__
LISTS = ("pauses", "tasks", "asks", "tells", "place", "release", "hold_waits", "limits")

ACTING = " OR ".join(
    (
        f"COALESCE(wait NOT IN ({quoted(Wait.NO_LADDER.value)}, {quoted(Wait.NOT_LATE.value)}), TRUE)",
        *(f"{column} <> ''" for column in LISTS[1:]),
    )
)
"""SQL: that something is done for the account, asked, placed, released or proposed, or withheld from it."""


def _decision(fields: Sequence[object]) -> Decision:
    values: dict[str, object] = dict(zip(FIELDS, fields, strict=True))
    values |= {name: tuple(str(values[name]).split(",")) if values[name] else () for name in LISTS}
    values["wait"] = None if values["wait"] is None else Wait(values["wait"])
    return Decision(**values)  # type: ignore[arg-type]
