"""Who answers for what: exactly one, in plain words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from duly.assets import asset
from duly.language.load import load_policy
from duly.language.policy import Duty, Policy
from duly.language.schema import DUTIES, ROLES
from duly.source import has_errors
from duly.team.duties import (
    MEANING,
    Duties,
    How,
    Obligation,
    duties_of,
    duty_problems,
    holders_of,
    obligations,
    persons_duties,
)
from duly.team.people import Person, Served, Team
from duly_cli.main import main
from tests.book.books import HEAD, INVOICES
from tests.book.books import write as write_book
from tests.language.policies import STANDARD, problems_of, write
from tests.team.building import DAY, collector, place, responsible, rules, seller, team

MODELS = ("ar-owned", "sales-owned", "blended")


def load(name: str) -> Policy:
    policy, warnings = load_policy(asset(f"policies/{name}.yaml"))
    assert warnings == ()
    return policy


# The models.


@pytest.mark.parametrize("name", [*MODELS, "standard"])
def test_in_every_model_each_duty_has_one_owner_and_nothing_is_wrong(name: str) -> None:
    policy = load(name)
    assert duty_problems(policy) == ()
    assert [duty.id for duty in policy.responsible] == [*dict.fromkeys(d.id for d in load("standard").responsible)]
    assert {duty.id for duty in policy.responsible} == set(DUTIES)


def test_blended_is_what_the_standard_policy_says() -> None:
    assert load("blended").responsible == load("standard").responsible


@pytest.mark.parametrize(
    ("name", "reminders", "calls", "pull_in", "disputes"),
    [
        pytest.param("ar-owned", "collector", "collector", "collector", "collector", id="credit-owns"),
        pytest.param("sales-owned", "salesperson", "salesperson", "salesperson", "salesperson", id="sales-owns"),
        pytest.param("blended", "collector", "salesperson", "salesperson", "collector", id="both"),
    ],
)
def test_the_models_differ_in_who_owns_collections(
    name: str, reminders: str, calls: str, pull_in: str, disputes: str
) -> None:
    policy = load(name)
    asked = {
        duty: role
        for role in ROLES
        for one in obligations(policy, role)
        if one.how is How.ACCOUNTABLE and one.holds_in("strategic")
        for duty in (one.duty,)
    }
    found = (asked["reminders"], asked["calls"], asked["pull_in"], asked["disputes"])
    assert found == (reminders, calls, pull_in, disputes)


@pytest.mark.parametrize("name", MODELS)
def test_credit_keeps_the_last_word_on_risk_in_every_model(name: str) -> None:
    owners = {duty.id: duty.accountable for duty in load(name).responsible}
    assert {owners[duty] for duty in ("holds", "limits", "referral")} == {"credit_manager"}


# What is wrong.

POLICY = STANDARD.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("duty", "because"),
    [
        pytest.param("reminders", "stage `courtesy` sends one", id="reminders"),
        pytest.param("calls", "stage `second_reminder` asks for one", id="calls"),
        pytest.param("pull_in", "rule `silent_key_account` asks sales", id="pull-in"),
        pytest.param("disputes", "customers contest invoices", id="disputes"),
        pytest.param("holds", "there is a hold `credit`", id="holds"),
        pytest.param("limits", "rule `raise_good_payer` proposes some", id="limits"),
        pytest.param("referral", "stage `referral` is one", id="referral"),
        pytest.param("statements", "they are sent", id="statements"),
    ],
)
def test_a_duty_that_the_policy_hands_out_and_nobody_holds_is_an_error_of_the_check(
    tmp_path: Path, duty: str, because: str
) -> None:
    extends = f"duly: 1\nextends: standard.yaml\nresponsible: {{{duty}: {{remove: true}}}}\n"
    write(tmp_path, POLICY, "standard.yaml")
    path = write(tmp_path, extends, "policy.yaml")
    result = CliRunner().invoke(main, ["check", str(path)])
    assert result.exit_code == 3
    assert f"nobody answers for `{duty}`, and {because}" in result.output
    (problem,) = duty_problems(load_policy(path)[0])
    assert (problem.rule, problem.span.line > 0, bool(problem.line)) == ("duty-without-owner", True, True)
    assert CliRunner().invoke(main, ["duties", str(path)]).exit_code == 3


def test_a_duty_that_the_policy_does_not_hand_out_needs_nobody(tmp_path: Path) -> None:
    text = "duly: 1\npolicy: p\ncurrency: USD\nresponsible: {disputes: {accountable: collector}}\n"
    policy, _ = load_policy(write(tmp_path, text, "policy.yaml"))
    assert duty_problems(policy) == ()


@pytest.mark.parametrize(
    ("calls", "rule"),
    [
        pytest.param("{accountable: [collector, salesperson]}", "wrong-kind", id="two-owners"),
        pytest.param("{consulted: [collector]}", "missing-key", id="no-owner"),
        pytest.param(
            "{accountable: collector, by_segment: {new: {informed: [collector]}}}",
            "missing-key",
            id="no-owner-in-a-segment",
        ),
        pytest.param("{accountable: collector, accountable: salesperson}", "duplicate-key", id="an-owner-twice"),
    ],
)
def test_two_owners_or_none_of_a_duty_do_not_load(tmp_path: Path, calls: str, rule: str) -> None:
    line = next(line for line in POLICY.splitlines() if line.startswith("  calls:"))
    assert rule in rules(problems_of(tmp_path, POLICY.replace(line, f"  calls: {calls}")))


@pytest.mark.parametrize(
    ("duty", "message"),
    [
        pytest.param(
            Duty(id="disputes", accountable="collector", consulted=("collector",)),
            "is consulted by itself",
            id="asks-itself",
        ),
        pytest.param(
            Duty(id="disputes", accountable="collector", informed=("collector",)),
            "is informed by itself",
            id="tells-itself",
        ),
        pytest.param(
            Duty(id="disputes", accountable="collector", consulted=("salesperson",), informed=("salesperson",)),
            "asked before and told after",
            id="asked-and-told",
        ),
        pytest.param(
            Duty(
                id="disputes",
                accountable="collector",
                by_segment=(Duty(id="x", accountable="salesperson", informed=("salesperson",)),),
            ),
            "in `x` and is informed",
            id="in-a-segment",
        ),
    ],
)
def test_a_role_has_one_part_in_a_duty(duty: Duty, message: str) -> None:
    (problem,) = duty_problems(responsible(duty, segments=("x", "all")))
    assert problem.rule == "role-twice"
    assert message in problem.message


def test_a_policy_that_says_nothing_of_it_is_warned_of_once() -> None:
    (problem,) = duty_problems(Policy(id="p", currency="USD"))
    assert (problem.rule, has_errors([problem])) == ("no-duties", False)


# By role.

SPLIT = Duty(
    id="calls",
    accountable="collector",
    informed=("sales_manager",),
    by_segment=(Duty(id="large", accountable="salesperson", consulted=("collector",)),),
)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        pytest.param(
            "collector", [(How.ACCOUNTABLE, (), ("large",)), (How.CONSULTED, ("large",), ())], id="all-but-one"
        ),
        pytest.param("salesperson", [(How.ACCOUNTABLE, ("large",), ())], id="one-alone"),
        pytest.param("sales_manager", [(How.INFORMED, (), ("large",))], id="a-segment-says-all-there-is"),
        pytest.param("credit_manager", [], id="nothing"),
    ],
)
def test_an_obligation_says_in_which_segments_it_holds(
    role: str, expected: list[tuple[How, tuple[str, ...], tuple[str, ...]]]
) -> None:
    found = obligations(responsible(SPLIT, segments=("large", "small", "all")), role)
    assert [(one.how, one.segments, one.but_for) for one in found] == expected


SEGMENTS = ("a", "b", "all")
LISTS = st.lists(st.sampled_from(ROLES), unique=True).map(tuple)
OWN = st.builds(Duty, id=st.just(""), accountable=st.sampled_from(ROLES), consulted=LISTS, informed=LISTS)


@st.composite
def duties(draw: st.DrawFn) -> Duty:
    own = {segment: draw(OWN) for segment in draw(st.sets(st.sampled_from(SEGMENTS)))}
    parts = tuple(
        Duty(id=id_, accountable=d.accountable, consulted=d.consulted, informed=d.informed) for id_, d in own.items()
    )
    base = draw(OWN)
    return Duty(
        id=draw(st.sampled_from(DUTIES)),
        accountable=base.accountable,
        consulted=base.consulted,
        informed=base.informed,
        by_segment=parts,
    )


@given(duty=duties())
def test_the_obligations_of_all_roles_say_what_the_policy_says_in_every_segment(duty: Duty) -> None:
    policy = responsible(duty, segments=SEGMENTS)
    own = {part.id: part for part in duty.by_segment}
    for segment in SEGMENTS:
        here = own.get(segment, duty)
        said = {(role, one.how) for role in ROLES for one in obligations(policy, role) if one.holds_in(segment)}
        assert {role for role, how in said if how is How.ACCOUNTABLE} == {here.accountable}
        assert {role for role, how in said if how is How.CONSULTED} == set(here.consulted)
        assert {role for role, how in said if how is How.INFORMED} == set(here.informed)


def test_every_duty_has_plain_words() -> None:
    assert set(MEANING) == set(DUTIES)


# By person.

BOSS, HEAD_OF_CREDIT = Person("boss", "sales_manager"), Person("head", "credit_manager")
TEAM = team(
    seller("s", manager="boss"),
    collector("c", manager="head"),
    BOSS,
    HEAD_OF_CREDIT,
    customers=(Served("A", "s", "c", span=place(2)), Served("B", "s", "c", span=place(3))),
)


def of(duties: Duties, person: str) -> dict[tuple[str, How], tuple[str, ...]]:
    one = next(one for one in duties.people if one.person.id == person)
    return {(part.obligation.duty, part.obligation.how): part.customers for part in one.parts}


def test_a_person_has_the_duties_of_its_role_for_the_customers_that_it_serves() -> None:
    found = persons_duties(responsible(SPLIT, segments=("large", "all")), TEAM, DAY, {"A": "large", "B": "all"})
    assert of(found, "s") == {("calls", How.ACCOUNTABLE): ("A",)}
    assert of(found, "c") == {("calls", How.ACCOUNTABLE): ("B",), ("calls", How.CONSULTED): ("A",)}
    assert of(found, "boss") == {("calls", How.INFORMED): ("B",)}


@given(
    segments=st.dictionaries(st.sampled_from("AB"), st.sampled_from(SEGMENTS), min_size=2),
    duty=duties(),
)
def test_for_every_customer_each_duty_has_exactly_one_person(segments: dict[str, str], duty: Duty) -> None:
    found = persons_duties(responsible(duty, segments=SEGMENTS), TEAM, DAY, segments)
    for customer in ("A", "B"):
        owners = [
            one.person.id
            for one in found.people
            for part in one.parts
            if part.obligation.how is How.ACCOUNTABLE and customer in part.customers
        ]
        assert len(owners) == 1
    assert not {"duty-without-person", "duty-held-by-two"} & set(rules(found.problems))


@pytest.mark.parametrize(
    ("of_team", "role", "expected"),
    [
        pytest.param(TEAM, "sales_manager", ("boss",), id="the-manager-above"),
        pytest.param(team(seller("s"), Person("m", "sales_manager")), "sales_manager", ("m",), id="the-only-one"),
        pytest.param(
            team(seller("s"), Person("m", "sales_manager"), Person("n", "sales_manager")),
            "sales_manager",
            ("m", "n"),
            id="two-and-nothing-says-which",
        ),
        pytest.param(
            team(seller("s", manager="n"), Person("m", "sales_manager"), Person("n", "sales_manager")),
            "sales_manager",
            ("n",),
            id="two-and-one-is-above",
        ),
        pytest.param(
            team(seller("s", manager="t"), seller("t", manager="s")), "sales_manager", (), id="managers-in-a-ring"
        ),
        pytest.param(team(Person("s", "sales_manager")), "sales_manager", ("s",), id="the-manager-sells-itself"),
        pytest.param(team(seller("x")), "salesperson", (), id="nobody"),
    ],
)
def test_a_role_is_held_by_the_customers_own_person_or_the_manager_above(
    of_team: Team, role: str, expected: tuple[str, ...]
) -> None:
    assert holders_of(of_team, role, Served("A", "s", "c")) == expected


def owned_by(role: str) -> Policy:
    return responsible(Duty(id="disputes", accountable=role))


@pytest.mark.parametrize(
    ("role", "of_team", "rule", "line"),
    [
        pytest.param(
            "collector",
            team(collector("c"), customers=(Served("A", "", "c", span=place(2)), Served("B", span=place(3)))),
            "duty-without-person",
            3,
            id="a-customer-without-collector",
        ),
        pytest.param(
            "credit_manager",
            team(collector("c"), customers=(Served("A", "", "c"),)),
            "duty-without-person",
            0,
            id="nobody-has-the-role",
        ),
        pytest.param(
            "sales_manager",
            team(Person("m", "sales_manager"), Person("n", "sales_manager"), customers=(Served("A", span=place(2)),)),
            "duty-held-by-two",
            2,
            id="two-managers",
        ),
    ],
)
def test_a_duty_that_people_leave_with_nobody_or_with_two_is_an_error_at_its_place(
    role: str, of_team: Team, rule: str, line: int
) -> None:
    (problem,) = persons_duties(owned_by(role), of_team, DAY, {}).problems
    assert (problem.rule, problem.span.line) == (rule, line)


def test_many_customers_without_anybody_are_one_problem() -> None:
    customers = tuple(Served(f"C{n}", span=place(n + 2)) for n in range(9))
    (problem,) = persons_duties(owned_by("collector"), team(collector("c"), customers=customers), DAY, {}).problems
    assert problem.message.endswith("`C0`, `C1`, `C2`, `C3`, `C4` and 4 more")


def test_a_manager_who_sells_has_the_duties_of_a_salesperson_too() -> None:
    of_team = team(BOSS, collector("c"), customers=(Served("A", "boss", "c"),))
    found = persons_duties(owned_by("salesperson"), of_team, DAY, {})
    assert of(found, "boss") == {("disputes", How.ACCOUNTABLE): ("A",)}
    assert found.problems == ()


# At the command line.

PEOPLE = """\
person,name,role,region,manager
s1,Sales One,salesperson,north,m1
c1,"=Collector\u00a0One",collector,north,h1
m1,Sales Manager,sales_manager,,
h1,Credit Manager,credit_manager,,
"""
CUSTOMERS = """\
customer,name,email,time_zone,country,salesperson,collector,annual_sales,since
C001,Amber Anvil Works,accounts@c001.example,Europe/London,GB,s1,c1,2000000,2020-01-01
C002,Birch Bakery Supply,accounts@c002.example,Europe/Berlin,DE,s1,c1,1000,2020-01-01
"""
SIMPLE = """\
duly: 1
policy: simple
currency: USD
segments: {large: {when: {annual_sales: {at_least: 1000000}}}, others: {}}
responsible:
  calls: {accountable: collector, because: They know the account., by_segment: {large: {accountable: salesperson}}}
  disputes: {accountable: collector}
