"""Settings and secrets: what a manifest sets is what a binary reads."""

from __future__ import annotations

from .manifests import Manifests
from .source import Source


def check_variables(manifests: Manifests, source: Source) -> list[str]:
    """Every variable is a documented setting, a standard name, or a secret's file."""
    complaints = []
    for workload in manifests.ours():
        known = set(source.defaults) | source.standard_variables | {f"{name}_FILE" for name in source.secrets}
        if workload.name == "sandbox":
            known = source.sandbox_variables
        for name in manifests.environment(workload):
            if name not in known:
                complaints.append(f"{workload}: {name} is no setting of ours")
    return complaints


def check_secrets(manifests: Manifests, source: Source) -> list[str]:
    """A secret is a file of the service's own Secret, and nowhere else."""
    complaints = []
    for workload in manifests.ours():
        volumes = [volume for volume in workload.spec.get("volumes", []) if "secret" in volume]
        secret_of = {volume["name"]: volume["secret"]["secretName"] for volume in volumes}
        mounts = workload.container.get("volumeMounts", [])
        mounted = {mount["mountPath"]: secret_of.get(mount["name"]) for mount in mounts}
        for name, value in manifests.environment(workload).items():
            if name in source.secrets:
                complaints.append(f"{workload}: {name} stands in the environment; mount it and set {name}_FILE")
            if name.removesuffix("_FILE") in source.secrets and name.endswith("_FILE"):
                folder, _, file = (value or "").rpartition("/")
                if file != name.removesuffix("_FILE"):
                    complaints.append(f"{workload}: {name} names {value}; the file is called as its setting")
                elif mounted.get(folder) != workload.labels["app.kubernetes.io/name"]:
                    complaints.append(f"{workload}: {name} is not in a Secret called {workload.name}")
        for entry in workload.container.get("env", []):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                complaints.append(f"{workload}: {entry['name']} comes from a Secret into the environment; mount it")
            if reference and reference["name"] != workload.name:
                complaints.append(f"{workload}: {entry['name']} comes from the Secret of another")
    for document in manifests.of_kind("Secret"):
        complaints.append(f"Secret {document['metadata']['name']}: secrets are referred to, not written down")
    for document in manifests.of_kind("ConfigMap"):
        for name in document.get("data", {}):
            if name in source.secrets:
                complaints.append(f"ConfigMap {document['metadata']['name']}: {name} is a secret")
    return complaints


def wanted_secrets(manifests: Manifests) -> dict[str, set[str]]:
    """The keys of each Secret that our pods and our Postgres need."""
    wanted: dict[str, set[str]] = {}
    for workload in manifests.workloads():
        folders = {mount["name"]: mount["mountPath"] for mount in workload.container.get("volumeMounts", [])}
        for volume in workload.spec.get("volumes", []):
            if "secret" in volume and not volume["secret"].get("items"):
                values = [value for value in manifests.environment(workload).values() if value]
                folder = folders[volume["name"]]
                keys = {value.rpartition("/")[2] for value in values if value.rpartition("/")[0] == folder}
                wanted.setdefault(volume["secret"]["secretName"], set()).update(keys)
        for entry in workload.container.get("env", []):
            reference = entry.get("valueFrom", {}).get("secretKeyRef")
            if reference:
                wanted.setdefault(reference["name"], set()).add(reference["key"])
    for cluster in manifests.of_kind("Cluster"):
        roles = cluster["spec"].get("managed", {}).get("roles", [])
        for role in roles:
            if "passwordSecret" in role:
                wanted.setdefault(role["passwordSecret"]["name"], set()).update({"username", "password"})
    for store in manifests.of_kind("ObjectStore"):
        for reference in store["spec"]["configuration"]["s3Credentials"].values():
            wanted.setdefault(reference["name"], set()).add(reference["key"])
    return wanted


def check_printed_secrets(wanted: dict[str, set[str]], printed: Manifests) -> list[str]:
    """`make-secrets.sh` prints every Secret that is needed, with every key."""
    complaints = []
    held = {document["metadata"]["name"]: set(document["data"]) for document in printed.of_kind("Secret")}
    for name, keys in sorted(wanted.items()):
        missing = keys - held.get(name, set())
        if name not in held:
            complaints.append(f"make-secrets.sh prints no Secret {name}")
        elif missing:
            complaints.append(f"make-secrets.sh prints the Secret {name} without {', '.join(sorted(missing))}")
    return complaints


def check_environment_of_overlay(manifests: Manifests, _: Source) -> list[str]:
    """Production is production, and the sandbox is nowhere in it."""
    complaints = []
    is_production = manifests.of_kind("Cluster") != []
    for workload in manifests.ours():
        environment = manifests.environment(workload)
        if is_production and workload.container.get("envFrom") and environment.get("APP_ENV") != "production":
            complaints.append(f"{workload}: APP_ENV is not production")
        if is_production and "sandbox" in workload.container["image"]:
            complaints.append(f"{workload}: the sandbox is never deployed in production")
    return complaints
