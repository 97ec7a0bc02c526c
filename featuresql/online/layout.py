"""How several columns make one run of bytes for each row, and come back out of it.

    prefix | fixed values | bitmap of NULLs | u32 end of each variable value | variable values

Fixed values stand by their width, 8 bytes first, in the columns' order. Ends count from the first
variable value. A struct is such a run itself, and a list is

    u32 (2 * length + whether any is NULL) | u8 for each value: NULL? | u32 ends | values

where the second part is there if the bit says so, and the third if the values' width varies.
All numbers are little-endian. Every function works on whole columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from featuresql.online.fixed import (
    WIDTHS_BYTES,
    fixed_width_bytes,
    from_items,
    item_type,
    null_mask,
    pack_bits,
    to_items,
)
from featuresql.online.segments import (
    MAX_ARRAY_BYTES,
    Bools,
    Bytes,
    Ints,
    Segments,
    binary_array,
    corrupt,
    join,
    lengths_of,
    matrix_array,
    offsets_of,
    too_large,
)

_BLOCK_ROWS = 2048
_END_BYTES = 4
_LIST_HEAD_BYTES = 4


@dataclass(frozen=True, slots=True)
class Validity:
    """Which values are there: an Arrow bitmap, None where all are, and how many are NULL."""

    bitmap: pa.Buffer | None = None
    nulls: int = 0


_ALL_VALID = Validity()


@dataclass(frozen=True, slots=True)
class _Span:
    """The columns of one type of fixed width, side by side in a row from `start` on."""

    kind: pa.DataType
    width_bytes: int
    start: int
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """The wanted columns of one type: which ones of its span, and where they are wanted.

    Of a fixed width, `picked` is None where all are wanted in their order. Of texts, `span` is
    None, and `picked` counts the columns whose width varies.
    """

    kind: pa.DataType
    span: _Span | None
    picked: Ints | None
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Projection:
    """The wanted columns: those decoded type by type, and the others (position, which variable)."""

    groups: tuple[_Group, ...]
    others: tuple[tuple[int, int], ...]


class Layout:
    """Encodes and decodes rows of columns of the given Arrow types, after a constant prefix."""

    def __init__(self, kinds: Sequence[pa.DataType], prefix: bytes = b"") -> None:
        """Place the columns."""
        self.kinds = tuple(kinds)
        self.prefix = prefix
        widths = [fixed_width_bytes(kind) for kind in self.kinds]
        self._spans: list[_Span] = []
        position = len(prefix)
        for width_bytes in WIDTHS_BYTES:
            alike: dict[pa.DataType, list[int]] = {}
            for column, kind in enumerate(self.kinds):
                if widths[column] == width_bytes:
                    alike.setdefault(kind, []).append(column)
            for kind, columns in alike.items():
                self._spans.append(_Span(kind, width_bytes, position, tuple(columns)))
                position += width_bytes * len(columns)
        self._variable = tuple(i for i, width in enumerate(widths) if width is None)
        self._nulls_at = position
        self._ends_at = position + (len(self.kinds) + 7) // 8
        self.head_bytes = self._ends_at + _END_BYTES * len(self._variable)
        self._projections: dict[tuple[int, ...], _Projection] = {}

    def encode(self, columns: Sequence[pa.Array], count: int) -> pa.BinaryArray:
        """Return the bytes of each of `count` rows."""
        head = np.zeros((count, self.head_bytes), np.uint8)
        head[:, : len(self.prefix)] = np.frombuffer(self.prefix, np.uint8)
        self._fill_fixed(head, columns)
        self._fill_nulls(head, columns)
        if not self._variable or count == 0:
            return matrix_array(head)
        values = [encode_values(columns[i]) for i in self._variable]
        ends = np.cumsum(np.stack([lengths_of(v) for v in values], axis=1), axis=1)
        head[:, self._ends_at :] = ends.astype("<u4").view(np.uint8)
        return join(matrix_array(head), *values)

    def decode(self, rows: Segments, wanted: tuple[int, ...]) -> list[pa.Array]:
        """Return the `wanted` columns of the rows, in the order in which they are wanted.

        Raises `OnlineStoreError` with code `corrupt` where the bytes are not of this layout.
        """
        count = len(rows)
        if count == 0:
            return [pa.array([], self.kinds[i]) for i in wanted]
        head = rows.heads(self.head_bytes)
        if self.prefix and head[:, : len(self.prefix)].tobytes() != self.prefix * count:
            raise corrupt("it is of another schema")
        edges = self._variable_edges(rows, head)
        nulls = self._null_flags(head, wanted)
        projection = self._projection(wanted)
        arrays: dict[int, pa.Array] = {}
        for group in projection.groups:
            valid = _validity(None if nulls is None else nulls[:, group.positions].T.ravel())
            together = (
                _decode_texts(group, rows.data, edges, valid)
                if group.span is None
                else _decode_fixed(group, group.span, head, valid)
            )
            # The columns are slices of one array: a third of the work of making each by itself.
            for at, position in enumerate(group.positions):
                arrays[position] = together.slice(at * count, count)
        for position, at in projection.others:
            values = Segments(rows.data, edges[:, at], edges[:, at + 1])
            valid = _validity(None if nulls is None else nulls[:, position])
            arrays[position] = decode_values(self.kinds[wanted[position]], values, valid)
        return [arrays[position] for position in range(len(wanted))]

    def null_row(self) -> bytes:
        """Return the bytes of a row in which every column is NULL."""
        values = [null_value(self.kinds[i]) for i in self._variable]
        ends = np.cumsum([len(value) for value in values], dtype=np.int64).astype("<u4")
        zeros = bytes(self._nulls_at - len(self.prefix))
        ones = b"\xff" * (self._ends_at - self._nulls_at)
        return b"".join([self.prefix, zeros, ones, ends.tobytes(), *values])

    def _fill_fixed(self, head: Bytes, columns: Sequence[pa.Array]) -> None:
        """Write the fixed columns, some rows at a time so that these stay in the cache."""
        targets = []
        for span in self._spans:
            for at, column in enumerate(span.columns):
                here = span.start + at * span.width_bytes
                target = head[:, here : here + span.width_bytes].view(item_type(span.width_bytes))
                targets.append((target[:, 0], to_items(columns[column])))
        for first in range(0, len(head), _BLOCK_ROWS):
            block = slice(first, first + _BLOCK_ROWS)
            for target, items in targets:
                target[block] = items[block]

    def _fill_nulls(self, head: Bytes, columns: Sequence[pa.Array]) -> None:
        masks = {i: mask for i, c in enumerate(columns) if (mask := null_mask(c)) is not None}
        if not masks:
            return
        flags = np.zeros((len(head), len(self.kinds)), np.bool_)
        for column, mask in masks.items():
            flags[:, column] = mask
        head[:, self._nulls_at : self._ends_at] = np.packbits(flags, axis=1, bitorder="little")

    def _variable_edges(self, rows: Segments, head: Bytes) -> Ints:
        """Return where each variable column starts and the row ends, a row a line, all checked."""
        edges = np.empty((len(rows), 1 + len(self._variable)), np.int64)
        edges[:, 0] = rows.starts + self.head_bytes
        if self._variable:
            edges[:, 1:] = head[:, self._ends_at :].view("<u4")
            edges[:, 1:] += edges[:, :1]
            if bool((edges[:, 1:] < edges[:, :-1]).any()):
                raise corrupt("its values overlap")
        if not np.array_equal(edges[:, -1], rows.ends):
            raise corrupt("its length is wrong")
        return edges

    def _null_flags(self, head: Bytes, wanted: tuple[int, ...]) -> Bools | None:
        """Return a matrix of where the wanted columns are NULL; None where nothing is."""
        bitmap = head[:, self._nulls_at : self._ends_at]
        if not bitmap.any():
            return None
        flags = np.unpackbits(bitmap, axis=1, bitorder="little")[:, list(wanted)]
        return flags.view(np.bool_)

    def _projection(self, wanted: tuple[int, ...]) -> _Projection:
        """Return how to decode these columns, remembered: a service asks for the same again."""
        known = self._projections.get(wanted)
        if known is not None:
            return known
        groups, others = [], []
        for span in self._spans:
            positions = tuple(p for p, column in enumerate(wanted) if column in span.columns)
            picked = [span.columns.index(wanted[p]) for p in positions]
            if picked:
                everything = picked == list(range(len(span.columns)))
                index = None if everything else np.array(picked, np.int64)
                groups.append(_Group(span.kind, span, index, positions))
        variable = [
            (p, self._variable.index(c)) for p, c in enumerate(wanted) if c in self._variable
        ]
        for kind in (pa.string(), pa.binary()):
            texts = [(p, at) for p, at in variable if self.kinds[wanted[p]] == kind]
            if texts:
                index = np.array([at for _, at in texts], np.int64)
                groups.append(_Group(kind, None, index, tuple(p for p, _ in texts)))
        others = [(p, at) for p, at in variable if not _is_text(self.kinds[wanted[p]])]
        self._projections[wanted] = _Projection(tuple(groups), tuple(others))
        return self._projections[wanted]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _decode_fixed(group: _Group, span: _Span, head: Bytes, valid: Validity) -> pa.Array:
    """Return the wanted columns of one type, one after the other."""
    end = span.start + span.width_bytes * len(span.columns)
    items = head[:, span.start : end].view(item_type(span.width_bytes))
    if group.picked is not None:
        items = items[:, group.picked]
    values = pa.py_buffer(np.ascontiguousarray(items.T))
    return from_items(span.kind, values, items.size, valid.bitmap, valid.nulls)


def _decode_texts(group: _Group, data: Bytes, edges: Ints, valid: Validity) -> pa.Array:
    """Return the wanted columns of texts, one after the other.

    The edges of all rows, line by line, cut the data into the variable columns and, after the last
    of a row, the head of the next one. Taking the wanted of these pieces copies them in C.
    """
    assert group.picked is not None  # noqa: S101 - a group of texts always has it
    count, pieces = edges.shape
    first, last = int(edges[0, 0]), int(edges[-1, -1])
    if last - first > MAX_ARRAY_BYTES:
        raise too_large()
    cuts = (edges - first).astype(np.int32).ravel()
    wanted = group.picked[:, None] + np.arange(0, count * pieces, pieces)[None, :]
    taken = binary_array(cuts, pa.py_buffer(data[first:last])).take(pa.array(wanted.ravel()))
    _, offsets, values = taken.buffers()
    return _texts(group.kind, len(taken), valid, offsets, values)


def _validity(nulls: Bools | None) -> Validity:
    if nulls is None or not nulls.any():
        return _ALL_VALID
    return Validity(pack_bits(~nulls), int(nulls.sum()))


def encode_values(array: pa.Array) -> pa.BinaryArray:
    """Return the bytes of each value of an array whose width varies; where NULL, any valid ones."""
    kind = array.type
    if pa.types.is_struct(kind):
        fields = [array.field(i) for i in range(kind.num_fields)]
        return _struct_layout(kind).encode(fields, len(array))
    if pa.types.is_list(kind):
        return _encode_lists(array)
    plain = array.cast(pa.binary())
    return plain.fill_null(b"") if plain.null_count else plain


def decode_values(kind: pa.DataType, values: Segments, validity: Validity) -> pa.Array:
    """Return the values that `encode_values` made bytes of."""
    if pa.types.is_struct(kind):
        fields = _struct_layout(kind).decode(values, tuple(range(kind.num_fields)))
        return pa.Array.from_buffers(
            kind, len(values), [validity.bitmap], null_count=validity.nulls, children=fields
        )
    if pa.types.is_list(kind):
        return _decode_lists(kind, values, validity)
    offsets, data = values.gather()
    return _texts(kind, len(values), validity, pa.py_buffer(offsets), data)


def _texts(
    kind: pa.DataType, count: int, valid: Validity, offsets: pa.Buffer, data: pa.Buffer | None
) -> pa.Array:
    """Return an array of texts or blobs whose offsets are sound already."""
    data = pa.py_buffer(b"") if data is None else data
    array = pa.Array.from_buffers(kind, count, [valid.bitmap, offsets, data], valid.nulls)
    if pa.types.is_string(kind):
        try:
            array.validate(full=True)
        except pa.ArrowInvalid as error:
            raise corrupt("a text in it is no UTF-8") from error
    return array


def null_value(kind: pa.DataType) -> bytes:
    """Return bytes that stand for a NULL of a type whose width varies."""
    if pa.types.is_struct(kind):
        return _struct_layout(kind).null_row()
    return bytes(_LIST_HEAD_BYTES) if pa.types.is_list(kind) else b""


@lru_cache(maxsize=256)
def _struct_layout(kind: pa.StructType) -> Layout:
    return Layout([field.type for field in kind])


def _encode_lists(array: pa.ListArray) -> pa.BinaryArray:
    """Encode lists: their elements as one array first, and then cut at the lists' edges."""
    elements = array.flatten()  # leaves out what stands under NULL lists
    lengths: Ints = pc.list_value_length(array).fill_null(0).to_numpy().astype(np.int64)
    edges = np.zeros(len(array) + 1, np.int64)
    np.cumsum(lengths, out=edges[1:])
    mask = null_mask(elements)
    holed = np.zeros(len(array), np.bool_)
    parts: list[pa.BinaryArray] = []
    if mask is not None:
        seen = np.concatenate([[0], np.cumsum(mask)])
        holed = seen[edges[1:]] > seen[edges[:-1]]
        kept = mask[np.repeat(holed, lengths)]
        parts.append(_cut(np.where(holed, lengths, 0), pa.py_buffer(kept.view(np.uint8))))
    width_bytes = fixed_width_bytes(elements.type)
    if width_bytes is not None:
        items = np.ascontiguousarray(to_items(elements))
        parts.append(_cut(lengths * width_bytes, pa.py_buffer(items)))
    else:
        parts.extend(_encode_elements(encode_values(elements), edges, lengths))
    head = (2 * lengths + holed).astype("<u4").view(np.uint8).reshape(-1, _LIST_HEAD_BYTES)
    return join(matrix_array(head), *parts)


