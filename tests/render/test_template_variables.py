"""A variable enters SQL as a literal, whatever it holds and whatever the template does to it."""

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import duckdb
import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st
from render_case import MODEL_PATH, render, render_error

from featuresql.errors import Location, RenderError
from featuresql.render.literal import RESERVED_WORDS, identifier

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
NASTY = st.text("'\"\\-/*;$ \n\r\t(){}%#ea&\u2028é", max_size=12)
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001 - read as UTC


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def answer(engine: duckdb.DuckDBPyConnection, sql: str) -> object:
    rows = engine.execute(sql).fetchall()
    assert len(rows) == 1
    assert len(rows[0]) == 1
    return rows[0][0]


@settings(max_examples=300, deadline=None)
@given(st.one_of(TEXT, NASTY))
@example("'; drop table t; --")
@example("\\")
@example("\\'")
@example("$$")
def test_a_text_is_the_same_text_for_the_engine(
    engine: duckdb.DuckDBPyConnection, text: str
) -> None:
    sql = render("select {{ var('x') }} as a -- {{ 1 }}", x=text)
    assert answer(engine, sql) == text
    parsed = sqlglot.parse_one(sql, dialect="duckdb")
    literal = parsed.find(sqlglot.exp.Literal)
    assert literal is not None
    assert literal.this == text


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.booleans(),
        st.integers(-(10**30), 10**30),
        st.floats(allow_nan=False, allow_infinity=False),
        st.dates(),
        st.none(),
        INSTANTS,
    )
)
@example(-0.0)
@example(5e-324)
@example(1.7976931348623157e308)
def test_a_value_is_the_same_value_for_the_engine(
    engine: duckdb.DuckDBPyConnection, value: object
) -> None:
    found = answer(engine, render("select {{ var('x') }} as a", x=value))
    assert found == value
    if value is not None:
        assert type(found) is type(value)
    if isinstance(value, float) and isinstance(found, float):
        assert math.copysign(1, found) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        ("1 day", "'1 day'"),
        ("it's", "'it''s'"),
        (5, "5"),
        (-5, "-5"),
        (0.5, "0.5e0"),
        (1e300, "1e+300"),
        (True, "TRUE"),
        (False, "FALSE"),
        (None, "NULL"),
        (date(2013, 1, 2), "DATE '2013-01-02'"),
        (datetime(2013, 1, 2, 3, 4, tzinfo=UTC), "TIMESTAMP '2013-01-02 03:04:00'"),
        (
            datetime(2013, 1, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=5))),
            "TIMESTAMP '2013-01-01 22:04:05.000006'",
        ),
        (["a", "b'"], "('a', 'b''')"),
        ([1, None, [True]], "(1, NULL, (TRUE))"),
    ],
)
def test_a_value_prints_as_a_typed_literal(value: object, sql: str) -> None:
    assert render("{{ var('x') }}", x=value) == sql
    assert render("{{ var('missing', default) }}".replace("default", "var('x')"), x=value) == sql


def test_an_interval_takes_a_variable() -> None:
    assert render("interval {{ var('w') }} preceding", w="1 day") == "interval '1 day' preceding"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "a\0b", "\ud800", [], {"a": 1}])
def test_what_has_no_literal_is_refused(value: object) -> None:
    assert render_error("a {{ var('x') }}", x=value).location == Location(MODEL_PATH, 1, 6)


