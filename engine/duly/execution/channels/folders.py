"""A list as a folder of files, for a day and a name; the folder appears whole or not at all.

What is handed over is one parcel, so that its digest holds every file: a ZIP of files
that are not packed tighter, with no times in it. From the folder on disk the same
parcel comes about again, which is how an earlier hand-over is found out.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from duly.execution.channels.files import OutsideHome, private_folder, sync_folder, write_whole
from duly.execution.channels.parcels import checked_key, digest_of
from duly.execution.channels.worklist import day_of
from duly.execution.ports import Accepted, Deed, Deferred, Failed, Outcome, Parcel, Unknown, Unsendable
from duly.messages.lists import File

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_REFERENCE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}/[A-Za-z0-9][A-Za-z0-9._-]{0,199}")

FIRST_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest moment that a ZIP knows, for files that have none."""


class FolderChannel:
    """A folder into which every list goes as a folder of its own, under its day.

    Writing the same list twice is doing it once; one that is there with other files is never replaced.
    """

    def __init__(self, name: str, folder: Path, home: Path) -> None:
        self._name = name
        self._folder = folder
        self._home = home

    @property
    def name(self) -> str:
        """Its name in `channels.yaml`."""
        return self._name

    @property
    def is_real(self) -> bool:
        """Nothing leaves this machine by it."""
        return False

    @property
    def is_idempotent(self) -> bool:
        """The same folder twice is one folder."""
        return True

    @property
    def confirms_by_hand(self) -> bool:
        """What is written is where colleagues find it."""
        return False

    @property
    def per_minute(self) -> int:
        """No limit."""
        return 0

    def pack(self, deed: Deed) -> Parcel:
        """All files of the list in one parcel; raises `Unsendable`."""
        key = checked_key(deed.action)
        if not deed.files:
            raise Unsendable("no-list", "there is no list to write")
        content = zipped(deed.files)
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", f"{deed.action.stage}-{deed.action.person}")[:120]
        reference = f"{day_of(deed)}/{name}-{key}"
        to = deed.recipient.email or deed.action.person or deed.action.for_role
        return Parcel(key, self.name, (to,), content, digest_of(content), reference)

    def hand_over(self, parcel: Parcel, no_return: Callable[[], None]) -> Outcome:
        """Write the folder; past the point of no return it becomes visible under its name."""
        try:
            final = self._folder / parcel.reference
            final = private_folder(final.parent, self._home) / final.name
            written = _packed_again(final) if final.exists() else None
            part = final.parent / f".{final.name}.{os.getpid()}.part"
            if written is None:
                _write(part, parcel.content)
        except OutsideHome as outside:
            return Failed(str(outside), all=True)
        except OSError as error:
            return Deferred(f"cannot write: {error}", all=True)
        if written is not None:
            if written != parcel.content:
                return Failed(f"`{final.name}` is there with other content")
            no_return()
            return Accepted(f"`{final.name}` was there")
        try:
            no_return()
            try:
                part.rename(final)
                sync_folder(final.parent)
            except OSError as error:
                return Unknown(f"cannot write: {error}")
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return Accepted(f"wrote `{final.name}`")

    def evidence(self, reference: str, digest: str) -> Accepted | Failed | None:
        """Whether the folder is there with these files; one that is not there was not written, or was taken away."""
        if not _REFERENCE.fullmatch(reference):
            return None
        path = self._folder / reference
        try:
            content = _packed_again(path)
        except OSError:
            return None
        return Accepted(f"`{path.name}` is there") if digest_of(content) == digest else None

    def close(self) -> None:
        """Nothing is held."""


def zipped(files: Iterable[File]) -> bytes:
    """The files as one ZIP, the same bytes each time; raises `Unsendable` for a name that is not ours."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(files, key=lambda file: file.name):
            if not _NAME.fullmatch(file.name):
                raise Unsendable("bad-name", "a file of the list has a name that is not ours")
            archive.writestr(zipfile.ZipInfo(file.name, FIRST_TIME), file.content)
    return made.getvalue()


def _packed_again(folder: Path) -> bytes:
    """The parcel that a folder on disk would be; what has another name than ours was put there by someone else."""
    paths = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    return zipped(File(path.name, "", path.read_bytes()) for path in paths)


def _write(folder: Path, content: bytes) -> None:
    # What an earlier crash left under the name of this process is nobody's.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                write_whole(folder, name, archive.read(name))
    except OSError:
        with suppress(OSError):
            shutil.rmtree(folder)
        raise
