"""Wording as a small program over plain data: read, judged before anything runs, then rendered.

What may stand in a template is a list, not a ban: variables that are declared and
there, filters of the table, and `if` over them. The tree of a template is rewritten
so that no attribute access is left in it, and whatever is not on the list is a
problem with its place. It is then compiled in Jinja's immutable sandbox without
globals, so that both would have to fail.

Data never become structure. Every character of a value that means something to
`document` is printed as a stand-in, which only `document` turns back.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from duly.messages.variables import FILTERS, VARIABLES, Sort, Variable
from duly.messages.writing import Writing
from duly.source import Problem, Severity, Span, has_errors

MOST_SOURCE = 30_000
"""A template has at most so many characters."""

DEEPEST = 8
"""An `if` stands inside at most so many others."""

MOST_OUTPUT = 200_000
"""A rendered template has at most so many characters."""

_MANNER = "writing"
_STRUCTURE = "*[]-\n\r\t"
_STAND_INS = "".join(chr(0xE000 + number) for number in range(len(_STRUCTURE)))
_ESCAPE = str.maketrans(_STRUCTURE, _STAND_INS)
_UNESCAPE = str.maketrans(_STAND_INS, "*[]-   ")
_ANY_STAND_IN = re.compile(f"[{_STAND_INS[0]}-{_STAND_INS[-1]}]")
_SPECIAL = re.compile(f"[{re.escape(_STRUCTURE)}{_STAND_INS[0]}-{_STAND_INS[-1]}]")


class Unrenderable(Exception):
    """A message that cannot be rendered from its data; `rule` is a kebab-case name, the message the reason."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule


def literal(value: str) -> str:
    """The text as it stands in a rendered source: nothing of it is structure."""
    if not _SPECIAL.search(value):
        return value
    if _ANY_STAND_IN.search(value):
        raise Unrenderable("private-character", "the data holds a character that no font and no reader knows")
    return value.translate(_ESCAPE)


def as_data(text: str) -> str:
    """The text of a rendered source as it is read, stand-ins turned back."""
    return text.translate(_UNESCAPE) if _ANY_STAND_IN.search(text) else text


def context_of(values: Mapping[str, object], manner: Writing) -> Context:
    """The values of one message and the manner of its country, as every program of the message reads them."""
    return Context(ENVIRONMENT, {**values, _MANNER: manner}, None, {})


@dataclass(frozen=True, slots=True)
class Program:
    """Wording that was judged and compiled."""

    template: Template

    def render(self, context: Context) -> str:
        """The source with the values in it. Raises `Unrenderable`."""
        output = "".join(self.template.root_render_func(context))
        if len(output) > MOST_OUTPUT:
            raise Unrenderable("message-too-long", f"the message has more than {MOST_OUTPUT:,} characters")
        return output


@dataclass(frozen=True, slots=True)
class Source:
    """Wording as it was written: its text and the place of its first character.

    `lines` are those of the whole file, for carets; `columns` is where the text
    begins in its first line.
    """

    text: str
    file: str
    line: int
    column: int = 1
    lines: tuple[str, ...] = ()

    def problem(self, rule: str, number: int, word: str, message: str, help_: str) -> Problem:
        """A problem on a line of the text, counted from 1, at the word in its code."""
        line = self.line + number - 1
        written = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        column, length = _stretch(written, word, self.column if number == 1 else 1)
        return Problem(rule, Span(self.file, line, column, length), message, help_, written)


def compiled(
    source: Source, channels: frozenset[str], known: frozenset[str] = frozenset()
) -> tuple[Program | None, tuple[Problem, ...]]:
    """The program of the wording for these channels, and what is wrong with it; None where there are errors.

    `known` are variables that are known wherever it is said.
    """
    if len(source.text) > MOST_SOURCE:
        too_long = f"the wording has more than {MOST_SOURCE:,} characters"
        return None, (source.problem("template-too-long", 1, "", too_long, "a message should fit a page"),)
    judge = _Judge(source, channels)
    try:
        tree = ENVIRONMENT.parse(source.text)
        judge.all_of(tree.body, known=known)
    except TemplateSyntaxError as error:
        return None, (_syntax(source, error),)
    except RecursionError:
        nested = "the wording is nested too deeply"
        return None, (source.problem("template-too-long", 1, "", nested, "write it as plain sentences"),)
    if has_errors(judge.problems):
        return None, tuple(judge.problems)
    code = ENVIRONMENT.compile(judge.tree(tree))
    return Program(Template.from_code(ENVIRONMENT, code, {})), tuple(judge.problems)