def test_a_variable_of_an_unknown_type_is_refused_by_its_name() -> None:
    assert "'x' holds bytes" in render_error("{{ var('x') }}", x=b"a").message


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("var('x') == 'a'", "a"),
        ("'a' == var('x')", "a"),
        ("var('x') in ['a', 'b']", "a"),
        ("'a' in var('x')", ["a", "b"]),
        ("'a' in var('x')", "bab"),
        ("{'a': 1}[var('x')] == 1", "a"),
        ("var('x')['k'] == 1", {"k": 1}),
        ("var('x').k == 1", {"k": 1}),
        ("var('x')", "a"),
        ("not var('x')", ""),
        ("not var('x')", False),
        ("var('x') is none", None),
        ("var('x') + 1 == 3", 2),
        ("var('x') * 2 > 5", 3),
        ("var('x') is true", True),
        ("var('x') | length == 2", "ab"),
        ("var('x') | int == 5", "5"),
        ("var('x') is string", "a"),
        ("var('x').startswith('a')", "ab"),
        ("var('x').year == 2013", date(2013, 1, 2)),
        ("var('x')[0] == 1", [1, 2]),
        ("var('x') < 'b'", "a"),
    ],
)
def test_a_variable_is_its_value_in_conditions(condition: str, value: object) -> None:
    assert render(f"{{% if {condition} %}}yes{{% else %}}no{{% endif %}}", x=value) == "yes"


def test_arithmetic_and_loops_work_on_values() -> None:
    assert render("{{ var('n') + 1 }} {{ -var('n') }} {{ var('n') / 2 }}", n=3) == "4 -3 1.5e0"
    template = "{% for a in var('x') %}{{ a }}{{ ', ' if not loop.last }}{% endfor %}"
    assert render(template, x=["p", "q"]) == "'p', 'q'"
    template = "{% for k, v in var('x').items() %}{{ k }}={{ v }};{% endfor %}"
    assert render(template, x={"p": 1, "q": "r"}) == "'p'=1;'q'='r';"


def test_a_lookup_by_a_variable_gives_the_authors_own_text() -> None:
    template = "order by {{ {'new': 'ts desc', 'old': 'ts'}[var('x')] }}"
    assert render(template, x="new") == "order by ts desc"


# Each makes a text of the variable's. All of them print as one literal of that text.
DERIVATIONS = [
    ("\"'\" ~ var('x')", lambda x: "'" + x),
    ("var('x') ~ \"'\" ~ 1", lambda x: x + "'1"),
    ("\"a'\" + var('x')", lambda x: "a'" + x),
    ("var('x') + 'b'", lambda x: x + "b"),
    ("var('x') * 2", lambda x: x * 2),
    ("'%s;' % var('x')", lambda x: x + ";"),
    ("'%s;' % [var('x')]", lambda x: str([x]) + ";"),
    ("'{};'.format(var('x'))", lambda x: x + ";"),
    ("'{a}'.format(a=var('x'))", lambda x: x),
    ("'%s;' | format(var('x'))", lambda x: x + ";"),
    ("var('x') | replace(\"'\", '')", lambda x: x.replace("'", "")),
    ("'q' | replace('q', var('x'))", lambda x: x),
    ("var('x').replace(\"'\", '')", lambda x: x.replace("'", "")),
    ("var('x') | upper", str.upper),
    ("var('x').lower()", str.lower),
    ("var('x') | string", lambda x: x),
    ("var('x') | trim", str.strip),
    ("var('x') | trim(\"'\")", lambda x: x.strip("'")),
    ("var('x').strip(\"'\")", lambda x: x.strip("'")),
    ("var('x')[1:]", lambda x: x[1:]),
    ("var('x')[::-1]", lambda x: x[::-1]),
    ("(var('x') ~ 'a')[0]", lambda x: (x + "a")[0]),
    ("(var('x') ~ 'a') | first", lambda x: (x + "a")[0]),
    ("(var('x') ~ 'a') | last", lambda _: "a"),
    ("(var('x') ~ 'a') | list | join", lambda x: x + "a"),
    ("var('x') | reverse", lambda x: x[::-1]),
    ("[var('x')] | join(',')", lambda x: x),
    ("['a', var('x')] | join(',')", lambda x: "a," + x),
    ("','.join(['a', var('x')])", lambda x: "a," + x),
    ("var('x').join(['a', 'b'])", lambda x: f"a{x}b"),
    ("['a', 'b'] | join(var('x'))", lambda x: f"a{x}b"),
    ("(var('x') ~ ',b').split(',')[0]", lambda x: (x + ",b").split(",")[0]),
    ("[var('x')] | map('upper') | first", str.upper),
    ("[{'k': var('x')}] | map(attribute='k') | first", lambda x: x),
    ("[[var('x')]] | first | first", lambda x: x),
    ("([var('x')] + ['a'])[0]", lambda x: x),
    ("[var('x'), var('x')] | unique | first", lambda x: x),
    ("[var('x')] | string", lambda x: str([x])),
    ("{'a': var('x')}.a", lambda x: x),
    ("{'a': var('x')}.get('a')", lambda x: x),
    ("{'a': var('x')}.values() | first", lambda x: x),
    ("{var('x'): 1}.keys() | first", lambda x: x),
    ("({var('x'): 1} | items | first)[0]", lambda x: x),
    ("namespace(a=var('x')).a", lambda x: x),
    ("nothing | default(var('x'))", lambda x: x),
    ("var('x') | indent(2, true)", None),
    ("var('x') | title", None),
    ("var('x') | capitalize", str.capitalize),
    ("var('x') | truncate(3, true, '')", None),
    ("(var('x') if true)", lambda x: x),
    ("var('missing', var('x'))", lambda x: x),
    ("var('missing', \"'\" ~ var('x'))", lambda x: "'" + x),
]  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(NASTY)
@example("' or 1=1 --")
@pytest.mark.parametrize(("expression", "expected"), DERIVATIONS)
def test_what_is_made_of_a_variable_is_one_literal(
    engine: duckdb.DuckDBPyConnection, expression: str, expected: object, text: str
) -> None:
    sql = render("select {{ " + expression + " }} as a", x=text)
    found = answer(engine, sql)
    assert isinstance(found, str)
    if callable(expected):
        assert found == expected(text)
    literal = sqlglot.parse_one(sql, dialect="duckdb").find(sqlglot.exp.Literal)
    assert literal is not None
    assert literal.this == found


