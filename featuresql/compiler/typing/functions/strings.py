"""Functions of text."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.typing.argument import NULL
from featuresql.compiler.typing.function import Call, Function, scalar_function, signatures
from featuresql.spec.column_type import ColumnType

_TEXT: Final = "VARCHAR -> VARCHAR"
_TWO_TEXTS_TO_NUMBER: Final = "VARCHAR, VARCHAR -> BIGINT"
_TWO_TEXTS_TO_TRUTH: Final = "VARCHAR, VARCHAR -> BOOLEAN"
_NUMBER_TO_TEXT: Final = tuple(f"{name} -> VARCHAR" for name in ("BIGINT", "UBIGINT", "HUGEINT"))
_REGEX_GROUP: Final = "VARCHAR, VARCHAR, INTEGER?, VARCHAR?"


def _repeated_list(call: Call) -> ColumnType:
    """Give the list's type, or NULL where the count is a bare NULL."""
    return NULL if call.arguments[1].is_null else call.arguments[0].type


def _like(name: str, node: type[exp.Expr]) -> Function:
    return scalar_function(name, _TWO_TEXTS_TO_TRUTH, node=node, arguments="this expression")


FUNCTIONS: Final = (
    scalar_function("lower lcase", _TEXT, node=exp.Lower),
    scalar_function("upper ucase", _TEXT, node=exp.Upper),
    scalar_function("reverse", _TEXT, node=exp.Reverse),
    scalar_function(
        "length len char_length character_length",
        "VARCHAR -> BIGINT",
        "ANY[] -> BIGINT",
        node=exp.Length,
        arguments="this",
    ),
    scalar_function("strlen", "VARCHAR -> BIGINT"),
    scalar_function("bit_length", "VARCHAR -> BIGINT", node=exp.BitLength),
    scalar_function("length_grapheme", "VARCHAR -> BIGINT"),
    scalar_function("octet_length", "BLOB -> BIGINT"),
    scalar_function(
        "substring substr",
        "VARCHAR, BIGINT, BIGINT? -> VARCHAR",
        node=exp.Substring,
        arguments="this start length",
    ),
    scalar_function("left", "VARCHAR, BIGINT -> VARCHAR", node=exp.Left),
    scalar_function("right", "VARCHAR, BIGINT -> VARCHAR", node=exp.Right),
    scalar_function(
        "trim ltrim rtrim",
        "VARCHAR, VARCHAR? -> VARCHAR",
        node=exp.Trim,
        arguments="this expression",
    ),
    scalar_function(
        "lpad rpad",
        "VARCHAR, INTEGER, VARCHAR -> VARCHAR",
        node=exp.Pad,
        arguments="this expression fill_pattern",
    ),
    scalar_function(
        "replace",
        "VARCHAR, VARCHAR, VARCHAR -> VARCHAR",
        node=exp.Replace,
        arguments="this expression replacement",
    ),
    scalar_function(
        "translate",
        "VARCHAR, VARCHAR, VARCHAR -> VARCHAR",
        node=exp.Translate,
        arguments="this from_ to",
    ),
    scalar_function(
        "overlay",
        "VARCHAR, VARCHAR, BIGINT, BIGINT? -> VARCHAR",
        node=exp.Overlay,
        arguments="this expression from_ for_",
    ),
    Function(
        ("repeat",),
        signatures("VARCHAR, BIGINT -> VARCHAR", "BLOB, BIGINT -> BLOB")
        + signatures("ANY[], BIGINT -> ANY[]", rule=_repeated_list),
        nodes=(exp.Repeat,),
        arguments=("this", "times"),
    ),
    scalar_function(
        "strpos instr position", _TWO_TEXTS_TO_NUMBER, node=exp.StrPosition, arguments="this substr"
    ),
    scalar_function("starts_with prefix ^@", _TWO_TEXTS_TO_TRUTH, node=exp.StartsWith),
    scalar_function("ends_with suffix", _TWO_TEXTS_TO_TRUTH, node=exp.EndsWith),
    scalar_function(
        "contains",
        _TWO_TEXTS_TO_TRUTH,
        "T[], T -> BOOLEAN",
        "MAP(K, V), K -> BOOLEAN",
        node=exp.Contains,
        arguments="this expression",
    ),
    _like("LIKE", exp.Like),
    _like("ILIKE", exp.ILike),
    _like("SIMILAR TO", exp.SimilarTo),
    _like("GLOB", exp.Glob),
    scalar_function(
        "regexp_matches",
        "VARCHAR, VARCHAR, VARCHAR? -> BOOLEAN",
        node=exp.RegexpLike,
        arguments="this expression flag",
    ),
    scalar_function(
        "regexp_full_match",
        "VARCHAR, VARCHAR, VARCHAR? -> BOOLEAN",
        node=exp.RegexpFullMatch,
        arguments="this expression options",
    ),
    scalar_function(
        "regexp_replace",
        "VARCHAR, VARCHAR, VARCHAR, VARCHAR? -> VARCHAR",
        node=exp.RegexpReplace,
        arguments="this expression replacement modifiers",
    ),
    scalar_function(
        "regexp_extract",
        f"{_REGEX_GROUP} -> VARCHAR",
        node=exp.RegexpExtract,
        arguments="this expression group parameters",
    ),
    scalar_function(
        "regexp_extract_all",
        f"{_REGEX_GROUP} -> VARCHAR[]",
        node=exp.RegexpExtractAll,
        arguments="this expression group parameters",
    ),
    scalar_function("regexp_escape", _TEXT),
    scalar_function(
        "string_split str_split split string_to_array",
        "VARCHAR, VARCHAR -> VARCHAR[]",
        node=exp.Split,
        arguments="this expression",
    ),
    scalar_function(
        "string_split_regex str_split_regex regexp_split_to_array",
        "VARCHAR, VARCHAR, VARCHAR? -> VARCHAR[]",
        node=exp.RegexpSplit,
        arguments="this expression limit",
    ),
    scalar_function(
        "split_part",
        "VARCHAR, VARCHAR, BIGINT -> VARCHAR",
        node=exp.SplitPart,
        arguments="this delimiter part_index",
    ),
    scalar_function(
        "concat_ws",
        "VARCHAR, ANY, ANY... -> VARCHAR",
        node=exp.ConcatWs,
        arguments="expressions",
    ),
    scalar_function("ascii", "VARCHAR -> INTEGER", node=exp.Ascii),
    scalar_function("unicode ord", "VARCHAR -> INTEGER", node=exp.Unicode),
    scalar_function("chr", "INTEGER -> VARCHAR", node=exp.Chr, arguments="expressions"),
    scalar_function("md5", _TEXT, "BLOB -> VARCHAR", node=exp.MD5),
    scalar_function("sha1", _TEXT, "BLOB -> VARCHAR", node=exp.SHA),
    scalar_function("sha256", _TEXT, "BLOB -> VARCHAR", node=exp.SHA2, arguments="this"),
    scalar_function("hex to_hex", _TEXT, "BLOB -> VARCHAR", *_NUMBER_TO_TEXT, node=exp.Hex),
    scalar_function("bin to_binary", _TEXT, *_NUMBER_TO_TEXT, node=exp.ToBinary),
    scalar_function("unhex from_hex", "VARCHAR -> BLOB", node=exp.Unhex),
    scalar_function("base64 to_base64", "BLOB -> VARCHAR", node=exp.ToBase64),
    scalar_function("from_base64", "VARCHAR -> BLOB", node=exp.FromBase64),
    scalar_function("encode", "VARCHAR -> BLOB", node=exp.Encode, arguments="this"),
    scalar_function("decode", "BLOB -> VARCHAR", node=exp.Decode, arguments="this"),
    scalar_function("levenshtein editdist3", _TWO_TEXTS_TO_NUMBER, node=exp.Levenshtein),
    scalar_function("damerau_levenshtein", _TWO_TEXTS_TO_NUMBER),
    scalar_function("hamming mismatches", _TWO_TEXTS_TO_NUMBER),
    scalar_function("jaccard", "VARCHAR, VARCHAR -> DOUBLE"),
    scalar_function("jaro_similarity", "VARCHAR, VARCHAR, DOUBLE? -> DOUBLE"),
    scalar_function(
        "jaro_winkler_similarity",
        "VARCHAR, VARCHAR, DOUBLE? -> DOUBLE",
        node=exp.JarowinklerSimilarity,
        arguments="this expression case_insensitive",
    ),
    scalar_function("strip_accents", _TEXT),
    scalar_function("nfc_normalize", _TEXT),
    scalar_function("url_encode", _TEXT),
    scalar_function("url_decode", _TEXT),
    scalar_function("printf", "VARCHAR, ANY... -> VARCHAR"),
    scalar_function(
        "format", "VARCHAR, ANY... -> VARCHAR", node=exp.Format, arguments="this expressions"
    ),
    scalar_function("format_bytes", "BIGINT -> VARCHAR"),
    scalar_function("typeof", "ANY -> VARCHAR", node=exp.Typeof),
)
