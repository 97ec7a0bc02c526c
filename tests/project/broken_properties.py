"""Broken folders and properties files, and the one error that each of them gives."""

from broken import Broken, column_test, project_file, properties

FILES = [
    project_file(
        "a model folder that is missing",
        "name: p\nmodel_paths: [modles]\n",
        "missing-file featuresql.yml:2:15",
        "there is no folder 'modles'",
        "did you mean 'models'?",
    ),
    project_file(
        "a macro folder that is missing",
        "name: p\nmacro_paths: [makros]\n",
        "missing-file featuresql.yml:2:15",
        "there is no folder 'makros'",
    ),
    project_file(
        "a model folder outside",
        "name: p\nmodel_paths: [../models]\n",
        "path-outside featuresql.yml:2:15",
        "the path '../models' leaves the project",
    ),
    project_file(
        "the project's own folder",
        "name: p\nmodel_paths: [.]\n",
        "path-outside featuresql.yml:2:15",
        "is the project's own folder",
    ),
    Broken(
        "two models of one name",
        {"featuresql.yml": "name: p\n", "models/sub/a.sql": "select 2\n"},
        "duplicate-name models/sub/a.sql:1:1",
        "the model 'a' stands here twice, first in 'models/a.sql'",
        "rename one of the two",
    ),
    Broken(
        "a model whose name is no identifier",
        {"featuresql.yml": "name: p\n", "models/Carrier Delay.sql": "select 2\n"},
        "not-an-identifier models/Carrier Delay.sql:1:1",
        "a model's name: 'Carrier Delay' is no name",
        "call it 'carrier_delay' (rename the file)",
    ),
    Broken(
        "a model that is no UTF-8",
        {"featuresql.yml": "name: p\n", "models/c.sql": b"select 1\n-- \xff"},
        "not-utf8 models/c.sql:2:4",
        "found the byte 0xff, expected UTF-8 text",
    ),
    Broken(
        "a macro file that is too large",
        {"featuresql.yml": "name: p\n", "macros/m.sql": "x" * 1_000_001},
        "file-too-large macros/m.sql:1:1",
        "the file is larger than 1 MB",
    ),
]

