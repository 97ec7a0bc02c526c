"""The file of compiled models: read at once, changed where something was compiled anew."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Collection, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS compiled (
  name TEXT PRIMARY KEY, render_key TEXT NOT NULL, refs TEXT NOT NULL, sources TEXT NOT NULL,
  compile_key TEXT NOT NULL, model BLOB NOT NULL, proof BLOB NOT NULL
)
"""
_READ: Final = "SELECT name, render_key, refs, sources, compile_key, model, proof FROM compiled"
_WRITE: Final = "INSERT OR REPLACE INTO compiled VALUES (?, ?, ?, ?, ?, ?, ?)"
_DROP: Final = "DELETE FROM compiled WHERE name = ?"
_OWNER_ONLY: Final = 0o700
_OTHERS_WRITE: Final = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A compiled model as bytes, with the keys of what it was made from.

    `render_key` is of what its template was rendered from, `compile_key` of all that its SQL was
    compiled from. `refs` and `sources` are what the template reads.
    """

    name: str
    render_key: str
    refs: tuple[str, ...]
    sources: tuple[str, ...]
    compile_key: str
    model: bytes
    proof: bytes


def read_cache(path: Path | None) -> dict[str, CacheEntry]:
    """Return the entries by their models' names; none where the file cannot be used.

    A file that somebody else owns or may write is not read, for its bytes become objects. One that
    is damaged is removed.
    """
    if path is None or not _is_ours(path):
        return {}
    try:
        with closing(sqlite3.connect(path)) as connection:
            rows = connection.execute(_READ).fetchall()
    except sqlite3.Error:
        with suppress(OSError):
            path.unlink()
        return {}
    return {
        name: CacheEntry(
            name, key, tuple(json.loads(refs)), tuple(json.loads(sources)), compile_key, *packed
        )
        for name, key, refs, sources, compile_key, *packed in rows
    }


def write_cache(path: Path | None, entries: Iterable[CacheEntry], gone: Collection[str]) -> None:
    """Put `entries` in place of those of the same names and take out those of `gone`.

    It is done whole or not at all, and in silence: where nothing can be kept, the next command
    compiles again.
    """
    if path is None:
        return
    with suppress(OSError, sqlite3.Error):
        path.parent.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection, connection:
            path.chmod(stat.S_IRUSR | stat.S_IWUSR)
            connection.execute(_TABLE)
            connection.executemany(_DROP, [(name,) for name in gone])
            connection.executemany(_WRITE, [_row(entry) for entry in entries])


def _row(entry: CacheEntry) -> tuple[str | bytes, ...]:
    refs, sources = json.dumps(entry.refs), json.dumps(entry.sources)
    found = (entry.name, entry.render_key, refs, sources, entry.compile_key)
    return (*found, entry.model, entry.proof)


def _is_ours(path: Path) -> bool:
    try:
        folder, file = path.parent.stat(), path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(file.st_mode) and all(
        found.st_uid == os.getuid() and not found.st_mode & _OTHERS_WRITE
        for found in (folder, file)
    )
