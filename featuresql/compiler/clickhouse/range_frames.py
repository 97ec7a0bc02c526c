"""RANGE frames of a distance, which ClickHouse has for 32-bit distances alone.

Rows at t see those from t - d. With `q = floor(t / d)` and `r = t mod d` an earlier row j is seen
exactly when it is of the same q, or of the one before with `r_j >= r_i`. So the rank of r among all
rows of the partition stands for r, and `q * M + rank` orders as t does, with M for the distance:
any M that is above every rank.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.calendar import DAY_US
from featuresql.compiler.clickhouse.comparable import distinguished
from featuresql.compiler.clickhouse.intervals import constant_parts
from featuresql.compiler.clickhouse.sort_keys import sort_keys
from featuresql.spec.column_type import ColumnType

if TYPE_CHECKING:
    from featuresql.compiler.clickhouse.emitter import Emitter

MAX_DISTANCE: Final = 2**31 - 2
# A partition may have so many different remainders; more is an error of the engine, not a guess.
MIN_RANKS: Final = 100_000
FARTHEST: Final = 9 * 10**18


@dataclass(frozen=True, slots=True)
class WindowText:
    """The parts of an OVER clause, a named window's looked up. `digest` is of all of them."""

    partition: tuple[exp.Expr, ...]
    order: tuple[exp.Ordered, ...]
    spec: exp.WindowSpec | None
    digest: str


@dataclass(frozen=True, slots=True)
class Framed:
    """How a window of a distance is ordered and framed once its key is a column."""

    name: str
    value: exp.Expr
    key: exp.Ordered
    spec: exp.WindowSpec


def find_spec(node: exp.Window) -> WindowText:
    """Return the parts of a window; those of the named window that it refers to count too."""
    named = _named(node)
    partition = node.args.get("partition_by") or (named.args.get("partition_by") if named else [])
    order = node.args.get("order") or (named.args.get("order") if named else None)
    spec = without_exclusion(node.args.get("spec") or (named.args.get("spec") if named else None))
    keys = tuple(order.expressions) if order else ()
    parts = [*(partition or []), *keys, *([spec] if spec else [])]
    text = "|".join(part.sql("duckdb") for part in parts)
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    return WindowText(tuple(partition or ()), keys, spec, digest)


def without_exclusion(spec: exp.WindowSpec | None) -> exp.WindowSpec | None:
    """Return the same frame without EXCLUDE, where one can say it so, and else the frame as it is.

    That is where the row itself is the first or the last one of a frame of ROWS.
    """
    excluded = str(spec.args.get("exclude") or "").upper() if spec is not None else ""
    if spec is None or not excluded:
        return spec
    made = spec.copy()
    made.set("exclude", None)
    if excluded == "NO OTHERS":
        return made
    ends = [side for side in ("start", "end") if spec.args.get(side) == "CURRENT ROW"]
    if excluded != "CURRENT ROW" or str(spec.args.get("kind")).upper() != "ROWS" or len(ends) != 1:
        return spec
    made.set(ends[0], exp.Literal.number(1))
    made.set(f"{ends[0]}_side", "PRECEDING" if ends[0] == "end" else "FOLLOWING")
    return made


def _named(node: exp.Window) -> exp.Window | None:
    alias = node.args.get("alias")
    if alias is None:
        return None
    parent = node.parent
    while parent is not None:
        for window in parent.args.get("windows") or ():
            if window.name.lower() == alias.name.lower():
                return window if isinstance(window, exp.Window) else None
        parent = parent.parent
    return None


def bound(emitter: Emitter, spec: exp.WindowSpec, side: str) -> tuple[int | str, str | None]:
    """Return one bound of a frame: a number or a name such as CURRENT ROW, and its direction."""
    value = spec.args.get(side)
    direction = spec.args.get(f"{side}_side")
    if value is None:
        return "CURRENT ROW", None
    if isinstance(value, str):
        return value.upper(), str(direction).upper() if direction else None
    distance = _distance_us(value)
    if distance is None:
        raise emitter.refuse(spec, "a frame whose bound is no constant")
    return distance, str(direction).upper()


def _distance_us(value: exp.Expr) -> int | None:
    """Return a bound's distance: microseconds, or the number where it is one."""
    while isinstance(value, exp.Paren):
        value = value.this
    parts = constant_parts(value)
    if parts is not None:
        months, days, us = (int(str(part)) for part in (parts.months, parts.days, parts.us))
        distance = days * DAY_US + us
        return distance if not months and distance >= 0 else None
    is_number = isinstance(value, exp.Literal) and not value.is_string and value.name.isdigit()
    return int(value.name) if is_number else None


def is_distance(spec: exp.WindowSpec | None) -> bool:
    """Whether a frame is of a distance along the ORDER BY."""
    if spec is None or str(spec.args.get("kind") or "").upper() != "RANGE":
        return False
    return any(isinstance(spec.args.get(side), exp.Expr) for side in ("start", "end"))


def is_groups(spec: exp.WindowSpec | None) -> bool:
    """Whether a frame counts groups of peers."""
    return spec is not None and str(spec.args.get("kind") or "").upper() == "GROUPS"


