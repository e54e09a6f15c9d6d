"""Model ids in Python code."""
