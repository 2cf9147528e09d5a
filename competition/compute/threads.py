"""Threads of OpenCV, which fight with the workers over the same cores."""

import os
import sys


def opencv_on_one_thread() -> None:
    """Keep OpenCV to one thread, in this process and in those that it starts: images are dealt to workers.

    Process-wide, so the commands call it at their start, and workers that were started elsewhere.
    """
    os.environ["OPENCV_FOR_THREADS_NUM"] = "1"  # read by OpenCV where it is loaded later
    if "cv2" in sys.modules:
        sys.modules["cv2"].setNumThreads(1)
