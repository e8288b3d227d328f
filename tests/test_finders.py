"""Static files: what is collected, and how long browsers keep it."""

import brotli
import pytest
from django.contrib.staticfiles import finders as django_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import RequestFactory
from whitenoise.middleware import WhiteNoiseMiddleware

from ftap import design_system, finders
from ftap.finders import Finder

PRODUCTION = "whitenoise.storage.CompressedManifestStaticFilesStorage"


@pytest.fixture
def made(monkeypatch, tmp_path):
    """The folder of the style sheet, empty."""
    monkeypatch.setattr(finders, "MADE", tmp_path / "made")
    return tmp_path / "made"


def test_the_style_sheet_is_made_when_it_is_looked_for(made):
    path = django_finders.find(design_system.NAME)
    assert path == str(made / design_system.NAME)
    assert ".fr-btn{" in (made / design_system.NAME).read_text()
    assert django_finders.find(design_system.NAME, find_all=True) == [path]


def test_it_is_made_again_only_after_a_change(made, monkeypatch, tmp_path):
    template = tmp_path / "page.html"
    template.write_text("<p class='fr-btn'>")
    monkeypatch.setattr(design_system, "writers", lambda: [template])
    path = finders.make()
    assert ".fr-stepper" not in path.read_text()
    path.write_text("/* kept */")
    assert finders.make().read_text() == "/* kept */"
    template.write_text("<p class='fr-stepper'>")
    assert ".fr-stepper" in finders.make().read_text()
    # Nothing half-written is left beside it.
    assert [file.name for file in made.rglob("*") if file.is_file()].count("dsfr.css") == 1
    assert len([file for file in made.rglob("*") if file.is_file()]) == 2


def test_of_the_design_system_only_what_is_used_is_collected(made):
    collected = {path for path, _ in Finder().list([])}
    ours = {path for path in collected if path.startswith("dsfr/")}
    assert ours == design_system.named((made / design_system.NAME).read_text())
    assert "dsfr/dist/fonts/Marianne-Bold.woff2" in ours
    assert "dsfr/dist/dsfr.main.min.css" not in ours
    assert not any(path.startswith("rest_framework/") for path in collected)
    assert {design_system.NAME, "ftap/ftap.css", "admin/css/base.css"} <= collected


@pytest.fixture
def served(made, settings, tmp_path):
    """served(name, **headers): the answer of production for a collected file, with its `body`."""
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": PRODUCTION}}
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = False
    ignored = ["admin", "import_export", "*.png"]
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=ignored)
    middleware = WhiteNoiseMiddleware(lambda request: None)

    def answered(name, **headers):
        request = RequestFactory().get(staticfiles_storage.url(name), headers=headers)
        response = middleware(request)
        response.body = response.getvalue()
        response.close()
        return response

    return answered


@pytest.mark.django_db  # the end of a request looks at connections
def test_collected_files_are_kept_for_years_and_come_compressed(served):
    for name in (design_system.NAME, "ftap/ftap.css", "dsfr/dist/core/core.module.min.js"):
        for coding in ("br", "gzip"):
            response = served(name, accept_encoding=f"{coding}, x")
            assert response.status_code == 200, name
            assert response["Content-Encoding"] == coding
            assert response["Vary"] == "Accept-Encoding"
            assert "immutable" in response["Cache-Control"]
            assert int(response["Cache-Control"].split("=")[1].split(",")[0]) >= 31536000
    compressed = served(design_system.NAME, accept_encoding="br").body
    assert brotli.decompress(compressed) == served(design_system.NAME).body


@pytest.mark.django_db  # the end of a request looks at connections
def test_fonts_are_the_state_s_own_bytes(served):
    name = "dsfr/dist/fonts/Marianne-Regular.woff2"
    response = served(name, accept_encoding="br, gzip")
    assert response.body == (design_system.SOURCE / name).read_bytes()
    assert "Content-Encoding" not in response
