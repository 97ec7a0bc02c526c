"""featuresql serve."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from featuresql.cli.state import CliState
from featuresql.errors import UsageError

_FILES: Final = frozenset({"--auth", "--tls-cert", "--tls-key"})


@click.command(
    "serve",
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def serve(state: CliState, arguments: tuple[str, ...]) -> None:
    """Serve features over Arrow Flight.

    The server is a layer above this one and a process of its own, which takes this one's place and
    number; the options are the server's.
    """
    _check_files(arguments)
    # gRPC writes lines of its own to stderr where it cannot listen; the server's error says it.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    flags = ["--debug"] if state.debug else []
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: a project's folder must not stand in for one of the server's own modules.
    command = [sys.executable, "-P", "-m", "flight_server", *flags, *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - no shell


def _check_files(arguments: Sequence[str]) -> None:
    """Raise `UsageError` for a file that is not there, before the project is read for nothing."""
    for argument, following in zip(arguments, [*arguments[1:], ""], strict=True):
        option, equals, value = argument.partition("=")
        path = value if equals else following
        if option in _FILES and path and not Path(path).is_file():
            raise UsageError(
                f"there is no file '{path}'",
                code="missing-file",
                hint=f"{option} names a file, relative to the folder that you are in",
            )
