"""What the code may not do, read in its syntax tree: each check returns its problems, as lines.

A check takes the path of a module inside the project and its source, so that a test can feed it
a source that breaks the rule.
"""

import ast
import re
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
APPS = ("ftap", "laureates", "calls")
# Each application imports itself and those before it.
MAY_IMPORT = {
    "ftap": {"ftap"},
    "laureates": {"ftap", "laureates"},
    "calls": {"ftap", "laureates", "calls"},
}
# Inside laureates and calls, a module imports only from the layers above its own.
LAYERS = (
    {"typography", "markdown", "triggers"},
    {"models"},
    {
        "permissions",
        "eligibility",
        "notifications",
        "status",
        "search",
        "facets",
        "figures",
        "freshness",
        "throttle",
        "matching",
        "merging",
        "hyphens",
        "cards",
        "details",
        "loading",
        "postings",
        "columns",
        "orders",
    },
    {
        "history",
        "gates",
        "opinions",
        "envelope",
        "indicators",
        "reading",
        "opendata",
        "revalidation",
        "catalogue",
        "database_filters",
    },
    {
        "guards",
        "recusals",
        "minutes",
        "letters",
        "attachments",
        "sheet",
        "paper",
        "statistics",
        "pages",
        "charts",
        "records",
    },
    {
        "workflow",
        "deliberation",
        "instruction",
        "publication",
        "publicity",
        "calendars",
        "index",
        "releases",
    },
    {"bulk", "scenarios", "pack", "demo", "reconciliation"},
    {"forms", "importers", "resources", "filters", "fixture_check"},
    {"fixture_files"},
    {"api", "downloads"},
    {"views", "admin", "management", "sitemaps", "feeds", "panels"},
    {"urls"},
    {"apps"},
)
DRAWERS = {"utils", "helpers", "common", "services"}
STATE_WRITERS = {"calls/workflow.py", "calls/deliberation/states.py"}
# The rows of many acts with their versions and events, and the chain itself.
BULK_WRITERS = {"calls/history/many.py", "calls/history/chain.py"}
INDEX_WRITERS = {
    "laureates/index.py",
    "laureates/postings.py",
}
# Those, staged rows of imports, and an importer that makes instances so.
RAW_WRITERS = (
    BULK_WRITERS
    | INDEX_WRITERS
    | {
        "ftap/imports/holding.py",
        "ftap/imports/receiving.py",
        "laureates/importers/library/writing.py",
    }
)
DERIVED_MODELS = {
    "Card",
    "Detail",
    "FacetValue",
    "IndexEntry",
    "IndexWrite",
    "Posting",
    "Record",
}
CLOCK_READERS = {"laureates/models/public.py"}
# What has been escaped, or made of allowed tags alone, before.
SAFE_MAKERS = {
    "laureates/markdown.py",
    "laureates/cards.py",
    "laureates/details.py",
    "laureates/views/filter_form.py",
    "ftap/fast.py",
    "ftap/templatetags/json_ld.py",
}
# Typography itself, and words compared once folded, whose apostrophes are straight.
TYPOGRAPHERS = {
    "laureates/typography.py",
    "laureates/hyphens.py",
    "laureates/importers/text/claims.py",
}
WRITES = {
    "aupdate",
    "bulk_create",
    "bulk_update",
    "create",
    "delete",
    "get_or_create",
    "save",
    "update",
    "update_or_create",
}
BULK_WRITES = {"bulk_create", "bulk_update", "update", "_raw_delete"}
ORDERING_LOOKUP = re.compile(r"published_at__(lt|lte|gt|gte|range|date)\b")


def modules(*folders: str):
    """(path inside the project, source) of each module of these folders but migrations."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def imports(tree):
    """(imported dotted name, node) for each import of a module, wherever it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node


def layer_of(name: str) -> int | None:
    return next((rank for rank, names in enumerate(LAYERS) if name in names), None)


def module_name(path: str) -> str:
    """The part of its application that a module is, or is in: models, views, admin…"""
    return PurePosixPath(path).parts[1].removesuffix(".py")


# Imports ---------------------------------------------------------------------


