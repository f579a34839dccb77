"""An approval that was stolen, replayed, forged or outlived does not count, and each check is what stops it.

Every attack is shown twice: it fails, for the reason named, and with the one check
that stands in its way taken out it succeeds. A check that no attack needs would be
one that nobody knows to work.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duly.journal.approvals import Ruling, sign, signed_in
from duly.journal.approvers import Approvers
from duly.journal.entry import Draft, Entry, Event, canonical
from duly.journal.keys import make_key
from duly.plan import approvals as counting
from duly.plan.approvals import Approved, Waiting
from duly.plan.claims import CHECKS, CLOCKS_DIFFER, LONGEST_VALID, NAMED, Circumstances, Claim, statement_of
from duly.plan.plan import Action
from tests.approvals.building import (
    BOTH,
    CREDIT,
    DAY,
    HERE,
    HOLD,
    NOW,
    OCHRE,
    PEOPLE,
    REFERRAL,
    SIENNA,
    approver,
    entered,
    key_of,
    ruled,
    standing,
)

Plant = Callable[[pytest.MonkeyPatch], None]


def without(name: str) -> Plant:
    """A duly that never looks at this."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        kept = tuple(check for check in CHECKS if check.name != name)
        assert len(kept) == len(CHECKS) - 1
        patch.setattr(counting, "CHECKS", kept)

    return plant


def trusting_the_roles_that_are_claimed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Claim, "roles", property(lambda claim: frozenset(claim.statement.roles)))


def seating_one_person_twice(patch: pytest.MonkeyPatch) -> None:
    def seated(action: Action, roles: dict[str, tuple[str, ...]]) -> dict[str, str]:
        return {role: who for role in action.approval for who, held in roles.items() if role in held}

    patch.setattr(counting, "_filled", seated)


def copied(draft: Draft, **changed: object) -> Draft:
    """The entry with something exchanged around the statement, as whoever can write to the journal might."""
    return replace(draft, **changed)  # type: ignore[arg-type]


def restated(draft: Draft, **changed: object) -> Draft:
    """The entry with something exchanged in the statement itself, under the old signature."""
    record = {**draft.body["statement"], **changed}  # type: ignore[dict-item]
    return replace(draft, body={**draft.body, "statement": record})


@dataclass(frozen=True, slots=True)
class Attack:
    """Entries that must not get the action approved, why, and the fault that would let them."""

    entries: tuple[Entry, ...]
    reason: str
    plant: Plant
    action: Action = HOLD
    people: Approvers = PEOPLE
    here: Circumstances = HERE

    @staticmethod
    def on(check: str, *drafts: Draft, **where: object) -> Attack:
        """The attack that this check alone stops."""
        at = where.pop("at", NOW)
        return Attack(entered(*drafts, at=at), check, without(check), **where)  # type: ignore[arg-type]


def changed(action: Action, name: str) -> Action:
    other: Any = {name: "other"}
    return replace(action, **other)


OTHER = replace(HOLD, id="c" * 24)
GOOD = ruled(OCHRE)


def at(moment: timedelta, here: Circumstances = HERE) -> Circumstances:
    return replace(here, now=NOW + moment)


def people(*, from_: date | None = None, until: date | None = None, revoked: date | None = None) -> Approvers:
    return Approvers((approver("ochre", CREDIT, from_=from_, until=until, revoked=revoked),))


