"""The allow-list: one entry a function, one file a topic, as in `typing.functions`."""
