"""SQL engines: they run ready statements and speak Arrow. They know no model and no store."""
