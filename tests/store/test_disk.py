"""Writing that fails at any step leaves the old or the new, whole; and one process holds a folder."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from audit.errors import EnvironmentStop
from audit.store import disk

OLD, NEW = {"a.npy": b"old", "b.npy": b"too"}, {"a.npy": b"new", "c.json": b"three"}
STEPS = range(1, 25)


@contextmanager
def failing(monkeypatch: pytest.MonkeyPatch, step: int) -> Generator[None]:
    """Fail the k-th system call that writing makes, as a full disk does."""
    calls = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == step:
                raise OSError(28, "No space left on device")
            return real(*arguments, **named)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", counted(os.fsync))
        for name in ("open", "rename", "replace", "mkdir"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        try:
            yield
        except EnvironmentStop as error:
            assert error.code == "R004" and error.exit_code == 7
        else:
            assert calls < step


def contents(place: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in place.iterdir()} if place.exists() else {}


@pytest.mark.parametrize("step", STEPS)
def test_a_folder_is_the_old_one_or_the_new_one_or_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    place = tmp_path / "units" / "key"
    disk.publish(place, OLD)
    with failing(monkeypatch, step):
        disk.publish(place, NEW)
    assert contents(place) in (OLD, NEW, {})
    disk.publish(place, NEW)
    assert contents(place) == NEW and list(place.parent.iterdir()) == [place]


@pytest.mark.parametrize("step", STEPS)
def test_a_file_is_the_old_one_or_the_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    path = disk.write(tmp_path / "results.json", b"old")
    with failing(monkeypatch, step):
        disk.write(path, b"new")
    assert path.read_bytes() in (b"old", b"new")
    disk.write(path, b"new")
    assert contents(tmp_path) == {"results.json": b"new"}


def test_what_is_held_refuses_a_second_process(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from audit.store import disk\n"
        "with disk.hold(Path(sys.argv[1]), 'lock'): print('held', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(EnvironmentStop, match=f"(?s)using.*{holder.pid}"), disk.hold(tmp_path, "lock"):
            pass
    finally:
        holder.kill()
        holder.communicate()
    with disk.hold(tmp_path, "lock"):
        pass
