"""Documentation that can't rot: what the code offers has its heading, and what the pages name exists.

The page of the settings is held in step by tests/config/test_reference.py.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from catalog.export.shapes import job_shape
from catalog.journal import Decision, HarvestJob, Outcome
from config.source import BUILT_KINDS, LATER_KINDS
from harvester.cli.app import app
from harvester.errors import ErrorKind
from harvester.sources import OPTIONS

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
PAGES = sorted([*REPOSITORY.glob("*.md"), *DOCS.rglob("*.md")])
PACKAGES = ("harvester", "alerts", "catalog", "config")
GROUPS = {"sources", "jobs", "links"}  # commands with commands of their own

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
SHELL_BLOCK = re.compile(r"^ *```(?:sh|bash|console)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PROGRAM = re.compile(r"(?:-m harvester|\bdatapeil)((?: +\S+)*)")
METRIC = re.compile(r"\bdatapeil_[a-z_]+")


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def headings(page: str) -> set[str]:
    """What a page's headings name: every text in backquotes, or the whole heading where there is none."""
    lines = re.findall(r"^#+ +(.+)$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {found for line in lines for found in (re.findall(r"`([^`]+)`", line) or [line.strip()])}


def shell_lines() -> list[str]:
    blocks = (block for page in PAGES for block in SHELL_BLOCK.findall(page.read_text(encoding="utf-8")))
    return [line.strip() for block in blocks for line in block.splitlines()]


def named_commands() -> set[tuple[str, ...]]:
    """The commands of ours that the pages tell a reader to run, without their arguments."""
    return {command(match[1].split()) for line in shell_lines() for match in PROGRAM.finditer(line) if match[1].strip()}


def command(words: list[str]) -> tuple[str, ...]:
    if words[0] == "--config":
        words = words[2:]
    size = 2 if words[0] in GROUPS and len(words) > 1 and words[1].isalpha() else 1
    return tuple(words[:size])


@cache
def makefile_targets() -> frozenset[str]:
    return frozenset(
        re.findall(r"^([a-z-]+):.*## ", (REPOSITORY / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )


@cache
def trees() -> tuple[ast.Module, ...]:
    paths = (path for package in PACKAGES for path in sorted((REPOSITORY / package).rglob("*.py")))
    return tuple(ast.parse(path.read_text("utf-8")) for path in paths)


def texts(nodes: list[ast.expr]) -> set[str]:
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def issue_codes() -> set[str]:
    """Every issue code that the code writes out: `Issue(stage, code)`, `code="..."`, `reading.add(code, ...)`."""
    calls = [node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [keyword.value for call in calls for keyword in call.keywords if keyword.arg == "code"]
    second = [call.args[1] for call in calls if ast.unparse(call.func) == "Issue" and len(call.args) > 1]
    first = [call.args[0] for call in calls if ast.unparse(call.func).endswith(("reading.add", "remark")) and call.args]
    return texts([*named, *second, *first])


def written() -> set[str]:
    """Every text that stands in the code."""
    return texts([node for tree in trees() for node in ast.walk(tree) if isinstance(node, ast.Constant)])


def sections(page: str) -> dict[str, str]:
    """The text below each heading, up to the next one; a heading of several names counts for each."""
    parts = re.split(r"^#+ +(.+)$", (DOCS / page).read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        name: text
        for line, text in zip(parts[1::2], parts[2::2], strict=True)
        for name in (re.findall(r"`([^`]+)`", line) or [line.strip()])
    }


def commands(group: object, before: tuple[str, ...] = ()) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Every command of the program with its whole name."""
    for name, found in group.commands.items() if isinstance(group, TyperGroup) else ():
        assert isinstance(found, TyperCommand | TyperGroup)
        yield " ".join((*before, name)), found
        yield from commands(found, (*before, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_page_when_it_links_to_a_file_names_one_that_exists(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]

    assert broken == []


def test_commands_when_pages_name_them_exist() -> None:
    commands = named_commands()
    unknown = [
        words
        for words in sorted(commands)
        if subprocess.run(
            [sys.executable, "-m", "harvester", *words, "--help"], cwd=REPOSITORY, capture_output=True, timeout=60
        ).returncode
    ]

    assert commands
    assert unknown == []


def test_make_targets_when_pages_name_them_exist() -> None:
    named = {target for line in shell_lines() for target in re.findall(r"^make +([a-z-]+)", line)}
    inline = {
        target for page in PAGES for target in re.findall(r"`make ([a-z-]+)[^`]*`", page.read_text(encoding="utf-8"))
    }

    assert named
    assert (named | inline) - makefile_targets() == set()


def test_source_kinds_when_built_or_planned_have_a_heading() -> None:
    assert {*BUILT_KINDS, *LATER_KINDS} - headings("sources.md") == set()


def test_issue_codes_when_written_in_the_code_have_a_heading() -> None:
    codes = issue_codes()

    assert codes
    assert codes - headings("issues.md") == set()


def test_issue_codes_when_they_have_a_heading_stand_in_the_code() -> None:
    listed = set(re.findall(r"^### ([a-z_]+)$", (DOCS / "issues.md").read_text(encoding="utf-8"), re.MULTILINE))

    assert listed
    assert listed - written() == set()


@pytest.mark.parametrize("name_", COMMANDS)
def test_command_when_it_exists_has_its_section_with_every_option(name_: str) -> None:
    told = sections("commands.md").get(name_, "")
    options = {option for parameter in COMMANDS[name_].params for option in parameter.opts if option.startswith("--")}

    assert told
    assert {option for option in options if option not in told} == set()


def test_job_when_given_as_json_has_every_field_told() -> None:
    job = HarvestJob(1, "a", "b", "2026-01-01", decision=Decision.OPEN, dry_run=True)
    told = sections("commands.md")["run"]

    assert {field for field in job_shape(job) if f'"{field}"' not in told and f"`{field}`" not in told} == set()


def test_outcomes_and_error_kinds_when_they_exist_are_explained() -> None:
    told = sections("operations.md")["What outcomes mean"]
    rows = set(re.findall(r"^\| `([a-z_]+)` \|", told, re.MULTILINE))

    assert {*Outcome, *get_args(ErrorKind)} == rows


@pytest.mark.parametrize("kind", BUILT_KINDS)
def test_options_when_a_kind_has_them_stand_in_its_section(kind: str) -> None:
    told = sections("sources.md")[kind]
    cells = " ".join(re.findall(r"^\| (`.+?) \|", told, re.MULTILINE))

    assert set(re.findall(r"`([a-z_]+)`", cells)) == set(OPTIONS[kind].model_fields)


def test_alert_rules_when_shipped_have_a_heading() -> None:
    shipped = (REPOSITORY / "alerts" / "prometheus" / "datapeil.rules.yml").read_text(encoding="utf-8")
    rules = set(re.findall(r"- alert: (\w+)", shipped))

    assert rules
    assert rules - headings("metrics.md") == set()


def test_metrics_when_exposed_have_a_heading() -> None:
    metrics = set(METRIC.findall((REPOSITORY / "alerts" / "metrics.py").read_text(encoding="utf-8")))

    assert metrics
    assert metrics - headings("metrics.md") == set()


@pytest.mark.parametrize("page", sorted((DOCS / "adr").glob("*.md")), ids=name)
def test_decision_when_recorded_has_its_parts_and_is_listed(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert text.startswith(f"# {page.name[:4]} ")
    assert f"(adr/{page.name})" in (DOCS / "index.md").read_text(encoding="utf-8")


def test_changelog_when_read_keeps_its_form() -> None:
    lines = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    kinds = {line.removeprefix("### ") for line in lines if line.startswith("### ")}

    assert "## [Unreleased]" in lines
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
