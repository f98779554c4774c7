"""Before anything is loaded: whose code decides what is explained."""

from dataclasses import replace

from audit.running import world
from audit.spec.model import Model
from tests.plans import spec_of


def test_a_model_that_is_built_counts_with_the_code_that_builds_it(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    spec = replace(spec_of("repeatability"), model=Model(build="builds_a_model:build"))
    seen = []
    for code in ("def build(): return 1", "def build(): return 2"):
        (tmp_path / "builds_a_model.py").write_text(code)
        seen.append(world._code_of_inputs(spec))
    assert [set(each) for each in seen] == [{"builds_a_model:build"}] * 2 and seen[0] != seen[1]


def test_a_model_file_and_a_shipped_data_source_are_no_code_from_outside():
    assert world._code_of_inputs(spec_of("repeatability")) == {}
