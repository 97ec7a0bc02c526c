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
        columns = keys.columns
        if not keys.num_rows:
            return []
        if any(pa.types.is_string(kind) for kind in self._kinds):
            last = len(columns) - 1
            parts = [_as_binary(column, last=at == last) for at, column in enumerate(columns)]
            texts = to_list(join(*parts) if len(parts) > 1 else parts[0])
        else:
            matrix = np.concatenate([_big_endian(column) for column in columns], axis=1)
            texts = matrix.view(f"V{matrix.shape[1]}")[:, 0].tolist()
        found: list[bytes | None] = [*texts]
        if max(map(len, texts)) >= self._max_bytes:
            found[:] = map(self._shorten, texts)
        for mask in map(null_mask, columns):
            if mask is not None:
                for row in np.flatnonzero(mask).tolist():
                    found[row] = None
        return found

    def _shorten(self, text: bytes) -> bytes:
        if len(text) < self._max_bytes:
            return text
        return text[: self._max_bytes - _HASH_BYTES] + hashlib.sha256(text).digest()


def _as_binary(column: pa.Array, *, last: bool) -> pa.BinaryArray:
    """Return the bytes of one part of each key; of a NULL, any."""
    if not pa.types.is_string(column.type):
        return matrix_array(_big_endian(column))
    text = column.cast(pa.binary())
    text = text.fill_null(b"") if text.null_count else text
    return text if last else join(pc.replace_substring(text, b"\x00", b"\x00\xff"), _END_OF_TEXT)


def _big_endian(column: pa.Array) -> Bytes:
    """Return the values' bytes, the greatest first and the sign turned, as a matrix."""
    kind = column.type
    width_bytes = fixed_width_bytes(kind) or 0
    matrix = to_items(column).view(np.uint8).reshape(len(column), width_bytes)
    matrix = np.ascontiguousarray(matrix[:, ::-1])
    if not (pa.types.is_boolean(kind) or pa.types.is_unsigned_integer(kind)):
        matrix[:, 0] ^= 0x80
    return matrix
