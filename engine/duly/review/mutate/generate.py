"""Cases that are missing, proposed: for every mistake that no case notices, one that does.

Each is about an account that stands exactly where the mistake shows, as plain as the
solver can make it, decided as the policy decides today. Whether that is what the
policy ought to do is for a person to say: a proposal is a question, not an answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from duly.language.conditions import Facts
from duly.language.policy import Policy
from duly.review.cases.case import Case, Customer
from duly.review.cases.customer import fewest
from duly.review.cases.load import read_cases
from duly.review.cases.run import Runner
from duly.review.cases.writing import HEAD, case_text, words_of
from duly.review.mutate.alike import account_apart, accounts_doing, as_written
from duly.review.mutate.edits import Shows
from duly.review.mutate.killed import Tried
from duly.review.mutate.mutants import Mutant, mutants
from duly.review.mutate.naming import name_of, rule_of
from duly.review.prove.search import MEASURE, Unsettled
from duly.source import Refused


@dataclass(frozen=True, slots=True)
class Proposal:
    """A case as it would stand in the file, the case it reads as, and the mutants that it was made to notice."""

    case: Case
    text: str
    notices: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class Proposals:
    """What is proposed, and the mistakes that no case about a customer can notice."""

    cases: tuple[Proposal, ...]
    left: tuple[Mutant, ...]


def generate(policy: Policy, cases: Sequence[Case], *, only: str = "", measure: int = MEASURE) -> Proposals:
    """Cases that notice whatever the given ones miss, of all mutants or of those with `only` in their id.

    All of the given ones pass under the policy.
    """
    tried = Tried(cases)
    missed = [mutant for mutant in mutants(policy) if only in mutant.id and tried.noticing(mutant) is None]
    runners = {mutant.id: Runner(mutant.policy) for mutant in missed}
    proposing = _Proposing(policy, {case.id for case in cases}, measure)
    made: list[Proposal] = []
    left: list[Mutant] = []
    while missed:
        mutant, *missed = missed
        try:
            proposal = proposing.proposal(mutant, runners[mutant.id])
        except _Alike:
            continue
        if proposal is None:
            left.append(mutant)
            continue
        noticed = [other for other in (*left, *missed) if not runners[other.id].run(proposal.case).passed]
        made.append(Proposal(proposal.case, proposal.text, (mutant, *noticed)))
        left = [other for other in left if other not in noticed]
        missed = [other for other in missed if other not in noticed]
    return Proposals(tuple(made), tuple(left))


class _Alike(Exception):
    """The mutant is proved to decide every account as the policy does."""


class _Proposing:
    """Makes cases for one policy, each with a name of its own."""

    def __init__(self, policy: Policy, names: set[str], measure: int) -> None:
        self.policy = policy
        self.names = names
        self.measure = measure
        self.runner = Runner(policy)

    def proposal(self, mutant: Mutant, under: Runner) -> Proposal | None:
        """A case that notices the mutant, if there can be one about a customer by its facts."""
        for facts in self.accounts(mutant):
            # What is read is what was given: each policy completes it in its own way.
            given = Customer(fewest(self.runner.completing, facts))
            one, other = (those.customer(given) for those in (self.runner, under))
            words, others = words_of(one.decision), words_of(other.decision)
            id_ = name_of(self.policy, mutant, one, self.names)
            for also in ((), tuple(word for word in words if words[word] != others[word])):
                text = case_text(self.runner.completing, id_, facts, one, also=also)
                case = self.read(text)
                if case and self.runner.run(case).passed and not under.run(case).passed:
                    self.names.add(id_)
                    return Proposal(case, text, (mutant,))
        return None

    def accounts(self, mutant: Mutant) -> Iterator[Facts]:
        """Accounts for which the mistake may show, as a person would describe them."""
        for facts in self.found(mutant):
            yield from as_written(self.policy, facts)

    def found(self, mutant: Mutant) -> Iterator[Facts]:
        with suppress(Unsettled):
            apart = account_apart(self.policy, mutant.policy, measure=self.measure)
            if apart is not None:
                yield apart
            elif mutant.shows is Shows.DECISION:
                raise _Alike
            else:
                yield from accounts_doing(self.policy, rule_of(mutant), measure=self.measure)

    def read(self, text: str) -> Case | None:
        """The case as it reads in a file of its own; None where a value of it cannot be written down."""
        try:
            return read_cases(f"{HEAD}{text}".encode(), "proposed", self.policy)[0]
        except Refused:
            return None
