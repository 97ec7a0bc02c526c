"""Files in `target/`: written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from featuresql.errors import InternalError


def write_text(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace the file at once, so that a reader never sees half of it.

    Any number of threads and processes may write one file: the last to end wins. `durable` waits
    until the disk has the text, so that even a loss of power leaves the old text or the new.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not tempfile's: that makes files which nobody else may read.
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        reason = error.strerror or "unknown"
        raise InternalError(f"{path.name} cannot be written: {reason}", code="write") from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_changed(path: Path, text: str) -> None:
    """Write the file as `write_text` does, unless it says just that already."""
    with suppress(OSError, UnicodeDecodeError):
        if path.read_text(encoding="utf-8") == text:
            return
    write_text(path, text)


def write_json(path: Path, value: object, *, indent: int | None = 1) -> None:
    """Write `value` as JSON, with sorted keys, so that equal values give equal files.

    Without `indent` it is one line, which takes a fifth of the time.
    """
    text = json.dumps(value, indent=indent, sort_keys=True, default=str) + "\n"
    write_text(path, text, durable=True)
