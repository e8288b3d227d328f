"""The project behind gunicorn, as in production, on the loopback."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKERS = 2
START_TIMEOUT = 120  # seconds


class Server:
    """A running server: `port`, and what its processes weigh."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    def get(self, path: str, headers: dict | None = None) -> http.client.HTTPResponse:
        """The answer, already read: its `body` holds the bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        try:
            connection.request("GET", path, headers={"Connection": "close", **(headers or {})})
            response = connection.getresponse()
            response.body = response.read()
            return response
        finally:
            connection.close()

    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def pss(self) -> int:
        """The memory of the workers in bytes, what they share counted once."""
        return sum(_proportional(pid) for pid in self.workers())

    def restart_workers(self) -> None:
        """Fresh workers, as after a deployment; answers once they are ready to serve."""
        old = set(self.workers())
        self.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            now = set(self.workers())
            if len(now) == WORKERS and not now & old:
                self.wait()
                return
            time.sleep(0.05)
        raise TimeoutError("workers did not restart")

    def wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.05)
        raise TimeoutError("the server did not start")


def environment(folder: Path, database_url: str) -> dict[str, str]:
    """What a deployment sets, and nothing of this machine's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "FTAP_ENV_FILE": "",
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "SECRET_KEY": "bench-only-key-that-opens-nothing-0123456789-abcdefghijklmnopqrstuvwxyz",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SITE_URL": "https://laureats.example.org",
        "DATABASE_URL": database_url,
        "BENCH_FOLDER": str(folder),
        "MEDIA_ROOT": str(folder / "media"),
        "LOG_LEVEL": "CRITICAL",
        # As the README says.
        "MALLOC_MMAP_THRESHOLD_": "131072",
        "MALLOC_TRIM_THRESHOLD_": "131072",
    }


@contextlib.contextmanager
def serve(folder: Path, database_url: str, application="ftap.wsgi:application") -> Iterator[Server]:
    """The project on a free port, with gunicorn's own defaults but for the number of workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--workers", str(WORKERS)),
        *("--bind", f"127.0.0.1:{port}", "--timeout", "600", "--log-level", "error", application),
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(folder, database_url))
    try:
        server = Server(process, port)
        server.wait()
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _proportional(pid):
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
