"""Folders and globs of a project -> its files, none of which may lie outside of it."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from featuresql.errors import did_you_mean

MAX_FILES: Final = 100_000
_GLOB_CHARACTERS: Final = frozenset("*?[")


class OutsideError(Exception):
    """A path leaves the project."""


def is_inside(root: Path, path: str) -> bool:
    """Return whether `path`, relative to the resolved `root`, stays within it, links followed."""
    if Path(path).is_absolute() or path.startswith("~") or "\0" in path or "\\" in path:
        return False
    real = Path(os.path.realpath(root / path))
    return real == root or root in real.parents


def list_files(root: Path, folder: str, suffixes: frozenset[str]) -> list[str]:
    """Return the files below `folder` with one of these suffixes, sorted, relative to `root`.

    Hidden files and folders are left out; a folder that is reached twice is read once. Raises
    `OutsideError`, with the path, at a link that leaves the project.
    """
    found: list[str] = []
    seen: set[str] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        real = os.path.realpath(root / here)
        if real in seen:
            continue
        seen.add(real)
        with os.scandir(root / here) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path = Path(here, entry.name).as_posix()
                if entry.is_symlink() and not is_inside(root, path):
                    raise OutsideError(path)
                if entry.is_dir():
                    waiting.append(path)
                elif Path(path).suffix.lower() in suffixes:
                    found.append(path)
    return sorted(found)


def check_folder(root: Path, folder: str) -> tuple[str, str, str | None] | None:
    """Return code, message and hint where `folder` is no folder inside the project."""
    if not is_inside(root, folder):
        hint = "name a folder inside the project"
        return "path-outside", f"the path '{folder}' leaves the project", hint
    if Path(os.path.realpath(root / folder)) == root:
        message = f"the path '{folder}' is the project's own folder, expected one inside it"
        return "path-outside", message, None
    if not (root / folder).is_dir():
        hint = did_you_mean(folder, _siblings(root, folder))
        return "missing-file", f"there is no folder '{folder}'", hint
    return None


def check_data_path(root: Path, path: str) -> tuple[str, str, str | None] | None:
    """Return code, message and hint where a source's file or glob names no files of the project."""
    if not is_inside(root, path.split("*", maxsplit=1)[0] or "."):
        return _outside(path)
    if _GLOB_CHARACTERS.isdisjoint(path):
        if not is_inside(root, path):
            return _outside(path)
        if (root / path).is_file():
            return None
        what = "is a folder, expected a file" if (root / path).is_dir() else "does not exist"
        hint = did_you_mean(path, _siblings(root, path))
        return "missing-file", f"the file '{path}' {what}", hint
    if ".." in Path(path).parts:
        return _outside(path)
    return _check_glob(root, path)


def _check_glob(root: Path, pattern: str) -> tuple[str, str, str | None] | None:
    count, folders = 0, set[str]()
    # Not Path.glob: that finds hidden files, which engines leave out, and refuses some patterns.
    for path in glob.iglob(pattern, root_dir=root, recursive=True):  # noqa: PTH207 - see above
        folder = str(Path(path).parent)
        if folder not in folders or (root / path).is_symlink():
            if not is_inside(root, path):
                return _outside(path)
            folders.add(folder)
        count += (root / path).is_file()
        if count > MAX_FILES:
            return "too-many-files", f"'{pattern}' matches more than {MAX_FILES:,} files", None
    if count == 0:
        return "missing-file", f"no file matches '{pattern}'", None
    return None


def _outside(path: str) -> tuple[str, str, str]:
    hint = "put the data into the project, or read a `table:` of the engine"
    return "path-outside", f"the path '{path}' leaves the project", hint


def _siblings(root: Path, path: str) -> Iterator[str]:
    parent = Path(path).parent
    try:
        with os.scandir(root / parent) as entries:
            names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    except OSError:
        return
    for name in names:
        yield (parent / name).as_posix()
