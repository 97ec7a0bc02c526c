"""`featuresql serve` as a process of its own, for as long as a block lasts."""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Final

from featuresql.cli.options import ProjectOptions
from featuresql.errors import ServingError

_START_TIMEOUT_S: Final = 60.0
_STOP_TIMEOUT_S: Final = 15.0
_DEATH_S: Final = 1.0


@contextmanager
def run_server(project: ProjectOptions) -> Iterator[str]:
    """Start a server on a free port, give its URL, and end it with the block.

    Raises `ServingError` with what the server said on stderr: with code `server-start` where it
    does not start, with `server-died` where it ends while the block talks to it.
    """
    command = [sys.executable, "-P", "-m", "featuresql", "serve", "--port", "0"]
    command += ["--project-dir", str(project.project_dir)]
    command += ["--target", project.target] if project.target else []
    command += ["--vars", json.dumps(dict(project.variables), default=str)]
    with TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)  # noqa: S603 - our own command
        try:
            yield _read_url(process, errors)
        except ServingError as error:
            if error.code == "server-start":
                raise
            raise _death(process, errors) or error from None
        finally:
            _stop(process)


def _death(process: subprocess.Popen[str], errors: IO[str]) -> ServingError | None:
    """Return the error for a server that has ended by itself, None where it lives."""
    try:
        status = process.wait(_DEATH_S)
    except subprocess.TimeoutExpired:
        return None
    how = f"by signal {-status}" if status < 0 else f"with exit code {status}"
    said = _said(errors)
    return ServingError(
        f"the server ended {how} while it was asked" + (f": {said}" if said else ""),
        code="server-died",
        hint="run it again; `dmesg` says whether the system had no memory left"
        if status < 0
        else None,
    )


def _read_url(process: subprocess.Popen[str], errors: IO[str]) -> str:
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    ready, _, _ = select.select([process.stdout], [], [], _START_TIMEOUT_S)
    line = process.stdout.readline() if ready else ""
    if line.startswith("serving "):
        return line.removeprefix("serving ").strip()
    said = _said(errors) or f"it said nothing within {_START_TIMEOUT_S:.0f} s"
    raise ServingError(f"the server did not start: {said}", code="server-start")


def _said(errors: IO[str]) -> str:
    errors.seek(0)
    return errors.read().strip()


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