"""


def run(*arguments: str | Path) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def given_both(tmp_path: Path) -> tuple[Path, Path]:
    yaml = HEAD + "tables: {payments: none, credits: none, disputes: none, promises: none, contacts_made: none}\n"
    invoices = INVOICES.replace("EUR", "USD")
    book = write_book(
        tmp_path / "book", yaml, invoices=invoices, people=PEOPLE.replace("\u00a0", " "), customers=CUSTOMERS
    )
    return write(tmp_path, SIMPLE, "policy.yaml"), book


def test_without_a_book_each_role_reads_its_duties(given_both: tuple[Path, Path]) -> None:
    code, out, err = run("duties", given_both[0])
    assert (code, err) == (0, "")
    assert "answers for  calls     all customers but large  sees to it that late customers are called" in out
    assert "(They know the account.)" in out
    assert "answers for  calls  large customers" in out


def test_a_person_reads_its_own_duties_and_customers(given_both: tuple[Path, Path]) -> None:
    policy, book = given_both
    code, out, err = run("duties", policy, "--book", book, "--person", "s1", "--as-of", "2026-03-31")
    assert (code, err) == (0, "")
    assert "Sales One (s1), salesperson" in out
    assert "answers for  calls  large customers: 1" in out
    assert "Collector" not in out


def test_the_table_and_the_record_hold_the_same_obligations(given_both: tuple[Path, Path]) -> None:
    policy, book = given_both
    of_c1 = ("--book", book, "--person", "c1", "--as-of", "2026-03-31")
    _, table, _ = run("duties", policy, *of_c1, "--format", "csv")
    assert table.splitlines()[1].startswith("c1,'=Collector One,collector,calls,accountable,,large,1,")
    _, text, _ = run("duties", policy, *of_c1, "--format", "json")
    (person,) = json.loads(text)["people"]
    assert [(one["duty"], one["customers"]) for one in person["duties"]] == [
        ("calls", ["C002"]),
        ("disputes", ["C001", "C002"]),
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        pytest.param(["--person", "s1"], 2, "--person needs --book", id="a-person-of-no-book"),
        pytest.param(["--book", "BOOK", "--person", "s9"], 4, "[unknown-person]", id="nobody-by-that-id"),
    ],
)
def test_a_person_who_cannot_be_found_is_refused(
    given_both: tuple[Path, Path], arguments: list[str], code: int, told: str
) -> None:
    policy, book = given_both
    found, _, err = run("duties", policy, *[str(book) if word == "BOOK" else word for word in arguments])
    assert found == code
    assert told in err


def test_people_that_leave_a_duty_with_nobody_are_shown_and_the_exit_says_so(
    given_both: tuple[Path, Path],
) -> None:
    policy, book = given_both
    (book / "customers.csv").write_text(CUSTOMERS.replace("DE,s1,c1", "DE,s1,"), encoding="utf-8")
    code, out, err = run("duties", policy, "--book", book, "--as-of", "2026-03-31")
    assert code == 4
    assert "customers.csv:3:1: no collector answers for `calls` and `disputes` of customer `C002`" in err
    assert "Sales One (s1), salesperson" in out


def test_duties_of_a_role_alone_know_no_people() -> None:
    assert duties_of(responsible(SPLIT)).people == ()
    assert Obligation("calls", How.ACCOUNTABLE).holds_in("")
