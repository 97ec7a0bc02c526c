"""Small worlds: a spine and three views, with ties, NULLs, late rows and instants at bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import strategies as st
from naive_oracle import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TTL_US = 3
WORLDS_A_QUERY = 12
LONG_AGO_US = -2_208_988_800_000_000  # 1900

instants = st.one_of(
    st.none(),
    st.integers(-3, 12),
    st.sampled_from([LONG_AGO_US, LONG_AGO_US + 1, 7_258_118_400_000_000]),
)
texts = st.sampled_from(["", "a", "b", "é", "Z", "\U0001f600"])
floats = st.one_of(
    st.sampled_from([0.0, -0.0, 1.5, float("nan"), float("inf"), float("-inf")]),
    st.integers(-2, 2).map(float),
)
numbers = st.one_of(st.integers(-2, 2), st.sampled_from([2**63 - 1, -(2**63)]))


@dataclass(frozen=True)
class World:
    spine: list[tuple]
    single: list[Row]
    pair: list[Row]
    everybody: list[Row]
    known_at: int | None


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(st.none(), strategy)


single_rows = st.builds(
    Row,
    st.tuples(maybe(texts)),
    instants,
    instants,
    st.tuples(maybe(floats), maybe(numbers), maybe(st.lists(maybe(floats), max_size=3))),
)
pair_rows = st.builds(
    Row,
    st.tuples(maybe(texts), maybe(st.integers(0, 1))),
    instants,
    st.none(),
    st.tuples(maybe(texts)),
)
everybody_rows = st.builds(Row, st.just(()), instants, instants, st.tuples(maybe(floats)))
spine_rows = st.tuples(
    maybe(texts), maybe(texts), maybe(st.integers(0, 1)), instants, maybe(floats)
)


def side_by_side(parts: list[tuple], known_at: int | None) -> World:
    """Put small worlds into one: their keys never meet, so that one query judges them all.

    What everybody sees has no key: those rows are the whole world's.
    """

    def code(number: int, text: str | None) -> str | None:
        return None if text is None else f"{number}{text}"

    def row(number: int, row: Row) -> Row:
        return replace(row, keys=(code(number, row.keys[0]), *row.keys[1:]))

    spine, single, pair, everybody = [], [], [], []
    for number, (asked, ones, twos, all_see) in enumerate(parts):
        spine += [(code(number, a), code(number, b), *rest) for a, b, *rest in asked]
        single += [row(number, one) for one in ones]
        pair += [row(number, two) for two in twos]
        everybody += all_see
    return World(spine, single, pair, everybody, known_at)


small_worlds = st.tuples(
    st.lists(spine_rows, max_size=6),
    st.lists(single_rows, max_size=9),
    st.lists(pair_rows, max_size=6),
    st.lists(everybody_rows, max_size=2),
)
worlds = st.builds(
    side_by_side,
    st.lists(small_worlds, min_size=1, max_size=WORLDS_A_QUERY),
    st.one_of(st.none(), st.integers(-3, 12)),
)


def instant(value: int | None) -> datetime | None:
    return None if value is None else EPOCH + timedelta(microseconds=value)


def arrow_instants(values: list[int | None]) -> pa.Array:
    return pa.array(values, pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def spine_table(world: World) -> pa.Table:
    columns = list(zip(*world.spine, strict=True)) or [()] * 5
    return pa.table(
        {
            "code": pa.array(columns[0], pa.string()),
            "other": pa.array(columns[1], pa.string()),
            "part": pa.array(columns[2], pa.int64()),
            "asked_at": arrow_instants(list(columns[3])),
            "weight": pa.array(columns[4], pa.float64()),
        }
    )


def single_table(world: World) -> pa.Table:
    rows = world.single
    return pa.table(
        {
            "code": pa.array([r.keys[0] for r in rows], pa.string()),
            "ts": arrow_instants([r.event_ts for r in rows]),
            "seen_at": arrow_instants([r.available_at for r in rows]),
            "f": pa.array([r.values[0] for r in rows], pa.float64()),
            "n": pa.array([r.values[1] for r in rows], pa.int64()),
            "l": pa.array([r.values[2] for r in rows], pa.list_(pa.float64())),
        }
    )


def pair_table(world: World) -> pa.Table:
    rows = world.pair
    return pa.table(
        {
            "code": pa.array([r.keys[0] for r in rows], pa.string()),
            "part": pa.array([r.keys[1] for r in rows], pa.int64()),
            "ts": arrow_instants([r.event_ts for r in rows]),
            "t": pa.array([r.values[0] for r in rows], pa.string()),
        }
    )


def everybody_table(world: World) -> pa.Table:
    rows = world.everybody
    return pa.table(
        {
            "ts": arrow_instants([r.event_ts for r in rows]),
            "seen_at": arrow_instants([r.available_at for r in rows]),
            "rate": pa.array([r.values[0] for r in rows], pa.float64()),
        }
    )
