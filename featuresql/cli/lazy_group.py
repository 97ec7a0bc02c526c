"""A group that imports a command's file only when that command is wanted."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import click

from featuresql.errors import did_you_mean


class LazyGroup(click.Group):
    """Commands named in `summaries`, each in the module of its name under `commands_of`."""

    def __init__(
        self, *args: object, commands_of: str, summaries: Mapping[str, str], **kwargs: object
    ) -> None:
        """Know the commands by their names and one-line summaries."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # click's own arguments, passed on
        self._package = commands_of
        self._summaries = summaries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of a project's life, not of the alphabet."""
        del ctx
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command, or return None where there is none of that name."""
        del ctx
        if cmd_name not in self._summaries:
            return None
        name = cmd_name.replace("-", "_")
        command = getattr(import_module(f"{self._package}.{name}"), name)
        if not isinstance(command, click.Command):
            raise TypeError(name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is refused with the nearest known name."""
        if not args[0].startswith("-") and args[0] not in self._summaries:
            hint = did_you_mean(args[0], self._summaries)
            raise click.UsageError(f"there is no command '{args[0]}'; {hint}", ctx)
        return super().resolve_command(ctx, args)
