"""Adoption of class folders: a test part is held out, or the one that is given is used."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from competition.common.csv import is_whole_number, write_table
from competition.common.errors import ContractError, counted, examples
from competition.common.files import replace_file, replace_folder
from competition.data.adopt.class_folders import (
    ClassImage,
    draw_test_part,
    in_natural_order,
    list_class_folders,
    read_groups,
)
from competition.data.adopt.competition_adoption import changed
from competition.data.adopt.destination import Adopted, Destination, link_or_copy
from competition.data.adopt.given_split import copies_across, given_parts, images_as_given, left_outside
from competition.data.adopt.joined_classes import alike_warnings, spellings
from competition.data.adopt.metric_facts import MetricFacts
from competition.data.adopt.options import Options
from competition.data.adopt.params_changes import write_changes
from competition.data.adopt.positive_class import positive_last
from competition.data.adopt.raw_form import write_sample
from competition.data.class_spellings import spelling_key
from competition.settings.competition import CompetitionSettings
from competition.settings.task import TaskSettings


def adopt_class_folders(
    path: Path,
    destination: Destination,
    before: tuple[CompetitionSettings, TaskSettings],
    drawn: tuple[tuple[float, ...], int],
    groups: tuple[Path | str | None, str | None],
    asked: tuple[Options, MetricFacts | None],
    problems: list[str],
) -> Adopted:
    """Bring class folders in. drawn: the parts' ratio and the seed of the test part's draw; asked: as told."""
    (ratio, seed), given = drawn, given_parts(path)
    files, skipped, group_of, notes = _list_images(path, given, groups, asked[0], problems)
    problems += _ratio_problems(ratio)
    if problems:
        raise ContractError(problems)
    share = ratio[-1] / sum(ratio)
    spelling, said = _spellings(path, files, bool(given), asked[0])
    if given:
        images = images_as_given(files, share, seed, spelling)
    else:
        images = draw_test_part(files, group_of, share, seed, spelling)
    classes = in_natural_order({image.class_name for image in images})
    test = [image for image in images if image.usage]
    _check_parts(path, classes, test)
    notes += [*_of_untested(classes, test), *_of_split(given, bool(groups[0])), *said, *_of_deep(files, bool(given))]
    task = _task(before[1], classes, *asked)
    if task["answer"] == "probability":
        told = asked[0].target
        classes, note = positive_last(str(path), (), classes, spelling.get(told, told))
        notes.append(note)
    changes = changed(destination, {}, task, before, asked[1].takes if asked[1] else "labels", metadata=False)
    _write(path, destination, before[0], classes, images, task["answer"])
    if destination.params is not None:
        write_changes(destination.params, changes)
    sizes = (len(images) - len(test), len(test), len(classes))
    return Adopted("class folders", destination.root, *sizes, tuple(skipped), tuple(notes), changes)


def _list_images(
    path: Path,
    given: dict[str, Path],
    groups: tuple[Path | str | None, str | None],
    options: Options,
    problems: list[str],
) -> tuple[list[str], list[str], dict[str, str], list[str]]:
    """Return the images, what was skipped, the groups of those that have one, and notes on these."""
    if not given:
        files, skipped = list_class_folders(path, problems, options.class_folders)
        return files, skipped, *(read_groups(Path(groups[0]), groups[1], files, problems) if groups[0] else ({}, []))
    files, skipped = _list_parts(path, given, problems, options)
    if groups[0]:
        problems.append(f"{groups[0]}: --groups is for class folders without a given split; this one is used as it is")
    return files, skipped, {}, []


def _check_parts(path: Path, classes: Sequence[str], test: Sequence[ClassImage]) -> None:
    """Raise ContractError where there is one class only, or no test part."""
    if len(classes) < 2:
        raise ContractError(
            [f"{path}: joined, the folders are one class ({classes[0]}); there is nothing to tell apart"]
        )
    if not test:
        raise ContractError(
            [f"{path}: too few images or groups to hold a test part out; add some, or adopt a competition"]
        )


def _of_untested(classes: Sequence[str], test: Sequence[ClassImage]) -> list[str]:
    untested = sorted(set(classes) - {image.class_name for image in test})
    what = f"too few images or groups for the test part: {examples(untested)}"
    return [f"{counted(len(untested), 'classes have')} {what}"] if untested else []


def _of_split(given: dict[str, Path], grouped: bool) -> list[str]:
    if given:
        return [f"the split is given ({', '.join(given)}) and used as it is: the validation images are fold 0"]
    drawn = "the test part was drawn image by image; if several images show one thing, name their groups with --groups"
    return [] if grouped else [drawn]


def _spellings(path: Path, files: list[str], given: bool, options: Options) -> tuple[dict[str, str], list[str]]:
    """Return folder -> class of the folders that are joined to another one, and notes on classes that look alike."""
    counts = Counter(file.split("/")[int(given)] for file in files)
    return spellings(counts, (), str(path)) if options.join_classes else ({}, alike_warnings(counts, {}, str(path)))


def _of_deep(files: list[str], given: bool) -> list[str]:
    """Return a note on images that lie in folders inside their class's."""
    deep = [file for file in files if file.count("/") > 1 + given]
    folders = sorted({file.rpartition("/")[0] for file in deep})
    what = f"in folders inside their class's ({examples(folders)}), taken along"
    return [f"{counted(len(deep), 'images lie')} {what}"] if deep else []


