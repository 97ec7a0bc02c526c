"""The stages of `featuresql demo`."""