@pytest.mark.parametrize(
    "template",
    [
        "{% for c in var('x') %}{{ c }} {% endfor %}",
        "{% set t = var('x') %}{{ t }}",
        "{% set ns = namespace(a='') %}{% set ns.a = ns.a ~ var('x') %}{{ ns.a }}",
        "{% macro f(a, b=var('x')) %}{{ a }},{{ b }}{% endmacro %}{{ f(var('x')) }}",
        "{% macro f() %}{{ varargs[0] }},{{ kwargs.a }}{% endmacro %}{{ f(var('x'), a=var('x')) }}",
        "{% macro f() %}{{ caller(var('x')) }}{% endmacro %}{% call(a) f() %}{{ a }}{% endcall %}",
        "{% with a = var('x') %}{{ a }}{% endwith %}",
        "{% macro f() %}{{ kwargs | first }}{% endmacro %}{{ f(**{var('x'): 1}) }}",
        "{% for a in [1, 2] %}{{ loop.cycle(var('x'), 'b') if loop.first }}{% endfor %}",
    ],
)
def test_every_way_to_pass_a_variable_prints_literals(template: str) -> None:
    hostile = "'; drop table t; --"
    sql = render("select " + template, x=hostile)
    outside = "".join(
        token.text
        for token in sqlglot.tokenize(sql, dialect="duckdb")
        if token.token_type is not sqlglot.TokenType.STRING
    )
    assert "drop" not in outside
    assert ";" not in outside
    assert sql.count("'") > 0


SEALED = "{% set t %}a = {{ var('x') }}{% endset %}"


