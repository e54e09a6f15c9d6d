"""The edge to the tree that is migrated: its root and settings, the files that are in, their bytes and texts."""