TODAY = NOW.date()
MILLISECOND = timedelta(milliseconds=1)
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group that signatures are numbers of (RFC 8032, 5.1)."""

ATTACKS = {
    "a-stolen-name": Attack.on("bad-signature", ruled(OCHRE, key=key_of("stranger"))),
    "a-key-that-nobody-knows": Attack.on("bad-signature", ruled(OCHRE, key=make_key())),
    "the-key-of-somebody-else-with-the-role": Attack.on("bad-signature", ruled(OCHRE, key=key_of("both"))),
    "a-signature-from-another-entry": Attack.on(
        "bad-signature", copied(GOOD, body={**GOOD.body, "signature": ruled(OCHRE, OTHER).body["signature"]})
    ),
    "no-signature": Attack.on("bad-signature", copied(GOOD, body={**GOOD.body, "signature": ""})),
    "the-ceiling-raised-afterwards": Attack.on(
        "bad-signature", restated(GOOD, ceiling={"USD": 10**9}), action=replace(HOLD, amount=10**8)
    ),
    "the-day-put-off-afterwards": Attack.on(
        "bad-signature", restated(ruled(OCHRE, days=1), expires_at="2026-04-20T09:00:00.000Z"), here=at(2 * DAY)
    ),
    "the-action-exchanged-afterwards": Attack.on(
        "bad-signature", copied(restated(GOOD, action=OTHER.id), key=OTHER.id), action=OTHER
    ),
    "a-revoked-key": Attack.on("revoked", GOOD, people=people(revoked=TODAY + DAY), here=at(DAY)),
    "the-last-day-is-over": Attack.on("revoked", GOOD, people=people(until=TODAY), here=at(DAY)),
    "entered-before-the-first-day": Attack.on("not-allowed-then", GOOD, people=people(from_=TODAY + DAY), here=at(DAY)),
    "replayed-in-another-journal": Attack.on("other-journal", ruled(OCHRE, here=replace(HERE, journal="j0"))),
    "replayed-from-the-try-environment": Attack.on(
        "other-environment", ruled(OCHRE, here=replace(HERE, environment="try"))
    ),
    "replayed-for-another-action": Attack.on("other-action", copied(GOOD, key=OTHER.id), action=OTHER),
    "replayed-in-a-later-episode": Attack.on(
        "other-action", copied(GOOD, key="d" * 24), action=replace(HOLD, id="d" * 24, episode="I9")
    ),
    "expired": Attack.on("expired", GOOD, here=at(14 * DAY)),
    "good-for-ever": Attack.on("valid-too-long", ruled(OCHRE, days=LONGEST_VALID.days + 1)),
    "made-tomorrow": Attack.on("from-the-future", ruled(OCHRE, at=NOW + DAY)),
    "the-amount-rose": Attack.on("amount-risen", GOOD, action=replace(HOLD, amount=HOLD.amount + 1)),
    "another-currency": Attack.on("amount-risen", GOOD, action=replace(HOLD, currency="KWD")),
    "one-of-two-amounts-rose": Attack.on(
        "amount-risen",
        ruled(OCHRE, replace(HOLD, amounts=(("EUR", 300), ("USD", 500)))),
        action=replace(HOLD, amounts=(("EUR", 301), ("USD", 1))),
    ),
    "an-invoice-was-added": Attack.on("invoices-added", GOOD, action=replace(HOLD, invoices=("I1", "I3"))),
    **{
        f"another-{name}": Attack.on("content-changed", GOOD, action=changed(HOLD, name))
        for name in NAMED
        if name not in {"kind", "customer"}
    },
    "another-kind": Attack.on("content-changed", GOOD, action=replace(HOLD, kind=REFERRAL.kind)),
    "another-customer": Attack.on("content-changed", GOOD, action=replace(HOLD, customer="C2")),
    "approved-by-the-author": Attack.on("approver-is-author", GOOD, here=replace(HERE, author="ochre")),
    "approved-by-the-author-in-capitals": Attack.on("approver-is-author", GOOD, here=replace(HERE, author=" OCHRE")),
    "approved-by-the-author-in-full-width": Attack.on(
        "approver-is-author", GOOD, here=replace(HERE, author="ｏｃｈｒｅ")
    ),
    "a-plan-that-nobody-made": Attack.on("approver-is-author", GOOD, here=replace(HERE, author=" ")),
    "approved-by-the-operator": Attack.on("approver-is-operator", GOOD, here=replace(HERE, operator="Ochre")),
    "a-run-that-nobody-started": Attack.on("approver-is-operator", GOOD, here=replace(HERE, operator="")),
    "an-entry-in-another-name": Attack.on("entry-differs", copied(GOOD, by="both")),
    "an-entry-about-another-customer": Attack.on("entry-differs", copied(GOOD, customer="C2")),
    "an-approval-in-an-entry-of-a-rejection": Attack.on("entry-differs", copied(GOOD, event=Event.REJECTED)),
    "a-role-that-the-person-does-not-have": Attack(
        entered(
            sign(replace(statement_of(HOLD, SIENNA, HERE, ruling=Ruling.APPROVE), roles=(CREDIT,)), key_of("sienna"))
        ),
        "role-not-held",
        trusting_the_roles_that_are_claimed,
    ),
    "a-role-taken-away-since": Attack(
        entered(GOOD),
        "role-not-held",
        trusting_the_roles_that_are_claimed,
        people=Approvers((approver("ochre", "collector"),)),
    ),
    "one-person-for-two-roles": Attack(entered(ruled(BOTH, REFERRAL)), "", seating_one_person_twice, action=REFERRAL),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_gets_nothing_approved_and_the_reason_is_named(name: str) -> None:
    attack = ATTACKS[name]
    found = standing(attack.entries, attack.action, people=attack.people, here=attack.here)
    assert isinstance(found, Waiting)
    assert [wrong.reason for wrong in found.not_counted] == ([attack.reason] if attack.reason else [])


@pytest.mark.parametrize("name", ATTACKS)
def test_with_its_planted_fault_the_attack_succeeds(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    attack = ATTACKS[name]
    attack.plant(monkeypatch)
    assert isinstance(standing(attack.entries, attack.action, people=attack.people, here=attack.here), Approved)


def test_every_check_is_needed_by_an_attack() -> None:
    # Somebody unknown has no key and no role either: that check only names the reason first.
    assert {check.name for check in CHECKS} - {"unknown-person"} == {a.reason for a in ATTACKS.values()} - {""}


def test_a_person_whom_nobody_listed_is_named_so_and_counts_once_listed() -> None:
    stranger = approver("stranger", CREDIT)
    said = entered(ruled(stranger))
    found = standing(said)
    assert [wrong.reason for wrong in found.not_counted] == ["unknown-person"]
    assert isinstance(standing(said, people=Approvers((stranger,))), Approved)


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        pytest.param(standing(entered(GOOD), here=at(14 * DAY - MILLISECOND)), True, id="the-last-moment"),
        pytest.param(standing(entered(GOOD), here=at(14 * DAY)), False, id="expired"),
        pytest.param(
            standing(entered(GOOD), people=people(revoked=TODAY + DAY)), True, id="the-day-before-it-is-revoked"
        ),
        pytest.param(standing(entered(GOOD), people=people(revoked=TODAY)), False, id="the-day-on-which-it-is-revoked"),
        pytest.param(standing(entered(GOOD), people=people(until=TODAY)), True, id="the-last-day"),
        pytest.param(standing(entered(GOOD), people=people(until=TODAY - DAY)), False, id="the-day-after"),
        pytest.param(standing(entered(GOOD), people=people(from_=TODAY)), True, id="the-first-day"),
        pytest.param(standing(entered(GOOD), people=people(from_=TODAY + DAY)), False, id="the-day-before"),
        pytest.param(standing(entered(ruled(OCHRE, days=90))), True, id="the-longest"),
        pytest.param(standing(entered(ruled(OCHRE, days=91))), False, id="longer"),
        pytest.param(standing(entered(ruled(OCHRE, days=0))), False, id="never-good"),
        pytest.param(standing(entered(ruled(OCHRE, at=NOW + CLOCKS_DIFFER))), True, id="a-clock-a-little-ahead"),
        pytest.param(
            standing(entered(ruled(OCHRE, at=NOW + CLOCKS_DIFFER + MILLISECOND))), False, id="a-clock-too-far-ahead"
        ),
        pytest.param(standing(entered(GOOD), replace(HOLD, amount=HOLD.amount)), True, id="the-ceiling"),
        pytest.param(standing(entered(GOOD), replace(HOLD, amount=HOLD.amount + 1)), False, id="one-cent-more"),
    ],
)
def test_an_approval_counts_up_to_its_bounds_and_not_beyond(found: object, *, counts: bool) -> None:
    assert isinstance(found, Approved) == counts


# A signature is over every bit.


def flipped(raw: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8 if at == bit // 8 else 0) for at, byte in enumerate(raw))


def with_signature(raw: bytes) -> tuple[Entry, ...]:
    return entered(copied(GOOD, body={**GOOD.body, "signature": base64.b64encode(raw).decode()}))


SIGNATURE = base64.b64decode(str(GOOD.body["signature"]))


def test_no_signature_with_a_bit_flipped_counts() -> None:
    assert len(SIGNATURE) == 64
    assert isinstance(standing(with_signature(SIGNATURE)), Approved)
    counted = [b for b in range(512) if isinstance(standing(with_signature(flipped(SIGNATURE, b))), Approved)]
    assert counted == []


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(SIGNATURE[:63], id="cut"),
        pytest.param(SIGNATURE + b"\0", id="longer"),
        pytest.param(bytes(64), id="nothing-but-zeros"),
        pytest.param(
            SIGNATURE[:32] + (int.from_bytes(SIGNATURE[32:], "little") + ORDER).to_bytes(32, "little"),
            id="another-spelling-of-the-same-number",
        ),
    ],
)
def test_a_signature_has_one_spelling(raw: bytes) -> None:
    assert isinstance(standing(with_signature(raw)), Waiting)


def test_no_statement_with_a_bit_flipped_counts() -> None:
    text = canonical(GOOD.body["statement"])
    counted, read = [], 0
    for bit in range(len(text) * 8):
        try:
            statement = json.loads(flipped(text, bit))
        except ValueError:
            continue
        [entry] = entered(copied(GOOD, body={**GOOD.body, "statement": statement}))
        read += signed_in(entry) is not None
        if isinstance(standing([entry]), Approved):
            counted.append(bit)
    assert counted == []
    assert read > 500


def test_with_signatures_taken_on_trust_flipped_bits_would_count(monkeypatch: pytest.MonkeyPatch) -> None:
    without("bad-signature")(monkeypatch)
    flips = (standing(with_signature(flipped(SIGNATURE, bit))) for bit in range(0, 512, 64))
    assert all(isinstance(found, Approved) for found in flips)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param({**GOOD.body, "statement": "approve"}, id="no-statement"),
        pytest.param({**GOOD.body, "statement": {}}, id="an-empty-one"),
        pytest.param({**GOOD.body, "signature": 1}, id="a-number-for-a-signature"),
        pytest.param({**GOOD.body, "signature": "%%%"}, id="no-base64"),
        pytest.param({**GOOD.body, "key_id": None}, id="no-key"),
        pytest.param(restated(GOOD, format="duly approval 2").body, id="another-format"),
        pytest.param(restated(GOOD, decision="maybe").body, id="neither-yes-nor-no"),
        pytest.param(restated(GOOD, ceiling={"USD": "100"}).body, id="an-amount-as-text"),
        pytest.param(restated(GOOD, ceiling={"USD": True}).body, id="an-amount-as-yes"),
        pytest.param(restated(GOOD, expires_at="for ever").body, id="no-day"),
        pytest.param(restated(GOOD, expires_at="2026-04-14T09:00:00Z").body, id="a-moment-spelt-otherwise"),
        pytest.param(restated(GOOD, invoices=["I2", "I1"]).body, id="another-order"),
        pytest.param(restated(GOOD, also="this").body, id="something-more"),
        pytest.param(restated(GOOD, roles=[["credit_manager"]]).body, id="a-list-for-a-role"),
    ],
)
def test_what_this_version_would_not_have_written_is_not_read(body: dict[str, object]) -> None:
    [entry] = entered(copied(GOOD, body=body))
    assert signed_in(entry) is None
    assert [wrong.reason for wrong in standing([entry]).not_counted] == ["unreadable"]


ALIKE = [a.entries[0] for a in ATTACKS.values() if (a.action, a.people, a.here) == (HOLD, PEOPLE, HERE)]


@given(st.lists(st.sampled_from(ALIKE)))
def test_attacks_neither_add_up_nor_get_in_the_way(entries: list[Entry]) -> None:
    assert len(ALIKE) > 10
    assert isinstance(standing(entries), Waiting)
    assert isinstance(standing([*entries, *entered(GOOD)]), Approved)
