"""From the tree of a file to the policy it says.

Shape has been looked at already. Here names are looked up, amounts, days and
times are read from the text as written, and conditions become trees. What does
not have the right shape was reported there and is passed over here, so that one
run shows every mistake; the policy that comes out is good only where there was
none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, time
from types import MappingProxyType

from duly.language.ambiguous import short
from duly.language.conditions import ALWAYS, Condition, facts_read
from duly.language.gate import Map, Scalar
from duly.language.over_time import (
    EXAMPLES,
    Assumption,
    ComesToAnEnd,
    ContactsAtMost,
    NotBefore,
    OverTime,
    assumption,
)
from duly.language.policy import (
    ASK_NOTHING,
    AccountPause,
    AdviseBefore,
    After,
    Basis,
    Calendar,
    Channel,
    Charges,
    ChooseLadder,
    Climb,
    Clock,
    ContactCap,
    ContactHours,
    CreditLimitRule,
    DayCount,
    Duty,
    Effective,
    Exception_,
    Fuse,
    Guarantee,
    GuaranteeForm,
    Hold,
    InvoicePause,
    Ladder,
    Late,
    Limits,
    NamedPair,
    Needs,
    Period,
    Points,
    Policy,
    Repeat,
    Resets,
    Rhythm,
    SalesRule,
    Segment,
    Send,
    Since,
    Stage,
    Stops,
    Task,
    Together,
    ToneLimit,
    UnappliedCredit,
    Unit,
)
from duly.language.reward import read_reward
from duly.language.schema import WEEKDAYS
from duly.language.suggest import did_you_mean
from duly.language.vocabulary import ACCOUNT, INVOICE, Fact, Names
from duly.language.written import Part, step
from duly.language.written_conditions import parse_condition
from duly.language.written_values import NONE, ONLY_LADDER, Values
from duly.source import Problem, Span


def build_policy(root: Map) -> tuple[Policy, tuple[Problem, ...]]:
    """The policy of a tree, and what is wrong with what it says."""
    read = Values(Part(root, "", Span(root.span.file, 1, 1)))
    return _Builder(read).policy(), tuple(read.problems)


@dataclass(frozen=True, slots=True)
class _Builder:
    """Makes a policy of what is read; a method a part, in the order of the file."""

    read: Values

    def policy(self) -> Policy:
        top = self.read.top
        tones = top.texts("tones")
        account_pauses, invoice_pauses = self.pauses(top.part("pauses"))
        ladders = self.ladders(top)
        return Policy(
            span=top.span,
            because=top.text("because"),
            id=top.text("policy"),
            title=top.text("title"),
            currency=self.read.currency,
            signed_off_by=top.texts("signed_off_by"),
            effective=self.effective(top.part("effective")),
            calendar=self.calendar(top.part("calendar")),
            late=self.late(top.part("late")),
            segments=self.segments(top),
            account_pauses=account_pauses,
            invoice_pauses=invoice_pauses,
            tones=tones,
            ladders=ladders,
            choose_ladder=self.choose_ladder(top, ladders),
            tone_limits=self.tone_limits(top),
            sales=tuple(self.sales_rule(id_, part) for id_, part in top.part("sales").parts()),
            holds=tuple(self.hold(id_, part) for id_, part in top.part("holds").parts()),
            credit_limits=tuple(self.credit_limit(id_, part) for id_, part in top.part("credit_limits").parts()),
            charges=self.charges(top.part("charges")),
            worklist=tuple(self.points(id_, part) for id_, part in top.part("worklist").part("points").parts()),
            responsible=tuple(self.duty(id_, part) for id_, part in top.part("responsible").parts()),
            together=self.together(top.part("together")),
            limits=self.limits(top.part("limits")),
            guarantees=tuple(self.guarantee(id_, part) for id_, part in top.part("guarantees").parts()),
            exceptions=tuple(self.exception(id_, part) for id_, part in top.part("exceptions").parts()),
        )

    def when(self, part: Part, key: str = "when", facts: Mapping[str, Fact] = ACCOUNT) -> Condition:
        return parse_condition(self.read, part.get(key), facts, part.span_of(key))

    def effective(self, part: Part) -> Effective:
        from_, until = self.read.day(part.get("from")), self.read.day(part.get("until"))
        if from_ and until and until < from_:
            self.read.report(
                "ends-before-it-begins",
                part.span_of("until"),
                "the last day lies before the first",
                "exchange the two days",
            )
        return Effective(**part.placed(), from_=from_, until=until)

    def calendar(self, part: Part) -> Calendar:
        contact = part.part("contact")
        hours = ContactHours(**contact.placed())
        days = frozenset(WEEKDAYS.index(day) for day in contact.texts("days") if day in WEEKDAYS)
        between = [self.read.time_of_day(scalar) for scalar in contact.scalars("between")]
        match between:
            case [time() as opens, time() as closes] if opens < closes:
                hours = replace(hours, opens=opens, closes=closes)
            case [time(), time()]:
                self.read.report(
                    "ends-before-it-begins",
                    contact.span_of("between"),
                    "contact hours close before they open",
                    "write from and to",
                )
            case _:
                pass
        closed = contact.text("holidays") == "closed"
        hours = replace(hours, days=days or hours.days, holidays_closed=closed)
        return Calendar(**part.placed(), country=self.read.country(part.get("country")), contact=hours)

    def late(self, part: Part) -> Late:
        ignore = part.part("ignore_below")
        return Late(
            **part.placed(),
            basis=part.choice("basis", Basis.DUE_DATE),
            day_count=part.choice("day_count", DayCount.CALENDAR),
            grace_days=part.whole("grace_days"),
            ignore_invoice_below=self.read.money(ignore.get("invoice")),
            ignore_account_below=self.read.money(ignore.get("account")),
            unapplied_credit=part.choice("unapplied_credit", UnappliedCredit.IGNORE),
        )

    def segments(self, top: Part) -> tuple[Segment, ...]:
        if not top.has("segments"):
            return (Segment(id="all"),)
        parts = list(top.part("segments").parts())
        for id_, part in parts[:-1]:
            if not part.has("when"):
                self.read.report(
                    "segment-hides-others",
                    part.span,
                    f"`{id_}` takes every customer, so the segments below it get none",
                    "give it a `when`, or move it to the end",
                )
        if parts and parts[-1][1].has("when"):
            self.read.report(
                "no-last-segment",
                parts[-1][1].span,
                "some customers are in no segment",
                f"add a last segment without `when`, such as `others: {{}}`, after `{parts[-1][0]}`",
            )
        return tuple(Segment(**p.placed(), id=id_, when=self.when(p)) for id_, p in parts)

    def pauses(self, section: Part) -> tuple[tuple[AccountPause, ...], tuple[InvoicePause, ...]]:
        account: list[AccountPause] = []
        invoice: list[InvoicePause] = []
        for id_, part in section.parts():
            if part.has("account") == part.has("invoice"):
                self.read.report(
                    "one-of",
                    part.span,
                    f"`{id_}` needs either `account` or `invoice`",
                    "say what pauses: the whole account or single invoices",
                )
            elif part.has("account"):
                account.append(self.account_pause(id_, part))
            else:
                invoice.append(self.invoice_pause(id_, part))
        return tuple(account), tuple(invoice)

    def account_pause(self, id_: str, part: Part) -> AccountPause:
        when = self.when(part, "account")
        self.ends_with_promise(part, when)
        default = AccountPause(id=id_, when=when).stops
        stops = frozenset(part.choices("stops", Stops)) if part.has("stops") else default
        return AccountPause(
            **part.placed(),
            id=id_,
            when=when,
            stops=stops,
            tasks=self.tasks(part),
            until=part.text("until"),
        )

    def invoice_pause(self, id_: str, part: Part) -> InvoicePause:
        for key in ("stops", "task"):
            if part.has(key):
                self.read.report(
                    "account-pause-only",
                    part.span_of(key),
                    f"`{key}` fits a pause of the account, not of invoices",
                    "ask the condition under `account:`, or take it out",
                )
        when = self.when(part, "invoice", INVOICE)
        self.ends_with_promise(part, when)
        return InvoicePause(
            **part.placed(),
            id=id_,
            when=when,
            disputed_part_only="dispute" in facts_read(when),
            until=part.text("until"),
        )

    def ends_with_promise(self, part: Part, when: Condition) -> None:
        if part.has("until") and not facts_read(when) & {"promise", "promises_open"}:
            self.read.report(
                "no-promise",
                part.span_of("until"),
                f"`{part.text('until')}` needs a condition on a promise",
                "ask `promise: open`, or take `until` out",
            )

    def tasks(self, part: Part) -> tuple[Task, ...]:
        task = part.part("task")
        return tuple(
            Task(span=e.key.span, path=step(task.path, e.key.text), role=e.key.text, task=e.value.text)
            for e in task.node.entries
            if isinstance(e.value, Scalar)
        )

    def ladders(self, top: Part) -> tuple[Ladder, ...]:
        if top.has("ladder") and top.has("ladders"):
            self.read.report(
                "one-of",
                top.span_of("ladders"),
                "`ladder` and `ladders` cannot stand together",
                "name the first one too, under `ladders`",
            )
        if top.has("ladder"):
            return (self.ladder(ONLY_LADDER, top.part("ladder")),)
        ladders = tuple(self.ladder(id_, part) for id_, part in top.part("ladders").parts())
        for ladder in ladders[1:]:
            for key in ("unit", "resets"):
                if getattr(ladder, key) != getattr(ladders[0], key):
                    self.read.report(
                        "ladders-disagree",
                        ladder.span,
                        f"`{ladder.id}` and `{ladders[0].id}` differ in `{key}`",
                        f"all ladders of a policy share one `{key}`",
                    )
        return ladders

    def ladder(self, id_: str, part: Part) -> Ladder:
        stages = tuple(self.stage(stage, p, first=not i) for i, (stage, p) in enumerate(part.part("stages").parts()))
        return Ladder(
            **part.placed(),
            id=id_,
            stages=stages,
            unit=part.choice("unit", Unit.ACCOUNT),
            climb=part.choice("climb", Climb.ONE_STEP),
            resets=part.choice("resets", Resets.NOTHING_LATE),
            min_days_between=part.whole("min_days_between"),
        )

    def stage(self, id_: str, part: Part, *, first: bool) -> Stage:
        send, without_email = self.messages(part.part("send"))
        tone = self.read.named(Names.TONES, part.get("tone"))
        if send and not part.has("tone"):
            self.read.report(
                "no-tone",
                part.span,
                f"`{id_}` sends something but has no `tone`",
                "the tone chooses the template: add `tone:`",
            )
        if not any(part.has(key) for key in ("send", "task", "action", "charge")):
            self.read.report(
                "does-nothing", part.span, f"`{id_}` does nothing", "add `send`, `task`, `action` or `charge`"
            )
        repeat = part.part("repeat")
        return Stage(
            **part.placed(),
            id=id_,
            after=self.after(part, first=first) if part.has("after") else None,
            when=self.when(part),
            tone=tone,
            send=send,
            without_email=without_email,
            tasks=self.tasks(part),
            action=part.text("action"),
            approval=part.texts("approval"),
            repeat=Repeat(
                **repeat.placed(),
                every_days=repeat.whole("every_days"),
                at_most=repeat.maybe_whole("at_most"),
            )
            if part.has("repeat")
            else None,
            min_days_between=part.maybe_whole("min_days_between"),
            charge=self.charge(part.part("charge")),
        )

    def after(self, stage: Part, *, first: bool) -> After:
        part = stage.part("after")
        if part.has("days") == part.has("months"):
            self.read.report(
                "one-of", part.span, "`after` needs either `days` or `months`", "for example `after: {days: 15}`"
            )
        period = Period.MONTHS if part.has("months") else Period.DAYS
        since, number = part.choice("since", Since.DUE_DATE), part.whole(period.value)
        if since is Since.PREVIOUS_STAGE and first:
            self.read.report(
                "no-previous-stage",
                part.span_of("since"),
                "the first stage has no previous one to count from",
                "count from `due_date` or `invoice_date`",
            )
        if since is not Since.DUE_DATE and number < 0:
            self.read.report(
                "out-of-bounds",
                part.span_of(period.value),
                f"a stage cannot come before its `{since.value}`",
                "only `since: due_date` counts backwards",
            )
        clock = Clock(since, period, part.text("round_to") == "month_end")
        return After(**part.placed(), clock=clock, number=number)

    def messages(self, part: Part) -> tuple[tuple[Send, ...], tuple[Send, ...]]:
        """What is sent, and what instead to a customer without e-mail."""
        if part.has("without_email") and not part.has("email"):
            self.read.report(
                "no-email",
                part.span_of("without_email"),
                "`without_email` stands in for an e-mail, and this stage sends none",
                "take it out, or add `email`",
            )
        return self.channels(part), self.channels(part.part("without_email"))

    def channels(self, part: Part) -> tuple[Send, ...]:
        words = {channel.value: channel for channel in Channel}
        return tuple(
            Send(span=e.key.span, path=step(part.path, e.key.text), channel=words[e.key.text], template=e.value.text)
            for e in part.node.entries
            if e.key.text in words and isinstance(e.value, Scalar)
        )

    def charge(self, part: Part) -> Mapping[str, object]:
        charge: dict[str, object] = {}
        if part.node.entries and part.has("fixed") == part.has("pct"):
            self.read.report(
                "one-of", part.span, "`charge` needs either `fixed` or `pct`", "for example `charge: {fixed: 40}`"
            )
        if part.has("fixed"):
            charge["fixed"] = self.read.money(part.get("fixed"))
        if part.has("pct"):
            charge |= {"pct": self.read.per_cent(part.get("pct")), "of": part.text("of", "original")}
        return MappingProxyType(charge)

    def choose_ladder(self, top: Part, ladders: tuple[Ladder, ...]) -> ChooseLadder:
        part = top.part("choose_ladder")
        if not top.has("choose_ladder"):
            if top.has("ladders"):
                self.read.report(
                    "missing-key",
                    top.span_of("ladders"),
                    "nothing says which account climbs which ladder",
                    "add `choose_ladder: {by: segment, of: {…}, otherwise: …}`",
                )
            return ChooseLadder(
                span=top.span_of("ladder"), path="/ladder", otherwise=ladders[0].id if ladders else NONE
            )
        by_segment = part.text("by", "segment") == "segment"
        of = part.part("of")
        if by_segment:
            for entry in of.node.entries:
                self.read.named(Names.SEGMENTS, entry.key)
        chosen = {e.key.text: self.read.named(Names.LADDERS, e.value, or_none=True) for e in of.node.entries}
        if not by_segment and not part.has("of"):
            # A customer's record that names a ladder means that ladder.
            chosen = {ladder.id: ladder.id for ladder in ladders} | {NONE: NONE}
        return ChooseLadder(
            **part.placed(),
            by="segment" if by_segment else "customer_ladder",
            of=MappingProxyType(chosen),
            otherwise=self.read.named(Names.LADDERS, part.get("otherwise"), or_none=True) or NONE,
        )

    def tone_limits(self, top: Part) -> tuple[ToneLimit, ...]:
        section = top.part("tone_limits")
        if section.node.entries and not top.has("tones"):
            self.read.report("missing-key", section.span, "tone limits need `tones`", "add `tones:`, mildest first")
        return tuple(
            ToneLimit(
                **p.placed(),
                id=id_,
                when=self.when(p),
                at_most=self.read.named(Names.TONES, p.get("at_most")),
                agreed_with=p.text("agreed_with"),
            )
            for id_, p in section.parts()
        )

    def sales_rule(self, id_: str, part: Part) -> SalesRule:
        ask = part.text("ask")
        for key in ("within", "unanswered"):
            if ask == ASK_NOTHING and part.has(key):
                self.read.report(
                    "nothing-asked", part.span_of(key), f"`{key}` does not fit a rule that asks nothing", "take it out"
                )
            elif ask and ask != ASK_NOTHING and key == "within" and not part.has(key):
                self.read.report(
                    "missing-key",
                    part.span,
                    f"`{id_}` has no `within`",
                    "say how long sales has: `within: {business_days: 3}`",
                )
        return SalesRule(
            **part.placed(),
            id=id_,
            ask=ask,
            when=self.when(part),
            within_business_days=part.part("within").whole("business_days"),
            unanswered_tell=part.part("unanswered").text("tell"),
        )

    def hold(self, id_: str, part: Part) -> Hold:
        place, release, needs = part.part("place"), part.part("release"), part.part("place").part("needs")
        request = self.read.named(Names.SALES, needs.get("request"))
        return Hold(
            **part.placed() or place.text("because"),
            id=id_,
            place=self.when(place),
            release=self.when(release),
            needs=Needs(**needs.placed(), request=request, answered_only=needs.text("is") == "answered")
            if place.has("needs")
            else None,
            place_approval=place.texts("approval"),
            release_approval=release.texts("approval"),
            place_span=place.span,
            release_span=release.span,
        )

    def credit_limit(self, id_: str, part: Part) -> CreditLimitRule:
        propose = part.part("propose")
        if part.has("propose") and sum(propose.has(key) for key in ("raise_pct", "lower_pct", "set_to")) != 1:
            self.read.report(
                "one-of",
                propose.span,
                "`propose` needs one of `raise_pct`, `lower_pct` and `set_to`",
                "keep one of them",
            )
        return CreditLimitRule(
            **part.placed(),
            id=id_,
            when=self.when(part),
            raise_pct=propose.whole("raise_pct"),
            lower_pct=propose.whole("lower_pct"),
            set_to=self.read.maybe_money(propose, "set_to"),
            up_to=self.read.maybe_money(propose, "up_to"),
            down_to=self.read.maybe_money(propose, "down_to"),
            approval=part.texts("approval"),
        )

    def charges(self, part: Part) -> Charges:
        contract = part.part("late_interest")
        rate = self.read.per_cent(contract.get("contract_pct"))
        return Charges(
            **part.placed(),
            late_interest="contract" if rate else part.text("late_interest", NONE),
            contract_pct=rate,
        )

    def points(self, id_: str, part: Part) -> Points:
        return Points(
            **part.placed(),
            id=id_,
            add=part.whole("add"),
            when=self.when(part),
        )

    def duty(self, id_: str, part: Part) -> Duty:
        by_segment = part.part("by_segment")
        for entry in by_segment.node.entries:
            self.read.named(Names.SEGMENTS, entry.key)
        return Duty(
            **part.placed(),
            id=id_,
            accountable=part.text("accountable"),
            consulted=part.texts("consulted"),
            informed=part.texts("informed"),
            by_segment=tuple(self.duty(segment, inner) for segment, inner in by_segment.parts()),
        )

    def together(self, part: Part) -> Together:
        for segment in part.scalars("introduce_collector_to"):
            self.read.named(Names.SEGMENTS, segment)
        return Together(
            **part.placed(),
            pair_by=part.text("pair_by"),
            pairs=self.pairs(part),
            introduce_collector_to=part.texts("introduce_collector_to"),
            weekly=self.rhythm(part, "weekly", lambda day: WEEKDAYS.index(day) if day in WEEKDAYS else 0),
            monthly=self.rhythm(part, "monthly", lambda day: int(day) if day.isdecimal() else 1),
            tell_customer_of=part.texts("tell_customer_of"),
            advise_before=self.advise_before(part.part("advise_before")) if part.has("advise_before") else None,
            reward=read_reward(self.read, part.part("reward")) if part.has("reward") else None,
        )

    def pairs(self, together: Part) -> tuple[NamedPair, ...]:
        by_name = together.text("pair_by") == "name"
        if by_name is not together.has("pairs"):
            self.read.report(
                "pairs-by-name",
                together.span_of("pair_by" if by_name else "pairs"),
                "`pair_by: name` and `pairs` go together",
                "name each salesperson's collector under `pairs`, or pair by `region` or `segment` without it",
            )
        part = together.part("pairs")
        return tuple(
            NamedPair(span=entry.value.span, path=step(part.path, id_), salesperson=id_, collector=part.text(id_))
            for entry in part.node.entries
            for id_ in (entry.key.text,)
        )

    def rhythm(self, together: Part, key: str, day: Callable[[str], int]) -> Rhythm | None:
        part = together.part(key)
        if not together.has(key):
            return None
        return Rhythm(**part.placed(), day=day(part.text("day")), send=part.texts("send"))

    def advise_before(self, part: Part) -> AdviseBefore:
        return AdviseBefore(
            **part.placed(),
            renewal_days=part.maybe_whole("renewal_days"),
            order_days=part.maybe_whole("order_days"),
        )

    def limits(self, part: Part) -> Limits:
        cap, fuse = part.part("contacts_per_customer"), part.part("fuse")
        share = fuse.part("new_stage_share_pct")
        return Limits(
            **part.placed(),
            contacts_per_customer=ContactCap(**cap.placed(), at_most=cap.whole("at_most"), in_days=cap.whole("in_days"))
            if part.has("contacts_per_customer")
            else None,
            fuse=Fuse(
                **fuse.placed(),
                new_stage_share_pct=share.maybe_whole("at_most"),
                not_below_customers=share.whole("not_below_customers"),
                first_cycle_unlimited=share.text("first_cycle") == "unlimited",
                actions_at_most=fuse.part("actions").maybe_whole("at_most"),
                data_not_older_than_days=fuse.maybe_whole("data_not_older_than_days"),
            ),
        )

    def guarantee(self, id_: str, part: Part) -> Guarantee:
        forms = [form for form in GuaranteeForm if part.has(form.value)]
        if len(forms) != 1:
            self.read.report(
                "one-of",
                part.span,
                f"`{id_}` needs one of {_and_or(f.value for f in GuaranteeForm)}",
                "keep one of them",
            )
        form = forms[0] if forms else GuaranteeForm.NEVER
        if part.has("then") != part.has("always"):
            self.read.report("one-of", part.span, "`always` and `then` belong together", "say what always implies what")
        over_time = self.over_time(part.part("over_time")) if part.has("over_time") else None
        condition = over_time.while_ if isinstance(over_time, ComesToAnEnd) else ALWAYS
        return Guarantee(
            **part.placed(),
            id=id_,
            form=form,
            condition=condition if form is GuaranteeForm.OVER_TIME else self.when(part, form.value),
            then=self.when(part, "then"),
            facts=part.texts(GuaranteeForm.SAME_TREATMENT.value),
            over_time=over_time,
            assuming=tuple(self.assumptions(part)),
        )

    def over_time(self, part: Part) -> OverTime:
        forms = [key for key in ("contacts", "executes", "never") if part.has(key)]
        if len(forms) != 1:
            self.read.report(
                "one-of",
                part.span,
                "`over_time` needs one of `contacts`, `executes`, `never`",
                "cap contacts, say which stages end it, or what is never done before what",
            )
        for key, needed in (("executes", "within_business_days"), ("never", "before")):
            if part.has(key) and not part.has(needed):
                self.read.report("missing-key", part.span, f"`over_time` has no `{needed}`", f"add `{needed}:`")
        match forms[:1]:
            case ["contacts"]:
                cap = part.part("contacts")
                return ContactsAtMost(cap.whole("at_most"), cap.whole("in_days"))
            case ["never"]:
                return NotBefore(self.when(part, "never"), self.when(part, "before"))
            case _:
                stages = tuple(self.read.named(Names.STAGES, stage) for stage in part.scalars("executes"))
                return ComesToAnEnd(stages, part.whole("within_business_days"), self.when(part, "while"))

    def assumptions(self, part: Part) -> Iterator[Assumption]:
        for scalar in part.scalars("assuming"):
            if (known := assumption(scalar.text)) is not None:
                yield known
                continue
            message = f"`{short(scalar.text)}` is not an assumption that a proof can make"
            self.read.report("unknown-assumption", scalar.span, message, did_you_mean(scalar.text, EXAMPLES))

    def exception(self, account: str, part: Part) -> Exception_:
        if not any(part.has(key) for key in ("pause", "tone_at_most", "stage_at_most", "ladder")):
            self.read.report(
                "does-nothing",
                part.span,
                f"the exception for `{account}` changes nothing",
                "add `pause`, `tone_at_most`, `stage_at_most` or `ladder`",
            )
        return Exception_(
            **part.placed(),
            account=account,
            until=self.read.day(part.get("until")) or date.max,
            agreed_with=part.text("agreed_with"),
            pause=part.text("pause") == "true",
            tone_at_most=self.read.named(Names.TONES, part.get("tone_at_most")),
            stage_at_most=self.read.named(Names.STAGES, part.get("stage_at_most")),
            ladder=self.read.named(Names.LADDERS, part.get("ladder"), or_none=True),
        )


def _and_or(words: Iterator[str]) -> str:
    return ", ".join(f"`{word}`" for word in words)
