"""Removes the rows of versions that nobody will read again."""

from __future__ import annotations

from functools import partial
from itertools import islice

from featuresql.online.lmdb_environment import LmdbEnvironment, Transaction
from featuresql.online.lmdb_layout import (
    GARBAGE,
    NUMBER_BYTES,
    has_format,
    meta_items,
    meta_key,
    number_bytes,
)

_SCANNED_KEYS = 65_536


def mark_garbage(transaction: Transaction, version_number: int, entity_number: int) -> None:
    """Note that the rows of a version may go, unless `unmark_garbage` comes first."""
    transaction.put(meta_key(GARBAGE, str(version_number)), number_bytes(entity_number))


def unmark_garbage(transaction: Transaction, version_number: int) -> None:
    """Note that a version is complete."""
    transaction.delete(meta_key(GARBAGE, str(version_number)))


def collect_garbage(environment: LmdbEnvironment) -> None:
    """Delete the rows of all marked versions, some in each transaction, and then the marks.

    Only who holds the writer's lock may call this, between its own writes: a version that is being
    written is marked too.
    """
    marks = environment.read(_marks) or {}
    for entity_number in sorted(set(marks.values())):
        dead = {number_bytes(n) for n, entity in marks.items() if entity == entity_number}
        position: bytes | None = number_bytes(entity_number)
        while position is not None:
            position = environment.write(partial(_delete_some, start=position, dead=dead))
    if marks:
        environment.write(lambda transaction: _unmark_all(transaction, list(marks)))


def _marks(transaction: Transaction) -> dict[int, int]:
    """Return the entity's number of each marked version."""
    if not has_format(transaction):
        return {}
    found = meta_items(transaction, GARBAGE)
    return {int(name): int.from_bytes(value, "big") for name, value in found}


def _delete_some(transaction: Transaction, start: bytes, dead: set[bytes]) -> bytes | None:
    """Delete dead rows among the next keys from `start`; return where to go on, None at the end."""
    entity = start[:NUMBER_BYTES]
    cursor = transaction.cursor()
    if not cursor.set_range(start):
        return None
    keys = list(islice(cursor.iternext(keys=True, values=False), _SCANNED_KEYS))
    for key in keys:
        if key[-NUMBER_BYTES:] in dead:
            transaction.delete(key)
    done = len(keys) < _SCANNED_KEYS or not keys[-1].startswith(entity)
    return None if done else keys[-1]


def _unmark_all(transaction: Transaction, version_numbers: list[int]) -> None:
    for number in version_numbers:
        unmark_garbage(transaction, number)
