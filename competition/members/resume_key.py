"""Names of files to resume training from: made of all that a training depends on."""

import inspect
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from competition.common import paths
from competition.common.files import digest
from competition.common.imports import code_digest, import_closure, module_file
from competition.common.registry import registries
from competition.members.member import Member


def state_file(name: str, member: Member, *inputs: object, folder: Path = paths.STATE) -> Path:
    """Return where the state of training `name` is kept: another file after any change of what it depends on.

    inputs: what is trained on: files by their Path, anything else as JSON has it. Added to them: the member's settings,
    the content of its weights files, the code of its training, and the versions of the packages that compute.
    """
    settings, files = member.settings.model_dump(), member.weights_files()
    key = digest(settings, *inputs, *files, _code_of(member), versions_of(member.packages()))
    return folder / f"{name}-{key}.pt"


def versions_of(packages: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each of `packages`, "" for one that isn't installed."""
    return {package: _version(package) for package in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _code_of(member: Member) -> str:
    """Return the digest of the member's class, of the code that fits it, and of the plugins that this code may use."""
    fitting = [code_digest(member.code), *_plugins_of(member.code)] if member.code else []
    return digest(Path(inspect.getfile(type(member))), *fitting)


def _plugins_of(module: str) -> list[Path]:
    """Return the files of the plugins that have registered where `module` may look."""
    files = import_closure(module_file(module))
    packages = {one: sys.modules.get(one.package) for one in registries()}
    used = [one for one, package in packages.items() if package and Path(package.__file__).resolve() in files]
    return sorted({Path(plugin) for registry in used for plugin in registry.plugins()})
