"""What the compiler knows, in the forms that other tools and people read. Pure functions."""
