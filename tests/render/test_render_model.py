import logging

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from render_case import MODEL_PATH, PLACE, make_project, render, render_error, rendered

from featuresql.errors import Location, ManyErrors, PlanError, ProjectError, RenderError
from featuresql.render.render_model import render_model
from featuresql.render.render_project import render_project


def test_a_model_without_jinja_is_its_own_sql() -> None:
    model = rendered("select 1 as a\n")
    assert model.sql == "select 1 as a"
    assert model.template == "select 1 as a\n"
    assert (model.refs, model.sources) == ({}, {})
    assert model.config.kind == "staging"
    assert model.config_location == Location(MODEL_PATH, 1, 1)


def test_ref_and_source_print_as_tables_of_two_schemas_and_are_noted_with_their_first_place() -> (
    None
):
    model = rendered(
        "select * from {{ ref('other') }}\n  join {{ source('flights') }} using (a)\n"
        "  join {{ ref('other') }} using (a)"
    )
    assert model.sql == (
        "select * from ref.other\n  join source.flights using (a)\n  join ref.other using (a)"
    )
    assert model.refs == {"other": Location(MODEL_PATH, 1, 18)}
    assert model.sources == {"flights": Location(MODEL_PATH, 2, 11)}


def test_a_name_that_is_a_word_of_sql_is_quoted() -> None:
    assert render("{{ ref('order') }}") == 'ref."order"'


def test_ref_takes_a_variable_as_the_name() -> None:
    assert render("{{ ref(var('which')) }}", which="other") == "ref.other"


def test_a_ref_within_a_macro_is_noted_where_the_model_called_the_macro() -> None:
    macros = {
        "macros/a.sql": "{% macro outer() %}{{ inner() }}{% endmacro %}",
        "macros/b.sql": "{% macro inner() %}\n\n{{ ref('other') }}{% endmacro %}",
    }
    assert rendered("select\n  {{ outer() }}", macros).refs == {"other": Location(MODEL_PATH, 2, 6)}


def test_a_ref_in_the_body_of_a_call_block_is_noted_at_itself() -> None:
    macros = {"macros/a.sql": "{% macro twice() %}{{ caller() }}, {{ caller() }}{% endmacro %}"}
    model = rendered("{% call twice() %}{{ ref('other') }}{% endcall %}", macros)
    assert model.sql == "ref.other, ref.other"
    assert model.refs == {"other": Location(MODEL_PATH, 1, 22)}


def test_config_prints_nothing_and_gives_the_models_properties() -> None:
    model = rendered(
        "-- a\n{{ config(kind='feature_view', entity='carrier', event_time='event_ts', "
        "ttl=var('ttl')) }}select 1",
        ttl="7 days",
    )
    assert model.sql == "-- a\nselect 1"
    assert model.config.kind == "feature_view"
    assert model.config.entity == "carrier"
    assert model.config.ttl_us == 7 * 86_400 * 1_000_000
    assert model.config_location == Location(MODEL_PATH, 2, 4)


def test_what_config_may_not_say_is_a_project_error_at_the_call() -> None:
    with pytest.raises(ProjectError) as caught:
        rendered("select 1\n{{ config(knid='staging') }}")
    assert caught.value.location is not None
    assert caught.value.location.line == 2
    assert caught.value.excerpt == "{{ config(knid='staging') }}"


def test_config_can_be_called_once() -> None:
    error = render_error("{{ config(kind='staging') }}\n{{ config(kind='staging') }}")
    assert "twice" in error.message
    assert f"{MODEL_PATH}:1:4" in error.message
    assert error.location == Location(MODEL_PATH, 2, 4)


@pytest.mark.parametrize(
    ("template", "macros"),
    [
        ("{{ f() }}", {"macros/a.sql": "{% macro f() %}{{ config(kind='x') }}{% endmacro %}"}),
        ("{% macro f() %}{{ config(kind='x') }}{% endmacro %}{{ f() }}", {}),
    ],
)
def test_config_is_not_for_macros(template: str, macros: dict[str, str]) -> None:
    assert "not by a macro" in render_error(template, macros).message


