"""What an uploaded file really holds: its extension is a claim, its first bytes are checked."""

import codecs
import hashlib
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import PurePath

from django.conf import settings

from calls.permissions import Refusal
from ftap.templatetags.ftap import number

NAME_MAX = 250
_CHUNK = 64 * 1024
# An office file that unpacks into more than this is made to exhaust the machine that opens it.
UNPACKED_MAX = 1024**3
MEMBERS_MAX = 10_000
_PART_MAX = 1024**2

_OPEN_DOCUMENT = {
    "odt": "application/vnd.oasis.opendocument.text",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "odp": "application/vnd.oasis.opendocument.presentation",
}
_OOXML = "application/vnd.openxmlformats-officedocument."
_OFFICE = {
    # extension: (media type, the part that makes the document what it is)
    "docx": (f"{_OOXML}wordprocessingml.document", "word/document.xml"),
    "xlsx": (f"{_OOXML}spreadsheetml.sheet", "xl/workbook.xml"),
    "pptx": (f"{_OOXML}presentationml.presentation", "ppt/presentation.xml"),
}
_SIGNED = {
    "pdf": ("application/pdf", b"%PDF-"),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff"),
}
_CSV = "text/csv"
_ALIASES = {"jpeg": "jpg"}
_MARKUP = ("<!doctype", "<html", "<script", "<svg", "<?xml", "<head", "<body", "<iframe")
_TEXT_CONTROLS = frozenset("\t\n\r\f")
_KINDS = {
    "pdf": "un document PDF",
    "png": "une image PNG",
    "jpg": "une image JPEG",
    "csv": "un tableau en texte (CSV)",
    "odt": "un texte OpenDocument",
    "ods": "un classeur OpenDocument",
    "odp": "une présentation OpenDocument",
    "docx": "un document Word",
    "xlsx": "un classeur Excel",
    "pptx": "une présentation PowerPoint",
}


@dataclass(frozen=True)
class Content:
    """What was found in a file: `size` in bytes, `sha256` in hexadecimal."""

    filename: str
    extension: str
    media_type: str
    size: int
    sha256: str


def examine(file) -> Content:
    """Check an uploaded file and say what it is; Refusal, in French, where it cannot be kept.

    The file is read from its start and left there.
    """
    filename = _name(file)
    extension = PurePath(filename).suffix.lower().removeprefix(".")
    extension = _ALIASES.get(extension, extension)
    if extension not in settings.ATTACHMENT_EXTENSIONS or extension not in _KINDS:
        raise Refusal(
            f"Le type du fichier «\u00a0{filename}\u00a0» n’est pas accepté. "
            f"Types acceptés\u00a0: {', '.join(settings.ATTACHMENT_EXTENSIONS)}."
        )
    size = file.size or 0
    if not size:
        raise Refusal(f"Le fichier «\u00a0{filename}\u00a0» est vide.")
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise Refusal(
            f"Le fichier «\u00a0{filename}\u00a0» pèse {megabytes(size)}\u00a0: la limite est de "
            f"{megabytes(settings.ATTACHMENT_MAX_BYTES)}. Allégez-le ou déposez-le en plusieurs "
            "parties."
        )
    media_type = _media_type(file, filename, extension)
    file.seek(0)
    digest = hashlib.sha256()
    read = 0
    while block := file.read(_CHUNK):
        digest.update(block)
        read += len(block)
    file.seek(0)
    return Content(filename, extension, media_type, read, digest.hexdigest())


def megabytes(size: int) -> str:
    """1572864 → « 1,5 Mo »; below a tenth of a megabyte, kilobytes."""
    if size < 1024**2 // 10:
        return f"{number(max(1, round(size / 1024)))}\u00a0ko"
    return f"{number(round(size / 1024**2, 1))}\u00a0Mo"


def _name(file):
    """The last part of the name, without what would disguise it."""
    name = PurePath((file.name or "").replace("\\", "/")).name.strip()
    name = unicodedata.normalize("NFC", name)
    if not name or name.startswith("."):
        raise Refusal("Le fichier n’a pas de nom\u00a0: renommez-le, puis déposez-le de nouveau.")
    if any(unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn"} for letter in name):
        raise Refusal(
            "Le nom du fichier contient des caractères invisibles, qui peuvent masquer son "
            "véritable type\u00a0: renommez-le, puis déposez-le de nouveau."
        )
    if len(name) > NAME_MAX:
        raise Refusal(
            f"Le nom du fichier compte {len(name)} caractères\u00a0: la limite est de {NAME_MAX}."
        )
    return name


def _media_type(file, filename, extension):
    file.seek(0)
    if extension in _SIGNED:
        media_type, signature = _SIGNED[extension]
        held = file.read(len(signature)) == signature
    elif extension == "csv":
        media_type, held = _CSV, _is_plain_text(file)
    else:
        media_type, held = _packed(file, filename, extension)
    if not held:
        raise Refusal(
            f"Le contenu du fichier «\u00a0{filename}\u00a0» n’est pas celui que son nom "
            f"annonce\u00a0: {_KINDS[extension]}. Vérifiez que c’est le bon fichier et qu’il "
            "s’ouvre."
        )
    return media_type


def _is_plain_text(file):
    """Whether the whole file is text, in UTF-8 or in the encoding of French spreadsheets."""
    return any(_decodes(file, encoding) for encoding in ("utf-8-sig", "cp1252"))


def _decodes(file, encoding):
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    start = ""
    try:
        while True:
            block = file.read(_CHUNK)
            text = decoder.decode(block, final=not block)
            if any(unicodedata.category(x) == "Cc" and x not in _TEXT_CONTROLS for x in text):
                return False
            start = (start + text)[:200]
            if not block:
                break
    except UnicodeDecodeError:
        return False
    head = start.lstrip().lower()
    return bool(head) and not head.startswith((*_MARKUP, "%pdf-", "{\\rtf"))


def _packed(file, filename, extension):
    """(media type, whether the archive holds that kind of document) of an office file."""
    expected, part = _OFFICE.get(extension, (_OPEN_DOCUMENT.get(extension), "content.xml"))
    if file.read(4) != b"PK\x03\x04":
        return expected, False
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if any(member.flag_bits & 1 for member in members):
                raise Refusal(
                    f"Le fichier «\u00a0{filename}\u00a0» est protégé par un mot de passe\u00a0: "
                    "retirez-le, puis déposez le fichier de nouveau."
                )
            if _holds_macros(names):
                raise Refusal(
                    f"Le fichier «\u00a0{filename}\u00a0» contient des macros\u00a0: "
                    "enregistrez-le sans elles, ou en PDF."
                )
            unpacked = sum(member.file_size for member in members)
            if len(members) > MEMBERS_MAX or unpacked > UNPACKED_MAX:
                raise Refusal(
                    f"Le fichier «\u00a0{filename}\u00a0» contient bien plus que son poids ne le "
                    "dit\u00a0: il ne peut pas être accepté."
                )
            if part not in names:
                return expected, False
            if extension in _OFFICE:
                return expected, f"{expected}.main+xml".encode() in _part(
                    archive, "[Content_Types].xml"
                )
            return expected, _part(archive, "mimetype").strip() == expected.encode()
    except (zipfile.BadZipFile, KeyError, EOFError, OSError, ValueError, NotImplementedError):
        return expected, False


def _holds_macros(names):
    return any(
        name.lower().endswith("vbaproject.bin") or name.startswith(("Basic/", "Scripts/"))
        for name in names
    )


def _part(archive, name):
    if archive.getinfo(name).file_size > _PART_MAX:
        return b""
    return archive.read(name)