# Values on their way into the text.


def _printed(value: object) -> str:
    """A value as it is printed; anything that is not honest text or a whole number refuses the message."""
    match value:
        case str():
            return literal(value)
        case bool():
            raise Unrenderable("not-text", "the message would print yes or no")
        case int():
            return str(value)
        case None:
            raise Unrenderable("unknown-printed", "the message would print something that is not known")
        case _:
            raise Unrenderable("not-text", f"the message would print a {type(value).__name__}")


def _manner(context: Context) -> Writing:
    manner = context.parent[_MANNER]
    assert isinstance(manner, Writing)
    return manner


def _known_day(value: object) -> date:
    if not isinstance(value, date):
        raise Unrenderable("unknown-printed", "the message would print a day that is not known")
    return value


def _known_number(value: object) -> int:
    if not isinstance(value, int):
        raise Unrenderable("unknown-printed", "the message would print a number that is not known")
    return value


@pass_context
def _day(context: Context, value: object) -> str:
    return _manner(context).day(_known_day(value))


@pass_context
def _short_day(context: Context, value: object) -> str:
    return _manner(context).short_day(_known_day(value))


@pass_context
def _number(context: Context, value: object) -> str:
    return _manner(context).number(_known_number(value))


@pass_context
def _plural(context: Context, value: object, one: str, other: str) -> str:
    return _manner(context).plural(_known_number(value), one, other)


_FUNCTIONS: Mapping[str, Callable[..., str]] = {
    "day": _day,
    "short_day": _short_day,
    "number": _number,
    "plural": _plural,
}
ARGUMENTS = {"plural": 2}
"""How many words a filter takes; the rest take none."""


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        # The output is neutral text; `document` escapes it for HTML, where nobody can switch that off.
        autoescape=False,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
        auto_reload=False,
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    assert _FUNCTIONS.keys() == FILTERS.keys()
    environment.filters.update(_FUNCTIONS)
    return environment


ENVIRONMENT = _environment()


# Judging.

_ERROR, _WARNING = Severity.ERROR, Severity.WARNING

_ORDERED = frozenset({"lt", "lteq", "gt", "gteq"})
_COMPARISONS = _ORDERED | {"eq", "ne"}

_NOT_HERE: Mapping[type[nodes.Node], str] = {
    nodes.For: "a template cannot repeat",
    nodes.Macro: "a template cannot define macros",
    nodes.CallBlock: "a template cannot call anything",
    nodes.Call: "a template cannot call anything",
    nodes.Include: "a template cannot bring in another file",
    nodes.Import: "a template cannot bring in another file",
    nodes.FromImport: "a template cannot bring in another file",
    nodes.Extends: "a template cannot bring in another file",
    nodes.Assign: "a template cannot set anything",
    nodes.AssignBlock: "a template cannot set anything",
    nodes.ScopedEvalContextModifier: "escaping cannot be switched",
    nodes.EvalContextModifier: "escaping cannot be switched",
}

_SIMPLE = "write only `{{ variable }}`, `{{ variable | filter }}` and `{% if … %}`"