def _encode_elements(values: pa.BinaryArray, edges: Ints, lengths: Ints) -> list[pa.BinaryArray]:
    """Return for each list its elements' ends, and their bytes."""
    cuts = offsets_of(values).astype(np.int64)
    firsts = cuts[edges[:-1]]
    ends = (cuts[1:] - np.repeat(firsts, lengths)).astype("<u4")
    data = values.buffers()[2] or pa.py_buffer(b"")
    return [
        _cut(lengths * _END_BYTES, pa.py_buffer(ends)),
        binary_array(cuts[edges].astype(np.int32), data),
    ]


def _cut(lengths_bytes: Ints, data: pa.Buffer) -> pa.BinaryArray:
    """Return `data` cut into consecutive runs of these lengths."""
    offsets = np.zeros(len(lengths_bytes) + 1, np.int64)
    np.cumsum(lengths_bytes, out=offsets[1:])
    if offsets[-1] > MAX_ARRAY_BYTES:
        raise too_large()
    return binary_array(offsets.astype(np.int32), data)


def _decode_lists(kind: pa.ListType, values: Segments, validity: Validity) -> pa.ListArray:
    head = values.heads(_LIST_HEAD_BYTES).copy().view("<u4")[:, 0]
    lengths, holed = (head >> 1).astype(np.int64), (head & 1).astype(np.bool_)
    offsets = np.zeros(len(values) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    holes_at = values.starts + _LIST_HEAD_BYTES
    body_at = holes_at + np.where(holed, lengths, 0)
    width_bytes = fixed_width_bytes(kind.value_type)
    data_at = body_at if width_bytes is not None else body_at + _END_BYTES * lengths
    if bool((data_at > values.ends).any()) or int(offsets[-1]) > MAX_ARRAY_BYTES:
        raise corrupt("a list in it is longer than its bytes")
    valid = _element_validity(Segments(values.data, holes_at, body_at), lengths, holed)
    if width_bytes is not None:
        if not np.array_equal(values.ends - data_at, lengths * width_bytes):
            raise corrupt("a list in it has another length than its bytes")
        _, items = Segments(values.data, data_at, values.ends).gather()
        total = int(offsets[-1])
        elements = from_items(kind.value_type, items, total, valid.bitmap, valid.nulls)
    else:
        ends = Segments(values.data, body_at, data_at)
        runs = _element_runs(ends, Segments(values.data, data_at, values.ends), lengths, offsets)
        elements = decode_values(kind.value_type, runs, valid)
    buffers = [validity.bitmap, pa.py_buffer(offsets.astype(np.int32))]
    return pa.Array.from_buffers(
        kind, len(values), buffers, null_count=validity.nulls, children=[elements]
    )


def _element_validity(holes: Segments, lengths: Ints, holed: Bools) -> Validity:
    """Return which elements of all lists are there; only lists with holes have bytes for it."""
    if not holed.any():
        return _ALL_VALID
    _, flags = holes.gather()
    nulls = np.zeros(int(lengths.sum()), np.bool_)
    nulls[np.repeat(holed, lengths)] = np.frombuffer(flags, np.uint8) != 0
    return _validity(nulls)


def _element_runs(ends: Segments, data: Segments, lengths: Ints, offsets: Ints) -> Segments:
    """Return the bytes of every element of all lists, checked against the lists' own."""
    _, packed = ends.gather()
    element_ends = np.frombuffer(packed, "<u4").astype(np.int64) + np.repeat(data.starts, lengths)
    element_starts = np.empty_like(element_ends)
    element_starts[1:] = element_ends[:-1]
    some = lengths > 0
    element_starts[offsets[:-1][some]] = data.starts[some]
    lasts = data.starts.copy()
    lasts[some] = element_ends[offsets[1:][some] - 1]
    if bool((element_ends < element_starts).any()) or not np.array_equal(lasts, data.ends):
        raise corrupt("a list in it overlaps its bytes")
    return Segments(data.data, element_starts, element_ends)