def wrong_directions(path, source):
    app, tree = path.split("/")[0], ast.parse(source)
    found = []
    for name, node in imports(tree):
        target = name.split(".")[0]
        if target in {*APPS, "tests"} - MAY_IMPORT[app]:
            found.append(f"{path}:{node.lineno} {app} imports {name}")
    if app == "laureates":
        found += [
            f"{path}:{node.lineno} names {node.value!r}, of the private house"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and re.fullmatch(r"calls(\.\w+)*", node.value)
        ]
    return found


def wrong_layers(path, source):
    """Imports, inside an application, of a module of the same layer or of one below."""
    app, own = path.split("/")[0], module_name(path)
    if app == "ftap" or own == "__init__":
        return []
    if layer_of(own) is None:
        return [f"{path} has no place in LAYERS"]
    found = []
    for name, node in imports(ast.parse(source)):
        parts = name.split(".")
        if parts[0] != app:
            continue
        names = [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        found += [
            f"{path}:{node.lineno} {own} imports {target}"
            for target in names
            if target != own
            and not (layer_of(target) is not None and layer_of(target) < layer_of(own))
        ]
    return found


def imports_out_of_place(path, source):
    """Relative imports, and imports below the top of the file.

    AppConfig.ready() is the place where Django lets an application import its models.
    """
    tree = ast.parse(source)
    top = {id(node) for node in tree.body}
    if path.endswith("/apps.py"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name == "ready":
                top |= {id(part) for part in node.body}
    return [
        f"{path}:{node.lineno} {'relative import' if relative else 'import inside a block'}"
        for _, node in imports(tree)
        if (relative := bool(getattr(node, "level", 0))) or id(node) not in top
    ]


def drawers(path):
    """Modules whose name says nothing of what they hold."""
    return [path] if DRAWERS & {part.removesuffix(".py") for part in path.split("/")} else []


# Single writers --------------------------------------------------------------


def _called(node):
    """The name of the function or method that a call names."""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _names(node):
    """Every identifier in an expression: of variables, of attributes, of constants."""
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id
        elif isinstance(part, ast.Attribute):
            yield part.attr
        elif isinstance(part, ast.Constant):
            yield part.value


def state_writes(path, source):
    """Assignments of a workflow's state outside the modules that hold the workflow."""
    if path in STATE_WRITERS:
        return []
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            written = any(
                isinstance(part, ast.Attribute) and part.attr == "state"
                for target in targets
                for part in ast.walk(target)
            )
        elif isinstance(node, ast.Call):
            name = _called(node)
            arguments = {keyword.arg for keyword in node.keywords}
            written = (
                ("state" in arguments and (name in WRITES or name[:1].isupper()) and name != "Q")
                or (name == "setattr" and "state" in _names(node))
                or (
                    name in {"update_or_create", "get_or_create", "bulk_update"}
                    and "state" in _names(node)
                )
            )
        else:
            written = False
        if written:
            lines.append(f"{path}:{node.lineno} writes a state")
    return lines


def index_writes(path, source):
    """Writes of derived rows outside the module that rebuilds them."""
    if path in INDEX_WRITERS:
        return []
    derived = DERIVED_MODELS | {"card", "detail", "facet_values", "index_entry", "record"}
    return [
        f"{path}:{node.lineno} writes a derived row"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and (
            _called(node) in DERIVED_MODELS
            or (
                isinstance(node.func, ast.Attribute)
                and node.func.attr in WRITES
                and derived & set(_names(node.func.value))
            )
        )
    ]


def bulk_writes(path, source, audited, allowed=()):
    """Bulk writes of models whose every change must leave a trace."""
    return [
        f"{path}:{node.lineno} writes {', '.join(sorted(touched))} in bulk"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in BULK_WRITES
        and (touched := audited & {name for name in _names(node.func.value) if name in audited})
        and path not in allowed
    ]


def raw_writes(path, source):
    """Uses of `ftap.bulk`, which asks nothing of a model, but by those who keep its traces."""
    return [
        f"{path}:{node.lineno} writes rows as values"
        for node in ast.walk(ast.parse(source))
        if path not in RAW_WRITERS
        and isinstance(node, ast.Import | ast.ImportFrom)
        and "ftap.bulk"
        in {f"{getattr(node, 'module', '')}.{alias.name}".strip(".") for alias in node.names}
    ]


# One definition of public, no trusted strings --------------------------------


def clock_readings(path, source):
    """Comparisons of a date of publication outside the one definition of public."""
    if path in CLOCK_READERS:
        return []
    lines = []
    for node in ast.walk(ast.parse(source)):
        names = ()
        if isinstance(node, ast.keyword):
            names = (node.arg or "",)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = (node.value,)
        elif isinstance(node, ast.Compare) and not any(
            isinstance(operator, ast.Is | ast.IsNot) for operator in node.ops
        ):
            sides = (node.left, *node.comparators)
            if any(
                isinstance(side, ast.Attribute) and "published_at" in side.attr for side in sides
            ):
                lines.append(f"{path}:{node.lineno} compares a date of publication")
        if any(ORDERING_LOOKUP.search(name) for name in names):
            lines.append(f"{path}:{getattr(node, 'lineno', 0)} compares a date of publication")
    return lines


def trusted_strings(path, source):
    """Text made of data and marked as safe HTML."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        constant = isinstance(node.args[0], ast.Constant)
        unsafe = (
            _called(node) in {"mark_safe", "SafeString", "SafeText"}
            and not constant
            and path not in SAFE_MAKERS
        ) or (_called(node) == "format_html" and not constant)
        if unsafe:
            found.append(f"{path}:{node.lineno} trusts a string")
    return found


# French ----------------------------------------------------------------------

_STRAIGHT = re.compile(r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|aujourd)'[a-zà-ÿœ]", re.IGNORECASE)
_BREAKING = re.compile(r"(?:^|[\w»)’%]) (?:[;!?»](?=\s|$|[.,»)<])|:(?=\s|$))|« (?=\S|$)")


def misspelt(text: str) -> list[str]:
    """Straight apostrophes, and plain spaces where French sets a no-break one."""
    return [
        text[max(0, match.start() - 20) : match.end() + 10]
        for pattern in (_STRAIGHT, _BREAKING)
        for match in pattern.finditer(text)
    ]


def misspelt_strings(path, source):
    if path in TYPOGRAPHERS:
        return []
    tree = ast.parse(source)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        f"{path}:{node.lineno} {found!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
        for found in misspelt(node.value)
    ]


# Templates -------------------------------------------------------------------

_HIDDEN = re.compile(r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}|<!--.*?-->", re.DOTALL)
_TAGS = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_INLINE = {
    # A block of data is no script: no browser executes it.
    "inline script": re.compile(
        r"<script(?![^>]*\bsrc=)(?! type=\"application/ld\+json\">)", re.IGNORECASE
    ),
    "inline style": re.compile(r"<style\b", re.IGNORECASE),
    "style attribute": re.compile(r"\sstyle\s*=", re.IGNORECASE),
    "event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.IGNORECASE),
    "javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "trusted variable": re.compile(r"\|\s*safe\b|\{%\s*autoescape off"),
    "clock": re.compile(r"published_at\s*[<>]|[<>]=?\s*[\w.]*published_at"),
}
INCLUDE = re.compile(r"\{%\s*(?:include|extends)\s+[\"']([^\"']+)[\"']([^%]*)%\}")


def template_problems(name: str, text: str) -> list[str]:
    """What a template may not hold; `name` is its path below a folder of templates."""
    found = []
    shown = _HIDDEN.sub("", text)
    found += [f"{name}: {what}" for what, pattern in _INLINE.items() if pattern.search(shown)]
    for target, rest in INCLUDE.findall(shown):
        if target.startswith("components/") and rest.split()[-1:] != ["only"]:
            found.append(f"{name}: includes {target} without « only »")
    if name.startswith("components/") and not text.startswith("{% comment %}"):
        found.append(f"{name}: does not open with a comment that names its parameters")
    found += [f"{name}: {words!r}" for words in misspelt(_TAGS.sub("x", shown))]
    return found


def templates() -> dict[str, Path]:
    """Every template of the project by the name that finds it."""
    folders = [ROOT / "templates", *(ROOT / app / "templates" for app in APPS)]
    return {
        path.relative_to(folder).as_posix(): path
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fast_templates() -> dict[str, Path]:
    """Every template of Jinja2, by the name that finds it."""
    return {
        path.relative_to(ROOT / app / "jinja2").as_posix(): path
        for app in APPS
        for path in sorted((ROOT / app / "jinja2").rglob("*.html"))
    }
