"""What a template's `config()` was given -> a checked ModelConfig."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated, ClassVar, Final, Literal

from pydantic import BeforeValidator, Field

from featuresql.errors import Location, ProjectError, raise_all
from featuresql.project.duration import parse_duration
from featuresql.project.find_problems import Problem, find_problems
from featuresql.project.strict_model import ColumnName, Duration, Identifier, StrictModel
from featuresql.project.text_file import printable
from featuresql.spec.model import Materialized, ModelConfig, ModelKind


def _as_list(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


_Names = Annotated[list[ColumnName], BeforeValidator(_as_list)]
_Texts = Annotated[list[str], BeforeValidator(_as_list)]
_Engines = Annotated[
    list[Literal["duckdb", "clickhouse", "chdb"]], BeforeValidator(_as_list), Field(min_length=1)
]


class ConfigCall(StrictModel):
    """The arguments that `config()` takes."""

    noun: ClassVar[str] = "argument"

    kind: ModelKind = "staging"
    entity: Identifier | None = None
    event_time: ColumnName | None = None
    available_at: ColumnName | None = None
    ttl: Duration | None = None
    labels: _Names = Field(default_factory=list)
    request: _Names = Field(default_factory=list)
    materialized: Materialized | None = None
    interval: Duration | None = None
    lookback: Duration | None = None
    description: str = ""
    owner: str = ""
    tags: _Texts = Field(default_factory=list)
    engines: _Engines | None = None
    accept_leak: dict[ColumnName, str] = Field(default_factory=dict)


_TAKES: Final[Mapping[ModelKind, frozenset[str]]] = {
    "staging": frozenset(),
    "feature_view": frozenset({"entity", "available_at", "ttl", "accept_leak"}),
    "feature_service": frozenset({"labels", "request", "accept_leak"}),
}
_NEEDS: Final[Mapping[ModelKind, tuple[str, ...]]] = {
    "staging": (),
    "feature_view": ("event_time",),
    "feature_service": ("event_time",),
}
_OF_ONE_KIND: Final = tuple(sorted(frozenset().union(*_TAKES.values())))


_NO_PLACES: Final[Mapping[str, tuple[Location, Location]]] = MappingProxyType({})


def model_config(
    arguments: Mapping[str, object],
    location: Location,
    places: Mapping[str, tuple[Location, Location]] = _NO_PLACES,
) -> ModelConfig:
    """Return the model's configuration; durations become microseconds.

    `location` is that of the call; `places` has where arguments stand, and where their values do.
    Raises `ProjectError`, or `ManyErrors`, where an argument is unknown, of a wrong type, or does
    not fit the model's kind.
    """
    call, problems = find_problems(ConfigCall, dict(arguments))
    if call is not None:
        problems = (*_wrong_for_kind(call), *_wrong_together(call))
    raise_all(
        [
            ProjectError(
                printable(f"config(): {p.message}"),
                code=p.code,
                location=_place(p, location, places),
                hint=p.hint,
            )
            for p in problems
        ]
    )
    assert call is not None  # noqa: S101 - raise_all has raised otherwise
    return ModelConfig(
        kind=call.kind,
        entity=call.entity,
        event_time=call.event_time,
        available_at=call.available_at,
        ttl_us=_microseconds(call.ttl),
        labels=tuple(call.labels),
        request=tuple(call.request),
        materialized=call.materialized,
        interval_us=_microseconds(call.interval),
        lookback_us=_microseconds(call.lookback),
        description=call.description,
        owner=call.owner,
        tags=tuple(call.tags),
        engines=tuple(call.engines or ()),
        accept_leak=dict(call.accept_leak),
    )


def _place(
    problem: Problem, call: Location, places: Mapping[str, tuple[Location, Location]]
) -> Location:
    name = str(problem.path[0]) if problem.path else ""
    if name not in places:
        return call
    argument, value = places[name]
    return argument if problem.at_key and len(problem.path) == 1 else value


def _microseconds(text: str | None) -> int | None:
    return None if text is None else parse_duration(text)


def _wrong_for_kind(call: ConfigCall) -> Iterator[Problem]:
    for name in _NEEDS[call.kind]:
        if getattr(call, name) is None:
            yield Problem((name,), "missing-key", f"a {call.kind} needs '{name}'")
    for name in _OF_ONE_KIND:
        if name not in _TAKES[call.kind] and getattr(call, name):
            kinds = " or ".join(f"'{kind}'" for kind, taken in _TAKES.items() if name in taken)
            message = f"a {call.kind} takes no '{name}'"
            yield Problem((name,), "wrong-kind", message, f"'{name}' is for kind={kinds}")


def _wrong_together(call: ConfigCall) -> Iterator[Problem]:
    yield from _wrong_intervals(call)
    yield from _wrong_names(call)
    for column, reason in call.accept_leak.items():
        if not reason.strip():
            message = f"accept_leak gives no reason for '{column}'"
            yield Problem(("accept_leak",), "wrong-value", message, "say why the leak is accepted")


def _wrong_intervals(call: ConfigCall) -> Iterator[Problem]:
    incremental = call.materialized == "incremental"
    for name in ("event_time", "interval") if incremental else ():
        if getattr(call, name) is None and name not in _NEEDS[call.kind]:
            message = f"materialized='incremental' needs '{name}'"
            yield Problem((name,), "missing-key", message)
    for name in () if incremental else ("interval", "lookback"):
        if getattr(call, name) is not None:
            message = f"'{name}' is for materialized='incremental' only"
            yield Problem((name,), "wrong-kind", message)


def _wrong_names(call: ConfigCall) -> Iterator[Problem]:
    for name, values in (("labels", call.labels), ("request", call.request), ("tags", call.tags)):
        for value in sorted({value for value in values if values.count(value) > 1}):
            yield Problem((name,), "duplicate-name", f"'{name}' names '{value}' twice")
        if name != "tags" and call.event_time in values:
            message = f"the event time '{call.event_time}' may not be one of '{name}'"
            yield Problem((name,), "duplicate-name", message)
    for column in sorted(set(call.labels) & set(call.request)):
        message = f"'{column}' is both a label and a request column"
        yield Problem(("labels",), "duplicate-name", message)
