"""From rendered SQL to a typed, checked, as-of-joined tree, and to SQL for one engine.

`compile_model.PASSES` is the whole pipeline. A pass takes a `Draft` and returns a new one. Nothing
here reads a file, knows a clock or connects to anything.
"""
