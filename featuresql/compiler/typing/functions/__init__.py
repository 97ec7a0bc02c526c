"""The function table: every function and operator that models may use, by topic."""
