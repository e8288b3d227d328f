"""Sets documents of one source, in a process that ends with them: run as a script, never imported.

Typst keeps what it computed for the next ten documents, about 3 MB a page, and the process would
keep that memory: here it is given back at once, documents that take too long can be stopped, and
the environment holds no secret and no way out.

Reads on its input {"source", "root", "fonts", "requests", "timestamp"} in JSON, a request being a
document's data as JSON text; writes the PDF files on its output, one after the other, and
{"sizes": […], "warnings": […]} or {"message", "hints", "rank"} in JSON on its errors, where it
leaves 2. Sizes are in bytes.
"""

import json
import sys

import typst

REFUSED = 2


def main():
    job = json.load(sys.stdin.buffer)
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[job["fonts"]]
    )
    sizes, warned = [], []
    for rank, request in enumerate(job["requests"]):
        try:
            document, warnings = typst.compile_with_warnings(
                job["source"],
                root=job["root"],
                font_paths=fonts,
                ignore_system_fonts=True,
                format="pdf",
                pdf_standards="ua-1",
                sys_inputs={"request": request},
                timestamp=job["timestamp"],
            )
        except typst.TypstError as error:
            said = {"message": error.diagnostic, "hints": error.hints, "rank": rank}
            json.dump(said, sys.stderr)
            return REFUSED
        sys.stdout.buffer.write(document)
        sizes.append(len(document))
        warned += [warning.message for warning in warnings]
    json.dump({"sizes": sizes, "warnings": list(dict.fromkeys(warned))}, sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
