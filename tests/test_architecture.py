"""The house tests itself: who imports whom, who writes what, what every page and file respects.

Each check is also fed what it must refuse: a check that never complains says nothing.
"""

import ast
import os
import re
import subprocess
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db import models

from calls.models import Application, Selection
from tests import architecture
from tests.architecture import APPS, ROOT
from tests.factories import UserFactory

# The versions of our models are made by a library, and named after them.
OUR_MODELS = [
    model
    for app in APPS
    for model in apps.get_app_config(app).get_models()
    if not model.__name__.startswith("Historical")
]
# Every change of these leaves a trace: no bulk write goes round it.
AUDITED = {model.__name__ for model in apps.get_app_config("calls").get_models()} | {
    "Announcement",
    "Carrier",
    "Claim",
    "Document",
    "Laureate",
    "Organisation",
}

SAME_IN_FRENCH = {
    "description",
    "document",
    "format",
    "institution",
    "question",
    "quorum",
    "session",
    "source",
    "version",
}

SOURCE_CHECKS = {
    "wrong_directions": [
        ("ftap/models.py", "from laureates.models import Theme"),
        ("ftap/models.py", "import calls"),
        ("laureates/views/home.py", "from calls.models import Application"),
        ("laureates/views/home.py", "import calls.models as private"),
        ("laureates/views/home.py", "def f():\n    from calls import models"),
        ("laureates/index.py", 'apps.get_model("calls", "Application")'),
        ("laureates/index.py", 'import_string("calls.models.Application")'),
        ("calls/models/call.py", "from tests.factories import CallFactory"),
    ],
    "wrong_layers": [
        ("calls/models/call.py", "from calls.permissions import ROLES"),
        ("calls/models/call.py", "from calls import workflow"),
        ("calls/permissions.py", "from calls.workflow import apply"),
        ("calls/workflow.py", "from calls import deliberation"),
        ("calls/forms.py", "import calls.views.public"),
        ("calls/views/staff.py", "from calls.admin import site"),
        ("laureates/models/laureate.py", "from laureates.search import tokens"),
        ("laureates/search.py", "def f():\n    from laureates.views import home"),
        ("laureates/drawer.py", ""),
    ],
    "imports_out_of_place": [
        ("calls/models/call.py", "from . import committee"),
        ("calls/models/call.py", "from ..models import committee"),
        ("calls/models/call.py", "def f():\n    import json"),
        ("calls/models/call.py", "class A:\n    from json import dumps"),
        ("calls/models/call.py", "try:\n    import json\nexcept ImportError:\n    json = None"),
        ("calls/apps.py", "class A:\n    def other(self):\n        import json"),
    ],
    "state_writes": [
        ("calls/views/staff.py", 'application.state = "reviewed"'),
        ("calls/views/staff.py", "a.state, b.state = states"),
        ("calls/views/staff.py", "a.state: str = state"),
        ("calls/views/staff.py", 'Application.objects.filter(pk=1).update(state="reviewed")'),
        ("calls/views/staff.py", 'Selection.objects.create(state="validated")'),
        ("calls/views/staff.py", 'Selection(state="validated")'),
        ("calls/views/staff.py", 'setattr(application, "state", value)'),
        ("calls/views/staff.py", 'Committee.objects.bulk_update(rows, ["state"])'),
        ("calls/views/staff.py", 'C.objects.update_or_create(pk=1, defaults={"state": "open"})'),
        ("laureates/index.py", 'row.application.state = "reviewed"'),
    ],
    "raw_writes": [
        ("laureates/views/home.py", "from ftap import audit, bulk"),
        ("calls/workflow.py", "import ftap.bulk"),
    ],
    "index_writes": [
        ("laureates/views/home.py", 'FacetValue.objects.create(facet="theme")'),
        ("laureates/views/home.py", "FacetValue.objects.filter(pk=1).delete()"),
        ("laureates/views/home.py", "IndexEntry.objects.bulk_create(rows)"),
        ("laureates/views/home.py", 'IndexEntry(sort_title="")'),
        ("laureates/views/home.py", "laureate.card.save()"),
        ("laureates/views/home.py", "Posting.objects.update(bits=b'')"),
        ("laureates/models/laureate.py", "self.facet_values.all().delete()"),
        ("laureates/models/laureate.py", "self.index_entry.save()"),
    ],
    "clock_readings": [
        ("laureates/views/home.py", "Announcement.objects.filter(published_at__lte=now)"),
        ("calls/models/call.py", "Q(announcement__published_at__gt=now)"),
        ("calls/models/call.py", 'Q(**{f"{prefix}published_at__lte": now})'),
        ("calls/models/call.py", 'rows.filter(**{"published_at__range": days})'),
        ("laureates/admin/announcement.py", "if self.published_at > timezone.now(): pass"),
        ("laureates/admin/announcement.py", "public = now >= row.announcement.published_at"),
    ],
    "trusted_strings": [
        ("laureates/admin/announcement.py", 'mark_safe(f"<b>{title}</b>")'),
        ("laureates/admin/announcement.py", 'mark_safe("<b>%s</b>" % title)'),
        ("laureates/admin/announcement.py", 'safestring.mark_safe("<b>{}</b>".format(title))'),
        ("laureates/admin/announcement.py", "SafeString(title)"),
        ("laureates/admin/announcement.py", 'format_html(f"<b>{title}</b>")'),
    ],
    "misspelt_strings": [
        ("laureates/views/home.py", 'title = "L\'annonce"'),
        ("laureates/views/home.py", 'title = "Quoi ?"'),
        ("laureates/views/home.py", 'title = f"{name} : inconnu"'),
        ("laureates/views/home.py", 'title = "Voir « Cartonaut »"'),
        ("laureates/views/home.py", 'def f():\n    "Contract."\n    return "Vide ; inconnu"'),
    ],
}
INNOCENT = [
    (
        "laureates/views/home.py",
        "from ftap.triggers import Trigger\nfrom laureates.models import Theme",
    ),
    ("laureates/views/home.py", 'url = reverse("calls:call", args=[slug])'),
    ("calls/views/staff.py", 'rows.filter(state="reviewed", application__state="received")'),
    ("calls/views/staff.py", "if application.state == application.State.RECEIVED: pass"),
    ("calls/workflow.py", 'application.state = "reviewed"'),
    ("calls/apps.py", "class A:\n    def ready(self):\n        from calls import triggers"),
    ("laureates/views/home.py", "FacetValue.objects.filter(facet='theme').count()"),
    ("laureates/index.py", "from ftap import bulk\nIndexEntry.objects.bulk_create(rows)"),
    ("laureates/models/public.py", "Q(published_at__lte=now)"),
    ("laureates/admin/announcement.py", "if row.published_at is None: pass"),
    ("laureates/admin/announcement.py", 'format_html("<b>{}</b>", title)'),
    ("laureates/markdown.py", "mark_safe(html)"),
    ("laureates/views/home.py", 'title = "L’annonce\u00a0: «\u00a0Cartonaut\u00a0»\u202f!"'),
    ("laureates/views/home.py", 'def f():\n    "It doesn\'t : l\'eau ?"\n    return "18:00"'),
]


