"""From a YAML file to entries that know their line, without trusting the file."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml
from yaml.constructor import SafeConstructor
from yaml.reader import ReaderError

from calls.fixture_check.problem import Problem

MAX_BYTES = 5 * 1024 * 1024
MAX_DEPTH = 12  # a fixture needs five: list, object, fields, list of keys, key; answers, eight
Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SCALARS = {
    f"tag:yaml.org,2002:{tag}" for tag in ("str", "int", "float", "bool", "null", "timestamp")
}
_COLLECTIONS = {"tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"}
_SHAPE = "« - model: application.modele », puis « fields: » et les champs en retrait"

# What the parser says, in its words, and what a maintainer can do about it.
_SYNTAX = (
    (
        "mapping values are not allowed",
        "un « : » suivi d’une espace coupe la valeur. Mettez toute la valeur entre guillemets "
        'droits doubles ("…"), ou alignez ce champ sur les autres.',
    ),
    (
        "could not find expected ':'",
        "il manque « : » et une espace après un nom de champ, ici ou juste au-dessus, "
        "ou le texte qui suit n’est pas en retrait.",
    ),
    ("tab character", "une tabulation sert de retrait : remplacez-la par des espaces."),
    (
        "that cannot start any token",
        "cette valeur commence par une tabulation ou par un signe réservé (@, %, `). "
        "Remplacez la tabulation par des espaces, ou mettez la valeur entre guillemets.",
    ),
    ("unexpected end of stream", "un guillemet ouvert plus haut n’est pas refermé."),
    (
        "unknown escape character",
        "entre guillemets doubles, la barre \\ se double : écrivez \\\\.",
    ),
    (
        "expected",
        "le retrait de cette ligne ne suit pas celui des lignes précédentes, ou un guillemet "
        "ou un crochet n’est pas refermé.",
    ),
)


class Unreadable(Exception):
    """The file cannot be read as a list of objects; `problem` says why."""

    def __init__(self, path: Path, message: str, line: int | None = None):
        super().__init__(message)
        self.problem = Problem(path, line, message)


@dataclass
class Entry:
    """One object of a file, as written: values by field, and the line of each."""

    path: Path
    line: int
    rank: int
    model: str
    values: dict[str, object]
    lines: dict[str, int]


def read(path: Path, *, max_bytes: int = MAX_BYTES) -> tuple[list[Entry], list[Problem]]:
    """The objects of a file, and what is wrong with its shape.

    Raises Unreadable when nothing can be made of the file, or when it weighs more than `max_bytes`.
    """
    root = _parse(path, _text(path, max_bytes))
    if not isinstance(root, yaml.SequenceNode):
        raise Unreadable(path, f"le fichier doit être une liste d’objets : {_SHAPE}.", _line(root))
    entries, problems = [], []
    for rank, node in enumerate(root.value, 1):
        entry = _entry(path, rank, node, problems)
        if entry:
            entries.append(entry)
    if not root.value:
        raise Unreadable(path, "le fichier ne contient aucun objet.")
    return entries, problems


def _text(path: Path, max_bytes: int) -> str:
    if path.is_dir():
        raise Unreadable(path, "c’est un dossier : donnez les fichiers un à un.")
    if not path.exists():
        raise Unreadable(path, "ce fichier n’existe pas : vérifiez son nom.")
    if not path.is_file():
        raise Unreadable(path, "ce n’est pas un fichier ordinaire.")
    if path.suffix not in {".yaml", ".yml"}:
        raise Unreadable(path, "seuls les fichiers .yaml sont vérifiés : renommez-le.")
    try:
        if path.stat().st_size > max_bytes:
            limit = max_bytes // 1024**2
            raise Unreadable(path, f"il dépasse {limit} Mo : répartissez-le en plusieurs fichiers.")
        content = path.read_bytes()
    except OSError as error:
        raise Unreadable(path, f"lecture impossible ({error.strerror}).") from error
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = "un caractère n’est pas en UTF-8 : enregistrez le fichier dans cet encodage."
        raise Unreadable(path, message, line) from error


def _parse(path: Path, text: str) -> yaml.Node:
    """The tree of the only document; refuses first what could make it explode."""
    try:
        _refuse_traps(path, text)
        return yaml.compose(text, Loader)
    except ReaderError as error:
        # Where it stands is told in characters or in bytes, after the parser that runs.
        code = error.character if isinstance(error.character, int) else 0
        sign = chr(max(code, 0))
        line = next((n for n, row in enumerate(text.split("\n"), 1) if sign in row), None)
        message = f"le caractère invisible U+{ord(sign):04X} est interdit : supprimez-le."
        raise Unreadable(path, message, line) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = f"{error.context or ''} {error.problem or ''}"
        advice = next((fr for en, fr in _SYNTAX if en in said), "la syntaxe n’est pas comprise.")
        place = f" (colonne {mark.column + 1})" if mark else ""
        message = f"ce n’est pas du YAML valide{place} : {advice}"
        raise Unreadable(path, message, mark.line + 1 if mark else None) from error


def _refuse_traps(path: Path, text: str) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Unreadable(path, "un « --- » ouvre un second document : retirez-le.", line)
        elif isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            message = "les renvois YAML (&nom, *nom) sont interdits : écrivez la valeur en entier."
            raise Unreadable(path, message, line)
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise Unreadable(path, "trop de listes sont imbriquées.", line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    if not documents:
        raise Unreadable(path, "le fichier est vide.")


def _entry(path: Path, rank: int, node: yaml.Node, problems: list[Problem]) -> Entry | None:
    subject = f"objet nᵒ {rank}"

    def report(at, message, field=""):
        problems.append(Problem(path, _line(at), message, subject, field))

    parts = dict(_pairs(node, report)) if isinstance(node, yaml.MappingNode) else {}
    for name, (key, _) in parts.items():
        if name == "pk":
            report(
                key,
                "une clé primaire est interdite : l’objet est reconnu par sa clé naturelle. "
                "Retirez cette ligne.",
                "pk",
            )
        elif name not in {"model", "fields"}:
            report(key, f"clé inconnue « {name} » : un objet s’écrit {_SHAPE}.")
    model = parts["model"][1] if "model" in parts else None
    fields = parts["fields"][1] if "fields" in parts else None
    if not isinstance(model, yaml.ScalarNode) or not isinstance(fields, yaml.MappingNode):
        report(node, f"un objet s’écrit {_SHAPE}.")
        return None
    subject = f"{model.value} (objet nᵒ {rank})"
    entry = Entry(path, _line(node), rank, model.value, {}, {})
    for name, (key, value) in _pairs(fields, report):
        entry.lines[name] = _line(key)
        try:
            entry.values[name] = _value(value)
        except ValueError as error:
            report(value, str(error), name)
    return entry


def _pairs(node: yaml.MappingNode, report) -> Iterator[tuple[str, tuple[yaml.Node, yaml.Node]]]:
    """Names and (key, value) nodes; a name written twice is reported, and its first value kept."""
    lines = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        if name in lines:
            message = f"« {name} » est déjà écrit ligne {lines[name]} : gardez-en un seul."
            report(key, message, name)
            continue
        lines[name] = _line(key)
        yield name, (key, value)


def _value(node: yaml.Node):
    """The value YAML gives, as `loaddata` will read it. Raises ValueError, in French."""
    if node.tag not in _SCALARS | _COLLECTIONS:
        raise ValueError(f"la balise YAML « {node.tag} » est interdite : retirez-la.")
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    try:
        return SafeConstructor().construct_object(node)
    except (ValueError, OverflowError, yaml.YAMLError) as error:
        raise ValueError(
            f"« {node.value[:60]} » n’est ni une date ni un nombre possible : "
            "corrigez, ou mettez la valeur entre guillemets si c’est un texte."
        ) from error


def _mapping(node: yaml.MappingNode) -> dict[str, object]:
    """Part of a structured value: names, each once. Raises ValueError, in French."""
    values = {}
    for key, value in node.value:
        name = _value(key) if isinstance(key, yaml.ScalarNode) else None
        if not isinstance(name, str):
            raise ValueError("un nom, entre guillemets au besoin, est attendu avant « : ».")
        if name in values:
            raise ValueError(f"« {name} » est écrit deux fois : gardez-en un seul.")
        values[name] = _value(value)
    return values


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1
