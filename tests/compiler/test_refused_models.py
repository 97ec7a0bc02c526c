"""Every refused model gives its own error, at its place in the template."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from small_project import MODELS, compile_small

from featuresql.errors import FeatureSQLError, ManyErrors

CONFIGS = {
    "view:": "{{ config(kind='feature_view', entity='thing', event_time='ts') }}",
    "service:": "{{ config(kind='feature_service', event_time='asked_at') }}",
    "labelled:": "{{ config(kind='feature_service', event_time='asked_at', labels=['weight']) }}",
}


@dataclass(frozen=True)
class Refused:
    name: str
    code: str
    place: str
    message: str
    template: str


def read_cases() -> list[Refused]:
    text = (Path(__file__).parent / "refused.sql").read_text()
    cases = []
    for part in re.split(r"^-- @ ", text, flags=re.MULTILINE)[1:]:
        heading, template = part.split("\n", 1)
        name, code, place, message = (piece.strip() for piece in heading.split("|"))
        for short, config in CONFIGS.items():
            if template.startswith(short):
                template = config + template.removeprefix(short)
        cases.append(Refused(name, code, place, message, template.rstrip("\n")))
    return cases


CASES = read_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_model_is_refused_with_its_error(case: Refused) -> None:
    with pytest.raises(FeatureSQLError) as caught:
        compile_small({**MODELS, "tried": case.template})
    error = caught.value.errors[0] if isinstance(caught.value, ManyErrors) else caught.value
    found = f"{error.location.line}:{error.location.column}" if error.location else "nowhere"
    assert (error.code, found) == (case.code, case.place), str(error)
    assert case.message in str(error)
    assert error.location.path == "models/tried.sql"
