"""A project file as text, and the errors that point into it."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from featuresql.errors import Location, ProjectError

MAX_FILE_BYTES: Final = 1_000_000
_MAX_EXCERPT: Final = 160
_SECRET_KEY: Final = re.compile(r"(pass(?:word|wd|phrase)?|secret|token|credential)", re.IGNORECASE)
_SECRET_VALUE: Final = re.compile(
    r"((?:pass\w*|\w*secret\w*|\w*token\w*|credential\w*)['\"]?\s*[:=]\s*)[^\s,}].*", re.IGNORECASE
)
_BARE_URL: Final = re.compile(r"(\burl['\"]?\s*:\s*)(?!['\"]?[\w+]+://)[^\s,}].*")
_URL_PASSWORD: Final = re.compile(r"(://[^/\s:@]*:)[^/\s]*@")

Mark = tuple[int, int]


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of the project: its path relative to the root, and its text, its lines ended by LF."""

    path: str
    text: str = field(repr=False)

    def location(self, mark: Mark = (1, 1)) -> Location:
        """Return the place of a line and a column, both from 1."""
        return Location(self.path, *mark)

    def excerpt(self, line: int) -> str | None:
        """Return that line for an error: no longer than 160 characters, and without secrets."""
        lines = self.text.split("\n", line)
        if line > len(lines) or not lines[line - 1].strip():
            return None
        return printable(mask_secrets(lines[line - 1]), " ")[:_MAX_EXCERPT]

    def error(self, mark: Mark, code: str, message: str, hint: str | None = None) -> ProjectError:
        """Return an error that points to `mark` and shows its line."""
        return ProjectError(
            printable(message),
            code=code,
            location=self.location(mark),
            hint=None if hint is None else printable(hint),
            excerpt=self.excerpt(mark[0]),
        )


def is_secret_key(key: object) -> bool:
    """Return whether a key of that name holds a secret, so that its value is never shown."""
    return isinstance(key, str) and (key == "url" or _SECRET_KEY.search(key) is not None)


def mask_secrets(line: str) -> str:
    """Return `line` with `***` for what stands after a secret's key or in a URL's password."""
    line = _BARE_URL.sub(r"\1***", _SECRET_VALUE.sub(r"\1***", line))
    return _URL_PASSWORD.sub(r"\1***@", line)


def printable(text: str, instead: str = "\N{REPLACEMENT CHARACTER}") -> str:
    """Return `text` with `instead` for each control character, so that no terminal obeys it."""
    return "".join(character if character.isprintable() else instead for character in text)


def read_text_file(root: Path, path: str) -> TextFile:
    """Return the text of `path`, which is relative to `root`.

    Raises `ProjectError` where the file is missing, larger than 1 MB, not UTF-8 or not text.
    """
    try:
        # Not Path.open, which takes no opener.
        with open(root / path, "rb", opener=_without_waiting) as file:
            data = file.read(MAX_FILE_BYTES + 1) if _is_regular(file.fileno()) else None
    except FileNotFoundError as error:
        raise ProjectError(f"there is no file '{path}'", code="missing-file") from error
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise _file_error(path, "unreadable-file", f"cannot read the file: {reason}") from error
    if data is None:
        raise _file_error(path, "unreadable-file", "this is no regular file")
    if len(data) > MAX_FILE_BYTES:
        raise _file_error(path, "file-too-large", "the file is larger than 1 MB")
    return TextFile(path, _decode(path, data).replace("\r\n", "\n"))


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that stands in its place is opened too, and not waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _is_regular(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def _decode(path: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        place = _mark_of_byte(data, error.start)
        found = f"found the byte 0x{data[error.start]:02x}, expected UTF-8 text"
        raise _file_error(path, "not-utf8", found, place) from error
    if (position := text.find("\0")) >= 0:
        line = text.count("\n", 0, position) + 1
        raise _file_error(path, "not-text", "found a NUL character, expected text", (line, 1))
    return text


def _mark_of_byte(data: bytes, start: int) -> Mark:
    line_start = data.rfind(b"\n", 0, start) + 1
    before = data[line_start:start].decode("utf-8", "replace")
    return data.count(b"\n", 0, start) + 1, len(before) + 1


def _file_error(path: str, code: str, message: str, mark: Mark = (1, 1)) -> ProjectError:
    return ProjectError(message, code=code, location=Location(path, *mark))
