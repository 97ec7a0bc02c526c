"""`python -m featuresql` is `featuresql`."""

from __future__ import annotations

from featuresql.cli.main import main

main()
