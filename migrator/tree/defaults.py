"""What holds where no setting says otherwise; apart from the settings, so that telling a clean tree imports little."""

from __future__ import annotations

RULES_PATH = "migrate_rules"
BACKUP_DIR = ".migration_backup"
PRUNED = frozenset(
    {".git", ".hg", ".svn", ".tox", ".nox", ".eggs", "node_modules", "site-packages"}
    | {"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)
"""Names of folders that are never in."""
