"""A project made by `featuresql init`, and ways to call commands on it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_call import Call, Ended

from featuresql.cli.guard import guard
from featuresql.cli.main import cli


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Run a command in this process."""

    def run(*arguments: object) -> Ended:
        capsys.readouterr()
        code = guard(cli, [str(argument) for argument in arguments], "featuresql")
        captured = capsys.readouterr()
        return Ended(code, captured.out, captured.err)

    return run


@pytest.fixture
def start() -> Call:
    """Run a command in a process of its own."""

    def run(*arguments: object, cwd: Path | None = None) -> Ended:
        command = [sys.executable, "-P", "-m", "featuresql", *map(str, arguments)]
        ended = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    return run


@pytest.fixture(scope="session")
def made_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "shop"
    assert guard(cli, ["init", "shop", "--project-dir", str(folder)], "featuresql") == 0
    return folder


@pytest.fixture(scope="session")
def built_project(made_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built") / "shop"
    shutil.copytree(made_project, folder)
    where = ["--project-dir", str(folder)]
    assert guard(cli, ["run", *where], "featuresql") == 0
    assert guard(cli, ["materialize", "--until", "2025-06-01", *where], "featuresql") == 0
    return folder


@pytest.fixture
def shop(made_project: Path, tmp_path: Path) -> Path:
    """A new project, in which nothing is built."""
    shutil.copytree(made_project, tmp_path / "shop")
    return tmp_path / "shop"


@pytest.fixture
def built_shop(built_project: Path, tmp_path: Path) -> Path:
    """The project, built and materialized until 2025-06-01."""
    shutil.copytree(built_project, tmp_path / "shop")
    return tmp_path / "shop"
