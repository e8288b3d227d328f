"""Files that no import may accept, made on the spot: name → (file name, bytes, words expected).

`workbook` and `document` make an XLSX and an ODS out of the XML of their sheet, so that a test
can put anything in it.
"""

import io
import zipfile

S = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
P = "http://schemas.openxmlformats.org/package/2006"
CELLS = '<row r="1"><c r="A1" t="inlineStr"><is><t>Titre</t></is></c></row>'
GOOD_CSV = "Numéro;Titre;Montant\r\n1;Guichet;1 234,50 €\r\n2;Plateforme;35 M€\r\n".encode()
ODS_ROOT = (
    'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
)


def packed(members: dict, method=zipfile.ZIP_DEFLATED) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return output.getvalue()


def sheet(rows: str, after="") -> str:
    return f'<worksheet xmlns="{S}"><sheetData>{rows}</sheetData>{after}</worksheet>'


def row(number: int, *values, extra="") -> str:
    cells = "".join(
        f'<c r="{chr(65 + index)}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
        for index, value in enumerate(values)
    )
    return f'<row r="{number}">{cells}{extra}</row>'


def workbook(rows: str = "", after="", state="", strings=None, **more) -> bytes:
    members = {
        "[Content_Types].xml": f'<Types xmlns="{P}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{P}/relationships">'
        f'<Relationship Id="rId1" Type="{R}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook xmlns="{S}" xmlns:r="{R}"><sheets>'
        f'<sheet name="Dossiers" sheetId="1" {state} r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{P}/relationships">'
        f'<Relationship Id="rId1" Type="{R}/worksheet" Target="worksheets/sheet1.xml"/>'
        + f'<Relationship Id="rId2" Type="{R}/sharedStrings" Target="sharedStrings.xml"/>'
        * (strings is not None)
        + "</Relationships>",
        "xl/worksheets/sheet1.xml": sheet(rows, after),
    }
    if strings is not None:
        members["xl/sharedStrings.xml"] = f'<sst xmlns="{S}">{strings}</sst>'
    return packed(members | more)


def text_cell(value, **attributes) -> str:
    written = "".join(f' table:{name.replace("_", "-")}="{it}"' for name, it in attributes.items())
    return (
        f'<table:table-cell office:value-type="string"{written}>'
        f"<text:p>{value}</text:p></table:table-cell>"
    )


def table_row(*cells, repeated=1) -> str:
    return (
        f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(cells)}'
        "</table:table-row>"
    )


def document(rows: str, styles="", before="", manifest="<m/>", **more) -> bytes:
    content = (
        f"{before}<office:document-content {ODS_ROOT}><office:automatic-styles>{styles}"
        "</office:automatic-styles><office:body><office:spreadsheet>"
        f'<table:table table:name="Dossiers" table:style-name="ta1">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return packed(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content,
            "META-INF/manifest.xml": manifest,
        }
        | more
    )


def two_tables(*names: str) -> str:
    tables = "".join(
        f'<table:table table:name="{name}">{ODS_HEADERS}'
        f"{table_row(text_cell('1'), text_cell('Guichet'))}</table:table>"
        for name in names
    )
    return (
        f"<office:document-content {ODS_ROOT}><office:body><office:spreadsheet>{tables}"
        "</office:spreadsheet></office:body></office:document-content>"
    )


HEADERS = row(1, "Numéro", "Titre")
ODS_HEADERS = table_row(text_cell("Numéro"), text_cell("Titre"))
GOOD_XLSX = workbook(HEADERS + row(2, "1", "Guichet"))
GOOD_ODS = document(ODS_HEADERS + table_row(text_cell("1"), text_cell("Guichet")))


def lying(data: bytes, name: bytes, size: int) -> bytes:
    """An archive whose central record of `name` declares another unpacked size."""
    at = data.rindex(name) - 46
    return data[: at + 24] + size.to_bytes(4, "little") + data[at + 28 :]


