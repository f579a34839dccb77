"""All walks through the days at once: how long the longest is, or a round that is walked for ever.

Every place that can be reached is looked at once, so what is said is said of every run
of days. A way costs one where its day is counted. Places from which each can be reached
from the other make a round: where such a round costs anything, a walk need not end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from duly.review.prove.over_time.days import Days, Place, Way

PLACES = 2_000_000
"""So many places are looked at before giving up: a measure that is the same on every machine."""


class TooFar(Exception):
    """There are more places than are looked at."""


@dataclass(slots=True)
class Walks:
    """Every place that can be reached, by number, with the ways that lead on.

    `on` has for each place where it leads and whether that can cost a day, `ends` whether a
    walk can end there and whether on a counted day (None where it cannot). `longest` is
    the most counted days from a place on, `round` the number of its round; `possible` says
    that a walk can go on from it at all.
    """

    days: Days
    places: list[Place] = field(default_factory=list)
    on: list[dict[int, bool]] = field(default_factory=list)
    ends: list[bool | None] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    longest: list[int] = field(default_factory=list)
    round: list[int] = field(default_factory=list)
    possible: list[bool] = field(default_factory=list)
    endless: int | None = None

    @property
    def begin(self) -> bool:
        """Say whether any walk is possible: where none is, what is assumed contradicts itself."""
        return any(self.possible[n] for n in self.first)

    @property
    def counted(self) -> bool:
        """Say whether any day of any walk is counted."""
        return any(self.longest[n] > 0 for n in self.first if self.possible[n]) or self.endless is not None

    @property
    def worst(self) -> int:
        """The most counted days of any walk."""
        return max((self.longest[n] for n in self.first if self.possible[n]), default=0)


def walks(days: Days, *, places: int = PLACES) -> Walks:
    """Every walk through the days; raises `TooFar`."""
    found = Walks(days)
    _explore(found, places)
    _measure(found)
    return found


def _explore(found: Walks, most: int) -> None:
    numbers: dict[Place, int] = {}
    places = found.places

    for place in found.days.beginnings():
        if place not in numbers:
            numbers[place] = len(places)
            places.append(place)
        found.first.append(numbers[place])
    ways = found.days.ways
    at = 0
    while at < len(places):
        if at > most:
            raise TooFar
        on: dict[int, bool] = {}
        ends: bool | None = None
        for way in ways(places[at]):
            to, counted = way[0], way[1]
            if to is None:
                ends = bool(ends) or counted
                continue
            if (number := numbers.get(to)) is None:
                number = numbers[to] = len(places)
                places.append(to)
            on[number] = counted or on.get(number, False)
        found.on.append(on)
        found.ends.append(ends)
        at += 1


def _measure(found: Walks) -> None:
    """Find the rounds (Tarjan), and from the last to the first how long walks are from there on."""
    size = len(found.places)
    found.longest, found.possible = [0] * size, [False] * size
    found.round = [-1] * size
    index, low = [-1] * size, [0] * size
    stack: list[int] = []
    count = rounds = 0
    for start in found.first:
        if index[start] != -1:
            continue
        calls: list[tuple[int, Iterator[int]]] = [(start, iter(found.on[start]))]
        index[start] = low[start] = count
        count += 1
        stack.append(start)
        while calls:
            node, targets = calls[-1]
            for target in targets:
                if index[target] == -1:
                    index[target] = low[target] = count
                    count += 1
                    stack.append(target)
                    calls.append((target, iter(found.on[target])))
                    break
                if found.round[target] == -1:
                    low[node] = min(low[node], index[target])
            else:
                calls.pop()
                if calls:
                    above = calls[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == index[node]:
                    members = []
                    while True:
                        member = stack.pop()
                        found.round[member] = rounds
                        members.append(member)
                        if member == node:
                            break
                    _settle(found, members)
                    rounds += 1


def _settle(found: Walks, members: list[int]) -> None:
    """The longest walk from the places of a round on; all rounds that it leads to are settled."""
    here = found.round[members[0]]
    longest, possible = 0, False
    for member in members:
        if found.ends[member] is not None:
            possible = True
            longest = max(longest, int(bool(found.ends[member])))
        for target, counted in found.on[member].items():
            if found.round[target] == here:
                possible = True
                if counted and found.endless is None:
                    found.endless = member
            elif found.possible[target]:
                possible = True
                longest = max(longest, counted + found.longest[target])
    for member in members:
        found.longest[member], found.possible[member] = longest, possible


# One walk among them.


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk: where it is each day and which way it goes; from day `again` on it goes round for ever."""

    steps: tuple[tuple[Place, Way], ...]
    again: int | None = None


