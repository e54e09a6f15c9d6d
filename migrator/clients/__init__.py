"""The client module of a migrated project: what becomes of LiteLLM's arguments, as data, and the module's text."""
