"""Looks into a model file before Keras does: an allow-list, no code run, nothing imported from it.

Keras's own safe mode is a list of what is forbidden; a file can still name any Keras function as an operation and have
it called while it is loaded. Here only what belongs to a model is allowed.
"""

import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audit.errors import EnvironmentStop, InputError, RefusedError

_MODULES = frozenset(
    ("keras.layers", "keras.ops", "keras.activations", "keras.initializers", "keras.regularizers", "keras.constraints")
) | frozenset(("keras.random", "keras.dtype_policies", "keras.optimizers", "keras.losses", "keras.metrics"))
_INSIDE = (
    *("keras.src.layers.", "keras.src.initializers.", "keras.src.regularizers.", "keras.src.constraints."),
    *("keras.src.ops.nn", "keras.src.ops.numpy", "keras.src.ops.math", "keras.src.ops.image", "keras.src.ops.linalg"),
    *("keras.src.dtype_policies.", "keras.src.models.functional", "keras.src.models.sequential"),
)
_NAMES = frozenset(
    ("keras.Sequential", "keras.Model", "keras.Functional", "keras.DTypePolicy", "keras.models.Sequential")
) | frozenset(
    ("keras.models.Model", "keras.models.Functional", "keras.src.models.model.Model")
    + ("keras.src.applications.convnext.LayerScale", "keras.src.applications.inception_resnet_v2.CustomScaleLayer")
)
# Layers that run code or read other files, and operations that call a function named in their arguments.
_REFUSED = frozenset(
    ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "TextVectorization")
) | frozenset(
    (
        "Switch",
        "Cond",
        "Map",
        "Scan",
        "WhileLoop",
        "ForiLoop",
        "VectorizedMap",
        "AssociativeScan",
        "JVP",
    )
)
_LOOKUPS = ("StringLookup", "IntegerLookup")  # a vocabulary that is a text is the path of another file
_TENSORS = frozenset(("__keras_tensor__", "__tensor__", "__numpy__", "__ellipsis__", "__slice__", "__tuple__"))
_MEMBERS = 1000
_MEMBER_BYTES = 8 * 2**30
_RATIO = 1000
_ENCRYPTED = 0x1  # of a member's flags
# Whatever the readers of zip, JSON and HDF5 files trip over; h5py raises RuntimeError where the library gives up.
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, RecursionError, RuntimeError, OSError, EOFError),
)


def inspect_file(path: Path) -> None:
    """Check a ``.keras`` or ``.h5`` file.

    Raises:
        InputError: it is neither.
        RefusedError: it holds something that could run code, read other files or exhaust the memory.
        EnvironmentStop: the legacy loader, which does not refuse code, is switched on.
    """
    if os.environ.get("TF_USE_LEGACY_KERAS", "0") not in ("", "0"):
        raise EnvironmentStop("E012", "TF_USE_LEGACY_KERAS is set: the legacy loader runs code", fix="unset it")
    with path.open("rb") as file:
        head = file.read(8)
    archive = head[:4] == b"PK\x03\x04" and path.suffix == ".keras"
    legacy = head == b"\x89HDF\r\n\x1a\n" and path.suffix in (".h5", ".hdf5")
    if not archive and not legacy:
        raise InputError(
            "M002",
            "this is not a Keras model file",
            where=str(path),
            expected="a .keras archive, or a whole model in an .h5 file",
            received="another format, or the wrong suffix",
            fix="save the model with model.save('model.keras')",
        )
    try:
        _inspect_archive(path) if archive else _inspect_legacy(path)
    except _DAMAGED as error:
        raise InputError(
            "M002",
            "the model file is damaged",
            where=str(path),
            expected="a complete file, as written by model.save",
            received=str(error.args[0] if error.args else error),
            fix="copy it again, or save it again with model.save('model.keras')",
        ) from error


