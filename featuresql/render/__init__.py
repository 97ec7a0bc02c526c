"""Templates -> SQL text, with a map back to the template's lines and columns."""
