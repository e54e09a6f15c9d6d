"""Import statements: moved, split, added, tidied."""
