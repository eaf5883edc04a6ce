#!/usr/bin/env python3
"""Shrinks the app by R8 and packs it: resources, classes, the libraries' native code; aligned, and signed by a key that is
made for the occasion. The engine for phones needs the NDK and is not inside.

With --journey, R8 writes class files that the journey's test runs with (shrunk.py), and D8 makes the APK's of the same: R8
takes the longest of all steps, and runs once either way."""

import argparse
import shutil
import struct
import sys
import zipfile
from pathlib import Path

from libraries import class_path, java_home, run, unpack_libraries
from shrunk import shrink

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
    parser.add_argument("--journey", choices=("yes", "no"), required=True)
    parser.add_argument("--test-libraries", type=Path, required=True)
    parser.add_argument("--office", type=Path, required=True)
    options = parser.parse_args()
    target: Path = options.target

    work = target / "apk"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    programs, rules, native = unpack_libraries(sorted((target / "aars").glob("*.aar")), work)

    libraries = ["--lib", options.tools / "android.jar", "--lib", java_home(), "--lib", options.declared]
    dex = ["--release", "--min-api", options.min_sdk, *libraries, "--output", work / "dex.zip"]
    java = ["java", "-Xmx3g", "-cp", options.tools / "r8.jar"]
    if options.journey == "yes":
        shrunk = shrink(target, options.tools, options.app, options.declared, options.test_libraries, options.office)
        run(*java, "com.android.tools.r8.D8", *dex, *shrunk)
    else:
        programs += class_path(target, work)
        for file in [*rules, options.app / "proguard-rules.pro", target / "aapt-rules.txt"]:
            dex += ["--pg-conf", file]
        run(*java, "com.android.tools.r8.R8", *dex, "--pg-map-output", target / "mapping.txt", *programs)

    pack(work / "unsigned.apk", target / "resources.apk", work / "dex.zip", native)
    apk = target / "vouchsafe.apk"
    sign = ["java", "-cp", options.tools / "apksig.jar", TOOLS / "Sign.java", work / "unsigned.apk", apk]
    run(*sign, target / "signing.p12", options.min_sdk)
    code = sum(len(code) for _, code in native)
    size = apk.stat().st_size
    print(f"{apk}: {size:,} bytes, of which native code {code:,}")
    if size - code > BUDGET:
        sys.exit(f"without native code, the app takes {size - code:,} bytes; {BUDGET:,} are allowed")


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


if __name__ == "__main__":
    main()
