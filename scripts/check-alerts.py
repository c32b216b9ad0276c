#!/usr/bin/env python3
"""Whether what deploy/ says about figures is true: rules, their tests, the runbook, the dashboard, compose.

    scripts/prometheus.sh run -- scripts/check-alerts.py                  what can be said without a running service
    scripts/prometheus.sh run -- scripts/check-alerts.py --scrape FOLDER  also that every figure is really exported: the
                                                                          folder holds a page of /metrics a service

Prints every breach, then fails once.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
TESTS = sorted((PROMETHEUS / "tests").glob("*.yaml"))
SEVERITIES = {"critical", "warning"}
TWIN = "FigureMissing"
# What Prometheus adds to each series.
ADDED_LABELS = {"job", "instance"}
NOT_METRICS = {"and", "or", "unless", "on", "ignoring", "bool", "offset", "group_left", "group_right", "inf", "nan", "ALERTS"}

breaches: list[str] = []


def breach(text: str) -> None:
    breaches.append(text)


@dataclass(frozen=True)
class Rule:
    name: str
    expr: str
    labels: dict[str, str]
    annotations: dict[str, str]

    def __str__(self) -> str:
        return self.name + "{" + ", ".join(f"{name}={value}" for name, value in self.labels.items()) + "}"

    def covers(self, labels: dict[str, str]) -> bool:
        """Whether these labels are those of an alert of this rule."""
        return all(labels.get(name) == value for name, value in self.labels.items())


def rules_in(path: Path) -> Iterator[dict]:
    for group in yaml.safe_load(path.read_text())["groups"]:
        yield from group["rules"]


def metrics_in(expr: str) -> set[str]:
    """The metrics that an expression reads."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", " ", expr)
    bare = re.sub(r"\b(by|without|on|ignoring)\s*\([^)]*\)", " ", bare)
    words = re.findall(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])", bare)
    return set(words) - NOT_METRICS


def series_of(text: str) -> tuple[str, dict[str, str]]:
    """`name{label="value"}` in its parts."""
    name, _, rest = text.partition("{")
    return name.strip(), dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', rest))


