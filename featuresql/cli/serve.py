"""featuresql serve."""

from __future__ import annotations

import os
import sys

import click

from featuresql.cli.state import CliState


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
    flags = ["--debug"] if state.debug else []
    sys.stdout.flush()
    sys.stderr.flush()
    # -P: a project's folder must not stand in for one of the server's own modules.
    command = [sys.executable, "-P", "-m", "flight_server", *flags, *arguments]
    os.execv(sys.executable, command)  # noqa: S606 - no shell
