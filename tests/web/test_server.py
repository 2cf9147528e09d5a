"""The page's server: predict's answers; whatever is bad is refused with a message, and the server lives on."""

import io
import os
import struct
import threading
import zipfile
import zlib
from dataclasses import replace
from functools import partial
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from time import sleep

import numpy as np
import pytest
from makers.pdfs import BAD as PDFS
from makers.pdfs import picture_pdf, tiff
from makers.pipeline import table
from makers.project import project  # noqa: F401
from makers.serving import ask, send_raw, serving
from PIL import Image

from competition.labels.corrections import read_corrections
from competition.web.limits import Limits
from competition.web.server import Server
from competition.web.uploads import KINDS
from pipelines import predict, serve

LIMITS = Limits(file_bytes=200_000, pixels=1_000_000, pages=4, upload_seconds=1.5, wait_seconds=5, uploads=2)
POST = b"POST /api/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@pytest.fixture(scope="module")
def server(project):  # noqa: F811
    before = Path.cwd()
    os.chdir(project)
    try:
        with serving(project / "data/corrections", LIMITS, "lite0") as server:
            yield server
    finally:
        os.chdir(before)


@pytest.fixture
def image(server) -> bytes:
    return Path("data/raw/test/t1.png").read_bytes()


@pytest.fixture(autouse=True)
def lives(server):
    """After each test an image is still answered, and nothing but corrections lies in the folder."""
    yield
    assert ask(server, "/api/predict", Path("data/raw/test/t2.png").read_bytes())[0] == 200
    names = {path.name for path in Path("data/corrections").iterdir()}
    assert names <= {"corrections.csv", ".lock", *read_corrections("data/corrections")}


def png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG file that says it is this large."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_the_answers_are_those_of_predict(server, tmp_path):
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", "lite0", precision=0.5)
    rows = table(tmp_path / "found.csv")
    for row in rows:
        status, answer, _ = ask(server, "/api/predict", (Path("data/raw/test") / row["file"]).read_bytes())
        assert status == 200 and answer["target"] == row["target"] and answer["runner_up"] == row["runner_up"]
        assert answer["probability"] == [pytest.approx(float(row["probability"]), abs=2e-5)]
        assert answer["unsure"] == (row["unsure"] == "yes") and row["class_name"] in answer["label"]
        assert answer["heat_map"].startswith("data:image/webp") and answer["heat_map"] != answer["image"]
    assert len(rows) == 7


def test_unknown_images_are_those_of_predict(server, tmp_path):
    predict.main(Path("data/raw/test"), tmp_path / "found.csv", "lite0", precision=0.5, reject_unknown=0.1)
    told = {row["file"]: row["unknown"] == "yes" for row in table(tmp_path / "found.csv")}
    asked = serve.labeller("lite0", False, 0.5, known=0.1)
    images = {name: (Path("data/raw/test") / name).read_bytes() for name in told}
    found = {name: asked.answer(data, ".png", tmp_path, LIMITS)["unknown"] for name, data in images.items()}
    assert found == told and {*found.values()} == {False, True}
    assert ask(server, "/api/predict", images["t1.png"])[1]["unknown"] is None  # nobody asked


def test_a_correction_is_kept_with_its_pixels(server, image):
    for target, replaced in (("7", None), ("x", "7"), ("x", None)):  # the later one counts
        status, kept, _ = ask(server, "/api/corrections", image, [("target", target)])
        assert status == 200 and kept["target"] == target and kept["replaced"] == replaced
    id = sha256(image).hexdigest() + ".png"
    assert kept == {"id": id, "target": "x", "replaced": None, "corrections": 1}
    assert (Path("data/corrections") / id).read_bytes() == image
    assert Path("data/corrections/corrections.csv").read_text() == f"ID,target\n{id},x\n"


@pytest.mark.parametrize("query", [[], [("target", "../../x")], [("target", "7"), ("target", "x")], [("target", "")]])
def test_another_class_is_refused(server, image, query):
    status, answer, _ = ask(server, "/api/corrections", image + b" ", query)
    assert status == 422 and ("no class" in answer["error"] or "one target" in answer["error"])
    assert sha256(image + b" ").hexdigest() + ".png" not in read_corrections("data/corrections")


