"""Which keys a row of GROUPING SETS is grouped by."""

from __future__ import annotations

from typing import Final

from featuresql.compiler.clickhouse.emission import same_cast

ENTRIES: Final = (
    same_cast(
        "grouping",
        "grouping",
        "SELECT g, b, grouping(g, b) AS v FROM t GROUP BY ROLLUP (g, b)",
        "SELECT grouping(b) AS v, count(*) AS c FROM t GROUP BY GROUPING SETS ((g, b), (b), ())",
    ),
)
