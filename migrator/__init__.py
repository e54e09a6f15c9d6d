"""Moves a codebase from one LLM access layer to another, shows it first, and takes it back if asked."""

__version__ = "0.1.0"
