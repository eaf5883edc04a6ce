"""What R8 is given: the libraries' jars, rules and native code, the app's own classes; and how a tool is run."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from aars import jars


def unpack_libraries(libraries: list[Path], work: Path) -> tuple[list[Path], list[Path], list[tuple[str, bytes]]]:
    """Their jars, their rules for R8, and their native code by its place in the APK."""
    programs, rules, native = [], [], []
    for library in libraries:
        with zipfile.ZipFile(library) as aar:
            for jar in jars(aar):
                programs.append(work / f"{library.stem}-{Path(jar).name}")
                programs[-1].write_bytes(aar.read(jar))
            if "proguard.txt" in aar.namelist():
                rules.append(work / f"{library.stem}.pro")
                rules[-1].write_bytes(aar.read("proguard.txt"))
            native += [(name.replace("jni/", "lib/", 1), aar.read(name)) for name in aar.namelist() if name.endswith(".so")]
    return programs, rules, native


def class_path(target: Path, work: Path) -> list[Path]:
    """The app's own classes as a jar, and the plain jars that it runs with."""
    own = work / "app.jar"
    with zipfile.ZipFile(own, "w") as archive:
        for file in sorted((target / "classes").rglob("*")):
            if file.is_file():
                archive.write(file, file.relative_to(target / "classes"))
    entries = [Path(entry) for entry in (target / "class-path.txt").read_text().strip().split(":")]
    # Those libraries are there one by one already.
    return [own] + [entry for entry in entries if not entry.name.startswith("libraries-") and "libraries/" not in str(entry)]


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout}")
    return done.stdout


def java_home() -> Path:
    return Path(os.environ.get("JAVA_HOME") or Path(shutil.which("javac")).resolve().parent.parent)
