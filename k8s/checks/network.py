"""NetworkPolicies, evaluated as Kubernetes does, for every pair of a small world, against the flows that exist."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from .manifests import NAME, Manifests, selects
from .source import SERVICES, Source

OURS = "order-pipeline"
DATABASE_USERS = (*SERVICES, "migrate", "catalogue")
GATEWAY_USERS = ("checkout-api", "payment-callback", "order-worker", "admin-console")
POOLER_USERS = ("stale-job-reaper", "admin-console")


@dataclass(frozen=True)
class Actor:
    """A pod (with a namespace) or an address."""

    name: str
    namespace: str | None = None
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    address: str | None = None
    ports: dict[str, int] = field(default_factory=dict, hash=False)

    @property
    def is_ours(self) -> bool:
        return self.namespace == OURS


OUTSIDE = (
    Actor("ingress", "ingress", {NAME: "nginx-ingress"}),
    Actor("prometheus", "monitoring", {NAME: "prometheus"}),
    Actor("grafana", "monitoring", {NAME: "grafana"}),
    Actor("collector", "monitoring", {NAME: "opentelemetry-collector"}),
    Actor("dns", "kube-system", {"k8s-app": "kube-dns"}),
    Actor("kube-system", "kube-system", {"component": "kube-scheduler"}),
    Actor("keda", "keda", {"app": "keda-operator"}),
    Actor("cnpg-operator", "cnpg-system", {NAME: "cloudnative-pg"}),
    Actor("stranger", "default", {NAME: "order-worker", "app.kubernetes.io/component": "database"}),
    Actor("gateway", address="203.0.113.10"),
    Actor("gateway-v6", address="2001:db8::10"),
    Actor("private", address="10.20.30.40"),
    Actor("private-v6", address="fd00::10"),
    Actor("metadata", address="169.254.169.254"),
)
PORTS = (53, 80, 443, 4318, 5432, 6443, 8000, 8080, 8081, 8082, 8083, 8084, 8090, 9187)
Flow = tuple[str, str, int]


def actors(manifests: Manifests) -> list[Actor]:
    """Our pods, a pod of ours that nobody expects, and the world."""
    inside = [Actor("intruder", OURS, {NAME: "intruder"})]
    for workload in manifests.workloads():
        ports = {port["name"]: port["containerPort"] for port in workload.container.get("ports", [])}
        inside.append(Actor(workload.name, OURS, workload.labels, ports=ports))
    for cluster in manifests.of_kind("Cluster"):
        # The operator's own label, and what the cluster has its pods inherit.
        labels = cluster["spec"].get("inheritedMetadata", {}).get("labels", {})
        name = cluster["metadata"]["name"]
        inside.append(Actor("postgres", OURS, {**labels, "cnpg.io/cluster": name}))
        inside.append(Actor("catalogue", OURS, {NAME: "catalogue"}))
    for pooler in manifests.of_kind("Pooler"):
        labels = pooler["spec"]["template"]["metadata"].get("labels", {})
        inside.append(Actor("pooler", OURS, {**labels, "cnpg.io/poolerName": pooler["metadata"]["name"]}))
    return [*inside, *OUTSIDE]


def _is_peer(peer: dict[str, Any], actor: Actor) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        # Policies see a pod's traffic as the pod's; an address is what is outside.
        if actor.address is None or ip_address(actor.address).version != ip_network(block["cidr"]).version:
            return False
        inside = ip_address(actor.address) in ip_network(block["cidr"])
        return inside and not any(ip_address(actor.address) in ip_network(hole) for hole in block.get("except", []))
    if actor.address is not None:
        return False
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], {"kubernetes.io/metadata.name": actor.namespace or ""}):
            return False
    elif not actor.is_ours:
        return False
    return selects(peer.get("podSelector", {}), actor.labels)


def _is_port(rule: dict[str, Any], port: int, target: Actor) -> bool:
    ports = rule.get("ports")
    if not ports:
        return True
    for entry in ports:
        wanted = entry.get("port")
        wanted = target.ports.get(wanted) if isinstance(wanted, str) else wanted
        if entry.get("protocol", "TCP") == "TCP" and (wanted is None and "port" not in entry or wanted == port):
            return True
    return False


def _lets(manifests: Manifests, direction: str, pod: Actor, other: Actor, target: Actor, port: int) -> bool:
    if not pod.is_ours:
        return True
    peers, rules = ("from", "ingress") if direction == "Ingress" else ("to", "egress")
    policies = [
        policy["spec"]
        for policy in manifests.of_kind("NetworkPolicy")
        if direction in policy["spec"]["policyTypes"] and selects(policy["spec"]["podSelector"], pod.labels)
    ]
    if not policies:
        return True
    return any(
        (not rule.get(peers) or any(_is_peer(peer, other) for peer in rule[peers])) and _is_port(rule, port, target)
        for spec in policies
        for rule in spec.get(rules, [])
    )


def is_let_through(manifests: Manifests, source: Actor, target: Actor, port: int) -> bool:
    """Both ends have to agree: the sender's egress and the receiver's ingress."""
    return _lets(manifests, "Egress", source, target, target, port) and _lets(
        manifests, "Ingress", target, source, target, port
    )


def expected_flows(manifests: Manifests, source: Source) -> set[Flow]:
    """The table of README.md, "Who may speak to whom"."""
    present = {actor.name for actor in actors(manifests)}
    flows: set[Flow] = {(name, "dns", 53) for name in present - {actor.name for actor in OUTSIDE}}
    flows |= {(user, "postgres", 5432) for user in DATABASE_USERS}
    flows |= {(user, gateway, 443) for user in GATEWAY_USERS for gateway in ("gateway", "gateway-v6")}
    flows |= {("ingress", name, source.ports[name]) for name in ("checkout-api", "payment-callback")}
    flows |= {("prometheus", name, port) for name, port in source.ports.items() if manifests.named("Deployment", name)}
    if "sandbox" in present:
        flows |= {(user, "sandbox", 8090) for user in GATEWAY_USERS}
    if manifests.of_kind("Cluster"):
        flows |= {("postgres", "postgres", port) for port in (5432, 8000)}
        flows |= {("cnpg-operator", "postgres", port) for port in (5432, 8000)}
        flows |= {("prometheus", "postgres", 9187)}
        flows |= _by_port_alone("postgres")
    if manifests.of_kind("Pooler"):
        flows |= {(user, "pooler", 5432) for user in POOLER_USERS} | {("pooler", "postgres", 5432)}
        flows |= _by_port_alone("pooler")
    if manifests.of_kind("ScaledObject"):
        flows |= {("keda", "postgres", 5432)}
    if any("OTEL_EXPORTER_OTLP_ENDPOINT" in manifests.environment(w) for w in manifests.ours()):
        flows |= {(name, "collector", 4318) for name in SERVICES}
    return {flow for flow in flows if flow[0] in present and flow[1] in present}


def _by_port_alone(name: str) -> set[Flow]:
    """The API server and the object store have no label and no fixed address: anywhere outside, at two ports."""
    return {(name, actor.name, port) for actor in OUTSIDE for port in (443, 6443)}


def check_flows(manifests: Manifests, source: Source) -> list[str]:
    """Every pair, every port: what exists is let through, and nothing else is."""
    world, complaints = actors(manifests), []
    expected = expected_flows(manifests, source)
    for sender in world:
        for receiver in world:
            if not (sender.is_ours or receiver.is_ours):
                continue
            for port in PORTS:
                flow, let_through = (sender.name, receiver.name, port), is_let_through(manifests, sender, receiver, port)
                if let_through and flow not in expected:
                    complaints.append(f"{sender.name} reaches {receiver.name} at {port}, which nobody needs")
                if not let_through and flow in expected:
                    complaints.append(f"{sender.name} does not reach {receiver.name} at {port}")
    return complaints
