"""The options of `featuresql serve`."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import click

from featuresql.bootstrap import close_workspace, open_workspace, reopen_workspace
from featuresql.cli.guard import debug_option
from featuresql.cli.options import ProjectOptions, example, project_options
from featuresql.errors import did_you_mean
from featuresql.workflows.serve_features import ServeFeatures
from featuresql.workflows.workspace import Workspace
from flight_server.app import serve
from flight_server.config import Limits, ServerConfig
from flight_server.watch import watching

_FILE = click.Path(path_type=Path, dir_okay=False)


def to_limits(
    _context: click.Context, parameter: click.Parameter, texts: tuple[str, ...]
) -> Limits:
    """Return the limits that `NAME=NUMBER` texts say, the usual ones where they say nothing."""
    usual = asdict(Limits())
    numbers = dict(usual)
    for text in texts:
        name, _, number = text.partition("=")
        if name not in usual:
            raise click.BadParameter(
                f"there is no limit '{name}'; {did_you_mean(name, usual)}", param=parameter
            )
        try:
            numbers[name] = type(usual[name])(number)
        except ValueError:
            raise click.BadParameter(f"'{text}' is no NAME=NUMBER", param=parameter) from None
    return Limits(**numbers)


@click.command(
    "serve",
    epilog=example("featuresql serve --port 0"),
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", default=8815, show_default=True, type=int, help="The port; 0 takes a free one."
)
@click.option("--auth", "auth_file", type=_FILE, help="A YAML file of tokens.")
@click.option("--tls-cert", type=_FILE, help="The certificate, as PEM.")
@click.option("--tls-key", type=_FILE, help="The certificate's key, as PEM.")
@click.option(
    "--limit",
    "limits",
    multiple=True,
    callback=to_limits,
    metavar="NAME=NUMBER",
    help="A limit of the server's; give it once for each. Names: "
    + ", ".join(field.name for field in fields(Limits)),
)
@click.option("--insecure", is_flag=True, help="Serve beyond this machine without TLS and tokens.")
@debug_option
@project_options
def serve_command(  # noqa: PLR0913 - one parameter an option
    *,
    project: ProjectOptions,
    host: str,
    port: int,
    auth_file: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    limits: Limits,
    insecure: bool,
) -> None:
    """Serve features over Arrow Flight.

    Prints `serving grpc://HOST:PORT` when it answers, and serves until it is interrupted. A model
    that was changed is served when it is materialized; a project that does not compile is not.
    """
    config = ServerConfig(
        host=host,
        port=port,
        auth_file=auth_file,
        tls_cert=tls_cert,
        tls_key=tls_key,
        insecure=insecure,
        limits=limits,
    )
    current: Workspace | None = None

    def open_again() -> Workspace:
        nonlocal current
        fresh = open_workspace(project.project_dir, project.target, project.variables)
        current = fresh if current is None else reopen_workspace(current, fresh)
        return current

    try:
        serving = ServeFeatures(open_again)
        with watching(serving.refresh):
            serve(serving, config)
    finally:
        if current is not None:
            close_workspace(current)
