"""Documentation that can't rot: what the code offers has its heading, and what the pages name exists.

The page of the settings is held in step by tests/config/test_reference.py.
"""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from config.source import BUILT_KINDS, LATER_KINDS

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


def issue_codes() -> set[str]:
    """Every issue code that the code writes out: `Issue(stage, code)`, `code="..."`."""
    trees = (
        ast.parse(path.read_text("utf-8")) for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py")
    )
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [kw.value for call in calls for kw in call.keywords if kw.arg == "code"]
    second = [call.args[1] for call in calls if ast.unparse(call.func) == "Issue" and len(call.args) > 1]
    return {node.value for node in (*named, *second) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


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
