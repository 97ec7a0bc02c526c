"""Leaks that nobody has accepted, as errors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from featuresql.compiler.compile_project import CompiledProject
from featuresql.compiler.draft import CompiledModel
from featuresql.errors import CompileError, raise_all
from featuresql.spec.verdict import Verdict


def raise_leaks(compiled: CompiledProject, names: Iterable[str]) -> None:
    """Raise a `CompileError` for each leak in the models `names`, at the place in the template.

    Features that leak for one reason are one error. Accepted leaks, and what is `unproven`, pass.
    """
    raise_all([error for name in names for error in _errors(compiled, compiled.models[name])])


def _errors(compiled: CompiledProject, model: CompiledModel) -> Iterator[CompileError]:
    leaks: dict[tuple[str, str], list[str]] = {}
    verdicts: dict[tuple[str, str], Verdict] = {}
    for column, verdict in model.leakage.items():
        if verdict.fails:
            key = (verdict.reason, str(verdict.location))
            leaks.setdefault(key, []).append(column)
            verdicts[key] = verdict
    for key, columns in leaks.items():
        verdict = verdicts[key]
        shown = ", ".join(f"'{model.name}.{column}'" for column in columns)
        accept = f"accept_leak={{'{columns[0]}': 'why'}}"
        mend = f"{verdict.hint}; " if verdict.hint else ""
        yield CompileError(
            f"{shown} {'leak' if len(columns) > 1 else 'leaks'}: {verdict.reason}",
            code="leak",
            location=verdict.location,
            hint=f"{mend}or accept the risk in the model: config({accept})",
            excerpt=_line(compiled, verdict),
        )


def _line(compiled: CompiledProject, verdict: Verdict) -> str | None:
    """Return the line of the template, of a model or a macro, that the verdict points to."""
    if verdict.location is None:
        return None
    texts = {file.path: file.text for file in compiled.project.models.values()}
    texts |= {file.path: file.text for file in compiled.project.macros}
    text = texts.get(verdict.location.path, "")
    lines = text.split("\n")
    return lines[verdict.location.line - 1] if verdict.location.line <= len(lines) else None
