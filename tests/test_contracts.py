"""Contracts of the families: shipped classes keep them, and a plug-in that does not is told so, member by member."""

import ast
import sys
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import pytest
from pydantic import ValidationError

from audit import plugins
from audit.contracts import completed, completed_value, faults
from audit.declare import as_json, declared, name_of
from audit.errors import PluginError, SpecError
from audit.methods.smoothgrad import SmoothGrad
from audit.registry import Family, find, places, protocol
from audit.spec.describe import field_docs
from audit.spec.spec import load_spec
from tests.commands import expect, run, write_spec
from tests.rooms import known_by, room_of

AUDIT = Path(__file__).resolve().parent.parent / "audit"

FAMILIES: tuple[Family, ...] = ("methods", "checks", "similarities", "datasets")

HEAD = """
from typing import Any, ClassVar
from audit.declare import declared

@declared
class Plugged:
    \"\"\"Of a package of its own.\"\"\"

    size: int = 2
    \"\"\"How large.\"\"\"

"""

RIGHT: Mapping[Family, str] = {
    "methods": """
    source = "nobody"
    unit = "none"
    signed = True
    needs = "apply"
    evaluations = 1

    @property
    def stochastic(self): return self.size > 2
    def attribute(self, network): return lambda params, x, target, key: x
    def noise_map(self, network, x, generator): return x
""",
    "checks": """
    controls = {"random_map": "pass"}
    category = "axiom"
    judged = frozenset({"size"})
    def conditions(self, facts): return ()
    def measure(self, method, condition, bench): raise NotImplementedError
    def judge(self, evidence, facts): raise NotImplementedError
""",
    "similarities": """
    quantity = "nearness"
    def between(self, a, b): return a[:, 0, 0] * 0
    def shuffled(self, a, b, keys): return None
""",
    "datasets": """
    def load(self, root): raise NotImplementedError
""",
}
"""A class of each family with nothing but what its protocol demands."""

WRONG: Mapping[Family, Mapping[str, tuple[str, str, str]]] = {
    "methods": {
        "noise_map": ("def noise_map(self, network, x, generator): return x", "", "`noise_map(network, x, generator)`"),
        "attribute": ("attribute(self, network)", "attribute(self)", "`attribute(network)`"),
        "signed": ("signed = True", 'signed = "yes"', "`bool`, received `'yes'` (str)"),
        "needs": ('needs = "apply"', 'needs = "luck"', "`Literal['apply', 'graph', 'convolution', 'model']`"),
        "source": ('source = "nobody"', "", "`str`"),
    },
    "checks": {
        "judge": ("def judge(self, evidence, facts)", "def judge(self, evidence)", "`judge(evidence, facts)`"),
        "measure": ("def measure(self, method, condition, bench): raise NotImplementedError", "", "received nothing"),
        "category": ('category = "axiom"', 'category = "luck"', "received `'luck'` (str)"),
        "controls": ('{"random_map": "pass"}', '{"random_map": "good"}', "`Mapping[str, "),
        "judged": ('frozenset({"size"})', "1", "`frozenset[str]`, received `1` (int)"),
    },
    "similarities": {
        "between": ("def between(self, a, b)", "def between(self, a)", "`between(a, b)`, received `between(a)`"),
        "shuffled": ("def shuffled(self, a, b, keys): return None", "shuffled = 3", "received `3` (int)"),
        "quantity": ('quantity = "nearness"', "", "`str`, received nothing"),
    },
    "datasets": {
        "load": ("def load(self, root)", "def load(self)", "`load(root)`, received `load()`"),
        "training": ("    def load", "    training = None\n    def load", "`training(root)`, received `None`"),
    },
}
"""By family and member: what stands in the right class, what stands there instead, and words of the message."""

CASES = [(family, member, *each) for family, members in WRONG.items() for member, each in members.items()]

NAMING: Mapping[Family, dict[str, Any]] = {
    "methods": {"methods": ["plugged"]},
    "checks": {"require": ["plugged"]},
    "similarities": {"require": [{"cascading_randomization": {"similarity": "plugged"}}]},
    "datasets": {"dataset": {"source": "plugged", "inputs": 4}},
}
"""A spec's section that names the plug-in."""

