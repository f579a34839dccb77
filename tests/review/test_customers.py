"""Who of a book breaks a guarantee: counted as everybody decided by the meaning of the policy, one by one, would be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from duly.book.again import AccountFacts
from duly.book.book import Book
from duly.book.facts import build_facts, facts_from
from duly.book.read import read_book
from duly.book.sample import write_sample
from duly.language.conditions import ALWAYS, All, Compare, Condition, Is, Known, Op
from duly.language.load import load_policy
from duly.language.policy import Guarantee, GuaranteeForm, Points, Policy, ToneLimit
from duly.review.prove.broken import breaks, treatment
from duly.review.prove.customers import Broken, OnBook, on_book
from duly.review.prove.proof import Proof, Verdict, prove
from duly.rules import columnar, meaning

DAY = date(2026, 3, 31)
STANDARD = load_policy(Path("policies/standard.yaml"))[0]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    """Read once: facts are made of the same rows for every policy that is asked about."""
    folder = tmp_path_factory.mktemp("book") / "book"
    write_sample(folder, customers=200, as_of=DAY)
    return read_book(folder)


def promised(policy: Policy, form: GuaranteeForm, condition: Condition, then: Condition = ALWAYS) -> Policy:
    """The policy with this guarantee alone."""
    return replace(policy, guarantees=(Guarantee(id="promised", form=form, condition=condition, then=then),))


def asked(policy: Policy, book: Book) -> tuple[Proof, OnBook]:
    proofs = [prove(policy, guarantee) for guarantee in policy.guarantees]
    return proofs[0], on_book(policy, proofs, book, DAY)


def one_by_one(policy: Policy, book: Book) -> Iterator[AccountFacts]:
    """The accounts of the book, with the facts that the guarantee reads."""
    guarantee = policy.guarantees[0]
    read = (Points(id="", add=0, when=condition) for condition in (guarantee.condition, guarantee.then))
    reading = replace(policy, worklist=(*policy.worklist, *read))
    build_facts(book, reading, DAY)
    yield from facts_from(book.connection, reading)


NEVER, THEN = GuaranteeForm.NEVER, GuaranteeForm.ALWAYS
OVER_30 = Compare("days_past_due", Op.OVER, 30)

PROMISES = [
    pytest.param(NEVER, Is("step", ("demand", "reminder")), ALWAYS, id="never two stages"),
    pytest.param(NEVER, All((OVER_30, Is("tone", ("firm",)))), ALWAYS, id="never a fact with a tone"),
    pytest.param(THEN, OVER_30, Is("paused", (True,)), id="always a pause"),
    pytest.param(THEN, Is("late", (True,)), Compare("days_since_reply", Op.BELOW, 20), id="always what may be unknown"),
    pytest.param(NEVER, All((Known("credit_limit"), Compare("points", Op.OVER, 20))), ALWAYS, id="never so many"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "condition", "then"), PROMISES)
def test_as_many_break_it_as_do_when_asked_one_by_one(
    form: GuaranteeForm, condition: Condition, then: Condition, book: Book
) -> None:
    policy = promised(STANDARD, form, condition, then)
    proof, found = asked(policy, book)
    broken = found.broken["promised"]
    accounts = list(one_by_one(policy, book))
    breaking = [a for a in accounts if breaks(policy.guarantees[0], a.facts, meaning.decide(policy, a.facts))]
    assert proof.verdict is Verdict.DISPROVED
    assert (found.accounts, broken.accounts) == (len(accounts), len(breaking))
    assert 0 < len(breaking) < len(accounts)
    most = max(breaking, key=lambda a: (number(a, "past_due"), a.customer))
    assert broken.shown_on is not None
    assert broken.shown_on.all_facts["past_due"] == number(most, "past_due")
    assert broken.name


def number(account: AccountFacts, fact: str) -> int:
    value = account.facts[fact]
    assert isinstance(value, int)
    return value


def test_what_makes_a_difference_is_found_with_what_each_of_two_gets(book: Book) -> None:
    gently = ToneLimit(id="gently", at_most="friendly", when=Is("language", ("de",)))
    policy = replace(
        STANDARD,
        tone_limits=(*STANDARD.tone_limits, gently),
        guarantees=(Guarantee(id="promised", form=GuaranteeForm.SAME_TREATMENT, facts=("language",)),),
    )
    _, found = asked(policy, book)
    broken = found.broken["promised"]
    breaking = [
        account
        for account in one_by_one(policy, book)
        if len({treatment(meaning.decide(policy, {**account.facts, "language": word})) for word in ("de", "xx")}) > 1
    ]
    assert broken.accounts == len(breaking) > 0
    assert broken.shown_on is not None
    assert [name for name, _ in broken.shown_on.other] == ["language"]
    assert broken.shown_on.other_decision is not None
    assert treatment(broken.shown_on.decision) != treatment(broken.shown_on.other_decision)


@pytest.mark.parametrize(
    ("facts", "broken"),
    [
        pytest.param(("promise",), {"promise", "promises_open"}, id="a promise"),
        pytest.param(("days_past_due",), {"days_past_due", "clock__due_date__days"}, id="days past due"),
    ],
)
def test_what_says_the_same_differs_with_it_in_a_book_as_well(
    facts: tuple[str, ...], broken: set[str], book: Book
) -> None:
    same = Guarantee(id="promised", form=GuaranteeForm.SAME_TREATMENT, facts=facts)
    _, found = asked(replace(STANDARD, guarantees=(same,)), book)
    shown = found.broken["promised"].shown_on
    assert shown is not None
    assert {name for name, _ in shown.other} == broken
    assert shown.other_decision is not None
    assert treatment(shown.decision) != treatment(shown.other_decision)


def test_a_guarantee_that_says_nothing_of_one_fact_may_be_broken_in_another(book: Book) -> None:
    same = Guarantee(id="promised", form=GuaranteeForm.SAME_TREATMENT, facts=("stage", "relationship"))
    proof, found = asked(replace(STANDARD, guarantees=(same,)), book)
    assert proof.verdict is Verdict.EMPTY
    assert found.broken["promised"].accounts > 0


def test_nobody_of_a_book_breaks_what_is_proved(book: Book) -> None:
    proofs = [prove(STANDARD, guarantee) for guarantee in STANDARD.guarantees]
    found = on_book(STANDARD, proofs, book, DAY)
    kept = {guarantee.id for guarantee in STANDARD.guarantees if guarantee.form is not GuaranteeForm.OVER_TIME}
    assert found.broken == dict.fromkeys(kept, Broken(0))


def test_an_account_that_breaks_what_is_said_to_be_proved_is_a_bug(book: Book) -> None:
    policy = promised(STANDARD, NEVER, Is("step", ("reminder",)))
    falsely = Proof(policy.guarantees[0], Verdict.PROVED)
    with pytest.raises(AssertionError, match="is proved, and"):
        on_book(policy, [falsely], book, DAY)


def test_an_account_that_the_columns_get_wrong_is_not_shown(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns with a fault planted: an account that no more than its own meaning clears."""
    policy = promised(STANDARD, NEVER, Is("step", ("reminder",)))
    wrong = replace(policy, late=replace(policy.late, ignore_account_below=10**9))
    proof = prove(policy, policy.guarantees[0])
    decide = columnar.decide

    def with_a_fault(connection: object, asked_of: Policy, **more: str) -> None:
        small = replace(asked_of, late=replace(asked_of.late, ignore_account_below=0))
        decide(connection, small, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(columnar, "decide", with_a_fault)
    with pytest.raises(AssertionError, match="by the meaning of the policy"):
        on_book(wrong, [replace(proof, guarantee=policy.guarantees[0])], book, DAY)
