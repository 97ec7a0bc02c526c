"""One kind of call a file."""