# Sources ---------------------------------------------------------------------


@pytest.mark.parametrize("check", SOURCE_CHECKS)
def test_the_project_respects(check):
    check = getattr(architecture, check)
    problems = [
        line for path, source in architecture.modules(*APPS) for line in check(path, source)
    ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("check", "path", "source"),
    [(check, *case) for check, cases in SOURCE_CHECKS.items() for case in cases],
)
def test_a_check_sees(check, path, source):
    assert getattr(architecture, check)(path, source)


@pytest.mark.parametrize("check", SOURCE_CHECKS)
@pytest.mark.parametrize(("path", "source"), INNOCENT)
def test_a_check_leaves_alone(check, path, source):
    assert getattr(architecture, check)(path, source) == []


def test_audited_models_are_never_written_in_bulk():
    problems = [
        line
        for path, source in architecture.modules(*APPS)
        for line in architecture.bulk_writes(path, source, AUDITED, architecture.BULK_WRITERS)
    ]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    "source",
    [
        "Laureate.objects.published().update(amount=1)",
        "Application.objects.bulk_create(rows)",
        "models.Selection.objects.filter(pk=1).bulk_update(rows, fields)",
    ],
)
def test_the_check_of_bulk_writes_sees(source):
    assert architecture.bulk_writes("calls/views/staff.py", source, AUDITED)
    assert not architecture.bulk_writes("calls/x.py", source, AUDITED, allowed={"calls/x.py"})
    assert not architecture.bulk_writes("calls/x.py", "values.update(title=1)", AUDITED)


def test_the_tests_import_at_the_top():
    problems = [
        line
        for path, source in architecture.modules("tests")
        if path != "tests/settings.py"
        for line in architecture.imports_out_of_place(path, source)
    ]
    assert not problems, "\n".join(problems)


def test_no_module_is_a_drawer():
    assert [
        path for path, _ in architecture.modules(*APPS, "tests") if architecture.drawers(path)
    ] == []
    for path in ("calls/utils.py", "laureates/common/dates.py", "ftap/services.py"):
        assert architecture.drawers(path)


def mirrored(path, modules):
    """Whether a test of an application is named after one of its modules or packages.

    What several threads do to a module is tested apart, in test_<module>_races.
    """
    app, name = Path(path).parts[1], Path(path).stem.removeprefix("test_").removesuffix("_races")
    names = {name, f"{name}s", name.removesuffix("s")}
    for module in modules:
        parts = Path(module).with_suffix("").parts
        if parts[0] != app:
            continue
        parts = [part for part in parts[1:] if part != "__init__"]
        spans = (parts[i:j] for i in range(len(parts)) for j in range(i + 1, len(parts) + 1))
        if any("_".join(span) in names for span in spans):
            return True
    return False


