"""Public answers leave compressed; what may hold a secret never does."""

import gzip
from io import BytesIO

import brotli
import pytest
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import reverse

from ftap.compression import CompressionMiddleware, preferred
from tests.factories import LaureateFactory, UserFactory

TEXT = "Les projets lauréats. ".encode() * 100
DECODERS = {"br": brotli.decompress, "gzip": gzip.decompress}


def public(content=TEXT, kind="text/html; charset=utf-8", response=HttpResponse, **headers):
    headers = {"Cache-Control": "public, no-cache"} | headers
    return response(content, content_type=kind, headers=headers)


def passed(response, accepted="gzip, deflate, br, zstd"):
    request = RequestFactory().get("/", headers={"accept-encoding": accepted})
    return CompressionMiddleware(lambda request: response)(request)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br; q=0.000, gzip;q=1.0", "gzip"),
        ("br;q=0.001", "br"),
        ("brotli, xgzip", None),
        ("identity", None),
        ("", None),
        (",;q=0", None),
    ],
)
def test_the_coding_is_one_that_the_browser_takes(accepted, coding):
    assert preferred(accepted) == coding


@pytest.mark.parametrize("coding", DECODERS)
@pytest.mark.parametrize("kind", ["text/html", "application/json", "application/atom+xml"])
def test_public_texts_are_compressed(coding, kind):
    response = passed(public(kind=kind, ETag='"abc"', **{"Content-Length": "9"}), coding)
    assert response["Content-Encoding"] == coding
    assert response["Vary"] == "Accept-Encoding"
    assert response["ETag"] == 'W/"abc"'
    assert int(response["Content-Length"]) == len(response.content) < len(TEXT) / 5
    assert DECODERS[coding](response.content) == TEXT


def test_who_asks_for_no_coding_is_told_that_another_might():
    response = passed(public(ETag='"abc"'), "")
    assert response.content == TEXT
    assert response["ETag"] == '"abc"'
    assert response["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("coding", DECODERS)
def test_streams_are_compressed_piece_after_piece(coding):
    asked = []

    def pieces():
        for number in range(2000):
            asked.append(number)
            yield b"%d;%s\r\n" % (number, TEXT[:99])

    response = passed(public(pieces(), "text/csv", StreamingHttpResponse), coding)
    made = iter(response.streaming_content)
    first = next(made)
    # It leaves before the second is asked for, and can be read at once.
    assert asked == [0]
    assert first
    whole = first + b"".join(made)
    assert DECODERS[coding](whole).count(b"\r\n") == 2000
    assert not response.has_header("Content-Length")
    assert DECODERS[coding](b"".join(passed(empty_stream(), coding))) == b""


def empty_stream():
    return public(iter(()), "text/csv", StreamingHttpResponse)


def test_a_file_is_compressed_whole_and_closed(db):
    file = BytesIO(TEXT)
    response = passed(public(file, "text/csv", FileResponse))
    assert brotli.decompress(response.getvalue()) == TEXT
    # A server would otherwise send the file itself.
    assert response.file_to_stream is None
    response.close()
    assert file.closed


def with_cookie():
    response = public()
    response.set_cookie("sessionid", "1")
    return response


@pytest.mark.parametrize(
    "response",
    [
        lambda: public(**{"Cache-Control": "private, no-store"}),
        lambda: public(**{"Cache-Control": "no-cache"}),
        lambda: HttpResponse(TEXT),
        lambda: public(Vary="Cookie"),
        with_cookie,
    ],
)
def test_what_may_hold_a_secret_is_not_compressed(response):
    answer = passed(response())
    assert answer.content == TEXT
    assert "Accept-Encoding" not in answer.get("Vary", "")


@pytest.mark.parametrize(
    "response",
    [
        lambda: public(kind="application/vnd.oasis.opendocument.spreadsheet"),
        lambda: public(kind="image/png"),
        lambda: public(**{"Content-Encoding": "br"}),
        lambda: public(TEXT[:100]),
    ],
)
def test_what_would_gain_nothing_is_left_as_it_is(response):
    before = response().content
    assert passed(response()).content == before


PAGES = ("/", "/laureats/", "/statistiques/", "/api/v1/laureats/", "/laureats/flux.atom")


@pytest.mark.parametrize("address", [*PAGES, "/laureats/export.csv"])
def test_pages_come_compressed_and_are_asked_for_again(db, client, address):
    LaureateFactory()
    plain = client.get(address)
    answer = client.get(address, headers={"accept-encoding": "gzip, br"})
    assert answer["Content-Encoding"] == "br"
    assert brotli.decompress(answer.getvalue()) == plain.getvalue()
    assert answer["ETag"] == f"W/{plain['ETag']}"
    again = client.get(
        address, headers={"accept-encoding": "gzip, br", "if-none-match": answer["ETag"]}
    )
    assert again.status_code == 304
    assert again["ETag"] == answer["ETag"]
    assert again["Vary"] == "Accept-Encoding"
    assert client.get(address, headers={"if-none-match": plain["ETag"]}).status_code == 304


def test_the_staff_s_site_and_forms_are_never_compressed(db, client):
    asking = {"accept-encoding": "gzip, br"}
    forms = [client.get(reverse("admin:login"), headers=asking)]
    forms.append(client.get(reverse("laureates:report"), headers=asking))
    client.force_login(UserFactory(superuser=True))
    forms.append(client.get(reverse("admin:index"), headers=asking))
    for response in forms:
        assert response.status_code == 200
        assert len(response.content) > 1000
        assert "Content-Encoding" not in response
