"""A target's engine section -> ClickHouse, in the process or on a server."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import clickhouse_connect  # noqa: F401 - what needs it asks here whether it is installed

from featuresql.engines.clickhouse_engine import ClickHouseEngine
from featuresql.engines.clickhouse_place import Place
from featuresql.engines.clickhouse_server import ClickHouseServer
from featuresql.spec.model import EngineConfig, Source


def open_clickhouse(
    config: EngineConfig, path: Path, root: Path, sources: Mapping[str, Source]
) -> ClickHouseEngine:
    """Prepare the engine of a target whose type is chdb, at `path`, or clickhouse.

    Nothing is opened yet. Raises `ModuleNotFoundError` where a package of the extra is missing.
    """
    place: Place
    if config.type == "chdb":
        import chdb  # noqa: F401, PLC0415 - only this type needs it, and it is large

        from featuresql.engines.clickhouse_chdb import ChdbFolder  # noqa: PLC0415 - as above

        place = ChdbFolder(path)
    else:
        place = ClickHouseServer(config.options)
    return ClickHouseEngine(place, root, sources)
