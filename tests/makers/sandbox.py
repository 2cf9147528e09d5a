"""A machine like a container's: no user, no home, read-only but for the project, `data` on a disk of its own.

Run by `unshare --user --map-root-user --mount python sandbox.py FOLDER COMMAND...`, which `contained` writes.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from pathlib import Path

READ_ONLY, RECURSIVE, HERE = 1, 0x8000, -100  # MOUNT_ATTR_RDONLY, AT_RECURSIVE, AT_FDCWD
MOUNT_SETATTR = 442  # the system call; glibc 2.36 and later have a function for it
BIND, NOBODY = 0x1000, "4321"  # MS_BIND; a number that no user has
PASSED = ("PYTHONPATH", "LANG", "LC_ALL", "PYTHONDONTWRITEBYTECODE")
INTO_NAMESPACES = ("unshare", "--user", "--map-root-user", "--mount")


def contained(folder: Path, *command: str) -> list[str]:
    """Return the words that run `command` in the project `folder` as in a container."""
    return [shutil.which("unshare") or "", *INTO_NAMESPACES[1:], sys.executable, __file__, str(folder), *command]


def why_not() -> str:
    """Return why this machine has no such sandbox, "" if it has."""
    if shutil.which("unshare") is None:
        return "no unshare"
    done = subprocess.run(
        contained(Path(__file__).parent, "-c", "pass"), capture_output=True, text=True, env=environment()
    )
    return done.stderr.strip() if done.returncode else ""


def environment() -> dict[str, str]:
    """Return what is left of the environment: Python's folder on PATH, no git, no HOME, no USER."""
    kept = {name: os.environ[name] for name in PASSED if name in os.environ}
    return kept | {"PATH": str(Path(sys.executable).parent), "TMPDIR": "/dev/shm", "DVC_NO_ANALYTICS": "1"}


def main() -> None:
    folder, *command = sys.argv[1:]
    libc = ctypes.CDLL(None, use_errno=True)
    mount(libc, folder, folder, None, BIND)
    set_read_only(libc, "/", True)
    for writable in (folder, "/proc"):  # /proc/self/uid_map, which the second unshare writes
        set_read_only(libc, writable, False)
    mount(libc, "tmpfs", "/dev/shm", b"tmpfs", 0, b"size=64m")
    if Path(folder, "data").is_dir():
        kept = Path("/dev/shm/kept")
        shutil.copytree(Path(folder, "data"), kept)
        mount(libc, "tmpfs", f"{folder}/data", b"tmpfs", 0, b"size=512m")
        shutil.copytree(kept, Path(folder, "data"), dirs_exist_ok=True)
        shutil.rmtree(kept)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    os.chdir(folder)
    os.execv(
        shutil.which("unshare", path="/usr/bin:/bin"),
        ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", sys.executable, *command],
    )


def mount(libc: ctypes.CDLL, source: str, target: str, kind: bytes | None, flags: int, data: bytes | None = None):
    if libc.mount(source.encode(), target.encode(), kind, ctypes.c_ulong(flags), data):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


def set_read_only(libc: ctypes.CDLL, target: str, value: bool) -> None:
    attributes = (ctypes.c_uint64 * 4)(*((READ_ONLY, 0) if value else (0, READ_ONLY)), 0, 0)  # set, clear, propagation
    if libc.syscall(MOUNT_SETATTR, HERE, target.encode(), RECURSIVE if value else 0, ctypes.byref(attributes), 32):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), target)


if __name__ == "__main__":
    main()
