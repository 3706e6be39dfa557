"""Child processes that end when their parent does, even when the parent is killed without a chance to tidy up."""

import functools
import shutil
import subprocess
from collections.abc import Sequence


def works(command: Sequence[str]) -> bool:
    """Whether the command can be run here and succeeds; never raises."""
    if shutil.which(command[0]) is None:
        return False
    try:
        done = subprocess.run(command, check=False, capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@functools.cache
def leash(signal: str) -> tuple[str, ...]:
    """Return the words that, put before a command, send it `signal` (as "INT") when its starter ends.

    Empty where the platform has no such thing. The leash hangs on the *thread* that starts the child, so start
    children from the main thread; and a change of user clears it, so it stands last before the command.
    """
    prefix = ("setpriv", "--pdeathsig", signal, "--")
    return prefix if works([*prefix, "true"]) else ()
