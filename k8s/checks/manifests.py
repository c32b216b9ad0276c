"""Rendered manifests, and the questions that every check asks of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

NAME = "app.kubernetes.io/name"
Document = dict[str, Any]
#: The one in C, where the package brings it, is ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Workload:
    """Something that makes pods."""

    kind: str
    name: str
    document: Document
    template: Document

    @property
    def spec(self) -> Document:
        return self.template["spec"]

    @property
    def container(self) -> Document:
        return self.spec["containers"][0]

    @property
    def labels(self) -> dict[str, str]:
        return self.template["metadata"]["labels"]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Manifests:
    """The documents of one rendering."""

    def __init__(self, documents: list[Document]) -> None:
        self.documents = documents

    @classmethod
    def load(cls, path: Path) -> Manifests:
        return cls([document for document in yaml.load_all(path.read_text(), LOADER) if document])

    def of_kind(self, *kinds: str) -> list[Document]:
        return [document for document in self.documents if document["kind"] in kinds]

    def named(self, kind: str, name: str) -> Document | None:
        return next((d for d in self.of_kind(kind) if d["metadata"]["name"] == name), None)

    def workloads(self) -> Iterator[Workload]:
        for document in self.of_kind("Deployment", "StatefulSet", "Job"):
            yield Workload(document["kind"], document["metadata"]["name"], document, document["spec"]["template"])
        for document in self.of_kind("CronJob"):
            template = document["spec"]["jobTemplate"]["spec"]["template"]
            yield Workload("CronJob", document["metadata"]["name"], document, template)

    def ours(self) -> Iterator[Workload]:
        """Workloads that run an image of this repository."""
        return (w for w in self.workloads() if "order-pipeline/" in w.container["image"])

    def workload(self, name: str) -> Workload | None:
        return next((w for w in self.workloads() if w.name == name), None)

    def environment(self, workload: Workload) -> dict[str, str | None]:
        """What the container sees; None where a reference supplies the value."""
        seen: dict[str, str | None] = {}
        for source in workload.container.get("envFrom", []):
            config_map = self.named("ConfigMap", source["configMapRef"]["name"])
            seen.update(config_map["data"] if config_map else {})
        for entry in workload.container.get("env", []):
            seen[entry["name"]] = entry.get("value")
        return seen


def selects(selector: Document, labels: dict[str, str]) -> bool:
    """A label selector, as Kubernetes reads it. An empty one selects everything."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for expression in selector.get("matchExpressions", []):
        value, wanted = labels.get(expression["key"]), expression.get("values", [])
        holds = {
            "In": value in wanted,
            "NotIn": value not in wanted,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[expression["operator"]]
        if not holds:
            return False
    return True


def bytes_of(quantity: str) -> int:
    found = re.fullmatch(r"(\d+)(Ki|Mi|Gi|)", quantity)
    if not found:
        raise ValueError(f"{quantity} is not a quantity of memory that is understood here")
    return int(found[1]) * {"": 1, "Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30}[found[2]]
