"""The files that install, configure and check the project agree with one another."""

import contextlib
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

import psycopg
import pytest

from tests import run
from tests import settings as test_settings

ROOT = run.ROOT
MAKEFILE = (ROOT / "Makefile").read_text()
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")


def pins(name):
    """{package: (version, marker, set of hashes)} of a compiled file."""
    logical = (ROOT / name).read_text().replace("\\\n", " ")
    found = {}
    for line in logical.splitlines():
        if not line or line.lstrip().startswith("#"):
            continue
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        package, _, rest = requirement.partition("==")
        version, _, marker = (part.strip() for part in rest.partition(";"))
        found[package] = (version, marker, set(hashes))
    return found


# Dependencies ----------------------------------------------------------------


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_is_pinned_with_its_hashes(name):
    packages = pins(name)
    assert packages
    for package, (version, _, hashes) in packages.items():
        assert re.fullmatch(r"[a-z0-9-]+", package)
        assert re.fullmatch(r"\d[\w.!+-]*", version)
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in hashes)


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_requirements_name_no_address_and_no_folder(name):
    for line in (ROOT / name).read_text().splitlines():
        # An index, a find-links, a constraint, an address or a path on somebody's machine.
        assert not re.search(r"^\s*-|://|@|[\w.]/|\s/", line.replace("    --hash=", "")), line


def test_development_requirements_hold_the_others_at_the_same_versions():
    for_use, for_tests = map(pins, REQUIREMENTS)
    for package, (version, marker, hashes) in for_use.items():
        assert package in for_tests
        pinned, wider, known = for_tests[package]
        assert (pinned, known) == (version, hashes), package
        # Where the tests ask for a package more widely, they pin it everywhere.
        assert wider in (marker, ""), package


def test_declared_dependencies_are_compiled():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())

    def names(requirements):
        return {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}

    for_use, for_tests = map(pins, REQUIREMENTS)
    assert names(project["project"]["dependencies"]) <= set(for_use)
    tools = names(project["dependency-groups"]["dev"])
    assert tools <= set(for_tests)
    assert not tools & set(for_use)


# Makefile --------------------------------------------------------------------


def test_help_lists_every_target():
    targets = set(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE))
    rules = set(re.findall(r"^([a-z][\w-]*):(?!=)", MAKEFILE, re.MULTILINE))
    assert targets == rules
    output = subprocess.run(["make", "-C", ROOT], capture_output=True, text=True, check=True).stdout
    listed = dict(re.findall(r"^  ([a-z-]+) +(\S.*)$", output, re.MULTILINE))
    assert set(listed) == targets


def test_continuous_integration_can_be_executed():
    assert stat.S_IMODE((ROOT / ".ci/run").stat().st_mode) & 0o111


def test_make_run_writes_an_environment_file_for_its_owner_alone(tmp_path):
    source = re.search(r"^define WRITE_ENV\n(.+?)^endef", MAKEFILE, re.MULTILINE | re.DOTALL)[1]
    write = [sys.executable, "-c", source]
    subprocess.run(write, cwd=tmp_path, check=True)
    written = tmp_path / ".env"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    lines = [line for line in written.read_text().splitlines() if not line.startswith("#")]
    values = dict(line.split("=", 1) for line in lines)
    assert set(values) == {"SECRET_KEY", "DEBUG", "ALLOWED_HOSTS"}
    assert len(values["SECRET_KEY"]) >= 64
    # A second writing is refused: a key in use is never replaced.
    before = written.read_bytes()
    assert subprocess.run(write, cwd=tmp_path, stderr=subprocess.PIPE).returncode
    assert written.read_bytes() == before


def test_make_run_tells_a_busy_port_from_a_free_one():
    source = re.search(r"^define CHECK_PORT\n(.+?)^endef", MAKEFILE, re.MULTILINE | re.DOTALL)[1]

    def check(port):
        command = [sys.executable, "-c", source, str(port)]
        return subprocess.run(command, capture_output=True, text=True).stderr

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"Le port {port} ne peut pas servir" in check(port)
    assert check(port) == ""
    assert "Le port abc ne peut pas servir" in check("abc")
    assert "Le port 99999 ne peut pas servir" in check(99999)


# Settings --------------------------------------------------------------------


def variables_read():
    source = (ROOT / "ftap/settings.py").read_text()
    return set(re.findall(r"""(?:\benv\.\w+|environ\.get)\(\s*"([A-Z_]+)\"""", source))


def test_every_variable_is_documented():
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)) == variables_read()


