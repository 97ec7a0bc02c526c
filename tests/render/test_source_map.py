"""Every character of the SQL leads back to its own place in the template.

The templates hold characters that occur once each, so that the place which the map gives can be
compared with where the character stands.
"""

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from render_case import MODEL_PATH, render_error, rendered

from featuresql.errors import Location

FIRST_LETTER = 0x4E00
Node = tuple[Any, ...]  # a kind, and what it is made with
MACROS = {
    "macros/a.sql": "{# 1 #}\n{% macro shown(x) %}m\n{{ x }}n{% endmacro %}\n"
    "{% macro around() %}({{ caller() }}){% endmacro %}"
}


def place_of(template: str, offset: int) -> Location:
    before = template[:offset]
    return Location(MODEL_PATH, before.count("\n") + 1, offset - before.rfind("\n"))


def check(template: str) -> int:
    """Check each character, and return how many there were."""
    model = rendered(template, MACROS)
    checked = 0
    inside = None
    for offset, character in enumerate(model.sql):
        if character == "<":  # an expression says its number: <12>
            number = model.sql[offset : model.sql.index(">", offset) + 1]
            inside = template.rfind("{", 0, template.index(number)) - 1
        if inside is not None:
            assert model.source_map.locate(offset) == place_of(template, inside)
            checked += 1
        elif ord(character) >= FIRST_LETTER:
            expected = place_of(template, template.index(character))
            assert model.source_map.locate(offset) == expected
            line = model.sql.count("\n", 0, offset) + 1
            column = offset - model.sql.rfind("\n", 0, offset)
            assert model.source_map.locate_line_column(line, column) == expected
            assert character in (model.source_map.excerpt(expected) or "")
            checked += 1
        if character == ">":
            inside = None
    return checked


class Maker:
    """Makes text whose letters occur once, and expressions that print a number of their own."""

    def __init__(self) -> None:
        self.letters = itertools.count(FIRST_LETTER)
        self.numbers = itertools.count()

    def text(self, shape: str) -> str:
        return "".join(chr(next(self.letters)) if c == "x" else c for c in shape)

    def make(self, node: Node) -> str:
        kind, *rest = node
        if kind == "text":
            return self.text(rest[0])
        left, right, white, children = rest
        body = "".join(self.make(child) for child in children)
        number = f"<{next(self.numbers)}>"
        raw = self.text("x{{ x\nx")
        return {
            "expr": f"{{{{{left}{white}'{number}'{white}{right}}}}}",
            "sum": f"{{{{{left}{white}('{number}'{white}~{white}'')|trim{white}{right}}}}}",
            "macro": f"{{{{{left} shown({white}'{number}') {right}}}}}",
            "comment": f"{{#{left}{white}{self.text('x}}')}{white}{right}#}}",
            "if": f"{{%{left} if 1 {right}%}}{body}{{%{right}{white} else {left}%}}-{{% endif %}}",
            "else": f"{{% if {white} 0 {right}%}}-{{%{left} else {right}%}}{body}{{% endif %}}",
            "for": f"{{%{left} for i in{white}[1, 2] {right}%}}{body}{{%{left} endfor {right}%}}",
            "raw": f"{{%{left} raw {right}%}}{raw}{{%{left} endraw {right}%}}",
            "with": f"{{%{left} with q ={white}1 {right}%}}{body}{{%{left} endwith {right}%}}",
            "set": f"{{%{left} set q{white}={white}1 {right}%}}",
            "do": f"{{%{left} do{white}log('q') {right}%}}",
        }[kind]


