"""What templates may not do, with the place, the message and the hint of each error."""

# ruff: noqa: E501 - a template stands on one line, beside its error

import re

import pytest
from render_case import MODEL_PATH, render, render_error, rendered

from featuresql.errors import Location, ManyErrors, ProjectError

# template, words of the message, line, column, words of the hint
ERRORS = [
    ("a {{ foo }}", "'foo' is not defined", 1, 6, "known:"),
    ("a {{ vaar('x') }}", "'vaar' is not defined", 1, 6, "'var'"),
    ("{{ 1 +\n  foo }}", "'foo' is not defined", 2, 3, None),
    ("{% if a.b %}{% endif %}", "'a' is not defined", 1, 7, None),
    ("{% for x in xs %}{% endfor %}", "'xs' is not defined", 1, 13, None),
    ("{% set n = {'abc': 1} %}\n{{ n.abd }}", "a mapping has no 'abd'", 2, 5, "'abc'"),
    ("{{ [1][4] }}", "a list has no '4'", 1, 4, None),
    ("{{ ref('othr') }}", "no model 'othr'", 1, 4, "'other'"),
    ("{{ ref('flights') }}", "no model 'flights'", 1, 4, "source('flights')"),
    ("{{ ref('m') }}", "refers to itself", 1, 4, None),
    ("{{ ref('pack', 'other') }}", "one name", 1, 4, None),
    ("{{ ref(1) }}", "name in quotes, not a whole number", 1, 4, None),
    ("{{ ref() }}", "ref(): missing a required argument", 1, 4, None),
    ("{{ source('flight') }}", "no source 'flight'", 1, 4, "'flights'"),
    ("{{ source('other') }}", "no source 'other'", 1, 4, "ref('other')"),
    ("{{ source('raw', 'flights') }}", "one name", 1, 4, "source('flights')"),
    ("{{ var('windw') }}", "no variable 'windw'", 1, 4, "'window'"),
    ("{{ config('view') }}", "config(): too many", 1, 4, None),
    ("{{ env_var('HOME') }}", "'env_var'", 1, 4, "only"),
    ("{{ this }}", "'this'", 1, 4, "incremental"),
    ("{% if is_incremental() %}{% endif %}", "'is_incremental'", 1, 7, "interval"),
    ("{% if execute %}{% endif %}", "'execute'", 1, 7, "without a database"),
    ("{{ target.name }}", "'target'", 1, 4, "var()"),
    ("{% set r = run_query('select 1') %}", "'run_query'", 1, 12, "do not query"),
    ("{{ adapter.dispatch('f') }}", "'adapter'", 1, 4, "do not query"),
    ("{{ dbt_utils.star(1) }}", "'dbt_utils'", 1, 4, "macro"),
    ("{{ modules.datetime }}", "'modules'", 1, 4, None),
    ("{% include 'a.sql' %}", "{% include %}", 1, 4, "macro"),
    ("a\n {% import 'a.sql' as a %}", "{% import %}", 2, 5, "by their names"),
    ("{% from 'a.sql' import a %}", "{% from … import %}", 1, 4, "by their names"),
    ("{% extends 'a.sql' %}", "{% extends %}", 1, 4, "macro"),
    ("{% block a %}{% endblock %}", "{% block %}", 1, 4, "macro"),
    ("{% autoescape true %}{% endautoescape %}", "{% autoescape %}", 1, 4, "remove"),
    ("{% for a in [1] recursive %}{% endfor %}", "recursive", 1, 4, "macro"),
    ("{% break %}", "no loop", 1, 4, None),
    ("{% for a in [1] %}{% macro f() %}{% continue %}{% endmacro %}{% endfor %}", "no loop", 1, 37, None),
    ("{{ f(a=1, a=2) }}", "given twice", 1, 13, None),
    ("{{ f(_at=1) }}", "'_at'", 1, 10, None),
    ("{{ 1 | abs(_at=1) }}", "'_at'", 1, 16, None),
    ("{{ __x }}", "two underscores", 1, 4, None),
    ("a {{ 1 | centr }}", "no filter 'centr'", 1, 10, None),
    ("{{ 'a' | uper }}", "no filter 'uper'", 1, 10, "'upper'"),
    ("{{ 'a' | safe }}", "no filter 'safe'", 1, 10, None),
    ("{{ 'a' | attr('upper') }}", "no filter 'attr'", 1, 10, None),
    ("{{ [1] | map('nope') | list }}", "nope", 1, 10, None),
    ("{% if 1 is evn %}{% endif %}", "no test 'evn'", 1, 7, "'even'"),
    ("{{ ''.__class__ }}", "a text has no '__class__'", 1, 6, None),
    ("{{ ''['__class__'] }}", "'__class__'", 1, 4, None),
    ("{{ ref.__globals__ }}", "'__globals__'", 1, 7, None),
    ("{{ ref.function }}", "'function'", 1, 7, None),
    ("{{ config.get('x') }}", "'get'", 1, 10, None),
    ("{{ namespace()._Namespace__attrs }}", "_Namespace__attrs", 1, 15, None),
    ("{{ self._TemplateReference__context }}", "__context", 1, 8, None),
    ("{% for a in [1] %}{{ loop._iterator }}{% endfor %}", "'_iterator'", 1, 26, None),
    ("{% macro f() %}{% endmacro %}{{ f._environment }}", "'_environment'", 1, 34, None),
    ("{{ 'a'.encode() }}", "a text has no 'encode'", 1, 7, None),
    ("{{ [1].append(2) }}", "a list has no 'append'", 1, 7, None),
    ("{% do {'a': 1}.update({}) %}", "a mapping has no 'update'", 1, 15, None),
    ("{{ '{0.__class__}'.format('a') }}", "format is not allowed", 1, 4, "%s"),
    ("{{ '{0[0]}'.format('a') }}", "format is not allowed", 1, 4, None),
    ("{{ '%c' % 39 }}", "format is not allowed", 1, 4, None),
    ("{{ '{:c}'.format(39) }}", "format is not allowed", 1, 4, None),
    ("{{ 'a'.upper(1) }}", "'upper' cannot be called so", 1, 4, "arguments"),
    ("{{ 'a' | replace }}", "'replace' cannot be applied so", 1, 10, "arguments"),
    ("{{ [1] | join(1) }}", "'join' wants", 1, 10, None),
    ("{{ 1() }}", "a whole number cannot be called", 1, 4, None),
    ("{{ 1 / 0 }}", "divided by zero", 1, 4, None),
    ("{{ 1 + 'a' }}", "'+' does not apply to a whole number and a text", 1, 4, None),
    ("{{ ref }}", "a function is used as a value", 1, 4, "()"),
    ("{% macro f() %}{% endmacro %}{{ f }}", "a macro is used as a value", 1, 33, "()"),
    ("{{ namespace() }}", "a namespace is used as a value", 1, 4, None),
    ("{{ {'a': 1} }}", "a mapping has no SQL literal", 1, 4, "key"),
    ("{{ [] }}", "an empty list", 1, 4, "if"),
    ("{{ 1e999 }}", "too large", 1, 4, None),
    ("{{ 'nan' | float }}", "NaN", 1, 4, None),
    ("{% for a in 5 %}{% endfor %}", "a loop wants a list, not a whole number", 1, 13, None),
    ("{% macro f(a) %}{{ a }}{% endmacro %}{{ f() }}", "without its 'a'", 1, 20, None),
    ("{% macro f(a) %}{% endmacro %}{{ f(b=1) }}", "no keyword argument 'b'", 1, 34, None),
    ("{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "not more than 1", 1, 34, None),
    ("{{ '\\ud800' }}", "surrogate", 1, 1, None),
    # malformed templates
    ("a {{ b. }}", "expected name or number", 1, 9, None),
    ("a\n  {{ 1 2 }}", "expected token", 2, 8, None),
    ("{% if 1 %}\n{% endfor %}", "unknown tag 'endfor'", 2, 4, None),
    ("{% iff 1 %}", "unknown tag 'iff'", 1, 4, None),
    ("{# open", "missing end of comment", 1, 1, None),
    ("a {% raw %} b", "missing end of raw", 1, 3, None),
    ("{{ 1 ? 2 }}", "unexpected character '?'", 1, 6, None),
    ("{{ (1] }}", "unexpected ']'", 1, 6, None),
    ("{{ 'a }}", "not closed", 1, 4, None),
    ("{{ 1", "expected 'end of print statement'", 1, 4, None),
    ("{% macro f(a, a) %}{% endmacro %}", "malformed", 1, 1, None),
]  # fmt: skip
INTERNALS = re.compile(
    r"jinja|undefined|traceback|environment\b.*object|lambda|<|VariableText|RenderedText|object at"
    r"|\.py\b|NoneType|TypeError|Exception"
)


@pytest.mark.parametrize(("template", "words", "line", "column", "hint"), ERRORS)
def test_an_error_says_what_where_and_what_to_do(
    template: str, words: str, line: int, column: int, hint: str | None
) -> None:
    error = render_error(template, window="1 day")
    assert words in error.message
    assert error.location is not None
    assert (error.location.path, error.location.line, error.location.column) == (
        MODEL_PATH, line, column
    )  # fmt: skip
    assert error.excerpt == template.split("\n")[line - 1]
    if hint is not None:
        assert hint in (error.hint or "")
    assert not INTERNALS.search(error.message), error.message
    assert error.__cause__ is None
    assert error.__suppress_context__


# as above, of what config() is given
CONFIG_ERRORS = [
    ("{{ config(tll='1 day') }}", "unknown argument 'tll'", 1, 11, "'ttl'"),
    ("{{ config(\n  kind='staging',\n  materialized = ('tabel')) }}", "found 'tabel'", 3, 19, "'table'"),
    ("{{ config(kind='staging', tags=['a', 1]) }}", "found the number 1", 1, 32, None),
    ("{{ config(tags=['x'], kind='feature_service', event_time='t', ttl='1 day') }}", "takes no 'ttl'", 1, 67, None),
    ("{{ config(kind='feature_service', event_time='t', labels=['l', 'l']) }}", "names 'l' twice", 1, 58, None),
    ("{{ config(kind='feature_view', entity='e') }}", "needs 'event_time'", 1, 4, None),
    ("{{ config(**{'kind': 'view'}) }}", "found 'view'", 1, 4, "feature_view"),
    ("{{ config(kind=var('window') | upper) }}", "found '1 DAY'", 1, 16, None),
]  # fmt: skip


@pytest.mark.parametrize(("template", "words", "line", "column", "hint"), CONFIG_ERRORS)
def test_an_error_of_config_points_to_the_argument_or_its_value(
    template: str, words: str, line: int, column: int, hint: str | None
) -> None:
    with pytest.raises(ProjectError) as caught:
        rendered(template, window="1 day")
    error = caught.value
    assert words in error.message
    assert error.location == Location(MODEL_PATH, line, column)
    assert error.excerpt == template.split("\n")[line - 1]
    assert (hint or "") in (error.hint or "")


def test_each_error_of_config_points_to_its_own_value() -> None:
    template = "{{ config(kind='feature_view', entity=1,\n  ttl='soon', event_time='t') }}"
    with pytest.raises(ManyErrors) as caught:
        rendered(template)
    places = [str(error.location) for error in caught.value.errors]
    assert places == ["models/m.sql:1:39", "models/m.sql:2:7"]
    lines = template.split("\n")
    assert [error.excerpt for error in caught.value.errors] == lines


def test_the_places_of_configs_values_are_kept() -> None:
    model = rendered("{{ config(kind='feature_service', event_time='t',\n labels=['l']) }}select 1")
    assert model.config_places["labels"] == Location(MODEL_PATH, 2, 9)
    assert model.config_place("kind") == Location(MODEL_PATH, 1, 16)
    assert model.config_place("request") == model.config_location


def test_a_syntax_error_in_a_macro_file_lies_there() -> None:
    error = render_error("", {"macros/a.sql": "{% macro f() %}\n  {{ a b }}{% endmacro %}"})
    assert error.location is not None
    assert str(error.location) == "macros/a.sql:2:8"
    assert error.code == "template-syntax"


def test_a_question_whether_a_name_is_defined_is_no_use_of_it() -> None:
    assert render("{{ 1 if nothing is defined else 2 }}{{ nothing | default(3) }}") == "23"
    assert render("{{ 1 if {'a': 1}.b is undefined else 2 }}") == "1"


def test_a_branch_that_is_not_taken_raises_nothing() -> None:
    assert render("{% if false %}{{ nothing }}{{ ref('nothing') }}{% endif %}x") == "x"


def test_a_deeply_placed_error_is_raised_without_internals_in_its_text() -> None:
    macros = {"macros/a.sql": "{% macro f(x) %}{{ 1 + x }}{% endmacro %}"}
    text = str(render_error("{% for a in ['q'] %}\n{{ f(a) }}{% endfor %}", macros))
    assert text.splitlines() == [
        (
            "render: '+' does not apply to a whole number and a text "
            "(in a macro that was called at models/m.sql:2:4)"
        ),
        "  at macros/a.sql:1:20",
        "  | {% macro f(x) %}{{ 1 + x }}{% endmacro %}",
        "  |                    ^",
    ]
