"""LMDB's errors and the system's, in the words of ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb

from featuresql.errors import OnlineStoreError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_DAMAGED = (lmdb.InvalidError, lmdb.CorruptedError, lmdb.PageNotFoundError, lmdb.PanicError)
REBUILD = "remove that folder and materialize again"


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Raise LMDB's and the system's errors in this block as `OnlineStoreError`."""
    try:
        yield
    except lmdb.Error as error:
        raise _from_lmdb(error, folder) from error
    except OSError as error:
        raise _error(f"{error.strerror}", error.errno or 0, folder) from error


def damaged(folder: Path, what: str) -> OnlineStoreError:
    """Return the error for a store whose file is not as its writer left it."""
    message = f"the online store at {folder} is damaged: {what}"
    return OnlineStoreError(message, code="corrupt", hint=REBUILD)


def _from_lmdb(error: lmdb.Error, folder: Path) -> OnlineStoreError:
    if isinstance(error, lmdb.VersionMismatchError):
        return OnlineStoreError(
            f"the online store at {folder} was written by another version of LMDB",
            code="store-version",
            hint=REBUILD,
        )
    if isinstance(error, _DAMAGED):
        return damaged(folder, error.reason)
    if isinstance(error, lmdb.ReadersFullError):
        return OnlineStoreError(
            f"too many reads are under way at once in the online store at {folder}",
            code="readers-full",
            hint="serve with fewer threads or processes",
        )
    return _error(error.reason, error.code, folder)


def _error(reason: str, number: int, folder: Path) -> OnlineStoreError:
    place = f"the online store at {folder}"
    if number in _FULL:
        hint = "make room and run again; what was served before is still there"
        return OnlineStoreError(f"the disk of {place} is full: {reason}", code="full", hint=hint)
    if number in _DENIED:
        return OnlineStoreError(
            f"{place} may not be opened: {reason}",
            code="denied",
            hint="readers need to write its lock.mdb too: give this user the rights to the folder",
        )
    return OnlineStoreError(f"{place} failed: {reason}")
