"""What is proved of every run of days no run breaks, and the run that is told breaks what it is told of."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from duly.language.conditions import ALWAYS, holds
from duly.language.load import load_policy
from duly.language.over_time import ComesToAnEnd, assumption
from duly.language.policy import Guarantee, Policy
from duly.reports.prove import as_json, as_text
from duly.review.prove.findings import Findings
from duly.review.prove.over_time import answer
from duly.review.prove.over_time import days as one_day
from duly.review.prove.over_time.assumed import CLOSED_DAYS_IN_A_ROW
from duly.review.prove.over_time.cap import most_contacts
from duly.review.prove.over_time.days import Days
from duly.review.prove.over_time.endless import endless_waits
from duly.review.prove.over_time.history import History, Most
from duly.review.prove.over_time.story import Story
from duly.review.prove.proof import Proof, Verdict, prove
from duly.rules import layers
from duly.rules.meaning import decide
from duly.rules.trace import decided
from tests.conftest import NIGHTLY
from tests.review.walking import HEAD, Past, broken_by, ladder_policy, walked

POLICIES, WALKS, DAYS = (1_000, 40, 400) if NIGHTLY else (40, 8, 400)

STAGES = """\
ladder:
  min_days_between: 3
  stages:
    reminder: {after: {days: 5}, tone: friendly, send: {email: reminder}REPEAT}
    final: {after: {days: 10, since: previous_stage}, tone: final, send: {email: final}}
"""

PROMISE = """\
guarantees:
  promise:
    over_time: OVER_TIME
    assuming: [ASSUMING]
