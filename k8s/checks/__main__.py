"""Renders everything, runs every check, and says what is wrong, one line each."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import yaml

from . import ingress, network, pods, postgres, scaling, schemas, settings
from .manifests import Manifests
from .source import Source
from .variants import render_alone, render_variants

ROOT = Path(__file__).resolve().parents[2]
#: Of a whole installation.
CHECKS = (
    settings.check_variables,
    settings.check_secrets,
    settings.check_environment_of_overlay,
    pods.check_presence,
    pods.check_probes,
    pods.check_endings,
    pods.check_rollouts,
    pods.check_hardening,
    pods.check_priorities,
    pods.check_images,
    pods.check_references,
    scaling.check_connections,
    scaling.check_autoscalers,
    scaling.check_keda_queries,
    postgres.check_cluster,
    postgres.check_pooler,
    ingress.check_ingress,
    network.check_flows,
)
#: Of a part that is applied by itself.
CHECKS_ALONE = (settings.check_variables, settings.check_secrets, pods.check_images)
#: Any value: only the names of what is printed are looked at.
KEYS = {"ESEWA__SECRET_KEY": "a", "KHALTI__SECRET_KEY": "b", "ACCESS_KEY_ID": "c", "SECRET_ACCESS_KEY": "d"}


def printed_secrets(overlay: str) -> Manifests:
    command = [ROOT / "k8s/make-secrets.sh", overlay]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **KEYS})
    return Manifests([document for document in yaml.safe_load_all(done.stdout) if document])


def wanted_of(overlay: str, whole: dict[str, Manifests], alone: dict[str, Manifests]) -> dict[str, set[str]]:
    wanted = settings.wanted_secrets(whole[overlay])
    return wanted | settings.wanted_secrets(alone[f"{overlay}-catalogue-import"])


def complaints_of(whole: dict[str, Manifests], alone: dict[str, Manifests], source: Source) -> list[str]:
    complaints = []
    seen: set[str] = set()
    for name, manifests in whole.items():
        found = [text for check in CHECKS for text in check(manifests, source)]
        complaints += [f"{name}: {text}" for text in found + schemas.check_schemas(manifests, seen)]
    for name, manifests in alone.items():
        found = [text for check in CHECKS_ALONE for text in check(manifests, source)]
        complaints += [f"{name}: {text}" for text in found + schemas.check_schemas(manifests, seen)]
    rules = scaling.adapter_rules(ROOT / "k8s/components/autoscaling/prometheus-adapter.yaml")
    complaints += scaling.check_adapter(whole["production"], rules, source)
    for overlay in ("development", "production"):
        complaints += settings.check_printed_secrets(wanted_of(overlay, whole, alone), printed_secrets(overlay))
    return complaints


def main() -> int:
    kubectl, work = Path(sys.argv[1]), Path(sys.argv[2])
    source = Source(ROOT)
    whole, alone = render_variants(kubectl, ROOT, work), render_alone(kubectl, ROOT / "k8s", work)
    complaints = complaints_of(whole, alone, source)
    for text in complaints:
        print(f"manifests: {text}", file=sys.stderr)
    documents = sum(len(manifests.documents) for manifests in (*whole.values(), *alone.values()))
    held = scaling.connections_max(whole["production"], source)
    added = " + ".join(f"{count} {name}" for name, count in held.items())
    counted = f"{documents} documents of {len(whole) + len(alone)} renderings, {len(complaints)} complaints"
    print(f"manifests: {counted}", file=sys.stderr)
    print(f"manifests: connections at most: {added} = {sum(held.values())}", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