def promtool(*arguments: str) -> None:
    ended = subprocess.run([os.environ["PROMTOOL"], *arguments], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        breach(f"promtool {' '.join(arguments[:2])}:\n{ended.stdout}{ended.stderr}")


def check_rules(alerts: list[Rule], recorded: dict[str, str]) -> None:
    runbook = (DEPLOY / "runbook.md").read_text()
    sections = set(re.findall(r"^## (\w+)$", runbook, re.MULTILINE))
    for name in sections ^ {alert.name for alert in alerts}:
        breach(f"deploy/runbook.md: {name} has {'no alert' if name in sections else 'no section'}")
    twins = {alert.expr.removeprefix("absent(").removesuffix(")") for alert in alerts if alert.name == TWIN}
    for alert in alerts:
        if alert.labels.get("severity") not in SEVERITIES:
            breach(f"{alert}: severity is one of {sorted(SEVERITIES)}")
        if alert.annotations.get("runbook") != f"deploy/runbook.md#{alert.name.lower()}":
            breach(f"{alert}: its annotation `runbook` names its section")
        if not alert.annotations.get("summary") or not alert.annotations.get("description"):
            breach(f"{alert}: it has a summary and a description")
        for metric in metrics_in(alert.expr):
            for source in metrics_in(recorded[metric]) if metric in recorded else {metric}:
                if source not in twins:
                    breach(f"{alert}: {source} has no absent() twin among the {TWIN} alerts")


def check_tests(alerts: list[Rule]) -> None:
    quiet, pending, firing = [], [], []
    for path in TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for asked in test.get("promql_expr_test", []):
                selector = series_of(asked["expr"])[1]
                samples = [series_of(sample["labels"])[1] for sample in asked["exp_samples"]]
                quiet += [] if samples else [selector]
                pending += [labels for labels in samples if labels.get("alertstate") == "pending"]
            for asked in test.get("alert_rule_test", []):
                for alert in asked["exp_alerts"]:
                    firing.append({"alertname": asked["alertname"], **alert["exp_labels"]})
    for alert in alerts:
        own = {"alertname": alert.name, **alert.labels}
        if not any(selector.items() <= own.items() for selector in quiet):
            breach(f"{alert}: no test sees it quiet")
        for state, seen in (("pending", pending), ("firing", firing)):
            if not any(labels.get("alertname") == alert.name and alert.covers(labels) for labels in seen):
                breach(f"{alert}: no test sees it {state}")


def dashboard_expressions() -> Iterator[tuple[str, str]]:
    dashboard = json.loads((DEPLOY / "grafana" / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield f"dashboard, {panel['title']}", target["expr"]


def check_scrape(folder: Path, alerts: list[Rule], recorded: dict[str, str]) -> None:
    exported: dict[str, list[tuple[str, dict[str, str]]]] = {}
    for page in folder.glob("*.txt"):
        lines = [line for line in page.read_text().splitlines() if line and not line.startswith("#")]
        exported[page.stem] = [series_of(line.rpartition(" ")[0]) for line in lines]
    names = {name for page in exported.values() for name, _ in page}
    types = re.compile(r"^# TYPE (\S+) ", re.MULTILINE)
    shown = {name for page in folder.glob("*.txt") for name in types.findall(page.read_text())}
    table = re.findall(r"^\| (`[^|]*) \|", (DEPLOY.parent / "docs" / "figures.md").read_text(), re.MULTILINE)
    documented = {name for cell in table for name in re.findall(r"`(\w+)`", cell)}
    for name in shown ^ documented:
        breach(f"docs/figures.md: {name} is {'exported by nobody' if name in documented else 'not described'}")
    read = [(str(alert), alert.expr) for alert in alerts] + list(recorded.items()) + list(dashboard_expressions())
    for place, expr in read:
        for metric in metrics_in(expr) - recorded.keys() - names:
            breach(f"{place}: no service exports {metric}")
    for path in TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for text in (series["series"] for series in test["input_series"]):
                name, labels = series_of(text)
                own = {label: value for label, value in labels.items() if label not in ADDED_LABELS}
                if (name, own) not in exported.get(labels["job"], []):
                    breach(f"{path.name}, {test['name']}: {labels['job']} exports no {name}{own}")


def check_dashboard(recorded: dict[str, str]) -> None:
    for place, expr in dashboard_expressions():
        for metric in metrics_in(expr):
            if metric.startswith("slo:") and metric not in recorded:
                breach(f"{place}: {metric} is not recorded")


def check_compose() -> None:
    """Our own services get documented settings only, and what a service mounts exists."""
    documentation = (DEPLOY.parent / "docs" / "configuration.md").read_text()
    documentation += (DEPLOY.parent / "crates" / "sandbox" / "README.md").read_text()
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", documentation))
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    for name, service in compose["services"].items():
        if service["image"].startswith("order-pipeline/"):
            if f" AS {name}\n" not in (DEPLOY / "Dockerfile").read_text():
                breach(f"compose.yaml, {name}: the Dockerfile has no such target")
            for variable in service.get("environment", {}):
                if variable.removesuffix("_FILE") not in documented:
                    breach(f"compose.yaml, {name}: {variable} is not a documented setting")
        secrets = service.get("secrets", [])
        for secret in set(secrets) - compose["secrets"].keys():
            breach(f"compose.yaml, {name}: there is no secret {secret}")
        for value in map(str, service.get("environment", {}).values()):
            if value.startswith("/run/secrets/") and value.removeprefix("/run/secrets/") not in secrets:
                breach(f"compose.yaml, {name}: {value} is not among its secrets")
        for other in set(service.get("depends_on", {})) - compose["services"].keys():
            breach(f"compose.yaml, {name}: there is no service {other}")
        for source in (volume.split(":")[0] for volume in service.get("volumes", [])):
            if source.startswith(".") and not (DEPLOY / source).exists():
                breach(f"compose.yaml, {name}: there is no {source}")
            if not source.startswith(".") and source not in compose["volumes"]:
                breach(f"compose.yaml, {name}: there is no volume {source}")
    scraped = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())["scrape_configs"]
    for job in (config["job_name"] for config in scraped):
        if job not in compose["services"]:
            breach(f"prometheus.yaml: compose has no service {job}")


def check_collector() -> None:
    collector = yaml.safe_load((DEPLOY / "collector.yaml").read_text())
    for name, pipeline in collector["service"]["pipelines"].items():
        for kind, parts in pipeline.items():
            for part in set(parts) - collector[kind].keys():
                breach(f"collector.yaml, pipeline {name}: there is no {part} among the {kind}")
    processors = collector["service"]["pipelines"]["traces"]["processors"]
    if processors[0] != "memory_limiter" or processors[-1] != "batch":
        breach("collector.yaml: the memory limiter comes first and batching last")


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--scrape", type=Path, metavar="FOLDER")
    scrape: Path | None = arguments.parse_args().scrape

    alerts = [
        Rule(rule["alert"], rule["expr"].strip(), rule.get("labels", {}), rule.get("annotations", {}))
        for rule in rules_in(PROMETHEUS / "alerts.yaml")
    ]
    recorded = {rule["record"]: rule["expr"] for rule in rules_in(PROMETHEUS / "recording.yaml")}
    check_rules(alerts, recorded)
    check_tests(alerts)
    check_dashboard(recorded)
    check_compose()
    check_collector()
    if scrape is None:
        promtool("check", "rules", str(PROMETHEUS / "alerts.yaml"), str(PROMETHEUS / "recording.yaml"))
        promtool("check", "config", str(PROMETHEUS / "prometheus.yaml"))
        promtool("test", "rules", *map(str, TESTS))
    else:
        check_scrape(scrape, alerts, recorded)
    for text in breaches:
        print(text, file=sys.stderr)
    if breaches:
        print(f"{len(breaches)} breaches", file=sys.stderr)
        return 1
    print(f"{len(alerts)} alerts, {len(TESTS)} files of tests: rules, runbook, dashboard and compose agree")
    return 0


if __name__ == "__main__":
    sys.exit(main())
