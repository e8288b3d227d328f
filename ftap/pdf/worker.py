"""Sets one document, in a process of its own that ends with it: run as a script, never imported.

Typst keeps what it computed for the next ten documents, about 3 MB a page, and the process would
keep that memory: here it is given back at once, a document that takes too long can be stopped,
and the environment holds no secret and no way out.

Reads on its input {"source", "root", "fonts", "request", "timestamp"} in JSON; writes the PDF on
its output and {"warnings": […]} or {"message", "hints"} in JSON on its errors, where it leaves 2.
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
    try:
        document, warnings = typst.compile_with_warnings(
            job["source"],
            root=job["root"],
            font_paths=fonts,
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards="ua-1",
            sys_inputs={"request": job["request"]},
            timestamp=job["timestamp"],
        )
    except typst.TypstError as error:
        json.dump({"message": error.diagnostic, "hints": error.hints}, sys.stderr)
        return REFUSED
    sys.stdout.buffer.write(document)
    json.dump({"warnings": [warning.message for warning in warnings]}, sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
