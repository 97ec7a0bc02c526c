"""Records of what was built, run and put online."""