def as_file(kind: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(file, kind)
    return file.getvalue()


def zip_bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../page.png", bytes(20_000_000))
    return file.getvalue()


BAD = {
    "nothing": (b"", 400, "empty"),
    "text": (b"hello", 415, "no image"),
    "pdf": (b"%PDF-1.7 ...", 422, "can't be read: a damaged PDF"),
    "encrypted pdf": (PDFS["locked.pdf"][0], 422, "can't be read: an encrypted PDF: save it without a password"),
    "zip bomb": (zip_bomb(), 415, "zip archive"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(50), 415, "HEIC"),
    "dicom": (bytes(128) + b"DICM" + bytes(50), 415, "DICOM"),
    "eps": (as_file("EPS"), 415, "PostScript"),
    "icon": (as_file("ICO"), 415, "no image"),
    "many pixels": (png(20_000, 20_000, bytes(1000)), 413, "too many pixels"),
    "bomb": (png(1001, 1001, bytes(1002 * 1001)), 413, "too many pixels"),
    "gigabytes": (png(2**31 - 1, 2**31 - 1), 413, "too many pixels"),
    "cut off": (as_file("JPEG")[:-200], 422, "image"),
    "too large": (bytes(200_001), 413, "larger than"),
}


# of a correction only the header is read; `prepare` lists the images that can't be decoded
ASKED = [(path, name) for path in ("/api/predict", "/api/corrections?target=7") for name in BAD]


@pytest.mark.parametrize(("path", "name"), [one for one in ASKED if one != ("/api/corrections?target=7", "cut off")])
def test_bad_files_are_refused(server, path, name):
    data, status, words = BAD[name]
    found, answer, headers = ask(server, path, data)
    assert found == status and words in answer["error"], answer
    assert headers["X-Content-Type-Options"] == "nosniff" and "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_picture_of_a_gigabyte_is_refused_before_it_is_sent(server):
    status, answer = send_raw(server, POST + b"Content-Length: 1000000000\r\n\r\n")
    assert status == 413 and "larger than" in answer["error"]
    assert send_raw(server, POST + b"Content-Length: " + b"9" * 4000 + b"\r\n\r\n")[0] == 413
    assert send_raw(server, POST + b"Content-Length: -1\r\n\r\n")[0] == 400


def test_an_endless_upload_is_refused(server):
    chunks = (b"10000\r\n" + bytes(65536) + b"\r\n" for _ in range(1000))
    status, answer = send_raw(server, POST + b"Transfer-Encoding: chunked\r\n\r\n", *chunks)
    assert status == 411 and "Content-Length" in answer["error"]


def test_slow_uploads_end(server):
    status, answer = send_raw(server, POST + b"Content-Length: 1000\r\n\r\n", b"drip")
    assert status == 408 and "4 of 1000 bytes" in answer["error"]
    assert send_raw(server, b"POST /api/pre")[0] in (0, 400)  # headers without an end


@pytest.mark.parametrize("path", ["/../params.yaml", "/..%2fparams.yaml", "//params.yaml", "/data/corrections/", "/x"])
def test_no_file_is_given_out(server, path):
    assert ask(server, path)[0] == 404
    assert ask(server, path, b"x")[0] == 404


def test_pages_elsewhere_are_refused(server, image):
    here = f"127.0.0.1:{server.server_port}"
    for headers, status in (
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": f"http://{here}", "Host": here, "Sec-Fetch-Site": "same-origin"}, 200),
        ({"Host": f"localhost:{server.server_port}"}, 200),
        ({"Host": f"[::1]:{server.server_port}"}, 200),
    ):
        assert ask(server, "/api/predict", image, headers=headers.items())[0] == status, headers


def test_requests_wait_for_their_turn_and_are_refused_after_a_while(server, image, monkeypatch):
    service = server.service
    monkeypatch.setattr(server, "service", replace(service, limits=replace(LIMITS, wait_seconds=0.2)))
    with service.turn:
        status, answer, _ = ask(server, "/api/predict", image)
        assert status == 503 and "try again" in answer["error"]
    found = []
    monkeypatch.setattr(server, "service", service)
    threads = [threading.Thread(target=lambda: found.append(ask(server, "/api/predict", image)[0])) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [200] * 6


def test_uploads_that_come_at_once_are_all_answered(server, image):
    found = []
    with Server(("127.0.0.1", 0), replace(server.service, limits=Limits())) as late:
        asked = partial(ask, late, "/api/predict", image)
        threads = [threading.Thread(target=lambda: found.append(asked()[0])) for _ in range(24)]
        for thread in threads:
            thread.start()
        sleep(0.5)  # the server takes none of them up yet
        serving_thread = threading.Thread(target=late.serve_forever)
        serving_thread.start()
        for thread in threads:
            thread.join()
        late.shutdown()
        serving_thread.join()
    assert found == [200] * 24


def test_connections_are_bounded(server):
    taken = 0
    while server.open.acquire(timeout=0.2):
        taken += 1
    status, answer = send_raw(server)
    for _ in range(taken):
        server.open.release()
    assert taken == LIMITS.connections
    assert status == 503 and "too many connections" in answer["error"]


def test_what_goes_wrong_inside_is_a_message(server, image, monkeypatch, capsys):
    for error, status in ((RuntimeError("secret"), 500), (MemoryError(), 503)):

        def fail(*_, error=error):
            raise error

        monkeypatch.setattr(type(server.service.labeller), "answer", fail)
        found, answer, _ = ask(server, "/api/predict", image)
        assert found == status and "secret" not in answer["error"]
    assert "RuntimeError: secret" in capsys.readouterr().out
    monkeypatch.undo()


def pictures() -> list[Image.Image]:
    return [Image.open(f"data/raw/test/t{n}.png").convert("RGB") for n in (1, 2, 3)]


@pytest.mark.parametrize("kind", [tiff, picture_pdf])
def test_each_page_is_answered_and_the_file_by_their_mean(server, kind):
    alone = [ask(server, "/api/predict", Path(f"data/raw/test/t{n}.png").read_bytes())[1] for n in (1, 2, 3)]
    status, answer, _ = ask(server, "/api/predict", kind(*pictures()))
    assert status == 200 and [page["page"] for page in answer["pages"]] == [1, 2, 3]
    for page, one in zip(answer["pages"], alone, strict=True):
        assert page["probability"] == [pytest.approx(one["probability"][0], abs=0.1 if kind is picture_pdf else 1e-6)]
        if kind is tiff:
            assert all(page[key] == one[key] for key in ("target", "label", "runner_up", "unsure"))
    speaks = {page["page"]: page["probability"][0] for page in answer["pages"] if page["target"] == answer["target"]}
    assert answer["page"] in (1, 2, 3)
    if max(speaks.values(), default=0) > 0.5:
        assert answer["page"] == max(speaks, key=speaks.get)
    assert alone[0]["pages"] == [] and alone[0]["page"] is None
    assert answer["heat_map"].startswith("data:image/webp")


def test_a_page_is_kept_as_it_was_read(server):
    for data, page in ((tiff(*pictures()), 2), (picture_pdf(*pictures()), 3)):
        query = [("target", "x"), ("page", str(page))]
        status, kept, _ = ask(server, "/api/corrections", data, query)
        assert status == 200 and kept["id"].endswith(".png") and kept["target"] == "x"
        with Image.open(Path("data/corrections") / kept["id"]) as image:
            own = pictures()[page - 1]
            found = np.asarray(image.resize(own.size, Image.Resampling.BOX)).astype(int)
        assert abs(found - np.asarray(own)).mean() < (12 if data[:1] == b"%" else 0.01)
    for value in ("0", "9", "x", "-1"):
        status, answer, _ = ask(server, "/api/corrections", data, [("target", "x"), ("page", value)])
        assert status == 422 and "page" in answer["error"]
    one = ask(server, "/api/corrections", Path("data/raw/test/t1.png").read_bytes(), [("target", "x"), ("page", "99")])
    assert one[0] == 422 and one[1]["error"] == "page 99 can't be read: has no page 99; its last one is 1"


@pytest.mark.parametrize("kind", [tiff, picture_pdf])
def test_more_pages_than_are_taken_are_refused(server, kind):
    page = Image.new("L", (9, 9))
    status, answer, _ = ask(server, "/api/predict", kind(*[page] * (LIMITS.pages + 1)))
    assert status == 413 and f"more than the {LIMITS.pages} pages" in answer["error"]
    assert ask(server, "/api/predict", kind(*[page] * LIMITS.pages))[0] == 200


def test_every_page_of_a_tiff_is_held_to_the_limit_of_pixels(server):
    data = tiff(Image.new("1", (9, 9)), Image.new("1", (1001, 1001)))
    status, answer, _ = ask(server, "/api/predict", data)
    assert status == 413 and "too many pixels: 1001 x 1001" in answer["error"]


def test_corrections_are_no_more_than_the_limit(server, image, monkeypatch):
    ask(server, "/api/corrections", image, [("target", "7")])
    service = server.service
    monkeypatch.setattr(server, "service", replace(service, limits=replace(LIMITS, corrections=1)))
    status, answer, _ = ask(server, "/api/corrections", Path("data/raw/test/t3.png").read_bytes(), [("target", "7")])
    assert status == 409 and "1 corrections" in answer["error"]
    assert ask(server, "/api/corrections", image, [("target", "x")])[0] == 200  # of a known image


def test_head_is_answered_as_get_without_the_content(server):
    for path, status in (("/", 200), ("/api/classes", 200), ("/x", 404)):
        found = []
        for method in ("GET", "HEAD"):
            connection = HTTPConnection("127.0.0.1", server.server_port, timeout=30)
            connection.request(method, path)
            reply = connection.getresponse()
            found.append((reply.status, reply.headers["Content-Type"], reply.headers["Content-Length"]))
            content = reply.read()
            connection.close()
        assert found[0] == found[1] and found[1][0] == status and content == b""


def test_every_path_is_described(server):
    about = ask(server, "/openapi.json")[1]
    assert about["openapi"].startswith("3.1")
    image = Path("data/raw/test/t1.png").read_bytes()
    for path, calls in about["paths"].items():
        for method, call in calls.items():
            found = ask(server, path, image if method == "post" else None, [("target", "7")])
            assert found[0] == 200
            described = call["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
            assert set(found[1]) == set(described)
    text = ask(server, "/api")[1]["text"]
    assert all(path in text for path in about["paths"])


def test_the_page_names_what_is_taken(server):
    formats = ask(server, "/api/classes")[1]["formats"]
    named = {"JPEG 2000" if kind == "JPEG2000" else kind for kind in KINDS} - {"MPO"}
    assert (
        all(kind.lower() in formats.lower() for kind in named) and "facts.formats" in ask(server, "/page.js")[1]["text"]
    )
