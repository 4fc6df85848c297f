"""The control plane's binaries: found in the cache, or built there once from the modules beside this file.

Each folder of `modules/` is a Go module that pins one project: its `go.mod` says the version, its `go.sum`
the checksums that `go` verifies. A first build takes about ten minutes on two cores; `python -m
tests.control_plane.build` does it ahead of the tests and tells how far it is.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cli.stack.cache import cache_directory, locked
from cli.stack.errors import PartMissing, StackError

MODULES = Path(__file__).resolve().parent / "modules"
STAGES = "stages.yaml"
_STAGE_FOLDERS = (
    "stage/node/fast",
    "stage/node/heartbeat-with-lease",
    "stage/pod/fast",
    "stage/pod/chaos",
    "metrics/usage",
    "metrics/resource",
)
_GO_HINT = "the control plane is built with Go 1.26 or newer, which is missing: https://go.dev/doc/install"


@dataclass(frozen=True)
class Source:
    """Where a binary comes from: the folder in `modules/`, the Go module it pins, and the main package."""

    folder: str
    module: str
    package: str


_KUBERNETES = "k8s.io/kubernetes"
SOURCES = {
    "etcd": Source("etcd", "go.etcd.io/etcd/server/v3", "go.etcd.io/etcd/server/v3"),
    **{
        name: Source("kubernetes", _KUBERNETES, f"{_KUBERNETES}/cmd/{name}")
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
    },
    "kwok": Source("kwok", "sigs.k8s.io/kwok", "sigs.k8s.io/kwok/cmd/kwok"),
    "metrics-server": Source(
        "metrics-server", "sigs.k8s.io/metrics-server", "sigs.k8s.io/metrics-server/cmd/metrics-server"
    ),
}
"""Every binary by its name, in the order in which they are built."""


def version_of(go_mod: str, module: str) -> str:
    """Read which version of a module a `go.mod` requires: "1.36.3"; raise StackError when it does not."""
    found = re.search(rf"^(?:require\s+|\t){re.escape(module)} v(\S+)", go_mod, re.MULTILINE)
    if not found:
        raise StackError(f"go.mod does not require {module}")
    return found[1]


def linker_flags(source: Source, version: str) -> str:
    """Give the linker's flags: no symbols, and for Kubernetes the version that it reports."""
    if source.module != _KUBERNETES:
        return "-s -w"
    major, minor, _ = version.split(".", 2)
    told = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{key}={told[key]}" for key in told)])


def binary(name: str) -> Path:
    """Give the path of a binary, building it when the cache has none.

    Raises PartMissing when Go is needed and not here, StackError when the build fails.
    """
    path = _directory(SOURCES[name]) / name
    return _once(path, lambda aside: _compile(name, aside))


def stages() -> Path:
    """Give the file that tells kwok how nodes and pods live, joined from kwok's own module; as `binary`."""
    return _once(_directory(SOURCES["kwok"]) / STAGES, _join_stages)


def missing() -> list[str]:
    """Name the files that the cache lacks."""
    names = [name for name, source in SOURCES.items() if not (_directory(source) / name).is_file()]
    return names + ([] if (_directory(SOURCES["kwok"]) / STAGES).is_file() else [STAGES])


def _directory(source: Source) -> Path:
    version = version_of((MODULES / source.folder / "go.mod").read_text(), source.module)
    return cache_directory() / f"{source.folder}-{version}"


def _once(path: Path, make: Callable[[Path], None]) -> Path:
    """Give a file that `make` writes aside when it is not there; of several callers one writes it."""
    if path.is_file():
        return path
    with locked(cache_directory() / ".control-plane.lock"):
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            aside = path.with_name(f".{path.name}.{os.getpid()}")
            try:
                make(aside)
                aside.rename(path)
            finally:
                aside.unlink(missing_ok=True)
    return path


def _go(source: Source, *arguments: str) -> str:
    """Run `go` in a module's folder and give what it printed."""
    go = shutil.which("go")
    if not go:
        raise PartMissing(_GO_HINT)
    done = subprocess.run(
        [go, *arguments],
        cwd=MODULES / source.folder,
        env={**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise StackError(f"go {arguments[0]} failed for {source.package}:\n{done.stderr[-2000:]}")
    return done.stdout


def _compile(name: str, into: Path) -> None:
    source = SOURCES[name]
    version = version_of((MODULES / source.folder / "go.mod").read_text(), source.module)
    flags = f"-ldflags={linker_flags(source, version)}"
    _go(source, "build", "-mod=readonly", "-trimpath", flags, "-o", str(into), source.package)


def _join_stages(into: Path) -> None:
    source = SOURCES["kwok"]
    _go(source, "mod", "download", source.module)
    kustomize = Path(_go(source, "list", "-m", "-f", "{{.Dir}}", source.module).strip()) / "kustomize"
    files = [path for folder in _STAGE_FOLDERS for path in sorted((kustomize / folder).glob("*.yaml"))]
    documents = [path.read_text() for path in files if path.name != "kustomization.yaml"]
    if len(documents) < len(_STAGE_FOLDERS):
        raise StackError(f"kwok's module lacks stages: {kustomize}")
    into.write_text("\n---\n".join(documents))


def main() -> None:
    """Build what is missing, one line when a build begins and one when it is done."""
    lacking = missing()
    for done, name in enumerate(lacking, 1):
        print(f"{name}: building it (once; {len(lacking) - done} more after it) …", flush=True)
        began = time.monotonic()
        if name == STAGES:
            stages()
        else:
            binary(name)
        print(f"{name}: ready in {time.monotonic() - began:.0f} s", flush=True)
    print(f"control plane: {', '.join(sorted({_directory(one).name for one in SOURCES.values()}))} ready")


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(str(error))
