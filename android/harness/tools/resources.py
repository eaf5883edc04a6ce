#!/usr/bin/env python3
"""Compiles and links the app's resources with those of its libraries, by aapt2; writes R's sources, the merged manifest,
and what Robolectric wants to know of them."""

import argparse
import hashlib
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import manifest

PACKAGE = "org.vouchsafe.app"
LANGUAGES = "en,fr,ar"
AAPT2_SHA256 = "e9f05c38c1b777d07b3c5a20b1b6ce66e110badc6e31384acd0aae53932b7322"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--app", "--target", "--tools"):
        parser.add_argument(name, type=Path, required=True)
    for name in ("--min-sdk", "--target-sdk"):
        parser.add_argument(name, required=True)
    options = parser.parse_args()
    target: Path = options.target

    aapt2 = options.tools / "prebuilt" / "linux" / "aapt2_64"
    if hashlib.sha256(aapt2.read_bytes()).hexdigest() != AAPT2_SHA256:
        sys.exit(f"{aapt2} is not the program that was looked at: compare it, then change AAPT2_SHA256")
    aapt2.chmod(0o755)

    libraries = sorted((target / "aars").glob("*.aar"))
    sdks = {"minSdkVersion": options.min_sdk, "targetSdkVersion": options.target_sdk}
    merged, packages = manifest.merge(options.app / "src/main/AndroidManifest.xml", libraries, PACKAGE, sdks)
    merged_file = target / "AndroidManifest.xml"
    merged.write(merged_file, encoding="utf-8", xml_declaration=True)

    work = fresh(target / "resources")
    sources = fresh(target / "generated-sources" / "r")
    assets = fresh(target / "assets")
    compiled = []
    for library in libraries:
        with zipfile.ZipFile(library) as aar:
            files = [name for name in aar.namelist() if not name.endswith("/")]
            for name in files:
                if name.startswith("assets/"):
                    aar.extract(name, target)
            own = [name for name in files if name.startswith("res/")]
            if own:
                aar.extractall(work / library.stem, own)
                compiled.append(work / f"{library.stem}.zip")
                run(aapt2, "compile", "--dir", work / library.stem / "res", "-o", compiled[-1])
    compiled.append(work / "app.zip")
    run(aapt2, "compile", "--dir", options.app / "src/main/res", "-o", compiled[-1])

    link = [aapt2, "link", "-I", options.tools / "android.jar", "--manifest", merged_file]
    link += ["-o", target / "resources.apk", "--java", sources, "--non-final-ids", "--auto-add-overlay"]
    link += ["--min-sdk-version", options.min_sdk, "--target-sdk-version", options.target_sdk]
    link += ["--version-code", "1", "--version-name", "0.1.0", "-c", LANGUAGES, "-A", assets]
    link += ["--proguard", target / "aapt-rules.txt", "--extra-packages", ":".join(packages)]
    for archive in compiled:
        link += ["-R", archive]
    run(*link)

    config = target / "test-classes" / "com" / "android" / "tools"
    config.mkdir(parents=True, exist_ok=True)
    (config / "test_config.properties").write_text(
        f"android_merged_manifest={merged_file}\n"
        f"android_resource_apk={target / 'resources.apk'}\n"
        f"android_merged_assets={assets}\n"
        f"android_custom_package={PACKAGE}\n"
    )


def fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def run(*command: object) -> None:
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} {command[1]} failed:\n{done.stdout}")


if __name__ == "__main__":
    main()
