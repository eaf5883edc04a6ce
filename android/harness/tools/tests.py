#!/usr/bin/env python3
"""Fails unless every test of a module ran in this build, and none was skipped: a runner that does not find a test says nothing.

    tests.py SOURCES REPORTS SINCE WANTED    SOURCES: a folder, or the one file of a class
                                             SINCE: when this build began, 2026-06-15T10:00:00Z
                                             WANTED: false where only some tests were asked for
"""

import re
import sys
from datetime import datetime, timezone
from pathlib import Path
from xml.etree import ElementTree


def written(sources: Path) -> dict[str, int]:
    """How many tests each class has in the sources."""
    tests = {}
    for file in [sources] if sources.is_file() else sorted(sources.rglob("*.kt")):
        text = file.read_text()
        count = len(re.findall(r"^\s*@Test\b", text, re.MULTILINE))
        if count:
            package = re.search(r"^package (.+)$", text, re.MULTILINE)[1]
            tests[f"{package}.{file.stem}"] = count
    return tests


def ran(report: Path, since: float) -> int | None:
    """How many different tests a class's report names; those of one that is run with several parameters count as one."""
    if not report.exists() or report.stat().st_mtime < since:
        return None
    cases = ElementTree.parse(report).getroot().findall("testcase")
    skipped = [case.get("name") for case in cases if case.find("skipped") is not None]
    if skipped:
        sys.exit(f"{report}: skipped: {', '.join(skipped)}")
    return len({re.sub(r"[\[({].*", "", case.get("name")) for case in cases})


def main() -> None:
    if sys.argv[4] == "false":
        return
    sources, reports = Path(sys.argv[1]), Path(sys.argv[2])
    began = datetime.strptime(sys.argv[3], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    tests = written(sources)
    if not tests:
        sys.exit(f"{sources}: no tests")
    found = {name: ran(reports / f"TEST-{name}.xml", began) for name in tests}
    wrong = [f"{name}: {tests[name]} tests are written, {found[name] or 0} ran" for name in tests if found[name] != tests[name]]
    if wrong:
        sys.exit("\n".join(wrong))
    print(f"{sum(tests.values())} tests in {len(tests)} classes: all ran, none was skipped")


if __name__ == "__main__":
    main()
