"""A query of a compiled model, which is unpacked when somebody asks for it."""

from __future__ import annotations

import json
import zlib
from typing import cast

from sqlglot import exp, serde


class PackedTree:
    """A syntax tree with its text in DuckDB's dialect.

    In the compile cache it is compressed JSON, which `tree` reads when it is first asked for: most
    commands need the trees of few models. Nothing changes the tree that it gives.
    """

    __slots__ = ("_packed", "_tree", "sql")

    def __init__(self, tree: exp.Query) -> None:
        """Hold `tree`, which from now on nobody changes."""
        self._tree: exp.Query | None = tree
        self._packed: bytes | None = None
        self.sql = tree.sql("duckdb")

    @property
    def tree(self) -> exp.Query:
        """The query."""
        if self._tree is None:
            assert self._packed is not None  # noqa: S101 - it is packed, or it is a tree
            self._tree = cast("exp.Query", serde.load(json.loads(zlib.decompress(self._packed))))
        return self._tree

    def __getstate__(self) -> tuple[str, bytes]:
        """Return the text and the packed tree."""
        if self._packed is None:
            dumped = json.dumps(serde.dump(self.tree), separators=(",", ":"))
            self._packed = zlib.compress(dumped.encode(), level=1)
        return self.sql, self._packed

    def __setstate__(self, state: tuple[str, bytes]) -> None:
        """Take what `__getstate__` gave; the tree stays packed."""
        self.sql, self._packed = state
        self._tree = None
