"""The limits on size and shape that no linter keeps. Who may import whom is import-linter's (`make contracts`)."""

import ast
import io
import re
import subprocess
import tokenize
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
PACKAGES = ("harvester", "alerts", "catalog", "config")

MODULE_LIMIT, MODULE_GOAL = 400, 300  # code lines: no blanks, comments, docstrings
KIND_LIMIT = 150
FUNCTION_LIMIT = 40  # lines without its docstring

PROTOCOLS = {"Fetch", "SourceKind", "Channel"}
BANNED_NAMES = {"utils", "util", "helpers", "common", "core", "misc", "base"}
BASE_MODULES = {"harvester/sources/base.py"}
BANNED_BASES = {"ABC", "ABCMeta"}

# What may reach a network, database, web or terminal library. Everything else is pure, and the contract `pure` in
# pyproject.toml must name it.
IMPURE = {
    "alerts": {"channels", "dispatch", "metrics"},
    "catalog": {"export", "migrations", "store", "web"},
    "config": set[str](),
    "harvester": {
        *{"__main__", "checks", "cli", "conclusion", "demo", "fetch", "intake"},
        *{"job", "probe", "replay", "service", "tools"},
    },
}
# Libraries that only one place may import; a contract of the type `protected` names each that is in use.
BEHIND_DOORS = {
    "alembic", "apscheduler", "fastapi", "httpx", "prometheus_client", "psycopg", "requests", "sqlalchemy", "sqlmodel",
    "starlette", "urllib3",
}  # fmt: skip
TOP_LEVEL = {
    *PACKAGES, "tests", "benchmarks", "docs", ".ci", "pyproject.toml", "constraints.txt", "Makefile", "Dockerfile",
    ".dockerignore", ".gitignore", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE",
}  # fmt: skip
# A path at its root, not one inside a URL. Written in two halves, so that this file does not name what it forbids.
MACHINE_PATHS = re.compile(
    rb"(?<![\w.:-])(/wo" rb"rk/(main|shared)|/ro" rb"ot/|/ho" rb"me/[a-z]+/|/op" rb"t/pypi)|\.libr" rb"ary/"
)


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (REPOSITORY / folder).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(REPOSITORY).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def docstring_lines(module: ast.Module) -> set[int]:
    """The numbers of the lines that docstrings take, those under an assignment included."""
    texts = (
        node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    )
    return {number for text in texts for number in range(text.lineno, (text.end_lineno or text.lineno) + 1)}


def code_lines(path: Path) -> int:
    """Lines that hold code: no blanks, comments or docstrings."""
    source = path.read_text(encoding="utf-8")
    silent = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines = {
        number
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in silent
        for number in range(token.start[0], token.end[0] + 1)
    }
    return len(lines - docstring_lines(ast.parse(source)))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function with its length in lines, from its first decorator on, its docstring not counted."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = set(
                range(min([node.lineno, *(it.lineno for it in node.decorator_list)]), (node.end_lineno or 0) + 1)
            )
            yield f"{name(path)}:{node.lineno} {node.name}", len(lines - docstring_lines(ast.Module([node], [])))


def classes(path: Path) -> Iterator[tuple[str, set[str], set[str]]]:
    """Every class: its name, the names of its bases, the keywords of its head."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef):
            bases = {ast.unparse(base).split("[")[0].rpartition(".")[2] for base in node.bases}
            yield node.name, bases, {keyword.arg or "**" for keyword in node.keywords}


def committed_files() -> list[Path]:
    """What git tracks or would track; skips where there is no git, as in an unpacked archive."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a git checkout; clone it with git")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY, capture_output=True, check=True, timeout=60,
    ).stdout  # fmt: skip
    paths = (REPOSITORY / part.decode() for part in listed.split(b"\0") if part)
    return [path for path in paths if path.is_file()]


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name)
def test_module_when_measured_keeps_within_the_limit(path: Path) -> None:
    lines = code_lines(path)

    if MODULE_GOAL < lines <= MODULE_LIMIT:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn(f"{name(path)} has {lines} code lines; the goal is {MODULE_GOAL}", stacklevel=1)
    assert lines <= MODULE_LIMIT


@pytest.mark.parametrize("path", modules("tests"), ids=name)
def test_test_module_when_measured_keeps_within_the_limit(path: Path) -> None:
    assert code_lines(path) <= MODULE_LIMIT


@pytest.mark.parametrize("path", modules("harvester/sources"), ids=name)
def test_source_kind_when_measured_is_small(path: Path) -> None:
    assert code_lines(path) <= KIND_LIMIT


def test_functions_when_measured_keep_within_the_limit() -> None:
    # A migration is one straight list of operations.
    measured = [path for path in modules(*PACKAGES) if path.parent.name != "versions"]
    long = {label: lines for path in measured for label, lines in functions(path) if lines > FUNCTION_LIMIT}

    assert long == {}


def test_protocols_when_counted_are_the_three_interfaces() -> None:
    found = {label for path in modules(*PACKAGES) for label, bases, _ in classes(path) if "Protocol" in bases}

    assert found <= PROTOCOLS


def test_classes_when_read_have_no_abstract_base_and_no_metaclass() -> None:
    found = [
        f"{name(path)} {label}"
        for path in modules(*PACKAGES)
        for label, bases, keywords in classes(path)
        if bases & BANNED_BASES or "metaclass" in keywords
    ]

    assert found == []


def test_modules_when_listed_have_names_that_say_something() -> None:
    vague = {name(path) for path in modules(*PACKAGES) if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES}

    assert vague <= BASE_MODULES


@pytest.mark.parametrize("path", modules(*PACKAGES, "tests", "benchmarks"), ids=name)
def test_module_when_opened_says_what_it_is_for(path: Path) -> None:
    module = tree(path)

    assert not module.body or ast.get_docstring(module)


def test_tests_when_collected_form_no_packages() -> None:
    assert [name(path) for path in modules("tests") if path.name == "__init__.py"] == []


def test_top_level_when_listed_is_the_one_of_the_design() -> None:
    found = {path.relative_to(REPOSITORY).parts[0] for path in committed_files()}

    assert found <= TOP_LEVEL


def contracts() -> list[dict[str, Any]]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = project["tool"]["importlinter"]["contracts"]
    return found


def imports(path: Path) -> set[str]:
    """The top-level names that a module imports, inside functions too."""
    nodes = list(ast.walk(tree(path)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return {found.partition(".")[0] for found in plain | parts}


def test_pure_contract_when_compared_with_the_tree_names_every_pure_module() -> None:
    named = next(contract["source_modules"] for contract in contracts() if contract["id"] == "pure")
    pure = {
        f"{package}.{child.stem}"
        for package in PACKAGES
        for child in (REPOSITORY / package).iterdir()
        if child.suffix == ".py" or (child / "__init__.py").exists()
        if child.stem not in {"__init__", *IMPURE[package]}
    }

    assert set(named) == pure


def test_door_contracts_when_compared_with_the_imports_protect_every_library_in_use() -> None:
    used = {library for path in modules(*PACKAGES) for library in imports(path)} & BEHIND_DOORS
    named = [contract["protected_modules"] for contract in contracts() if contract["type"] == "protected"]

    assert {library for libraries in named for library in libraries} == used


def test_committed_files_when_read_name_no_path_of_a_machine() -> None:
    named = [
        f"{name(path)}: {found[0].decode()}"
        for path in committed_files()
        for found in [MACHINE_PATHS.search(path.read_bytes())]
        if found
    ]

    assert named == []
