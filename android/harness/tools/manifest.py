"""Merges the app's manifest with those of its libraries, as far as these need it: children by name, `${applicationId}`,
and `tools:node="remove"`. What else Android's own merger knows is not known here."""

import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

ANDROID = "{http://schemas.android.com/apk/res/android}"
TOOLS = "{http://schemas.android.com/tools}"
ET.register_namespace("android", ANDROID.strip("{}"))


def merge(main: Path, libraries: list[Path], package: str, sdks: dict[str, str]) -> tuple[ET.ElementTree, list[str]]:
    """The merged manifest, and the packages that the libraries name their resources by."""
    root = ET.fromstring(main.read_text().replace("${applicationId}", package))
    tree = ET.ElementTree(root)
    root.set("package", package)
    root.insert(0, ET.Element("uses-sdk", {f"{ANDROID}{name}": version for name, version in sdks.items()}))
    absolute_names(root, package)
    removed = [identity(element) for element in root.iter() if element.get(f"{TOOLS}node") == "remove"]

    packages = set()
    for path in libraries:
        with zipfile.ZipFile(path) as aar:
            text = aar.read("AndroidManifest.xml").decode().replace("${applicationId}", package)
        library = ET.fromstring(text)
        packages.add(library.get("package"))
        absolute_names(library, library.get("package"))
        merge_children(root, library)
    remove(root, removed)
    for element in root.iter():
        for attribute in [name for name in element.attrib if name.startswith(TOOLS)]:
            del element.attrib[attribute]
    return tree, sorted(packages - {package})


def identity(element: ET.Element) -> tuple[str, str | None]:
    # There is one application, whichever class it has.
    return element.tag, None if element.tag == "application" else element.get(f"{ANDROID}name")


def absolute_names(root: ET.Element, package: str) -> None:
    for element in root.iter():
        name = element.get(f"{ANDROID}name")
        if name and name.startswith("."):
            element.set(f"{ANDROID}name", package + name)


def merge_children(into: ET.Element, source: ET.Element) -> None:
    have = {identity(child): child for child in into}
    for child in source:
        if child.tag == "uses-sdk":
            continue
        same = have.get(identity(child))
        if same is None or (child.tag != "application" and same.get(f"{ANDROID}name") is None):
            into.append(child)
            have[identity(child)] = child
            continue
        for name, value in child.attrib.items():
            same.attrib.setdefault(name, value)
        merge_children(same, child)


def remove(parent: ET.Element, removed: list[tuple[str, str | None]]) -> None:
    for child in list(parent):
        if identity(child) in removed:
            parent.remove(child)
        else:
            remove(child, removed)