def test_no_variable_of_the_machine_reaches_the_tests():
    controlled = set(test_settings.given) | test_settings.taken_away
    assert controlled == variables_read() - {"DATABASE_URL"}


# The runner of both engines --------------------------------------------------


@pytest.mark.parametrize(
    ("statuses", "ci", "notices", "expected"),
    [
        ([0, 0], False, [], 0),
        ([0, 1], False, [], 1),
        ([1, 0], False, [], 1),
        ([5, 0], False, [], 0),
        ([0, 5], False, [], 0),
        ([5, 5], False, [], 5),
        ([5, 1], False, [], 1),
        ([4], False, [], 4),
        ([0], False, ["absent"], 0),
        ([0], True, ["absent"], 1),
        ([0, 0], True, [], 0),
    ],
)
def test_exit_status(monkeypatch, statuses, ci, notices, expected):
    monkeypatch.setenv("CI", "true" if ci else "")
    assert run.overall(statuses, notices) == expected


def fake_server(folder):
    folder.mkdir(parents=True)
    for name in ("initdb", "postgres"):
        (folder / name).touch(0o755)
    return folder


def test_newest_server_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    for version in ("9", "15", "17"):
        fake_server(tmp_path / version / "bin")
    (tmp_path / "18/bin").mkdir(parents=True)  # a client alone has no server to offer
    assert run.find_postgresql(str(tmp_path)) == tmp_path / "17/bin"


def test_server_is_found_on_path(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "")
    assert run.find_postgresql(str(tmp_path)) is None
    monkeypatch.setenv("PATH", str(fake_server(tmp_path / "elsewhere")))
    assert run.find_postgresql(str(tmp_path)) == tmp_path / "elsewhere"


def test_absence_says_what_to_type(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(run.shutil, "which", lambda name: f"/usr/bin/{name}")
    notice = run.absence("Chromium est absent", "chromium", "libatomic1")
    assert "Chromium est absent" in notice
    assert "sudo apt-get install -y chromium libatomic1" in notice


@pytest.fixture
def programs():
    found = run.find_postgresql()
    if found is None:
        pytest.skip(f"PostgreSQL est absent : {run.install_line(run.POSTGRESQL_PACKAGE)}")
    return found


def test_server_lives_for_its_block_and_knows_accents(programs):
    with run.postgresql(programs) as url:
        folder = Path(url.split("host=")[1].replace("%2F", "/"))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        with psycopg.connect(host=folder, user="ftap", dbname="postgres") as connection:
            row = connection.execute("SELECT upper('é'), current_setting('listen_addresses')")
            assert row.fetchone() == ("É", "")
        connection.close()
        pid = int((folder / "data/postmaster.pid").read_text().splitlines()[0])
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_server_keeps_its_data_where_it_is_told(programs):
    # Every account can cross /var/tmp; the temporary folder of a test may be closed to others.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as kept:
        os.chmod(kept, 0o755)  # the account of the server crosses it
        data = Path(kept) / "data"
        for expected in ([], ["essai"]):
            with run.postgresql(programs, data) as url:
                query = "SELECT datname FROM pg_database WHERE datname = 'essai'"
                folder = url.split("host=")[1].replace("%2F", "/")
                with psycopg.connect(
                    host=folder, user="ftap", dbname="postgres", autocommit=True
                ) as connection:
                    assert [name for (name,) in connection.execute(query)] == expected
                    if not expected:
                        connection.execute("CREATE DATABASE essai")
                connection.close()
        assert not Path(folder).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="seul Linux signale la mort d’un parent")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_server_does_not_outlive_its_runner(programs, number, tmp_path):
    source = (
        "import signal, sys, time; from pathlib import Path; from tests import run\n"
        "signal.signal(signal.SIGTERM, run.stop_by_signal)\n"
        "with run.postgresql(Path(sys.argv[1])) as url:\n"
        "    print(url.split('host=')[1].replace('%2F', '/'), flush=True)\n"
        "    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", source, programs],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as runner:
        folder = Path(runner.stdout.readline().strip())
        pid = int((folder / "data/postmaster.pid").read_text().splitlines()[0])
        runner.send_signal(number)
    deadline = time.monotonic() + 20
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.05)
        pytest.fail("le serveur survit à ce qui l’a lancé")
    if number == signal.SIGKILL:
        # Nothing can clean behind a SIGKILL: the folder stays, the server does not.
        run.shutil.rmtree(folder)
    assert not folder.exists()
