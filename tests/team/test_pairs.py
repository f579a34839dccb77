"""Buddies: who works with whom, who is left, who stands in."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from duly.language.policy import Policy
from duly.source import Refused
from duly.team.pairs import Absence, Alone, By, Pair, Pairs, Why, pairs_of
from duly.team.people import Person, Served, Team, team_of
from duly_cli.main import main
from tests.book.books import HEAD, write
from tests.book.facts.building import make_book
from tests.language.policies import SMALL, load_text, problems_of
from tests.language.policies import write as write_policy
from tests.team.building import DAY, collector, pairing, place, rules, seller, team


def made(policy: Policy, of: Team, segments: dict[str, str] | None = None) -> Pairs:
    return pairs_of(policy, of, DAY, segments or {})


# By region.


def test_those_of_a_region_are_a_pair_and_serve_the_customers_that_have_both() -> None:
    found = made(
        pairing("region"),
        team(
            seller("s1", "north"),
            seller("s2", "north"),
            collector("c1", "north"),
            customers=(Served("A", "s1", "c1"), Served("B", "s2", "c1")),
        ),
    )
    assert found.pairs == (Pair("s1", "c1", "north", ("A",)), Pair("s2", "c1", "north", ("B",)))
    assert (found.alone, found.apart, found.problems) == ((), (), ())


@pytest.mark.parametrize(
    ("people", "alone", "problems"),
    [
        pytest.param(
            [seller("s", ""), collector("c", "n")],
            [Why.NOBODY_THERE, Why.NO_REGION],
            ["region-missing"],
            id="no-region",
        ),
        pytest.param([seller("s", "n"), collector("c", "m")], [Why.NOBODY_THERE] * 2, [], id="regions-apart"),
        pytest.param(
            [seller("s", "n"), collector("c", "n"), collector("d", "n")],
            [Why.TWO_THERE] * 3,
            ["pair-twice"],
            id="two-collectors",
        ),
        pytest.param(
            [collector("c", "n"), collector("d", "n")],
            [Why.NOBODY_THERE] * 2,
            [],
            id="two-collectors-and-nobody-to-pair",
        ),
    ],
)
def test_who_cannot_be_paired_is_shown_with_the_reason(
    people: list[Person], alone: list[Why], problems: list[str]
) -> None:
    found = made(pairing("region"), team(*people))
    assert [one.why for one in found.alone] == alone
    assert rules(found.problems) == problems
    assert found.pairs == ()


def test_a_second_collector_of_a_region_is_told_of_at_its_row() -> None:
    found = made(
        pairing("region"),
        team(seller("s", "n", span=place(2)), collector("c", "n", span=place(3)), collector("d", "n", span=place(4))),
    )
    (problem,) = found.problems
    assert (problem.span.line, problem.message) == (4, "region `n` has the collectors `c` and `d`")
    assert found.is_wrong


# By name.


def test_those_whom_the_policy_names_are_a_pair() -> None:
    found = made(pairing("name", s1="c1", s2="c1"), team(seller("s1"), seller("s2"), seller("s3"), collector("c1")))
    assert found.pairs == (Pair("s1", "c1"), Pair("s2", "c1"))
    assert found.alone == (Alone("s3", "salesperson", Why.NOT_NAMED),)


@pytest.mark.parametrize(
    ("named", "problems"),
    [
        pytest.param({"s1": "nobody"}, ["unknown-person"], id="unknown-collector"),
        pytest.param({"nobody": "none"}, ["unknown-person", "unknown-person"], id="both-unknown"),
        pytest.param({"c1": "s1"}, ["wrong-role", "wrong-role"], id="the-wrong-way-round"),
    ],
)
def test_a_named_pair_that_cannot_be_is_an_error_at_its_line(named: dict[str, str], problems: list[str]) -> None:
    found = made(pairing("name", **named), team(seller("s1"), collector("c1")))
    assert rules(found.problems) == problems
    assert {problem.span.line for problem in found.problems} == {5}
    assert found.pairs == ()


BY_NAME = "together: {pair_by: name, pairs: {s-1: c-1, s-2: c-1}}\n"


def test_pairs_by_name_are_read_from_the_policy(tmp_path: Path) -> None:
    policy = load_text(tmp_path, SMALL + BY_NAME)
    assert [(pair.salesperson, pair.collector) for pair in policy.together.pairs] == [("s-1", "c-1"), ("s-2", "c-1")]
    assert policy.together.pairs[0].path == "/together/pairs/s-1"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        pytest.param(BY_NAME.replace("s-2", "s-1"), "duplicate-key", id="a-salesperson-twice"),
        pytest.param("together: {pair_by: name}\n", "pairs-by-name", id="nobody-named"),
        pytest.param(BY_NAME.replace("pair_by: name", "pair_by: region"), "pairs-by-name", id="named-and-by-region"),
    ],
)
def test_pairs_that_contradict_themselves_do_not_load(tmp_path: Path, text: str, rule: str) -> None:
    assert rule in rules(problems_of(tmp_path, SMALL + text))


# By segment.


def test_a_salesperson_has_one_buddy_in_each_segment() -> None:
    customers = (Served("A", "s", "c"), Served("B", "s", "d"), Served("C", "s", "c"), Served("P", "s", "c", payer="B"))
    found = made(
        pairing("segment"),
        team(seller("s"), collector("c"), collector("d"), customers=customers[:3]),
        {"A": "large", "B": "small", "C": "large"},
    )
    assert found.pairs == (Pair("s", "c", "large", ("A", "C")), Pair("s", "d", "small", ("B",)))
    assert found.problems == ()


def test_two_collectors_of_one_salesperson_in_a_segment_are_an_error_at_the_second_customer() -> None:
    customers = (Served("A", "s", "c", span=place(2)), Served("B", "s", "d", span=place(3)))
    found = made(
        pairing("segment"), team(seller("s"), collector("c"), collector("d"), customers=customers), {"A": "x", "B": "x"}
    )
    (problem,) = found.problems
    assert (problem.rule, problem.span.line) == ("pair-twice", 3)
    assert [one.why for one in found.apart] == [Why.SELLER_ALONE, Why.SELLER_ALONE]


def test_a_child_that_is_paid_for_is_in_the_segment_of_its_payer() -> None:
    customers = (Served("A", "s", "c"), Served("B", "s", "c", payer="A"), Served("N", "s", "c"))
    found = made(pairing("segment"), team(seller("s"), collector("c"), customers=customers), {"A": "x"})
    assert found.pairs == (Pair("s", "c", "x", ("A", "B")),)
    assert [(one.customer, one.why) for one in found.apart] == [("N", Why.NO_SEGMENT)]


# Customers.


@pytest.mark.parametrize(
    ("customer", "why"),
    [
        pytest.param(Served("A", "", "c"), Why.NO_SALESPERSON, id="nobody-sells"),
        pytest.param(Served("A", "s", ""), Why.NO_COLLECTOR, id="nobody-collects"),
        pytest.param(Served("A", "t", "c"), Why.SELLER_ALONE, id="its-salesperson-has-no-buddy"),
        pytest.param(Served("A", "s", "d"), Why.OTHER_COLLECTOR, id="another-collector"),
    ],
)
def test_a_customer_without_a_pair_is_found_with_the_reason(customer: Served, why: Why) -> None:
    people = (seller("s", "n"), collector("c", "n"), seller("t", "m"), collector("d", "k"))
    found = made(pairing("region"), team(*people, customers=(customer,)))
    assert [one.why for one in found.apart] == [why]


@pytest.mark.parametrize(
    ("customer", "problems"),
    [
        pytest.param(Served("A", "c", "c", span=place(2)), ["wrong-role"], id="a-collector-sells"),
        pytest.param(Served("A", "boss", "c", span=place(2)), [], id="a-manager-may"),
        pytest.param(Served("A", "ghost", "c", span=place(2)), ["unknown-person"], id="nobody-by-that-id"),
    ],
)
def test_whoever_serves_a_customer_is_one_who_may(customer: Served, problems: list[str]) -> None:
    people = (seller("s", "n"), collector("c", "n"), Person("boss", "sales_manager"))
    assert rules(made(pairing("region"), team(*people, customers=(customer,))).problems) == problems


# Absences.


def away(first: int, last: int | None, by: str = "") -> dict[str, Any]:
    until = date(2026, 3, last) if last else None
    return {"away_from": date(2026, 3, first), "away_until": until, "covered_by": by}


@pytest.mark.parametrize(
    ("first", "last", "is_away"),
    [
        pytest.param(30, 30, False, id="back-today"),
        pytest.param(30, 31, True, id="last-day"),
        pytest.param(31, None, True, id="first-day-no-end-said"),
    ],
)
def test_somebody_is_away_on_the_first_day_and_on_the_last(first: int, last: int | None, is_away: bool) -> None:  # noqa: FBT001
    assert collector("c", **away(first, last)).is_away(DAY) is is_away


@pytest.mark.parametrize(
    ("people", "stand_in", "problems"),
    [
        pytest.param([collector("c", "n", **away(30, 31, "d")), collector("d", "m")], "d", [], id="covered"),
        pytest.param([collector("c", "n", **away(30, 31))], "", ["nobody-covers"], id="nobody-named"),
        pytest.param(
            [collector("c", "n", **away(30, 31, "d")), collector("d", "m", **away(30, 31, "e")), collector("e", "k")],
            "e",
            [],
            id="the-cover-is-covered",
        ),
        pytest.param(
            [collector("c", "n", **away(30, 31, "d")), collector("d", "m", **away(30, 31, "c"))],
            "",
            ["nobody-covers"] * 2,
            id="each-the-others",
        ),
        pytest.param([collector("c", "n", **away(30, 31, "c"))], "", ["covers-itself"], id="itself"),
        pytest.param(
            [collector("c", "n", **away(30, 31, "s")), seller("s", "n")], "", ["cover-role"], id="another-role"
        ),
    ],
)
def test_whoever_is_away_is_covered_by_whom_the_book_names(
    people: list[Person], stand_in: str, problems: list[str]
) -> None:
    found = made(pairing("region"), team(*people))
    assert found.absences[0] == Absence("c", date(2026, 3, 31), stand_in)
    assert rules(found.problems) == problems


# Laws.

IDS = st.sampled_from(["p1", "p2", "p3", "p4", "p5", "p6"])
DAYS = st.none() | st.dates(date(2026, 3, 29), date(2026, 4, 2))


@st.composite
def teams(draw: st.DrawFn) -> Team:
    ids = draw(st.sets(IDS))
    people = [
        Person(
            id_,
            draw(st.sampled_from(["salesperson", "collector", "sales_manager"])),
            region=draw(st.sampled_from(["", "n", "m"])),
            away_from=draw(DAYS),
            away_until=draw(DAYS),
            covered_by=draw(st.just("") | IDS),
        )
        for id_ in sorted(ids)
    ]
    served = st.builds(Served, st.just("X"), st.just("") | IDS, st.just("") | IDS)
    customers = tuple(Served(f"C{n}", c.salesperson, c.collector) for n, c in enumerate(draw(st.lists(served))))
    return Team(tuple(people), customers)


POLICIES = st.sampled_from([pairing("region"), pairing("segment"), pairing("name", p1="p2", p3="p2", p4="p5")])


@given(
    policy=POLICIES, of=teams(), segments=st.dictionaries(st.sampled_from(["C0", "C1", "C2"]), st.sampled_from("xy"))
)
def test_everybody_is_told_of_exactly_once(policy: Policy, of: Team, segments: dict[str, str]) -> None:
    found = made(policy, of, segments)
    paired = {pair.salesperson for pair in found.pairs} | {pair.collector for pair in found.pairs}
    alone = [one.person for one in found.alone]
    everybody = {p.id for p in of.people if p.role in {"salesperson", "collector"}}
    assert len(alone) == len(set(alone))
    assert paired | set(alone) == everybody
    assert not paired & set(alone)
    served = [customer for pair in found.pairs for customer in pair.customers] + [one.customer for one in found.apart]
    assert sorted(served) == sorted(customer.id for customer in of.customers)


@given(
    policy=POLICIES, of=teams(), segments=st.dictionaries(st.sampled_from(["C0", "C1", "C2"]), st.sampled_from("xy"))
)
def test_a_salesperson_has_one_buddy_and_a_pair_only_its_own_customers(
    policy: Policy, of: Team, segments: dict[str, str]
) -> None:
    found = made(policy, of, segments)
    keys = [(pair.salesperson, pair.of if found.by is By.SEGMENT else "") for pair in found.pairs]
    assert len(keys) == len(set(keys))
    customers = {customer.id: customer for customer in of.customers}
    for pair in found.pairs:
        for id_ in pair.customers:
            assert (customers[id_].salesperson, customers[id_].collector) == (pair.salesperson, pair.collector)


@given(of=teams())
def test_a_stand_in_is_there_and_has_the_same_role(of: Team) -> None:
    for person in of.people:
        cover = of.stand_in(person, DAY)
        assert cover is None or (not cover.is_away(DAY) and cover.role == person.role)
        assert (cover == person) is not person.is_away(DAY)


# From a book, and at the command line.

PEOPLE = """\
person,name,role,region,away_from,away_until,covered_by
s1,Sales One,salesperson,north,,,
c1,Collector One,collector,north,2026-03-30,2026-03-31,c2
c2,"=Collector Two",collector,south,,,
"""
CUSTOMERS = """\
customer,name,email,time_zone,country,salesperson,collector
C001,Amber Anvil Works,accounts@c001.example,Europe/London,GB,s1,c1
C002,Birch Bakery Supply,accounts@c002.example,Europe/Berlin,DE,s1,c2
"""
POLICY = SMALL + "together: {pair_by: region}\n"


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


def test_the_command_shows_pairs_absences_and_who_is_left(tmp_path: Path) -> None:
    book = write(tmp_path / "book", HEAD + "tables: {payments: none}\n", people=PEOPLE, customers=CUSTOMERS)
    policy = write_policy(tmp_path, POLICY, "policy.yaml")
    code, out, err = run("pairs", policy, book, "--as-of", "2026-03-31")
    assert (code, err) == (0, "")
    assert "s1           c1         north           1" in out
    assert "c1  until 2026-03-31, c2 stands in" in out
    assert "c2  collector  nobody of the other role there" in out
    assert "C002  s1 and c2  its collector is not the salesperson's buddy" in out


def test_the_table_is_safe_for_a_spreadsheet_and_the_record_holds_it_all(tmp_path: Path) -> None:
    book = write(tmp_path / "book", HEAD + "tables: {payments: none}\n", people=PEOPLE, customers=CUSTOMERS)
    policy = write_policy(tmp_path, POLICY, "policy.yaml")
    _, table, _ = run("pairs", policy, book, "--as-of", "2026-03-31", "--format", "csv")
    assert table.splitlines() == [
        "salesperson,collector,of,customer,why_not",
        "s1,c1,north,C001,",
        ",c2,,,nobody of the other role there",
        "s1,c2,,C002,its collector is not the salesperson's buddy",
    ]
    _, record, _ = run("pairs", policy, book, "--as-of", "2026-03-31", "--format", "json")
    assert '"customers_without_a_pair": [' in record


@pytest.mark.parametrize(
    ("people", "told"),
    [
        pytest.param(
            PEOPLE.replace("s1,Sales One,salesperson,north", "s1,Sales One,salesperson,"),
            "people.csv:2:1: `s1` has no region",
            id="region-missing",
        ),
        pytest.param(
            PEOPLE.replace("collector,south", "collector,north"),
            "people.csv:4:1: region `north` has the collectors `c1` and `c2`",
            id="pair-twice",
        ),
        pytest.param(PEOPLE.replace("2026-03-31,c2", "2026-03-29,c2"), "people.csv:3:6", id="back-before-leaving"),
        pytest.param(PEOPLE.replace("2026-03-31,c2", "2026-03-31,c9"), "people.csv:3:7", id="covered-by-nobody-known"),
    ],
)
def test_what_is_wrong_with_the_people_is_told_at_its_row(tmp_path: Path, people: str, told: str) -> None:
    book = write(tmp_path / "book", HEAD + "tables: {payments: none}\n", people=people, customers=CUSTOMERS)
    code, _, err = run("pairs", write_policy(tmp_path, POLICY, "policy.yaml"), book, "--as-of", "2026-03-31")
    assert code == 4
    assert told in err


def test_a_policy_that_pairs_nobody_is_refused(tmp_path: Path) -> None:
    book = write(tmp_path / "book", HEAD + "tables: {payments: none}\n", people=PEOPLE, customers=CUSTOMERS)
    code, _, err = run("pairs", write_policy(tmp_path, SMALL, "policy.yaml"), book)
    assert code == 3
    assert "[no-pairs]" in err


def test_a_book_without_people_is_refused(tmp_path: Path) -> None:
    code, _, err = run("pairs", write_policy(tmp_path, POLICY, "policy.yaml"), write(tmp_path / "book"))
    assert code == 4
    assert "[no-people]" in err


def test_whoever_pays_in_the_end_gives_the_segment() -> None:
    rows: list[dict[str, object]] = [{"customer": "A"}, {"customer": "B", "parent": "A", "parent_pays": True}]
    rows.append({"customer": "C", "parent": "B", "parent_pays": True})
    rows.append({"customer": "D", "parent": "A"})
    book = make_book(customers=rows, people=[{"person": "s", "role": "salesperson"}])
    assert [(one.id, one.payer) for one in team_of(book).customers] == [("A", ""), ("B", "A"), ("C", "A"), ("D", "")]


def test_an_unknown_person_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(Refused) as refused:
        team(seller("sales-north")).person("sales-nort")
    assert refused.value.problems[0].help == "did you mean `sales-north`?"
