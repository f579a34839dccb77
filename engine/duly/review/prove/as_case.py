"""A customer who breaks a guarantee, as a case beside the policy: it fails until the policy is mended.

The case says who, by the fewest facts with which the guarantee is broken, and that it is
kept, whatever is done; not what the policy does today, which is wrong. Of two customers who
ought to be treated alike there are two cases, and both expect what the first gets: which of
the two treatments is right is for people to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from duly.language.conditions import Facts, Value
from duly.language.policy import Guarantee, Policy
from duly.review.cases.case import Case, Customer
from duly.review.cases.customer import Completing, fewest
from duly.review.cases.run import Runner
from duly.review.cases.writing import case_text, promise_text
from duly.review.prove.broken import breaks
from duly.review.prove.proof import Counterexample
from duly.review.prove.symbols import OTHER
from duly.rules import meaning

ALSO = ("step", "tone")
"""Words that two customers who are treated alike have in common, whatever they say."""


class NoCase(Exception):
    """Why there is no case to be written."""


def case_of(policy: Policy, guarantee: Guarantee, found: Counterexample, there: Sequence[Case]) -> str:
    """The text of the case, or the two, under a name that no case there has; raises `NoCase`."""
    completing = Completing(policy)
    change = _in_words(completing, dict(found.other))

    def is_broken(given: Mapping[str, Value]) -> bool:
        accounts = [completing.facts(given), *([completing.facts({**given, **change})] if change else [])]
        if any(True for account in accounts for _ in completing.contradictions(account)):
            return False
        decisions = [meaning.decide(policy, account) for account in accounts]
        return breaks(guarantee, accounts[0], *decisions)

    given = _fewest_for(fewest(completing, _in_words(completing, found.all_facts)), is_broken)
    facts = completing.facts(given)
    if any(_is_about(case, guarantee, completing, facts) for case in there):
        raise NoCase("who breaks it is a case already")
    id_ = _free(guarantee.id, frozenset(case.id for case in there))
    if not change:
        why = guarantee.because or f"{guarantee.id} was promised, and this customer broke it"
        return promise_text(completing, id_, facts, guarantee.id, why)
    first = Runner(policy).customer(Customer(given))
    differs = f"{guarantee.id}: other than {id_} only in {' and '.join(change)}, so it must get the same"
    return case_text(completing, id_, facts, first, f"{guarantee.id}, one of two", ALSO) + case_text(
        completing, f"{id_}_other", completing.facts({**given, **change}), first, differs, ALSO
    )


def _fewest_for(given: Mapping[str, Value], is_broken: Callable[[Mapping[str, Value]], bool]) -> dict[str, Value]:
    """The fewest of the facts with which the guarantee is broken; raises `NoCase` where it is not with all of them."""
    if not is_broken(given):
        raise NoCase("the facts of a case cannot say who breaks it")
    kept = dict(given)
    for name in reversed(tuple(given)):
        fewer = {other: value for other, value in kept.items() if other != name}
        if is_broken(fewer):
            kept = fewer
    return kept


def _is_about(case: Case, guarantee: Guarantee, completing: Completing, facts: Facts) -> bool:
    """Say whether a case is about this customer and this guarantee, by its name or by what it expects."""
    named = any(one.guarantee == guarantee.id for expected in case.expected for one in expected.keeps)
    about = named or case.id.startswith(guarantee.id)
    return about and isinstance(case.subject, Customer) and completing.facts(case.subject.given) == facts


def _in_words(completing: Completing, facts: Facts) -> dict[str, Value]:
    """The facts with an ordinary word in the place of any word that the policy does not name."""
    return {name: completing.plain.get(name, value) if value == OTHER else value for name, value in facts.items()}


def _free(id_: str, taken: frozenset[str]) -> str:
    """The name, with a number behind it where it is taken."""
    names = (id_, *(f"{id_}_{n}" for n in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)
