"""Shrinks the app by R8 under the rules of the APK, to classes that run on the JVM: a journey under Robolectric is then taken
with what R8 left. Beside the APK's rules, only those names are kept that the journey's own classes and the libraries for
tests call."""

import re
import shutil
import sys
import zipfile
from pathlib import Path
from time import monotonic

from libraries import class_path, java_home, run, unpack_libraries

# What the journey is taken with; the other tests see more of the app, and R8 reads no names with spaces.
JOURNEY = r"org/vouchsafe/app/(Journey|AppRobot|TestApplication|TestEnvironment|FakeFrameSource|RecordedFeedback|AdjustableClocks|StubbableTransport|FakeAndroidKeyStore|CodesKt)[.$]"
OFFICE = r"org/vouchsafe/core/(ClockKt|HttpKt|Office|PicturesKt|Plane)[.$]"


def shrink(target: Path, tools: Path, app: Path, declared: Path, test_libraries: Path, office: Path) -> list[Path]:
    """Class files of the app and its libraries as R8 leaves them, in target/shrunk, and Kotlin's own library as it is."""
    began = monotonic()
    work = target / "shrunk"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    programs, rules, _ = unpack_libraries(sorted((target / "aars").glob("*.aar")), work)
    rules += [app / "proguard-rules.pro", target / "aapt-rules.txt", work / "called.pro"]
    # Robolectric loads the app's classes into a sandbox and Kotlin's library beside it: R8 must not mix the two.
    kotlin, others = [], []
    for jar_file in class_path(target, work):
        (kotlin if jar_file.name.startswith("kotlin-stdlib") else others).append(jar_file)
    programs += others

    r8 = ["java", "-Xmx3g", "-cp", tools / "r8.jar"]
    libraries = []
    for library in [tools / "android.jar", java_home(), declared, *kotlin]:
        libraries += ["--lib", library]

    journey = jar(target / "test-classes", work / "journey.jar", re.compile(JOURNEY))
    callers = [journey, jar(office, work / "office.jar", re.compile(OFFICE)), jar(test_libraries, work / "test-libraries.jar", re.compile("."))]
    test_class_path = (target / "test-class-path.txt").read_text().strip().split(":")
    callers += [entry for entry in test_class_path if "kotlinx-coroutines-test" in entry]
    trace = r8 + ["com.android.tools.r8.tracereferences.TraceReferences", "--keep-rules", "--output", work / "called.pro"]
    # The libraries for tests know more than is there.
    trace += libraries + ["--map-diagnostics", "error", "info"]
    for program in programs:
        trace += ["--target", program]
    for caller in callers:
        trace += ["--source", caller]
    run(*trace)

    command = r8 + ["com.android.tools.r8.R8", "--release", "--classfile", "--output", work / "classes.jar"]
    command += libraries + ["--pg-map-output", work / "mapping.txt"]
    for file in rules:
        command += ["--pg-conf", file]
    run(*command, *programs)
    renamed = re.findall(r"^org\.vouchsafe\.app\.\S+ -> (?!org\.vouchsafe\.app\.)", (work / "mapping.txt").read_text(), re.MULTILINE)
    if not renamed:
        sys.exit("no class of the app has another name: nothing was shrunk")
    print(f"{work / 'classes.jar'}: {len(renamed)} classes of the app have other names, in {monotonic() - began:.0f} s")
    return [work / "classes.jar", *kotlin]


def jar(folder: Path, file: Path, wanted: re.Pattern) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for path in sorted(folder.rglob("*.class")):
            if wanted.match(str(path.relative_to(folder))):
                archive.write(path, path.relative_to(folder))
    return file
