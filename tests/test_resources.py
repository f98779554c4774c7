"""Where the package's own files are, and that a place without any is an error."""

import pytest

from audit import resources
from audit.errors import EnvironmentStop
from audit.resources import folder, sources


def test_sources_are_the_files_below_each_place_once():
    found = sources("maps.py", "similarities", "")
    assert resources.PACKAGE / "maps.py" in found and resources.PACKAGE / "similarities" / "ssim.py" in found
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("place", ["gone", "gone.py"])
def test_a_place_without_sources_is_an_error_and_never_nothing(place):
    with pytest.raises(EnvironmentStop, match=f"E007(.|\\n)*{place}"):
        sources("maps.py", place)


def test_an_empty_folder_is_an_error_too(tmp_path, monkeypatch):
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(EnvironmentStop, match="E007(.|\\n)*empty"):
        sources("empty")


def test_templates_and_specs_are_found():
    assert (folder("templates") / "report.html.j2").is_file() and (folder("specs") / "digits.yaml").is_file()
