"""The JSON Schema of a policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
from jsonschema import Draft7Validator

from duly.language.schema import FILES, NAME, overlay_schema, policy_schema
from duly.language.shape import LEFT_TO_READING
from duly.language.vocabulary import ACCOUNT, INVOICE


def pieces(schema: object, path: str = "") -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every object inside a schema with its path."""
    if isinstance(schema, Mapping):
        yield path, schema
        for key, inner in schema.items():
            yield from pieces(inner, f"{path}/{key}")
    if isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from pieces(inner, f"{path}/{index}")


@pytest.mark.parametrize("name", FILES)
def test_it_is_a_schema_of_draft_7(name: str) -> None:
    Draft7Validator.check_schema(FILES[name]())


@pytest.mark.parametrize("name", FILES)
def test_every_object_is_closed_and_described(name: str) -> None:
    objects = [(path, piece) for path, piece in pieces(FILES[name]()) if piece.get("type") == "object"]
    assert len(objects) > 50
    assert [path for path, piece in objects if piece.get("additionalProperties") is not False] == []


@pytest.mark.parametrize("name", FILES)
def test_it_refers_to_no_other_file(name: str) -> None:
    references = {str(piece["$ref"]) for _, piece in pieces(FILES[name]()) if "$ref" in piece}
    assert references
    assert all(reference.startswith("#/definitions/") for reference in references)


def test_every_fact_is_described_and_offered_to_the_layers_that_may_read_it() -> None:
    definitions = policy_schema()["definitions"]
    assert isinstance(definitions, dict)
    assert {f"fact_{name}" for name in ACCOUNT} | {f"invoice_fact_{name}" for name in INVOICE} <= set(definitions)
    stage = definitions["condition_stage"]["properties"]
    assert {"segment", "paused", "past_due"} <= set(stage)
    assert not {"stage", "tone", "points"} & set(stage)
    assert set(ACCOUNT) <= set(definitions["condition_guarantee"]["properties"])


@pytest.mark.parametrize(
    ("overlay", "valid"),
    [
        pytest.param({"tone_limits": {"a": {"at_most": "firm"}}}, True, id="part-of-a-rule"),
        pytest.param({"tone_limits": {"a": {"remove": True}}}, True, id="taken-out"),
        pytest.param({"tone_limits": {"a": {"at_mots": "firm"}}}, False, id="misspelt"),
    ],
)
def test_a_file_that_extends_another_may_say_less_and_take_out(overlay: dict[str, object], valid: bool) -> None:  # noqa: FBT001
    policy = {"duly": 1, "extends": "standard.yaml"} | overlay
    assert Draft7Validator(overlay_schema()).is_valid(policy) is valid


def test_every_pattern_is_that_of_names_or_left_to_reading() -> None:
    patterns = [(piece.get("title"), piece["pattern"]) for _, piece in pieces(policy_schema()) if "pattern" in piece]
    assert [title for title, pattern in patterns if pattern != NAME and title not in LEFT_TO_READING] == []
