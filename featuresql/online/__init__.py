"""Online stores: the codec of their rows and keys, and the adapters."""
