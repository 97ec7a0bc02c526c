"""The type of every expression, as DuckDB has it, and the functions that models may call."""

from featuresql.compiler.typing.annotate_types import annotate_types, output_columns
from featuresql.compiler.typing.data_types import column_type_of, to_data_type
from featuresql.compiler.typing.function import Function
from featuresql.compiler.typing.function_table import FUNCTIONS, find_function, operands_of

__all__ = [
    "FUNCTIONS",
    "Function",
    "annotate_types",
    "column_type_of",
    "find_function",
    "operands_of",
    "output_columns",
    "to_data_type",
]
