"""The contract between the Flight server and its clients, and how rows from outside are read."""