class _Judge:
    """Walks a template's tree; every node is allowed or a problem."""

    def __init__(self, source: Source, channels: frozenset[str]) -> None:
        self.source = source
        self.channels = channels
        self.problems: list[Problem] = []

    def all_of(self, statements: list[nodes.Node], depth: int = 0, known: frozenset[str] = frozenset()) -> None:
        """Judge statements; `known` are the variables that an `if` around them has asked for."""
        for node in statements:
            self._statement(node, depth, known)

    def tree(self, tree: nodes.Template) -> nodes.Template:
        """The tree with `who.what` turned into a plain name: no attribute access is left in it."""
        for output in tree.find_all((nodes.Output, nodes.If, nodes.Filter, nodes.Compare, nodes.Operand)):
            _rename(output)
        for joined in tree.find_all((nodes.And, nodes.Or, nodes.Not)):
            _rename(joined)
        return tree

    def _statement(self, node: nodes.Node, depth: int, known: frozenset[str]) -> None:
        match node:
            case nodes.Output():
                for part in node.nodes:
                    if not isinstance(part, nodes.TemplateData):
                        self._output(part, known)
            case nodes.If() if depth > DEEPEST:
                self._report("template-too-long", node, "the wording is nested too deeply", _SIMPLE, "if")
            case nodes.If():
                self._test(node.test)
                # Jinja nests every `elif` in the first `if`; to a reader they stand side by side.
                self.all_of(node.body, depth + 1, known | _asked_for(node.test))
                self.all_of([*node.elif_, *node.else_], depth + 1, known)
            case _:
                self._refuse(node)

    def _output(self, node: nodes.Expr, known: frozenset[str]) -> None:
        printed = VARIABLES.get(dotted(node) or "")
        if printed is not None and printed.may_be_unknown and printed.name not in known:
            message = f"`{printed.name}` may be unknown, and then the message is not sent"
            self._report(
                "may-be-unknown", node, message, f"write it inside `{{% if {printed.name} %}}`", severity=_WARNING
            )
        if isinstance(node, nodes.Filter):
            self._filter(node)
            return
        variable = self._variable(node)
        if variable is not None and variable.sort is Sort.DAY:
            self._report("day-unwritten", node, f"`{variable.name}` is a day", f"write `{variable.name} | day`")
        elif variable is not None and variable.sort is Sort.WORD:
            message = f"`{variable.name}` is a word of the policy, not of a letter"
            self._report("word-printed", node, message, "ask for it in an `{% if … %}`, and write the sentence there")

    def _filter(self, node: nodes.Filter) -> None:
        variable = self._variable(node.node) if node.node is not None else None
        if node.name not in FILTERS:
            unsafe = node.name in {"safe", "attr", "forceescape", "escape", "e"}
            message = f"`{node.name}` is not a filter"
            help_ = "data are always escaped" if unsafe else _closest(node.name, FILTERS)
            self._report("unknown-filter", node, message, help_, node.name)
            return
        if node.node is None:
            self._refuse(node)
        if variable is not None and variable.sort is not FILTERS[node.name]:
            message = f"`{node.name}` is for a {FILTERS[node.name].value}, and `{variable.name}` is none"
            self._report("filter-sort", node, message, "take the filter out", node.name)
        words = [argument for argument in node.args if isinstance(argument, nodes.Const)]
        plain = len(words) == len(node.args) and all(isinstance(word.value, str) for word in words)
        if node.kwargs or node.dyn_args or node.dyn_kwargs or not plain or len(words) != ARGUMENTS.get(node.name, 0):
            count = ARGUMENTS.get(node.name, 0)
            takes = 'two words, as in `plural("invoice", "invoices")`' if count else "nothing in brackets"
            self._report("filter-words", node, f"`{node.name}` takes {takes}", "write it so", node.name)

    def _test(self, node: nodes.Node) -> None:
        match node:
            case nodes.And() | nodes.Or():
                self._test(node.left)
                self._test(node.right)
            case nodes.Not():
                self._test(node.node)
            case nodes.Compare():
                self._compare(node)
            case _:
                self._variable(node)

    def _compare(self, node: nodes.Compare) -> None:
        variable = self._variable(node.expr)
        for operand in node.ops:
            other = operand.expr
            if operand.op not in _COMPARISONS or not isinstance(other, nodes.Const):
                self._refuse(node)
                continue
            wanted = int if variable is not None and variable.sort is Sort.NUMBER else str
            if variable is None:
                continue
            if (
                type(other.value) is not wanted
                or variable.sort is Sort.DAY
                or (operand.op in _ORDERED) > (wanted is int)
            ):
                message = f"`{variable.name}` is a {variable.sort.value}, which cannot be compared so"
                self._report(
                    "compared", node, message, "compare a word or text with `==`, a number with a whole number"
                )

    def _variable(self, node: nodes.Node) -> Variable | None:
        name = dotted(node)
        if name is None:
            self._refuse(node)
            return None
        if name not in VARIABLES:
            message = f"`{name}` is not a variable"
            self._report("unknown-variable", node, message, _closest(name, VARIABLES), name.partition(".")[0])
            return None
        variable = VARIABLES[name]
        if not self.channels <= variable.channels:
            where = ", ".join(sorted(self.channels - variable.channels))
            there = ", ".join(f"`{channel}`" for channel in sorted(variable.channels))
            self._report("variable-not-there", node, f"`{name}` is not there for `{where}`", f"it is there for {there}")
        return variable

    def _refuse(self, node: nodes.Node) -> None:
        match node:
            case nodes.Const(value=float()):
                self._report("not-allowed-in-template", node, "a template cannot calculate or print decimals", _SIMPLE)
            case nodes.BinExpr() | nodes.UnaryExpr() | nodes.Concat():
                self._report("not-allowed-in-template", node, "a template cannot calculate", _SIMPLE)
            case nodes.Getattr() | nodes.Getitem():
                self._report("not-allowed-in-template", node, "nothing can be reached into", _SIMPLE)
            case _:
                message = next(
                    (said for sort, said in _NOT_HERE.items() if isinstance(node, sort)), "this cannot be here"
                )
                self._report("not-allowed-in-template", node, message, _SIMPLE)

    def _report(
        self, rule: str, node: nodes.Node, message: str, help_: str, word: str = "", *, severity: Severity = _ERROR
    ) -> None:
        word = word or (dotted(node) or "").partition(".")[0]
        # Jinja gives some nodes no line of their own, only those inside them.
        lines = (inner.lineno for inner in (node, *node.find_all(nodes.Node)) if inner.lineno)
        problem = self.source.problem(rule, next(lines, 1), word, message, help_)
        self.problems.append(replace(problem, severity=severity))


