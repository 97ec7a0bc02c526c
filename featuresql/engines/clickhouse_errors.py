"""What ClickHouse and its driver raise -> `EngineError`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError, Error

from featuresql.errors import EngineError

MAX_MESSAGE_CHARS: Final = 500
# ClickHouse's own numbers.
_MEMORY: Final = frozenset({241})
_DISK: Final = frozenset({243})
_ACCESS: Final = frozenset({192, 193, 194, 497, 516})
_BUSY: Final = frozenset({159, 202, 394})


@contextmanager
def translated() -> Iterator[None]:
    """Turn what the driver raises inside, or Arrow of what it read, into an `EngineError`."""
    try:
        yield
    except ClickHouseError as error:
        raise translate(error) from None
    except pa.ArrowException as error:
        sentence = " ".join(str(error).split())[:MAX_MESSAGE_CHARS]
        raise EngineError(f"ClickHouse: the answer cannot be read: {sentence}") from None


def translate(error: ClickHouseError) -> EngineError:
    """Return the `EngineError` for an exception of the driver's.

    It names neither the server's address nor its version, and shows no stack.
    """
    message, number = _sentence(str(error)), error.code if isinstance(error, Error) else None
    if number is None:
        return _unreachable(message)
    if number in _MEMORY:
        hint = "give the engine more memory, or select less"
        return EngineError(f"ClickHouse: {message}", code="out-of-memory", hint=hint)
    if number in _DISK:
        hint = "free disk space and run the command again: nothing is half-written"
        return EngineError(f"ClickHouse: {message}", code="disk-full", hint=hint)
    if number in _ACCESS:
        hint = "check user, password and grants of the target's engine"
        return EngineError(f"ClickHouse: {message}", code="engine-access", hint=hint)
    if number in _BUSY:
        return EngineError(f"ClickHouse: {message}", code="interrupted", hint="run it again")
    return EngineError(f"ClickHouse: {message}")


def _unreachable(message: str) -> EngineError:
    """Return the error of a call that the engine did not answer."""
    if re.search(r"(?i)http request|connection|resolve|timed? ?out|refused", message):
        return EngineError(
            "the ClickHouse server does not answer",
            code="engine-unreachable",
            hint="check host, port and secure of the target's engine, and that the server runs",
        )
    return EngineError(f"ClickHouse: {message}")


def _sentence(text: str) -> str:
    """Return the part that says what is wrong: no address, version, query or stack."""
    text = re.sub(r"(?s)Stack trace:.*", "", text)
    text = re.sub(r"HTTPDriver for \S+ returned response code \S+", "", text)
    text = re.sub(r"\w+://\S+", "the server", text)
    text = re.sub(r"^.*?Code: \d+\.\s*", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"DB::\w*Exception:\s*", "", text)
    text = re.sub(r"\(version [^)]*(\([^)]*\))?[^)]*\)", "", text)
    text = re.sub(r"(?s)\.? In scope .*", "", text)
    text = re.sub(
        r": (while executing|While executing|While processing).*", "", text, flags=re.DOTALL
    )
    return " ".join(text.split())[:MAX_MESSAGE_CHARS]
