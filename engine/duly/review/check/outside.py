"""What a policy needs from outside itself: amounts for every currency, facts of a book, known rates of a law."""

from __future__ import annotations

from collections.abc import Iterator

from duly.book.available import missing_for
from duly.figures.rates_of_law import Law, terms_of
from duly.language.conditions import ALWAYS, All, Any, Compare, Condition, Is, leaves
from duly.language.english import subject
from duly.review.check.asked import Path, instead, is_by_currency, rules_of, span_of
from duly.review.check.looking import Found, Looking


def never_matching_currencies(looking: Looking) -> Found:
    """Thresholds by currency that lack one which the policy or the book has: its accounts never match."""
    solver = looking.solver
    spoken_of = _currencies(looking)
    for rule in rules_of(looking.policy):
        if rule.key in looking.idle:
            continue
        for path, threshold in _thresholds(rule.condition, ()):
            given = {value for leaf in leaves(threshold) if isinstance(leaf, Is) for value in leaf.values}
            rest = solver.holds(instead(rule.condition, path, ALWAYS))
            lacking = [one for one in spoken_of if one not in given and solver.can(rest, solver.is_in_currency(one))]
            if lacking:
                fact = next(subject(leaf.fact) for leaf in leaves(threshold) if isinstance(leaf, Compare))
                yield looking.problem(
                    "currency-never-matches",
                    span_of(threshold, rule.span),
                    f"the amount of {fact} has none for {_and(lacking)}, so no account in it is ever in {rule.named}",
                    f"add {_and(lacking)}, or write one amount in {looking.policy.currency} for all",
                )


def _currencies(looking: Looking) -> tuple[str, ...]:
    """The policy's own currency, those that it names anywhere, and those of the book's invoices."""
    named = {looking.policy.currency}
    for rule in rules_of(looking.policy):
        for leaf in leaves(rule.condition):
            if isinstance(leaf, Is) and leaf.fact == "currency":
                named |= {value for value in leaf.values if isinstance(value, str)}
    if looking.book is not None:
        rows = looking.book.connection.execute("SELECT DISTINCT currency FROM invoices").fetchall()
        named |= {currency for (currency,) in rows}
    return tuple(sorted(named))


def _thresholds(condition: Condition, path: Path) -> Iterator[tuple[Path, Condition]]:
    match condition:
        case Any() | All() if is_by_currency(condition):
            yield path, condition
        case All(parts) | Any(parts):
            for number, part in enumerate(parts):
                yield from _thresholds(part, (*path, number))
        case _:
            return


def _and(words: list[str]) -> str:
    *first, last = [f"`{word}`" for word in words]
    return f"{', '.join(first)} and {last}" if first else last


def not_in_book(looking: Looking) -> Found:
    """Facts that the policy reads and the book cannot give."""
    yield from missing_for(looking.book, looking.policy) if looking.book is not None else ()


def rates_end(looking: Looking) -> Found:
    """Late interest by a law whose rates are not known on the day."""
    policy = looking.policy
    terms = terms_of(policy.charges)
    if isinstance(terms, Law) and looking.as_of > terms.known_until:
        yield looking.problem(
            "law-out-of-date",
            policy.places.get("/charges/late_interest", policy.charges.span),
            f"the rates of `{terms.id}` are known until {terms.known_until}, which has passed by {looking.as_of}",
            "bring a version of duly that knows the rate in force, or charge a rate of the contract",
        )
