"""The direction of imports, and what the package never does: every file of ``audit/`` is read, none is run."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "audit").rglob("*.py"))

FRAMEWORKS = ("tensorflow", "jax", "jaxlib", "keras", "tf_explain")

# Only this file may name these packages.
ONLY_IN = {
    "tensorflow": "audit.backend.tensorflow",
    "jax": "audit.backend.jax",
    "jaxlib": "audit.backend.jax",
}

# Standard library only, and nothing of the audit but each other.
STANDARD_LIBRARY_ONLY = ("audit.record", "audit.errors")

# Judging, planning and rendering work where no framework can be imported.
FRAMEWORK_FREE = (
    *("audit.record", "audit.errors", "audit.declare", "audit.registry", "audit.resources"),
    *("audit.spec.presets", "audit.spec.model", "audit.checks.shared.complexity", "audit.spec.frameworks"),
    *(
        "audit.spec.spec",
        "audit.spec.validation",
        "audit.spec.sections",
        "audit.spec.entries",
        "audit.spec.expected",
        "audit.spec.diagnostics",
    ),
    *(
        "audit.spec.yaml_nodes",
        "audit.spec.recipe",
        "audit.spec.schema",
        "audit.planning.units",
        "audit.planning.outline",
        "audit.store.store",
        "audit.store.disk",
        "audit.maps",
        "audit.statistics",
    ),
    *(
        "audit.similarities",
        "audit.checks",
        "audit.report",
        "audit.judging.verdicts",
        "audit.judging.gate",
        "audit.judging.controls",
    ),
    *(
        "audit.running.finish",
        "audit.engine.variants",
        "audit.judging.changes",
        "audit.store.results",
        "audit.running.history",
        "audit.cli.github",
    ),
    *("audit.store.jsonl", "audit.running.log"),
)

# Specs are validated, and help is printed, without importing a framework: inside functions only.
FRAMEWORK_LATE = (
    "audit.methods",
    "audit.datasets",
    "audit.running.loop",
    "audit.cli.commands",
    "audit.__init__",
    "audit.__main__",
)

# The workshop, and what it is built from.
BENCH = ("audit.engine.bench", "audit.engine.functions", "audit.engine.parameters")

# Lower layers do not know the higher ones.
NEVER = {
    "audit.checks": ("audit.methods", "audit.network", "audit.backend", *BENCH, "audit.store.store", "audit.report"),
    "audit.report": ("audit.methods", "audit.network", "audit.backend", *BENCH, "audit.checks"),
    "audit.methods": (
        "audit.checks",
        "audit.datasets",
        "audit.report",
        *BENCH,
        "audit.store.store",
        "audit.planning.units",
    ),
    "audit.datasets": (
        "audit.checks",
        "audit.methods",
        "audit.report",
        *BENCH,
        "audit.store.store",
        "audit.planning.units",
    ),
    "audit.network": (
        "audit.methods",
        "audit.checks",
        *BENCH,
        "audit.store.store",
        "audit.planning.units",
        "audit.report",
    ),
    "audit.backend": ("audit.network", "audit.methods", "audit.checks", *BENCH, "audit.store.store", "audit.report"),
    "audit.maps": ("audit.checks", "audit.methods", "audit.network", "audit.store.store", "audit.report"),
    "audit.statistics": ("audit.checks", "audit.methods", "audit.network", "audit.store.store", "audit.report"),
    "audit.similarities": ("audit.checks", "audit.methods", "audit.network", "audit.store.store", "audit.report"),
    "audit.store.store": (
        "audit.checks",
        "audit.methods",
        "audit.network",
        *BENCH,
        "audit.report",
        "audit.planning.units",
    ),
    "audit.planning.units": ("audit.methods", "audit.network", "audit.backend", *BENCH, "audit.report"),
    "audit.engine.bench": ("audit.checks", "audit.store.store", "audit.report"),
    "audit.engine.functions": (
        "audit.engine.bench",
        "audit.engine.parameters",
        "audit.checks",
        "audit.store.store",
        "audit.report",
    ),
    "audit.engine.parameters": (
        "audit.engine.bench",
        "audit.engine.functions",
        "audit.checks",
        "audit.store.store",
        "audit.report",
    ),
}

# The top of the tree: who may import it.
TOP = {
    "audit.cli.commands": ("audit.__main__",),
    "audit.running.loop": ("audit.__init__", "audit.__main__", "audit.cli.commands"),
    "audit.running.finish": ("audit.__init__", "audit.__main__", "audit.cli.commands", "audit.running.loop"),
}

# Calls that run code found in data, or that speak past the command line.
FORBIDDEN_CALLS = {
    **dict.fromkeys(("eval", "exec", "compile", "__import__"), "runs code from a string"),
    **dict.fromkeys(("print", "breakpoint", "input"), "only the command line speaks, through its console"),
    **dict.fromkeys(("yaml.load", "yaml.unsafe_load", "yaml.full_load"), "builds any object a file asks for"),
    **dict.fromkeys(("os.system", "os.popen"), "runs a shell"),
}
FORBIDDEN_MODULES = {
    **dict.fromkeys(("pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"), "loading it runs code"),
    "yaml": "ruamel.yaml keeps lines and columns",
}


@dataclass(frozen=True, kw_only=True)
class Import:
    """One imported name. ``late``: inside a function. ``typing``: seen by the type checker only."""

    name: str
    line: int
    late: bool
    typing: bool


def module_name(path: Path) -> str:
    """Return the dotted name of a file below the root; a package's own file ends in ``.__init__``."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a dotted name is one of these packages or lies below one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def imports(module: str, tree: ast.AST) -> Iterator[Import]:
    """Yield every import of a module, those spelled ``import_module("...")`` included."""
    yield from _imports(module, tree, late=False, typing=False)


