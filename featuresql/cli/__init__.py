"""The commands of `featuresql`: one a file, thin over the workflows."""
