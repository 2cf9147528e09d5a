"""Hostile files and tables through adopt, prepare, validate, score, predict's reading: nothing is lost, no traceback.

The same examples each time; tests/benchmarks/fuzz.py makes thousands of others.
"""

import shutil

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from makers.fuzz import (
    CHANGES,
    DAMAGES,
    ENCODINGS,
    ENDS,
    EXTENSIONS,
    IMAGES,
    SEPARATORS,
    STEMS,
    hostile_file,
    hostile_table,
)
from makers.fuzzed_commands import (
    accuracy,
    adopt_and_prepare,
    adopted_labels,
    read_for_predict,
    validated,
    write_labelled,
    write_scored_project,
)

CLASSES = ["a", "b"]
ROWS = [[f"{n:03d}", CLASSES[n % 2]] for n in range(6)]
NAMES = [["é1", "a"], ["영수증", "b"], ["=1+1", "a"], ["x;y", "b"], ["007", "a"]]
FILES = st.lists(
    st.builds(
        hostile_file,
        st.sampled_from(sorted(IMAGES)),
        st.sampled_from(DAMAGES),
        st.sampled_from(EXTENSIONS),
        st.sampled_from(STEMS),
        st.integers(0, 9999),
    ),
    min_size=1,
    max_size=12,
)
TABLES = (
    st.sampled_from(ENCODINGS),
    st.sampled_from(SEPARATORS),
    st.sampled_from(ENDS),
    st.sampled_from(CHANGES),
    st.booleans(),
    st.integers(0, 9999),
)


def bounded(examples: int):
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(
        max_examples=examples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=checks,
        phases=[Phase.explicit, Phase.generate],  # shrinking a finding takes minutes
    )


def write_anew(folder, files) -> dict[str, bool]:
    """Write files; return name -> whether it is a whole image."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, data, _ in files:
        (folder / name).write_bytes(data)
    return {name: whole for name, _, whole in files}


@bounded(30)
@given(FILES)
def test_each_file_is_used_or_named_by_adopt_and_prepare(tmp_path, files):
    whole = {f"one/{name}": is_whole for name, is_whole in write_anew(tmp_path / "download/one", files).items()}
    others = [hostile_file("colour.png", "whole", "own", "other {}", seed) for seed in range(6)]
    whole |= {f"two/{name}": True for name in write_anew(tmp_path / "download/two", others)}
    found = adopt_and_prepare(tmp_path / "project", tmp_path / "download")
    assert not {*whole} - {*found}
    assert all(reason.strip() for reason in found.values())
    if not any(reason.startswith("refused") for reason in found.values()):
        assert {file for file, is_whole in whole.items() if is_whole and found[file] != "used"} == set()


@bounded(120)
@given(FILES)
def test_each_file_is_read_or_named_by_predict(tmp_path, files):
    whole = write_anew(tmp_path / "scans", files)
    used, named, others = read_for_predict(tmp_path / "scans")
    assert not used & named and len(used) + len(named) + others == len(whole)
    assert {name for name, is_whole in whole.items() if is_whole} <= used


@pytest.fixture(params=[ROWS, NAMES], ids=["plain", "names"])
def scored(tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    write_scored_project(tmp_path, request.param, CLASSES)
    return request.param


@bounded(150)
@given(*TABLES)
def test_a_submission_is_valid_only_as_sites_take_it(scored, encoding, separator, end, change, quote, seed):
    data, whole = hostile_table([["ID", "target"], *scored], encoding, separator, end, change, quote, seed)
    valid = validated(data)
    if whole is False or change == "column more" or separator != "," or "16" in encoding:
        assert not valid
    elif change == "none" and encoding.startswith("utf-8"):
        assert valid


@pytest.mark.parametrize("as_solution", [False, True], ids=["submission", "solution"])
@bounded(150)
@given(*TABLES)
def test_a_score_is_of_all_rows(scored, as_solution, encoding, separator, end, change, quote, seed):
    data, whole = hostile_table([["ID", "target"], *scored], encoding, separator, end, change, quote, seed)
    found = accuracy(data, as_solution)
    if whole is False:
        assert found is None
    elif whole:
        assert found in (None, 1.0)
        assert found == 1.0 or not encoding.startswith("utf-8") or separator in "|:"


@pytest.mark.parametrize("rows", [ROWS, NAMES], ids=["plain", "names"])
@bounded(60)
@given(*TABLES)
def test_adopt_takes_every_label(tmp_path, rows, encoding, separator, end, change, quote, seed):
    data, whole = hostile_table([["ID", "target"], *rows], encoding, separator, end, change, quote, seed)
    shutil.rmtree(tmp_path / "download", ignore_errors=True)
    write_labelled(tmp_path / "download", data, [id for id, _ in rows])
    found = adopted_labels(tmp_path / "project", tmp_path / "download")
    if whole:
        assert found in (None, dict(rows))
        assert found is not None or not encoding.startswith("utf-8") or separator in "|:"
    elif found is not None and whole is False and change not in ("row missing", "row more", "column missing"):
        assert found.items() <= dict(rows).items(), "labels that no row has"
