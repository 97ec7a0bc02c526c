import math
from datetime import date, datetime

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.compat import StringIO
from ruamel.yaml.error import MarkedYAMLError

from featuresql.errors import FeatureSQLError, ProjectError
from featuresql.project.parse_yaml import parse_yaml
from featuresql.project.text_file import TextFile

NOON = datetime(2013, 7, 1, 12)  # noqa: DTZ001 - models' own instants have no zone


def plain(text: str) -> object:
    errors: list[FeatureSQLError] = []
    node = parse_yaml(TextFile("f.yml", text), errors)
    assert errors == []
    return None if node is None else node.plain()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-17", -17),
        ("007", 7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("on", "on"),
        ("~", None),
        ("null", None),
        ("'1'", "1"),
        ('"null"', "null"),
        ("''", ""),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2013-07-01", date(2013, 7, 1)),
        ("2013-07-01 12:00:00", NOON),
        ("2013-07-01T12:00:00.000000Z", NOON),
        ("2013-07-01 08:00:00 -04:00", NOON),
        ("'2013-07-01'", "2013-07-01"),
        ("1 day", "1 day"),
        ("|\n    two\n    lines\n", "two\nlines\n"),
    ],
)
def test_a_scalar_has_the_type_that_yaml_gives_it(text: str, value: object) -> None:
    assert plain(f"x: {text}\n") == {"x": value}
    assert type(plain(f"x: {text}\n")["x"]) is type(value)  # type: ignore[index]


def test_an_alias_stands_for_its_anchor() -> None:
    assert plain("a: &x {b: [1]}\nc: *x\n") == {"a": {"b": [1]}, "c": {"b": [1]}}


def test_nodes_know_where_they_stand() -> None:
    node = parse_yaml(TextFile("f.yml", "a:\n  b: [1, {c: 2}]\nd:\n"), [])
    assert node is not None
    assert (node.key_mark("a"), node.value_mark("a")) == ((1, 1), (2, 3))
    b = node.child("a").child("b")  # type: ignore[union-attr]
    assert b is not None
    assert (b.mark, b.child(1).key_mark("c")) == ((2, 6), (2, 11))  # type: ignore[union-attr]
    assert node.value_mark("d") == (3, 1)


def test_every_duplicate_key_is_reported() -> None:
    errors: list[FeatureSQLError] = []
    text = "a: 1\nb: {c: 1, c: 2}\na: 2\na: 3\n"
    parse_yaml(TextFile("f.yml", text), errors)
    assert [str(error.location) for error in errors] == ["f.yml:2:11", "f.yml:3:1", "f.yml:4:1"]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]))
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text("abcdefgh<", min_size=1, max_size=8).filter(lambda k: k != "<<"),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(st.text("abcdefgh", min_size=1), values, min_size=1, max_size=4))
def test_what_ruamel_writes_is_read_as_it_was(document: dict[str, object]) -> None:
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(document, stream)
    text = stream.getvalue()
    try:
        YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError:  # it writes '{a: ?b}' and '{<: :0}', which it does not read itself
        assume(False)
    assert plain(text) == document


@settings(max_examples=300, deadline=None)
@given(
    st.text(
        st.sampled_from(list("ab:{}[]-,&*!|>'\"%#@\n\t ?<~019.\\xUé\x07\u2028=ZT+")), max_size=40
    )
)
def test_any_text_is_a_document_or_a_project_error(text: str) -> None:
    errors: list[FeatureSQLError] = []
    file = TextFile("f.yml", text)
    try:
        node = parse_yaml(file, errors)
    except ProjectError as error:
        errors.append(error)
    else:
        assert node is None or node.size >= 1
    for error in errors:
        assert error.location is not None
        assert 1 <= error.location.line <= text.count("\n") + text.count("\u2028") + 2
