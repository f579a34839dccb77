"""Terms of the solver, made without a detour.

What z3 offers to Python (`And`, `If`, `==`) finds out of every argument what it is, whose it
is and what it could be turned into, which takes ten times as long as to make the term. Here
that is known: a yes or no and a whole number, all of one context. The terms are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

import z3

from duly.language.conditions import Op

_Making = Callable[..., object]

_COMPARING: dict[Op, _Making] = {
    Op.AT_LEAST: z3.Z3_mk_ge,
    Op.OVER: z3.Z3_mk_gt,
    Op.AT_MOST: z3.Z3_mk_le,
    Op.BELOW: z3.Z3_mk_lt,
}


class Terms:
    """The terms of one context."""

    def __init__(self, context: z3.Context) -> None:
        self.context = context
        self.true = z3.BoolVal(True, context)
        self.false = z3.BoolVal(False, context)
        self._at = context.ref()
        self._numbers: dict[int, z3.ArithRef] = {}

    def both(self, *parts: z3.BoolRef) -> z3.BoolRef:
        """That all of them are true."""
        return self._joined(z3.Z3_mk_and, parts) if parts else self.true

    def either(self, *parts: z3.BoolRef) -> z3.BoolRef:
        """That one of them is true."""
        return self._joined(z3.Z3_mk_or, parts) if parts else self.false

    def not_(self, term: z3.BoolRef) -> z3.BoolRef:
        """That it is not true."""
        return z3.BoolRef(z3.Z3_mk_not(self._at, term.ast), self.context)

    def implies(self, one: z3.BoolRef, other: z3.BoolRef) -> z3.BoolRef:
        """That the other is true where the one is."""
        return z3.BoolRef(z3.Z3_mk_implies(self._at, one.ast, other.ast), self.context)

    def if_(self, condition: z3.BoolRef, yes: z3.ExprRef, no: z3.ExprRef) -> z3.ExprRef:
        """The one where the condition is true, else the other."""
        kind = z3.BoolRef if isinstance(yes, z3.BoolRef) else z3.ArithRef
        return kind(z3.Z3_mk_ite(self._at, condition.ast, yes.ast, no.ast), self.context)

    def is_(self, one: z3.ExprRef, other: z3.ExprRef | int) -> z3.BoolRef:
        """That they are the same."""
        return z3.BoolRef(z3.Z3_mk_eq(self._at, one.ast, self._term(other).ast), self.context)

    def differ(self, one: z3.ExprRef, other: z3.ExprRef | int) -> z3.BoolRef:
        """That they are not the same."""
        return self._joined(z3.Z3_mk_distinct, (one, self._term(other)))

    def compare(self, one: z3.ArithRef, op: Op, other: z3.ArithRef | int) -> z3.BoolRef:
        """That the one number is more or less than the other, or as much."""
        return z3.BoolRef(_COMPARING[op](self._at, one.ast, self._term(other).ast), self.context)

    def minus(self, one: z3.ArithRef) -> z3.ArithRef:
        """The number, with the other sign."""
        return z3.ArithRef(z3.Z3_mk_unary_minus(self._at, one.ast), self.context)

    def sum(self, *parts: z3.ArithRef) -> z3.ArithRef:
        """All of them together."""
        return self._joined(z3.Z3_mk_add, parts, z3.ArithRef) if parts else self.number(0)

    def number(self, value: int) -> z3.ArithRef:
        """A whole number."""
        if value not in self._numbers:
            self._numbers[value] = z3.IntVal(value, self.context)
        return self._numbers[value]

    def _term(self, value: z3.ExprRef | int) -> z3.ExprRef:
        return self.number(value) if isinstance(value, int) else value

    def _joined(self, making: _Making, parts: tuple[z3.ExprRef, ...], kind: Any = z3.BoolRef) -> z3.ExprRef:  # noqa: ANN401
        return kind(making(self._at, len(parts), _array(parts)), self.context)


# Asking a solver.


def suppose(solver: z3.Solver, terms: Iterable[z3.BoolRef]) -> None:
    """Let the solver suppose that they are true."""
    at = solver.ctx.ref()
    for term in terms:
        z3.Z3_solver_assert(at, solver.solver, term.ast)


def answer(solver: z3.Solver, terms: Sequence[z3.BoolRef]) -> z3.CheckSatResult:
    """What the solver says of them, beside what it supposes."""
    return z3.CheckSatResult(z3.Z3_solver_check_assumptions(solver.ctx.ref(), solver.solver, len(terms), _array(terms)))


def core(solver: z3.Solver) -> frozenset[int]:
    """The ids of the terms without which the last answer might have been another."""
    at = solver.ctx.ref()
    found = z3.AstVector(z3.Z3_solver_get_unsat_core(at, solver.solver), solver.ctx)
    size = z3.Z3_ast_vector_size(at, found.vector)
    return frozenset(z3.Z3_get_ast_id(at, z3.Z3_ast_vector_get(at, found.vector, n)) for n in range(size))


def id_of(term: z3.ExprRef) -> int:
    """What tells the term from all others of its context."""
    return int(z3.Z3_get_ast_id(term.ctx.ref(), term.ast))


# Reading a model.


def is_true_in(model: z3.ModelRef, term: z3.BoolRef) -> bool:
    """Say whether the term is true in the model; what the model leaves open is as it likes."""
    return bool(z3.Z3_get_bool_value(model.ctx.ref(), _value(model, term)) == z3.Z3_L_TRUE)


def number_in(model: z3.ModelRef, term: z3.ArithRef) -> int:
    """The whole number that the term is in the model."""
    return int(z3.Z3_get_numeral_string(model.ctx.ref(), _value(model, term)))


def _value(model: z3.ModelRef, term: z3.ExprRef) -> Any:  # noqa: ANN401
    found = _many(1)()
    if not z3.Z3_model_eval(model.ctx.ref(), model.model, term.ast, True, found):
        raise AssertionError("a term that has no value")
    return found[0]


def _array(terms: Sequence[z3.ExprRef]) -> Any:  # noqa: ANN401
    return _many(len(terms))(*(term.ast for term in terms))


@cache
def _many(length: int) -> Any:  # noqa: ANN401 a type that ctypes makes, and makes anew unless it is kept
    return z3.Ast * length
