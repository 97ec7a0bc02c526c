"""What a run will do, as data: selection, fingerprints, versions, steps."""
