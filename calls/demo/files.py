"""Small files for the fictional dossiers: a table and a page, both of which say that they are."""

from django.core.files.base import ContentFile

NOTICE = "Document fictif"


def budget_table(project) -> ContentFile:
    """A CSV of the project's costs, in euros, as French spreadsheets write them."""
    cost = (project.cost or 0) * 1000
    lines = [
        (NOTICE, ""),
        ("Poste", "Montant (EUR)"),
        ("Prestations", cost * 60 // 100),
        ("Équipement", cost * 25 // 100),
        ("Formation", cost - cost * 60 // 100 - cost * 25 // 100),
    ]
    text = "".join(f"{label};{value}\r\n" for label, value in lines)
    return ContentFile(text.encode("utf-8-sig"), name="budget-fictif.csv")


def letter_page(reference: str) -> ContentFile:
    """A PDF of one page that names the dossier and says that it is fictional."""
    words = f"{NOTICE} - {reference}".encode("ascii")
    stream = b"BT /F1 18 Tf 72 760 Td (" + words + b") Tj ET"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    content, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    content += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    content += b"startxref\n%d\n%%%%EOF\n" % start
    return ContentFile(content, name="lettre-fictive.pdf")
