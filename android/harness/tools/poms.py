#!/usr/bin/env python3
"""Writes the harness's POMs that name versions: from gradle/libs.versions.toml and the artifacts.txt beside each POM.

    poms.py            write them
    poms.py --check    fail if one is not what it would write: Maven runs this first of all
"""

import re
import sys
from pathlib import Path

HARNESS = Path(__file__).resolve().parent.parent
CATALOG = HARNESS.parent / "gradle" / "libs.versions.toml"

POM = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- Written by tools/poms.py. Do not edit: change gradle/libs.versions.toml or artifacts.txt, and run it again. -->
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
"""

VERSIONS = """\
  <groupId>org.vouchsafe</groupId>
  <artifactId>versions</artifactId>
  <version>0.1.0</version>
  <packaging>pom</packaging>

  <properties>
{properties}
  </properties>
</project>
"""

LIBRARIES = """\
  <parent>
    <groupId>org.vouchsafe</groupId>
    <artifactId>harness</artifactId>
    <version>0.1.0</version>
  </parent>
  <artifactId>{name}</artifactId>

  <dependencies>
{dependencies}
  </dependencies>

  <build>
    <plugins>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-dependency-plugin</artifactId>
        <executions>
          <execution>
            <id>aars</id>
            <phase>generate-resources</phase>
            <goals><goal>copy-dependencies</goal></goals>
            <configuration>
              <includeTypes>aar</includeTypes>
              <prependGroupId>true</prependGroupId>
              <outputDirectory>${{project.build.directory}}/aars</outputDirectory>
            </configuration>
          </execution>
        </executions>
      </plugin>
      <plugin>
        <groupId>org.codehaus.mojo</groupId>
        <artifactId>exec-maven-plugin</artifactId>
        <executions>
          <execution>
            <id>explode</id>
            <phase>process-classes</phase>
            <goals><goal>exec</goal></goals>
            <configuration>
              <executable>python3</executable>
              <arguments>
                <argument>${{tools}}/aars.py</argument>
                <argument>${{project.build.directory}}/aars</argument>
                <argument>${{project.build.outputDirectory}}</argument>
              </arguments>
            </configuration>
          </execution>
        </executions>
      </plugin>
    </plugins>
  </build>
</project>
"""

DEPENDENCY = """\
    <dependency>
      <groupId>{group}</groupId>
      <artifactId>{artifact}</artifactId>
      <version>{version}</version>
      <type>{type}</type>
      <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
    </dependency>"""


def catalog_versions() -> dict[str, str]:
    """The catalog's [versions]; read by hand, since Python below 3.11 has no TOML."""
    table = re.search(r"^\[versions\]\n(.*?)^\[", CATALOG.read_text(), re.MULTILINE | re.DOTALL)
    return dict(re.findall(r'^(\w+) = "(.+)"$', table[1], re.MULTILINE))


def property_name(name: str) -> str:
    """`androidxTest` as Maven's users write it: `androidx-test.version`."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda upper: "-" + upper[1].lower(), name) + ".version"


def versions_pom(versions: dict[str, str]) -> str:
    properties = [f"    <{property_name(name)}>{version}</{property_name(name)}>" for name, version in versions.items()]
    return POM + VERSIONS.format(properties="\n".join(properties))


def libraries_pom(name: str, artifacts: str) -> str:
    dependencies = []
    for line in artifacts.splitlines():
        if line and not line.startswith("#"):
            module, kind, version = line.split()
            group, artifact = module.split(":")
            if version.startswith("@"):
                version = "${" + property_name(version[1:]) + "}"
            dependencies.append(DEPENDENCY.format(group=group, artifact=artifact, type=kind, version=version))
    return POM + LIBRARIES.format(name=name, dependencies="\n".join(dependencies))


def main() -> None:
    versions = catalog_versions()
    poms = {HARNESS / "versions" / "pom.xml": versions_pom(versions)}
    for name in ("libraries", "test-libraries"):
        poms[HARNESS / name / "pom.xml"] = libraries_pom(name, (HARNESS / name / "artifacts.txt").read_text())

    if sys.argv[1:] == ["--check"]:
        stale = [str(path) for path, text in poms.items() if path.read_text() != text]
        if stale:
            sys.exit(f"{', '.join(stale)}: not what the version catalog says. Run {Path(__file__)}")
    else:
        for path, text in poms.items():
            path.write_text(text)


if __name__ == "__main__":
    main()
