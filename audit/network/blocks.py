"""Stages of more than one layer: those that a spec lists, or blocks read off the layers' names and the graph.

What a user knows as one block (an Inception module, a residual block) has many layers; re-drawing them one by one makes
a cascade of ninety stages of which no single one can be read.
"""

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from audit.errors import InputError
from audit.network.network import Network, Node, Stage, sources

_BLOCK = re.compile(r"((?:[A-Za-z]+_)*?[A-Za-z]+_?\d+[a-z]?(?:_(?:stage|block|unit|cell)_?\d+[a-z]?)*)_.*[A-Za-z].*")
"""``block5_conv1``, ``conv5_block3_2_conv``, ``block_16_expand_BN``, ``mixed10_conv``: the block, and what it holds."""


def listed(network: Network, blocks: Sequence[Sequence[str]]) -> Network:
    """Return the network with the stages that a spec lists, output to input.

    Args:
        network: as loaded, a stage per layer.
        blocks: names of layers, by path or by the last part of it where that is unique. A normalisation goes with
            the layer that it follows unless it is named itself.

    Raises:
        InputError: a layer is unknown or has no parameters, is named twice, or one with parameters is not named.
    """
    owned = _owned(network)
    found = [[_path(network, name, owned) for name in block] for block in blocks]
    _check_once(network, [path for block in found for path in block], owned)
    named = {path for block in found for path in block}
    merged = [_merged(_block_name(paths), [owned[p] for p in _followed(paths, named, owned)]) for paths in found]
    return replace(network, stages=tuple(merged))


def by_name(network: Network) -> Network:
    """Return the network with one stage per block.

    Layers share a block whose names begin alike up to a numbered word (``block5_conv1``, ``conv5_block3_2_conv``).
    Where a branching part of the graph holds names of Keras' own counting (``conv2d_85``), which tell nothing, that
    part is a block, named after the layer in which its branches meet (``mixed10``). All others stay as they are.
    """
    parts = {} if network.graph is None else _branching(network.graph)
    groups: dict[str, list[Stage]] = {}
    for stage in network.stages:
        groups.setdefault(parts.get(stage.name) or _prefix(stage.name) or stage.name, []).append(stage)
    return replace(network, stages=tuple(_merged(name, stages) for name, stages in groups.items()))


def layers(stage: Stage) -> tuple[str, ...]:
    """Return the paths of the layers whose parameters a stage holds."""
    return tuple(dict.fromkeys(map(_layer, (*stage.variables, *(name for pair in stage.statistics for name in pair)))))


def _layer(variable: str) -> str:
    return variable.rpartition("/")[0] or variable


def _owned(network: Network) -> dict[str, Stage]:
    """Return each layer's own part of its stage, with the name of the stage it was found in."""
    parts: dict[str, Stage] = {}
    for stage in network.stages:
        for layer in layers(stage):
            variables = tuple(name for name in stage.variables if _layer(name) == layer)
            statistics = tuple(pair for pair in stage.statistics if _layer(pair[0]) == layer)
            parts[layer] = Stage(name=stage.name, variables=variables, statistics=statistics)
    return parts


def _path(network: Network, name: str, owned: Mapping[str, Stage]) -> str:
    ends = [path for path in owned if path.rpartition("/")[2] == name]
    if name in owned or len(ends) == 1:
        return name if name in owned else ends[0]
    near = ends or get_close_matches(name, list(owned), n=1, cutoff=0.0)
    raise InputError(
        "M050",
        f"the network has no layer `{name}` with parameters",
        where="model.stages",
        expected=f"one of the {len(owned)} layers of {network.name} with parameters",
        received=name,
        fix=f"did you mean `{near[0]}`?" if near else None,
    )


def _check_once(network: Network, named: Sequence[str], owned: Mapping[str, Stage]) -> None:
    twice = sorted({path for path in named if named.count(path) > 1})
    if twice:
        raise InputError(
            "M051",
            f"the layer `{twice[0]}` is listed twice",
            where="model.stages",
            expected="every layer in exactly one stage",
            fix="list it in only one stage",
        )
    stages = {owned[path].name for path in named}
    missing = [
        path for path, part in owned.items() if path not in named and (_leads(path, owned) or part.name not in stages)
    ]
    if missing:
        raise InputError(
            "M052",
            "some layers with parameters are in no stage",
            where="model.stages",
            expected="every layer in exactly one stage",
            received="missing: " + ", ".join(missing[:8]),
            fix=f"add `{missing[0]}` to a stage, or as a new stage at the end",
        )


def _leads(path: str, owned: Mapping[str, Stage]) -> bool:
    """Say whether a layer is the first of its stage: others of it are normalisations that follow."""
    return next(each for each, part in owned.items() if part.name == owned[path].name) == path


def _followed(paths: Sequence[str], named: set[str], owned: Mapping[str, Stage]) -> list[str]:
    """Return a block's layers with the unnamed normalisations that follow them."""
    leading = {owned[path].name for path in paths if _leads(path, owned)}
    return [path for path, part in owned.items() if path in paths or (path not in named and part.name in leading)]


def _merged(name: str, parts: Iterable[Stage]) -> Stage:
    parts = list(parts)
    return Stage(
        name=name,
        variables=tuple(variable for part in parts for variable in part.variables),
        statistics=tuple(pair for part in parts for pair in part.statistics),
    )


def _block_name(paths: Sequence[str]) -> str:
    prefixes = {_prefix(path) for path in paths}
    common = prefixes.pop() if len(prefixes) == 1 else None
    return paths[0] if len(paths) == 1 else common or f"{paths[0]} to {paths[-1]}"


def _prefix(path: str) -> str | None:
    """Return the block that a layer's name tells, within the model that holds it; None where it tells none."""
    parent, slash, name = path.rpartition("/")
    found = _BLOCK.fullmatch(name)
    return f"{parent}{slash}{found[1]}" if found else None


def _branching(graph: Sequence[Node]) -> dict[str, str]:
    """Return the block of each layer that stands in a branching part among names of Keras' own.

    A node that no connection passes by is on every path from input to output; between two such neighbours the graph
    branches.
    """
    last = {ref.node: position for position, node in enumerate(graph) for ref in sources(node)}
    blocks: dict[str, str] = {}
    reached, start = last[-1], 0
    for position, node in enumerate(graph):
        if reached <= position:
            between = [each for each in graph[start:position] if each.variables]
            if any(_counted(each) for each in between):
                blocks |= dict.fromkeys((each.layer for each in between), _joined(between, node))
            start = position + 1
        reached = max(reached, last.get(position, position))
    return blocks


def _joined(between: Sequence[Node], join: Node) -> str:
    """Name a branching part: after the layer in which it ends, else by how its given names begin, if one was given."""
    given = [each.layer.split("_") for each in between if not _counted(each)]
    if not _counted(join) or not given:
        return join.layer
    same = itertools.takewhile(lambda words: len(set(words)) == 1, zip(*(each[:-1] for each in given), strict=False))
    return "_".join(words[0] for words in same) or join.layer


def _counted(node: Node) -> bool:
    """Say whether a layer's name is Keras' own: its class in snake case, and a number."""
    name = node.layer.rpartition("/")[2]
    return re.sub(r"_\d+$", "", name).replace("_", "") == node.kind.lower()
