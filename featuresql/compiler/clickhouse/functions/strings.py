"""Functions of text. Lengths and positions are in characters."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal, same, same_cast
from featuresql.compiler.clickhouse.functions import formats, letter_case, lists, text_parts
from featuresql.compiler.clickhouse.functions.pieces import checked, constant_operand, unless_null
from featuresql.compiler.clickhouse.types import is_composed
from featuresql.compiler.typing.argument import type_text
from featuresql.spec.column_type import VARCHAR

# What trim() without characters takes away: the separators of Unicode, but no tab or line's end.
_BLANKS: Final = " \u00a0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u202f\u205f\u3000"
_IN_CLASSES: Final = "\\]^-["


def _length(call: EmitCall) -> exp.Expr:
    if is_composed(call.bound[0]):
        return lists.length(call)
    return call.as_result(sql.call("lengthUTF8", *call.args))


def _trim(call: EmitCall) -> exp.Expr:
    position = str(call.node.args.get("position") or "").upper() or {
        "ltrim": "LEADING",
        "rtrim": "TRAILING",
    }.get(str(call.node.name).lower(), "BOTH")
    characters = _BLANKS if len(call.args) == 1 else constant_operand(call, 1, "characters")
    if not characters:
        return call.args[0]
    among = "".join(f"\\{c}" if c in _IN_CLASSES else c for c in dict.fromkeys(characters))
    left = f"[{among}]*" if position != "TRAILING" else ""
    right = f"[{among}]*" if position != "LEADING" else ""
    return sql.call("extract", call.args[0], sql.text(f"(?s)^{left}(.*?){right}$"))


def _translate(call: EmitCall) -> exp.Expr:
    source, target = (constant_operand(call, i, "characters") for i in (1, 2))
    # The first of two equal characters counts in DuckDB, the last in ClickHouse.
    images: dict[str, str] = {}
    for i, character in enumerate(source):
        images.setdefault(character, target[i : i + 1])
    gone = [c for c, image in images.items() if not image]
    kept = [c for c, image in images.items() if image]
    if not images:
        return call.args[0]
    ordered = "".join([*kept, *gone])
    return sql.call(
        "translateUTF8", call.args[0], sql.text(ordered), sql.text("".join(images[c] for c in kept))
    )


def _pad(call: EmitCall) -> exp.Expr:
    text, width, fill = call.args
    constant_operand(call, 2, "a fill")
    is_left = call.node.args.get("is_left")
    if not isinstance(call.node, exp.Pad):
        is_left = call.node.name.lower() == "lpad"
    name = "leftPadUTF8" if is_left else "rightPadUTF8"
    size = sql.call("greatest", width.copy(), sql.number(0))
    needed = sql.call("greater", width.copy(), sql.call("lengthUTF8", text.copy()))
    wrong = sql.both(sql.call("empty", fill.copy()), needed)
    made = sql.call(name, text, checked(size, wrong, _TOO_LITTLE), fill)
    return unless_null(call.args, made, VARCHAR)


_TOO_LITTLE: Final = "nothing to pad with"


def _repeat(call: EmitCall) -> exp.Expr:
    if is_composed(call.bound[0]):
        raise call.refuse("repeat of a list")
    return sql.call("repeat", *call.args)


def _contains(call: EmitCall) -> exp.Expr:
    if is_composed(call.bound[0]):
        return lists.contains(call)
    found = sql.call("position", *call.args)
    return call.as_result(sql.call("notEquals", found, sql.number(0)))


def _digest(function: str) -> Emission:
    def build(call: EmitCall) -> exp.Expr:
        return sql.call("lower", sql.call("hex", sql.call(function, *call.args)))

    return Emission(
        function.lower(), build, (f"{function}(s)", f"{function}('')", f"{function}(encode(s))")
    )


def _hex(call: EmitCall) -> exp.Expr:
    made = sql.call("hex", call.args[0])
    if not call.bound[0].is_integer:
        return made
    return _without_zeros(call, made)


def _without_zeros(call: EmitCall, digits: exp.Expr) -> exp.Expr:
    zero = sql.call("equals", call.args[0].copy(), sql.number(0))
    return sql.choose(zero, sql.text("0"), sql.call("trimLeft", digits, sql.text("0")))


def _bin(call: EmitCall) -> exp.Expr:
    made = sql.call("bin", call.args[0])
    return _without_zeros(call, made) if call.bound[0].is_integer else made


def _unicode(call: EmitCall, nothing: int) -> exp.Expr:
    """Return the first character's number, from its one to four bytes, `nothing` for no text."""
    text = call.args[0]
    first = sql.call("substringUTF8", text, sql.number(1), sql.number(1))
    utf32 = sql.call("convertCharset", first, sql.text("utf-8"), sql.text("utf-32le"))
    code = sql.call("reinterpretAsInt32", utf32)
    return sql.choose(sql.call("empty", text.copy()), sql.number(nothing), code)


