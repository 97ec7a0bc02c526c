"""How long the lineage of one wide model takes: 300 columns through 20 CTEs, each made of others.

The clock runs over `model_lineage` alone: the one walk of the typed tree and the edges of every
column as values, direct and indirect. Parsing, resolving names and typing, which every compilation
does anyway, are shown apart. The baseline of the ratio is the typing pass over the same tree.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent / "tests/support"))
from small_project import compile_small

from featuresql.compiler.lineage import model_lineage
from featuresql.compiler.typing import annotate_types
from featuresql.spec.model import Column

COLUMNS = 300
CTES = 20
LIMIT_MS = 200
ROUNDS = 7


MODEL = """
with c0 as (select * from {{ source('wide') }})
{%- for level in range(1, CTES) %}, c{{ level }} as (
  select k,
  {%- for i in range(COLUMNS) %}
    case when c{{ i }} > {{ level }} then c{{ i }} + c{{ (i + level) % COLUMNS }} end as c{{ i }}
    {{- ',' if not loop.last }}
  {%- endfor %}
  from c{{ level - 1 }} where c{{ level }} is not null
){%- endfor %}
select * from c{{ CTES - 1 }}
""".replace("COLUMNS", str(COLUMNS)).replace("CTES", str(CTES))


def best_ms(work: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begun = perf_counter()
        work()
        times.append(perf_counter() - begun)
    return 1000 * min(times)


def main() -> None:
    sources = {"wide": {"k": "BIGINT", **{f"c{i}": "DOUBLE" for i in range(COLUMNS)}}}
    begun = perf_counter()
    compiled = compile_small({"m": MODEL}, sources)
    compile_ms = 1000 * (perf_counter() - begun)
    model = compiled.models["m"]
    lineage = model_lineage(model, compiled.models, compiled.sources)
    edges = sum(len(c.direct) + len(c.indirect) for c in lineage.columns.values())

    def columns_of(schema: str, name: str) -> tuple[Column, ...] | None:
        return compiled.sources.get(name) if schema == "source" else None

    typing_ms = best_ms(lambda: annotate_types(model.checked, columns_of, copy=False))
    lineage_ms = best_ms(lambda: model_lineage(model, compiled.models, compiled.sources))
    print(f"{COLUMNS} columns through {CTES} CTEs: {edges:,} edges")
    print(f"lineage                     {lineage_ms:8.1f} ms   (limit {LIMIT_MS} ms)")
    print(f"typing the same tree        {typing_ms:8.1f} ms   ratio {lineage_ms / typing_ms:.2f}")
    print(f"the whole compilation       {compile_ms:8.1f} ms")
    assert lineage_ms < LIMIT_MS


if __name__ == "__main__":
    main()
