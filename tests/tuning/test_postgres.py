"""The same study on a PostgreSQL server, which this test starts: several workers, one killed, its trial taken up by its
heartbeat.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from time import monotonic, sleep

import pytest
from makers.tuning_workers import (
    OWN_POINT,
    TRIALS,
    helping,
    kill,
    killed_in_its_fourth,
    objective,
    started,
    wait_for,
    whole,
)
from optuna.trial import TrialState

from competition.common.optuna_logging import quiet_optuna
from competition.tuning.storage import open_storage
from competition.tuning.study import open_study
from competition.tuning.workers import Worker, work

pytestmark = pytest.mark.slow

PLACES = [
    *os.environ["PATH"].split(os.pathsep),
    *map(str, sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)),
]
INITDB, POSTGRES = (shutil.which(name, path=os.pathsep.join(PLACES)) for name in ("initdb", "postgres"))


@pytest.fixture(scope="module")
def server():
    """The URL of a server that listens at a socket in its own folder; not root's, who may not run one."""
    pytest.importorskip("pg8000", reason="pg8000, of the test extra, is not installed")
    if not (INITDB and POSTGRES):
        pytest.skip("PostgreSQL's initdb and postgres are not installed (Debian: apt-get install postgresql)")
    someone = {"user": "postgres"} if os.geteuid() == 0 else {}
    if someone and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("PostgreSQL doesn't run as root, and there is no user postgres")
    folder = Path(tempfile.mkdtemp(prefix="foldvote-"))  # short, for the socket's path
    if someone:
        shutil.chown(folder, "postgres")
    process = None
    try:
        subprocess.run(
            [INITDB, "-D", folder / "db", "-U", "tuner", "-A", "trust", "--no-sync"],
            check=True,
            capture_output=True,
            cwd="/",
            **someone,
        )
        process = subprocess.Popen(
            [POSTGRES, "-D", folder / "db", "-k", folder, "-c", "listen_addresses=", "-F"],
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **someone,
        )
        wait_for(folder / ".s.PGSQL.5432", Alive(process))
        yield f"postgresql+pg8000://tuner@/postgres?unix_sock={folder}/.s.PGSQL.5432"
    finally:
        if process:
            process.send_signal(signal.SIGINT)  # without waiting for its clients
            process.wait(60)
        shutil.rmtree(folder)


class Alive:
    """A process of subprocess's as multiprocessing has them."""

    def __init__(self, process):
        self.process = process

    def is_alive(self):
        return self.process.poll() is None


def test_a_study_on_a_server_with_a_worker_that_is_killed_elsewhere(server, tmp_path):
    hanging = started(killed_in_its_fourth, tmp_path, server, "elsewhere")  # another folder: its lock says nothing here
    wait_for(tmp_path / "hangs", hanging)
    kill(hanging)
    killed = monotonic()
    # with the one that is missed: it doesn't look like one too many
    helper = started(helping, tmp_path, server, TRIALS - 1)
    helper.join(60)
    assert helper.exitcode == 0
    # a worker elsewhere is missed after two heartbeats of a second, and on a fast machine the helper is done before
    sleep(max(0, killed + 3 - monotonic()))
    with quiet_optuna():
        study = open_study(open_storage(server, heartbeat=1), "tiny", OWN_POINT, 0, [], True)
        worker = Worker(tmp_path / "third")
        work(study, objective, worker, TRIALS)
        worker.leave()
        assert len(whole(study)) == TRIALS and whole(study)[0] == OWN_POINT
        lost = study.trials[int((tmp_path / "hangs").read_text())]
        assert lost.state == TrialState.FAIL
        assert (
            next(trial for trial in study.trials if trial.system_attrs.get("failed_trial") == lost.number).params
            == lost.params
        )
