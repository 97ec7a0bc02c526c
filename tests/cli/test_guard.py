from __future__ import annotations

import os
import signal

import click
import pytest

from featuresql.cli.guard import debug_option, guard
from featuresql.errors import (
    CompileError,
    FeatureSQLError,
    InternalError,
    Location,
    ManyErrors,
    UsageError,
)


def command_that_raises(error: BaseException) -> click.Command:
    @click.command()
    @debug_option
    def fails() -> None:
        raise error

    return fails


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (CompileError("no such column", hint="look again"), 1, "compile: no such column\n"),
        (UsageError("not so"), 2, "usage: not so\n"),
        (InternalError("our fault"), 2, "internal: our fault\n"),
        (click.UsageError("no such option"), 2, "Error: no such option\n"),
        (ValueError("a surprise\nwith more"), 2, "ValueError: a surprise\n"),
        (RecursionError(), 2, "FeatureSQL itself failed: RecursionError\n"),
        (MemoryError("too much"), 2, "MemoryError: too much\n"),
        (click.Abort(), 130, "interrupted\n"),
    ],
)
def test_each_kind_of_error_has_its_exit_code_and_no_traceback(
    error: BaseException, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guard(command_that_raises(error), [], "featuresql") == code
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_an_error_is_one_block_with_its_place_and_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = CompileError(
        "no column 'x'",
        location=Location("models/a.sql", 3, 2),
        excerpt=" x",
        hint="did you mean 'y'?",
    )
    guard(command_that_raises(error), [], "featuresql")
    assert capsys.readouterr().err == f"{error}\n"


def test_several_errors_are_all_shown_and_counted(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [CompileError("first"), CompileError("second"), CompileError("third")]
    assert guard(command_that_raises(ManyErrors(errors)), [], "featuresql") == 1
    err = capsys.readouterr().err
    assert err == "compile: first\n\ncompile: second\n\ncompile: third\n\n3 errors\n"


def test_the_worst_of_several_errors_gives_the_exit_code() -> None:
    errors: list[FeatureSQLError] = [CompileError("first"), InternalError("second")]
    assert guard(command_that_raises(ManyErrors(errors)), [], "featuresql") == 2


def test_debug_shows_the_traceback_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert guard(command_that_raises(ValueError("why")), ["--debug"], "featuresql") == 2
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "internal: FeatureSQL itself failed: ValueError: why" in err


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGINT, 130, "interrupted\n"), (signal.SIGTERM, 143, "terminated\n")],
)
def test_a_signal_unwinds_the_command_and_ends_it_with_one_line(
    number: signal.Signals, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    unwound = []

    @click.command()
    def waits() -> None:
        try:
            os.kill(os.getpid(), number)
        finally:
            unwound.append(True)

    before = signal.getsignal(number)
    assert guard(waits, [], "featuresql") == code
    assert capsys.readouterr().err == said
    assert unwound == [True]
    assert signal.getsignal(number) is before


def test_an_error_that_a_signal_causes_in_a_library_counts_as_the_signal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def waits() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
        except BaseException:  # noqa: BLE001 - as a native library would
            raise RuntimeError("query interrupted") from None

    assert guard(waits, [], "featuresql") == 130
    assert capsys.readouterr().err == "interrupted\n"
