"""Ends what `cargo dev` started, however `cargo dev` itself ends.

Reads lines "watch PID" and "forget PID" from standard input. Its end means that `cargo dev` is gone or
asks for the end: then every watched process, its descendants, and every process that carries the stack's
mark in its environment (the functions lead sessions of their own, and may have lost their parent) is asked
to stop, and after three seconds made to. Finally what is not to stay goes away: the file that says where
the stack is, the data of a stack that keeps none.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

MARK, LEFTOVERS = sys.argv[1].encode(), sys.argv[2:]


def processes():
    """Parent by process id."""
    parents = {}
    if os.path.isdir("/proc/self"):
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    state, parent = file.read().rsplit(b")", 1)[1].split()[:2]
            except OSError:
                continue
            if state != b"Z":
                parents[int(name)] = int(parent)
        return parents
    listing = subprocess.run(["ps", "-axo", "pid=,ppid=,state="], capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        pid, parent, state = line.split()[:3]
        if not state.startswith("Z"):
            parents[int(pid)] = int(parent)
    return parents


def marked(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return MARK in file.read().split(b"\0")
    except OSError:
        return False


def of_the_stack(known):
    parents = processes()
    found = {pid for pid in parents if pid in known or marked(pid)}
    while True:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        if not more:
            return found - {os.getpid()}
        found |= more


def end(known):
    for number, patience in ((signal.SIGTERM, 3.0), (signal.SIGKILL, 2.0)):
        until = time.monotonic() + patience
        asked = set()
        while time.monotonic() < until:
            alive = of_the_stack(known)
            if not alive:
                return
            for pid in alive - asked:
                try:
                    os.kill(pid, number)
                except OSError:
                    pass
            asked |= alive
            known = known | alive
            time.sleep(0.05)


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched = set()
    for line in sys.stdin:
        verb, pid = line.split()
        (watched.add if verb == "watch" else watched.discard)(int(pid))
    end(watched)
    for path in LEFTOVERS:
        if os.path.isdir(path):
            shutil.rmtree(path, ignore_errors=True)
            continue
        try:
            os.remove(path)
        except OSError:
            pass


main()