"""

END = "{from: first_late, while: {paused: false}, executes: [final], within_business_days: 30}"
QUIET = "runs_every_business_day, messages_accepted, oldest_invoice_stays_unpaid"
CAP = "limits: {contacts_per_customer: {at_most: 2, in_days: 7}}\n"


def written(
    folder: Path, over_time: str = END, assuming: str = QUIET, *, repeat: str = "", stages: str = STAGES, also: str = ""
) -> Policy:
    path = folder / "chased.yaml"
    promise = PROMISE.replace("OVER_TIME", over_time).replace("ASSUMING", assuming)
    path.write_text(HEAD + stages.replace("REPEAT", repeat) + also + promise, encoding="utf-8")
    return load_policy(path)[0]


def proof_of(policy: Policy) -> Proof:
    return prove(policy, policy.guarantees[0])


CHASER = ", repeat: {every_days: 5}"


# A chaser that keeps the next stage waiting.


def carried_out(story: Story) -> list[tuple[int, str]]:
    return [(day.day, day.executed) for day in story.days if day.executed]


def test_a_chaser_that_starts_the_count_again_is_told_day_by_day(tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path, repeat=CHASER))
    assert proof.verdict is Verdict.DISPROVED
    assert proof.why == "it may never come to an end"
    assert proof.story is not None
    # From a Monday, day 4 past due: the reminder goes on day 5, and every Monday from then on.
    assert carried_out(proof.story) == [(2, "reminder"), (8, "reminder"), (15, "reminder")]
    assert proof.story.again == 9


def test_without_the_chaser_the_end_is_reached(tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path))
    assert proof.verdict is Verdict.PROVED
    assert proof.how == "in every run of days, by searching all of them: at worst after 11 business days"


@pytest.mark.parametrize(
    ("days", "verdict"),
    [pytest.param(11, Verdict.PROVED, id="the-worst"), pytest.param(10, Verdict.DISPROVED, id="a-day-less")],
)
def test_the_worst_is_exact(days: int, verdict: Verdict, tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path, END.replace("30", str(days))))
    assert proof.verdict is verdict
    if proof.story is not None:
        assert proof.why == f"it takes up to 11 business days of {days}"
        assert proof.story.counted == days + 1


@pytest.mark.parametrize(
    ("repeat", "waits"),
    [
        pytest.param(", repeat: {every_days: 5}", [("final", "reminder")], id="without-end"),
        pytest.param(", repeat: {every_days: 7}", [("final", "reminder")], id="every-week"),
        pytest.param(", repeat: {every_days: 9}", [], id="a-repeat-that-falls-on-a-weekend-lets-it-come"),
        pytest.param(", repeat: {every_days: 10}", [], id="on-the-day-it-comes"),
        pytest.param(", repeat: {every_days: 5, at_most: 4}", [], id="not-for-ever"),
        pytest.param("", [], id="none"),
    ],
)
def test_a_stage_that_waits_for_ever_is_found_without_a_promise(
    repeat: str, waits: list[tuple[str, str]], tmp_path: Path
) -> None:
    found = endless_waits(written(tmp_path, repeat=repeat))
    assert [(one.stage.id, one.repeated.id if one.repeated else "") for one in found] == waits


def test_a_stage_that_counts_from_one_that_never_comes_waits_for_ever(tmp_path: Path) -> None:
    stages = STAGES.replace("send: {email: reminder}REPEAT", "send: {email: reminder}, when: {past_due: {over: 250}}")
    (found,) = endless_waits(written(tmp_path, stages=stages))
    assert (found.stage.id, found.repeated) == ("final", None)
    assert not carried_out(found.story)


@pytest.mark.parametrize("path", sorted(Path("policies").glob("*.yaml")), ids=lambda path: path.stem)
def test_nothing_waits_for_ever_in_a_shipped_policy(path: Path) -> None:
    if not path.name.endswith(".cases.yaml"):
        assert endless_waits(load_policy(path)[0]) == ()


# Assumptions.


def test_the_same_question_has_the_same_answer(tmp_path: Path) -> None:
    policy = written(tmp_path, repeat=CHASER)
    assert proof_of(policy) == proof_of(policy)


LETTER = STAGES.replace("send: {email: final}", "send: {letter: final}, approval: [credit_manager]").replace(
    "REPEAT", ""
)
EVERYTHING = f"{QUIET}, letters_confirmed_within_2_days, approvals_within_5_days, people_give_way"


@pytest.mark.parametrize("left_out", EVERYTHING.split(", "))
def test_each_assumption_is_needed(left_out: str, tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path, assuming=EVERYTHING, stages=LETTER, also=CAP))
    assert (proof.verdict, proof.notes) == (Verdict.PROVED, ())
    rest = ", ".join(name for name in EVERYTHING.split(", ") if name != left_out)
    proof = proof_of(written(tmp_path, assuming=rest, stages=LETTER, also=CAP))
    assert proof.verdict is Verdict.DISPROVED
    assert proof.story is not None


def test_an_assumption_that_is_not_needed_is_told(tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path, assuming=f"{QUIET}, approvals_within_5_days"))
    assert (proof.verdict, proof.notes) == (Verdict.PROVED, ("`approvals_within_5_days` is not needed",))


@pytest.mark.parametrize(
    ("days", "verdict"),
    [
        pytest.param(2, Verdict.EMPTY, id="a-weekend-is-longer"),
        pytest.param(3, Verdict.PROVED, id="a-weekend-and-no-holiday"),
    ],
)
def test_assumptions_that_contradict_the_calendar_are_an_error(days: int, verdict: Verdict, tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path, assuming=f"{QUIET}, open_for_contact_within_{days}_days"))
    assert proof.verdict is verdict
    if verdict is Verdict.EMPTY:
        assert "contradict each other" in proof.why


def test_a_promise_about_days_that_cannot_be_says_nothing(tmp_path: Path) -> None:
    nobody = END.replace("{paused: false}", "{past_due: {over: 50, at_most: 40}}")
    proof = proof_of(written(tmp_path, nobody))
    assert (proof.verdict, proof.why) == (Verdict.EMPTY, "no late account is ever as `while` says")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param(("{days: 5}", "{months: 1}"), "a stage counts months from the due_date", id="months"),
        pytest.param(
            ("email: reminder}REPEAT", "email: reminder}, when: {contacts_in_window: {at_most: 1}}"),
            "a condition reads `contacts_in_window`",
            id="contacts",
        ),
    ],
)
def test_what_cannot_be_followed_is_not_proved(change: tuple[str, str], why: str, tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path, stages=STAGES.replace(*change)))
    assert (proof.verdict, proof.why) == (Verdict.NOT_PROVED, f"{why}, which is not followed from day to day")


# Contacts.

CONTACTS = "{contacts: {at_most: 2, in_days: 7}}"


@pytest.mark.parametrize(
    ("promised", "cap", "assuming", "verdict"),
    [
        pytest.param((2, 7), "{at_most: 2, in_days: 7}", "people_respect_cap", Verdict.PROVED, id="the-same"),
        pytest.param((1, 7), "{at_most: 2, in_days: 7}", "people_respect_cap", Verdict.DISPROVED, id="one-less"),
        pytest.param((2, 8), "{at_most: 2, in_days: 7}", "people_respect_cap", Verdict.DISPROVED, id="a-day-more"),
        pytest.param((3, 8), "{at_most: 2, in_days: 7}", "people_respect_cap", Verdict.PROVED, id="one-for-the-day"),
        pytest.param((4, 14), "{at_most: 2, in_days: 7}", "people_respect_cap", Verdict.PROVED, id="two-windows"),
        pytest.param((3, 14), "{at_most: 2, in_days: 7}", "people_respect_cap", Verdict.DISPROVED, id="two-less-one"),
        pytest.param((2, 7), "{at_most: 2, in_days: 7}", "messages_accepted", Verdict.DISPROVED, id="people-do-not"),
        pytest.param((2, 7), "", "people_respect_cap", Verdict.DISPROVED, id="there-is-no-cap"),
        pytest.param((7, 7), "", "messages_accepted", Verdict.PROVED, id="not-more-days-than-that"),
    ],
)
def test_contacts_are_capped_for_all_time(
    promised: tuple[int, int], cap: str, assuming: str, verdict: Verdict, tmp_path: Path
) -> None:
    at_most, in_days = promised
    over_time = f"{{contacts: {{at_most: {at_most}, in_days: {in_days}}}}}"
    also = f"limits: {{contacts_per_customer: {cap}}}\n" if cap else ""
    proof = proof_of(written(tmp_path, over_time, assuming, also=also))
    assert proof.verdict is verdict
    if proof.story is not None:
        calls = [day.day for day in proof.story.days if day.called]
        last = [call for call in calls if call > calls[-1] - in_days]
        assert len(last) == at_most + 1


def test_no_walk_has_more_contacts_than_the_cap_lets_happen(tmp_path: Path) -> None:
    """Of all the policies at random with a cap; most of their walks come to just as many as may be."""
    reached = 0
    for seed in range(POLICIES):
        policy = ladder_policy(seed, tmp_path)
        cap = policy.limits.contacts_per_customer
        if cap is None:
            continue
        for days in (cap.in_days, cap.in_days + 1, 2 * cap.in_days + 1):
            most = most_contacts(cap, days)
            for walk in range(4):
                *_, last = walked(policy, policy.guarantees[0], walk, 120)
                found = max(sum(day <= c < day + days for c in last.contacts) for day in last.contacts | {0})
                assert found <= most, (seed, walk)
                reached += found == most
    assert reached > POLICIES // 4


@pytest.fixture
def no_answer_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked while a fault is planted is neither known from before nor known afterwards."""
    monkeypatch.setattr(answer, "_answered", deque(maxlen=0))


