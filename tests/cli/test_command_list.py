from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from command_call import Call

from featuresql.cli.main import COMMANDS, cli

# Commands of which the options are declared elsewhere.
OWN = sorted(set(COMMANDS) - {"serve"})
HEAVY = (
    "duckdb",
    "pyarrow",
    "sqlglot",
    "lmdb",
    "sqlalchemy",
    "jinja2",
    "pydantic",
    "numpy",
    "rich",
)


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_own_help_says(name: str) -> None:
    found = command(name)
    assert found.name == name
    assert (found.help or "").split("\n\n", 1)[0] == COMMANDS[name]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_shows_an_example_and_takes_the_projects_options(
    name: str, call: Call, start: Call
) -> None:
    ended = start("serve", "--help") if name == "serve" else call(name, "--help")
    assert ended.code == 0, ended.err
    assert (
        f"Example:\n    featuresql {name}" in ended.out
        if name != "get"
        else "Example:" in ended.out
    )
    for option in ("--project-dir", "--target", "--vars"):
        assert option in ended.out


def test_the_list_of_commands_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from featuresql.cli.guard import guard\n"
        "from featuresql.cli.main import cli\n"
        "guard(cli, ['--help'], 'featuresql')\n"
        f"print('imported', sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ended.stdout.endswith("imported []\n")
    assert "training-set" in ended.stdout


def test_an_unknown_command_is_refused_with_the_nearest(call: Call) -> None:
    ended = call("materialise")
    assert ended.code == 2
    assert "there is no command 'materialise'; did you mean 'materialize'?" in ended.err


def test_an_unknown_option_is_wrong_usage(call: Call) -> None:
    ended = call("run", "--stat", "x")
    assert ended.code == 2
    assert "No such option" in ended.err


def test_the_version_is_the_packages(call: Call) -> None:
    ended = call("--version")
    assert ended.code == 0
    assert ended.out.startswith("featuresql 0.")


def test_every_command_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "commands.md").read_text()
    for name in COMMANDS:
        assert f"## `featuresql {name}" in text
