"""ODS (OpenDocument 1.3, ISO/IEC 26300), written row by row: the same rows give the same bytes.

Its files are XML written as text: odfpy holds the whole tree in memory and takes ten times as long.
"""

import io
import re
from datetime import UTC, date, datetime
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from ftap.sheets.cells import Column, Kind, Sheet, labels, names, rows_of
from ftap.templatetags.ftap import euros, number

MIME = "application/vnd.oasis.opendocument.spreadsheet"
# A zip knows no earlier date.
EPOCH = (1980, 1, 1, 0, 0, 0)
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for prefix, name in {
        "office": "office",
        "table": "table",
        "text": "text",
        "style": "style",
        "fo": "xsl-fo-compatible",
        "number": "datastyle",
        "meta": "meta",
        "config": "config",
    }.items()
)
_ROOT = (
    f'{_NAMESPACES} xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:ooo="http://openoffice.org/2004/office" office:version="1.3"'
)
_XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SPACES = re.compile("^ +| +$| {2,}")

_DAY = (
    '<number:day number:style="long"/><number:text>/</number:text>'
    '<number:month number:style="long"/><number:text>/</number:text>'
    '<number:year number:style="long"/>'
)
_TIME = (
    '<number:text> </number:text><number:hours number:style="long"/>'
    '<number:text>:</number:text><number:minutes number:style="long"/>'
)


def _currency(name, decimals):
    return (
        f'<number:currency-style style:name="{name}"><number:number number:decimal-places='
        f'"{decimals}" number:min-integer-digits="1" number:grouping="true"/><number:text>\u00a0'
        "</number:text><number:currency-symbol>€</number:currency-symbol></number:currency-style>"
    )


def _cell_style(name, data="", wrapped=False):
    wrap = ' fo:wrap-option="wrap"' if wrapped else ""
    data = f' style:data-style-name="{data}"' if data else ""
    return (
        f'<style:style style:name="{name}" style:family="table-cell"{data}>'
        f'<style:table-cell-properties style:vertical-align="top"{wrap}/></style:style>'
    )


_STYLES = (
    '<number:number-style style:name="N-integer"><number:number number:decimal-places="0" '
    'number:min-integer-digits="1" number:grouping="true"/></number:number-style>'
    '<number:number-style style:name="N-year"><number:number number:decimal-places="0" '
    'number:min-integer-digits="1"/></number:number-style>'
    + _currency("N-euros", 0)
    + _currency("N-cents", 2)
    + '<number:percentage-style style:name="N-percent"><number:number number:decimal-places="1" '
    'number:min-integer-digits="1"/><number:text>\u00a0%</number:text></number:percentage-style>'
    f'<number:date-style style:name="N-date">{_DAY}</number:date-style>'
    f'<number:date-style style:name="N-datetime">{_DAY}{_TIME}</number:date-style>'
    + _cell_style("text", wrapped=True)
    + "".join(
        _cell_style(name, f"N-{name}")
        for name in ("integer", "year", "euros", "cents", "percent", "date", "datetime")
    )
    + '<style:style style:name="header" style:family="table-cell"><style:table-cell-properties '
    'fo:background-color="#f5f5fe" fo:wrap-option="wrap" style:vertical-align="top"/>'
    '<style:text-properties fo:font-weight="bold"/></style:style>'
    '<style:style style:name="sheet" style:family="table" style:master-page-name="Default">'
    '<style:table-properties table:display="true"/></style:style>'
)


def write(
    sheets: list[Sheet], *, title: str, author: str, footer: str, created_at: datetime
) -> bytes:
    moment = created_at.astimezone(UTC)
    dated = max(moment.timetuple()[:6], EPOCH)
    sheet_names = names(sheets)
    output = io.BytesIO()
    with ZipFile(output, "w") as archive:

        def opened(name, compression=ZIP_DEFLATED):
            info = ZipInfo(name, dated)
            info.compress_type = compression
            info.external_attr = 0o600 << 16
            return archive.open(info, "w")

        # The first file, and not compressed: this is how the format is recognised.
        with opened("mimetype", ZIP_STORED) as file:
            file.write(MIME.encode())
        with opened("content.xml") as file:
            for piece in _content(sheet_names, sheets):
                file.write(piece.encode())
        for name, text in {
            "styles.xml": _page(footer),
            "meta.xml": _meta(title, author, moment),
            "settings.xml": _settings(sheet_names),
            "META-INF/manifest.xml": _manifest(),
        }.items():
            with opened(name) as file:
                file.write((_XML + text).encode())
    return output.getvalue()


def _content(sheet_names, sheets):
    yield f"{_XML}<office:document-content {_ROOT}><office:automatic-styles>{_STYLES}"
    widths = sorted({column.shown_width for sheet in sheets for column in sheet.columns})
    for width in widths:
        yield (
            f'<style:style style:name="w{width}" style:family="table-column">'
            f'<style:table-column-properties style:column-width="{width * 0.2:.1f}cm"/>'
            "</style:style>"
        )
    yield "</office:automatic-styles><office:body><office:spreadsheet>"
    for name, sheet in zip(sheet_names, sheets, strict=True):
        yield f'<table:table table:name={quoteattr(name)} table:style-name="sheet">'
        for column in sheet.columns:
            yield f'<table:table-column table:style-name="w{column.shown_width}"/>'
        yield "<table:table-header-rows><table:table-row>"
        for label in labels(sheet):
            yield _string(label, "header")
        yield "</table:table-row></table:table-header-rows>"
        for values in rows_of(sheet):
            cells = map(_cell, values, sheet.columns)
            yield f"<table:table-row>{''.join(cells)}</table:table-row>"
        yield "</table:table>"
    yield "</office:spreadsheet></office:body></office:document-content>"


