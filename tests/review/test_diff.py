"""What changed between two policies, what that means for anybody, and whom of a book it touches."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from duly.book.read import read_book
from duly.book.sample import write_sample
from duly.language.load import load_policy
from duly.language.policy import Policy
from duly.review.diff.aspects import Aspects
from duly.review.diff.changes import Sort, changes
from duly.review.diff.meant import Way, meant
from duly.review.diff.touched import touches
from duly.review.diff.versions import sides
from duly.review.prove.proof import treatment
from duly.rules import meaning
from duly.source import Refused
from duly_cli.main import main
from tests.conftest import NIGHTLY
from tests.review.test_proof import possible
from tests.rules.strategies import policies

PAIRS = 200 if NIGHTLY else 20
PHASES = tuple(Phase) if NIGHTLY else (Phase.explicit, Phase.generate)

STANDARD = Path("policies/standard.yaml")
TEXT = STANDARD.read_text(encoding="utf-8")


def edited(folder: Path, *edits: tuple[str, str]) -> Policy:
    text = TEXT
    for before, after in edits:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path = folder / "edited.yaml"
    path.write_text(text, encoding="utf-8")
    return load_policy(path)[0]


FRAGILE = "  fragile_relationship:\n    when: {relationship: fragile}\n    at_most: friendly\n    agreed_with: sales\n"

BEFORE_HOLD = "days_past_due: {at_least: 40}, past_due: {"

EDITS = [
    pytest.param(
        [("      after: {days: 15}\n", "      after: {days: 14}\n")],
        [(Sort.CHANGED, "stage reminder", "after", "from 15 days past due", "from 14 days past due")],
        {Way.STRICTER, Way.DIFFERENT},
        id="a stage a day earlier is stricter",
    ),
    pytest.param(
        [("    at_most: firm\n", "    at_most: friendly\n")],
        [(Sort.CHANGED, "tone limit strategic_early", "at most", "firm", "friendly")],
        {Way.SOFTER},
        id="a lower tone limit is softer",
    ),
    pytest.param(
        [(FRAGILE, "")],
        [
            (
                Sort.REMOVED,
                "tone limit fragile_relationship",
                "",
                "at most friendly; when `relationship` is `fragile`; agreed with sales",
                "",
            )
        ],
        {Way.STRICTER},
        id="a tone limit taken away is stricter",
    ),
    pytest.param(
        [("add: 30}", "add: 31}")],
        [(Sort.CHANGED, "points large_sum", "add", "30", "31")],
        {Way.DIFFERENT},
        id="points are different and neither",
    ),
    pytest.param(
        [(f"{BEFORE_HOLD}at_least: 5000}}}}\n    ask", f"{BEFORE_HOLD}over: 4999.99}}}}\n    ask")],
        [
            (
                Sort.CHANGED,
                "sales before_hold",
                "when",
                "`days_past_due` is at least 40 and `past_due` is at least 5,000.00 USD",
                "`days_past_due` is at least 40 and `past_due` is over 4,999.99 USD",
            )
        ],
        set(),
        id="the same boundary in other words is equal",
    ),
    pytest.param(
        [("# late from the 4th day past due", "# one day more than the grace")],
        [],
        set(),
        id="a comment is no change",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("edits", "told", "ways"), EDITS)
def test_an_edit_is_told_by_id_and_means_what_it_does(
    edits: list[tuple[str, str]], told: list[tuple[Sort, str, str, str, str]], ways: set[Way], tmp_path: Path
) -> None:
    old, new = load_policy(STANDARD)[0], edited(tmp_path, *edits)
    assert [(c.sort, c.what, c.value, c.old, c.new) for c in changes(old, new)] == told
    found = meant(old, new)
    assert set(found.witnesses) == ways
    assert found.proved == set(Way) - ways
    assert found.is_equal is (not ways)


def test_another_order_is_a_change_only_where_order_is_meaning() -> None:
    old = load_policy(STANDARD)[0]
    sales = replace(old, sales=tuple(reversed(old.sales)))
    assert changes(old, sales) == ()
    first, second, *rest = old.segments
    segments = replace(old, segments=(second, first, *rest))
    assert [(c.sort, c.old, c.new) for c in changes(old, segments)] == [
        (Sort.REORDERED, "strategic, new, standard", "new, strategic, standard")
    ]


def test_what_changes_the_facts_is_never_called_equal(tmp_path: Path) -> None:
    new = edited(tmp_path, ("  grace_days: 3 ", "  grace_days: 4 "))
    found = meant(load_policy(STANDARD)[0], new)
    assert not found.is_equal
    assert found.is_equal_on_equal_facts
    assert found.other_facts == ("what late means changed: late from day 4 before, from day 5 now",)


@pytest.mark.parametrize(
    ("before", "after", "beyond"),
    [
        ("late_interest: none", "late_interest: {contract_pct: 12}", "what is charged for lateness"),
        ("reminders:  {accountable: collector", "reminders:  {accountable: salesperson", "who answers for what"),
        ("tell_customer_of: [hold, ", "tell_customer_of: [", "what sales and credit do together"),
        ("{at_most: 25, not_below", "{at_most: 99, not_below", "when a plan is stopped"),
        ("# effective: {from: 2027-01-01}", "effective: {from: 2027-01-01}", "when the policy is in force"),
        ("true}\n    stops: [stages, charges]", "true}\n    stops: [stages]", "when nothing is charged"),
        ("stops: [stages, calls]", "stops: [stages]", "when nobody calls"),
    ],
    ids=["interest", "a duty", "a notice", "the fuse", "days in force", "a pause of charges", "a pause of calls"],
)  # fmt: skip
def test_what_no_decision_says_is_never_called_equal(before: str, after: str, beyond: str, tmp_path: Path) -> None:
    new = edited(tmp_path, (before, after))
    found = meant(load_policy(STANDARD)[0], new)
    assert found.beyond == (beyond,)
    assert found.is_equal_on_equal_facts
    assert not found.is_equal
    output = CliRunner().invoke(main, ["diff", str(STANDARD), str(tmp_path / "edited.yaml")]).output
    assert f"No decision about an account says this, and it changed: {beyond}.\n  Apart from that, every" in output


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("stops: [stages, calls]", "stops: [calls, stages]", id="another order of what a pause stops"),
        pytest.param(
            "    account: {do_not_contact: true}",
            "    account: {not: {do_not_contact: false}}",
            id="the same pause in other words",
        ),
        pytest.param("late_interest: none}", "late_interest: none, because: We ask for none.}", id="another reason"),
    ],
)
def test_what_says_the_same_in_other_words_is_equal(before: str, after: str, tmp_path: Path) -> None:
    assert meant(load_policy(STANDARD)[0], edited(tmp_path, (before, after))).is_equal


def test_equal_is_never_contradicted_and_every_witness_is_treated_differently() -> None:
    seen = set()

    @settings(max_examples=PAIRS, phases=PHASES)
    @given(
        old=policies(),
        other=policies(),
        part=st.sampled_from(("tone_limits", "sales", "worklist", "segments")),
        seed=st.integers(0, 2**32),
    )
    def agree(old: Policy, other: Policy, part: str, seed: int) -> None:
        new = _with_part_of(old, other, part)
        found = meant(old, new)
        aspects = Aspects(old, new)
        for way, witness in found.witnesses.items():
            one, two = (meaning.decide(policy, witness.all_facts) for policy in (old, new))
            assert (one, two) == (witness.old, witness.new)
            assert way in {aspects.way(aspect, pair) for aspect, pair in aspects.differences(one, two).items()}
        seen.add(found.is_equal)
        if found.is_equal:
            assert all(
                treatment(meaning.decide(old, facts)) == treatment(meaning.decide(new, facts))
                for facts in possible(old, seed)
            )

    agree()
    assert seen == {True, False}


def _with_part_of(old: Policy, other: Policy, part: str) -> Policy:
    """The policy with a part of another that fits into it, or with less of its own."""
    match part:
        case "tone_limits":
            limits = tuple(limit for limit in other.tone_limits if limit.at_most in old.tones)
            return replace(old, tone_limits=limits[:1])
        case "sales":
            return replace(old, sales=old.sales[:-1])
        case "worklist":
            return replace(old, worklist=old.worklist[:1])
        case _:
            return replace(old, segments=(*old.segments[1:-1], old.segments[-1]))


# On a book.


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("book") / "book"
    write_sample(folder, customers=120, as_of=date(2026, 3, 31))
    return folder


def test_whoever_is_treated_differently_is_listed_and_nobody_else(book: Path, tmp_path: Path) -> None:
    old = load_policy(STANDARD)[0]
    new = edited(
        tmp_path, ("      after: {days: 15}\n", "      after: {days: 9}\n"), ("  grace_days: 3 ", "  grace_days: 8 ")
    )
    found = touches(old, new, read_book(book), date(2026, 3, 31))
    assert found.touched
    assert all(one.old is None or one.new is None or treatment(one.old) != treatment(one.new) for one in found.touched)
    assert sum(found.matrix.values()) == found.accounts
    for sums in (found.by_segment, found.by_salesperson, found.by_collector):
        assert sum(sum_.accounts for sum_ in sums.values()) == len(found.touched)
        assert sum(sum_.past_due for sum_ in sums.values()) == sum(one.past_due for one in found.touched)
    assert touches(old, old, read_book(book), date(2026, 3, 31)).touched == ()


# In git.


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two commits to the standard policy, which another one extends."""
    monkeypatch.chdir(tmp_path)
    for name, value in {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "policies"
    folder.mkdir()
    git("init", "--quiet", "--initial-branch=main")
    (folder / "standard.yaml").write_text(TEXT, encoding="utf-8")
    (folder / "ours.yaml").write_text(
        "duly: 1\npolicy: ours\nextends: standard.yaml\nlate: {grace_days: 5}\n", encoding="utf-8"
    )
    commit("first")
    (folder / "standard.yaml").write_text(TEXT.replace("    at_most: firm\n", "    at_most: stern\n"), encoding="utf-8")
    commit("sterner")
    return tmp_path


def git(*words: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *words], check=True)


