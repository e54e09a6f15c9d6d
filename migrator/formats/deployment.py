"""Files that say what runs elsewhere, and with which variables: CI, compose, Kubernetes, Helm, Terraform."""

from __future__ import annotations

import re

_CI = re.compile(
    r"(^|/)(\.github|\.circleci|\.buildkite|\.gitlab|\.woodpecker)/|(^|/)(\.gitlab-ci|\.travis|\.drone|"
    r"azure-pipelines|bitbucket-pipelines|cloudbuild|(docker-)?compose)[\w.-]*\.ya?ml$|(^|/)Jenkinsfile$|\.(tf|tfvars|hcl)$"
)
_KUBERNETES = re.compile(r"^apiVersion:", re.MULTILINE)
_HELM = re.compile(r"(^|/)(values[\w.-]*\.ya?ml|templates/[^/]+\.(ya?ml|tpl))$")


def is_deployment(path: str, text: str = "") -> bool:
    """Whether what a file sets is set for processes that it starts."""
    return bool(_CI.search(path) or _HELM.search(path) or _KUBERNETES.search(text))
