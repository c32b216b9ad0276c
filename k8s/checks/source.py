"""What the manifests have to fit: read from the code itself, so that neither can drift alone."""

from __future__ import annotations

import re
import tomllib
from functools import cached_property
from pathlib import Path

SERVICES = ("checkout-api", "payment-callback", "order-worker", "stale-job-reaper", "admin-console")
#: What the standard variables are, beside those that documentation lists.
STANDARD = re.compile(r"\b(RUST_LOG|SETTINGS_FILE|OTEL_[A-Z_]*[A-Z])\b")


class Source:
    """Facts of the repository at `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _text(self, path: str) -> str:
        return (self.root / path).read_text()

    def _find(self, path: str, pattern: str) -> str:
        found = re.search(pattern, self._text(path))
        if not found:
            raise LookupError(f"{path} has nothing like {pattern}: k8s/checks/source.py has to follow the code")
        return found[1]

    def _seconds(self, path: str, constant: str) -> int:
        return int(self._find(path, rf"const {constant}: \w+ =\s*(?:Duration::from_secs\()?([\d_]+)"))

    @cached_property
    def defaults(self) -> dict[str, str]:
        """Every setting with its default, as environment variables."""
        tree = tomllib.loads(self._text("crates/service-kit/config/default.toml"))
        settings: dict[str, str] = {}
        for key, value in tree.items():
            section = value if isinstance(value, dict) else {None: value}
            for name, default in section.items():
                settings["__".join(part.upper() for part in (key, name) if part)] = str(default)
        return settings

    @cached_property
    def secrets(self) -> set[str]:
        keys = self._find("crates/service-kit/src/settings/layers.rs", r"SECRET_KEYS: \[&str; \d+\] =\s*\[([^\]]*)\]")
        return {key.upper().replace(".", "__") for key in re.findall(r'"([^"]+)"', keys)}

    @cached_property
    def standard_variables(self) -> set[str]:
        return set(STANDARD.findall(self._text("docs/configuration.md")))

    @cached_property
    def sandbox_variables(self) -> set[str]:
        return set(re.findall(r'env = "(SANDBOX__\w+)"', self._text("crates/sandbox/src/settings.rs")))

    @cached_property
    def ports(self) -> dict[str, int]:
        pattern = r"DEFAULT_ADDR: SocketAddr = .*UNSPECIFIED\), (\d+)\)"
        return {name: int(self._find(f"services/{name}/src/app.rs", pattern)) for name in SERVICES}

    def probe(self, name: str) -> str:
        """The path of LIVEZ, READYZ or METRICS."""
        return self._find("crates/service-kit/src/health.rs", rf'const {name}: &str = "([^"]+)"')

    def routes(self, service: str) -> set[str]:
        text = self._text(f"services/{service}/src/routes.rs")
        return set(re.findall(r'(?:resource|callback)\("(/[^"]*)"\)', text))

    @cached_property
    def body_bytes_max(self) -> int:
        product = self._find("crates/service-kit/src/http/extract.rs", r"BODY_BYTES_MAX: usize = (\d+ \* \d+)")
        left, right = product.split(" * ")
        return int(left) * int(right)

    @cached_property
    def job_types(self) -> set[str]:
        """What order-worker runs."""
        run = re.findall(r"(\w+)::JOB_TYPE", self._text("services/order-worker/src/lanes/mod.rs"))
        return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in run}

    @cached_property
    def queue_gauges(self) -> set[str]:
        text = self._text("services/order-worker/src/metrics.rs")
        names = set(re.findall(r'u64_gauge\("(\w+)"\)', text))
        return names | {f"{name}_seconds" for name in re.findall(r'f64_gauge\("(\w+)"\)\s*\.with_unit\("s"\)', text)}

    def stop_seconds_max(self, service: str, worker_grace_seconds: float) -> float:
        """How long a service may take from SIGTERM to its end."""
        drain = self._seconds("crates/service-kit/src/server.rs", "DRAIN_SECONDS_MAX")
        seconds: float = drain
        seconds += self._seconds("crates/service-kit/src/run.rs", "RUNTIME_TIMEOUT")
        seconds += self._seconds("crates/service-kit/src/telemetry/mod.rs", "FLUSH_TIMEOUT")
        if service == "payment-callback":
            seconds += self._seconds("services/payment-callback/src/desk.rs", "DRAIN_TIMEOUT")
        if service == "order-worker":
            seconds += worker_grace_seconds + self._seconds("services/order-worker/src/app.rs", "LAST_WRITES")
        return seconds

    def listens(self, service: str) -> bool:
        """Whether it hears wake-ups: on a pooler in transaction mode it would hear none."""
        app = self._text(f"services/{service}/src/app.rs")
        return "StatusFeed::start" in app or "wake_ups.listen" in app

    def connections(self, service: str, pool_max: int) -> int:
        """How many connections one process opens at most."""
        app = self._text(f"services/{service}/src/app.rs")
        if "StatusFeed::start" in app:
            # Listens on a connection of its own, outside the pool.
            return pool_max + 1
        if service == "stale-job-reaper":
            return min(pool_max, self._seconds("services/stale-job-reaper/src/app.rs", "CONNECTIONS_MAX"))
        return pool_max
