"""What installed packages add to a family: the entry points, and the class that each of them names.

Nothing that a package does when it is imported stops the audit: it is an error with the package's name.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any

from audit.errors import AuditError, InputError, PluginError
from audit.record import record


@record
class Plugin:
    """A name that an installed package adds to a family."""

    name: str
    point: EntryPoint

    @property
    def package(self) -> str:
        """The package's name, in words."""
        dist = self.point.dist
        return f"package `{dist.name}`" if dist else "a package of unknown name"

    @property
    def kind(self) -> Any:
        """The class that the entry point names.

        Raises:
            PluginError: it cannot be imported, whatever the package raises, or the entry point names none.
        """
        if isinstance(self._imported, InputError):
            raise PluginError([self._imported])
        return self._imported

    @cached_property
    def _imported(self) -> Any:
        # Once: what fails half-way fails otherwise the second time.
        if not _names_a_class(self.point):
            return InputError(
                "S027",
                f"the entry point of plug-in `{self.name}` of {self.package} names no class",
                expected="`module:Class`",
                received=f"`{self.point.value}`",
                fix=f"correct the entry point in `{self.point.group}` of {self.package}",
            )
        try:
            import_module(self.point.module)
            return self.point.load()
        except (Exception, SystemExit) as error:
            return self._broken(error)

    def _broken(self, error: BaseException) -> InputError:
        return InputError(
            "S027",
            f"plug-in `{self.name}` of {self.package} cannot be imported: {_words(error)}",
            where=self.point.value,
            fix=f"repair, update or uninstall {self.package}",
        )


@cache
def installed(family: str) -> Mapping[str, tuple[Plugin, ...]]:
    """Return the plug-ins of a family by their names; imports none of them."""
    found: dict[str, tuple[Plugin, ...]] = {}
    for point in entry_points(group=f"audit.{family}"):
        found[point.name] = (*found.get(point.name, ()), Plugin(name=point.name, point=point))
    return MappingProxyType(found)


def clash(name: str, rivals: Sequence[Plugin], *, shipped: bool) -> PluginError:
    """Return the error of a name that several packages have; ``shipped``: the audit is one of them."""
    owners = [
        *(["saliency-audit"] if shipped else []),
        *sorted(f"{each.package} (`{each.point.value}`)" for each in rivals),
    ]
    packages = sorted({each.package for each in rivals})
    what = f"the name `{name}` is taken more than once: by {' and by '.join(owners)}"
    fix = f"uninstall {' or '.join(packages)}, or rename its entry point"
    return PluginError([InputError("S082", what, fix=fix)])


@contextmanager
def building(plugin: Plugin) -> Generator[None]:
    """Turn what a plug-in's class raises when it is built, other than a fault of its fields, into a PluginError."""
    try:
        yield
    except (AuditError, ValueError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        what = f"plug-in `{plugin.name}` of {plugin.package} cannot be built: {_words(error)}"
        fix = f"repair, update or uninstall {plugin.package}"
        raise PluginError([InputError("S081", what, where=plugin.point.value, fix=fix)]) from error


def _names_a_class(point: EntryPoint) -> bool:
    parts = EntryPoint.pattern.match(point.value)
    return parts is not None and bool(parts["attr"])


def _words(error: BaseException) -> str:
    """Return an error on one line of bearable length."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text:.200}".removesuffix(": ")
