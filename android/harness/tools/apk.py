#!/usr/bin/env python3
"""Shrinks the app by R8 and packs it: resources, classes, the libraries' native code; aligned, and signed by a key that is
made for the occasion. The engine for phones needs the NDK and is not inside."""

import argparse
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

from aars import jars

TOOLS = Path(__file__).resolve().parent
# Of a page on devices that have the larger ones; native code is mapped from where it lies in the file.
PAGE = 16384
# What the app may take without native code: people pay for every megabyte.
BUDGET = 3_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--app", "--target", "--tools"):
        parser.add_argument(name, type=Path, required=True)
    # What the app is compiled against and the harness does not have: CameraX's declared signatures.
    parser.add_argument("--declared", type=Path, required=True)
    parser.add_argument("--min-sdk", required=True)
    options = parser.parse_args()
    target: Path = options.target

    work = target / "apk"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    programs, rules, native = unpack_libraries(sorted((target / "aars").glob("*.aar")), work)
    programs += class_path(target, work)
    rules += [options.app / "proguard-rules.pro", target / "aapt-rules.txt"]

    java_home = os.environ.get("JAVA_HOME") or Path(shutil.which("javac")).resolve().parent.parent
    r8 = ["java", "-Xmx3g", "-cp", options.tools / "r8.jar", "com.android.tools.r8.R8", "--release"]
    r8 += ["--min-api", options.min_sdk, "--lib", options.tools / "android.jar", "--lib", java_home, "--lib", options.declared]
    r8 += ["--output", work / "dex.zip", "--pg-map-output", target / "mapping.txt"]
    for file in rules:
        r8 += ["--pg-conf", file]
    run(*r8, *programs)

    pack(work / "unsigned.apk", target / "resources.apk", work / "dex.zip", native)
    apk = target / "vouchsafe.apk"
    sign = ["java", "-cp", options.tools / "apksig.jar", TOOLS / "Sign.java", work / "unsigned.apk", apk]
    run(*sign, target / "signing.p12", options.min_sdk)
    code = sum(len(code) for _, code in native)
    size = apk.stat().st_size
    print(f"{apk}: {size:,} bytes, of which native code {code:,}")
    if size - code > BUDGET:
        sys.exit(f"without native code, the app takes {size - code:,} bytes; {BUDGET:,} are allowed")


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


def pack(apk: Path, resources: Path, dex: Path, native: list[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(apk, "w") as out, zipfile.ZipFile(resources) as linked, zipfile.ZipFile(dex) as classes:
        for entry in linked.infolist():
            stored = entry.filename == "resources.arsc" or entry.compress_type == zipfile.ZIP_STORED
            put(out, entry.filename, linked.read(entry), 4 if stored else None)
        for name in classes.namelist():
            if name.endswith(".dex") or name.startswith("META-INF/services/"):
                put(out, name, classes.read(name), None)
        for name, code in native:
            put(out, name, code, PAGE)


def put(out: zipfile.ZipFile, name: str, content: bytes, alignment: int | None) -> None:
    """Compressed, or stored where `alignment` says, after a padding field as Android's own tools write it."""
    entry = zipfile.ZipInfo(name, (1981, 1, 1, 1, 1, 2))
    entry.external_attr = 0o644 << 16
    if alignment is None:
        entry.compress_type = zipfile.ZIP_DEFLATED
    else:
        begins = out.fp.tell() + 30 + len(name.encode())
        padding = -begins % alignment
        if 0 < padding < 4:
            padding += alignment
        if padding:
            entry.extra = struct.pack("<HH", 0xD935, padding - 4) + bytes(padding - 4)
    out.writestr(entry, content)


def run(*command: object) -> str:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} failed:\n{done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
