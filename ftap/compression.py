"""Public answers are compressed, and they alone.

An answer that says `Cache-Control: public` holds no secret: neither a form's token nor anything of
a session, which the length of a compressed page could betray. Each is compressed as it leaves, at
the cheapest level, which costs a tenth of a millisecond: the others save one byte in ten.
"""

import re
import zlib
from collections.abc import Iterable, Iterator

import brotli
from django.utils.cache import has_vary_header, patch_vary_headers

TEXTS = re.compile(r"text/|application/(?:[\w.-]+\+)?(?:json|xml)\b")
# Bytes under which nothing is saved.
SHORTEST = 500
LEVEL = 1
WINDOW = 18  # bits: what a stream remembers, 256 KiB
_WEIGHT = re.compile(r";\s*q=0(?:\.0*)?\s*$")


class CompressionMiddleware:
    """Stands before what compares entity tags: those of compressed answers are weak."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        if not is_public(response):
            return response
        coding = preferred(request.headers.get("Accept-Encoding", ""))
        if response.status_code == 304:
            patch_vary_headers(response, ["Accept-Encoding"])
            if coding:
                _weaken(response)
        elif TEXTS.match(response.get("Content-Type", "")):
            patch_vary_headers(response, ["Accept-Encoding"])
            if coding and (response.streaming or len(response.content) >= SHORTEST):
                _compress(response, coding)
        return response


def is_public(response) -> bool:
    """Whether anybody may be given this answer, and it has no coding yet."""
    kept = response.get("Cache-Control", "").replace(" ", "").split(",")
    return (
        "public" in kept
        and not response.cookies
        and not has_vary_header(response, "Cookie")
        and not response.has_header("Content-Encoding")
    )


def preferred(accepted: str) -> str | None:
    """The coding to answer with, of those that `accepted` names; None: as it is."""
    names = [
        part.partition(";")[0].strip().lower()
        for part in accepted.split(",")
        if not _WEIGHT.search(part)
    ]
    return next((coding for coding in CODERS if coding in names), None)


def _compress(response, coding: str):
    coder = CODERS[coding]()
    if response.streaming:
        response.streaming_content = _pieces(response.streaming_content, coder)
        del response.headers["Content-Length"]
    else:
        response.content = coder.process(response.content) + coder.finish()
        if response.has_header("Content-Length"):
            response.headers["Content-Length"] = str(len(response.content))
    response.headers["Content-Encoding"] = coding
    _weaken(response)


def _weaken(response):
    tag = response.get("ETag", "")
    if tag.startswith('"'):
        response.headers["ETag"] = f"W/{tag}"


def _pieces(content: Iterable[bytes], coder) -> Iterator[bytes]:
    """The first piece leaves at once, so that a download begins."""
    content = iter(content)
    for first in content:
        yield coder.process(first) + coder.flush()
        break
    for piece in content:
        if made := coder.process(piece):
            yield made
    yield coder.finish()


def _brotli():
    return brotli.Compressor(quality=LEVEL, lgwin=WINDOW)


class Gzip:
    """zlib's, with the names of brotli's."""

    def __init__(self):
        self.made = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self.process = self.made.compress

    def flush(self) -> bytes:
        return self.made.flush(zlib.Z_SYNC_FLUSH)

    def finish(self) -> bytes:
        return self.made.flush()


# In order of preference.
CODERS = {"br": _brotli, "gzip": Gzip}
