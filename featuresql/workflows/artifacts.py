"""Files in `target/`: written whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

from featuresql.errors import InternalError


def write_text(path: Path, text: str) -> None:
    """Replace the file at once, so that a reader never sees half of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or "unknown"
        raise InternalError(f"{path.name} cannot be written: {reason}", code="write") from None


def write_json(path: Path, value: object) -> None:
    """Write `value` as JSON, with sorted keys, so that equal values give equal files."""
    write_text(path, json.dumps(value, indent=1, sort_keys=True, default=str) + "\n")