def _imports(module: str, node: ast.AST, *, late: bool, typing: bool) -> Iterator[Import]:
    for name in _names(module, node):
        yield Import(name=name, line=getattr(node, "lineno", 0), late=late, typing=typing)
    late = late or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    guarded = node.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test) else []
    for child in ast.iter_child_nodes(node):
        yield from _imports(module, child, late=late, typing=typing or child in guarded)


def _names(module: str, node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        origin = module.split(".")[: -node.level] if node.level else []
        base = ".".join([*origin, *([node.module] if node.module else [])])
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
        return [str(each.value) for each in node.args[:1] if isinstance(each, ast.Constant)]
    return []


def import_faults(module: str, each: Import) -> Iterator[str]:
    """Yield what is wrong with one import of a module."""
    root = each.name.split(".")[0]
    if root in ONLY_IN and module != ONLY_IN[root]:
        yield f"{root} is named in {ONLY_IN[root]} only"
    if within(module, FRAMEWORK_FREE) and root in FRAMEWORKS:
        yield f"{root} in a module that must work without it"
    if within(module, FRAMEWORK_LATE) and root in FRAMEWORKS and not (each.late or each.typing):
        yield f"{root} at the top: import it inside the function that needs it"
    if module in STANDARD_LIBRARY_ONLY and root not in sys.stdlib_module_names and not _of_the_same(each.name):
        yield f"{each.name} is not of the standard library"
    for layer, forbidden in NEVER.items():
        if within(module, (layer,)) and within(each.name, forbidden):
            yield f"{layer} does not know {each.name}"
    for top, allowed in TOP.items():
        if within(each.name, (top,)) and module not in allowed:
            yield f"{top} is imported by {', '.join(allowed)} only"
    if root in FORBIDDEN_MODULES:
        yield f"{root}: {FORBIDDEN_MODULES[root]}"


def _of_the_same(name: str) -> bool:
    """Whether a name comes from a standard-library-only module, as ``from audit import errors`` does."""
    return name == "audit" or within(name, STANDARD_LIBRARY_ONLY)


def node_faults(node: ast.AST) -> Iterator[str]:
    """Yield what is wrong with one node of the syntax tree."""
    if isinstance(node, ast.Assert):
        yield "assert vanishes under -O: raise an error of audit.errors"
    if isinstance(node, ast.ExceptHandler) and node.type is None:
        yield "a bare except hides interrupts"
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name in FORBIDDEN_CALLS:
            yield f"{name}: {FORBIDDEN_CALLS[name]}"
        yield from (f"{name}: {fault}" for keyword in node.keywords if (fault := _keyword_fault(keyword)))


def _keyword_fault(keyword: ast.keyword) -> str | None:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    unsafe = {("allow_pickle", True), ("safe_mode", False), ("shell", True), ("typ", "unsafe")}
    return f"{keyword.arg}={value!r} runs code from a file" if (keyword.arg, value) in unsafe else None


def faults(module: str, source: str) -> list[str]:
    """Return every fault of one module's source, each with its line."""
    tree = ast.parse(source)
    found = [f"line {each.line}: {fault}" for each in imports(module, tree) for fault in import_faults(module, each)]
    return found + [
        f"line {getattr(node, 'lineno', 0)}: {fault}" for node in ast.walk(tree) for fault in node_faults(node)
    ]


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_module_keeps_to_its_layer(path: Path) -> None:
    assert faults(module_name(path), path.read_text(encoding="utf-8")) == []


def early(path: Path) -> set[str]:
    """Return the names that importing a file imports at once."""
    found = imports(module_name(path), ast.parse(path.read_text(encoding="utf-8")))
    return {each.name for each in found if not (each.late or each.typing)}


def test_importing_a_late_or_free_module_reaches_no_framework() -> None:
    direct = {module_name(path): early(path) for path in FILES}
    for module in (name for name in direct if within(name, FRAMEWORK_FREE + FRAMEWORK_LATE)):
        seen, ahead = set[str](), [module]
        while ahead:
            here = ahead.pop()
            seen.add(here)
            ahead += [name for name in (here, f"{here}.__init__") for name in direct.get(name, ()) if name not in seen]
        assert {name.split(".")[0] for name in seen}.isdisjoint(FRAMEWORKS), module


def test_every_layer_that_a_rule_names_exists() -> None:
    """A renamed module must not slip out of its rules."""
    modules = {module_name(path) for path in FILES}
    packages = {name.removesuffix(".__init__") for name in modules}
    layers = {*STANDARD_LIBRARY_ONLY, *FRAMEWORK_FREE, *FRAMEWORK_LATE, *ONLY_IN.values(), *NEVER, *TOP}
    layers |= {name for group in (*NEVER.values(), *TOP.values()) for name in group}
    assert layers <= modules | packages


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("audit.running.loop", "import tensorflow as tf"),
        ("audit.backend.jax", "from tensorflow import keras"),
        ("audit.network.loading.load", "def f():\n    import jax.numpy"),
        ("audit.network.loading.load", "from importlib import import_module\nimport_module('tensorflow')"),
        ("audit.checks.repeatability", "def f():\n    import keras"),
        ("audit.report.page.page", "from keras import ops"),
        ("audit.methods.gradient", "import keras"),
        ("audit.methods.gradient", "class A:\n    from keras import ops"),
        ("audit.cli.commands", "try:\n    import keras\nexcept ImportError:\n    pass"),
        ("audit.record", "import numpy"),
        ("audit.errors", "from audit import spec"),
        ("audit.checks.repeatability", "from audit.network import network"),
        ("audit.checks.repeatability", "from audit import bench"),
        ("audit.checks.repeatability", "from ..methods import gradient"),
        ("audit.planning.units", "from audit.running.loop import execute"),
        ("audit.report.page.page", "from audit import cli"),
        ("audit.store.store", "import pickle"),
        ("audit.spec.spec", "from yaml import safe_load"),
        ("audit.store.store", "np.load(path, allow_pickle=True)"),
        ("audit.network.loading.load", "keras.saving.load_model(path, safe_mode=False)"),
        ("audit.spec.spec", "YAML(typ='unsafe')"),
        ("audit.spec.spec", "eval('1')"),
        ("audit.cli.commands", "print('hello')"),
        ("audit.maps", "assert True"),
        ("audit.running.loop", "try:\n    pass\nexcept:\n    pass"),
    ],
)
def test_a_fault_is_found(module: str, source: str) -> None:
    assert faults(module, source) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("audit.backend.tensorflow", "import tensorflow as tf"),
        ("audit.backend.jax", "import jax"),
        ("audit.methods.gradient", "def f():\n    from keras import ops"),
        ("audit.methods.gradient", "if TYPE_CHECKING:\n    import keras"),
        ("audit.network.loading.load", "import keras"),
        ("audit.record", "import hashlib\nfrom audit.errors import AuditError"),
        ("audit.cli.commands", "def main():\n    from audit.running.loop import execute"),
        ("audit.store.store", "np.load(path, allow_pickle=False)"),
    ],
)
def test_what_is_allowed_is_left_alone(module: str, source: str) -> None:
    assert faults(module, source) == []
