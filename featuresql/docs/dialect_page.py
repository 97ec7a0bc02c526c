"""The allow-list of functions as a page of documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Final

from featuresql.compiler.clickhouse.allow_list import BY_NAME
from featuresql.compiler.clickhouse.emission import Emission, Refusal
from featuresql.compiler.typing.argument import type_text
from featuresql.compiler.typing.function import Function, Signature
from featuresql.compiler.typing.functions import (
    aggregates,
    dates,
    json,
    list_aggregates,
    lists,
    numbers,
    operators,
    strings,
    windows,
)

TOPICS: Final[tuple[tuple[str, ModuleType], ...]] = (
    ("Operators", operators),
    ("Numbers", numbers),
    ("Text", strings),
    ("Dates and times", dates),
    ("Lists, structs and maps", lists),
    ("Aggregates of lists", list_aggregates),
    ("JSON", json),
    ("Aggregates", aggregates),
    ("Windows", windows),
)
_SHOWN_SIGNATURES: Final = 3


def dialect_functions() -> str:
    """Return Markdown: by topic the functions that may be used, and those refused with why."""
    lines: list[str] = []
    for title, module in TOPICS:
        functions: tuple[Function, ...] = module.FUNCTIONS
        lines += [f"## {title}", "", *_allowed(functions), *_refused(functions)]
    return "\n".join(lines)


def _allowed(functions: Iterable[Function]) -> Iterator[str]:
    yield "| name | takes and gives | for example |"
    yield "|---|---|---|"
    for function in functions:
        entry = BY_NAME.get(function.name)
        if isinstance(entry, Emission):
            names = ", ".join(f"`{_cell(name)}`" for name in function.names)
            example = f"`{_cell(entry.cases[0])}`" if entry.cases else ""
            yield f"| {names} | {_signatures(function)} | {example} |"
    yield ""


def _refused(functions: Iterable[Function]) -> Iterator[str]:
    unknown: list[str] = []
    refused: list[str] = []
    for function in functions:
        entry = BY_NAME.get(function.name)
        if isinstance(entry, Refusal):
            hint = _cell(entry.hint or "")
            refused.append(f"| `{_cell(function.name)}` | {_cell(entry.reason)} | {hint} |")
        elif entry is None:
            unknown.append(f"`{_cell(function.name)}`")
    if refused:
        yield from ("| refused | why | instead |", "|---|---|---|", *refused, "")
    if unknown:
        yield f"Not on the list, and so refused: {', '.join(unknown)}."
        yield ""


def _signatures(function: Function) -> str:
    found = list(dict.fromkeys(_signature(each) for each in function.signatures))
    shown = "<br>".join(found[:_SHOWN_SIGNATURES])
    return f"{shown}<br>…" if len(found) > _SHOWN_SIGNATURES else shown


def _signature(signature: Signature) -> str:
    kinds = [type_text(kind) for kind in signature.parameters]
    if signature.rest is not None:
        kinds.append(f"{type_text(signature.rest)}…")
    result = "by its arguments" if callable(signature.result) else type_text(signature.result)
    return _cell(f"{', '.join(kinds)} → {result}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
