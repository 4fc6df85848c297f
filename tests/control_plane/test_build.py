"""What is built, and with which flags, follows from the `go.mod` files alone."""

from pathlib import Path

import pytest

from cli.stack.errors import PartMissing, StackError
from tests.control_plane import build
from tests.control_plane.build import MODULES, SOURCES, linker_flags, version_of


@pytest.mark.parametrize(
    ("go_mod", "expected"),
    [
        ("module x\n\nrequire example.org/a v1.2.3\n", "1.2.3"),
        ("require (\n\texample.org/ab v9.0.0\n\texample.org/a v0.8.0-rc.1 // indirect\n)\n", "0.8.0-rc.1"),
    ],
)
def test_a_version_is_read_from_go_mod(go_mod: str, expected: str) -> None:
    assert version_of(go_mod, "example.org/a") == expected


def test_a_module_that_is_not_required_is_an_error() -> None:
    with pytest.raises(StackError, match=r"go\.mod does not require example\.org/a"):
        version_of("require example.org/abc v1.0.0\n", "example.org/a")


@pytest.mark.parametrize("name", SOURCES)
def test_every_binary_is_pinned_by_version_and_checksum(name: str) -> None:
    source = SOURCES[name]
    folder = MODULES / source.folder
    version = version_of((folder / "go.mod").read_text(), source.module)
    assert f"{source.module} v{version} h1:" in (folder / "go.sum").read_text()
    assert f'"{source.package}"' in (folder / "tools.go").read_text()


def test_kubernetes_is_told_its_version_and_the_others_are_not() -> None:
    told = linker_flags(SOURCES["kube-apiserver"], "1.36.3")
    prefix = "-X k8s.io/component-base/version."
    expected = f"-s -w {prefix}gitVersion=v1.36.3 {prefix}gitMajor=1 {prefix}gitMinor=36"
    assert (told, linker_flags(SOURCES["kwok"], "0.8.0")) == (expected, "-s -w")


def test_without_go_an_empty_cache_is_told_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORACLE_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert build.missing() == [*SOURCES, build.STAGES]
    with pytest.raises(PartMissing, match=r"Go 1\.26 or newer, which is missing: https://go\.dev"):
        build.binary("etcd")
    assert not list(tmp_path.rglob(".etcd.*"))
