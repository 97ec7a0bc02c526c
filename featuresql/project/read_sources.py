"""The sections `sources` and `entities` of the project file -> spec values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final
from zoneinfo import available_timezones

from featuresql.errors import FeatureSQLError, Location, did_you_mean
from featuresql.project.find_files import check_data_path
from featuresql.project.project_file import EntitySection, SourceSection
from featuresql.project.text_file import TextFile
from featuresql.project.validate_node import error_at, section
from featuresql.project.yaml_node import YamlNode
from featuresql.spec.column_type import parse_type
from featuresql.spec.model import Column, Entity, Source

SUFFIXES: Final = (
    ".parquet",
    ".csv",
    ".csv.gz",
    ".json",
    ".json.gz",
    ".jsonl",
    ".jsonl.gz",
    ".ndjson",
    ".ndjson.gz",
)
_TABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*){0,2}")
_Found = tuple[str, str, str, str | None]


def read_sources(
    root: Path, node: YamlNode, file: TextFile, errors: list[FeatureSQLError]
) -> dict[str, Source]:
    """Return the sources of the project file's node; what does not fit together goes to `errors`.

    Sections that are wrong for themselves are passed over: they have been reported.
    """
    sources = {}
    for name, child in _children(node, "sources"):
        found = section(SourceSection, child)
        if found is None:
            continue
        for key, code, message, hint in _wrong(root, found):
            culprit = child.child(key) or child
            mark = child.key_mark(key) if key in child.keys else _children_mark(node, name)
            what = (code, f"source '{name}': {message}", hint)
            errors.append(error_at(culprit, mark, file, what))
        sources[name] = _source(name, found, child, file, _children_mark(node, name))
    return sources


def read_entities(node: YamlNode, file: TextFile) -> dict[str, Entity]:
    """Return the entities of the project file's node that are right for themselves."""
    entities = {}
    for name, child in _children(node, "entities"):
        found = section(EntitySection, child)
        if found is not None:
            keys = tuple(Column(key, parse_type(text)) for key, text in found.keys.items())
            location = Location(file.path, *_children_mark(node, name, "entities"))
            entities[name] = Entity(name, keys, location, found.description)
    return entities


def _children(node: YamlNode, key: str) -> Iterator[tuple[str, YamlNode]]:
    parent = node.child(key)
    if parent is not None:
        yield from parent.items().items()


def _children_mark(node: YamlNode, name: str, key: str = "sources") -> tuple[int, int]:
    parent = node.child(key)
    return parent.key_mark(name) if parent is not None else node.mark


def _source(
    name: str, found: SourceSection, node: YamlNode, file: TextFile, mark: tuple[int, int]
) -> Source:
    locations = {}
    for key, column in (("event_time", found.event_time), ("available_at", found.available_at)):
        if column is not None:
            locations[column] = file.location(node.value_mark(key))
    columns = node.child("columns")
    if columns is not None:
        locations |= {column: file.location(columns.key_mark(column)) for column in found.columns}
    return Source(
        name=name,
        location=file.location(mark),
        path=found.path,
        table=found.table,
        event_time=found.event_time,
        available_at=found.available_at,
        timezone=found.timezone,
        static=found.static,
        columns=tuple(Column(column, parse_type(text)) for column, text in found.columns.items()),
        description=found.description,
        column_locations=locations,
    )


def _wrong(root: Path, found: SourceSection) -> Iterator[_Found]:
    """Yield (key, code, message, hint) of everything that does not fit together."""
    if found.path is not None and found.table is not None:
        yield "table", "wrong-source", "found both 'path' and 'table', expected one", None
    elif found.path is None and found.table is None:
        hint = "a path is a file or a glob in the project, a table one of the engine's"
        yield "", "wrong-source", "found neither 'path' nor 'table', expected one", hint
    if found.available_at is not None and found.event_time is None:
        yield "available_at", "wrong-source", "'available_at' needs 'event_time'", None
    if found.static and found.event_time is not None:
        message = "a static source has no 'event_time'"
        yield "static", "wrong-source", message, "leave one of the two out"
    if found.timezone != "UTC" and found.timezone not in _timezones():
        message = f"unknown timezone '{found.timezone}'"
        hint = did_you_mean(found.timezone, _timezones())
        yield "timezone", "unknown-timezone", message, hint
    if found.table is not None and not _TABLE.fullmatch(found.table):
        message = f"'table': found '{found.table}', expected NAME or SCHEMA.NAME"
        yield "table", "wrong-value", message, None
    if found.path is not None:
        yield from _wrong_path(root, found.path)
    yield from _wrong_columns(found)


def _wrong_path(root: Path, path: str) -> Iterator[_Found]:
    wrong = check_data_path(root, path)
    outside = wrong is not None and wrong[0] == "path-outside"
    if not outside and not PurePosixPath(path).name.lower().endswith(SUFFIXES):
        suffix = PurePosixPath(path).suffix
        shown = f"unknown file suffix '{suffix}'" if suffix else f"'{path}' has no file suffix"
        known = ", ".join(SUFFIXES)
        yield "path", "unknown-suffix", shown, f"known: {known}"
    elif wrong is not None:
        yield "path", *wrong


def _wrong_columns(found: SourceSection) -> Iterator[_Found]:
    seen: dict[str, str] = {}
    for column in found.columns:
        first = seen.setdefault(column.lower(), column)
        if first != column:
            message = f"the columns '{first}' and '{column}' differ in upper and lower case only"
            yield "columns", "duplicate-name", message, None


@lru_cache(maxsize=1)
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())
