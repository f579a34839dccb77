"""Laws of the chain, whatever is written: what is taken can be read back, and the entries alone say where all stand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from duly.journal.chain import STEPS, Tail, is_plain, link, linked_entry, standing_of
from duly.journal.entry import Draft, Entry, Event, canonical, commitment, hash_of
from duly.journal.states import Standing
from duly.journal.store import StepTaken

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
EVENTS = st.sampled_from(sorted(set(Event) - {Event.CREATED}, key=lambda event: event.value))
DRAFTS = st.builds(
    Draft,
    event=EVENTS,
    by=st.just("operator"),
    key=st.sampled_from(["k1", "k2"]),
    customer=st.sampled_from(["", "C1"]),
    run=st.just("run-1"),
    body=st.dictionaries(TEXT.filter(lambda name: name != "clock"), JSON, max_size=3),
    personal=st.dictionaries(TEXT, JSON, max_size=2),
)
MOMENTS = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z")


def written(drafts: Sequence[tuple[Draft, str]]) -> tuple[list[Entry], dict[str, Standing]]:
    """The entries that come of the drafts, one append each, those left out that may not follow."""
    first = Draft(Event.CREATED, "operator")
    entries = list(link(Tail(), {}, (first,), "2026-03-31T00:00:00.000Z").entries)
    standing: dict[str, Standing] = {}
    for draft, now in drafts:
        last = entries[-1]
        try:
            linked = link(Tail(last.seq, last.hash, last.at), standing, (draft,), now)
        except StepTaken:
            continue
        entries += linked.entries
        standing |= linked.standing
    return entries, standing


@given(value=JSON)
def test_a_value_has_one_spelling_that_reads_back_as_the_value(value: object) -> None:
    assert is_plain(value)
    assert json.loads(canonical(value)) == value
    assert canonical(json.loads(canonical(value))) == canonical(value)


@given(drafts=st.lists(st.tuples(DRAFTS, MOMENTS), max_size=12))
def test_the_entries_alone_say_where_every_action_stands(drafts: list[tuple[Draft, str]]) -> None:
    entries, standing = written(drafts)
    assert standing_of(entries) == standing


@given(drafts=st.lists(st.tuples(DRAFTS, MOMENTS), max_size=12))
def test_entries_are_numbered_linked_and_never_older_than_the_one_before(drafts: list[tuple[Draft, str]]) -> None:
    entries, _ = written(drafts)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    for before, entry in pairwise(entries):
        assert entry.previous == before.hash
        assert entry.at >= before.at
    assert all(entry.hash == hash_of(entry.record()) for entry in entries)
    assert all(linked_entry(json.loads(canonical(entry.record()))) == entry for entry in entries)


@given(drafts=st.lists(st.tuples(DRAFTS, MOMENTS), max_size=20))
def test_a_key_passes_the_point_of_no_return_again_only_after_it_came_to_nothing(
    drafts: list[tuple[Draft, str]],
) -> None:
    entries, _ = written(drafts)
    for key in ("k1", "k2"):
        steps = [entry.event for entry in entries if entry.key == key and entry.event in STEPS]
        passes = [n for n, event in enumerate(steps) if event is Event.POINT_OF_NO_RETURN]
        for first, second in pairwise(passes):
            assert {Event.DEFERRED, Event.FAILED} & set(steps[first:second])
            assert Event.ACCEPTED not in steps[first:second]


@given(value=JSON, other=JSON, salt=st.text("0123456789abcdef", min_size=32, max_size=32))
def test_a_commitment_is_of_one_value_and_one_salt(value: object, other: object, salt: str) -> None:
    assert (commitment(salt, value) == commitment(salt, other)) == (canonical(value) == canonical(other))
    assert commitment(salt, value) != commitment(f"{salt}0", value)
