"""Column types: DuckDB's, as frozen values, and the Arrow type of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

TIMESTAMP_ARROW: Final = pa.timestamp("us", tz="UTC")
MAX_TYPE_DEPTH: Final = 8
MAX_DECIMAL_PRECISION: Final = 38

INTEGERS: Final = frozenset(
    {
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
    }
)
KEY_TYPES: Final = (INTEGERS - {"HUGEINT"}) | {"BOOLEAN", "VARCHAR", "DATE", "TIMESTAMP", "DECIMAL"}

_SCALARS: Final[dict[str, pa.DataType]] = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INTEGER": pa.int32(),
    "BIGINT": pa.int64(),
    "HUGEINT": pa.decimal128(38, 0),
    "UTINYINT": pa.uint8(),
    "USMALLINT": pa.uint16(),
    "UINTEGER": pa.uint32(),
    "UBIGINT": pa.uint64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "VARCHAR": pa.string(),
    "BLOB": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "TIMESTAMP": TIMESTAMP_ARROW,
    "TIMESTAMPTZ": TIMESTAMP_ARROW,
    "INTERVAL": pa.month_day_nano_interval(),
    "UUID": pa.string(),
    "JSON": pa.string(),
    "NULL": pa.null(),
}
_ALIASES: Final = {
    "BOOL": "BOOLEAN",
    "LOGICAL": "BOOLEAN",
    "INT": "INTEGER",
    "INT1": "TINYINT",
    "INT2": "SMALLINT",
    "INT4": "INTEGER",
    "INT8": "BIGINT",
    "SHORT": "SMALLINT",
    "LONG": "BIGINT",
    "SIGNED": "INTEGER",
    "INT128": "HUGEINT",
    "REAL": "FLOAT",
    "FLOAT4": "FLOAT",
    "FLOAT8": "DOUBLE",
    "DOUBLE PRECISION": "DOUBLE",
    "NUMERIC": "DECIMAL",
    "TEXT": "VARCHAR",
    "STRING": "VARCHAR",
    "CHAR": "VARCHAR",
    "BPCHAR": "VARCHAR",
    "BYTEA": "BLOB",
    "BINARY": "BLOB",
    "VARBINARY": "BLOB",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMPNTZ": "TIMESTAMP",
    "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
    '"NULL"': "NULL",
}


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A type of DuckDB's: a scalar, `DECIMAL(p,s)`, a list of an element, or a struct of fields.

    `name` is one of the scalars' names, `DECIMAL`, `LIST` or `STRUCT`.
    """

    name: str
    precision: int | None = None
    scale: int | None = None
    element: ColumnType | None = None
    fields: tuple[tuple[str, ColumnType], ...] = ()

    def __str__(self) -> str:
        """Give the type as DuckDB writes it."""
        if self.name == "DECIMAL":
            return f"DECIMAL({self.precision},{self.scale})"
        if self.name == "LIST":
            return f"{self.element}[]"
        if self.name == "STRUCT":
            return "STRUCT(" + ", ".join(f'"{n}" {t}' for n, t in self.fields) + ")"
        return self.name

    @property
    def is_integer(self) -> bool:
        """Whether this is one of the integer types."""
        return self.name in INTEGERS

    @property
    def is_float(self) -> bool:
        """Whether this is FLOAT or DOUBLE."""
        return self.name in {"FLOAT", "DOUBLE"}

    @property
    def is_numeric(self) -> bool:
        """Whether arithmetic applies to this type."""
        return self.is_integer or self.is_float or self.name == "DECIMAL"

    @property
    def is_key_type(self) -> bool:
        """Whether an entity's join key may have this type."""
        return self.name in KEY_TYPES

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type that every answer has for this type."""
        if self.name == "DECIMAL":
            return pa.decimal128(self.precision or 18, self.scale or 0)
        if self.name == "LIST":
            assert self.element is not None  # noqa: S101 - a LIST is made with its element
            return pa.list_(self.element.arrow)
        if self.name == "STRUCT":
            return pa.struct([pa.field(name, kind.arrow) for name, kind in self.fields])
        return _SCALARS[self.name]


def scalar(name: str) -> ColumnType:
    """Return the scalar type of that name, which must be one of DuckDB's own names."""
    if name not in _SCALARS:
        msg = f"'{name}' is no scalar type"
        raise ValueError(msg)
    return ColumnType(name)


