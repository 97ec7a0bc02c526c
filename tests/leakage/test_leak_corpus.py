"""The proof's verdicts on a corpus of models, beside cut and replay of the same models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from leak_corpus import MACROS, VARIABLES, Case, read_corpus
from leak_world import World, compile_models, differing, world

from featuresql.compiler.compile_project import CompiledProject

CASES = read_corpus()
CLEAN = [case for case in CASES if case.label == "clean"]
LEAKING = [case for case in CASES if case.label == "leaking"]
UNDECLARED = [case for case in CASES if case.label == "undeclared"]
MIN_PROVEN_SHARE = 0.85
SEEDS = (7, 11)


def names(cases: list[Case]) -> list[str]:
    return [case.name for case in cases]


@dataclass(frozen=True)
class Judged:
    """The corpus compiled as one project, and the worlds in which it is cut and replayed."""

    compiled: CompiledProject
    worlds: tuple[World, ...]

    def verdicts(self, name: str) -> dict[str, str]:
        """Return the verdict of each feature."""
        return {
            column: found.verdict for column, found in self.compiled.models[name].leakage.items()
        }

    def differs(self, name: str, feature: str) -> bool:
        """Whether a feature differs in any replay."""
        model = self.compiled.models[name]
        return any(differing(each, model, [feature]) for each in self.worlds)


@pytest.fixture(scope="module")
def judged() -> Iterator[Judged]:
    models = {case.name: duckdb_only(case.text) for case in CASES}
    compiled = compile_models(models, MACROS, VARIABLES)
    first, second = (world(compiled, seed=seed) for seed in SEEDS)
    with first as one, second as two:
        yield Judged(compiled, (one, two))


def duckdb_only(text: str) -> str:
    """Let a model use all of DuckDB: what it means is judged here, not where it runs."""
    if "config(" in text:
        return text.replace("config(", "config(engines=['duckdb'], ", 1)
    return "{{ config(engines=['duckdb']) }}\n" + text


def test_the_corpus_is_large_and_half_of_it_leaks() -> None:
    assert len(CLEAN) + len(LEAKING) >= 150
    assert len(LEAKING) >= 75
    assert len(set(names(list(CASES)))) == len(CASES)


@pytest.mark.parametrize("name", names(CLEAN))
def test_a_clean_model_never_leaks_and_its_replay_never_differs(judged: Judged, name: str) -> None:
    verdicts = judged.verdicts(name)
    assert "leaks" not in verdicts.values()
    assert not [feature for feature in verdicts if judged.differs(name, feature)]


@pytest.mark.parametrize("name", names(LEAKING))
def test_a_leaking_model_has_a_feature_that_is_not_proven(judged: Judged, name: str) -> None:
    assert set(judged.verdicts(name).values()) != {"proven"}


@pytest.mark.parametrize("name", names([*CLEAN, *LEAKING, *UNDECLARED]))
def test_what_is_proven_never_differs_in_a_replay(judged: Judged, name: str) -> None:
    proven = [column for column, verdict in judged.verdicts(name).items() if verdict == "proven"]
    assert not [feature for feature in proven if judged.differs(name, feature)]


def test_most_clean_models_are_proven(judged: Judged) -> None:
    unproven = [name for name in names(CLEAN) if set(judged.verdicts(name).values()) != {"proven"}]
    assert 1 - len(unproven) / len(CLEAN) >= MIN_PROVEN_SHARE, unproven


def test_most_leaks_are_seen_by_a_replay_too(judged: Judged) -> None:
    told = [name for name in names(LEAKING) if "leaks" in judged.verdicts(name).values()]
    unseen = [
        name
        for name in told
        if not any(judged.differs(name, feature) for feature in judged.verdicts(name))
    ]
    assert len(told) >= 0.8 * len(LEAKING)
    assert len(unseen) <= 0.1 * len(told), unseen


def test_a_dimension_without_time_is_unproven_until_it_is_said_to_be_static(
    judged: Judged,
) -> None:
    for case in UNDECLARED:
        assert "unproven" in judged.verdicts(case.name).values()
