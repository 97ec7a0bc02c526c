from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from engine_contract import EngineContract, Open

from featuresql.engines.duckdb_engine import DuckDBEngine
from featuresql.ports import Engine
from featuresql.spec.model import Source


@pytest.fixture
def open_engine() -> Open:
    def made(root: Path, sources: Sequence[Source]) -> Engine:
        named = {source.name: source for source in sources}
        return DuckDBEngine(root / "e.duckdb", root, named, {"threads": 2})

    return made


class TestDuckDBEngine(EngineContract):
    """The contract on DuckDB."""