def test_each_test_of_an_application_mirrors_one_of_its_modules():
    modules = [path for path, _ in architecture.modules(*APPS)]
    tests = [
        path
        for path, _ in architecture.modules("tests/laureates", "tests/calls")
        if Path(path).name.startswith("test_")
    ]
    assert len(tests) > 5
    assert [path for path in tests if not mirrored(path, modules)] == []
    assert not mirrored("tests/laureates/test_miscellany.py", modules)
    assert not mirrored("tests/laureates/test_committee.py", modules)
    assert mirrored("tests/calls/test_models_committee.py", modules)
    assert mirrored("tests/calls/test_workflow_races.py", modules)


def test_functions_are_not_longer_than_a_screen_or_two_and_modules_have_a_subject():
    long = [
        f"{path}: {len(source.splitlines())} lines"
        for path, source in architecture.modules(*APPS)
        if len(source.splitlines()) > 450
    ]
    assert not long, "split by concept or by reader: " + ", ".join(long)


# Models ----------------------------------------------------------------------


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def upper(text):
    """Whether a name opens with a capital that is not an acronym's."""
    return text[:1].isupper() and not text[1:2].isupper()


@pytest.mark.parametrize("model", OUR_MODELS, ids=lambda model: model._meta.label)
def test_models_and_fields_are_named_in_lower_case_french(model):
    own = [
        field
        for field in model._meta.get_fields()
        if isinstance(field, models.Field)
        and field.model.__module__.split(".")[0] in APPS
        and field.name in vars(model)
    ]
    names = [model._meta.verbose_name, model._meta.verbose_name_plural]
    if model.__name__ not in {*architecture.DERIVED_MODELS, "User"}:
        names += [field.verbose_name for field in own]
        unnamed = [
            field.name
            for field in own
            if not field.primary_key
            and field.verbose_name == field.name.replace("_", " ")
            and field.name not in SAME_IN_FRENCH
        ]
        assert unnamed == []
    assert [str(name) for name in names if upper(str(name))] == []


def test_the_check_of_names_sees_a_capital():
    assert upper("Titre")
    assert not upper("SIRET")
    assert not upper("état")


def editable_states(site, request):
    """Forms of the admin in which a person could type a state of a workflow."""
    for model, model_admin in site._registry.items():
        forms = [model_admin.get_form(request)]
        for inline in model_admin.get_inline_instances(request):
            forms.append(inline.get_formset(request).form)
        for form in forms:
            if form._meta.model._meta.app_label == "calls" and "state" in form.base_fields:
                yield f"{model._meta.label}: {form._meta.model._meta.label}.state"
        if "state" in model_admin.list_editable:
            yield f"{model._meta.label}: list_editable"


@pytest.fixture
def superuser_request(rf):
    request = rf.get("/admin/")
    request.user = UserFactory.build(superuser=True)
    return request


def test_no_state_is_typed_by_hand(superuser_request):
    screens = [model for model in admin.site._registry if model._meta.app_label == "calls"]
    assert Application in screens
    assert list(editable_states(admin.site, superuser_request)) == []


def test_the_check_of_typed_states_sees_them(superuser_request):
    class Typed(admin.TabularInline):
        model = Selection
        fields = ("state",)

    class Screen(admin.ModelAdmin):
        inlines = [Typed]
        list_editable = ("state",)
        fields = ("reference", "state")

    site = admin.AdminSite()
    site.register(Application, Screen)
    assert len(list(editable_states(site, superuser_request))) == 3


# Files -----------------------------------------------------------------------

# In pieces, so that this file does not hold them itself.
FOREIGN = [
    "".join(pieces)
    for pieces in (
        ("/wo", "rk/"),
        ("../sha", "red"),
        (".lib", "rary/"),
        ("/ro", "ot/"),
        ("/ho", "me/"),
        ("pypi", ".org"),
        ("pythonho", "sted"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("/opt/", "pypi"),
        ("/opt/", "wheels"),
        ("--index-", "url h"),
        ("--find-", "links /"),
        ("anthr", "opic"),
        ("cha", "tgpt"),
    )
]


def project_files():
    """What a clone would hold: the files that git knows or would know."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    return [ROOT / os.fsdecode(name) for name in listed.split(b"\0") if name]


def foreign_words(text):
    lowered = text.lower()
    return [word for word in FOREIGN if word in lowered]


def test_no_file_speaks_of_the_machine_it_was_written_on():
    if not (ROOT / ".git").exists():
        pytest.skip("the project is not a clone: git cannot list its files")
    files = [path for path in project_files() if path.is_file()]
    assert len(files) > 50
    found = {}
    for path in files:
        try:
            words = foreign_words(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        if words:
            found[path.relative_to(ROOT).as_posix()] = words
    assert found == {}


@pytest.mark.parametrize("word", FOREIGN)
def test_the_check_of_files_sees(word):
    assert foreign_words(f"# see {word}x") == [word]


def test_python_files_parse_and_hold_no_unfinished_mark():
    mark = re.compile(r"#\s*(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
    for path, source in architecture.modules(*APPS, "tests"):
        ast.parse(source)
        assert not mark.search(source), path