@pytest.mark.parametrize(
    "expression",
    [
        "t | replace(\"'\", '')", "t.replace(\"''\", \"'\")", "t[1:]", "t[0]", "t | upper",
        "t | first", "t | last", "t | list", "t | reverse", "t | trim(\"'\")", "t.strip(\"'\")",
        "t.split('=')", "'%s' % t", "'%s' | format(t)", "'{}'.format(t)", "t * 2", "t | indent",
        "[t] | string", "[t] ~ ''", "t ~ var('x')", "var('x') ~ t", "t | truncate(3)", "t | title",
        "[t] | map('upper') | list", "t | join(',')", "[t, var('x')] | join(',')", "t | sort",
        "t.join(['a'])  ~ ''[0:0] ~ t[1]", "'a' | replace('a', t)", "t | identifier", "t | unique",
        "t | max", "[[t]] | join", "{'a': t} | string", "[t] | string | replace('[', '')",
        "'a' if t[0] == 'a'", "t | batch(1) | list", "t | slice(1) | list", "t | capitalize",
    ],
)  # fmt: skip
def test_sql_that_holds_a_literal_is_not_taken_apart(expression: str) -> None:
    error = render_error(SEALED + "{{ " + expression + " }}", x="a'b")
    assert error.code in {"template-variable", "render"}


def test_a_loop_over_sql_that_holds_a_literal_is_refused() -> None:
    assert "literal" in render_error(SEALED + "{% for c in t %}{{ c }}{% endfor %}", x="a").message


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        ("t", "a = 'v''w'"),
        ("t | trim", "a = 'v''w'"),
        ("t.strip()", "a = 'v''w'"),
        ("'(' ~ t ~ ')' ~ 1", "(a = 'v''w')1"),
        ("t + ' and b'", "a = 'v''w' and b"),
        ("[t, 'c', t] | join(' or ')", "a = 'v''w' or c or a = 'v''w'"),
        ("[t] | first", "a = 'v''w'"),
        ("t if t", "a = 'v''w'"),
        ("t | default('x')", "a = 'v''w'"),
        ("t | string", "a = 'v''w'"),
        ("t | length", "10"),
        ("'=' in t", "TRUE"),
    ],
)
def test_sql_that_holds_a_literal_is_joined_and_printed(expression: str, sql: str) -> None:
    assert render(SEALED + "{{ " + expression + " }}", x="v'w") == sql


@pytest.mark.parametrize(
    "template",
    [
        "'{{ var('x') }}'",
        "\n '%{{ var('x') }}%'",
        "\"{{ var('x') }}\"",
        "$${{ var('x') }}$$",
        "$q${{ var('x') }}$q$",
        "e{{ var('x') }}",
        "x{{ var('x') }}",
        "a {{ var('x') }}{{ var('x') }}",
        "{{ var('x') }}'b'",
        "'b'{{ var('x') }}",
        "e'\\'{{ var('x') }}'",
        "u&{{ var('x') }}",
        "'{{ var('d') }}'",
        "'{{ var('l') }}'",
        "{% macro f(a) %}'{{ a }}'{% endmacro %}{{ f(var('x')) }}",
        "{% set t %}{{ var('x') }}{% endset %}'{{ t }}'",
        "{% set t %}{{ var('x') }}{% endset %}{{ \"'\" ~ t ~ \"'\" }}",
        "5 -{{ var('n') }}",
        "/* {{ var('c') }} */",
        "-- {{ var('c') }}\n",
        "-- {{ var('r') }}\n",
        "'{{ var('y') | identifier }}'",
        "{% raw %}{# {% endraw %}{{ var('x') }} #}",
        "'unclosed {{ var('x') }}",
        "/* /* */ {{ var('c') }}",
    ],
)
def test_a_literal_that_would_not_stand_for_itself_is_refused(template: str) -> None:
    error = render_error(
        "select " + template,
        x="a", y="a b", n=-1, d=date(2013, 1, 1), l=["a"], c="*/ \n", r="a\rb"
    )  # fmt: skip
    assert error.code == "template-variable"
    assert error.location is not None
    assert error.hint is not None


