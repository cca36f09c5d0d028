"""The reference of all settings as Markdown, made from the commented defaults and the models. Writes no file."""

import json
import re
from collections.abc import Iterator, Mapping
from inspect import cleandoc
from typing import Any

from pydantic import BaseModel

from config.forms import form
from config.settings import DEFAULTS, Settings
from config.source import HarvestSource

SECTION = re.compile(r"\[(\w+)\]")
SETTING = re.compile(r"(\w+) = (.+)")
Schema = Mapping[str, Any]


def reference(options: Mapping[str, type[BaseModel]]) -> str:
    """Every setting, every key of a source file, every option of each kind: form, default, reason."""
    parts = [*_settings(DEFAULTS.read_text(encoding="utf-8")), *_source_keys()]
    for kind, model in sorted(options.items()):
        parts += [f"## Options of kind `{kind}`", *_options(model)]
    return "\n\n".join(parts) + "\n"


def _settings(text: str) -> Iterator[str]:
    root = Settings.model_json_schema()
    section, comment = "", []
    for line in text.splitlines():
        if line.startswith("#"):
            comment.append(line.removeprefix("#").strip())
        elif found := SECTION.fullmatch(line):
            section, comment = found[1], []
            yield f"## Section `[{section}]`"
        elif found := SETTING.fullmatch(line):
            expected = form(root, root["$defs"][section.capitalize()]["properties"][found[1]])
            yield f"### `{section}.{found[1]}`"
            yield f"Expected: {expected}. Default: `{found[2]}`."
            yield " ".join(comment)
        if not line.startswith("#"):
            comment = []


def _source_keys() -> Iterator[str]:
    yield "## Keys of a source file"
    schema = HarvestSource.model_json_schema()
    parts = schema["properties"]
    yield _table(schema, {key: part for key, part in parts.items() if key not in ("filter", "expect")})
    for section in ("filter", "expect"):
        inner = schema["$defs"][section.capitalize()]
        yield f"### Section `[{section}]`"
        yield inner["description"]
        yield _table({**schema, **inner}, inner["properties"])


def _options(model: type[BaseModel]) -> Iterator[str]:
    schema = model.model_json_schema()
    if model.__doc__:
        yield cleandoc(model.__doc__)
    yield _table(schema, schema["properties"]) if schema.get("properties") else "It has none."


def _table(root: Schema, parts: Mapping[str, Schema]) -> str:
    rows = ["| key | expected | default | |", "|---|---|---|---|"]
    required = root.get("required", ())
    for key, part in parts.items():
        default = "required" if key in required else _default(part)
        cells = (f"`{key}`", form(root, part), default, part.get("description", ""))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _default(part: Schema) -> str:
    default = part.get("default")
    if default in (None, "", {}, []):
        return ""
    return "`" + ("1d" if default == "P1D" else json.dumps(default, ensure_ascii=False)) + "`"
