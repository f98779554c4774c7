"""What the package never does: every file of ``audit/`` is read, none is run."""

import ast
from collections.abc import Iterator

import pytest

from tests.modules import imports, sources

SOURCES = sources()

FORBIDDEN_CALLS = {
    **dict.fromkeys(("eval", "exec", "compile", "__import__"), "runs code from a string"),
    **dict.fromkeys(("print", "breakpoint", "input"), "only the command line speaks, through its console"),
    **dict.fromkeys(("yaml.load", "yaml.unsafe_load", "yaml.full_load"), "builds any object a file asks for"),
    **dict.fromkeys(("os.system", "os.popen"), "runs a shell"),
}
FORBIDDEN_KEYWORDS = {("allow_pickle", True), ("safe_mode", False), ("shell", True), ("typ", "unsafe")}
FORBIDDEN_MODULES = {
    **dict.fromkeys(("pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"), "loading it runs code"),
    "yaml": "ruamel.yaml keeps lines and columns",
}


def faults(source: str) -> list[str]:
    """Return every fault of one module's source, each with its line."""
    tree = ast.parse(source)
    named = [(each.line, each.name.partition(".")[0]) for each in imports(tree)]
    found = [f"line {line}: {root}: {FORBIDDEN_MODULES[root]}" for line, root in named if root in FORBIDDEN_MODULES]
    return found + [f"line {getattr(node, 'lineno', 0)}: {each}" for node in ast.walk(tree) for each in _faults(node)]


def _faults(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assert):
        yield "assert vanishes under -O: raise an error of audit.errors"
    if isinstance(node, ast.ExceptHandler) and node.type is None:
        yield "a bare except hides interrupts"
    if isinstance(node, ast.Call) and (name := ast.unparse(node.func)) in FORBIDDEN_CALLS:
        yield f"{name}: {FORBIDDEN_CALLS[name]}"
    if isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant):
        if (node.arg, node.value.value) in FORBIDDEN_KEYWORDS:
            yield f"{node.arg}={node.value.value!r} runs code from a file"


@pytest.mark.parametrize("module", SOURCES)
def test_a_module_does_nothing_forbidden(module: str) -> None:
    assert faults(SOURCES[module]) == []


@pytest.mark.parametrize(
    "source",
    [
        *(f"{name}(x)" for name in FORBIDDEN_CALLS),
        *(f"f(x, {name}={value!r})" for name, value in sorted(FORBIDDEN_KEYWORDS, key=str)),
        *(f"def f():\n    from {name} import x" for name in FORBIDDEN_MODULES),
        "assert True",
        "try:\n    pass\nexcept:\n    pass",
    ],
)
def test_a_fault_is_found(source: str) -> None:
    assert faults(source) != []


@pytest.mark.parametrize("source", ["np.load(path, allow_pickle=False)", "sys.stdout.write(text)", "re.compile(x)"])
def test_what_is_allowed_is_left_alone(source: str) -> None:
    assert faults(source) == []
