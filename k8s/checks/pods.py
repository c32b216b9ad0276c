"""Pods: probes, endings, hardening, references."""

from __future__ import annotations

from .manifests import NAME, Manifests, Workload, selects
from .source import SERVICES, Source

PRIORITIES = {"checkout-api": 3, "payment-callback": 3, "order-worker": 2, "stale-job-reaper": 1}


def services_of(manifests: Manifests) -> list[Workload]:
    return [w for w in manifests.ours() if w.kind == "Deployment" and w.name in SERVICES]


def check_presence(manifests: Manifests, _: Source) -> list[str]:
    """Each service is there, as a Deployment or, where it can be, a CronJob."""
    present = {workload.name for workload in manifests.ours()}
    return [f"{name} is not deployed" for name in (*SERVICES, "migrate") if name not in present]


def check_probes(manifests: Manifests, source: Source) -> list[str]:
    """Alive asks nobody, ready asks Postgres; both at the port the code listens on."""
    complaints = []
    wanted = {"startupProbe": "LIVEZ", "livenessProbe": "LIVEZ", "readinessProbe": "READYZ"}
    for workload in services_of(manifests):
        ports = {port["name"]: port["containerPort"] for port in workload.container.get("ports", [])}
        if ports.get("http") != source.ports[workload.name]:
            complaints.append(f"{workload}: its port is {ports.get('http')}, the code's {source.ports[workload.name]}")
        for probe, constant in wanted.items():
            get = workload.container.get(probe, {}).get("httpGet", {})
            if get.get("path") != source.probe(constant):
                complaints.append(f"{workload}: {probe} asks {get.get('path')}, not {source.probe(constant)}")
            if ports.get(get.get("port")) is None:
                complaints.append(f"{workload}: {probe} asks a port that is not there: {get.get('port')}")
        annotations = workload.template["metadata"].get("annotations", {})
        scraped = (annotations.get("prometheus.io/port"), annotations.get("prometheus.io/path"))
        if scraped != (str(source.ports[workload.name]), source.probe("METRICS")):
            complaints.append(f"{workload}: Prometheus is sent to {scraped}")
    return complaints


def check_endings(manifests: Manifests, source: Source) -> list[str]:
    """The grace period outlasts what a stop may take, and a worker's drain ends before a lease does."""
    complaints = []
    for workload in services_of(manifests):
        environment = {**source.defaults, **manifests.environment(workload)}
        drain_seconds = float(environment["WORKER__SHUTDOWN_GRACE_SECONDS"] or 10)
        lease_seconds = float(environment["WORKER__LEASE_SECONDS"] or 15)
        if drain_seconds >= lease_seconds:
            complaints.append(f"{workload}: a drain of {drain_seconds} s outlasts a lease of {lease_seconds} s")
        sleep = workload.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
        has_traffic = manifests.named("Service", workload.name) is not None
        if has_traffic and sleep < 5:
            complaints.append(f"{workload}: it must serve on for 5 s while proxies learn that it ends (preStop)")
        needed = sleep + source.stop_seconds_max(workload.name, drain_seconds)
        grace = workload.spec.get("terminationGracePeriodSeconds", 30)
        if grace <= needed:
            complaints.append(f"{workload}: a stop may take {needed} s, its grace period is {grace} s")
    return complaints


def check_rollouts(manifests: Manifests, _: Source) -> list[str]:
    """A release takes nothing away before its successor is ready, and neither does a drained node."""
    complaints = []
    for workload in services_of(manifests):
        rolling = workload.document["spec"].get("strategy", {}).get("rollingUpdate", {})
        if rolling.get("maxUnavailable") != 0:
            complaints.append(f"{workload}: a release takes pods away before new ones are ready (maxUnavailable)")
        if not workload.spec.get("topologySpreadConstraints"):
            complaints.append(f"{workload}: its pods may all stand on one node")
        budget = manifests.named("PodDisruptionBudget", workload.name)
        if not budget or not selects(budget["spec"]["selector"], workload.labels):
            complaints.append(f"{workload}: no PodDisruptionBudget covers it")
    return complaints


