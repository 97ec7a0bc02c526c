"""The allow-list as a whole."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from featuresql.compiler.clickhouse.emission import Emission, Refusal
from featuresql.compiler.clickhouse.functions import (
    aggregates,
    dates,
    groupings,
    json,
    list_aggregates,
    lists,
    numbers,
    operators,
    regular_expressions,
    strings,
    structs,
    windows,
)

ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    *operators.ENTRIES,
    *numbers.ENTRIES,
    *strings.ENTRIES,
    *regular_expressions.ENTRIES,
    *dates.ENTRIES,
    *lists.ENTRIES,
    *list_aggregates.ENTRIES,
    *structs.ENTRIES,
    *json.ENTRIES,
    *aggregates.ENTRIES,
    *windows.ENTRIES,
    *groupings.ENTRIES,
)
BY_NAME: Final = MappingProxyType({entry.name: entry for entry in ENTRIES})
