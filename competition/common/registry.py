"""Registry of a kind of thing: losses, metrics, member kinds, ... Each is one module of the registry's package.

The module's file name is the thing's name, and the only place where it is written. A package with a registry is a
folder whose `__init__.py` says `LOSSES = Registry("loss", __name__)`; its modules end in `@LOSSES.register`. Names are
known from the files, without importing them; a plugin (a Python file named in params.yaml) registers in the same way,
from anywhere.
"""

import ast
import importlib
import importlib.util
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")
PLUGIN = "plugin."  # what the modules of plugins are called before their file's name
_REGISTRIES: list["Registry"] = []


class Registry(Generic[T]):
    """Things of one kind by name. kind: what one is called in messages; package: whose modules they are."""

    def __init__(self, kind: str, package: str):
        self.kind, self.package = kind, package
        self._things: dict[str, T] = {}
        _REGISTRIES.append(self)

    def register(self, thing: T) -> T:
        """Register `thing`, a class or function, under its file's name. Raises ValueError for a taken name."""
        name = thing.__module__.rpartition(".")[2]
        if name in self._things or (name in self._files() and thing.__module__ != f"{self.package}.{name}"):
            raise ValueError(f"{self.kind} {name}: there is one of that name; rename the file {name}.py")
        self._things[name] = thing
        return thing

    def names(self) -> tuple[str, ...]:
        """Return all names, sorted; nothing is imported."""
        return tuple(sorted({*self._files(), *self._things}))

    def __getitem__(self, name: str) -> T:
        """Return what is called `name`. Raises ValueError that lists the names."""
        if name not in self._things:
            self.check(name)
            importlib.import_module(f"{self.package}.{name}")
        return self._things[name]

    def check(self, name: str) -> str:
        """Return `name`. Raises ValueError that lists the names if there is no such thing."""
        if name not in self.names():
            raise ValueError(f"no {self.kind} {name!r}; there are {', '.join(self.names())}")
        return name

    def declared(self, name: str, attribute: str, default: object) -> object:
        """Return the literal that class `name` has for `attribute` in its own body, else `default`: not imported.

        For settings, since some modules need torch. Raises ValueError that lists the names.
        """
        if self.check(name) in self._things:
            return getattr(self._things[name], attribute, default)
        file = Path(sys.modules[self.package].__path__[0], f"{name}.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any("register" in ast.unparse(one) for one in node.decorator_list):
                for line in node.body:
                    if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == attribute:
                        return ast.literal_eval(line.value)
        return default

    def items(self) -> Iterator[tuple[str, T]]:
        """Yield every name with its thing."""
        for name in self.names():
            yield name, self[name]

    def plugins(self) -> tuple[str, ...]:
        """Return the files of the plugins that have registered here, sorted."""
        modules = {thing.__module__ for thing in self._things.values()}
        return tuple(sorted(sys.modules[name].__file__ for name in modules if name.startswith(PLUGIN)))

    def _files(self) -> frozenset[str]:
        return _modules_of(*sys.modules[self.package].__path__)


@cache
def _modules_of(*folders: str) -> frozenset[str]:
    """Return the modules in `folders`, listed once in a process: names are asked for with every picture."""
    return frozenset(module.name for module in pkgutil.iter_modules(folders) if not module.name.startswith("_"))


def registries() -> tuple[Registry, ...]:
    """Return all registries that this process has imported."""
    return tuple(_REGISTRIES)


def registry_of(package: str) -> Registry:
    """Return the registry of `package`, imported by its name: for settings, which stand above what they name."""
    found = [value for value in vars(importlib.import_module(package)).values() if isinstance(value, Registry)]
    return next(registry for registry in found if registry.package == package)


def loaded_plugins() -> tuple[str, ...]:
    """Return the files of all plugins that this process has imported."""
    return tuple(module.__file__ for name, module in [*sys.modules.items()] if name.startswith(PLUGIN))


def load_plugin(path: Path | str) -> None:
    """Import the Python file at `path`, which registers its things; once per process.

    Raises FileNotFoundError, ValueError.
    """
    path = Path(path).resolve()
    name = f"{PLUGIN}{path.stem}"
    if name in sys.modules:
        if sys.modules[name].__file__ != str(path):
            raise ValueError(f"plugins: {path} and {sys.modules[name].__file__} have one name; rename one")
        return
    if not path.is_file():
        raise FileNotFoundError(f"plugins: {path}: not found; name a Python file, or take it out of params.yaml")
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise


def load_plugins(paths: Iterable[Path | str]) -> None:
    """Load each of `paths`, in a worker process too."""
    for path in paths:
        load_plugin(path)