@pytest.mark.usefixtures("no_answer_is_kept")
def test_a_stage_that_overlooks_the_cap_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "cap_allows", lambda *_: ALWAYS)
    with pytest.raises(AssertionError, match="whose contact cap is full"):
        proof_of(written(tmp_path, CONTACTS, "people_respect_cap", also=CAP))


# One thing before another.

HOLD = """\
sales:
  warn: {when: {days_past_due: {at_least: 20}}, ask: break_hold_news, within: {business_days: 5}}
holds:
  credit:
    place: {when: {days_past_due: {at_least: 30}}NEEDS}
    release: {when: {past_due_with_disputed: {at_most: 0}}}
"""
NEEDS = ", needs: {request: warn, is: answered_or_expired}"
ASKED_FIRST = "{never: {placed_today: {includes: credit}}, before: {asked_today: {includes: warn}}}"


def test_sales_is_asked_before_any_hold_or_it_is_told_how_not(tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path, ASKED_FIRST, also=HOLD.replace("NEEDS", NEEDS)))
    assert proof.verdict is Verdict.PROVED
    assert proof.how == "for all time, by induction: the day's own facts remember it"
    proof = proof_of(written(tmp_path, ASKED_FIRST, also=HOLD.replace("NEEDS", "")))
    assert proof.verdict is Verdict.DISPROVED
    assert proof.story is not None
    last = proof.story.days[-1]
    assert last.decision is not None
    assert last.decision.place == ("credit",)


