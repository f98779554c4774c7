"""Plug-ins held against the protocol of their family: the one place where members of a class are looked up by name.

A plug-in inherits nothing. What its class lacks of what the protocol demands, or has otherwise, is named before
anything runs; what the protocol leaves to choice is completed with the protocol's defaults.
"""

import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, Generic, Protocol, cast, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from audit.errors import InputError, PluginError
from audit.record import record

_KEPT = ("__module__", "__doc__", "__firstlineno__")  # with these the completed class's source is the plug-in's
_NOTHING = object()


@record
class _Member:
    """A member as its protocol declares it: the type of a value, or a function with the protocol's signature."""

    name: str
    required: bool
    kind: Any = Any
    function: Callable[..., Any] | None = None

    @property
    def expected(self) -> str:
        """How the member is declared, in words of code."""
        if self.function is not None:
            return _call(self.name, self.function)
        return inspect.formatannotation(self.kind).replace("collections.abc.", "").replace("typing.", "")


def completed(kind: type, protocol: type, name: str) -> type:
    """Return the class of the plug-in ``name``, with the protocol's defaults for what it leaves out.

    The same class for the same plug-in; the plug-in's own where it leaves out nothing.

    Raises:
        PluginError: the class is not declared, or members are missing or wrong: all of them at once.
    """
    found = tuple(faults(kind, protocol, name))
    if found:
        raise PluginError(found)
    return _with_defaults(kind, protocol)


def completed_value(value: Any, protocol: type) -> Any:
    """Return a plug-in's declared value as one of its completed class.

    Raises:
        PluginError: as ``completed``.
    """
    kind = completed(type(value), protocol, type(value).__name__)
    own = {each.name: getattr(value, each.name) for each in fields(value)}
    return value if kind is type(value) else kind(**own)


def faults(kind: Any, protocol: type, name: str) -> Iterator[InputError]:
    """Yield what is wrong with the class of the plug-in ``name``, each fault with the name of its member."""
    if not _is_declared(kind):
        yield InputError(
            "S081",
            f"plug-in `{name}` is not a declared class",
            expected="a class under `@declared` of audit.declare",
            received=_words(kind),
            fix="write `@declared` above the class that the entry point names",
        )
        return
    for member in _members(protocol):
        given = _given(kind, member.name)
        if given is not _NOTHING:
            yield from _wrong(member, given, name)
        elif member.required:
            yield InputError(
                "S081",
                f"plug-in `{name}` has no `{member.name}`",
                expected=f"`{member.expected}`",
                received="nothing",
                fix=f"add `{member.name}` to the class, as {protocol.__module__}.{protocol.__name__} declares it",
            )


@cache
def _with_defaults(kind: type, protocol: type) -> type:
    if all(_given(kind, each.name) is not _NOTHING for each in _members(protocol)):
        return kind
    kept = {each: value for each, value in vars(kind).items() if each in _KEPT}
    namespace = {**kept, "__qualname__": kind.__qualname__}
    return types.new_class(kind.__name__, (kind, protocol), exec_body=lambda body: body.update(namespace))


def _wrong(member: _Member, given: Any, name: str) -> Iterator[InputError]:
    if _is_computed(given):
        given = _NOTHING  # a property's value is known with its fields only
    if member.function is not None and not _accepts(given, member.function):
        yield InputError(
            "S081",
            f"`{member.name}` of plug-in `{name}` does not take the arguments of its protocol",
            expected=f"`{member.expected}`",
            received=_words(given, member.name),
            fix=f"define `{member.expected}`",
        )
    elif member.function is None and given is not _NOTHING and not _is_of(given, member.kind):
        yield InputError(
            "S081",
            f"`{member.name}` of plug-in `{name}` has the wrong type",
            expected=f"`{member.expected}`",
            received=_words(given, member.name),
            fix=f"give `{member.name}` a value of this type",
        )


@cache
def _members(protocol: type) -> tuple[_Member, ...]:
    """Return every public member that a protocol declares, or one that it extends."""
    own = [part for part in protocol.__mro__ if part not in (Protocol, Generic, object)]
    names = dict.fromkeys(name for part in reversed(own) for name in (*inspect.get_annotations(part), *vars(part)))
    hints = get_type_hints(protocol)
    return tuple(_member(name, _static(protocol, name), hints.get(name, Any)) for name in names if name[0] != "_")


def _member(name: str, default: Any, hint: Any) -> _Member:
    if isinstance(default, property):
        kind = get_type_hints(default.fget).get("return", Any)
        return _Member(name=name, required=_is_abstract(default), kind=kind)
    if inspect.isfunction(default):
        return _Member(name=name, required=_is_abstract(default), function=default)
    kind = get_args(hint)[0] if get_origin(hint) is ClassVar else hint
    return _Member(name=name, required=default is _NOTHING, kind=kind)


def _is_declared(kind: Any) -> bool:
    return isinstance(kind, type) and is_dataclass(kind) and bool(cast("Any", kind).__dataclass_params__.frozen)


def _is_abstract(member: Any) -> bool:
    return bool(getattr(member, "__isabstractmethod__", False))


def _is_computed(given: Any) -> bool:
    return isinstance(given, property | cached_property)


def _static(kind: type, name: str) -> Any:
    return inspect.getattr_static(kind, name, _NOTHING)


def _given(kind: type, name: str) -> Any:
    """Return what a class has under a name, nothing if nothing; a field counts as computed, its class checks it."""
    is_field = is_dataclass(kind) and name in {each.name for each in fields(kind)}
    return property() if is_field else _static(kind, name)


def _accepts(given: Any, declared: Callable[..., Any]) -> bool:
    """Whether a class's member takes the arguments that its protocol declares."""
    function = given.__func__ if isinstance(given, staticmethod | classmethod) else given
    if not callable(function):
        return False
    wanted = [each for each in inspect.signature(declared).parameters.values() if each.name != "self"]
    by_name = {each.name: None for each in wanted if each.kind is each.KEYWORD_ONLY}
    own = () if isinstance(given, staticmethod) else (None,)
    try:
        inspect.signature(function).bind(*own, *[None] * (len(wanted) - len(by_name)), **by_name)
    except TypeError:
        return False
    return True


def _is_of(value: Any, kind: Any) -> bool:
    plain = dict(cast("Mapping[Any, Any]", value)) if isinstance(value, Mapping) else value
    try:
        TypeAdapter(kind).validate_python(plain, strict=True)
    except ValidationError:
        return False
    return True


def _words(value: Any, name: str = "") -> str:
    if value is _NOTHING:
        return "a property"
    function = value.__func__ if isinstance(value, staticmethod | classmethod) else value
    if inspect.isroutine(function):
        return f"`{_call(name or function.__name__, function)}`"
    return f"`{value!r:.80}`" if isinstance(value, type) else f"`{value!r:.80}` ({type(value).__name__})"


def _call(name: str, function: Callable[..., Any]) -> str:
    """Return a function's name with the names of its parameters, as it is called."""
    signature = inspect.signature(function)
    plain = [each.replace(annotation=each.empty) for each in signature.parameters.values() if each.name != "self"]
    return f"{name}{signature.replace(parameters=plain, return_annotation=signature.empty)}"