Installed = Callable[[Family, str], type]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that puts a class of this source behind an entry point, and gives the class."""
    plugins.installed.cache_clear()

    def install(family: Family, source: str) -> type:
        module = ModuleType("plugged_module")
        exec(HEAD + source, module.__dict__)
        monkeypatch.setitem(sys.modules, "plugged_module", module)
        point = EntryPoint(name="plugged", value="plugged_module:Plugged", group=f"audit.{family}")
        monkeypatch.setattr(plugins, "entry_points", lambda group: [point] if group == point.group else [])
        plugins.installed.cache_clear()
        return module.__dict__["Plugged"]

    yield install
    monkeypatch.undo()
    plugins.installed.cache_clear()


@pytest.mark.parametrize(("family", "name"), [(family, name) for family in FAMILIES for name in places(family)])
def test_a_shipped_class_has_every_member_of_its_family(family: Family, name: str) -> None:
    kind = find(family, name)
    assert [str(each) for each in faults(kind, protocol(family), name)] == []
    assert completed(kind, protocol(family), name) is kind  # nothing was left out


@pytest.mark.parametrize("family", FAMILIES)
def test_a_plug_in_with_the_required_members_alone_is_completed(family: Family, installed: Installed) -> None:
    kind, found = installed(family, RIGHT[family]), find(family, "plugged")
    assert issubclass(found, kind) and find(family, "plugged") is found
    members = {name for part in protocol(family).__mro__[:-3] for name in vars(part) if not name.startswith("_")}
    assert members <= set(dir(found))
    value = found(size=3)
    assert as_json(value) == {"size": 3} and name_of(family, value) == "plugged"
    assert (found.__name__, found.__module__, found.__doc__) == ("Plugged", "plugged_module", kind.__doc__)
    with pytest.raises(ValidationError):
        found(size="three")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_spec_names_a_plug_in_that_is_right(family: Family, installed: Installed, tmp_path: Path) -> None:
    installed(family, RIGHT[family])
    spec = load_spec(write_spec(tmp_path, **NAMING[family]))
    assert "plugged" in str(spec.resolved())


@pytest.mark.parametrize(("family", "member", "right", "wrong", "words"), CASES)
def test_a_missing_or_wrong_member_is_a_fault_of_the_spec(
    family: Family, member: str, right: str, wrong: str, words: str, installed: Installed, tmp_path: Path
) -> None:
    assert right in RIGHT[family]
    installed(family, RIGHT[family].replace(right, wrong, 1))
    with pytest.raises(SpecError) as caught:
        load_spec(write_spec(tmp_path, **NAMING[family]))
    (fault,) = caught.value.faults
    assert fault.code == "S081" and f"`{member}`" in fault.what and "`plugged`" in fault.what
    assert words in fault.what and member in fault.hint and fault.line > 1


def test_all_members_are_told_at_once_and_other_faults_with_them(installed: Installed, tmp_path: Path) -> None:
    installed("methods", "    unit = 3")
    with pytest.raises(SpecError) as caught:
        load_spec(write_spec(tmp_path, methods=["plugged", "gradeint"]))
    missing = ("source", "signed", "stochastic", "needs", "evaluations", "attribute", "noise_map")
    told = [each.what for each in caught.value.faults if each.code == "S081"]
    assert len(told) == 8 and all(any(f"no `{name}`" in each for each in told) for name in missing)
    assert any("`unit`" in each and "`3` (int)" in each for each in told)
    assert {each.code for each in caught.value.faults} == {"S081", "S026"}


def test_a_plug_in_within_another_value_is_held_to_its_family_too(installed: Installed, tmp_path: Path) -> None:
    kind = installed("methods", RIGHT["methods"].replace("def attribute(self, network)", "def other(self)"))
    with pytest.raises(SpecError, match="has no `attribute`"):
        load_spec(write_spec(tmp_path, methods=[{"smoothgrad": {"base": "plugged"}}]))
    with pytest.raises(PluginError, match="has no `attribute`"):
        SmoothGrad(base=kind())  # type: ignore[arg-type]


def test_a_value_built_in_python_is_completed_where_a_method_holds_it(installed: Installed) -> None:
    kind = installed("methods", RIGHT["methods"])
    x = np.ones((2, 3), np.float32)
    smoothed = SmoothGrad(base=kind(size=5))  # type: ignore[arg-type]
    assert smoothed.base.size == 5 and smoothed.base.compiled
    assert not smoothed.baselines(x, {}).any()
    assert as_json(smoothed)["base"] == {"plugged": {"size": 5}}


def test_a_plug_in_that_is_broken_leaves_other_names_alone(installed: Installed) -> None:
    installed("methods", "")
    assert name_of("methods", SmoothGrad()) == "smoothgrad"


def test_validate_ends_with_2_and_names_the_member(repository: Path, tmp_path: Path) -> None:
    metadata = tmp_path / "site" / "plugged-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plugged\nVersion: 0.1.0\n")
    (metadata / "entry_points.txt").write_text("[audit.methods]\nplugged = plugged:Plugged\n")
    source = RIGHT["methods"].replace("    signed = True\n", "")
    (tmp_path / "site" / "plugged.py").write_text(HEAD + source)
    spec = write_spec(tmp_path, methods=["plugged"])
    ended = run("validate", spec, cwd=tmp_path, PYTHONPATH=str(tmp_path / "site"))
    expect(ended, 2)
    assert "error[S081]: plug-in `plugged` has no `signed`: expected `bool`" in ended.stderr


# The adapter, on protocols of the test's own.


class Defaults(Protocol):
    """What may be left out."""

    colour: ClassVar[str] = "red"

    def size(self, unit: str, *, scale: float = 1.0) -> float:
        """One."""
        return 1.0


class Thing(Defaults, Protocol):
    """What a thing is."""

    name: ClassVar[Literal["a", "b"]]

    @abstractmethod
    def go(self, *, fast: bool) -> None: ...


def told(kind: Any) -> list[str]:
    return [each.what for each in faults(kind, Thing, "it")]


@declared
class Right:
    """Right, with a static function, and a keyword that takes all."""

    name: str = "a"

    @staticmethod
    def go(**given: Any) -> None: ...


def test_fields_and_static_functions_are_members() -> None:
    assert told(Right) == []
    kind = completed(Right, Thing, "it")
    assert (kind.colour, kind(name="b").name, kind(name="b").size("m")) == ("red", "b", 1.0)  # type: ignore[attr-defined]
    assert field_docs(kind) == field_docs(Right)
    assert completed_value(Right(name="b"), Thing) == kind(name="b")
    assert completed_value(kind(), Thing) == kind()


def test_arguments_are_counted_and_keywords_named() -> None:
    @declared
    class Wrong:
        name: ClassVar[str] = "c"
        colour: ClassVar[int] = 3

        def go(self, fast: bool, far: bool) -> None: ...
        def size(self, unit: str) -> float: ...

    named = ("`go`", "`size`", "`name`", "`colour`")
    assert len(told(Wrong)) == 4 and all(any(name in each for each in told(Wrong)) for name in named)


@pytest.mark.parametrize("kind", [3, len, object, dataclass(type("Loose", (), {}))])
def test_what_is_no_declared_class_is_told_so(kind: Any) -> None:
    assert told(kind) == ["plug-in `it` is not a declared class"]


# No member is looked up by name outside the adapter: types prove it, and these are all the calls that no type checks.

ELSEWHERE = {
    "contracts.py": (3, "the adapter"),
    "datasets/preprocess.py": (3, "modules of keras.applications"),
    "declare.py": (2, "declared fields of a value"),
    "engine/retraining.py": (1, "fields of a record"),
    "engine/variants.py": (1, "a function of a module"),
    "methods/backward/linear.py": (3, "Keras layers"),
    "methods/backward/patterns.py": (3, "Keras layers"),
    "methods/backward/propagate.py": (7, "Keras layers and activations"),
    "methods/full_grad.py": (1, "Keras layers"),
    "methods/python.py": (1, "the user's function"),
    "methods/shared/with_model.py": (2, "Keras layers"),
    "methods/tf_keras_vis.py": (1, "a class of tf_keras_vis"),
    "registry.py": (2, "what a module holds under a registered name"),
    "report/figures/charts.py": (1, "fields of a record"),
    "report/figures/curves.py": (1, "fields of a record"),
    "report/page/gallery.py": (1, "records of conditions"),
    "report/render.py": (1, "a function of the C library"),
    "spec/describe.py": (1, "whether what a method claims depends on its fields"),
    "spec/schema.py": (2, "classes of a module"),
    "spec/spec.py": (3, "sections of a spec, and an operating system's error"),
    "spec/validation.py": (1, "an exception"),
    "spec/yaml_nodes.py": (9, "events and errors of the YAML reader"),
    "store/store.py": (2, "fields of a record"),
}
"""By file: how many calls of ``getattr`` and ``hasattr``, and what they are about. The network's are about Keras."""


def by_name(text: str) -> int:
    """Return how often a source looks an attribute up by its name."""
    names = [each.func for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Call)]
    return sum(ast.unparse(each) in ("getattr", "hasattr", "inspect.getattr_static") for each in names)


def test_no_member_of_a_family_or_a_backend_is_looked_up_by_name() -> None:
    found = {each.relative_to(AUDIT).as_posix(): by_name(each.read_text()) for each in AUDIT.rglob("*.py")}
    elsewhere = {name: count for name, count in found.items() if count and not name.startswith("network/")}
    assert elsewhere == {name: count for name, (count, _) in ELSEWHERE.items()}
    network = room_of("audit.network")
    assert network is not None  # its room knows no family, so what it looks up belongs to none
    assert not [each.places for each in known_by(network) if each.places.partition(".")[0] in FAMILIES]
