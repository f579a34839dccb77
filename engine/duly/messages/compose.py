"""One matter and the wording for it, made into a message in every form that its channel asks for.

The same blocks become the text, the HTML of an e-mail and the PDF of a letter. What
cannot be said in full is not said at all: the message is `Unrenderable`, with a reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from babel import UnknownLocaleError
from jinja2.runtime import Context

from duly.messages.document import Block, Card, Cards, Inline, Items, Paragraph, Run, Table, blocks_of, inline, to_text
from duly.messages.letter import Press, Sheet
from duly.messages.matter import AGES, Colleague, Line, Matter, Party, Rendered
from duly.messages.page import to_html
from duly.messages.phrases import PLAIN, Phrases
from duly.messages.sandbox import Program, Source, Unrenderable, as_data, compiled, context_of
from duly.messages.templates import ANY_TONE, Key, Template, Templates
from duly.messages.variables import LETTER, NO_STAGE, PARTS, values_of
from duly.messages.writing import Writing, writing

MOST_SUBJECT = 300
"""Characters of a subject; more is not read by anybody."""

TONELESS = frozenset({"brief", "statement", "notice"})
"""Channels whose messages have no tone."""


@dataclass(frozen=True, slots=True)
class Composed:
    """A message, and the text that was read back from its PDF, empty where it has none."""

    message: Rendered
    pdf_text: str


class Composer:
    """Composes messages from the templates of one team; wording is compiled when it is first needed."""

    def __init__(self, templates: Templates) -> None:
        self._templates = templates
        self._wording: dict[Key, _Wording] = {}
        self._press: Press | None = None

    def compose(self, matter: Matter) -> Composed:
        """The message of a matter; raises `Unrenderable`."""
        if not matter.language:
            raise Unrenderable("no-language", f"nobody has said in which language `{matter.customer.id}` is written to")
        wording = self._of(key_of(matter))
        try:
            manner = writing(matter.language, matter.customer.country)
        except (UnknownLocaleError, ValueError):
            raise Unrenderable("unknown-language", f"nobody knows how `{matter.language}` is written") from None
        values = context_of(values_of(matter, manner, wording.conjunction), manner)
        subject = " ".join(as_data(wording.subject.render(values)).split(" "))
        if not subject or len(subject) > MOST_SUBJECT:
            raise Unrenderable("bad-subject", "the subject is empty or too long")
        source = wording.body.render(values)
        parts = _Parts(matter, manner, wording, values)
        blocks = blocks_of(source, parts)
        text = to_text(blocks)
        if not text.strip():
            raise Unrenderable("empty-message", "the message has no text")
        html, pdf, pdf_text = "", b"", ""
        if matter.channel == LETTER or matter.on_paper:
            printed = self._printing().print(_sheet(matter, manner, wording, subject, blocks))
            pdf, pdf_text = printed.pdf, printed.text
        if matter.channel == LETTER:
            text = _letter_text(matter, manner, wording, subject, text)
        else:
            html = to_html(blocks, subject, matter.language, matter.creditor.name or matter.creditor.id)
        template = wording.template
        digest = digest_of(subject, text, html, pdf)
        return Composed(
            Rendered(subject, text, html, pdf, matter.language, template.key.file, template.signed_by, digest), pdf_text
        )

    def _of(self, key: Key) -> _Wording:
        if key not in self._wording:
            self._wording[key] = _Wording(self._templates, key)
        return self._wording[key]

    def _printing(self) -> Press:
        if self._press is None:
            self._press = Press(self._templates.fonts)
        return self._press


def key_of(matter: Matter) -> Key:
    """The template that a matter is written by."""
    tone = ANY_TONE if matter.channel in TONELESS else matter.tone
    return Key(matter.language, matter.channel, matter.template, tone)


def digest_of(subject: str, text: str, html: str, pdf: bytes) -> str:
    """The SHA-256 of all forms of a message, each with its length."""
    digest = hashlib.sha256()
    for form in (subject.encode(), text.encode(), html.encode(), pdf):
        digest.update(b"%d:" % len(form))
        digest.update(form)
    return digest.hexdigest()


class _Wording:
    """The compiled wording of one template and of the phrases of its language."""

    def __init__(self, templates: Templates, key: Key) -> None:
        if key not in templates.messages:
            raise Unrenderable("no-template", f"there is no template `{key.file}`")
        if key.language not in templates.phrases:
            raise Unrenderable("no-phrases", f"there is no `{key.language}/phrases.yaml`")
        self.template: Template = templates.messages[key]
        self.phrases: Phrases = templates.phrases[key.language]
        self._channels = frozenset({key.channel})
        self.subject = self._program(self.template.subject)
        self.body = self._program(self.template.body)
        self.conjunction = self.phrases.text("labels", "and")
        self._said: dict[tuple[str, str], Program] = {}

    def label(self, name: str) -> str:
        """A label of the language."""
        return self.phrases.text("labels", name)

    def has(self, section: str, name: str) -> bool:
        """Say whether the language has a phrase."""
        return name in self.phrases.phrases[section]

    def say(self, section: str, name: str, values: Context) -> Inline:
        """A phrase with the values in it."""
        assert section not in PLAIN
        if (section, name) not in self._said:
            if not self.has(section, name):
                raise Unrenderable("no-phrase", f"`{self.phrases.file}` has no `{section}: {name}`")
            self._said[section, name] = self._program(self.phrases.phrases[section][name])
        return inline(self._said[section, name].render(values))

    def _program(self, source: Source) -> Program:
        program, problems = compiled(source, self._channels)
        if program is None:
            raise Unrenderable("bad-template", f"{problems[0].span}: {problems[0].message}")
        return program


class _Parts(Mapping[str, Sequence[Block]]):
    """The parts of one message, made when the wording asks for them."""

    def __init__(self, matter: Matter, manner: Writing, wording: _Wording, values: Context) -> None:
        self._matter = matter
        self._manner = manner
        self._wording = wording
        self._values = values

    def __getitem__(self, name: str) -> Sequence[Block]:
        return _MAKERS[name](self)

    def __iter__(self) -> Iterator[str]:
        return iter(_MAKERS)

    def __len__(self) -> int:
        return len(_MAKERS)

    def salutation(self) -> Sequence[Block]:
        name = "named" if self._matter.contact_name else "unnamed"
        return (Paragraph((self._wording.say("salutation", name, self._values),)),)

    def closing(self) -> Sequence[Block]:
        tone = self._matter.tone if self._wording.has("closing", self._matter.tone) else ANY_TONE
        creditor = self._matter.creditor
        signers = [self._matter.collector.name] if self._matter.collector and self._matter.collector.name else []
        lines = [(Run(name),) for name in (*signers, creditor.name or creditor.id)]
        return (Paragraph((self._wording.say("closing", tone, self._values), *lines)),)

    def next_step(self) -> Sequence[Block]:
        stage = self._matter.next_stage or NO_STAGE
        return (Paragraph((self._wording.say("next_step", stage, self._values),)),)

    def invoices(self) -> Sequence[Block]:
        return self._table(with_amount=False)

    def open_items(self) -> Sequence[Block]:
        return self._table(with_amount=any(line.amount is not None for line in self._matter.lines))

    def _table(self, *, with_amount: bool) -> Sequence[Block]:
        matter, manner = self._matter, self._manner
        if not matter.lines:
            raise Unrenderable("no-invoices", "the message would show a table without an invoice")
        columns: list[tuple[str, bool, Callable[[Line], str]]] = [("invoice", False, lambda line: line.invoice)]
        if any(line.made_out_to for line in matter.lines):
            columns.append(("made_out_to", False, lambda line: line.made_out_to))
        if any(line.invoice_date for line in matter.lines):
            columns.append(("invoice_date", False, lambda line: _day_or_nothing(manner, line)))
        columns.append(("due_date", False, lambda line: manner.short_day(line.due_date)))
        columns.append(("days_past_due", True, lambda line: manner.number(max(0, line.days_past_due))))
        if with_amount:
            columns.append(("amount", True, partial(_amount, manner)))
        columns.append(("open", True, lambda line: manner.money(line.open, line.currency)))
        heads = self._wording.phrases.phrases["heads"]
        totals = tuple(
            (heads["total"].text, *[""] * (len(columns) - 2), manner.money(minor, currency))
            for currency, minor in matter.totals
        )
        rows = tuple(tuple(cell(line) for _, _, cell in columns) for line in matter.lines)
        labels = self._wording.phrases.phrases["labels"]
        names = tuple((heads if name in heads else labels)[name].text for name, _, _ in columns)
        return (Table(names, rows, totals, tuple(right for _, right, _ in columns)),)

    def on_account(self) -> Sequence[Block]:
        """Money that no invoice was given, and what is left to pay with it; nothing where there is none."""
        matter, manner, label = self._matter, self._manner, self._wording.label
        if not matter.on_account:
            return ()
        heads = self._wording.phrases.phrases["heads"]
        rows = tuple(
            (one.reference, manner.short_day(one.day) if one.day else "", manner.money(-one.amount, one.currency))
            for one in matter.on_account
        )
        totals = tuple((label("balance"), "", manner.money(minor, currency)) for currency, minor in matter.balances)
        names = (label("on_account"), heads["invoice_date"].text, heads["amount"].text)
        return (Table(names, rows, totals, (False, False, True)),)

    def ages(self) -> Sequence[Block]:
        """What is open by age, a row a currency; a bucket with nothing in it shows a dash."""
        matter, manner = self._matter, self._manner
        if not matter.ages:
            return ()
        late = self._wording.phrases.phrases["heads"]["days_past_due"].text
        rows = tuple(
            (one.currency, *(manner.money(minor, one.currency) if minor else "–" for minor in one.amounts))
            for one in matter.ages
        )
        names = (late, self._wording.label("not_due"), *AGES)
        return (Table(names, rows, (), (False, *[True] * (len(names) - 1))),)

    def how_to_pay(self) -> Sequence[Block]:
        matter, label = self._matter, self._wording.label
        if not matter.creditor.pay_to:
            raise Unrenderable("no-way-to-pay", f"nobody has said how to pay `{matter.creditor.id}`")
        lines = [("", line) for line in matter.creditor.pay_to]
        if matter.reference:
            lines.append((label("pay_reference"), matter.reference))
        return (Cards((Card(label("how_to_pay"), tuple(lines)),)),)

    def people(self) -> Sequence[Block]:
        cards = []
        for role, person in (("collector", self._matter.collector), ("salesperson", self._matter.salesperson)):
            if person is not None:
                cards.append(Card(self._wording.label(role), self._reached(person)))
        if not cards:
            creditor = self._matter.creditor
            if not (creditor.phone or creditor.email):
                raise Unrenderable("nobody-to-call", "the message would name nobody to call or write to")
            cards.append(Card(self._wording.label("collector"), self._reached(creditor)))
        return (Cards(tuple(cards)),)

    def _reached(self, person: Colleague | Party) -> tuple[tuple[str, str], ...]:
        label = self._wording.label
        lines = [("", person.name or person.id)]
        if person.phone:
            lines.append((label("phone"), person.phone))
        if person.email:
            lines.append((label("email"), person.email))
        return tuple(lines)

    def history(self) -> Sequence[Block]:
        said = self._matter.history
        if not said:
            return ()
        lines = tuple((self._manner.short_day(entry.day), entry.what) for entry in said)
        return (Cards((Card(self._wording.label("history"), lines),)),)

    def guidance(self) -> Sequence[Block]:
        lines = self._matter.guidance
        if not lines:
            return ()
        title = Paragraph(((Run(self._wording.label("guidance"), bold=True),),))
        return (title, Items(tuple((Run(line),) for line in lines)))

    def position(self) -> Sequence[Block]:
        lines = self._matter.advised.position if self._matter.advised else ()
        return (Items(tuple((Run(line),) for line in lines)),) if lines else ()

    def advice(self) -> Sequence[Block]:
        said = self._matter.advised.recommended if self._matter.advised else ()
        return (Items(tuple((Run(what, bold=True), Run(f": {why}.")) for what, why in said)),) if said else ()


_MAKERS: Mapping[str, Callable[[_Parts], Sequence[Block]]] = {
    "salutation": _Parts.salutation,
    "closing": _Parts.closing,
    "next_step": _Parts.next_step,
    "invoices": _Parts.invoices,
    "open_items": _Parts.open_items,
    "on_account": _Parts.on_account,
    "ages": _Parts.ages,
    "how_to_pay": _Parts.how_to_pay,
    "people": _Parts.people,
    "history": _Parts.history,
    "guidance": _Parts.guidance,
    "position": _Parts.position,
    "advice": _Parts.advice,
}
assert _MAKERS.keys() == PARTS.keys()


def _day_or_nothing(manner: Writing, line: Line) -> str:
    return manner.short_day(line.invoice_date) if line.invoice_date else ""


def _amount(manner: Writing, line: Line) -> str:
    return manner.money(line.amount, line.currency) if line.amount is not None else ""


# The letter around the blocks.


def _sheet(matter: Matter, manner: Writing, wording: _Wording, subject: str, blocks: Sequence[Block]) -> Sheet:
    creditor, customer = matter.creditor, matter.customer
    # What goes by e-mail has its PDF beside it, and need not fit into the window of an envelope.
    if not customer.address and matter.channel == LETTER:
        raise Unrenderable("no-address", "the letter would have no address")
    label = wording.label
    return Sheet(
        language=matter.language,
        country=creditor.country,
        sender=creditor.name or creditor.id,
        sender_address=creditor.address,
        sender_reached=tuple(
            f"{label(what)} {how}" for what, how in (("phone", creditor.phone), ("email", creditor.email)) if how
        ),
        to=_to(matter),
        day=manner.day(matter.as_of),
        reference=(label("reference"), matter.reference),
        subject=subject,
        page=(label("page"), label("of")),
        blocks=tuple(blocks),
    )


def _to(matter: Matter) -> tuple[str, ...]:
    customer = matter.customer
    name = customer.name or customer.id
    # Many ledgers repeat the name as the first line of the address.
    rest = customer.address[1:] if customer.address[:1] == (name,) else customer.address
    return (name, *([matter.contact_name] if matter.contact_name and matter.contact_name != name else []), *rest)


def _letter_text(matter: Matter, manner: Writing, wording: _Wording, subject: str, text: str) -> str:
    """A letter as plain text: what the sheet shows around the blocks, too."""
    head = [matter.creditor.name or matter.creditor.id, "", *_to(matter), "", manner.day(matter.as_of)]
    if matter.reference:
        head.append(f"{wording.label('reference')}: {matter.reference}")
    return "\n".join((*head, "", subject, "", text))
