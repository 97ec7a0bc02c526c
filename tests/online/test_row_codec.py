"""The codec of rows, by itself."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from online_strategies import exact_column, tables

from featuresql.errors import OnlineStoreError
from featuresql.online.row_codec import RowCodec
from featuresql.online.segments import concat, to_list
from featuresql.spec.column_type import TIMESTAMP_ARROW, ColumnType, parse_type
from featuresql.spec.model import Column

Table = tuple[list[ColumnType], list[pa.Array]]


def instants(count: int) -> pa.Array:
    return pa.array(range(1, count + 1), TIMESTAMP_ARROW)


def codec_of(kinds: list[ColumnType]) -> RowCodec:
    return RowCodec([Column(f"c{i}", kind) for i, kind in enumerate(kinds)])


def names_of(kinds: list[ColumnType]) -> tuple[str, ...]:
    return tuple(f"c{i}" for i in range(len(kinds)))


def encode(kinds: list[ColumnType], columns: list[pa.Array]) -> tuple[RowCodec, list[bytes]]:
    codec = codec_of(kinds)
    count = len(columns[0]) if columns else 1
    return codec, to_list(codec.encode([instants(count), instants(count), *columns], count))


def one(text: str, values: list[object]) -> tuple[RowCodec, list[bytes]]:
    kind = parse_type(text)
    return encode([kind], [pa.array(values, kind.arrow)])


@settings(max_examples=200, deadline=None)
@given(tables(), st.data())
def test_every_type_comes_back_to_the_bit_in_any_selection_and_order(
    table: Table, data: st.DataObject
) -> None:
    kinds, columns = table
    codec, rows = encode(kinds, columns)
    order = data.draw(st.permutations(range(len(kinds))))
    wanted = order[: data.draw(st.integers(0, len(order)))]
    stored = concat([codec.missing_row, *rows, codec.missing_row])
    batch = codec.decode(stored, tuple(f"c{i}" for i in wanted))
    batch.validate()
    assert batch.schema.names == ["event_ts", "available_at", *(f"c{i}" for i in wanted)]
    for i in wanted:
        found = batch.column(f"c{i}")
        assert found.type == kinds[i].arrow
        assert exact_column(found) == [None, *exact_column(columns[i]), None]
    ticks = batch.column("event_ts").cast(pa.int64()).to_pylist()
    assert ticks == [None, *range(1, len(rows) + 1), None]
    assert batch.column("available_at").equals(batch.column("event_ts"))


@settings(max_examples=100, deadline=None)
@given(tables(max_columns=3), st.data())
def test_a_row_has_the_same_bytes_whatever_rows_it_is_encoded_with(
    table: Table, data: st.DataObject
) -> None:
    kinds, columns = table
    codec, rows = encode(kinds, columns)
    at = data.draw(st.integers(0, len(rows) - 1))
    tick = instants(len(rows)).slice(at, 1)
    alone = codec.encode([tick, tick, *(column.slice(at, 1) for column in columns)], 1)
    assert to_list(alone) == [rows[at]]


@pytest.mark.parametrize(("text", "item"), [("FLOAT", np.uint32), ("DOUBLE", np.uint64)])
def test_every_bit_of_a_float_survives(text: str, item: type[np.unsignedinteger]) -> None:
    width = np.dtype(item).itemsize * 8
    quiet, signalling, sign = 0x7FC00001, 0x7F800001, 1 << (width - 1)
    bits = [0, sign, 1, sign + 1, quiet << (width - 32), signalling << (width - 32), 2**width - 1]
    patterns = np.array(bits, item)
    kind = parse_type(text)
    array = pa.array(patterns.view(f"f{width // 8}"))
    lists = pa.ListArray.from_arrays([0, 3, len(bits)], array)
    codec, rows = encode([kind], [array])
    found = codec.decode(concat(rows), ("c0",)).column("c0")
    assert (found.to_numpy().view(item) == patterns).all()
    codec, rows = encode([parse_type(text + "[]")], [lists])
    found = codec.decode(concat(rows), ("c0",)).column("c0")
    assert (found.flatten().to_numpy().view(item) == patterns).all()


@pytest.mark.parametrize("offset", [0, 1, 7, 8, 9])
def test_slices_of_booleans_are_their_own_bits(offset: int) -> None:
    flags = pa.array([(i * i) % 3 == 1 for i in range(30)]).slice(offset, 12)
    codec, rows = encode([parse_type("BOOLEAN")], [flags])
    assert codec.decode(concat(rows), ("c0",)).column("c0").equals(flags)


def test_instants_keep_their_whole_range() -> None:
    ticks = pa.array([-(2**63), 2**63 - 1], pa.int64()).cast(TIMESTAMP_ARROW)
    codec = codec_of([])
    rows = to_list(codec.encode([ticks, ticks], 2))
    assert codec.decode(concat(rows), ()).column("available_at").equals(ticks)
    assert codec.instants(concat(rows)).tolist() == [[-(2**63)] * 2, [2**63 - 1] * 2]


def test_what_stands_under_a_null_is_not_stored() -> None:
    secret = pa.Array.from_buffers(
        pa.int64(), 1, [pa.py_buffer(b"\0"), pa.py_buffer(b"secretly")], null_count=1
    )
    _, rows = encode([parse_type("BIGINT")], [secret])
    assert b"secretly" not in rows[0]
    lists = pa.ListArray.from_arrays(pa.array([0, 2]), pa.array([1, 2]), mask=pa.array([True]))
    _, rows = encode([parse_type("BIGINT[]")], [lists])
    _, empty = one("BIGINT[]", [None])
    assert rows == empty


def test_no_rows_give_an_empty_batch_of_the_right_types() -> None:
    codec = codec_of([parse_type("VARCHAR[]"), parse_type("DOUBLE")])
    batch = codec.decode(concat([]), ("c1", "c0"))
    assert batch.num_rows == 0
    assert batch.schema.types[2:] == [pa.float64(), pa.list_(pa.string())]


def test_an_unknown_feature_is_named_with_the_nearest_one() -> None:
    codec = RowCodec([Column("delay", parse_type("DOUBLE"))])
    with pytest.raises(OnlineStoreError, match="no feature 'delai'") as caught:
        codec.decode(concat([codec.missing_row]), ("delai",))
    assert caught.value.code == "not-materialized"
    assert "did you mean 'delay'" in (caught.value.hint or "")


def test_rows_of_another_schema_are_refused() -> None:
    _, rows = one("BIGINT", [1])
    other, _ = one("DOUBLE", [1.0])
    with pytest.raises(OnlineStoreError, match="another schema") as caught:
        other.decode(concat(rows), ())
    assert caught.value.code == "corrupt"


@pytest.mark.parametrize(
    ("text", "value", "cut"),
    [("BIGINT", 1, -1), ("VARCHAR", "abc", -1), ("VARCHAR", "abc", 20), ("BIGINT", 1, 0)],
)
def test_a_row_that_was_cut_off_is_refused(text: str, value: object, cut: int) -> None:
    codec, rows = one(text, [value, value])
    with pytest.raises(OnlineStoreError) as caught:
        codec.decode(concat([rows[0], rows[1][:cut]]), ("c0",))
    assert caught.value.code == "corrupt"


def test_a_row_with_bytes_too_many_is_refused() -> None:
    codec, rows = one("BIGINT", [1, 2])
    with pytest.raises(OnlineStoreError, match="length"):
        codec.decode(concat([rows[0] + b"x", rows[1]]), ())


@pytest.mark.parametrize(
    ("text", "value", "old", "new", "message"),
    [
        ("VARCHAR", "abc", b"abc", b"a\xffc", "UTF-8"),
        ("VARCHAR[]", ["abc"], b"abc", b"a\xffc", "UTF-8"),
        ("BIGINT[]", [7], b"\x02\0\0\0\x07", b"\x04\0\0\0\x07", "list"),
        ("BIGINT[]", [7], b"\x02\0\0\0\x07", b"\xfe\xff\xff\xff\x07", "list"),
        ("VARCHAR[]", ["abc"], b"\x02\0\0\0\x03", b"\x02\0\0\0\x02", "list"),
        ("VARCHAR[]", ["abc"], b"\x02\0\0\0\x03", b"\x02\0\0\0\xff", "list"),
    ],
)
def test_damage_within_values_is_found(
    text: str, value: object, old: bytes, new: bytes, message: str
) -> None:
    codec, rows = one(text, [value])
    assert rows[0].count(old) == 1
    with pytest.raises(OnlineStoreError, match=message) as caught:
        codec.decode(concat([rows[0].replace(old, new)]), ("c0",))
    assert caught.value.code == "corrupt"


def test_values_that_overlap_are_refused() -> None:
    kind = parse_type("VARCHAR")
    codec, rows = encode([kind, kind], [pa.array(["abc"]), pa.array(["de"])])
    ends, wrong = b"\x03\0\0\0\x05\0\0\0", b"\x09\0\0\0\x05\0\0\0"
    assert rows[0].count(ends) == 1
    with pytest.raises(OnlineStoreError, match="overlap"):
        codec.decode(concat([rows[0].replace(ends, wrong)]), ("c0",))


@settings(max_examples=200, deadline=None)
@given(tables(max_columns=4, max_rows=3), st.data())
def test_damaged_bytes_are_refused_or_read_as_sound_arrays(
    table: Table, data: st.DataObject
) -> None:
    kinds, columns = table
    codec, rows = encode(kinds, columns)
    at = data.draw(st.integers(0, len(rows) - 1))
    start = data.draw(st.integers(8, len(rows[at])))
    junk = data.draw(st.binary(max_size=8))
    rows[at] = rows[at][:start] + junk + rows[at][start + data.draw(st.integers(0, 8)) :]
    try:
        batch = codec.decode(concat(rows), names_of(kinds))
    except OnlineStoreError as error:
        assert error.code == "corrupt"  # noqa: PT017 - either end is right
    else:
        batch.validate()
        assert batch.num_rows == len(rows)
        assert len(batch.serialize()) > 0
