"""What is rendered: both overlays, and each optional component on top of the one it is for."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import yaml

from .manifests import Manifests

#: Name → overlay and the components that are added to it.
VARIANTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "development": ("development", ()),
    "production": ("production", ()),
    "production-keda": ("production", ("keda",)),
    "production-reaper-cronjob": ("production", ("reaper-cronjob",)),
    "production-observed": ("production", ("pod-monitor", "prometheus-rules", "tracing")),
    "production-pooler": ("production", ("pooler", "esewa-previous-key")),
}
#: Applied by themselves.
ALONE = ("overlays/development/catalogue-import", "overlays/production/catalogue-import", "restore-drill")


def render(kubectl: Path, folder: Path, rendered: Path) -> Manifests:
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{folder} does not render: {done.stderr.strip()}")
    rendered.parent.mkdir(parents=True, exist_ok=True)
    rendered.write_text(done.stdout)
    return Manifests.load(rendered)


def render_variants(kubectl: Path, root: Path, work: Path) -> dict[str, Manifests]:
    """Each variant in a copy of the tree, with its components at the end of the overlay's own list, as README.md says."""
    found = {}
    for name, (overlay, components) in VARIANTS.items():
        copy = work / "variants" / name
        shutil.rmtree(copy, ignore_errors=True)
        for part in ("k8s/base", "k8s/components", "k8s/overlays", "deploy/prometheus"):
            shutil.copytree(root / part, copy / part)
        folder = copy / "k8s/overlays" / overlay
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
        kustomization["components"] += [f"../../components/{component}" for component in components]
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization, sort_keys=False))
        found[name] = render(kubectl, folder, work / "rendered" / f"{name}.yaml")
    return found


def render_alone(kubectl: Path, k8s: Path, work: Path) -> dict[str, Manifests]:
    names = {folder: folder.removeprefix("overlays/").replace("/", "-") for folder in ALONE}
    return {name: render(kubectl, k8s / folder, work / "rendered" / f"{name}.yaml") for folder, name in names.items()}
