"""The small primitives every pack is made of: a table of a pack is one of these, its fields are its keys."""
