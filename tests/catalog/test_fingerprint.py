"""The fingerprint hears every change of content, and nothing else."""

import random
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.fingerprint import content_key, family, fingerprint, flatten, keyed, title_key, without
from catalog.history import compare
from catalog.model import ContactPoint, Dataset, Distribution
from tests.catalog.strategies import FIELDS, datasets

CONTENT = tuple(item.name for item in fields(Dataset) if item.name != "identifier")
LISTS = ("keywords", "themes", "languages", "conforms_to", "same_as", "spatial", "temporal", "services", "contacts")


@settings(max_examples=40)
@given(datasets, st.randoms(use_true_random=False))
def test_fingerprint_when_the_order_differs_then_the_same(dataset: Dataset, dice: random.Random) -> None:
    turned: dict[str, Any] = {
        name: tuple(dice.sample(getattr(dataset, name), len(getattr(dataset, name)))) for name in LISTS
    }
    turned |= {name: dict(reversed(getattr(dataset, name).items())) for name in ("title", "description")}
    turned["distributions"] = tuple(reversed(dataset.distributions))
    other = replace(dataset, **turned)
    assert fingerprint(other) == fingerprint(dataset)
    keys = [key for key in keyed(dataset.distributions) if "#" in key]
    if not keys:
        assert flatten(other) == flatten(dataset)


@settings(max_examples=40)
@given(datasets, datasets)
def test_fingerprint_when_any_content_differs_then_different(one: Dataset, other: Dataset) -> None:
    same = {path: value for path, value in flatten(one).items() if path != "identifier"} == {
        path: value for path, value in flatten(other).items() if path != "identifier"
    }
    if not same:
        assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize("name", CONTENT)
@settings(max_examples=12)
@given(data=st.data())
def test_fingerprint_when_one_field_differs_then_different(name: str, data: st.DataObject) -> None:
    dataset = data.draw(datasets)
    other = replace(dataset, **{name: data.draw(FIELDS[name])})
    changes = compare(flatten(dataset), flatten(other))
    assert {family(path).partition(".")[0] for path in changes} <= {name}
    assert (fingerprint(dataset) != fingerprint(other)) is bool(changes) or name == "distributions"


@given(datasets)
def test_fingerprint_when_fields_are_empty_then_as_if_they_were_not_there(dataset: Dataset) -> None:
    assert fingerprint(replace(dataset, license="", rights="")) == fingerprint(
        replace(dataset, license=None, rights=None)
    )


@settings(max_examples=40)
@given(datasets, st.sampled_from(["title", "modified", "keywords", "publisher"]), st.data())
def test_fingerprint_when_only_a_restless_field_differs_then_the_same(
    dataset: Dataset, name: str, data: st.DataObject
) -> None:
    other = replace(dataset, **{name: data.draw(FIELDS[name])})
    assert fingerprint(other, {name}) == fingerprint(dataset, {name})
    assert without(flatten(other), {name}) == without(flatten(dataset), {name})


def test_family_when_a_path_stands_in_a_distribution_then_whichever_it_is() -> None:
    assert family("distributions.https://a.example/x.format.modified") == "distributions.*.modified"
    assert family("distributions.a.title.nl.title.nl") == "distributions.*.title"
    assert family("title.nl") == "title"


def test_distributions_when_they_share_a_key_then_none_is_lost() -> None:
    twins = [Distribution(identifier="a", format="x"), Distribution(identifier="a", format="y")]
    assert list(keyed(twins)) == ["a", "a#2"]
    assert len(keyed([*twins, Distribution(identifier="a#2")])) == 3


@given(datasets)
def test_keys_when_texts_differ_in_case_and_accents_then_the_title_key_is_the_same(dataset: Dataset) -> None:
    assert title_key(replace(dataset, title={"nl": "Crèches  (2017)"})) == title_key(
        replace(dataset, title={"fr": "CRECHES 2017"})
    )
    assert content_key(replace(dataset, identifier="x", landing_page=None)) == content_key(dataset)


def test_flat_fields_when_a_person_is_named_then_no_personal_data_stand_in_them() -> None:
    person = ContactPoint("Jan Janssens", "jan@example.org", None)
    assert "jan" not in str(flatten(Dataset("x", contacts=(person,)))).lower()