def long_walk(found: Walks, over: int) -> Walk:
    """A walk with more counted days than so many, as quiet as can be; there must be one."""
    at = next(n for n in found.first if found.possible[n] and found.longest[n] > over)
    steps: list[tuple[Place, Way]] = []
    need = over + 1
    while need > 0:
        path = _to(found, at, lambda n, way, need=need: _leaves_enough(found, n, way, need))  # type: ignore[misc]
        steps += path
        need -= path[-1][1].counted
        to = path[-1][1].to
        if to is None:
            break
        at = _number(found, to)
    return Walk(tuple(steps))


def soonest_walk(found: Walks) -> Walk:
    """A walk that ends on a counted day, as soon as can be; there must be one."""
    start = _nearest_first(found, lambda number: bool(found.ends[number]))
    return Walk(tuple(_to(found, start, lambda _, way: way.to is None and way.counted, anywhere=True)))


def endless_walk(found: Walks) -> Walk:
    """A walk that goes round for ever and is counted each time; there must be one."""
    assert found.endless is not None
    here = found.round[found.endless]

    def costs(number: int, way: Way) -> bool:
        same = way.to is not None and found.round[_number(found, way.to)] == here
        return found.round[number] == here and same and way.counted

    start = _nearest_first(found, lambda number: found.round[number] == here)
    before = _to(found, start, costs, anywhere=True)
    at = _number(found, before[-1][0])
    first = before[-1]
    assert first[1].to is not None
    back_to = _number(found, first[1].to)

    def returns(_: int, way: Way) -> bool:
        return way.to is not None and _number(found, way.to) == at

    back = [] if back_to == at else _to(found, back_to, returns)
    return Walk((*before, *back), again=len(before) - 1)


def _leaves_enough(found: Walks, number: int, way: Way, need: int) -> bool:
    if way.to is None:
        return int(way.counted) >= need
    to = _number(found, way.to)
    leaves = found.round[to] != found.round[number]
    return leaves and found.possible[to] and way.counted + found.longest[to] >= need


def _number(found: Walks, place: Place) -> int:
    if not found.days.numbers:
        found.days.numbers.update((place, n) for n, place in enumerate(found.places))
    return found.days.numbers[place]


def _nearest_first(found: Walks, wanted: Callable[[int], bool]) -> int:
    """The beginning from which a wanted place is reached soonest; there must be one."""
    whence = {n: n for n in found.first}
    todo = deque(whence)
    while todo:
        at = todo.popleft()
        if wanted(at):
            return whence[at]
        for target in found.on[at]:
            if target not in whence:
                whence[target] = whence[at]
                todo.append(target)
    raise AssertionError("a place that nobody reaches")


def _to(
    found: Walks, start: int, wanted: Callable[[int, Way], bool], *, anywhere: bool = False
) -> list[tuple[Place, Way]]:
    """The shortest way from a place to one that goes a wanted way, that way included; quiet ways first.

    It keeps to the round of the place unless it may go `anywhere`.
    """
    before: dict[int, tuple[int, Way] | None] = {start: None}
    todo = deque([start])
    while todo:
        at = todo.popleft()
        place = found.places[at]
        ways = sorted(found.days.ways(place), key=quietness)
        for way in ways:
            if wanted(at, way):
                path = [(place, way)]
                while (step := before[at]) is not None:
                    at = step[0]
                    path.append((found.places[at], step[1]))
                return path[::-1]
        for way in ways:
            if way.to is None or (to := _number(found, way.to)) in before:
                continue
            if anywhere or found.round[to] == found.round[start]:
                before[to] = at, way
                todo.append(to)
    raise AssertionError("a walk that cannot be walked")


def quietness(way: Way) -> tuple[object, ...]:
    """Ways on which little happens come first."""
    return (way.full, not way.run, way.situation, not way.executed, not way.open)
