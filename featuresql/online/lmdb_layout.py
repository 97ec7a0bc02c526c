"""Which keys an LMDB store uses, in its one database.

    00 00 00 00 | text                              what the store knows of itself
    entity number | key of the entity | version number   a row; both numbers are u32, big-endian

So the rows of all views of one entity's key lie side by side, and versions never share a key.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from featuresql.errors import OnlineStoreError
from featuresql.online.lmdb_environment import Transaction
from featuresql.online.lmdb_errors import REBUILD

FORMAT: Final = b"featuresql online store 1"
NUMBER_BYTES: Final = 4
MAX_KEY_BYTES: Final = 511
MAX_ENTITY_KEY_BYTES: Final = MAX_KEY_BYTES - 2 * NUMBER_BYTES

_META: Final = bytes(NUMBER_BYTES)
# With a version number after it, a key that nothing has: names of the store are longer.
NO_ROW: Final = _META
_FORMAT_KEY: Final = _META + b"format"
CURRENT: Final = "current"
GARBAGE: Final = "garbage"
ENTITY: Final = "entity"
NEXT: Final = "next"


def number_bytes(number: int) -> bytes:
    """Return an entity's or a version's number as it stands in keys."""
    return struct.pack(">I", number)


def number_from(text: bytes) -> int:
    """Return the number that `number_bytes` wrote."""
    return int.from_bytes(text, "big")


def meta_key(kind: str, name: str) -> bytes:
    """Return the key of what the store knows of a view, an entity or a version."""
    return _META + f"{kind}/{name}".encode()


def meta_items(transaction: Transaction, kind: str) -> Iterator[tuple[str, bytes]]:
    """Return all that the store knows of one kind, as names and values."""
    prefix = meta_key(kind, "")
    cursor = transaction.cursor()
    if not cursor.set_range(prefix):
        return
    for key, value in cursor.iternext():
        if not key.startswith(prefix):
            return
        yield key[len(prefix) :].decode(), value


def has_format(transaction: Transaction) -> bool:
    """Return whether this is a store; False where the file is still empty.

    Raises `OnlineStoreError` with code `store-version` for a store of another version, or for a
    file of LMDB's that is none of ours.
    """
    found = transaction.get(_FORMAT_KEY)
    if found == FORMAT:
        return True
    if found is None and transaction.stat()["entries"] == 0:
        return False
    wrote = "something else" if found is None else f"'{found.decode(errors='replace')}'"
    raise OnlineStoreError(
        f"the online store was written by another version: it says {wrote},"
        f" this is '{FORMAT.decode()}'",
        code="store-version",
        hint=REBUILD,
    )


def put_format(transaction: Transaction) -> None:
    """Mark the file as a store of this version."""
    transaction.put(_FORMAT_KEY, FORMAT)


def take_number(transaction: Transaction, kind: str) -> int:
    """Return the next number of a kind, from 1. None is ever given twice."""
    key = meta_key(NEXT, kind)
    number = number_from(transaction.get(key) or number_bytes(1))
    transaction.put(key, number_bytes(number + 1))
    return number
