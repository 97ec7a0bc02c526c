"""What a project's tests ask, as queries and as comparisons of rows: pure.

Queries name relations logically (`ref.NAME`, `source.NAME`); `featuresql.workflows` runs them.
"""