def bad_files() -> dict[str, tuple[str, bytes, tuple[str, ...]]]:
    entities = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    external = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    spaces = b" " * (30 * 1024 * 1024)
    far = '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>'
    xml = sheet(HEADERS)
    formula = '<c r="C2"><f>SUM(A1:A9)</f><v>3</v></c>'
    error = '<c r="C2" t="e"><v>#REF!</v></c>'
    merged = '<mergeCells><mergeCell ref="A2:B3"/></mergeCells>'
    wide = ";".join(f"c{index}" for index in range(501)).encode()
    big = "<si><t>" + "a" * 1_000_000 + "</t></si>"
    shared = "".join(
        f'<row r="{index}"><c r="A{index}" t="s"><v>0</v></c></row>' for index in range(1, 500)
    )
    return {
        "nothing": ("a.csv", b"", ("vide",)),
        "blanks": ("a.csv", b"\xef\xbb\xbf \r\n\r\n", ("vide",)),
        "too heavy": ("a.csv", b"a;b\n" * 6_000_000, ("22,9\u00a0Mo", "20\u00a0Mo")),
        "other extension": ("a.docx", b"a", ("«\u00a0.docx\u00a0»", ".csv, .xlsx, .ods")),
        "no extension": ("a", b"a", ("sans extension",)),
        "PDF": ("a.xlsx", b"%PDF-1.7 ...", ("document PDF",)),
        "web page": ("a.csv", b"<!DOCTYPE html><html>", ("page web",)),
        "image": ("a.ods", b"\xff\xd8\xff\xe0JFIF", ("image JPEG",)),
        "old XLS": ("a.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, ("avant 2007",)),
        "bytes": ("a.csv", bytes(range(256)) * 9, ("type inconnu",)),
        "plain archive": ("a.xlsx", packed({"a.txt": "a"}), ("une archive",)),
        "Word": ("a.xlsx", packed({"word/document.xml": "<a/>"}), ("document Word",)),
        "ODS named XLSX": ("a.xlsx", GOOD_ODS, ("OpenDocument", ".ods")),
        "XLSX named ODS": ("a.ods", GOOD_XLSX, ("Excel", ".xlsx")),
        "XLSX named CSV": ("a.csv", GOOD_XLSX, ("Excel", ".xlsx")),
        "CSV named XLSX": ("a.xlsx", GOOD_CSV, ("CSV", ".csv")),
        "locked XLSX": (
            "a.xlsx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            ("mot de passe",),
        ),
        "locked ODS": ("a.ods", document("", manifest="<encryption-data/>"), ("mot de passe",)),
        "macros": ("a.xlsx", workbook(HEADERS, **{"xl/vbaProject.bin": b"x"}), ("macros",)),
        "ODS macros": ("a.ods", document("", **{"Basic/a.xml": "<a/>"}), ("macros",)),
        "cut XLSX": ("a.xlsx", GOOD_XLSX[: len(GOOD_XLSX) // 2], ("endommagé",)),
        "cut ODS": ("a.ods", GOOD_ODS[:-30], ("endommagé",)),
        "cut XML": ("a.xlsx", workbook(**{"xl/worksheets/sheet1.xml": xml[:-9]}), ("endommagé",)),
        "declared bomb": (
            "a.xlsx",
            lying(GOOD_XLSX, b"xl/worksheets/sheet1.xml", 2**31),
            ("bien plus que son poids",),
        ),
        "lying bomb": (
            "a.xlsx",
            lying(workbook(**{"xl/x.xml": spaces}), b"xl/x.xml", 9),
            ("bien plus que son poids",),
        ),
        "many members": (
            "a.xlsx",
            workbook(HEADERS, **{f"x/{index}.bin": b"" for index in range(2_001)}),
            ("bien plus que son poids",),
        ),
        "twice the same text": (
            "a.xlsx",
            workbook(shared, strings=big),
            ("bien plus que son poids",),
        ),
        "entities": ("a.ods", document("", before=entities), ("entités XML",)),
        "external entity": (
            "a.xlsx",
            workbook(**{"xl/worksheets/sheet1.xml": external + xml}),
            ("entités XML",),
        ),
        "two books in one": (
            "a.xlsx",
            workbook(
                HEADERS + row(2, "1"),
                **{
                    "_rels/.rels": f'<Relationships xmlns="{P}/relationships">'
                    f'<Relationship Id="a" Type="{R}/officeDocument" Target="xl/other.xml"/>'
                    "</Relationships>"
                },
            ),
            ("endommagé",),
        ),
        "entity in the list of sheets": (
            "a.xlsx",
            workbook(**{"xl/workbook.xml": entities + "<a/>"}),
            ("entités XML",),
        ),
        "huge comment": (
            "a.xlsx",
            workbook(**{"xl/worksheets/sheet1.xml": f"<a><!--{'>' * 9_000_000}--></a>"}),
            ("élément démesuré",),
        ),
        "other encoding of XML": (
            "a.xlsx",
            workbook(**{"xl/worksheets/sheet1.xml": xml.encode("utf-16")}),
            ("endommagé",),
        ),
        "last cell of all": ("a.xlsx", workbook(HEADERS + far), ("XFD1048576", "Dossiers")),
        "repeated columns": (
            "a.ods",
            document(table_row(text_cell("a", number_columns_repeated=16_384))),
            ("trop de colonnes", "Dossiers"),
        ),
        "repeated rows": (
            "a.ods",
            document(ODS_HEADERS + table_row(text_cell("a"), repeated=1_000_000)),
            ("trop de lignes", "1000001"),
        ),
        "merged XLSX": ("a.xlsx", workbook(HEADERS, merged), ("Dossiers", "A2:B3", "fusionnées")),
        "merged ODS": (
            "a.ods",
            document(ODS_HEADERS + table_row(text_cell("a", number_columns_spanned=2))),
            ("ligne 2", "colonne A", "A2:B2", "fusionnées"),
        ),
        "formula XLSX": (
            "a.xlsx",
            workbook(HEADERS + row(2, "1", extra=formula)),
            ("Feuille Dossiers, ligne 2, colonne C", "formule", "Collage spécial"),
        ),
        "formula ODS": (
            "a.ods",
            document(ODS_HEADERS + table_row(text_cell("3", formula="of:=1+2"))),
            ("Feuille Dossiers, ligne 2, colonne A", "formule"),
        ),
        "error XLSX": (
            "a.xlsx",
            workbook(HEADERS + row(2, "1", extra=error)),
            ("ligne 2, colonne C", "#REF!"),
        ),
        "error CSV": ("a.csv", b"a;b\n1;#REF!\n", ("Ligne 2, colonne B (b)", "#REF!")),
        "hidden XLSX": (
            "a.xlsx",
            workbook(HEADERS, state='state="hidden"'),
            ("Feuille Dossiers", "masquée"),
        ),
        "hidden ODS": (
            "a.ods",
            document(
                ODS_HEADERS,
                styles='<style:style style:name="ta1"><style:table-properties '
                'table:display="false"/></style:style>',
            ),
            ("Feuille Dossiers", "masquée"),
        ),
        "Windows-1252": (
            "a.csv",
            "a;b\r\n1;Préfet\r\n".encode("cp1252"),
            ("Ligne 2", "UTF-8", "Préfet"),
        ),
        "UTF-16": ("a.csv", "a;b\r\n1;é\r\n".encode("utf-16"), ("UTF-16", "CSV UTF-8")),
        "UTF-16 without mark": ("a.csv", "a;b\r\n1;é\r\n".encode("utf-16-le"), ("UTF-16",)),
        "null sign": (
            "a.csv",
            b"a;b\n1;x\0y\n" + b"2;z\n" * 9,
            ("Ligne 2, colonne B (b)", "caractère de commande"),
        ),
        "too many columns": (
            "a.csv",
            wide + b"\n" + wide,
            ("trop de colonnes", "est de 500"),
        ),
        "ragged": ("a.csv", b"a;b\n1;2;3\n", ("Ligne 2, colonne C", "sans intitulé", "C1")),
        "open quote": ("a.csv", b'a;b\n1;2\n3;"4\n5;6\n', ("Ligne 3", "jamais refermé")),
        "stray quote": ("a.csv", b'a;b\n1;"2"x\n', ("Ligne 2", "guillemet est mal placé")),
        "no headers": ("a.csv", b"1234567;2019-07-12\n1;2\n", ("intitulés", "2019-07-12")),
        "hollow header": ("a.csv", b"a;;c\n1;2;3\n", ("Ligne 2, colonne B", "B1")),
        "title above": (
            "a.csv",
            b"Liste des dossiers;;\n\nNumero;Titre;Montant\n1;Guichet;3\n",
            ("Ligne 1", "Liste des dossiers", "ligne 3"),
        ),
        "headers alone": ("a.csv", b"a;b\n", ("aucune donnée",)),
        "no cell": ("a.xlsx", workbook(), ("aucune cellule",)),
        "pipes": ("a.csv", b"a|b|c\n1|2|3\n", ("séparateur", "|")),
        "same names": (
            "a.ods",
            packed(
                {
                    "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
                    "content.xml": two_tables("Dossiers", "Dossiers "),
                    "META-INF/manifest.xml": "<m/>",
                }
            ),
            ("Deux feuilles portent le même nom", "Dossiers"),
        ),
        "too many digits": (
            "a.xlsx",
            workbook(HEADERS + '<row r="2"><c r="A2"><v>12345678901234567890</v></c></row>'),
            ("ligne 2, colonne A (Numéro)", "quinze chiffres"),
        ),
    }