PROPERTIES = [
    properties(
        "a syntax error",
        "models: [\n",
        "yaml-syntax models/p.yml:2:1",
        "this is no YAML",
    ),
    properties(
        "an unknown key",
        "modles: []\n",
        "unknown-key models/p.yml:1:1",
        "unknown key 'modles'",
        "did you mean 'models'?",
    ),
    properties(
        "a model that is not there",
        "models:\n  - name: aa\n",
        "unknown-model models/p.yml:2:11",
        "unknown model 'aa'",
        "did you mean 'a'?",
    ),
    properties(
        "a model that stands there twice",
        "models:\n  - name: a\n  - name: a\n",
        "duplicate-name models/p.yml:3:11",
        "the model 'a' stands here twice, first at models/p.yml:2:11",
    ),
    properties(
        "a column that stands there twice",
        "models:\n  - name: a\n    columns: [{name: x}, {name: x}]\n",
        "duplicate-name models/p.yml:3:33",
        "the column 'x' stands here twice",
    ),
    properties(
        "a column without a name",
        "models:\n  - name: a\n    columns: [{description: x}]\n",
        "missing-key models/p.yml:3:15",
        "the key 'name' is missing",
    ),
    column_test(
        "an unknown test",
        "not_nul",
        "unknown-test models/p.yml:6:13",
        "unknown test 'not_nul'",
        "did you mean 'not_null'?",
    ),
    column_test(
        "an unknown test with arguments",
        "acepted_values: {values: [1]}",
        "unknown-test models/p.yml:6:13",
        "unknown test 'acepted_values'",
        "did you mean 'accepted_values'?",
    ),
    column_test(
        "a test of models on a column",
        "row_count: {min: 1}",
        "unknown-test models/p.yml:6:13",
        "unknown test 'row_count'",
        "known: accepted_values, expression",
    ),
    column_test(
        "a test without its arguments",
        "accepted_values",
        "missing-key models/p.yml:6:13",
        "the test 'accepted_values' needs arguments",
    ),
    column_test(
        "a test with empty arguments",
        "range:",
        "missing-key models/p.yml:6:13",
        "the test 'range' needs arguments",
    ),
    column_test(
        "an unknown argument",
        "accepted_values: {value: [1], values: [1]}",
        "unknown-argument models/p.yml:6:31",
        "unknown argument 'value'",
        "did you mean 'values'?",
    ),
    column_test(
        "no values",
        "accepted_values: {values: []}",
        "wrong-type models/p.yml:6:39",
        "'values': found a list, expected at least 1",
    ),
    column_test(
        "an unknown severity",
        "unique: {severity: warning}",
        "wrong-value models/p.yml:6:32",
        "'severity': found 'warning', expected 'error', 'warn'",
        "did you mean 'warn'?",
    ),
    column_test(
        "two tests in one entry",
        "not_null: {}\n            unique: {}",
        "wrong-type models/p.yml:6:13",
        "found 2 tests in one entry, expected one",
        "begin each test with '- '",
    ),
    column_test(
        "a range without bounds",
        "range: {}",
        "missing-key models/p.yml:6:20",
        "neither 'min' nor 'max' is given",
    ),
    column_test(
        "a range that holds nothing",
        "range: {min: 2, max: 1}",
        "wrong-value models/p.yml:6:20",
        "'min' 2 is greater than 'max' 1",
    ),
    column_test(
        "a bound that is no number",
        "range: {min: low}",
        "wrong-type models/p.yml:6:26",
        "found 'low', expected a number, a date or an instant",
    ),
    column_test(
        "bounds of two types",
        "range: {min: 1, max: 2024-01-01}",
        "wrong-type models/p.yml:6:20",
        "'min' and 'max' are not of one type",
    ),
    column_test(
        "a relationship that is no ref",
        "relationships: {to: b, field: y}",
        "wrong-value models/p.yml:6:33",
        "'to': found 'b', expected ref('model')",
    ),
    column_test(
        "a relationship to an unknown model",
        "relationships: {to: ref('bb'), field: y}",
        "unknown-model models/p.yml:6:33",
        "unknown model 'bb'",
        "did you mean 'b'?",
    ),
    properties(
        "a negative count",
        "models:\n  - name: a\n    tests:\n      - row_count: {min: -1}\n",
        "wrong-type models/p.yml:4:26",
        "'min': found the number -1, expected at least 0",
    ),
    properties(
        "a unit test of an unknown model",
        "unit_tests:\n  - {name: u, model: aa, expect: {rows: []}}\n",
        "unknown-model models/p.yml:2:22",
        "unknown model 'aa'",
        "did you mean 'a'?",
    ),
    properties(
        "a unit test that expects nothing",
        "unit_tests:\n  - {name: u, model: a}\n",
        "missing-key models/p.yml:2:5",
        "the key 'expect' is missing",
    ),
    properties(
        "two unit tests of one name",
        "unit_tests:\n  - {name: u, model: a, expect: {rows: []}}\n"
        "  - {name: u, model: b, expect: {rows: []}}\n",
        "duplicate-name models/p.yml:3:12",
        "the unit test 'u' stands here twice, first at models/p.yml:2:12",
    ),
    properties(
        "an input that is no ref",
        "unit_tests:\n  - name: u\n    model: a\n    expect: {rows: []}\n"
        "    given: [{input: b, rows: []}]\n",
        "wrong-value models/p.yml:5:21",
        "'input': found 'b', expected ref('model') or source",
    ),
    properties(
        "an input from an unknown source",
        "unit_tests:\n  - name: u\n    model: a\n    expect: {rows: []}\n"
        "    given: [{input: source('tt'), rows: []}]\n",
        "unknown-source models/p.yml:5:21",
        "unknown source 'tt'",
        "there are none",
    ),
    properties(
        "an input that is given twice",
        "unit_tests:\n  - name: u\n    model: a\n    expect: {rows: []}\n"
        "    given:\n    - {input: ref('b'), rows: []}\n    - {input: ref(\"b\"), rows: []}\n",
        "duplicate-name models/p.yml:7:15",
        "the input 'ref(\"b\")' stands here twice",
    ),
    properties(
        "rows that are no mappings",
        "unit_tests:\n  - {name: u, model: a, expect: {rows: [1]}}\n",
        "wrong-type models/p.yml:2:41",
        "found the number 1, expected a mapping",
    ),
    properties(
        "a variable that the project does not have",
        "unit_tests:\n  - name: u\n    model: a\n    expect: {rows: []}\n"
        "    overrides: {vars: {x: 1}}\n",
        "unknown-variable models/p.yml:5:24",
        "unknown variable 'x'",
    ),
]
