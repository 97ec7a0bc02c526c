"""Which keys lie on the same node, so that one request for all of them stays there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from cassandra.metadata import Metadata, murmur3

from featuresql.online.segments import Ints


def tokens(keys: Sequence[bytes]) -> Ints:
    """Return the token of each partition key, by which a cluster places it."""
    return np.fromiter(map(murmur3, keys), np.int64, len(keys))


class Ring:
    """The nodes' ranges of tokens, as the driver knows them. Threads may share it."""

    def __init__(self, metadata: Metadata) -> None:
        """Follow `metadata`, which the driver keeps up to date."""
        self._metadata = metadata
        self._seen: object = None
        self._ends = np.zeros(0, np.int64)
        self._nodes = np.zeros(0, np.int64)

    def groups(self, keys: Sequence[bytes]) -> list[Ints]:
        """Return the rows of `keys` in groups: those whose first replica is the same node."""
        self._follow()
        if len(self._ends) == 0 or len(keys) <= 1:
            return [np.arange(len(keys))]
        at = np.searchsorted(self._ends, tokens(keys)) % len(self._ends)
        nodes = self._nodes[at]
        order = np.argsort(nodes, kind="stable")
        edges = np.flatnonzero(np.diff(nodes[order])) + 1
        return np.split(order, edges)

    def _follow(self) -> None:
        token_map = self._metadata.token_map
        if token_map is self._seen or token_map is None:
            return
        numbers: dict[object, int] = {}
        owners = token_map.token_to_host_owner
        nodes = [numbers.setdefault(owners[token], len(numbers)) for token in token_map.ring]
        ends = [token.value for token in token_map.ring] if len(numbers) > 1 else []
        self._nodes, self._ends = np.array(nodes, np.int64), np.array(ends, np.int64)
        self._seen = token_map
