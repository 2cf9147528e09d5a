"""What a command sets for its process: nothing is set by importing, nor by asking for the device."""

import subprocess
import sys

import pytest

CODE = """
import cv2, os, torch
from competition.compute.device import device, set_up_process
from competition.compute.threads import opencv_on_one_thread
cv2.setNumThreads(3); torch.set_num_threads(3)
import competition.data.images
device()
assert (cv2.getNumThreads(), torch.get_num_threads()) == (3, 3)
opencv_on_one_thread()
assert cv2.getNumThreads() == 1 and os.environ["OPENCV_FOR_THREADS_NUM"] == "1"
cores = len(os.sched_getaffinity(0))
set_up_process()
assert torch.get_num_threads() == cores
os.environ["LOCAL_WORLD_SIZE"] = str(2 * cores)
set_up_process()
assert torch.get_num_threads() == 1
"""


@pytest.mark.slow
def test_threads_are_set_where_that_is_asked_for_and_nowhere_else():
    subprocess.run([sys.executable, "-c", CODE], check=True)
