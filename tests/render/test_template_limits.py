"""No template takes the process with it: each ends soon, in little memory, with an error."""

# ruff: noqa: E501 - a template stands on one line, beside its name

import json
import subprocess
import sys
from pathlib import Path

import pytest
from render_case import render, render_error

from featuresql.render.filters import FILTER_NAMES
from featuresql.render.limits import (
    MAX_INTEGER_BITS,
    MAX_ITEMS,
    MAX_MACRO_DEPTH,
    MAX_NODES,
    MAX_STEPS,
    MAX_TEMPLATE_CHARACTERS,
    MAX_TEXT_CHARACTERS,
)
from featuresql.render.text_operations import method_names

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux keeps a process to an address space"
)

DOUBLE = (
    "{% set ns = namespace(x=START) %}{% for i in range(90) %}{% set ns.x = STEP %}{% endfor %}"
)


def doubling(start: str, step: str) -> str:
    return DOUBLE.replace("START", start).replace("STEP", step)


HOSTILE = {
    "range": "{{ range(10**9) }}",
    "range of a huge number": "{{ range(10**400) }}",
    "range downwards": "{{ range(0, -10**9, -1) }}",
    "range from a variable": "{% for i in range(var('n')) %}x{% endfor %}",
    "loop": "{% for i in range(10**9) %}x{% endfor %}",
    "loops within loops": "{% for i in range(9999) %}{% for j in range(9999) %}x{% endfor %}{% endfor %}",
    "empty loops": "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
    "loops with a filter": "{% for i in range(9999) %}{% for j in range(9999) if 0 %}{% endfor %}{% endfor %}",
    "ranges": "{% for i in range(100000) %}{% set x = range(100000) %}{% endfor %}",
    "much output": "{% for i in range(90000) %}{{ 'x' * 100 }}{% endfor %}",
    "text times": "{{ 'a' * 10**9 }}",
    "times text": "{{ 10**9 * 'a' }}",
    "list times": "{{ [1] * 10**9 }}",
    "list times twice": "{{ ([1] * 90000) * 90000 }}",
    "tuple times": "{{ (1, 2) * 10**9 }}",
    "variable times": "{{ var('big') * var('n') }}",
    "power": "{{ 10**(10**10) }}",
    "power of powers": "{{ (9**9)**(9**9)**9 }}",
    "negative power": "{{ (-9)**9999999 }}",
    "float power": "{{ 9.0**(9**9) }}",
    "products": doubling("10", "ns.x * ns.x"),
    "sums of texts": doubling("'xx'", "ns.x + ns.x"),
    "joined texts": doubling("'xx'", "ns.x ~ ns.x"),
    "joined variables": doubling("var('big')", "ns.x ~ ns.x"),
    "sums of lists": doubling("[1]", "ns.x + ns.x"),
    "lists of lists": doubling("[1]", "[ns.x, ns.x]"),
    "lists of lists compared": doubling("[1]", "[ns.x, ns.x]") + "{{ ns.x == ns.x }}",
    "tuples of tuples": doubling("(1,)", "(ns.x, ns.x)"),
    "mappings": doubling("{}", "{'a': ns.x, 'b': ns.x}"),
    "namespaces": doubling("1", "namespace(a=ns.x, b=ns.x)") + "{{ ns.x == ns.x }}",
    "replace": doubling("'xx'", "ns.x | replace('x', 'xxx')"),
    "replace of nothing": "{{ ('x' * 900000) | replace('', 'y' * 900000) }}",
    "the method replace": doubling("'xx'", "ns.x.replace('x', 'xxx')"),
    "replace by name": "{{ ('x' * 90000) | replace(old='x', new='y' * 90000) }}",
    "the method replace by name": "{{ ('x' * 90000).replace('x', 'y' * 90000, 90000) }}",
    "join": "{{ range(90000) | join('x' * 90000) }}",
    "the method join": "{{ ('x' * 90000).join(range(90000)) }}",
    "join of a text": "{{ ('x' * 90000) | join('y' * 90000) }}",
    "percent width": "{{ '%1000000000d' % 1 }}",
    "percent precision": "{{ '%.1000000000f' % 1 }}",
    "percent star": "{{ '%*d' % (10**9, 1) }}",
    "percent text": "{{ '%s' * 9000 % (('x' * 9000,) * 9000) }}",
    "percent mapping": "{{ '%(a)s' * 90000 % {'a': 'x' * 90000} }}",
    "filter format": "{{ '%1000000000d' | format(1) }}",
    "format width": "{{ '{:>1000000000}'.format('x') }}",
    "format nested width": "{{ '{:>{w}}'.format('x', w=10**9) }}",
    "format precision": "{{ '{:.1000000000f}'.format(1.0) }}",
    "format repeated": "{{ ('{0}' * 90000).format('x' * 90000) }}",
    "format map": "{{ '{a:1000000000}'.format_map({'a': 1}) }}",
    "format grouping": "{{ '{:0999999999,}'.format(1) }}",
    "center": "{{ 'x' | center(10**9) }}",
    "ljust": "{{ 'x'.ljust(10**9) }}",
    "zfill": "{{ 'x'.zfill(10**9) }}",
    "expandtabs": "{{ '\\t'.expandtabs(10**9) }}",
    "translate": "{{ ('x' * 90000).translate({120: 'y' * 90000}) }}",
    "bytes": "{{ (1).to_bytes(10**9) }}",
    "indent": "{{ ('\\n' * 90000) | indent(90000, true, true) }}",
    "indent by a text": "{{ ('\\n' * 90000) | indent('x' * 90000, true, true) }}",
    "indent by name": "{{ 'x' | indent(width=10**9, first=true) }}",
    "batch": "{{ [1] | batch(10**9, 0) | list }}",
    "batch by name": "{{ [1] | batch(linecount=10**9, fill_with=0) | list }}",
    "slice": "{{ [1] | slice(10**9) | list }}",
    "round": "{{ 1.5 | round(10**9, 'ceil') }}",
    "round by name": "{{ 1.5 | round(precision=10**9, method='floor') }}",
    "sum of lists": "{{ ([[1] * 9] * 9000) | sum(start=[]) }}",
    "wordwrap": "{{ 'x' | wordwrap(10**9) }}",
    "pprint": "{{ range(99999) | pprint }}",
    "lipsum": "{{ lipsum(n=10**6) }}",
    "int of a text": "{{ ('9' * 4000) | int }}",
    "int of hexadecimal": "{{ ('f' * 900000) | int(0, 16) }}",
    "large number": "{{ 0x" + "f" * 100_000 + " }}",
    "long number": "{{ " + "9" * 100_000 + " }}",
    "split": "{{ ('a ' * 400000).split() }}",
    "lists of characters": "{{ ('a' * 900000) | list }}",
    "parts of texts": "{% set t = 'x' * 900000 %}{% for i in range(99999) %}{% set u = t[1:] %}{% endfor %}",
    "comparison of texts": "{% set t = 'x' * 900000 %}{% set u = 'x' * 900000 %}{% for i in range(99999) %}"
    "{% if t == u %}{% endif %}{% endfor %}",
    "search in texts": "{% set t = 'x' * 900000 %}{% for i in range(99999) %}{% if 'xy' in t %}{% endif %}{% endfor %}",
    "search in lists": "{% set t = range(99999) %}{% for i in range(99999) %}{% if -1 in t %}{% endif %}{% endfor %}",
    "select in lists": "{{ range(99999) | select('in', range(99999)) | list | length }}",
    "map": "{{ range(99999) | map('string') | map('replace', '1', 'x' * 99999) | list | length }}",
    "sort": "{% for i in range(9999) %}{% set x = range(9999) | sort %}{% endfor %}",
    "methods": "{% for i in range(99999) %}{% set x = ('x' * 99999).upper() %}{% endfor %}",
    "loop changes": "{% set t = 'x' * 900000 %}{% for i in range(99999) %}{% if loop.changed(t ~ i) %}{% endif %}{% endfor %}",
    "set blocks": DOUBLE.replace("START", "'xx'").replace(
        "{% set ns.x = STEP %}", "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}"
    ),
    "macro that calls itself": "{% macro f(n) %}{{ f(n + 1) }}{% endmacro %}{{ f(1) }}",
    "macros that call each other": "{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ f() }}{% endmacro %}{{ f() }}",
    "macro that calls itself twice": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(35) }}",
    "macro that doubles": "{% macro f(n) %}{% if n %}{% set x = f(n - 1) %}{{ x }}{{ x }}{% else %}xx{% endif %}{% endmacro %}{{ f(35) }}",
    "callers": "{% macro f() %}{{ caller() }}{% endmacro %}" + "{% call f() %}" * 60 + "{% endcall %}" * 60,
    "caller that calls": "{% macro f() %}{% call f() %}{% endcall %}{% endmacro %}{{ f() }}",
    "parentheses": "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "brackets": "{{ " + "[" * 90_000,
    "nots": "{{ " + "not " * 40_000 + "1 }}",
    "minus signs": "{{ " + "-" * 90_000 + "1 }}",
    "many sums": "{{ " + "1 + " * 40_000 + "1 }}",
    "many joins": "{{ " + "1 ~ " * 40_000 + "1 }}",
    "many comparisons": "{{ " + "1 < " * 40_000 + "1 }}",
    "many attributes": "{{ a" + ".a" * 90_000 + " }}",
    "many filters": "{{ 1" + " | abs" * 30_000 + " }}",
    "many expressions": "{{ 1 }}" * 28_000,
    "many names": "".join(f"{{{{ a{i} }}}}" for i in range(18_000)),
    "many sets": "{% set a = 1 %}" * 13_000,
    "many items": "{{ [" + "1," * 90_000 + "] }}",
    "many pairs": "{{ {" + "1:1," * 45_000 + "} }}",
    "many arguments": "{% macro f(" + ",".join(f"a{i}" for i in range(25_000)) + ") %}{% endmacro %}",
    "many branches": "{% if 0 %}" + "{% elif 0 %}" * 16_000 + "{% endif %}",
    "ifs within ifs": "{% if 1 %}" * 9_000 + "{% endif %}" * 9_000,
    "fors within fors": "{% for i in [1] %}" * 30 + "{% endfor %}" * 30,
    "long template": "x" * 1_000_000,
    "open strings": "{{ '" + "a" * 190_000,
    "open braces": "{" * 190_000,
    "open tags": "{%" * 90_000,
}  # fmt: skip


@pytest.fixture(scope="module")
def results() -> dict[str, dict[str, object]]:
    helper = Path(__file__).with_name("limited_renders.py")
    run = subprocess.run(
        [sys.executable, str(helper)],
        input=json.dumps(HOSTILE),
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    return {line["name"]: line for line in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_ends_in_an_error_soon_and_in_little_memory(
    results: dict[str, dict[str, object]], name: str
) -> None:
    assert name in results, "the process died"
    result = results[name]
    assert "code" in result, result
    assert isinstance(result["processor_s"], float)
    assert result["processor_s"] < 10


def test_what_is_just_within_the_limits_renders() -> None:
    assert len(render(f"{{{{ 'x' * {MAX_TEXT_CHARACTERS} }}}}")) == MAX_TEXT_CHARACTERS
    assert render(f"{{{{ range({MAX_ITEMS - 1}) | length }}}}") == str(MAX_ITEMS - 1)
    power = MAX_INTEGER_BITS // 2
    assert render(f"{{{{ 2 ** {power} }}}}") == str(2**power)
    depth = MAX_MACRO_DEPTH - 1
    macro = "{% macro f(n) %}x{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}"
    assert render(macro + f"{{{{ f({depth}) }}}}") == "x" * (depth + 1)


def test_an_error_of_a_limit_says_where_and_which() -> None:
    error = render_error("select\n  {{ 'a' * 10**9 }}")
    assert error.code == "template-limit"
    assert "1,000,000 characters" in error.message
    assert str(error.location) == "models/m.sql:2:6"
    assert error.excerpt == "  {{ 'a' * 10**9 }}"


def test_honest_work_is_far_from_the_limits() -> None:
    template = (
        "select\n{% for c in range(2000) %}  sum(a{{ c }}) filter (where b = {{ var('x') }}) as s{{ c }}"
        "{{ ',' if not loop.last }}\n{% endfor %}from {{ ref('other') }}"
    )
    assert render(template, x="v").count("filter") == 2000


def test_the_page_for_users_names_what_there_is() -> None:
    page = Path(__file__).parents[2].joinpath("docs", "templates.md").read_text()
    section = page.split("Filters: ")[1].split("Tests: ")[0]
    assert set(section.replace("`", "").replace(".", "").split()) == FILTER_NAMES
    methods = page.split("Methods of texts: ")[1].split("; of mappings")[0]
    assert set(methods.replace("`", "").split()) == method_names("")
    for limit in (MAX_TEXT_CHARACTERS, MAX_TEMPLATE_CHARACTERS, MAX_ITEMS, MAX_STEPS, MAX_NODES):
        assert f"{limit:,}" in page
