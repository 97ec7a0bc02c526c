"""Intervals made of numbers, and numbers made of intervals."""

from __future__ import annotations

from typing import Final

from sqlglot import exp

from featuresql.compiler.clickhouse import sql
from featuresql.compiler.clickhouse.calendar import SECOND_US
from featuresql.compiler.clickhouse.cast_numbers import to_integer
from featuresql.compiler.clickhouse.emission import Emission, EmitCall, Refusal
from featuresql.compiler.clickhouse.intervals import Parts, held_interval, scaled, unit_parts
from featuresql.spec.column_type import BIGINT

_UNITS: Final = ("years", "quarters", "months", "weeks", "decades", "days", "hours", "minutes")


def _whole(call: EmitCall) -> exp.Expr:
    unit = unit_parts(call.name.removeprefix("to_")) or Parts()
    return held_interval(scaled(unit, call.args[0]), call.args)


def _fraction(call: EmitCall) -> exp.Expr:
    size = SECOND_US if call.name == "to_seconds" else 1_000
    moved = sql.call("multiply", call.args[0], sql.number(size))
    us = to_integer(sql.call("round", moved), BIGINT)
    return held_interval(Parts(us=us), call.args)


INTERVALS: Final[tuple[Emission | Refusal, ...]] = (
    *(
        Emission(f"to_{unit}", _whole, (f"ts + to_{unit}(n)", f"d - to_{unit}(i2 // 10000)"))
        for unit in _UNITS
    ),
    Emission("to_microseconds", _whole, ("ts + to_microseconds(i4)", "ts - to_microseconds(n)")),
    Emission("to_seconds", _fraction, ("ts + to_seconds(f9)", "ts + to_seconds(n)")),
    Emission("to_milliseconds", _fraction, ("ts + to_milliseconds(f9)", "ts + to_milliseconds(n)")),
)
