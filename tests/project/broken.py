"""Broken projects, and the one error that each of them gives.

A case is: what it shows, the files, then the error as `code path:line:column`, the message and
what the hint holds. Models `a` and `b`, and the file data/t.csv, are always there.
"""

from typing import NamedTuple


class Broken(NamedTuple):
    shows: str
    files: dict[str, str | bytes]
    where: str
    message: str
    hint: str = ""


def project_file(shows: str, text: str | bytes, where: str, message: str, hint: str = "") -> Broken:
    return Broken(shows, {"featuresql.yml": text}, where, message, hint)


def source(shows: str, text: str, where: str, message: str, hint: str = "") -> Broken:
    """A project file whose source `t` is `text`, from line 4 on, each line indented by 4."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return project_file(shows, f"name: p\nsources:\n  t:\n{lines}", where, message, hint)


def target(shows: str, text: str, where: str, message: str, hint: str = "") -> Broken:
    """A project file whose target `local` is `text`, from line 4 on, each line indented by 4."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    return project_file(shows, f"name: p\ntargets:\n  local:\n{lines}", where, message, hint)


def properties(shows: str, text: str, where: str, message: str, hint: str = "") -> Broken:
    files = {"featuresql.yml": "name: p\n", "models/p.yml": text}
    return Broken(shows, files, where, message, hint)


def column_test(shows: str, text: str, where: str, message: str, hint: str = "") -> Broken:
    """A properties file with `text` as a test of column `x` in line 5, column 11."""
    start = "models:\n  - name: a\n    columns:\n      - name: x\n        tests:\n"
    return properties(shows, f"{start}          - {text}\n", where, message, hint)
