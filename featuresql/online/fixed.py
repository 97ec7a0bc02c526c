"""Values of fixed width as items of numpy arrays: Arrow's own bytes, so every bit survives."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from featuresql.online.segments import Bools, Bytes

WIDTHS_BYTES: Final = (8, 16, 4, 2, 1)
_ITEMS: Final[dict[int, np.dtype[np.generic]]] = {
    1: np.dtype("u1"),
    2: np.dtype("<u2"),
    4: np.dtype("<u4"),
    8: np.dtype("<u8"),
    16: np.dtype("V16"),
}


def fixed_width_bytes(kind: pa.DataType) -> int | None:
    """Return how many bytes a value of `kind` takes in a row; None where that varies.

    A BOOLEAN and a NULL take one byte, so that no count of values can outgrow its bytes.
    """
    if pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return 1
    if pa.types.is_primitive(kind) or pa.types.is_decimal128(kind):
        return int(kind.bit_width) // 8
    if pa.types.is_interval(kind):
        return 16
    return None


def item_type(width_bytes: int) -> np.dtype[np.generic]:
    """Return numpy's type for copying values of that width, which no copy interprets."""
    return _ITEMS[width_bytes]


def null_mask(array: pa.Array) -> Bools | None:
    """Return where `array` is NULL, as one boolean a value; None where nothing is."""
    if array.null_count == 0:
        return None
    mask: Bools = pc.is_null(array).to_numpy(zero_copy_only=False)
    return mask


def to_items(array: pa.Array) -> npt.NDArray[np.generic]:
    """Return the values of an array of fixed width as items; where NULL, an item of zeros."""
    kind, count = array.type, len(array)
    width_bytes = fixed_width_bytes(kind)
    assert width_bytes is not None  # noqa: S101 - callers ask this first
    if count == 0 or pa.types.is_null(kind):
        return np.zeros(count, item_type(width_bytes))
    data = np.frombuffer(array.buffers()[1], np.uint8)
    items: npt.NDArray[np.generic]
    if pa.types.is_boolean(kind):
        first = array.offset // 8
        last = (array.offset + count + 7) // 8
        bits = np.unpackbits(data[first:last], bitorder="little")
        items = bits[array.offset % 8 :][:count]
    else:
        raw = data[array.offset * width_bytes : (array.offset + count) * width_bytes]
        items = raw.view(item_type(width_bytes))
    mask = null_mask(array)
    if mask is not None:
        items = items.copy()
        items[mask] = np.zeros((), items.dtype)
    return items


def from_items(
    kind: pa.DataType, items: pa.Buffer, count: int, validity: pa.Buffer | None, nulls: int
) -> pa.Array:
    """Return `count` values of `kind` out of their items, without a copy where Arrow has bytes."""
    if pa.types.is_null(kind):
        return pa.nulls(count)
    if pa.types.is_boolean(kind):
        items = pack_bits(np.frombuffer(items, np.uint8) != 0)
    return pa.Array.from_buffers(kind, count, [validity, items], null_count=nulls)


def pack_bits(flags: Bools | Bytes) -> pa.Buffer:
    """Return booleans as one of Arrow's bitmaps."""
    return pa.py_buffer(np.packbits(flags, bitorder="little"))
