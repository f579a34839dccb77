"""Wording read without being rendered: which variables it names, and what it could say in a tone.

For checks that look at every message that a policy can reach, where there is no
customer yet. What could be said is never left out: only what cannot be is blanked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from jinja2 import TemplateSyntaxError, nodes

from duly.messages.sandbox import ENVIRONMENT, Source, dotted


def used(source: Source) -> Iterator[str]:
    """The names of the variables that the wording names, declared or not; none where it cannot be read."""
    tree = _tree(source)
    if tree is None:
        return
    inner = {id(node.node) for node in tree.find_all(nodes.Getattr)}
    for node in tree.find_all((nodes.Name, nodes.Getattr)):
        if id(node) not in inner and (name := dotted(node)):
            yield name


_CODE_ANYWHERE = re.compile(r"\{[{%#].*?[#%}]\}", re.DOTALL)


def said(source: Source, known: Mapping[str, str]) -> str:
    """The wording with everything blanked that is code or that is not said where these words are known.

    Every character keeps its place. A branch is blanked only where its condition asks
    for nothing but the words known, so that what could be said is never left out.
    """
    pieces = list(_CODE_ANYWHERE.sub(lambda code: _blank(code[0]), source.text))
    for start, end in _unsaid(source.text, known):
        pieces[start:end] = _blank("".join(pieces[start:end]))
    return "".join(pieces)


def _blank(text: str) -> str:
    return "".join(character if character == "\n" else " " for character in text)


_BRANCH = re.compile(r"\{%[-+]?\s*(if|elif|else|endif)\b(.*?)[-+]?%\}", re.DOTALL)


def _unsaid(text: str, known: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """Stretches of branches that cannot be taken: their condition is false, or one before it is true."""
    open_: list[tuple[bool, int | None]] = []
    for tag in _BRANCH.finditer(text):
        taken, blanked_from = open_.pop() if open_ and tag[1] != "if" else (False, None)
        if blanked_from is not None:
            yield blanked_from, tag.start()
        if tag[1] == "endif":
            continue
        truth = True if tag[1] == "else" else _truth(tag[2], known)
        unsaid = taken or truth is False
        open_.append((taken or truth is True, tag.end() if unsaid else None))


def _truth(condition: str, known: Mapping[str, str]) -> bool | None:
    """Whether a condition over the known words holds; None where it asks for anything else."""
    tree = _tree(Source(f"{{% if {condition} %}}{{% endif %}}", "", 1))
    test = tree.body[0] if tree is not None and tree.body else None
    return _holds(test.test, known) if isinstance(test, nodes.If) else None


def _holds(test: nodes.Node, known: Mapping[str, str]) -> bool | None:
    match test:
        case nodes.Compare(expr=nodes.Name(name=name), ops=[nodes.Operand(op=op, expr=nodes.Const(value=value))]) if (
            name in known and op in {"eq", "ne"}
        ):
            return bool((known[name] == value) == (op == "eq"))
        case nodes.And():
            sides = (_holds(test.left, known), _holds(test.right, known))
            return False if False in sides else None if None in sides else True
        case nodes.Or():
            sides = (_holds(test.left, known), _holds(test.right, known))
            return True if True in sides else None if None in sides else False
        case nodes.Not():
            inner = _holds(test.node, known)
            return None if inner is None else not inner
        case _:
            return None


def _tree(source: Source) -> nodes.Template | None:
    try:
        return ENVIRONMENT.parse(source.text)
    except (TemplateSyntaxError, RecursionError):
        return None