@pytest.mark.parametrize(
    ("template", "sql"),
    [
        ("a = {{ var('x') }}", "a = 'v'"),
        ("a={{ var('x') }}::varchar", "a='v'::varchar"),
        ("f({{ var('x') }},{{ var('x') }})", "f('v','v')"),
        ("'q' || {{ var('x') }} || 'r''s'", "'q' || 'v' || 'r''s'"),
        ("'{{ var('n') }} days'", "'5 days'"),
        ("col_{{ var('n') }}", "col_5"),
        ("-- {{ var('x') }}\n1", "-- 'v'\n1"),
        ("/* '{{ var('x') }} */ 1", "/* ''v' */ 1"),
        ("-- it's\n{{ var('x') }}", "-- it's\n'v'"),
        ("/* /* ' */ ' */ {{ var('x') }}", "/* /* ' */ ' */ 'v'"),
        ("\"it's\" = {{ var('x') }}", "\"it's\" = 'v'"),
        ("$$ ' $$ || {{ var('x') }}", "$$ ' $$ || 'v'"),
        ("a$b$c = {{ var('x') }}", "a$b$c = 'v'"),
        ("e'\\'' || {{ var('x') }}", "e'\\'' || 'v'"),
        ("5 - {{ -1 }}", "5 - -1"),
    ],
)
def test_a_literal_in_its_own_place_is_let_be(template: str, sql: str) -> None:
    assert render(template, x="v", n=5) == sql


@settings(max_examples=300, deadline=None)
@given(st.text("'\"-/*$ e\n;\\", max_size=10), NASTY, st.text("'\"-/*$ e\n;\\", max_size=10))
def test_whatever_stands_around_it_the_variable_is_one_literal_or_an_error(
    before: str, text: str, after: str
) -> None:
    literal = render("{{ var('x') }}", x=text)
    try:
        sql = render(before + "{{ var('x') }}" + after, x=text)
    except RenderError:
        return
    assert sql == (before + literal + after).removesuffix("\n")
    start, end = len(before), len(before) + len(literal)
    tokens = duckdb.tokenize(sql)
    assert not [at for at, _ in tokens if start < at < end]
    at, kind = [token for token in tokens if token[0] <= start][-1]
    assert kind == duckdb.token_type.comment or (kind, at) == (
        duckdb.token_type.string_const, start
    )  # fmt: skip


def test_identifier_prints_a_columns_name() -> None:
    names = ["carrier", "Arr_Delay", "order", "two words", 'quo"te', "1st", "é"]
    assert [render("{{ var('x') | identifier }}", x=name) for name in names] == [
        "carrier", "Arr_Delay", '"order"', '"two words"', '"quo""te"', '"1st"', '"é"'
    ]  # fmt: skip
    template = "select {{ var('x') | map('identifier') | join(', ') }} from t"
    assert render(template, x=["a", "b c"]) == 'select a, "b c" from t'


@pytest.mark.parametrize("name", ["", "a\nb", "a\0", "x" * 256, "\u202e"])
def test_identifier_refuses_what_is_no_name(name: str) -> None:
    assert "cannot be the name" in render_error("{{ var('x') | identifier }}", x=name).message


def test_identifier_refuses_what_is_no_text() -> None:
    assert "not a whole number" in render_error("{{ var('x') | identifier }}", x=5).message


@settings(max_examples=200, deadline=None)
@given(st.one_of(TEXT, NASTY))
def test_an_identifier_is_the_same_name_for_the_engine(
    engine: duckdb.DuckDBPyConnection, name: str
) -> None:
    try:
        sql = render("select 1 as {{ var('x') | identifier }}", x=name)
    except RenderError:
        return
    relation = engine.execute(sql)
    assert [column[0] for column in relation.description] == [name]


def test_every_word_that_the_engine_takes_for_its_own_is_quoted(
    engine: duckdb.DuckDBPyConnection,
) -> None:
    words = engine.execute("select keyword_name from duckdb_keywords()").fetchall()
    taken = set()
    for (word,) in words:
        engine.execute(f'create or replace temp table t as select 41 as "{word}", 1 as "a 1"')
        try:
            found = engine.execute(f"select {word}, t.{word} + 1 from t order by {word}").fetchall()
        except duckdb.Error:
            found = []
        if found != [(41, 42)]:
            taken.add(word)
    assert len(taken) > 50
    assert taken <= RESERVED_WORDS
    assert all(identifier(word) == f'"{word}"' for word in RESERVED_WORDS)
