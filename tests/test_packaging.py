"""The four package names are common words: proves that they are ours, here, and wherever the program is installed."""

import subprocess
import sys
import tomllib
from importlib.metadata import distributions, packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

PACKAGES = ("harvester", "alerts", "catalog", "config")


@pytest.mark.parametrize("package", PACKAGES)
def test_package_when_imported_resolves_inside_the_repository(package: str, repository: Path) -> None:
    spec = find_spec(package)

    assert spec is not None
    assert spec.origin == str(repository / package / "__init__.py")


@pytest.mark.parametrize("package", PACKAGES)
def test_package_name_when_distributions_are_listed_belongs_to_no_other(package: str) -> None:
    owners = set(packages_distributions().get(package, ()))

    assert owners <= {"datapeil"}


def test_python_m_harvester_when_run_from_the_root_answers_help(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harvester", "--help"], cwd=repository, capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_console_script_when_declared_is_the_same_program(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["scripts"] == {"datapeil": "harvester.__main__:main"}
    assert "Private :: Do Not Upload" in project["classifiers"]


def test_constraints_when_read_pin_exactly_one_version_of_every_dependency(repository: Path) -> None:
    pins = [line for line in (repository / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pinned = {line.split("==")[0] for line in pins}

    assert [line for line in pins if "==" not in line or "://" in line or line.startswith("-")] == []
    assert declared_dependencies(repository) - pinned == set()


def declared_dependencies(repository: Path) -> set[str]:
    """Every distribution that pyproject.toml names, by its normalized name."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    return {line.split(">")[0].split("[")[0].lower() for line in lines}


def test_installed_versions_when_compared_with_the_constraints_are_the_pinned_ones(repository: Path) -> None:
    pins = (repository / "constraints.txt").read_text(encoding="utf-8").splitlines()
    allowed = {line.partition(" ;")[0] for line in pins}
    names = {line.partition("==")[0] for line in allowed}
    installed = {
        f"{distribution.name.lower().replace('_', '-')}=={distribution.version}" for distribution in distributions()
    }

    assert {line for line in installed if line.partition("==")[0] in names} <= allowed