def test_macros_call_each_other_across_files_in_any_order() -> None:
    macros = {
        "macros/a.sql": "{% macro first(x) %}[{{ second(x) }}]{% endmacro %}\n",
        "macros/b.sql": "{# about #}\n{% macro second(x) %}{{ third(x, y=2) }}{% endmacro %}\n\n"
        "{% macro third(x, y=1) -%} {{ x }}/{{ y }}/{{ var('v') }} {%- endmacro %}",
    }
    assert render("{{ first('a') }}", macros, v="b") == "[a/2/'b']"


def test_a_model_defines_macros_for_itself() -> None:
    assert render("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f(1) }}{{ f('a') }}") == "<1><a>"


def test_a_macro_defined_twice_names_both_places() -> None:
    macros = {
        "macros/a.sql": "{% macro f() %}{% endmacro %}",
        "macros/b.sql": "\n{% macro f() %}{% endmacro %}",
    }
    error = render_error("", macros)
    assert "macros/a.sql:1:4" in error.message
    assert error.location == Location("macros/b.sql", 2, 4)
    again = render_error("{% macro f() %}{% endmacro %}", {"macros/a.sql": macros["macros/a.sql"]})
    assert "macros/a.sql:1:4" in again.message
    assert again.location == Location(MODEL_PATH, 1, 4)


def test_a_macro_cannot_take_a_functions_name() -> None:
    assert "function" in render_error("{% macro ref(x) %}{% endmacro %}").message


def test_a_macro_file_holds_macros_only() -> None:
    error = render_error("", {"macros/a.sql": "{% macro f() %}{% endmacro %}\n\n select 1"})
    assert error.location == Location("macros/a.sql", 3, 2)
    error = render_error("", {"macros/a.sql": "{% set a = 1 %}"})
    assert error.location == Location("macros/a.sql", 1, 4)


def test_log_goes_to_the_logger_and_prints_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="featuresql.template")
    assert render("a{{ log('loud', info=True) }}{{ log('quiet') }}b") == "ab"
    assert [(r.levelno, r.getMessage()) for r in caplog.records] == [
        (logging.INFO, f"{MODEL_PATH}:1:5: loud"),
        (logging.DEBUG, f"{MODEL_PATH}:1:33: quiet"),
    ]


def test_do_break_and_continue_work_as_in_dbt() -> None:
    template = (
        "{% set ns = namespace(n=0) %}{% for i in range(10) %}{% if i == 2 %}{% continue %}"
        "{% endif %}{% if i == 5 %}{% break %}{% endif %}{% set ns.n = ns.n + i %}{{ i }},"
        "{% endfor %}{% do log('x') %}{{ ns.n }}"
    )
    assert render(template) == "0,1,3,4,8"


def test_values_passed_to_render_go_before_the_projects_variables() -> None:
    project = make_project({"m": "{{ var('a') }} {{ var('b') }}"}, variables={"a": 1, "b": 2})
    model = render_model(project.models["m"], project, variables={"b": 3})
    assert model.sql == "1 3"


# What an author writes without variables prints as plain Jinja prints it, white space and all.
PLAIN_TEMPLATES = [
    "a\n{% if true %}\n  b\n{% endif %}\nc\n\n",
    "a\n  {%- if true -%}\n  b\n  {%- else %} c {% endif -%}\n c\n",
    "a {# one\n two #} b {#- x -#} c\n",
    "{% raw %} {{ x }} {%- y -%} {% endraw %}\n d {%- raw -%} {{ {%- endraw -%} e",
    "{% for a in [1, 2, 3] -%} {{ loop.index }}{{ ',' if not loop.last }} {% else %}n{% endfor %}",
    "{% for a in [] %}x{% else %}none{% endfor %}",
    "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for a in ['x', 'y'] if a != 'x' %}{{ a }}{% endfor %}",
    "{% set a, b = 1, 'z' %}{{ a }}{{ b }}",
    "{% set t %} x {{ 1 }} {% endset %}[{{ t }}]{{ t | trim | upper | replace('X', 'y') }}",
    "{% set t | upper %}abc{% endset %}{{ t }}",
    "{% filter upper %}abc {{ 'd' ~ 1 }}{% endfilter %}",
    (
        "{% macro f(a, b='q') %}{{ a }}{{ b }}{{ varargs | sum }}{{ kwargs.z }}{% endmacro %}"
        "{{ f(1, z=1) }} {{ f(1, 2, 3, z=4) }}"
    ),
    "{% macro f() %}<{{ caller('u') }}>{% endmacro %}{% call(x) f() %}c{{ x }}{% endcall %}",
    "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}",
    "{{ 7 // 2 }} {{ 7 % 3 }} {{ 2 ** 8 }} {{ -3 }} {{ 'a' * 3 }} {{ 'a' ~ 1 }} {{ 'a' + 'b' }}",
    "{{ 'abc'[1] }}{{ 'abc'[::-1] }}{{ [1, 2, 3][-1] }}{{ {'a': {'b': 5}}.a['b'] }}",
    "{{ 'a,b'.split(',') | join(' and ') }} {{ ', '.join(['x', 'y']) }} {{ '%03d|%s' % (7, 'q') }}",
    "{{ '{}-{:>4}'.format('a', 'b') }} {{ '%s' | format('z') }} {{ 'a b' | title }}",
    "{{ ['b', 'a'] | sort | join }} {{ [3, 1] | max }} {{ [1, 2] | sum }} {{ 'x' if 1 < 2 <= 2 }}",
    "{{ 'no' if false }}|{{ 1 if x is defined else 2 }}|{{ x | default('d') }}{{ 1 if 2 is even }}",
    "{{ ['a', 'b'] | map('upper') | join(',') }} {{ [{'n': 'q'}] | map(attribute='n') | first }}",
    "{{ 'a\nb' | indent(2) }} {{ [1, 2, 3, 4] | batch(2) | first | last }} {{ 3.7 | round | int }}",
    "{{ [1, 2, 3] | select('odd') | list | length }} {{ 1 if 'x' in 'xyz' }}",
    "a\r\nb {{ 1 }}\r\nc\r",
]


