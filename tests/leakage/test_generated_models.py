"""Generated models beside cut and replay: what is proven never differs."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest
from generated_models import write_models
from hypothesis import HealthCheck, event, given, reject, settings
from hypothesis import strategies as st
from leak_world import Ground, build, compile_models, differing, ground

# `benchmarks/leakage_precision.py` goes on for as long as one likes.
EXAMPLES = 90
CAREFUL = 100
CAREFUL_SHARE = 0.3
MIN_PROVEN_SHARE = 0.9


@pytest.fixture(scope="module")
def grounds() -> Iterator[tuple[Ground, ...]]:
    with ground(seed=7, count=50, cuts=5) as one, ground(seed=11, count=50, cuts=5) as two:
        yield one, two


def verdicts(models: dict[str, str]) -> Counter[str]:
    compiled = compile_models(models)
    return Counter(found.verdict for found in compiled.models["last"].leakage.values())


def differences(on: Ground, models: dict[str, str]) -> list[str]:
    """Return the proven features whose replay is not what the whole has."""
    compiled = compile_models(models)
    proven = [
        (model, column)
        for model in compiled.models.values()
        for column, found in model.leakage.items()
        if found.verdict == "proven"
    ]
    event(f"{len(proven)} proven features")
    if not proven:
        return []
    try:
        made = build(on, compiled)
    except duckdb.OutOfRangeException:
        # A frame may not end before its row, which a length that is computed can ask for.
        reject()
    return [
        f"{model.name}.{column} at {found}"
        for model, column in proven
        for found in differing(made, model, [column])
    ]


@given(pick=st.randoms(use_true_random=False), which=st.integers(0, 1))
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_proven_of_a_generated_model_never_differs_in_a_replay(
    grounds: tuple[Ground, ...], pick: random.Random, which: int
) -> None:
    models = write_models(pick, is_careful=pick.random() < CAREFUL_SHARE)
    assert differences(grounds[which], models) == [], models


def test_most_models_without_a_leak_are_proven() -> None:
    counts: Counter[str] = Counter()
    for seed in range(CAREFUL):
        counts += verdicts(write_models(random.Random(seed), is_careful=True))  # noqa: S311 - seeded
    assert counts["proven"] >= MIN_PROVEN_SHARE * counts.total()
