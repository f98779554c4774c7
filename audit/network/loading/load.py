"""Loads a Keras model, safely, and turns it into a ``Network``."""

import hashlib
import shutil
from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keras

from audit.errors import AuditError, InputError, RefusedError
from audit.network.loading import inspect
from audit.network.loading.from_model import from_model
from audit.network.network import Network

__all__ = ["from_model", "load_application", "load_build", "load_file"]


def load_file(path: Path, *, output: str = "auto", sha256: str | None = None) -> Network:
    """Load a ``.keras`` or ``.h5`` file. Nothing in it is executed; a file that asks for that is refused.

    Args:
        path: the file.
        output: auto, logits, softmax or sigmoid: what the model's last operation is.
        sha256: the digest that the file must have, in hexadecimal.

    Raises:
        InputError: the file is missing, not a Keras model, another one than pinned, or cannot be audited.
        RefusedError: the file holds something that could run code or change Keras itself.
    """
    if not path.is_file():
        folder = path.is_dir()  # of an exported SavedModel, say, which is a program
        what = "the model's path is a folder" if folder else "the model file does not exist"
        fix = "use the path of a file written by model.save('model.keras')" if folder else "check `model.path`"
        raise InputError("M001", what, where=str(path), fix=fix)
    with TemporaryDirectory() as folder:  # a copy: what was inspected is what is loaded
        staged = Path(shutil.copyfile(path, Path(folder) / path.name))
        _check_digest(staged, sha256, path)
        try:
            inspect.inspect_file(staged)
            return from_model(_load(staged), output=output)
        except AuditError as error:
            error.where = (error.where or str(path)).replace(str(staged), str(path))
            error.received = error.received and error.received.replace(str(staged), str(path))
            raise


def _check_digest(staged: Path, sha256: str | None, path: Path) -> None:
    with staged.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if sha256 is not None and found != sha256.lower():
        raise InputError(
            "M003",
            "the model file does not match `model.sha256`",
            where=str(path),
            expected=sha256,
            received=found,
            fix="restore the file, or update `model.sha256` if the change is intended",
        )


def _load(path: Path) -> keras.Model:
    before = _keras_state()
    keras.utils.clear_session(free_memory=False)  # names given by Keras then do not depend on what was built before
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a damaged file can fail anywhere in Keras
        raise InputError(
            "M002",
            "Keras cannot load the model file",
            where=str(path),
            received=f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}",
            fix=f"save it again with Keras {keras.__version__}; custom layers need `build:` and `--trust-code`",
        ) from error
    finally:
        _restore_keras_state(before, str(path))
    return model


def _keras_state() -> dict[str, Any]:
    """Return the settings of Keras that a model file must not change."""
    names = ("epsilon", "floatx", "image_data_format", "max_epochs", "max_steps_per_epoch")
    state = {name: getattr(keras.config, name)() for name in names if hasattr(keras.config, name)}
    return {**state, "custom objects": sorted(keras.saving.get_custom_objects())}


def _restore_keras_state(before: Mapping[str, Any], where: str) -> None:
    """Set Keras's settings back and refuse the file if it changed one.

    Raises:
        RefusedError: with the names of the settings.
    """
    after = _keras_state()
    changed = [name for name, value in before.items() if after[name] is not value and after[name] != value]
    for name in changed:
        setter = getattr(keras.config, f"set_{name}", None)
        if setter is not None:
            setter(before[name])
    if changed:
        raise RefusedError("X006", "loading the model changed Keras itself", where=where, received=", ".join(changed))


def load_application(
    name: str,
    *,
    weights: str | None = None,
    input_shape: Sequence[int] | None = None,
    classes: int | None = None,
    output: str = "auto",
) -> Network:
    """Build a model of ``keras.applications``; ``weights`` is None (random), "imagenet" or a weights file.

    Raises:
        InputError: there is no such application, or it does not take these arguments.
    """
    known = [entry for entry in dir(keras.applications) if entry[0].isupper()]
    if name not in known:
        raise InputError(
            "M013", f"Keras has no application `{name}`", where="model.application", expected=", ".join(known)
        )
    _start_afresh()
    options = {"input_shape": None if input_shape is None else tuple(input_shape), "classes": classes}
    try:
        model = getattr(keras.applications, name)(
            weights=weights, **{key: value for key, value in options.items() if value is not None}
        )
    except Exception as error:  # downloads and argument checks raise many kinds
        raise InputError(
            "M013", f"cannot build the application `{name}`", where="model.application", received=str(error)
        ) from error
    return from_model(model, output=output)


def load_build(
    reference: str, *, trusted: Collection[str], output: str = "auto", input_shape: Sequence[int] | None = None
) -> Network:
    """Call a function of the user's that returns a model: "package.module:function".

    ``input_shape`` (without the batch) is needed only where a subclassed model does not know it.

    Raises:
        RefusedError: the reference is not among those trusted on the command line.
        InputError: it cannot be imported or does not return a Keras model.
    """
    if reference not in trusted:
        raise RefusedError(
            "X005",
            f"`build: {reference}` runs code that is not trusted",
            where="model.build",
            fix=f"if you trust this code, add `--trust-code {reference}`",
        )
    module, _, function = reference.partition(":")
    _start_afresh()
    try:
        model = getattr(import_module(module), function)()
    except (Exception, SystemExit) as error:  # the user's code can raise anything, a script's end included
        raise InputError(
            "M014", f"`build: {reference}` failed", where="model.build", received=f"{type(error).__name__}: {error}"
        ) from error
    return from_model(model, output=output, input_shape=input_shape)


def _start_afresh() -> None:
    """Make what is built next the same in every process: the names that Keras gives, and weights drawn at random."""
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(0)
