"""Options that many commands share."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from featuresql.cli.read_variables import read_variables
from featuresql.errors import RequestError
from featuresql.wire.instants import parse_instant

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ProjectOptions:
    """Which project a command is for, on which target, and which variables it replaces."""

    project_dir: Path
    target: str | None
    variables: Mapping[str, object]


def to_instant(
    _context: click.Context, parameter: click.Parameter, text: str | None
) -> datetime | None:
    """Return an option's ISO 8601 text as a datetime in UTC; without a zone it is UTC."""
    if text is None:
        return None
    try:
        return parse_instant(text)
    except RequestError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", param=parameter) from None


def _to_variables(
    _context: click.Context, parameter: click.Parameter, text: str
) -> Mapping[str, object]:
    try:
        return read_variables(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from None


def example(*lines: str) -> str:
    """Return the end of a command's help: how it is called, its lines as they are."""
    return "\n".join(["\b", "Example:", *(f"  {line}" for line in lines)])


def project_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add `--project-dir`, `--target` and `--vars`; the command gets them as `project`."""

    @click.option(
        "--project-dir",
        type=click.Path(path_type=Path),
        default=Path(),
        metavar="DIR",
        help="The project's folder; the current one if absent.",
    )
    @click.option("--target", metavar="NAME", help="The target; the project's default if absent.")
    @click.option(
        "--vars",
        "variables",
        callback=_to_variables,
        metavar="MAPPING",
        default="{}",
        help="Variables to replace, as a YAML or JSON mapping.",
    )
    @functools.wraps(command)
    def with_project(
        *args: object,
        project_dir: Path,
        target: str | None,
        variables: Mapping[str, object],
        **kwargs: object,
    ) -> None:
        command(*args, project=ProjectOptions(project_dir, target, variables), **kwargs)

    return with_project


def selection_options(command: Decorated) -> Decorated:
    """Add `--select`, `--exclude` and `--state`."""
    exclude = click.option(
        "--exclude", metavar="WORDS", help="Models to leave out, in the same words."
    )
    state = click.option(
        "--state",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="The target folder of another state, for state: and result:.",
    )
    return select_option(exclude(state(command)))


def select_option(command: Decorated) -> Decorated:
    """Add `--select`."""
    option = click.option(
        "--select",
        "-s",
        metavar="WORDS",
        shell_complete=complete_models,
        help="Models by name, *, tag:, path:, source:, kind:, config.NAME:, state: or result:; "
        "+x with all that x reads, x+ with all that reads x, 2+x that far, @x with both.",
    )
    return option(command)


def complete_models(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[str]:
    """Return the models whose names begin with what is typed, for the shell's completion."""
    del parameter
    folder = context.params.get("project_dir") or Path()
    names = {path.stem for path in Path(folder).glob("models/**/*.sql")}
    return sorted(name for name in names if name.startswith(incomplete))


def leak_option(command: Decorated) -> Decorated:
    """Add `--fail-on-leak/--no-fail-on-leak`, on if absent."""
    option = click.option(
        "--fail-on-leak/--no-fail-on-leak",
        default=True,
        help="Whether a feature that leaks is an error. Its verdict is in target/manifest.json.",
    )
    return option(command)


def output_option(command: Decorated) -> Decorated:
    """Add `--output table|json`."""
    option = click.option(
        "--output",
        type=click.Choice(["table", "json"]),
        default="table",
        show_default=True,
        help="How results are printed on stdout.",
    )
    return option(command)