def find_frames(emitter: Emitter, select: exp.Select) -> Iterator[tuple[str, Framed]]:
    """Give the distance windows of `select`, each once, by its digest."""
    seen = set()
    for window in select.find_all(exp.Window):
        if window.parent_select is not select or window.arg_key == "windows":
            continue
        found = find_spec(window)
        if found.digest in seen:
            continue
        if is_groups(found.spec):
            seen.add(found.digest)
            yield found.digest, _grouped(emitter, window, found)
        elif is_distance(found.spec):
            seen.add(found.digest)
            yield found.digest, _framed(emitter, window, found)


def _grouped(emitter: Emitter, node: exp.Window, found: WindowText) -> Framed:
    """Return a frame of groups as one of a distance along the groups' numbers."""
    if not found.order or found.spec is None or found.spec.args.get("exclude"):
        raise emitter.refuse(node, "this frame of GROUPS", "order it, and exclude nothing")
    rank = exp.Window(
        this=sql.call("dense_rank"),
        partition_by=[
            distinguished(emitter.emit(part), emitter.kind(part)) for part in found.partition
        ],
        order=exp.Order(
            expressions=[key for each in found.order for key in sort_keys(emitter, each)]
        ),
        over="OVER",
    )
    spec = exp.WindowSpec(kind="RANGE")
    for side in ("start", "end"):
        reach, direction = bound(emitter, found.spec, side)
        spec.set(side, sql.number(reach) if isinstance(reach, int) else reach)
        spec.set(f"{side}_side", direction)
    name = f"__group_{found.digest}"
    key = exp.Ordered(this=exp.column(name, quoted=True), nulls_first=False)
    return Framed(name=name, value=sql.cast(rank, "Int64"), key=key, spec=spec)


def _framed(emitter: Emitter, node: exp.Window, found: WindowText) -> Framed:
    if len(found.order) != 1 or found.spec is None:
        raise emitter.refuse(node, "RANGE with a distance over several keys")
    ordered = found.order[0]
    kind = emitter.kind(ordered.this)
    bounds = {side: bound(emitter, found.spec, side) for side in ("start", "end")}
    distances = [value for value, _ in bounds.values() if isinstance(value, int) and value > 0]
    unit, factor = _unit(emitter, node, kind, distances)
    value = emitter.emit(ordered.this)
    partition = [emitter.emit(part) for part in found.partition]
    key = _key(value, kind, unit, factor, partition)
    descending = bool(ordered.args.get("desc"))
    last = bool(ordered.args.get("nulls_first")) == descending
    limit = sql.cast(sql.text(str(FARTHEST if last else -FARTHEST)), "Int64")
    name = f"__frame_{found.digest}"
    spec = exp.WindowSpec(kind="RANGE")
    for side, (reach, direction) in bounds.items():
        strict = unit > 1 and reach == 1
        scaled = reach if not isinstance(reach, int) or strict else reach // unit * factor
        spec.set(side, sql.number(scaled) if isinstance(scaled, int) else scaled)
        spec.set(f"{side}_side", direction)
    return Framed(
        name=name,
        value=sql.choose(sql.is_null(value.copy()), limit, key),
        key=exp.Ordered(this=exp.column(name, quoted=True), desc=descending, nulls_first=False),
        spec=spec,
    )


def _unit(
    emitter: Emitter, node: exp.Expr, kind: ColumnType, distances: list[int]
) -> tuple[int, int]:
    """Return the unit that t is divided by, and the key's distance for one unit; 1 and 1 for t."""
    if kind.name not in {"TIMESTAMP", "DATE"} and not kind.is_integer:
        raise emitter.refuse(node, f"RANGE with a distance over {kind}")
    if kind.is_integer and kind.name in {"HUGEINT", "UBIGINT"}:
        raise emitter.refuse(node, f"RANGE with a distance over {kind}", "cast it to BIGINT")
    longest = max(distances, default=0)
    if longest <= MAX_DISTANCE:
        return 1, 1
    # One microsecond means "before this row", whatever the unit: it needs no share in it.
    unit = gcd(*[distance for distance in distances if distance > 1])
    factor = MAX_DISTANCE // (longest // unit)
    if factor < MIN_RANKS:
        hint = "let both bounds be multiples of one longer time"
        raise emitter.refuse(node, "these two distances in one frame", hint)
    return unit, factor


def _key(
    value: exp.Expr, kind: ColumnType, unit: int, factor: int, partition: list[exp.Expr]
) -> exp.Expr:
    known = sql.call("assumeNotNull", value.copy())
    if kind.is_integer:
        along: exp.Expr = sql.cast(known, "Int64")
    else:
        instant = sql.cast(known, "DateTime64(6, 'UTC')")
        along = sql.call("toUnixTimestamp64Micro", instant)
    if unit == 1:
        return along
    remainder = sql.call("positiveModulo", along, sql.number(unit))
    whole = sql.call("intDiv", sql.call("minus", along.copy(), remainder), sql.number(unit))
    rank = exp.Window(
        this=sql.call("dense_rank"),
        partition_by=[part.copy() for part in partition],
        order=exp.Order(expressions=[exp.Ordered(this=remainder.copy(), nulls_first=False)]),
        over="OVER",
    )
    too_many = sql.call("greater", rank, sql.number(factor))
    text = sql.text("a window's partition has too many different times")
    guarded = sql.call("plus", sql.call("throwIf", too_many, text), rank.copy())
    scaled = sql.call("multiply", whole, sql.number(factor))
    return sql.cast(sql.call("plus", scaled, guarded), "Int64")
