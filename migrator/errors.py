"""The one exception that reaches a user: a sentence that says what, where and how to mend it."""

from __future__ import annotations


class MigrateError(Exception):
    """Something the user can mend. Its text is one line; the command line prints it and exits with 2."""
