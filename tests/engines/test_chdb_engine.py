from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from engine_contract import EngineContract, Open

from featuresql.engines.clickhouse_chdb import ChdbFolder
from featuresql.engines.clickhouse_engine import ClickHouseEngine
from featuresql.ports import Engine
from featuresql.spec.model import Source


@pytest.fixture
def open_engine() -> Open:
    def made(root: Path, sources: Sequence[Source]) -> Engine:
        named = {source.name: source for source in sources}
        return ClickHouseEngine(ChdbFolder(root / "e.chdb"), root, named)

    return made


class TestChdbEngine(EngineContract):
    """The contract on ClickHouse in the process."""
