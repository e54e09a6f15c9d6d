"""Configuration as plain text: YAML, JSON, shell, Docker, CI, Terraform, JavaScript, requirements."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from migrator.formats import Context
from migrator.formats.search import apart, exact, lines, packages_in, prose, renamed, settings_in
from migrator.names import Names, say_env
from migrator.primitives import Setting
from migrator.sites import Finding, Status

_CI = re.compile(
    r"(^|/)(\.github|\.circleci|\.buildkite|\.gitlab|\.woodpecker)/|(^|/)(\.gitlab-ci|\.travis|\.drone|"
    r"azure-pipelines|bitbucket-pipelines|cloudbuild|(docker-)?compose)[\w.-]*\.ya?ml$|(^|/)Jenkinsfile$|\.(tf|tfvars|hcl)$"
)
_KUBERNETES = re.compile(r"^apiVersion:", re.MULTILINE)
_HELM = re.compile(r"(^|/)(values[\w.-]*\.ya?ml|templates/[^/]+\.(ya?ml|tpl))$")
_STORED = re.compile(r"\b(secrets|vars)(?:\.|\[\s*['\"])([A-Za-z_]\w*)")
_ATTRIBUTE = re.compile(r"(?<=[\w)\]]\.)[A-Z][A-Z0-9_]*(?!\w)")
_INSTALLS = re.compile(r"\b(?:pip3?|pipx|uvx?|poetry|pdm|pipenv|rye|hatch|conda|mamba)\b")
_LIST_ITEM = re.compile(r"\s*-\s+[\"']?[\w.-]+[\"']?\s*(?:[\[<>=!~;#].*)?$")
_REQUIREMENTS = re.compile(r"(requirements|constraints)[\w./-]*\.(txt|in)$")
_NESTED = frozenset({".yml", ".yaml", ".json", ".jsonc", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".tf", ".hcl"})
_INDENTED_KEY = re.compile(r"""([ ]*(?:-[ ]+)*)(["']?)([\w.-]+)\2[ ]*:(?=\s|$)""")
_TOKEN = re.compile(r""""(?:\\.|[^"\\\n])*"|'[^'\n]*'|[\w.-]+|[{}\[\],:=]|#[^\n]*""")


def find(text: str, names: Names, context: Context) -> list[Finding]:
    """Old names as they are spelt, in comments too; a word that merely mentions the old layer is prose."""
    outside = bool(_CI.search(context.path) or _HELM.search(context.path) or _KUBERNETES.search(text))
    variables = [*exact(text, names), *_attributes(text, names)]
    return apart(
        _stored(text, names) if ".github/" in context.path else (),
        (_set_outside(f, names) for f in variables) if outside else variables,
        _sections(text, names, context.path),
        settings_in(text, names),
        _packages(text, names, context.path),
        prose(text, names, 0, edit=context.edit_prose),
    )


def _stored(text: str, names: Names) -> Iterator[Finding]:
    """`secrets.X` and `vars.X` of GitHub: the repository's settings hold them, under the old name until they change."""
    for match in _STORED.finditer(text):
        new = names.env(match[2])
        if new:
            said = f"{match[1]}.{match[2]}: add {new[0]} to the {match[1]} of the repository, then rename it here"
            yield Finding(match.start(2), new[1].id, Status.MANUAL, said)


def _attributes(text: str, names: Names) -> Iterator[Finding]:
    """Variables read as attributes: `process.env.X`, `env.X` in a workflow, `.Values.X`."""
    for match in _ATTRIBUTE.finditer(text):
        new = names.env(match[0])
        if new:
            yield renamed(match.span(), 0, new[0], new[1].id, Status(new[1].status), say_env(match[0], *new))


def _set_outside(finding: Finding, names: Names) -> Finding:
    """Deployment files read variables that are set somewhere else as well."""
    if finding.rule not in {rule.id for rule in names.rules.envs}:
        return finding
    said = f"{finding.message}; rename it also where it is set outside this tree"
    return replace(finding, status=Status.REVIEW, message=said)


def _packages(text: str, names: Names, path: str) -> Iterator[Finding]:
    if _REQUIREMENTS.search(path):
        return packages_in(text, names, where=lambda line: not line.lstrip().startswith(("#", "-")))
    return packages_in(text, names, where=lambda line: bool(_INSTALLS.search(line) or _LIST_ITEM.match(line.rstrip())))


# ------------------------------------------------------------------------------------------------ nested sections


def _sections(text: str, names: Names, path: str) -> Iterator[Finding]:
    """Settings written as nested keys: reported, with what to write."""
    if not any(all(key in text for key in rule.old.split(".")) for rule in names.rules.settings):
        return
    suffix = PurePosixPath(path).suffix
    keys: list[Iterable[tuple[int, tuple[str, ...]]]] = []
    if suffix in _NESTED:
        keys.append(_braced(text))
    if suffix in {".yml", ".yaml"}:
        keys.append(_indented(text))
    for start, key in (found for way in keys for found in way):
        rule = _setting(key, names)
        if rule:
            said = f"the section {rule.old} is {rule.new} now: move what stands below it under `{rule.new}`"
            yield Finding(start, rule.id, Status.MANUAL, said)


def _setting(key: tuple[str, ...], names: Names) -> Setting | None:
    """The rule whose old key the path ends with."""
    for rule in names.rules.settings:
        old = tuple(rule.old.split("."))
        if key == old or (len(old) > 1 and key[-len(old) :] == old):
            return rule
    return None


def _indented(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The block keys of a YAML text: where each stands and its path."""
    above: list[tuple[int, str]] = []
    for start, line in lines(text):
        match = _INDENTED_KEY.match(line)
        if match:
            indent = match.end(1)
            while above and above[-1][0] >= indent:
                above.pop()
            above.append((indent, match[3]))
            yield start + match.start(3), tuple(key for _, key in above)


def _braced(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The keys of a text that nests by braces, such as JSON or HCL: where each stands and its path."""
    above: list[str] = []
    key, start, named = "", 0, False
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in ("{", "["):
            if key and not named:
                yield start, (*above, key)
            above.append(key)
            key = ""
        elif token in ("}", "]"):
            del above[-1:]
            key = ""
        elif token in (":", "="):
            if key:
                yield start, (*above, key)
            named = True
        elif token == ",":
            key = ""
        elif not token.startswith("#"):
            quoted = token[0] in "\"'"
            key, start, named = token[1:-1] if quoted else token, match.start() + quoted, False
