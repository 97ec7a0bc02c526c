"""How far back, and ahead, the rows of a model depend on the rows that it reads."""
