"""The page of all settings: in step with the defaults, the models and the kinds."""

import itertools
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from config.reference import reference
from config.settings import DEFAULTS, Settings
from harvester.sources import OPTIONS

BEGIN, END = "<!-- reference: begin -->\n", "<!-- reference: end -->"


def test_reference_when_compared_with_the_page_is_in_step(pytestconfig: pytest.Config, repository: Path) -> None:
    page = repository / "docs" / "configuration.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    written, _, after = rest.partition(END)
    made = "\n" + reference(OPTIONS) + "\n"
    if pytestconfig.getoption("--accept"):
        page.write_text(before + BEGIN + made + END + after, encoding="utf-8")
        written = made
    assert written == made, "docs/configuration.md is out of step: run make accept, and read the diff"


def test_defaults_when_compared_with_the_models_hold_every_setting() -> None:
    defaults = tomllib.loads(DEFAULTS.read_text(encoding="utf-8"))
    models = {section: field.annotation for section, field in Settings.model_fields.items()}
    assert {section: set(keys) for section, keys in defaults.items()} == {
        section: set(model.model_fields)
        for section, model in models.items()
        if isinstance(model, type) and issubclass(model, BaseModel)
    }


def test_defaults_when_read_give_a_reason_above_every_setting() -> None:
    lines = DEFAULTS.read_text(encoding="utf-8").splitlines()
    bare = [line for above, line in itertools.pairwise(lines) if " = " in line and line[0] != "#" != above[:1]]
    assert bare == []
    assert "Default: `3`." in reference(OPTIONS)