def _typeof(call: EmitCall) -> exp.Expr:
    """Return the type's name, which is known when the query is compiled."""
    kind = call.bound[0]
    if is_composed(kind) or kind.name == "NULL":
        raise call.refuse(f"typeof of a {kind.name}", "its type is known: write its name")
    return call.as_result(sql.text(type_text(kind).replace(", ", ",")))


def _chr(call: EmitCall) -> exp.Expr:
    code = call.args[0]
    low = sql.call("less", code.copy(), sql.number(0))
    high = sql.call("greater", code.copy(), sql.number(0x10FFFF))
    surrogate = sql.both(
        sql.call("greaterOrEquals", code.copy(), sql.number(0xD800)),
        sql.call("lessOrEquals", code.copy(), sql.number(0xDFFF)),
    )
    wrong = sql.call("ifNull", sql.either(low, high, surrogate), sql.number(0))
    failed = sql.raised(wrong, "no character has this number")

    def byte(shift: int, high_bits: int, mask: int) -> exp.Expr:
        part = sql.call("bitShiftRight", code.copy(), sql.number(shift))
        bits = sql.call("bitAnd", part, sql.number(mask))
        return sql.call("bitOr", bits, sql.number(high_bits))

    def below(limit: int) -> exp.Expr:
        return sql.call("less", code.copy(), sql.number(limit))

    tail = byte(0, 0x80, 0x3F)
    return sql.call(
        "multiIf",
        sql.call("notEquals", failed, sql.number(0)),
        sql.text(""),
        sql.is_null(code),
        sql.null(),
        below(0x80),
        sql.call("char", byte(0, 0, 0x7F)),
        below(0x800),
        sql.call("char", byte(6, 0xC0, 0x1F), tail),
        below(0x10000),
        sql.call("char", byte(12, 0xE0, 0x0F), byte(6, 0x80, 0x3F), tail.copy()),
        sql.call(
            "char", byte(18, 0xF0, 0x07), byte(12, 0x80, 0x3F), byte(6, 0x80, 0x3F), tail.copy()
        ),
    )


_DIFFERS: Final = "the two engines count or fold it in different ways"

