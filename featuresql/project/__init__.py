"""Reads a project's files into frozen values: the only reader of project files."""
