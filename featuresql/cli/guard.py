"""The outermost handler: every way in which a command can end, as an exit code and a message."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import FrameType
from typing import Any, Final, TypeVar

import click

from featuresql.cli.print_result import print_json
from featuresql.cli.show_error import error_document, show_error
from featuresql.cli.state import CliState
from featuresql.errors import FeatureSQLError, InternalError, ManyErrors, UsageError

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

_SIGNAL_BASE: Final = 128


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
    """Run `command` and return its exit code; what went wrong is on stderr, in a block an error.

    Where `arguments` ask for JSON it is on stdout too, unless a document of the command's is there.
    """
    state = CliState()
    try:
        with _signals(state):
            code, failure = _run(command, arguments, prog_name, state)
    except StoppedError:
        code, failure = _stopped(state)
    if failure is not None and wants_json(arguments) and not state.has_printed_json:
        print_json(error_document(failure))
    return code


def wants_json(arguments: Sequence[str]) -> bool:
    """Return whether a command's arguments ask for JSON, also where they are wrong otherwise."""
    asked = {"--output=json", "--json"}
    return ("--output", "json") in pairwise(arguments) or not asked.isdisjoint(arguments)


_Ended = tuple[int, FeatureSQLError | None]


def _run(
    command: click.Command, arguments: Sequence[str], prog_name: str, state: CliState
) -> _Ended:
    try:
        code = command.main(list(arguments), prog_name, standalone_mode=False, obj=state)
    except click.Abort:
        state.signal_number = signal.SIGINT
        return _stopped(state)
    except click.ClickException as error:
        error.show()
        return error.exit_code, UsageError(error.format_message())
    except FeatureSQLError as error:
        return _failed(error, state)
    except Exception as error:  # noqa: BLE001 - the outermost handler
        # A native library may turn the signal that woke it into an error of its own.
        if state.signal_number is not None:
            return _stopped(state)
        return _failed(_fault(error), state)
    return (code if isinstance(code, int) else 0), None


def _failed(error: FeatureSQLError, state: CliState) -> _Ended:
    if state.signal_number is not None:
        return _stopped(state)
    if state.debug:
        traceback.print_exc()
    show_error(error)
    parts = error.errors if isinstance(error, ManyErrors) else (error,)
    return max(part.exit_code for part in parts), error


def _fault(error: Exception) -> InternalError:
    said = str(error).strip().split("\n", 1)[0]
    name = type(error).__name__
    return InternalError(
        f"FeatureSQL itself failed: {name}: {said}"
        if said
        else f"FeatureSQL itself failed: {name}",
        hint="run it again as `featuresql --debug …` and report what that shows",
    )


def _stopped(state: CliState) -> _Ended:
    number = state.signal_number or signal.SIGINT
    said = "interrupted" if number == signal.SIGINT else "terminated"
    click.echo(said, err=True)
    return _SIGNAL_BASE + number, FeatureSQLError(said, code=said)


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