def _asked_for(test: nodes.Node) -> frozenset[str]:
    """The variables that are known wherever the condition holds."""
    if isinstance(test, nodes.And):
        return _asked_for(test.left) | _asked_for(test.right)
    name = dotted(test)
    # Whoever has an address or a number has a name.
    return frozenset({name, f"{name.partition('.')[0]}.name"}) if name else frozenset()


def dotted(node: nodes.Node) -> str | None:
    """The name of a variable as it is written, `who.what` or a plain word; None for anything else."""
    match node:
        case nodes.Name():
            return str(node.name)
        case nodes.Getattr(node=nodes.Name(name=name)):
            return f"{name}.{node.attr}"
        case _:
            return None


def _rename(parent: nodes.Node) -> None:
    """Put plain names in the place of `who.what` right below a node."""
    for field in parent.fields:
        value = getattr(parent, field)
        if isinstance(value, list):
            setattr(parent, field, [_plain(item) for item in value])
        elif isinstance(value, nodes.Node):
            setattr(parent, field, _plain(value))


def _plain(node: nodes.Node) -> nodes.Node:
    if isinstance(node, nodes.Getattr) and (name := dotted(node)):
        return nodes.Name(name.replace(".", "__"), "load", lineno=node.lineno, environment=node.environment)
    return node


def _closest(name: str, among: Mapping[str, object]) -> str:
    close = difflib.get_close_matches(name, among, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return (
        "templates/README.md lists them" if len(among) > MOST_LISTED else f"there are {', '.join(map(_ticked, among))}"
    )


MOST_LISTED = 9


def _ticked(word: str) -> str:
    return f"`{word}`"


def _syntax(source: Source, error: TemplateSyntaxError) -> Problem:
    said = re.sub(r"'([^']*)'", r"`\1`", (error.message or "this cannot be read").rstrip("."))
    said = said[:1].lower() + said[1:].replace("jinja was", "it was").replace("Jinja", "the template")
    word = found[1] if (found := re.search(r"unknown tag `(\w+)`", said)) else ""
    return source.problem("template-syntax", error.lineno, word, said, _SIMPLE)


_CODE = re.compile(r"\{[{%].*")


def _stretch(line: str, word: str, start: int) -> tuple[int, int]:
    """Column and length of the word in the code of a line; the code's own place where it is not found."""
    code = _CODE.search(line, start - 1)
    if code is None:
        return start, 1
    if word and (found := re.compile(rf"(?<!\w){re.escape(word)}(?!\w)").search(line, code.start())):
        return found.start() + 1, len(word)
    return code.start() + 1, 2
