"""Autoscalers, and whether Postgres has a connection for everybody they may start."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from .manifests import Manifests
from .pods import services_of
from .source import Source

#: What Postgres keeps for superusers, and what its operator, a backup and a person at psql take.
RESERVED_CONNECTIONS, OPERATORS_CONNECTIONS = 3, 10
#: Logins beside the services': the migration and the catalogue's import, and KEDA.
OTHER_LOGINS = {"pipeline": 2, "catalogue_keeper_login": 2, "order_worker_scaling": 4}


def autoscalers(manifests: Manifests) -> list[dict[str, Any]]:
    """Both kinds in one shape: target, min, max, behavior."""
    found = []
    for document in manifests.of_kind("HorizontalPodAutoscaler"):
        spec = document["spec"]
        bounds = {"min": spec.get("minReplicas", 1), "max": spec["maxReplicas"], "behavior": spec.get("behavior", {})}
        found.append({"name": document["metadata"]["name"], "target": spec["scaleTargetRef"]["name"], **bounds})
    for document in manifests.of_kind("ScaledObject"):
        spec = document["spec"]
        behavior = spec.get("advanced", {}).get("horizontalPodAutoscalerConfig", {}).get("behavior", {})
        bounds = {"min": spec.get("minReplicaCount", 0), "max": spec["maxReplicaCount"], "behavior": behavior}
        found.append({"name": document["metadata"]["name"], "target": spec["scaleTargetRef"]["name"], **bounds})
    return found


def replicas_max(manifests: Manifests, name: str) -> int:
    """Pods at once: the autoscaler's or the manifest's number, and the surge of a release."""
    deployment = manifests.named("Deployment", name)
    if not deployment:
        return 1
    scaled = [scaler["max"] for scaler in autoscalers(manifests) if scaler["target"] == name]
    surge = deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"]
    return max(scaled, default=deployment["spec"].get("replicas", 1)) + surge


def connections_max(manifests: Manifests, source: Source) -> dict[str, int]:
    """The connections that each service may hold at the worst moment."""
    held = {}
    for workload in manifests.ours():
        if workload.name in source.ports:
            environment = {**source.defaults, **manifests.environment(workload)}
            each = source.connections(workload.name, int(environment["DATABASE__POOL_MAX"] or 0))
            held[workload.name] = each * replicas_max(manifests, workload.name)
    return held


def check_connections(manifests: Manifests, source: Source) -> list[str]:
    """Everybody at once fits into max_connections, and into the limit of each login."""
    complaints = []
    held = connections_max(manifests, source)
    for cluster in manifests.of_kind("Cluster"):
        limit = int(cluster["spec"]["postgresql"]["parameters"]["max_connections"])
        needed = sum(held.values()) + sum(OTHER_LOGINS.values()) + RESERVED_CONNECTIONS + OPERATORS_CONNECTIONS
        if needed > limit:
            complaints.append(f"{needed} connections may be wanted, Postgres has {limit}")
        for role in cluster["spec"]["managed"]["roles"]:
            service = role["name"].removesuffix("_login").replace("_", "-")
            if role["name"].endswith("_login") and service in held and role["connectionLimit"] < held[service]:
                complaints.append(f"{role['name']} may have {role['connectionLimit']} connections, its pods {held[service]}")
    return complaints


def check_autoscalers(manifests: Manifests, source: Source) -> list[str]:
    """One autoscaler a Deployment, none beside `replicas`; up fast, down no faster than leases end."""
    complaints = []
    lease_seconds = max(
        float({**source.defaults, **manifests.environment(w)}["WORKER__LEASE_SECONDS"] or 15) for w in services_of(manifests)
    )
    targets = [scaler["target"] for scaler in autoscalers(manifests)]
    for scaler in autoscalers(manifests):
        deployment = manifests.named("Deployment", scaler["target"])
        if targets.count(scaler["target"]) > 1:
            complaints.append(f"{scaler['target']} has two autoscalers")
        if not deployment:
            complaints.append(f"{scaler['name']} scales {scaler['target']}, which is not there")
        elif "replicas" in deployment["spec"]:
            complaints.append(f"{scaler['target']} says `replicas` beside its autoscaler: each apply would undo it")
        if not 2 <= scaler["min"] < scaler["max"]:
            complaints.append(f"{scaler['name']}: between {scaler['min']} and {scaler['max']} is no room for one to fail")
        up, down = scaler["behavior"].get("scaleUp", {}), scaler["behavior"].get("scaleDown", {})
        if up.get("stabilizationWindowSeconds") != 0:
            complaints.append(f"{scaler['name']}: scaling up waits")
        pauses = [policy["periodSeconds"] for policy in down.get("policies", [])]
        if down.get("stabilizationWindowSeconds", 0) < lease_seconds or not pauses or min(pauses) < lease_seconds:
            complaints.append(f"{scaler['name']}: scaling down is faster than a lease of {lease_seconds} s")
    return complaints


def check_adapter(manifests: Manifests, rules: list[dict[str, Any]], source: Source) -> list[str]:
    """The adapter makes the metrics that the autoscaler asks for, out of ours, by the maximum and never the sum."""
    complaints = []
    made = {rule["name"]["as"] for rule in rules}
    for document in manifests.of_kind("HorizontalPodAutoscaler"):
        for metric in document["spec"]["metrics"]:
            name = metric.get("external", {}).get("metric", {}).get("name")
            if name is None:
                complaints.append("order-worker is scaled on its backlog, not on what it uses")
            elif name not in made:
                complaints.append(f"the autoscaler asks for {name}, which the adapter does not make")
    for rule in rules:
        series = set(re.findall(r"\b(job_\w+)\{", rule["seriesQuery"] + rule["metricsQuery"]))
        if not series or not series <= source.queue_gauges:
            complaints.append(f"{rule['name']['as']} is made of {sorted(series)}, which order-worker does not export")
        if not re.fullmatch(r"max\(\w+\{[^{}]*\}\)", rule["metricsQuery"]):
            complaints.append(f"{rule['name']['as']}: every replica exports the whole queue; take the maximum")
        named = set(re.findall(r"[a-z]+_[a-z]+", "".join(re.findall(r'job_type=~?"([^"]*)"', rule["metricsQuery"]))))
        if not named or not named <= source.job_types:
            run = f"order-worker runs {sorted(source.job_types)}"
            complaints.append(f"{rule['name']['as']} waits for {sorted(named)}; {run}")
    return complaints


def check_keda_queries(manifests: Manifests, source: Source) -> list[str]:
    """KEDA counts the jobs that order-worker runs, and nothing else."""
    complaints = []
    for document in manifests.of_kind("ScaledObject"):
        for trigger in document["spec"]["triggers"]:
            named = set(re.findall(r"'(\w+_\w+)'", trigger["metadata"]["query"]))
            if named != source.job_types:
                complaints.append(f"KEDA counts {sorted(named)}; order-worker runs {sorted(source.job_types)}")
    return complaints


def adapter_rules(path: Path) -> list[dict[str, Any]]:
    return yaml.safe_load(path.read_text())["rules"]["external"]
