"""The outermost handler: every way in which a command can end, as an exit code and a message."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, TypeVar

import click

from featuresql.cli.show_error import show_error
from featuresql.errors import FeatureSQLError, InternalError, ManyErrors

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_SIGNAL_BASE: Final = 128


@dataclass
class CliState:
    """What the handler must know of a call. `signal_number` is that of the signal that ended it."""

    debug: bool = False
    signal_number: int | None = None


class StoppedError(BaseException):
    """A signal asks the command to end. No `Exception`: nothing on the way may swallow it."""


def debug_option(command: Decorated) -> Decorated:
    """Add `--debug`, which shows the traceback of an error."""

    def keep(context: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's way
        if isinstance(context.obj, CliState):
            context.obj.debug = context.obj.debug or value

    option = click.option(
        "--debug",
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=keep,
        help="Show the traceback of an error too.",
    )
    return option(command)


def guard(command: click.Command, arguments: Sequence[str], prog_name: str) -> int:
    """Run `command` and return its exit code; what went wrong is on stderr, in a block an error."""
    state = CliState()
    try:
        with _signals(state):
            return _run(command, arguments, prog_name, state)
    except StoppedError:
        return _stopped(state)


def _run(command: click.Command, arguments: Sequence[str], prog_name: str, state: CliState) -> int:
    try:
        code = command.main(list(arguments), prog_name, standalone_mode=False, obj=state)
    except click.Abort:
        state.signal_number = signal.SIGINT
        return _stopped(state)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except FeatureSQLError as error:
        return _failed(error, state)
    except Exception as error:  # noqa: BLE001 - the outermost handler
        # A native library may turn the signal that woke it into an error of its own.
        if state.signal_number is not None:
            return _stopped(state)
        return _failed(_fault(error), state)
    return code if isinstance(code, int) else 0


def _failed(error: FeatureSQLError, state: CliState) -> int:
    if state.signal_number is not None:
        return _stopped(state)
    if state.debug:
        traceback.print_exc()
    show_error(error)
    parts = error.errors if isinstance(error, ManyErrors) else (error,)
    return max(part.exit_code for part in parts)


def _fault(error: Exception) -> InternalError:
    said = str(error).strip().split("\n", 1)[0]
    name = type(error).__name__
    return InternalError(
        f"FeatureSQL itself failed: {name}: {said}"
        if said
        else f"FeatureSQL itself failed: {name}",
        hint="run it again as `featuresql --debug …` and report what that shows",
    )


def _stopped(state: CliState) -> int:
    number = state.signal_number or signal.SIGINT
    click.echo("interrupted" if number == signal.SIGINT else "terminated", err=True)
    return _SIGNAL_BASE + number


@contextmanager
def _signals(state: CliState) -> Iterator[None]:
    """Let SIGINT and SIGTERM unwind the command, so that half-written files are taken away."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if state.signal_number is None and sys.stderr.isatty() and number == signal.SIGINT:
            click.echo(err=True)  # the terminal has written ^C
        state.signal_number = number
        raise StoppedError

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    defaults = (signal.default_int_handler, signal.SIG_DFL)
    # What was told to be ignored, as nohup does, stays so.
    numbers = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) in defaults]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
