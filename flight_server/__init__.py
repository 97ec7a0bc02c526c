"""Serves the feature services of a project over Arrow Flight."""