SHAPE = st.text("xx \n-,}", max_size=8)
SIGN = st.sampled_from(["", "-"])
WHITE = st.sampled_from([" ", "\n", "  \n\n "])
KINDS = st.sampled_from(
    ["expr", "sum", "macro", "comment", "if", "else", "for", "raw", "with", "set", "do"]
)
NODE = st.recursive(
    st.tuples(st.just("text"), SHAPE),
    lambda children: st.one_of(
        st.tuples(st.just("text"), SHAPE),
        st.tuples(KINDS, SIGN, SIGN, WHITE, st.lists(children, max_size=3)),
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(st.lists(NODE, max_size=8))
def test_every_character_leads_to_its_place(nodes: list[Node]) -> None:
    maker = Maker()
    check("".join(maker.make(node) for node in nodes))


@pytest.mark.parametrize(
    ("template", "characters"),
    [
        ("一\n 二 {{\n '<1>'\n}} 三\n四", 7),
        ("一{#- a\n\n -#}  \n 二{# {{ x }} #}\n三", 3),
        ("{% for i in [1, 2, 3] -%}\n  一\n{%- endfor %}二", 4),
        ("{%- raw -%}  一{{ 二 {%- endraw %} 三", 3),
        ("一{% set a %}二{% endset %}三", 2),
        ("一\r\n二\r三\n四", 4),
    ],
)
def test_known_shapes_lead_to_their_places(template: str, characters: int) -> None:
    assert check(template.replace("\r\n", "\n").replace("\r", "\n")) == characters


def places(template: str) -> dict[str, tuple[int, int]]:
    model = rendered(template, MACROS)
    found: dict[str, tuple[int, int]] = {}
    for offset, character in enumerate(model.sql):
        location = model.source_map.locate(offset)
        found.setdefault(character, (location.line, location.column))
    return found


def test_what_a_macro_prints_lies_where_the_model_calls_it() -> None:
    assert places("a\n  {{ shown('b') }}") | {"\n": None, " ": None} == {
        "a": (1, 1), "m": (2, 3), "b": (2, 3), "n": (2, 3), "\n": None, " ": None
    }  # fmt: skip


def test_what_call_and_filter_blocks_print_lies_at_their_tags() -> None:
    assert places("a\n{% call around() %}b{% endcall %}") | {"\n": None} == {
        "a": (1, 1), "(": (2, 1), "b": (2, 1), ")": (2, 1), "\n": None
    }  # fmt: skip
    assert places("a {% filter upper %}b{% endfilter %}")["B"] == (1, 3)


def test_what_a_set_block_keeps_lies_where_it_is_printed() -> None:
    assert places("{% set q %}b{% endset %}\n {{ q }}")["b"] == (2, 2)


def test_offsets_outside_the_sql_are_read_as_its_ends() -> None:
    source_map = rendered("ab\ncd").source_map
    assert source_map.locate(-3) == Location(MODEL_PATH, 1, 1)
    assert source_map.locate(5) == Location(MODEL_PATH, 2, 3)
    assert source_map.locate(99) == Location(MODEL_PATH, 2, 3)
    assert source_map.locate_line_column(0, 0) == Location(MODEL_PATH, 1, 1)
    assert source_map.locate_line_column(9, 9) == Location(MODEL_PATH, 2, 3)
    assert rendered("{# nothing #}").source_map.locate(0) == Location(MODEL_PATH, 1, 1)


def test_excerpt_is_a_line_of_this_template_only() -> None:
    source_map = rendered("ab\ncd\n").source_map
    assert source_map.excerpt(Location(MODEL_PATH, 2, 1)) == "cd"
    assert source_map.excerpt(Location(MODEL_PATH, 9, 1)) is None
    assert source_map.excerpt(Location("models/other.sql", 1, 1)) is None


def test_the_maps_values_cannot_be_replaced() -> None:
    source_map = rendered("a").source_map
    with pytest.raises(dataclasses.FrozenInstanceError):
        source_map.length = 3  # type: ignore[misc]  # the very fault


def test_an_error_in_a_macro_lies_in_the_macros_file() -> None:
    macros = {"macros/a.sql": "{# #}\n{% macro f(x) %}\n  {{ x }} {{ missing }}\n{% endmacro %}"}
    error = render_error("select\n  {{ f(1) }}", macros)
    assert error.location == Location("macros/a.sql", 3, 14)
    assert error.excerpt == "  {{ x }} {{ missing }}"
    assert f"called at {MODEL_PATH}:2:6" in error.message
