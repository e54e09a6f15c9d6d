"""Calls of a library whose arguments are all known: written as calls of the SDK itself."""