ENTRIES: Final[tuple[Emission | Refusal, ...]] = (
    *letter_case.ENTRIES,
    *text_parts.ENTRIES,
    Refusal("reverse", "only one engine keeps an accent with its letter"),
    Emission("length", _length, ("length(s)", "length('')", "len(li)", "len(NULL::INTEGER[])")),
    same_cast("strlen", "length", "strlen(s)", "strlen('')"),
    Emission(
        "bit_length",
        lambda call: call.as_result(
            sql.call("multiply", sql.call("length", call.args[0]), sql.number(8))
        ),
        ("bit_length(s)",),
    ),
    same_cast("octet_length", "length", "octet_length(encode(s))"),
    Emission(
        "trim",
        _trim,
        (
            *("trim(s)", "ltrim(s)", "rtrim(s)", "trim('\u3000 a\u00a0')", "trim(s, 'ac1')"),
            *("ltrim(s, 'ïna')", "rtrim(s, '語c')", "trim(s, '')", "trim('^]-[a', '[]^-')"),
        ),
    ),
    Emission(
        "lpad",
        _pad,
        ("lpad(s, 5, 'ïx')", "rpad(s, 5, 'ïx')", "lpad(s, n - 4, 'x')"),
    ),
    same(
        "replace",
        "replaceAll",
        *("replace(s, 'a', 'ï')", "replace(s, s2, 'x')", "replace(s, '', 'x')"),
        "replace(s, 'b', s2)",
    ),
    Emission(
        "translate",
        _translate,
        ("translate(s, 'abï', 'xy')", "translate(s, 'aa', 'xy')", "translate(s, 'ac', 'ï')"),
    ),
    Emission("repeat", _repeat, ("repeat(s, 3)", "repeat(s, n - 3)", "repeat(s, 0)")),
    same_cast(
        "strpos",
        "positionUTF8",
        *("strpos(s, 'b')", "strpos(s, s2)", "strpos(s, '')", "position('本' IN s)"),
    ),
    same_cast("starts_with", "startsWith", "starts_with(s, 'a')", "starts_with(s, '')", "s ^@ s2"),
    same_cast("ends_with", "endsWith", "ends_with(s, 'c')", "suffix(s, s2)", "ends_with(s, '')"),
    Emission(
        "contains",
        _contains,
        ("contains(s, s2)", "contains(s, '')", "contains(s, 'ï')", "contains(li, 3)"),
    ),
    Emission("ascii", lambda call: _unicode(call, 0), ("ascii(s)", "ascii('')", "ascii('🦆')")),
    Emission("unicode", lambda call: _unicode(call, -1), ("unicode(s)", "ord('')", "ord('🦆')")),
    Emission("chr", _chr, ("chr(65)", "chr(n * 100)", "chr(127397 + n)", "chr(0)")),
    _digest("MD5"),
    _digest("SHA1"),
    _digest("SHA256"),
    Emission("hex", _hex, ("hex(s)", "hex(i8)", "hex(u8)", "hex(0)", "hex(encode(s))")),
    Emission("bin", _bin, ("bin(s)", "bin(i8)", "bin(0)")),
    same_cast(
        "levenshtein",
        "editDistance",
        *("levenshtein(s, s2)", "levenshtein(s, '')", "levenshtein('naïve', s)"),
    ),
    Refusal("damerau_levenshtein", _DIFFERS, "use levenshtein"),
    same("encode", "identity", "octet_length(encode(s))"),
    same("nfc_normalize", "normalizeUTF8NFC", "nfc_normalize(s)", "nfc_normalize('e\u0301')"),
    Refusal("strip_accents", _DIFFERS, "use translate"),
    Refusal("length_grapheme", _DIFFERS, "use length"),
    same(
        "url_encode",
        "encodeURLComponent",
        *("url_encode(s)", "url_encode('a b+%&=~-_.!*()')", "url_encode('')"),
    ),
    Emission("typeof", _typeof, ("typeof(i4)", "typeof(d1)", "typeof(s)", "typeof(n + 1.5)")),
    *formats.ENTRIES,
    same("base64", "base64Encode", "base64(encode(s))", "to_base64(encode(s2))"),
    *(
        Refusal(name, "the engines count transpositions in different ways", "use levenshtein")
        for name in ("jaro_similarity", "jaro_winkler_similarity")
    ),
    Refusal("hamming", "one engine counts characters, the other bytes", "use levenshtein"),
    Refusal("jaccard", _DIFFERS, "use levenshtein"),
    *(
        Refusal(name, "what is no text afterwards is an error on one engine alone")
        for name in ("url_decode", "from_base64", "unhex", "decode")
    ),
    Refusal("format_bytes", _DIFFERS, "divide the number and round it"),
    Refusal("overlay", _DIFFERS, "join the parts before and behind by ||"),
)