@pytest.mark.parametrize("template", PLAIN_TEMPLATES)
def test_templates_without_variables_render_as_jinja_with_dbts_settings_does(template: str) -> None:
    plain = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])  # noqa: S701
    assert render(template) == plain.from_string(template).render()


WHITE = st.sampled_from(["", " ", "\n", " \n ", "\n\n", "x", " y\n"])
SIGN = st.sampled_from(["", "-", "+"])


@given(st.lists(st.tuples(WHITE, SIGN, SIGN, st.sampled_from(["expr", "comment", "if", "raw"]))))
def test_white_space_control_is_jinjas(parts: list[tuple[str, str, str, str]]) -> None:
    template = ""
    for white, left, right, kind in parts:
        template += white
        if kind == "expr":
            template += f"{{{{{left if left != '+' else ''} 1 {right if right != '+' else ''}}}}}"
        elif kind == "comment":
            template += f"{{#{left} c {right}#}}"
        elif kind == "if":
            template += f"{{%{left} if 1 {right}%}}{white}q{white}{{%{right} endif {left}%}}"
        else:
            closing = right.replace("+", "")
            template += f"{{%{left} raw {closing}%}}{white}{{{{ {white}{{% endraw {closing}%}}"
    assert render(template) == jinja2.Environment().from_string(template).render()  # noqa: S701


def test_render_project_renders_all_models_or_those_that_are_named() -> None:
    project = make_project({"a": "select 1", "b": "select * from {{ ref('a') }}"})
    assert {name: model.sql for name, model in render_project(project).items()} == {
        "a": "select 1",
        "b": "select * from ref.a",
    }
    assert list(render_project(project, ["b"])) == ["b"]


def test_render_project_raises_the_errors_of_all_models_together() -> None:
    project = make_project({"a": "{{ x }}", "b": "select 1", "c": "{{ config(knid=1) }}"})
    with pytest.raises(ManyErrors) as caught:
        render_project(project)
    assert [type(error) for error in caught.value.errors] == [RenderError, ProjectError]
    with pytest.raises(RenderError):
        render_project(project, ["a", "b"])


def test_render_project_refuses_a_name_that_is_no_model() -> None:
    with pytest.raises(PlanError) as caught:
        render_project(make_project({"carriers": "select 1"}), ["carrier"])
    assert caught.value.hint == "did you mean 'carriers'?"


def test_the_errors_of_all_macro_files_come_together() -> None:
    macros = {"macros/a.sql": "{% macro f( %}", "macros/b.sql": "select 1", "macros/c.sql": ""}
    with pytest.raises(ManyErrors) as caught:
        render_project(make_project({"m": ""}, macros))
    assert [str(error.location)[:12] for error in caught.value.errors] == [
        "macros/a.sql",
        "macros/b.sql",
    ]
    assert PLACE.path not in str(caught.value)
