"""Postgres as the operator runs it. Its kinds have no schema here, so what matters is looked at by name."""

from __future__ import annotations

import re

from .manifests import Manifests
from .source import SERVICES, Source

#: The first PgBouncer that follows prepared statements in transaction mode.
PGBOUNCER_MIN = (1, 21)


def check_cluster(manifests: Manifests, _: Source) -> list[str]:
    """Three instances, an acknowledged COMMIT on two of them, nobody in the clear, backups that reach the store."""
    complaints = []
    for cluster in manifests.of_kind("Cluster"):
        spec, name = cluster["spec"], cluster["metadata"]["name"]
        synchronous = spec["postgresql"].get("synchronous", {})
        if spec["instances"] < 3:
            complaints.append(f"Cluster {name}: with {spec['instances']} instances a failure leaves no quorum")
        if synchronous.get("number", 0) < 1 or synchronous.get("dataDurability") != "required":
            complaints.append(f"Cluster {name}: an acknowledged COMMIT may be on one machine only")
        if not synchronous.get("failoverQuorum"):
            complaints.append(f"Cluster {name}: a standby that lacks acknowledged COMMITs may be promoted")
        if "hostnossl all all all reject" not in spec["postgresql"].get("pg_hba", []):
            complaints.append(f"Cluster {name}: connections without TLS are let in")
        stores = {store["metadata"]["name"] for store in manifests.of_kind("ObjectStore")}
        archived = {p["parameters"]["barmanObjectName"] for p in spec.get("plugins", []) if p.get("isWALArchiver")}
        if not archived or not archived <= stores:
            complaints.append(f"Cluster {name}: its WAL is archived nowhere")
        if not any(backup["spec"]["cluster"]["name"] == name for backup in manifests.of_kind("ScheduledBackup")):
            complaints.append(f"Cluster {name}: nothing schedules its backups")
        complaints += _roles(spec["managed"]["roles"])
    return complaints


def _roles(roles: list[dict[str, object]]) -> list[str]:
    complaints = []
    by_name = {role["name"]: role for role in roles}
    for service in (*SERVICES, "catalogue-keeper"):
        role = service.replace("-", "_")
        login = by_name.get(f"{role}_login", {})
        if role not in by_name or by_name[role].get("login"):
            complaints.append(f"there is no role {role} without a login")
        if login.get("inRoles") != [role] or not login.get("passwordSecret"):
            complaints.append(f"{role}_login is not a login with a password that is a member of {role} alone")
        if login.get("superuser") or login.get("createrole") or login.get("createdb"):
            complaints.append(f"{role}_login may do more than its service")
    return complaints


def check_pooler(manifests: Manifests, source: Source) -> list[str]:
    """Prepared statements survive the pooler, and nobody who listens is behind it."""
    complaints = []
    for pooler in manifests.of_kind("Pooler"):
        name, pgbouncer = pooler["metadata"]["name"], pooler["spec"]["pgbouncer"]
        image = pooler["spec"]["template"]["spec"]["containers"][0]["image"]
        version = re.search(r":(\d+)\.(\d+)", image)
        if pgbouncer["poolMode"] != "session" and int(pgbouncer["parameters"].get("max_prepared_statements", 0)) < 100:
            complaints.append(f"Pooler {name}: prepared statements do not work (max_prepared_statements)")
        if not version or (int(version[1]), int(version[2])) < PGBOUNCER_MIN:
            complaints.append(f"Pooler {name}: {image} does not follow prepared statements")
        policy = manifests.named("NetworkPolicy", "ours-reach-the-pooler")
        expressions = policy["spec"]["podSelector"]["matchExpressions"] if policy else []
        for service in (value for expression in expressions for value in expression["values"]):
            if source.listens(service):
                complaints.append(f"Pooler {name}: {service} listens, and would hear nothing through it")
    return complaints
