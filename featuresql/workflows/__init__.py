"""One verb a file: the only place where engine, online store and registry meet."""
