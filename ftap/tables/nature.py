"""What a file really is: its extension is a claim, its first bytes tell."""

import re

from ftap.tables import archive
from ftap.tables.problems import Unreadable

CSV, XLSX, ODS = "csv", "xlsx", "ods"
KINDS = {
    CSV: "un tableau en texte (CSV)",
    XLSX: "un classeur Excel (.xlsx)",
    ODS: "un classeur OpenDocument (.ods)",
    "pdf": "un document PDF",
    "png": "une image PNG",
    "jpg": "une image JPEG",
    "gif": "une image GIF",
    "html": "une page web (HTML)",
    "xml": "un fichier XML",
    "json": "des données JSON",
    "rtf": "un texte RTF",
    "old": "un document Office d’avant 2007 (.xls, .doc)",
    "xlsb": "un classeur Excel binaire (.xlsb)",
    "docx": "un document Word",
    "pptx": "une présentation PowerPoint",
    "odf": "un document OpenDocument qui n’est pas un classeur",
    "zip": "une archive",
    "program": "un programme",
    "": "un fichier d’un type inconnu",
}
_SIGNATURES = (
    (b"%PDF-", "pdf"),
    (b"\x89PNG", "png"),
    (b"\xff\xd8\xff", "jpg"),
    (b"GIF8", "gif"),
    (b"{\\rtf", "rtf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old"),
    (b"\x1f\x8b", "zip"),
    (b"7z\xbc\xaf\x27\x1c", "zip"),
    (b"Rar!\x1a\x07", "zip"),
    (b"BZh", "zip"),
    (b"\xfd7zXZ\x00", "zip"),
    (b"\x7fELF", "program"),
    (b"MZ\x90\x00", "program"),
)
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ODS_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"
_TEXT_CONTROLS = b"\t\n\r\f"


def check(data: bytes, extension: str) -> None:
    """Unreadable, saying what the file is, when it is not what its extension says."""
    found = _nature(data)
    if found == extension:
        return
    if found in (CSV, XLSX, ODS):
        remedy = f"si c’est le bon fichier, renommez-le avec l’extension .{found}."
    elif found in ("old", "xlsb", "html", "xml"):
        remedy = "ouvrez-le dans un tableur et enregistrez-le au format .xlsx ou .ods."
    else:
        remedy = "vérifiez que c’est le bon fichier et qu’il s’ouvre dans un tableur."
    raise Unreadable(
        f"Le contenu du fichier n’est pas celui que son nom annonce, {KINDS[extension]}\u00a0: il "
        f"semble être {KINDS[found]}. {remedy[0].upper()}{remedy[1:]}"
    )


def _nature(data):
    if data[:2] == b"PK":
        return _packed(data)
    for signature, kind in _SIGNATURES:
        if data.startswith(signature):
            if kind == "old" and _ENCRYPTED in data:
                raise Unreadable(archive.LOCKED)
            return kind
    head = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<script")):
        return "html"
    if head.startswith((b"<?xml", b"<!doctype", b"<svg", b"<workbook", b"<office:")):
        return "html" if b"<html" in head else "xml"
    if head.startswith((b"{", b"[")) and re.match(rb'[{\[]\s*["{\[\]}]', head):
        return "json"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return CSV
    controls = sum(byte < 32 and byte not in _TEXT_CONTROLS for byte in data[:4096])
    # A few stray signs are told with their place; more of them are no text at all.
    return CSV if controls * 20 <= len(data[:4096]) or _is_wide(data[:4096]) else ""


def _is_wide(head):
    """Whether every other byte is null, as in UTF-16 without a mark."""
    return max(head[::2].count(0), head[1::2].count(0)) * 3 > len(head)


def _packed(data):
    if data.startswith(b"PK\x05\x06"):
        return "zip"
    packed = archive.Archive(data)
    names = {name.casefold() for name in packed.names}
    if "mimetype" in names:
        mime = packed.read(packed.find("mimetype")).strip()
        if any(name.startswith(("basic/", "scripts/")) for name in names):
            raise Unreadable(archive.MACROS)
        return ODS if mime.removesuffix(b"-template") == _ODS_TYPE else "odf"
    if any(name.rpartition("/")[2] == "vbaproject.bin" for name in names):
        raise Unreadable(archive.MACROS)
    for part, kind in (
        ("xl/workbook.xml", XLSX),
        ("xl/workbook.bin", "xlsb"),
        ("word/document.xml", "docx"),
        ("ppt/presentation.xml", "pptx"),
    ):
        if part in names:
            return kind
    return ODS if {"content.xml", "meta-inf/manifest.xml"} <= names else "zip"