SKIPS = "{never: {step: final}, before: {step: reminder}}"


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        pytest.param(("", ""), Verdict.PROVED, id="every-rung"),
        pytest.param(("days: 10, since: previous_stage", "days: 10"), Verdict.PROVED, id="by-days-past-due"),
        pytest.param(("  min_days", "  climb: highest\n  min_days"), Verdict.PROVED, id="highest-but-after-the-other"),
    ],
)
def test_no_rung_is_skipped(change: tuple[str, str], verdict: Verdict, tmp_path: Path) -> None:
    proof = proof_of(written(tmp_path, SKIPS, stages=STAGES.replace(*change)))
    assert proof.verdict is verdict


def test_a_rung_that_can_be_skipped_is_told_by_a_run_of_days(tmp_path: Path) -> None:
    stages = STAGES.replace("  min_days", "  climb: highest\n  min_days").replace(", since: previous_stage", "")
    proof = proof_of(written(tmp_path, SKIPS, stages=stages))
    assert proof.verdict is Verdict.DISPROVED
    assert proof.story is not None
    last = proof.story.days[-1]
    assert last.decision is not None
    assert last.decision.step == "final"
    assert carried_out(proof.story)[:-1] == []


@pytest.mark.parametrize(
    ("over_time", "verdict"),
    [
        pytest.param(
            "{never: {step: final, days_past_due: {below: 2}}, before: {step: reminder}}",
            Verdict.EMPTY,
            id="never-at-all",
        ),
        pytest.param("{never: {step: final}, before: {tone: friendly}}", Verdict.NOT_PROVED, id="nobody-remembers"),
    ],
)  # fmt: skip
def test_what_cannot_be_or_is_not_remembered_is_no_proof(over_time: str, verdict: Verdict, tmp_path: Path) -> None:
    assert proof_of(written(tmp_path, over_time)).verdict is verdict


# The judge.


def retold(policy: Policy, guarantee: Guarantee, story: Story) -> None:
    """Count the story's days anew from what happened on them, and decide each again."""
    promise = guarantee.over_time
    assert isinstance(promise, ComesToAnEnd)
    past = Past(policy)
    first = story.days[0].facts["days_since_last_stage"]
    past.earlier = [-first] if isinstance(first, int) else []
    past.called = {day - 1 for day in story.called_before}
    counted = 0
    for number, day in enumerate(story.days):
        moved = past.facts(number)
        assert {name: day.facts[name] for name in moved} == moved, day
        if day.decision is not None:
            decision = decide(policy, day.facts)
            assert decision == day.decision
            assert day.executed in {"", decision.step}
            if day.counted:
                assert holds(promise.while_, {**day.facts, **decided(decision)})
        counted += day.counted
        if day.executed:
            past.executed.append((number, day.executed))
        if day.called:
            past.called.add(number)
    if story.again is None:
        assert counted > promise.within_business_days
    else:
        rounds = story.days[story.again - 1 :]
        assert any(day.counted for day in rounds)
        assert not {day.executed for day in story.days} & set(promise.executes)


