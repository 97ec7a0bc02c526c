"""featuresql: the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, NoReturn

import click

from featuresql.cli.guard import debug_option, guard
from featuresql.cli.lazy_group import LazyGroup

# Each command stands in the file of its name; its one line stands here, so that the list of
# commands costs the import of none.
COMMANDS: Final = {
    "init": "Make a new project that runs as it is.",
    "compile": "Check models and write their SQL.",
    "run": "Build models in the engine.",
    "test": "Run unit tests, data tests and the leakage replay.",
    "build": "Build models and test them, parents first.",
    "retry": "Take up the last run or build where it failed.",
    "show": "Show some rows of a model.",
    "training-set": "Write a training set to a file.",
    "materialize": "Write feature views into the online store.",
    "serve": "Serve features over Arrow Flight.",
    "get": "Show one online feature vector.",
    "audit": "Compare what is online with what the engine answers.",
    "ls": "List models, parents first.",
    "diff": "Show what a change touches.",
    "lineage": "Show where columns come from, and what decides about them.",
    "docs": "Write the project's documentation as a static site.",
    "clean": "Drop versions that no name shows.",
    "debug": "Check the project and its target, or show how a model is compiled.",
    "demo": "Go the whole way on the example project.",
}


_FIRST_ROUND: Final = """\b
A first round, in an empty folder:
  featuresql init shop && cd shop
  featuresql run
  featuresql test --leakage
  featuresql training-set order_return --output target/train.parquet
"""


@click.group(
    cls=LazyGroup,
    commands_of="featuresql.cli",
    summaries=COMMANDS,
    epilog=_FIRST_ROUND,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="featuresql", message="featuresql %(version)s")
@debug_option
def cli() -> None:
    """Features in SQL: one definition for training and serving, with no leak of the future.

    `featuresql COMMAND --help` shows an example of each command.
    """


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and end the process: 0 well, 1 to be mended by the user, 2 otherwise."""
    sys.exit(guard(cli, sys.argv[1:] if arguments is None else arguments, "featuresql"))