BIGINT: Final = scalar("BIGINT")
BOOLEAN: Final = scalar("BOOLEAN")
DOUBLE: Final = scalar("DOUBLE")
TIMESTAMP: Final = scalar("TIMESTAMP")
VARCHAR: Final = scalar("VARCHAR")


def decimal(precision: int, scale: int) -> ColumnType:
    """Return `DECIMAL(precision, scale)`, with 1 <= precision <= 38 and 0 <= scale <= precision."""
    if not 1 <= precision <= MAX_DECIMAL_PRECISION or not 0 <= scale <= precision:
        msg = f"DECIMAL({precision},{scale}) is out of range"
        raise ValueError(msg)
    return ColumnType("DECIMAL", precision=precision, scale=scale)


def list_of(element: ColumnType) -> ColumnType:
    """Return the type of lists of `element`."""
    return ColumnType("LIST", element=element)


def parse_type(text: str, depth: int = 0) -> ColumnType:
    """Return the type that `text` names, in DuckDB's spelling or one of its aliases.

    Raises `ValueError` where it names none that FeatureSQL knows.
    """
    text = text.strip()
    upper = re.sub(r"\s+", " ", text.upper())
    if depth > MAX_TYPE_DEPTH:
        msg = f"type nested deeper than {MAX_TYPE_DEPTH}"
        raise ValueError(msg)
    if text.endswith("]"):
        return list_of(parse_type(text[: text.rindex("[")], depth + 1))
    if upper.startswith("STRUCT(") and text.endswith(")"):
        return ColumnType("STRUCT", fields=_parse_fields(text[7:-1], depth + 1))
    if match := re.fullmatch(r"(?:DECIMAL|NUMERIC)(?:\((\d{1,4})(?:\s*,\s*(\d{1,4}))?\))?", upper):
        precision, scale = match.groups()
        return decimal(int(precision), int(scale or 0)) if precision else decimal(18, 3)
    if match := re.fullmatch(r"(VARCHAR|CHAR|TEXT|BPCHAR)\(\d+\)", upper):
        return VARCHAR
    name = _ALIASES.get(upper, upper)
    if name not in _SCALARS:
        msg = f"'{text}' is no type that FeatureSQL knows"
        raise ValueError(msg)
    return scalar(name)


def _parse_fields(text: str, depth: int) -> tuple[tuple[str, ColumnType], ...]:
    parts, start, level = [], 0, 0
    for position, character in enumerate(text):
        level += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and level == 0:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    fields = []
    for part in parts:
        match = re.fullmatch(r'\s*(?:"([^"]+)"|(\w+))\s+(.+)', part, re.DOTALL)
        if match is None:
            msg = f"'{part.strip()}' is no field of a struct"
            raise ValueError(msg)
        fields.append((match[1] or match[2], parse_type(match[3], depth)))
    return tuple(fields)


def from_arrow(data_type: pa.DataType) -> ColumnType:  # noqa: PLR0911 - one return a family
    """Return the column type of an Arrow type.

    Raises `ValueError` where there is none.
    """
    if pa.types.is_timestamp(data_type):
        return TIMESTAMP
    if pa.types.is_decimal(data_type):
        return decimal(data_type.precision, data_type.scale)
    if pa.types.is_large_string(data_type) or pa.types.is_string_view(data_type):
        return VARCHAR
    if pa.types.is_dictionary(data_type):
        return from_arrow(data_type.value_type)
    if pa.types.is_list(data_type) or pa.types.is_large_list(data_type):
        return list_of(from_arrow(data_type.value_type))
    if pa.types.is_struct(data_type):
        return ColumnType("STRUCT", fields=tuple((f.name, from_arrow(f.type)) for f in data_type))
    for name, arrow in _SCALARS.items():
        if arrow.equals(data_type) and name not in {"HUGEINT", "TIMESTAMPTZ", "UUID", "JSON"}:
            return scalar(name)
    msg = f"Arrow's {data_type} has no column type"
    raise ValueError(msg)
