"""List aggregates."""

from __future__ import annotations

from typing import Final

from featuresql.compiler.clickhouse.emission import Emission, Refusal

ENTRIES: Final[tuple[Emission | Refusal, ...]] = ()