def commit(message: str) -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", message)


@pytest.mark.usefixtures("repository")
def test_a_range_compares_every_policy_with_what_it_extends_at_the_time() -> None:
    ran = CliRunner().invoke(main, ["diff", "main~1..main", "--format", "json", "--exit-code"])
    assert ran.exit_code == 1, ran.output
    told = json.loads(ran.output)
    assert [one["policy"] for one in told["changed"]] == ["ours.yaml", "standard.yaml"]
    for one in told["changed"]:
        assert [c["what"] for c in one["changes"]] == ["tone limit strategic_early"]
        assert list(one["means"]["witnesses"]) == ["stricter"]


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("main~1:policies/standard.yaml", "policies/standard.yaml"),
        ("main~1:policies/standard.yaml", "main:policies/standard.yaml"),
        ("main~1:policies", "main:policies"),
        ("main~1", "policies"),
    ],
)
def test_a_version_is_named_as_git_names_it(old: str, new: str, tmp_path: Path) -> None:
    one, other = sides(old, new, tmp_path / "scratch")
    assert one.files.keys() == other.files.keys()
    assert "at_most: firm\n" in one.files["standard.yaml"].read_text()
    assert "at_most: stern\n" in other.files["standard.yaml"].read_text()


@pytest.mark.usefixtures("repository")
@pytest.mark.parametrize(
    ("old", "new"),
    [("nowhere:policies", "policies"), ("main:absent.yaml", "policies"), ("policies", None), ("--all", "policies")],
)
def test_what_is_no_version_is_refused(old: str, new: str | None, tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        sides(old, new, tmp_path / "scratch")
    assert refused.value.exit_code == 2


def test_the_same_policy_has_not_changed() -> None:
    ran = CliRunner().invoke(main, ["diff", str(STANDARD), str(STANDARD), "--exit-code"])
    assert (ran.exit_code, ran.output) == (0, "Nothing changed.\n")
