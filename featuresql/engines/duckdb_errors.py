"""DuckDB's exceptions -> the project's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from featuresql.errors import EngineError

MAX_MESSAGE_CHARS = 500


@contextmanager
def translated() -> Iterator[None]:
    """Turn what DuckDB raises inside into an `EngineError`."""
    try:
        yield
    except duckdb.Error as error:
        raise translate(error) from None


def translate(error: duckdb.Error) -> EngineError:
    """Return the `EngineError` for an exception of DuckDB's."""
    text = str(error).split("\n\nLINE ", maxsplit=1)[0].strip()
    message = re.sub(r"\s+", " ", text)[:MAX_MESSAGE_CHARS]
    code, hint = "engine", None
    if isinstance(error, duckdb.OutOfMemoryException):
        code, hint = "out-of-memory", "give the engine more memory_limit, or a disk to spill to"
    elif "No space left on device" in message:
        code, hint = (
            "disk-full",
            "free disk space and run the command again: nothing is half-written",
        )
    elif isinstance(error, duckdb.InterruptException):
        code = "interrupted"
    return EngineError(f"DuckDB: {message}", code=code, hint=hint)
