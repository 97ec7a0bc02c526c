"""The corpus of small models, by kind, each with its class."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

CORPUS = Path(__file__).parent.parent / "leakage" / "corpus"
CONFIG = "{{ config(kind='feature_view', entity='thing', event_time='event_ts') }}\n"
MACROS = {
    "instants": """
{% macro end_of(unit, instant) %}
date_trunc('{{ unit }}', {{ instant }}) + interval '1 {{ unit }}'
{% endmacro %}
{% macro start_of(unit, instant) %}date_trunc('{{ unit }}', {{ instant }}){% endmacro %}
{% macro clipped(value, low, high) %}
least(greatest({{ value }}, {{ low }}), {{ high }})
{% endmacro %}
"""
}
VARIABLES = {"window": "1 day", "limit": 30}


@dataclass(frozen=True)
class Case:
    """A model: `label` is clean, leaking, staging, or undeclared (a dimension without time)."""

    name: str
    kind: str
    label: str
    text: str


def read_corpus() -> tuple[Case, ...]:
    cases = []
    for path in sorted(CORPUS.glob("*.sql")):
        for part in re.split(r"^--- ", path.read_text(), flags=re.MULTILINE)[1:]:
            header, _, body = part.partition("\n")
            label, name = header.split()
            own = label == "staging" or "config(" in body
            cases.append(Case(name, path.stem, label, body if own else CONFIG + body))
    return tuple(cases)
