"""A CQL cluster as an online store: the contract, and what only it can meet."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cql_server import shared_server
from online_store_contract import OnlineStoreContract

from featuresql.online import chunks
from featuresql.online.cql_settings import CqlSettings
from featuresql.online.cql_store import CqlStore


def settings_for(path: Path) -> CqlSettings:
    """Return settings for a keyspace that stands for `path`, alike in every process."""
    server = shared_server()
    keyspace = f"k{hashlib.sha256(str(path).encode()).hexdigest()[:20]}"
    return CqlSettings((server.host,), keyspace, server.port, server.local_dc, refresh_ms=0)


def open_store(path: Path) -> CqlStore:
    return CqlStore.open(settings_for(path))


class TestCqlStore(OnlineStoreContract):
    open_store = staticmethod(open_store)
    many = 1_500
    chunk_rows = 1_000

    @pytest.fixture(autouse=True)
    def small_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(chunks, "CHUNK_ROWS", self.chunk_rows)
