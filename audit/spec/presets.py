"""``extends: preset:<name>``: a spec file that ships with the package and fills in what the user's spec does not set.

Sections are merged key by key, so a spec can set its model's path and keep the preset's stages. Anything else, such as
a list, is taken as a whole from one of the two: a merged list of methods would be neither author's choice.
"""

from audit import resources
from audit.errors import Fault, did_you_mean
from audit.record import record
from audit.spec.validation import fault_at
from audit.spec.yaml_nodes import YamlNode, read

_MARK = "preset:"


@record
class Preset:
    """A preset's text and the name of its file, as faults show it; both empty if a spec extends nothing."""

    text: str
    file: str


def names() -> tuple[str, ...]:
    """Return the names of the presets that ship with the package."""
    return tuple(sorted(path.stem for path in (resources.folder("specs") / "presets").glob("*.yaml")))


def extended(root: YamlNode, faults: list[Fault]) -> tuple[YamlNode | None, Preset]:
    """Return a spec merged with the preset it names, and that preset; no spec if the preset is unknown.

    Args:
        root: the spec, a mapping; values keep the places where they were written.
        faults: an unknown preset is added to them.
    """
    none = Preset(text="", file="")
    given = root.value.get("extends")
    if not isinstance(given, str) or not given.startswith(_MARK):
        return root, none  # absent, or a fault that is found with all others of the spec
    name = given.removeprefix(_MARK)
    if name not in names():
        what = f"unknown preset `{name}`"
        faults.append(fault_at("S071", what, root.children["extends"].span, did_you_mean(name, names())))
        return None, none
    file = f"presets/{name}.yaml"
    text = (resources.folder("specs") / file).read_text("utf-8")
    below, found = read(text, file)
    faults.extend(found)
    return (root if below is None else _merged(below, root, deep=True)), Preset(text=text, file=file)


def _merged(below: YamlNode, above: YamlNode, *, deep: bool) -> YamlNode:
    children = {**below.children, **above.children}
    if deep:
        both = (name for name in above.children if name in below.children)
        sections = {name: (below.children[name], above.children[name]) for name in both}
        children |= {
            name: _merged(*pair, deep=False)
            for name, pair in sections.items()
            if all(isinstance(each.value, dict) for each in pair)
        }
    value = {name: each.value for name, each in children.items()}
    return YamlNode(span=above.span, value=value, keys={**below.keys, **above.keys}, children=children)
