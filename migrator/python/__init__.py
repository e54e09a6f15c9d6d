"""Python: cheap facts over every candidate, then edits of exactly what refers to the old layer."""
