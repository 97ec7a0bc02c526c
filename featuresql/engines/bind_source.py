"""A source as models see it: files or a table, instants turned into UTC."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlglot import exp

from featuresql.errors import EngineError, Location
from featuresql.spec.column_type import TIMESTAMP, VARCHAR, ColumnType, parse_type
from featuresql.spec.model import Column, Source

READERS: Final = {
    ".parquet": "read_parquet",
    ".csv": "read_csv",
    ".json": "read_json",
    ".jsonl": "read_json",
    ".ndjson": "read_json",
}
_NAIVE: Final = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})


def source_files(source: Source, root: Path) -> tuple[Path, ...]:
    """Return the files of a source, sorted; a glob may give several.

    Raises `EngineError` where there is none.
    """
    pattern = source.path or ""
    found = sorted(root.glob(pattern)) if any(c in pattern for c in "*?[") else [root / pattern]
    files = tuple(path.resolve() for path in found if path.is_file())
    if not files:
        raise EngineError(
            f"the source '{source.name}' has no file '{pattern}'",
            code="missing-file",
            location=source.location,
            hint="paths are relative to featuresql.yml",
        )
    return files


def files_state(source: Source, root: Path) -> str:
    """Return a digest of the source's declaration and of its files' names, sizes and times."""
    digest = hashlib.sha256()
    declared = [(column.name, str(column.type)) for column in source.columns]
    digest.update(repr((source.path, source.timezone, declared)).encode())
    for path in source_files(source, root):
        stat = path.stat()
        digest.update(repr((path.name, stat.st_size, stat.st_mtime_ns)).encode())
    return digest.hexdigest()[:16]


def raw_relation(source: Source, root: Path) -> exp.Expr:
    """Return the relation that reads the source as it is."""
    if source.table is not None:
        return exp.to_table(source.table, dialect="duckdb")
    files = source_files(source, root)
    suffixes = [suffix.lower() for suffix in files[0].suffixes if suffix.lower() != ".gz"]
    reader = READERS.get(suffixes[-1] if suffixes else "")
    if reader is None:
        raise EngineError(
            f"the source '{source.name}' has files of an unknown kind, '{files[0].suffix}'",
            code="file-kind",
            location=source.location,
            hint="known: " + ", ".join(sorted(READERS)),
        )
    paths = exp.Array(expressions=[exp.Literal.string(str(path)) for path in files])
    return exp.Table(
        this=exp.Anonymous(this=reader, expressions=[paths, *_options(source, reader)])
    )


def _options(source: Source, reader: str) -> list[exp.Expr]:
    """Return the reader's options: text is read as its columns are declared."""
    if reader == "read_parquet":
        return [_option("union_by_name", exp.true())]
    if not source.columns:
        return []
    types = [
        exp.PropertyEQ(
            this=exp.to_identifier(column.name, quoted=True),
            expression=exp.Literal.string(str(column.type)),
        )
        for column in source.columns
    ]
    name = "types" if reader == "read_csv" else "columns"
    return [_option(name, exp.Struct(expressions=types))]


def _option(name: str, value: exp.Expr) -> exp.Expr:
    return exp.EQ(this=exp.column(name), expression=value)


def seen_columns(source: Source, described: Sequence[tuple[str, str]]) -> tuple[Column, ...]:
    """Return the columns as models see them, given names and types as DuckDB describes them.

    Columns of types that FeatureSQL does not know are left out. Raises `EngineError` where what
    `featuresql.yml` declares is missing or of another type.
    """
    columns = tuple(
        Column(name.lower(), kind)
        for name, text in described
        if (kind := _seen_type(text)) is not None
    )
    found = {column.name: column for column in columns}
    for declared in source.columns:
        actual = found.get(declared.name)
        place = source.column_locations.get(declared.name, source.location)
        if actual is None:
            raise _mismatch(source, f"has no column '{declared.name}'", place)
        if actual.type != _seen_type(str(declared.type)):
            text = f"column '{declared.name}' is {actual.type}, declared is {declared.type}"
            raise _mismatch(source, text, place)
    for role, name in (("event_time", source.event_time), ("available_at", source.available_at)):
        if name is None:
            continue
        if name not in found:
            raise _mismatch(source, f"has no column '{name}', its {role}", source.location)
        if found[name].type != TIMESTAMP:
            text = f"{role} '{name}' has to be a timestamp, it is {found[name].type}"
            raise _mismatch(source, text, source.location)
    return columns


def _mismatch(source: Source, text: str, location: Location) -> EngineError:
    what = source.path or source.table
    return EngineError(
        f"the source '{source.name}' ({what}): {text}",
        code="source-columns",
        location=location,
        hint="mend the file, or what featuresql.yml declares of it",
    )


def _seen_type(text: str) -> ColumnType | None:
    if text.startswith("ENUM"):
        return VARCHAR
    if text in _NAIVE or text == "TIMESTAMP WITH TIME ZONE":
        return TIMESTAMP
    try:
        return parse_type(text)
    except ValueError:
        return None


def binding_query(source: Source, root: Path, described: Sequence[tuple[str, str]]) -> exp.Select:
    """Return the SELECT behind `sources.NAME`: every column under a lower-case name, in UTC."""
    columns = [
        exp.alias_(_seen_value(source, name, text), name.lower(), quoted=True)
        for name, text in described
        if _seen_type(text) is not None
    ]
    return exp.select(*columns).from_(raw_relation(source, root))


def _seen_value(source: Source, name: str, text: str) -> exp.Expr:
    value = exp.column(name, quoted=True)
    if text.startswith("ENUM"):
        return exp.cast(value, "VARCHAR", dialect="duckdb")
    if text == "TIMESTAMP WITH TIME ZONE":
        return _in_zone(value, "UTC")
    if text not in _NAIVE:
        return value
    naive = value if text == "TIMESTAMP" else exp.cast(value, "TIMESTAMP", dialect="duckdb")
    if source.timezone == "UTC":
        return naive
    return _in_zone(_in_zone(naive, source.timezone), "UTC")


def _in_zone(value: exp.Expr, zone: str) -> exp.Expr:
    return exp.Anonymous(this="timezone", expressions=[exp.Literal.string(zone), value])
