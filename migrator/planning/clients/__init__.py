"""The client modules of a run: where one goes, what it needs, and the changes that make it."""
