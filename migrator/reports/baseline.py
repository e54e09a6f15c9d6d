"""The baseline of `migrate check`: references that were there when the check was adopted, and may still be."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

from migrator.errors import MigrateError
from migrator.outcome import Plan
from migrator.sites import Site, Status

_VERSION = 1


def _mark(site: Site) -> str:
    """What tells one site from another, whatever line it moves to."""
    return f"{site.path}: {site.rule}: {site.message}"


def write(path: Path, plan: Plan) -> int:
    """Write what fails now as the baseline; the number of references in it. Raises MigrateError if it cannot."""
    counts = Counter(_mark(s) for s in plan.failing)
    data = {"version": _VERSION, "sites": dict(sorted(counts.items()))}
    try:
        path.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise MigrateError(f"{path}: cannot be written: {error.strerror}") from error
    return counts.total()


def without(path: Path, plan: Plan) -> Plan:
    """The plan with what the baseline allows marked as ignored. Raises MigrateError if the file is no baseline."""
    allowed = Counter(_read(path))
    sites = []
    for site in plan.sites:
        if plan.fails(site) and allowed[_mark(site)] > 0:
            allowed[_mark(site)] -= 1
            site = replace(site, status=Status.IGNORED, message=f"{site.message} (in the baseline)")
        sites.append(site)
    return replace(plan, sites=tuple(sites))


def _read(path: Path) -> dict[str, int]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != _VERSION:
            raise ValueError(f"version {data['version']!r}")
        return {str(mark): int(count) for mark, count in data["sites"].items()}
    except OSError as error:
        raise MigrateError(f"{path}: {error.strerror}; write it with `migrate check --update-baseline`") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MigrateError(
            f"{path}: not a baseline: {error}; write it anew with `migrate check --update-baseline`"
        ) from error
