"""The documentation says what exists: pages, commands, settings, words of the screens."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class

ROOT = Path(settings.BASE_DIR)
PAGES = sorted((ROOT / "docs").glob("*.md"))
ALL = [ROOT / "README.md", ROOT / "fixtures/README.md", *PAGES]
_SPACES = re.compile(r"""[\s\u00a0\u202f]|&nbsp;|\\u00a0|\\u202f|"\s*f?\"""")


def names(paths):
    return [path.relative_to(ROOT).as_posix() for path in paths]


def links(path):
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.S)
    return {target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)}


def folded(text):
    """Without what differs between a page, a template and a string of a module."""
    return _SPACES.sub("", text).lower()


@pytest.fixture(scope="module")
def screens():
    sources = (
        path
        for folder in ("ftap", "laureates", "calls", "templates")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".html"}
    )
    return folded("\n".join(path.read_text(encoding="utf-8") for path in sources))


def test_the_index_leads_to_every_page_and_the_readme_to_the_index():
    assert len(PAGES) > 4
    listed = links(ROOT / "docs/README.md")
    assert {path.name for path in PAGES} - {"README.md"} <= listed
    assert "docs/README.md" in links(ROOT / "README.md")


@pytest.mark.parametrize("name", names(ALL))
def test_links_lead_somewhere(name):
    page = ROOT / name
    found = {target for target in links(page) if not re.match(r"[a-z]+:|$", target)}
    assert found or name == "fixtures/README.md"
    assert [target for target in found if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("name", names(ALL))
def test_commands_and_their_options_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    known = get_commands()
    for found in re.finditer(r"manage\.py ([a-z_]+)((?: [^`\n#]*)?)", text):
        command, arguments = found.groups()
        assert command in known, command
        made = known[command]
        if isinstance(made, str):
            made = load_command_class(made, command)
        options = made.create_parser("manage.py", command)._option_string_actions
        for option in re.findall(r"(?<=\s)--[a-z-]+", arguments):
            assert option in options, (command, option)
    for target in re.findall(r"(?:`|^)(?:[A-Z_]+=\S+ )?make ([a-z-]+)", text, re.M):
        assert target in targets, target


@pytest.mark.parametrize("name", names(PAGES))
def test_settings_exist(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    described = (ROOT / ".env.example").read_text(encoding="utf-8")
    for setting in re.findall(r"`([A-Z]+_[A-Z_]+)`", text):
        assert re.search(rf"^#?{setting}=", described, re.M), setting


@pytest.mark.parametrize("name", names(PAGES))
def test_words_quoted_are_those_of_the_screens(name, screens):
    text = (ROOT / name).read_text(encoding="utf-8")
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    quoted = re.findall(r"«\s*([^»]+?)\s*»", text)
    assert [words for words in quoted if folded(words) not in screens] == []
