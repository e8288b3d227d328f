"""The trimmed style sheet: everything that pages use, as the design system has it, and no more."""

import re

import pytest
import tinycss2

from ftap import design_system
from ftap.design_system import SHEETS, SOURCE, Used, named, trim, used, writers


@pytest.fixture(scope="module")
def sheet():
    return trim(used())


@pytest.fixture(scope="module")
def whole():
    return "".join((SOURCE / name).read_text() for name in SHEETS)


def selectors(text):
    """{(conditions, selector)} of every rule that says more than what its own properties hold."""
    found = set()

    def read(nodes, around):
        for node in nodes:
            if node.type == "qualified-rule" and not is_of_custom_properties(node):
                # Commas inside brackets separate no selectors.
                parts = [""]
                for token in node.prelude:
                    if token.type == "literal" and token.value == ",":
                        parts.append("")
                    else:
                        parts[-1] += token.serialize()
                found.update((around, part.strip()) for part in parts)
            elif node.type == "at-rule" and node.at_keyword in {"media", "supports"}:
                inside = tinycss2.parse_rule_list(node.content, True, True)
                read(inside, f"{around}{tinycss2.serialize(node.prelude).strip()}|")

    read(tinycss2.parse_stylesheet(text, True, True), "")
    return found


def is_of_custom_properties(rule):
    inside = tinycss2.parse_blocks_contents(rule.content, True, True)
    return all(one.type == "declaration" and one.name.startswith("--") for one in inside)


def classes(selector):
    bare = re.sub(r"\[[^]]*\]|:[\w-]+\([^()]*(?:\([^()]*\)[^()]*)*\)", "", selector)
    return re.findall(r"\.([\w-]+)", bare)


def test_each_rule_of_a_class_that_a_template_writes_is_kept(sheet, whole):
    pages = "".join(path.read_text() for path in writers() if path.suffix == ".html")
    written = set(re.findall(r"[\w-]+", pages))
    kept = selectors(sheet)
    wanted = {(around, one) for around, one in selectors(whole) if written >= {*classes(one)}}
    assert len(wanted) > 500
    assert wanted - kept == set()
    # States that only scripts bring.
    for state in (".fr-modal--opened", ".fr-btn--close", "[data-fr-theme=dark]", ":focus-visible"):
        assert state in sheet


def test_nothing_is_added_and_little_is_left(sheet, whole):
    assert selectors(sheet) <= selectors(whole)
    assert len(sheet) < len(whole) / 3
    for unused in (".fr-stepper", ".fr-tabs", ".fr-sidemenu", "Spectral", ".woff)"):
        assert unused in whole
        assert unused not in sheet


def test_a_colour_that_is_asked_for_is_defined(sheet, whole):
    asked = set(re.findall(r"var\((--[\w-]+)", sheet))
    own = "".join(path.read_text() for path in writers() if path.suffix == ".css")
    asked |= set(re.findall(r"var\((--[\w-]+)", own))
    assert len(asked) > 100

    def defined(text):
        return set(re.findall(r"(--[\w-]+):", text))

    assert (asked & defined(whole)) - defined(sheet) == set()
    assert "--background-action-low-pink-tuile:" in whole
    assert "--background-action-low-pink-tuile:" not in sheet


def test_icons_stand_inside_and_fonts_beside(sheet):
    addresses = set(re.findall(r'url\("([^"]*)"\)', sheet))
    fonts = {address for address in addresses if not address.startswith("data:image/svg+xml")}
    assert {address.rpartition(".")[2] for address in fonts} == {"woff2"}
    assert all((SOURCE / address.removeprefix("../")).is_file() for address in fonts)
    assert addresses - fonts
    assert sheet.count("font-display:swap") == len(fonts)


def test_a_new_class_brings_its_rules():
    before = trim(Used(frozenset({"fr-btn"}), ()))
    assert ".fr-btn{" in before
    assert ".fr-stepper__title" not in before
    assert ".fr-stepper__title" in trim(Used(frozenset({"fr-stepper__title"}), ()))


def test_a_name_that_pages_complete_brings_all_it_may_become():
    found = Used(frozenset({"fr-alert"}), ("fr-alert--",))
    assert ".fr-alert--warning" in trim(found)
    assert ".fr-alert--warning" not in trim(Used(frozenset({"fr-alert"}), ()))


def test_no_word_of_the_sources_keeps_everything():
    assert not any("fr-tabs".startswith(beginning) for beginning in used().beginnings)


def test_the_design_system_s_files_that_templates_name_exist():
    names = named()
    assert "dsfr/dist/core/core.module.min.js" in names
    assert [name for name in names if not (SOURCE / name).is_file()] == []


def test_a_rule_of_a_kind_unknown_is_not_lost_in_silence(monkeypatch, tmp_path):
    (tmp_path / "a.css").write_text("/*! notice */@layer a{.fr-btn{color:red}}")
    monkeypatch.setattr(design_system, "SOURCE", tmp_path)
    monkeypatch.setattr(design_system, "SHEETS", ["a.css"])
    with pytest.raises(ValueError, match="layer"):
        trim(Used(frozenset(), ()))
