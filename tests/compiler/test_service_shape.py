"""Rows in are rows out: nothing in a service may add rows to the spine, or drop them."""

from __future__ import annotations

import pytest
from small_project import MODELS, compile_small

from featuresql.errors import CompileError, FeatureSQLError, ManyErrors

SPINE = "FROM {{ source('spine') }} s"
VIEW = "LEFT JOIN {{ ref('single') }} a ON a.code = s.code"
OTHER_ROWS = {
    "unnest(a.l)": "unnest()",
    "list_sum([unnest(a.l)])": "unnest()",
    "CASE WHEN unnest([1, 2]) > 1 THEN 1 END": "unnest()",
    "max(a.f)": "aggregate function",
    "coalesce(a.f, max(a.f))": "aggregate function",
    "geomean(a.f)": "aggregate function",
    "count(*) FILTER (WHERE a.f > 0)": "aggregate function",
    "percentile_cont(0.5) WITHIN GROUP (ORDER BY a.f)": "aggregate function",
    "array_agg(a.f)[1]": "aggregate function",
    "row_number() OVER ()": "window",
    "sum(a.f) OVER (ORDER BY s.asked_at)": "window",
    "(SELECT 1)": "subquery",
    "EXISTS (SELECT 1)": "subquery",
    "a.f IN (SELECT 1.0)": "subquery",
    "a.f > ALL (SELECT 1.0)": "subquery",
    "array(SELECT 1)": "subquery",
}
ONE_VALUE = ("a.l[1]", "list_sum(a.l)", "generate_series(1, 3)", "[x + 1 FOR x IN a.l]", "s.code")
SHAPES = {
    f"SELECT s.asked_at {SPINE}, {{{{ source('pair_rows') }}}} p": "no feature view",
    f"SELECT s.asked_at {SPINE} CROSS JOIN {{{{ source('pair_rows') }}}} p": "no feature view",
    f"SELECT s.asked_at {SPINE} JOIN {{{{ ref('single') }}}} a ON a.code = s.code": "by JOIN",
    f"SELECT s.asked_at {SPINE} FULL JOIN {{{{ ref('single') }}}} a ON a.code = s.code": "by FULL",
    f"SELECT s.asked_at {SPINE} SEMI JOIN {{{{ ref('single') }}}} a ON a.code = s.code": "by SEMI",
    f"SELECT s.asked_at {SPINE} ANTI JOIN {{{{ ref('single') }}}} a ON a.code = s.code": "by ANTI",
    f"SELECT s.asked_at {SPINE}, unnest([1, 2]) AS u(x)": "no feature view",
    f"SELECT s.asked_at {SPINE}, generate_series(1, 2) AS u(x)": "no feature view",
    f"SELECT s.asked_at {SPINE}, LATERAL (SELECT 1 AS x) u": "no feature view",
    f"SELECT s.asked_at {SPINE} LEFT JOIN (SELECT * FROM {{{{ ref('single') }}}}) a "
    "ON a.code = s.code": "no feature view",
    f"SELECT s.asked_at {SPINE} UNION ALL SELECT s.asked_at {SPINE}": "no UNION",
    f"SELECT DISTINCT ON (s.code) s.asked_at {SPINE}": "no DISTINCT",
    f"SELECT s.asked_at {SPINE} QUALIFY row_number() OVER () = 1": "no QUALIFY",
    f"SELECT s.asked_at {SPINE} USING SAMPLE 10": "no USING SAMPLE",
    f"SELECT s.asked_at {SPINE} GROUP BY ALL": "no GROUP BY",
    f"SELECT s.asked_at {SPINE} OFFSET 1": "no OFFSET",
    f"SELECT s.asked_at FROM (SELECT * {SPINE}) s": "spine in FROM",
    "SELECT TIMESTAMP '2024-01-01' AS asked_at": "spine in FROM",
}


def refusal(select: str) -> str:
    config = "{{ config(kind='feature_service', event_time='asked_at') }}"
    with pytest.raises(FeatureSQLError) as caught:
        compile_small({**MODELS, "tried": config + select})
    error = caught.value.errors[0] if isinstance(caught.value, ManyErrors) else caught.value
    assert isinstance(error, CompileError)
    return error.message


@pytest.mark.parametrize("item", OTHER_ROWS)
def test_an_item_of_other_rows_is_refused(item: str) -> None:
    message = refusal(f"SELECT s.asked_at, {item} AS x {SPINE} {VIEW}")
    assert message == f"a service has no {OTHER_ROWS[item]}"


@pytest.mark.parametrize("select", SHAPES)
def test_a_service_of_another_shape_is_refused(select: str) -> None:
    assert SHAPES[select] in refusal(select)


@pytest.mark.parametrize("item", ONE_VALUE)
def test_an_item_of_one_value_is_taken(item: str) -> None:
    config = "{{ config(kind='feature_service', event_time='asked_at') }}"
    template = f"{config} SELECT s.asked_at, {item} AS x {SPINE} {VIEW}"
    service = compile_small({**MODELS, "tried": template}).models["tried"].service
    assert service is not None
    assert {column.name for column in service.spine} >= {"asked_at", "code"}
