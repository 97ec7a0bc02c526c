"""The codec of keys, by itself."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from online_strategies import key_column_types, values_of

from featuresql.errors import OnlineStoreError
from featuresql.online.key_codec import KeyCodec
from featuresql.spec.column_type import BIGINT, VARCHAR, ColumnType, scalar
from featuresql.spec.model import Column

LIMIT = 503


def encode(
    kinds: list[ColumnType], rows: list[tuple[object, ...]], limit: int = LIMIT
) -> list[bytes | None]:
    names = [f"k{i}" for i in range(len(kinds))]
    codec = KeyCodec([Column(n, k) for n, k in zip(names, kinds, strict=True)], limit)
    arrays = [pa.array([row[i] for row in rows], k.arrow) for i, k in enumerate(kinds)]
    return codec.encode(pa.RecordBatch.from_arrays(arrays, names=names))


def order_of(value: object) -> object:
    return value.encode() if isinstance(value, str) else value


@settings(max_examples=200, deadline=None)
@given(st.lists(key_column_types, min_size=1, max_size=3), st.data())
def test_keys_are_different_bytes_in_the_order_of_the_keys(
    kinds: list[ColumnType], data: st.DataObject
) -> None:
    row = st.tuples(*(values_of(kind, nulls=False) for kind in kinds))
    rows = data.draw(st.lists(row, min_size=1, max_size=12))
    encoded = encode(kinds, rows)
    assert None not in encoded
    pairs = list(zip(encoded, [tuple(map(order_of, row)) for row in rows], strict=True))
    for mine, key in pairs:
        for other, another in pairs:
            assert (mine < other) == (key < another)
            assert (mine == other) == (key == another)


def test_zero_bytes_in_texts_never_make_two_keys_one() -> None:
    texts = ["", "\x00", "\x00\x00", "\x01", "a", "a\x00", "a\x00\x01b", "b\x00\x01c", "b", "c"]
    rows = [(left, right) for left in texts for right in texts]
    assert len(set(encode([VARCHAR, VARCHAR], rows))) == len(rows)


def test_a_key_with_a_null_part_has_no_bytes() -> None:
    rows = [(1, "a"), (None, "a"), (1, None), (None, None)]
    assert [key is None for key in encode([BIGINT, VARCHAR], rows)] == [False, True, True, True]
    assert encode([BIGINT], [(None,), (2,)]) == [None, b"\x80\0\0\0\0\0\0\x02"]


def test_slices_of_arrays_are_encoded_as_their_own_values() -> None:
    codec = KeyCodec([Column("a", BIGINT), Column("b", VARCHAR)], LIMIT)
    batch = pa.record_batch({"a": [1, 2, 3], "b": ["x", "yy", "zzz"]})
    assert codec.encode(batch.slice(1, 2)) == codec.encode(batch)[1:]


def test_long_keys_are_hashed_and_stay_different() -> None:
    texts = ["x" * n for n in range(495, 520)] + ["x" * 600 + "a", "x" * 600 + "b"]
    encoded = encode([VARCHAR], [(text,) for text in texts])
    assert len(set(encoded)) == len(texts)
    assert max(len(key) for key in encoded if key) == LIMIT


def test_the_longest_plain_key_is_one_byte_shorter_than_a_hashed_one() -> None:
    rows = [("x" * (LIMIT - 1),), ("x" * LIMIT,)]
    plain, hashed = encode([VARCHAR], rows)
    assert plain == rows[0][0].encode()
    assert hashed is not None
    assert len(hashed) == LIMIT
    assert hashed != rows[1][0].encode()


def test_no_keys_give_no_bytes() -> None:
    assert encode([BIGINT, VARCHAR], []) == []
    assert encode([VARCHAR], []) == []


def test_keys_of_another_type_are_refused() -> None:
    codec = KeyCodec([Column("day", scalar("DATE"))], LIMIT)
    with pytest.raises(OnlineStoreError, match="day date32") as caught:
        codec.encode(pa.record_batch({"day": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]}))
    assert caught.value.code == "key-type"