def targets_of(classes: Sequence[str]) -> dict[str, str]:
    """Return class -> target: its place, or itself where any of the classes is a whole number."""
    own = any(map(is_whole_number, classes))
    return {name: name if own else str(index) for index, name in enumerate(classes)}


def _list_parts(
    path: Path, given: dict[str, Path], problems: list[str], options: Options
) -> tuple[list[str], list[str]]:
    """Return the images as `<part>/<class>/<file name>`, the parts called train, val and test, and what was skipped."""
    files, skipped, by_part = [], [], {}
    for part, folder in given.items():
        inside, left = list_class_folders(folder, problems, options.class_folders, 2 if part == "train" else 1)
        files += [f"{folder.name}/{file}" for file in inside]
        skipped += [f"{folder.name}/{line}" for line in left]
        by_part[part] = inside
    classes = {part: {file.split("/")[0] for file in inside} for part, inside in by_part.items()}
    for part in given:
        unknown = sorted(classes[part] - classes["train"])
        known = {spelling_key(name): name for name in classes["train"]}
        if alike := [f"{name} ({known[spelling_key(name)]})" for name in unknown if spelling_key(name) in known]:
            problems.append(
                f"{given[part]}: folders called otherwise than in the training part: {examples(alike)}; rename them"
            )
        elif unknown:
            problems.append(
                f"{given[part]}: {counted(len(unknown), 'classes have')} no training image: {examples(unknown)}; add "
                f"some to {given['train']}, or take the folder away"
            )
    problems += left_outside(path, given)
    problems += copies_across({part: [given[part] / file for file in inside] for part, inside in by_part.items()}, path)
    return files, skipped


def _task(before: TaskSettings, classes: list[str], options: Options, metric: MetricFacts | None) -> dict[str, object]:
    """Return the task: one class an image, answered as the metric takes it."""
    if options.labels == "multi":
        raise ContractError(["--labels multi: an image lies in one class folder only; give a table of labels"])
    if metric is None:
        usual = before if (before.labels, before.answer) == ("single", "label") else TaskSettings()
        return {"labels": options.labels or "single", "answer": options.answer or "label", "metric": usual.metric}
    several = "probability" if len(classes) == 2 else "probabilities"
    form = {"labels": "label", "probabilities": several, "ranks": "ranked"}[metric.takes]
    kind = options.labels or ("single" if "single" in metric.kinds else "ordinal")
    return {"labels": kind, "answer": options.answer or form, "metric": metric.name}


def _write(
    path: Path,
    destination: Destination,
    settings: CompetitionSettings,
    classes: Sequence[str],
    images: list[ClassImage],
    form: str,
) -> None:
    columns = [settings.id, settings.target]
    target = targets_of(classes)
    test = [image for image in images if image.usage]
    train = [image for image in images if not image.usage]
    beside = [(settings.group, lambda image: image.group)] if any(image.group for image in images) else []
    beside += [("fold", lambda image: image.fold)] if any(image.fold for image in images) else []
    # Leaving the stack swaps in the last one first: the folder, then the labels. Until then nothing has changed.
    with ExitStack() as stack:
        solution, mapping = (
            stack.enter_context(replace_file(place)) for place in (destination.solution, destination.mapping)
        )
        folder = stack.enter_context(replace_folder(destination.root))
        for part, its_images in (("train", train), ("test", test)):
            (folder / part).mkdir()
            for image in its_images:
                link_or_copy(path / image.file, folder / part / image.id)
        write_table(
            folder / "meta.csv", [settings.target, settings.class_name], [(target[name], name) for name in classes]
        )
        header = [*columns, *(name for name, _ in beside)]
        rows = ([image.id, target[image.class_name], *(cell(image) for _, cell in beside)] for image in train)
        write_table(folder / "train.csv", header, rows)
        answers = classes if form == "probabilities" else list(target.values())
        write_sample(folder / "sample_submission.csv", [image.id for image in test], form, answers, settings)
        write_table(
            solution, [*columns, "usage"], [(image.id, target[image.class_name], image.usage) for image in test]
        )
        write_table(mapping, [settings.id, "file"], [(image.id, image.file) for image in images])


def _ratio_problems(ratio: tuple[float, ...]) -> list[str]:
    fine = (
        len(ratio) in (2, 3)
        and all(0 <= part < float("inf") for part in ratio)
        and ratio[-1] > 0
        and sum(ratio[:-1]) > 0
    )
    if fine:
        return []
    found = ":".join(f"{part:g}" for part in ratio)
    return [
        f"ratio {found}: expected train:validation:test (or train:test), such as 8:1:1, with something left for each "
        "side"
    ]
