"""Runs of bytes within a buffer, cut and put together by numpy and Arrow, never one by one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from featuresql.errors import OnlineStoreError

Bytes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

MAX_ARRAY_BYTES = 2**31 - 1
_EMPTY = pa.scalar(b"", pa.binary())


def corrupt(what: str) -> OnlineStoreError:
    """Return the error for stored bytes that no write of ours can have made."""
    return OnlineStoreError(
        f"a stored row is damaged: {what}",
        code="corrupt",
        hint="materialize the view again",
    )


@dataclass(frozen=True, slots=True)
class Segments:
    """Runs of `data`: `starts[i]` up to, not including, `ends[i]`; in order, never overlapping."""

    data: Bytes
    starts: Ints
    ends: Ints

    def __len__(self) -> int:
        """Return how many runs there are."""
        return len(self.starts)

    def gather(self) -> tuple[npt.NDArray[np.int32], pa.Buffer]:
        """Return the runs' bytes without the gaps between them, and the n + 1 offsets into these.

        Raises `OnlineStoreError` with code `too-large` beyond 2 GiB, the most that an Arrow array
        of strings can hold.
        """
        lengths = self.ends - self.starts
        if self._beyond_arrow():
            raise too_large()
        offsets = np.zeros(len(self) + 1, np.int32)
        np.cumsum(lengths, out=offsets[1:])
        if len(self) == 0:
            return offsets, pa.py_buffer(b"")
        base = self.starts[0]
        edges = np.empty(2 * len(self), np.int32)
        edges[0::2] = self.starts - base
        edges[1::2] = self.ends - base
        if len(self) == 1 or bool((edges[1:-1:2] == edges[2::2]).all()):
            return offsets, pa.py_buffer(self.data[base : self.ends[-1]])
        # An Arrow array of run, gap, run, gap, …: taking the runs copies them in C.
        both = binary_array(edges, pa.py_buffer(self.data[base:]))
        runs = both.take(pa.array(np.arange(0, len(both), 2, dtype=np.int32)))
        return offsets, runs.buffers()[2] or pa.py_buffer(b"")

    def heads(self, width_bytes: int) -> Bytes:
        """Return the first `width_bytes` of each run as a contiguous matrix.

        Raises `OnlineStoreError` with code `corrupt` where a run is shorter.
        """
        count = len(self)
        if count and int((self.ends - self.starts).min()) < width_bytes:
            raise corrupt("it is too short")
        if count == 0 or width_bytes == 0:
            return np.zeros((count, width_bytes), np.uint8)
        if int(self.ends[-1] - self.starts[0]) == count * width_bytes:
            block = self.data[self.starts[0] : self.ends[-1]]
            return block.reshape(count, width_bytes)
        # A window at every byte of the data, as one item each: indexing copies whole windows.
        windows = np.ndarray(
            (len(self.data) - width_bytes + 1,), f"V{width_bytes}", self.data, strides=(1,)
        )
        picked: Bytes = windows[self.starts].view(np.uint8).reshape(count, width_bytes)
        return picked

    def _beyond_arrow(self) -> bool:
        return len(self) > 0 and int(self.ends[-1] - self.starts[0]) > MAX_ARRAY_BYTES


def too_large() -> OnlineStoreError:
    """Return the error for more bytes than one Arrow array of strings or lists can hold."""
    return OnlineStoreError(
        "the rows asked for hold more than 2 GiB of one kind of value",
        code="too-large",
        hint="ask for fewer keys at a time",
    )


def binary_array(offsets: npt.NDArray[np.int32], data: pa.Buffer) -> pa.BinaryArray:
    """Return the array of binaries that n + 1 `offsets` cut in `data`."""
    buffers = [None, pa.py_buffer(offsets), data]
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers, null_count=0)


def matrix_array(matrix: Bytes) -> pa.BinaryArray:
    """Return the rows of a contiguous matrix of bytes as an array of binaries, without a copy."""
    count, width_bytes = matrix.shape
    if count * width_bytes > MAX_ARRAY_BYTES:
        raise too_large()
    offsets = np.arange(count + 1, dtype=np.int32) * np.int32(width_bytes)
    return binary_array(offsets, pa.py_buffer(matrix))


def offsets_of(array: pa.BinaryArray) -> npt.NDArray[np.int32]:
    """Return the n + 1 offsets of a string or binary array, as they stand in its buffer."""
    if len(array) == 0:
        return np.zeros(1, np.int32)
    offsets = np.frombuffer(array.buffers()[1], np.int32)
    return offsets[array.offset : array.offset + len(array) + 1]


def lengths_of(array: pa.BinaryArray) -> Ints:
    """Return the length in bytes of each value of a string or binary array."""
    return np.diff(offsets_of(array)).astype(np.int64)


def join(*parts: pa.BinaryArray | pa.BinaryScalar) -> pa.BinaryArray:
    """Return each row's parts one after the other; NULL where a part is NULL."""
    return pc.binary_join_element_wise(*parts, _EMPTY)


def to_list(array: pa.BinaryArray) -> list[bytes]:
    """Return the values of a binary array without NULLs as a list of bytes."""
    if len(array) == 0:
        return []
    edges = offsets_of(array)
    data = array.buffers()[2]
    widths = np.diff(edges)
    if len(array) > 1 and data is not None and widths[0] > 0 and bool((widths == widths[0]).all()):
        block = np.frombuffer(data, np.uint8)[edges[0] : edges[-1]]
        fixed: list[bytes] = block.view(f"V{widths[0]}").tolist()
        return fixed
    text = (
        b"" if data is None else data.slice(int(edges[0]), int(edges[-1] - edges[0])).to_pybytes()
    )
    cuts: list[int] = (edges - edges[0]).tolist()
    return [text[start:end] for start, end in pairwise(cuts)]


def concat(values: list[bytes]) -> Segments:
    """Return `values`, put one after the other into one buffer, as its segments."""
    lengths = np.fromiter(map(len, values), np.int64, len(values))
    ends = lengths.cumsum()
    return Segments(np.frombuffer(b"".join(values), np.uint8), ends - lengths, ends)
