"""Looks into a model file before Keras does: an allow-list, no code run, nothing imported from it.

Keras's own safe mode is a list of what is forbidden; a file can still name any Keras function as an operation and have
it called while it is loaded. Here only what belongs to a model is allowed.
"""

import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from audit.errors import EnvironmentStop, InputError, RefusedError

_ALLOWED_MODULES = (
    *("keras", "keras.layers", "keras.models", "keras.ops", "keras.src.layers.", "keras.src.models."),
    *("keras.activations", "keras.initializers", "keras.regularizers", "keras.constraints", "keras.random"),
    *("keras.src.activations.", "keras.src.initializers.", "keras.src.regularizers.", "keras.src.constraints."),
    *("keras.src.ops.nn", "keras.src.ops.numpy", "keras.src.ops.math", "keras.src.ops.image", "keras.src.ops.linalg"),
    *("keras.dtype_policies", "keras.src.dtype_policies.", "keras.src.random.seed_generator", "keras.src.backend."),
    *("keras.optimizers", "keras.losses", "keras.metrics", "keras.src.applications."),
)
_REFUSED_CLASSES = frozenset(
    ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer", "Switch", "Cond", "Map", "Scan", "While")
) | frozenset(("WhileLoop", "VectorizedMap", "CallableWrapper", "__lambda__", "StringLookup", "TextVectorization"))
_MEMBERS = 1000
_MEMBER_BYTES = 8 * 2**30
_RATIO = 1000


def inspect_file(path: Path) -> None:
    """Check a ``.keras`` or ``.h5`` file.

    Raises:
        InputError: it is neither.
        RefusedError: it holds something that could run code, read other files or exhaust the memory.
        EnvironmentStop: the legacy loader, which does not refuse code, is switched on.
    """
    if os.environ.get("TF_USE_LEGACY_KERAS", "0") not in ("", "0"):
        raise EnvironmentStop("E012", "TF_USE_LEGACY_KERAS is set: that loader runs code", fix="unset it")
    head = path.open("rb").read(8)
    if head[:4] == b"PK\x03\x04" and path.suffix == ".keras":
        return _inspect_archive(path)
    if head == b"\x89HDF\r\n\x1a\n" and path.suffix in (".h5", ".hdf5"):
        return _inspect_hdf5(path, _legacy_config(path))
    raise InputError(
        "M002",
        "this is not a Keras model file",
        where=str(path),
        expected="a .keras archive or a whole model in .h5",
        received="another format, or a suffix that does not say which of the two it is",
        fix="save the model with model.save('model.keras')",
    )


def _inspect_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            _check_members(members, str(path))
            config = json.loads(archive.read("config.json"))
            stored = [member.filename for member in members if member.filename.endswith(".h5")]
            for name in stored:
                with archive.open(name) as opened:
                    _inspect_hdf5(opened, None, str(path))
    except (zipfile.BadZipFile, KeyError, ValueError, RecursionError) as error:
        raise InputError("M002", "the Keras archive is damaged", where=str(path), received=str(error)) from error
    check_config(config, str(path))


def _check_members(members: list[zipfile.ZipInfo], where: str) -> None:
    names = [member.filename for member in members]
    unsafe = [name for name in names if name.startswith(("/", "\\")) or ".." in Path(name).parts or ":" in name]
    bombs = [
        member.filename
        for member in members
        if member.file_size > _MEMBER_BYTES or member.file_size > _RATIO * max(member.compress_size, 1024)
    ]
    if unsafe or bombs or len(set(names)) < len(names) or len(names) > _MEMBERS:
        raise RefusedError("X003", "the archive is not one that Keras would write", where=where,
                           received=", ".join(unsafe + bombs) or "members that repeat, or too many",
                           fix="save the model again from a trusted source")  # fmt: skip


def _legacy_config(path: Path) -> Any:
    import h5py

    with h5py.File(path, "r") as file:
        stored = file.attrs.get("model_config")
    if stored is None:
        raise InputError("M002", "the file holds weights, not a model", where=str(path), fix="save the whole model")
    return json.loads(stored)


def _inspect_hdf5(source: Any, config: Any, where: str = "") -> None:
    """Refuse links and data sets that read other files, and storage that does not fit the file."""
    import h5py

    where = where or str(source)
    if config is not None:
        check_config(config, where)
    with h5py.File(source, "r") as file:
        for name, group in _groups(file):
            link = group.get(name, getlink=True)
            item = group.get(name) if isinstance(link, h5py.HardLink) else None
            data = isinstance(item, h5py.Dataset)
            if item is None or (data and (item.external or item.is_virtual)):
                raise RefusedError("X004", f"the weights point outside the file, at `{name}`", where=where,
                                   fix="save the model again from a trusted source")  # fmt: skip
            if data and item.nbytes > max(64 * 2**20, 100 * max(item.id.get_storage_size(), 1)):
                raise RefusedError("X003", f"`{name}` declares {item.nbytes} bytes but stores few", where=where)


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
    if isinstance(name, str) and (name in _REFUSED_CLASSES or not _allowed(module, name, config)):
        layer = (config.get("config") or {}) if isinstance(config.get("config"), Mapping) else {}
        label = f"layer `{layer.get('name', '')}` is a {name}" if name == "Lambda" else f"it names `{module}.{name}`"
        raise RefusedError(
            "X001" if name in ("Lambda", "__lambda__") else "X002",
            f"the model file can run code: {label}",
            where=f"{where}, {place}",
            expected="layers and operations of Keras alone",
            fix="load it by a function of yours: `build: package.module:function` with --trust-code",
        )
    for key, item in config.items():
        check_config(item, where, f"{place}.{key}")


def _allowed(module: Any, name: str, config: Mapping[str, Any]) -> bool:
    if module is None:  # Keras 2, and tensors in the arguments of a call
        return config.get("registered_name") in (None, name)
    if module == "builtins":
        return name == "function" and isinstance(config.get("config"), str) and config["config"].isidentifier()
    return isinstance(module, str) and any(
        module == allowed or (allowed.endswith(".") and module.startswith(allowed)) for allowed in _ALLOWED_MODULES
    )


def keras_state() -> dict[str, Any]:
    """Return the settings of Keras that a model file must not change."""
    import keras

    names = ("epsilon", "floatx", "image_data_format", "max_epochs", "max_steps_per_epoch")
    state = {name: getattr(keras.config, name)() for name in names if hasattr(keras.config, name)}
    return {**state, "custom objects": sorted(keras.saving.get_custom_objects())}


def restore_keras_state(before: Mapping[str, Any], where: str) -> None:
    """Set Keras's settings back and refuse the file if it changed one.

    Raises:
        RefusedError: with the names of the settings.
    """
    import keras

    after = keras_state()
    changed = [name for name, value in before.items() if after[name] is not value and after[name] != value]
    for name in changed:
        setter = getattr(keras.config, f"set_{name}", None)
        if setter is not None:
            setter(before[name])
    if changed:
        raise RefusedError("X006", "loading the model changed Keras itself", where=where, received=", ".join(changed))