def within(guarantee: Guarantee, days: int) -> Guarantee:
    """The same promise with other days."""
    assert isinstance(guarantee.over_time, ComesToAnEnd)
    return replace(guarantee, over_time=replace(guarantee.over_time, within_business_days=days))


def judged(seeds: range, folder: Path) -> Counter[str]:
    """How many policies came to what; raises `AssertionError` where a walk or a story says otherwise."""
    came_to: Counter[str] = Counter()
    for seed in seeds:
        policy = ladder_policy(seed, folder)
        guarantee = policy.guarantees[0]
        proof = prove(policy, guarantee)
        came_to[proof.verdict.value] += 1
        if proof.verdict is Verdict.PROVED:
            # Not a day more than it says to be the worst, which may be far less than is promised.
            guarantee = within(guarantee, int(proof.how.split()[-3]))
        broken = broken_by(policy, guarantee, range(WALKS), DAYS)
        if proof.verdict is Verdict.PROVED:
            assert broken is None, f"policy {seed}"
        if proof.verdict is Verdict.DISPROVED:
            assert proof.story is not None
            retold(policy, guarantee, proof.story)
            came_to["disproved, and a walk at random as well"] += broken is not None
    return came_to


def test_what_is_proved_no_walk_breaks_and_every_story_is_true(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    came_to = judged(range(POLICIES), tmp_path)
    assert min(came_to[Verdict.PROVED.value], came_to[Verdict.DISPROVED.value]) > POLICIES // 8
    assert came_to["disproved, and a walk at random as well"] > POLICIES // 8
    with capsys.disabled():
        print("\n" + ", ".join(f"{name} {number:,}" for name, number in sorted(came_to.items())))


MOST = Days.most


def forgets_too_much(self: Days, history: History) -> Most:
    most = MOST(self, history)
    return Most(most.since, most.times, 0, most.window)


def nobody_waits(*_: object) -> int:
    return 0


def nothing_gets_older(history: History) -> History:
    return history


def counts_nothing(*_: object) -> bool:
    return False


FAULTS = [
    pytest.param(Days, "most", forgets_too_much, id="the days since the last stage are not kept"),
    pytest.param(Days, "patience", nobody_waits, id="letters and approvals come at once"),
    pytest.param(one_day, "tomorrow", nothing_gets_older, id="no day passes for what was done"),
    pytest.param(one_day, "holds", counts_nothing, id="no day is counted"),
]


@pytest.mark.usefixtures("no_answer_is_kept")
@pytest.mark.parametrize(("where", "name", "fault"), FAULTS)
def test_a_walk_that_goes_otherwise_is_found_out(
    where: object, name: str, fault: Callable[..., object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, name, fault)
    with pytest.raises(AssertionError):
        assert judged(range(25), tmp_path)[Verdict.EMPTY.value] == 0


# What is true of every calendar.


def test_no_calendar_takes_out_more_working_days_in_a_row() -> None:
    years = range(2015, 2036) if NIGHTLY else range(2025, 2028)
    for country in sorted(holidays.list_supported_countries(include_aliases=False)):
        calendar = holidays.country_holidays(country, years=years)
        day, run = date(years[0], 1, 1), 0
        while day.year < years[-1] + 1:
            if day.weekday() < 5:
                run = run + 1 if day in calendar else 0
                assert run <= CLOSED_DAYS_IN_A_ROW, (country, day)
            day += timedelta(days=1)


def test_the_standard_policy_needs_all_that_it_assumes() -> None:
    standard = load_policy(Path("policies/standard.yaml"))[0]
    over_time = {g.id: prove(standard, g) for g in standard.guarantees if g.over_time is not None}
    assert {id_: (p.verdict, p.notes) for id_, p in over_time.items()} == dict.fromkeys(over_time, (Verdict.PROVED, ()))
    assert over_time["everyone_comes_to_an_end"].how.endswith("at worst after 76 business days")
    assert assumption("people_give_way") in over_time["everyone_comes_to_an_end"].guarantee.assuming


# What is shown.

TOLD = """\
chased: 0 of 1 guarantee proved

promise: does not hold: it may never come to an end
  assuming runs_every_business_day, messages_accepted, oldest_invoice_stays_unpaid
  written at POLICY:17
  a run of days that breaks it:
    past_due                  100.00 USD
    past_due_with_disputed    100.00 USD
    open_amount               100.00 USD
    open_count                1
    late_count                1
    late_count_with_disputed  1
    every other fact is 0, no, none, unknown or empty
    day   1 Mon (4 late)             `reminder` is next, and its day has not come
    day   2 Tue (5 late)             `reminder` is carried out
    day   3 to 5 (6 to 8 late)       `final` is next, and its day has not come
    day   8 Mon (11 late)            `reminder` is carried out
    day   9 to 12 (12 to 15 late)    `final` is next, and its day has not come
    day  15 Mon (18 late)            `reminder` is carried out
    and so on for ever, from day 9 on
"""


def test_the_story_reads_day_by_day(tmp_path: Path) -> None:
    policy = written(tmp_path, repeat=CHASER)
    text = as_text(policy, [proof_of(policy)], Findings())
    assert text.replace(policy.files[0], "POLICY").replace("walked:", "chased:") == TOLD
    (record,) = as_json(policy, [proof_of(policy)], Findings())["guarantees"]
    assert record["assuming"]["messages_accepted"].startswith("Every customer can be reached")
    assert record["story"]["again_from_day"] == 9
    assert [day["executed"] for day in record["story"]["days"]].count("reminder") == 3


def test_a_stage_that_waits_for_ever_is_shown_with_its_days(tmp_path: Path) -> None:
    policy = written(tmp_path, repeat=CHASER)
    found = Findings(endless=endless_waits(policy))
    text = as_text(policy, [], found)
    assert "Stage final can wait for ever: repeats of reminder keep its day from coming" in text
    assert "and so on for ever, from day 9 on" in text
    (record,) = as_json(policy, [], found)["waits_for_ever"]
    assert (record["stage"], record["repeated"]) == ("final", "reminder")


# Faults planted in the standard policy.

PLANTED = [
    pytest.param(
        "ladder: {stages: {small_balance: {when: {past_due: {at_most: 200}}}}}\n",
        "it may never come to an end",
        id="between two sums nobody is written off or referred",
    ),
    pytest.param(
        "ladder: {stages: {reminder: {repeat: {every_days: 7}},"
        " second_reminder: {after: {days: 10, since: previous_stage}}}}\n",
        "it may never come to an end",
        id="a chaser keeps the second reminder waiting",
    ),
    pytest.param(
        "ladder: {stages: {referral: {after: {days: 90, since: previous_stage}}}}\n",
        "it takes up to 131 business days of 90",
        id="the last step waits too long",
    ),
]


@pytest.mark.parametrize(("fault", "why"), PLANTED)
def test_a_fault_in_the_standard_policy_is_told_and_a_walk_at_random_meets_it(
    fault: str, why: str, tmp_path: Path
) -> None:
    standard = Path("policies/standard.yaml").read_text(encoding="utf-8")
    (tmp_path / "standard.yaml").write_text(standard, encoding="utf-8")
    path = tmp_path / "planted.yaml"
    path.write_text(f"duly: 1\nextends: standard.yaml\npolicy: planted\n{fault}", encoding="utf-8")
    policy = load_policy(path)[0]
    guarantee = next(g for g in policy.guarantees if g.id == "everyone_comes_to_an_end")
    proof = prove(policy, guarantee)
    assert (proof.verdict, proof.why) == (Verdict.DISPROVED, why)
    assert proof.story is not None
    retold(policy, guarantee, proof.story)
    assert broken_by(policy, guarantee, range(40), DAYS) is not None
