"""The public ingress: what leads in from outside, and what does not."""

from __future__ import annotations

from urllib.parse import urlsplit

from .manifests import Manifests, bytes_of
from .source import Source

PUBLIC = ("checkout-api", "payment-callback")
#: Read by developers; a shop that wants them public adds a path.
NOT_PUBLISHED = ("/docs", "/openapi.json")


def check_ingress(manifests: Manifests, source: Source) -> list[str]:
    complaints = []
    published: dict[str, list[str]] = {}
    for ingress in manifests.of_kind("Ingress"):
        name, annotations = ingress["metadata"]["name"], ingress["metadata"].get("annotations", {})
        secured = {host for tls in ingress["spec"].get("tls", []) for host in tls["hosts"]}
        if "defaultBackend" in ingress["spec"]:
            complaints.append(f"Ingress {name}: everything else leads in too (defaultBackend)")
        for rule in ingress["spec"]["rules"]:
            if rule.get("host") not in secured:
                complaints.append(f"Ingress {name}: {rule.get('host')} has no TLS")
            for path in rule["http"]["paths"]:
                service = path["backend"]["service"]
                target = manifests.named("Service", service["name"])
                ports = {port["name"] for port in target["spec"]["ports"]} if target else set()
                if service["name"] not in PUBLIC:
                    complaints.append(f"Ingress {name}: {service['name']} is not for the public")
                if service["port"].get("name") not in ports:
                    complaints.append(f"Ingress {name}: {service['name']} has no port {service['port']}")
                if path["pathType"] != "Prefix":
                    complaints.append(f"Ingress {name}: {path['path']} is no prefix")
                published.setdefault(service["name"], []).append(path["path"])
        if any("rewrite" in key for key in annotations):
            complaints.append(f"Ingress {name}: paths are passed on as they came; it rewrites")
        body = annotations.get("nginx.org/client-max-body-size", "").replace("k", "Ki")
        if not body or bytes_of(body) != source.body_bytes_max:
            taken = f"the code takes {source.body_bytes_max} bytes"
            complaints.append(f"Ingress {name}: bodies may have {body or 'any size'}, {taken}")
        if annotations.get("nginx.org/proxy-buffering") != "false":
            complaints.append(f"Ingress {name}: streams are held back (proxy-buffering)")
        if name == "payment-callback" and "nginx.org/limit-req-rate" not in annotations:
            complaints.append(f"Ingress {name}: nothing limits how often one address may call")
    complaints += _paths(published, source) if published else []
    return complaints + _public_url(manifests)


def _leads(prefixes: list[str], path: str) -> bool:
    return any(path == prefix or path.startswith(prefix.rstrip("/") + "/") for prefix in prefixes)


def _paths(published: dict[str, list[str]], source: Source) -> list[str]:
    complaints = []
    for service in PUBLIC:
        prefixes = published.get(service, [])
        for route in source.routes(service):
            is_open = _leads(prefixes, route)
            if route.startswith(NOT_PUBLISHED) == is_open:
                complaints.append(f"Ingress: {service}'s {route} is {'open' if is_open else 'closed'}")
        for probe in ("LIVEZ", "READYZ", "METRICS"):
            if _leads(prefixes, source.probe(probe)):
                complaints.append(f"Ingress: {service}'s {source.probe(probe)} is open to everybody")
    return complaints


def _public_url(manifests: Manifests) -> list[str]:
    ingress, workload = manifests.named("Ingress", "payment-callback"), manifests.workload("checkout-api")
    if not ingress or not workload:
        return []
    host = ingress["spec"]["rules"][0]["host"]
    url = urlsplit(manifests.environment(workload).get("CALLBACK__PUBLIC_URL") or "")
    if (url.scheme, url.hostname, url.path) != ("https", host, ""):
        return [f"gateways send browsers to {url.geturl()}, the Ingress listens at https://{host}"]
    return []