def check_hardening(manifests: Manifests, _: Source) -> list[str]:
    """Every pod satisfies `restricted`, and a little more."""
    complaints = []
    for workload in manifests.workloads():
        pod, container = workload.spec.get("securityContext", {}), workload.container.get("securityContext", {})
        resources = workload.container.get("resources", {})
        rules = {
            "one container": len(workload.spec["containers"]) == 1 and not workload.spec.get("initContainers"),
            "runAsNonRoot": pod.get("runAsNonRoot") is True and pod.get("runAsUser", 0) > 0,
            "seccomp RuntimeDefault": pod.get("seccompProfile", {}).get("type") == "RuntimeDefault",
            "no privilege escalation": container.get("allowPrivilegeEscalation") is False,
            "a read-only root": container.get("readOnlyRootFilesystem") is True,
            "no capability": container.get("capabilities") == {"drop": ["ALL"]},
            "no token": workload.spec.get("automountServiceAccountToken") is False,
            "a request of cpu and memory": {"cpu", "memory"} <= set(resources.get("requests", {})),
            "a limit of memory": "memory" in resources.get("limits", {}),
            "no service links": workload.spec.get("enableServiceLinks") is False,
        }
        complaints += [f"{workload}: lacks {rule}" for rule, holds in rules.items() if not holds]
        account = manifests.named("ServiceAccount", workload.spec.get("serviceAccountName", "default"))
        if not account or account.get("automountServiceAccountToken") is not False:
            complaints.append(f"{workload}: needs a ServiceAccount of its own that has no token")
    accounts = [w.spec.get("serviceAccountName") for w in manifests.workloads()]
    complaints += [f"ServiceAccount {name} is shared" for name in sorted({a for a in accounts if accounts.count(a) > 1})]
    return complaints


def check_priorities(manifests: Manifests, _: Source) -> list[str]:
    """A callback goes before a job, a job before a rescue."""
    complaints = []
    values = {document["metadata"]["name"]: document["value"] for document in manifests.of_kind("PriorityClass")}
    ranks: dict[int, set[int]] = {}
    for workload in services_of(manifests):
        value = values.get(workload.spec.get("priorityClassName", ""))
        if value is None:
            complaints.append(f"{workload}: its priority class is not there")
        elif workload.name in PRIORITIES:
            ranks.setdefault(PRIORITIES[workload.name], set()).add(value)
    ordered = [value for rank in sorted(ranks) for value in sorted(ranks[rank])]
    if any(len(ranks[rank]) != 1 for rank in ranks) or ordered != sorted(set(ordered)):
        complaints.append("priority classes: callback above worker above reaper does not hold")
    return complaints


def check_images(manifests: Manifests, _: Source) -> list[str]:
    """An image is named by a tag that is not `latest`, or by digest."""
    images = [container["image"] for w in manifests.workloads() for container in w.spec["containers"]]
    images += [cluster["spec"]["imageName"] for cluster in manifests.of_kind("Cluster")]
    for pooler in manifests.of_kind("Pooler"):
        images += [container["image"] for container in pooler["spec"]["template"]["spec"]["containers"]]
    complaints = []
    for image in images:
        _, _, tag = image.rpartition("/")[2].partition(":")
        if "@sha256:" not in image and tag in ("", "latest"):
            complaints.append(f"{image} is whatever was pushed last; name a version")
    return complaints


def check_references(manifests: Manifests, source: Source) -> list[str]:
    """Selectors match pods, Services reach named ports, and what is referred to is there."""
    complaints = []
    workloads = list(manifests.workloads())
    for document in manifests.of_kind("Deployment", "StatefulSet"):
        template = document["spec"]["template"]
        if not selects(document["spec"]["selector"], template["metadata"]["labels"]):
            complaints.append(f"{document['kind']} {document['metadata']['name']} does not select its own pods")
        for constraint in template["spec"].get("topologySpreadConstraints", []):
            if not selects(constraint["labelSelector"], template["metadata"]["labels"]):
                complaints.append(f"{document['metadata']['name']}: its topology spread counts other pods")
    for service in manifests.of_kind("Service"):
        name = service["metadata"]["name"]
        behind = [w for w in workloads if selects({"matchLabels": service["spec"]["selector"]}, w.labels)]
        if [w.name for w in behind] != [name]:
            complaints.append(f"Service {name} selects {[w.name for w in behind]}")
        for port in service["spec"]["ports"]:
            named = {p["name"] for w in behind for p in w.container.get("ports", [])}
            if port["targetPort"] not in named:
                complaints.append(f"Service {name} leads to the port {port['targetPort']}, which no pod has")
            if name in source.ports and port["port"] != source.ports[name]:
                complaints.append(f"Service {name} has the port {port['port']}, the code {source.ports[name]}")
    for workload in workloads:
        for entry in workload.container.get("envFrom", []):
            if not manifests.named("ConfigMap", entry["configMapRef"]["name"]):
                complaints.append(f"{workload}: there is no ConfigMap {entry['configMapRef']['name']}")
        if workload.labels.get(NAME) != workload.name:
            complaints.append(f"{workload}: its pods are labelled {workload.labels.get(NAME)}")
    return complaints
