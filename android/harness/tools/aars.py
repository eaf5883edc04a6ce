#!/usr/bin/env python3
"""Unpacks the classes of every Android library in a folder into one folder, since Maven puts no AAR on a class path.

    aars.py AARS CLASSES
"""

import io
import sys
import zipfile
from pathlib import Path


def jars(aar: zipfile.ZipFile) -> list[str]:
    """The library's own classes, and the jars that it brings along."""
    return [name for name in aar.namelist() if name == "classes.jar" or (name.startswith("libs/") and name.endswith(".jar"))]


def explode(aars: Path, classes: Path) -> None:
    for path in sorted(aars.glob("*.aar")):
        with zipfile.ZipFile(path) as aar:
            for jar in jars(aar):
                with zipfile.ZipFile(io.BytesIO(aar.read(jar))) as archive:
                    unpack(archive, classes, path.name)


def unpack(archive: zipfile.ZipFile, classes: Path, source: str) -> None:
    for name in archive.namelist():
        if name.endswith("/") or name == "META-INF/MANIFEST.MF":
            continue
        content = archive.read(name)
        target = classes / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name.startswith("META-INF/services/"):
            said = target.read_bytes() if target.exists() else b""
            if content not in said:
                target.write_bytes(said + content + b"\n")
        elif not target.exists():
            target.write_bytes(content)
        elif name.endswith(".class") and target.read_bytes() != content:
            sys.exit(f"{source}: another library has a different {name}")


if __name__ == "__main__":
    explode(Path(sys.argv[1]), Path(sys.argv[2]))
