"""Strict validation against the schemas of the oldest and the newest Kubernetes that is supported."""

from __future__ import annotations

import json

import kubernetes_validate

from .manifests import Manifests

#: The oldest has what the manifests need for certain: `preStop.sleep` (on since 1.30), `unhealthyPodEvictionPolicy` (1.31).
VERSIONS = ("1.31.0", "1.37.0")
#: Kinds of operators, whose schemas no registry carries. README.md lists them as never validated here.
OF_OPERATORS = (
    "postgresql.cnpg.io/v1",
    "barmancloud.cnpg.io/v1",
    "keda.sh/v1alpha1",
    "monitoring.coreos.com/v1",
)


def check_schemas(manifests: Manifests, seen: set[str]) -> list[str]:
    """Each document once, however many renderings have it: `seen` remembers."""
    complaints = []
    for document in manifests.documents:
        text = json.dumps(document, sort_keys=True)
        if document["apiVersion"] in OF_OPERATORS or text in seen:
            continue
        seen.add(text)
        name = f"{document['kind']} {document['metadata']['name']}"
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                path = ".".join(str(part) for part in error.absolute_path)
                complaints.append(f"{name}: Kubernetes {version} refuses {path or 'it'}: {error.message[:200]}")
            except kubernetes_validate.SchemaNotFoundError as error:
                complaints.append(f"{name}: {error.message}")
    return complaints