def _inspect_archive(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        _check_members(members, str(path))
        check_config(json.loads(archive.read("config.json")), str(path))
        for member in members:
            if member.filename.endswith((".h5", ".hdf5")):
                with archive.open(member) as stored:
                    _inspect_hdf5(stored, str(path))


def _inspect_legacy(path: Path) -> None:
    import h5py

    with h5py.File(path, "r") as file:
        stored = file.attrs.get("model_config")
    if stored is None:
        raise InputError("M022", "the file holds weights, not a model", where=str(path), fix="save the whole model")
    check_config(json.loads(stored), str(path))
    _inspect_hdf5(path, str(path))


def _check_members(members: list[zipfile.ZipInfo], where: str) -> None:
    names = [member.filename for member in members]
    unsafe = [name for name in names if name.startswith(("/", "\\")) or ".." in Path(name).parts or ":" in name]
    unsafe += [member.filename for member in members if _is_no_plain_file(member)]
    bombs = [
        member.filename
        for member in members
        if member.file_size > _MEMBER_BYTES or member.file_size > _RATIO * max(member.compress_size, 1024)
    ]
    if unsafe or bombs or len(set(names)) < len(names) or len(names) > _MEMBERS:
        raise RefusedError(
            "X003",
            "the archive was not written by Keras",
            where=where,
            received=", ".join(unsafe + bombs) or "duplicate members, or too many",
            fix="save the model again from a trusted source",
        )


def _is_no_plain_file(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16) or bool(member.flag_bits & _ENCRYPTED)


def _inspect_hdf5(source: Any, where: str) -> None:
    """Refuse links and data sets that read other files, and storage that does not fit the file."""
    import h5py

    with h5py.File(source, "r") as file:
        for name, group in _groups(file):
            link = group.get(name, getlink=True)
            item = group.get(name) if isinstance(link, h5py.HardLink) else None
            data = isinstance(item, h5py.Dataset)
            if item is None or (data and (item.external or item.is_virtual)):
                raise RefusedError(
                    "X004",
                    f"the weights refer to data outside the file, at `{name}`",
                    where=where,
                    fix="save the model again from a trusted source",
                )
            if data and item.nbytes > max(64 * 2**20, 100 * max(item.id.get_storage_size(), 1)):
                raise RefusedError(
                    "X003",
                    f"`{name}` declares {item.nbytes} bytes but stores far fewer",
                    where=where,
                    fix="save the model again from a trusted source",
                )


def _groups(group: Any) -> Iterator[tuple[str, Any]]:
    import h5py

    for name in group:
        yield name, group
        if isinstance(group.get(name, getlink=True), h5py.HardLink) and isinstance(group[name], h5py.Group):
            yield from _groups(group[name])


def check_config(config: Any, where: str, place: str = "$") -> None:
    """Refuse a configuration that names anything but parts of a model, wherever it stands.

    Raises:
        RefusedError: with the JSON path of what was refused.
    """
    if isinstance(config, list):
        for number, item in enumerate(config):
            check_config(item, where, f"{place}[{number}]")
    if not isinstance(config, Mapping):
        return
    name, module = config.get("class_name"), config.get("module")
    if "class_name" in config and not _allowed(name, module, config):
        inner = config.get("config")
        named = f" `{inner['name']}`" if isinstance(inner, Mapping) and "name" in inner else ""
        raise RefusedError(
            "X001" if name in ("Lambda", "__lambda__") else "X002",
            f"the model file can run code: it refers to {module or 'an object'}.{name}{named}",
            where=f"{where}, {place}",
            expected="only layers and operations of Keras",
            fix="build the model with your own function: `build: package.module:function` and --trust-code",
        )
    for key, item in config.items():
        check_config(item, where, f"{place}.{key}")


def _allowed(name: Any, module: Any, config: Mapping[str, Any]) -> bool:
    if not isinstance(name, str) or not name.isidentifier() or name in _REFUSED:
        return False
    if name in _LOOKUPS and not _holds_its_words(config.get("config")):
        return False
    if name == "function":  # an activation, a loss or the like, by its name
        inner = config.get("config")
        return module in (None, "builtins") and isinstance(inner, str) and inner.isidentifier()
    if module is None:  # a tensor in the arguments of a call, or a class as Keras 2 wrote it
        return name in _TENSORS or (name[0].isupper() and config.get("registered_name") in (None, name))
    # Keras exports functions beside classes in the same modules: only a class begins with a capital letter.
    if not isinstance(module, str) or not name[0].isupper():
        return False
    return module in _MODULES or f"{module}.{name}" in _NAMES or module.startswith(_INSIDE)


def _holds_its_words(config: Any) -> bool:
    return isinstance(config, Mapping) and isinstance(config.get("vocabulary"), list | None)