def _string(text, style="text"):
    paragraphs = "".join(f"<text:p>{_spaced(line)}</text:p>" for line in text.split("\n"))
    return (
        f'<table:table-cell table:style-name="{style}" office:value-type="string">'
        f"{paragraphs}</table:table-cell>"
    )


def _spaced(line):
    """A line whose spaces all count: in this format several are one, as in HTML."""
    return _SPACES.sub(lambda spaces: f'<text:s text:c="{len(spaces[0])}"/>', escape(line))


def _cell(value, column: Column):
    if value is None:
        return "<table:table-cell/>"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, date):
        style, typed = column.kind, {"value-type": "date", "date-value": value.isoformat()}
        shown = f"{value:%d/%m/%Y %H:%M}" if isinstance(value, datetime) else f"{value:%d/%m/%Y}"
    elif column.kind == Kind.EUROS:
        style = "euros" if value == value.to_integral_value() else "cents"
        typed = {"value-type": "currency", "currency": "EUR", "value": f"{value:f}"}
        shown = euros(value)
    elif column.kind == Kind.PERCENT:
        style, typed = column.kind, {"value-type": "percentage", "value": f"{value:f}"}
        shown = f"{number(round(value * 100, 1))}\u00a0%"
    else:
        style, typed = column.kind, {"value-type": "float", "value": value}
        shown = value if column.kind == Kind.YEAR else number(value)
    attributes = "".join(f' office:{name}="{held}"' for name, held in typed.items())
    return (
        f'<table:table-cell table:style-name="{style}"{attributes}>'
        f"<text:p>{shown}</text:p></table:table-cell>"
    )


def _page(footer):
    return (
        f"<office:document-styles {_ROOT}><office:styles><style:default-style "
        'style:family="table-cell"><style:text-properties fo:language="fr" fo:country="FR"/>'
        "</style:default-style></office:styles><office:automatic-styles><style:page-layout "
        'style:name="page"><style:page-layout-properties fo:page-width="29.7cm" '
        'fo:page-height="21cm" style:print-orientation="landscape" style:scale-to-X="1" '
        'style:scale-to-Y="0"/><style:footer-style><style:header-footer-properties '
        'fo:min-height="0.6cm" fo:margin-top="0.3cm"/></style:footer-style>'
        "</style:page-layout></office:automatic-styles>"
        '<office:master-styles><style:master-page style:name="Default" '
        'style:page-layout-name="page"><style:footer><style:region-left><text:p>'
        f"{_spaced(' '.join(footer.split()))}</text:p></style:region-left><style:region-right>"
        "<text:p><text:page-number>1</text:page-number> / <text:page-count>1</text:page-count>"
        "</text:p></style:region-right></style:footer></style:master-page>"
        "</office:master-styles></office:document-styles>"
    )


def _meta(title, author, moment):
    stamp = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    creator = escape(author)
    return (
        f"<office:document-meta {_ROOT}><office:meta><dc:title>{escape(title)}</dc:title>"
        f"<meta:initial-creator>{creator}</meta:initial-creator><dc:creator>{creator}</dc:creator>"
        f"<dc:language>fr-FR</dc:language><meta:creation-date>{stamp}</meta:creation-date>"
        f"<dc:date>{stamp}</dc:date>"
        "</office:meta></office:document-meta>"
    )


def _settings(sheet_names):
    """The first row of each sheet stays in sight."""
    tables = "".join(
        f"<config:config-item-map-entry config:name={quoteattr(name)}>"
        '<config:config-item config:name="VerticalSplitMode" config:type="short">2'
        '</config:config-item><config:config-item config:name="VerticalSplitPosition" '
        'config:type="int">1</config:config-item><config:config-item '
        'config:name="ActiveSplitRange" config:type="short">2</config:config-item>'
        '<config:config-item config:name="PositionBottom" config:type="int">1'
        "</config:config-item></config:config-item-map-entry>"
        for name in sheet_names
    )
    return (
        f"<office:document-settings {_ROOT}><office:settings><config:config-item-set "
        'config:name="ooo:view-settings"><config:config-item-map-indexed config:name="Views">'
        '<config:config-item-map-entry><config:config-item config:name="ViewId" '
        'config:type="string">view1</config:config-item><config:config-item-map-named '
        f'config:name="Tables">{tables}</config:config-item-map-named>'
        "</config:config-item-map-entry></config:config-item-map-indexed>"
        "</config:config-item-set></office:settings></office:document-settings>"
    )


def _manifest():
    files = "".join(
        f'<manifest:file-entry manifest:full-path="{name}" manifest:media-type="text/xml"/>'
        for name in ("content.xml", "styles.xml", "meta.xml", "settings.xml")
    )
    return (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
        'manifest:version="1.3"><manifest:file-entry manifest:full-path="/" '
        f'manifest:version="1.3" manifest:media-type="{MIME}"/>{files}</manifest:manifest>'
    )
