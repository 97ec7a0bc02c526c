"""An entity's keys as bytes: unambiguous, and in the order of the keys.

Numbers and instants are big-endian with their sign turned, so that bytes sort as they do; a
BOOLEAN is one byte, a DECIMAL sixteen. The last text of a key stands as its UTF-8; one before it
has each zero byte written as 00 FF and ends with 00 01, so that no two keys share their bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featuresql.errors import OnlineStoreError
from featuresql.online.fixed import fixed_width_bytes, null_mask, to_items
from featuresql.online.segments import Bytes, join, matrix_array, to_list
from featuresql.spec.model import Column

_HASH_BYTES: Final = 32
_END_OF_TEXT: Final = pa.scalar(b"\x00\x01", pa.binary())


class KeyCodec:
    """Turns the keys of one entity into bytes of at most `max_bytes`, many at a time.

    A longer key is cut, and the SHA-256 of the whole put at its end: it then has exactly
    `max_bytes`, which no key that stands as it is has. It may be shared by threads.
    """

    def __init__(self, keys: Sequence[Column], max_bytes: int) -> None:
        """Encode keys of these types, in their order; `max_bytes` is greater than 32."""
        self._names = tuple(key.name for key in keys)
        self._kinds = tuple(key.type.arrow for key in keys)
        self._max_bytes = max_bytes

    def check(self, keys: pa.RecordBatch) -> None:
        """Raise `OnlineStoreError` with code `key-type` where `keys` has other types."""
        found = tuple(keys.schema.types)
        if found != self._kinds:
            expected = ", ".join(f"{n} {k}" for n, k in zip(self._names, self._kinds, strict=True))
            raise OnlineStoreError(
                f"the keys are ({', '.join(map(str, found))}), the stored ones ({expected})",
                code="key-type",
                hint="materialize the view again if its entity has changed",
            )

    def encode(self, keys: pa.RecordBatch) -> list[bytes | None]:
        """Return the bytes of each key; None where a part of it is NULL.

        Raises `OnlineStoreError` with code `key-type` where the columns have other types.
        """
        self.check(keys)
        last = keys.num_columns - 1
        parts = [_encode_part(column, last=i == last) for i, column in enumerate(keys.columns)]
        whole = join(*parts) if len(parts) > 1 else parts[0]
        mask = null_mask(whole)
        plain = whole if mask is None else whole.fill_null(b"")
        texts: list[bytes | None] = list(to_list(plain))
        self._shorten(texts)
        if mask is not None:
            for row in np.flatnonzero(mask).tolist():
                texts[row] = None
        return texts

    def _shorten(self, texts: list[bytes | None]) -> None:
        limit = self._max_bytes
        for row, text in enumerate(texts):
            if text is not None and len(text) >= limit:
                texts[row] = text[: limit - _HASH_BYTES] + hashlib.sha256(text).digest()


def _encode_part(column: pa.Array, *, last: bool) -> pa.BinaryArray:
    """Return the bytes of one part of each key, NULL where it is."""
    if pa.types.is_string(column.type):
        text = column.cast(pa.binary())
        if last:
            return text
        return join(pc.replace_substring(text, b"\x00", b"\x00\xff"), _END_OF_TEXT)
    encoded = matrix_array(_big_endian(column))
    if column.null_count == 0:
        return encoded
    return pc.if_else(pc.is_valid(column), encoded, pa.scalar(None, pa.binary()))


def _big_endian(column: pa.Array) -> Bytes:
    """Return the values' bytes, the greatest first and the sign turned, as a matrix."""
    kind = column.type
    width_bytes = fixed_width_bytes(kind) or 0
    matrix = to_items(column).view(np.uint8).reshape(len(column), width_bytes)
    matrix = np.ascontiguousarray(matrix[:, ::-1])
    if not (pa.types.is_boolean(kind) or pa.types.is_unsigned_integer(kind)):
        matrix[:, 0] ^= 0x80
    return matrix
