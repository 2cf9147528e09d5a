"""PDF pages as pixels, by PDFium, in a process of its own: a file that makes PDFium crash, hang or take all memory ends
this process and no other. `pdf_pages` starts it as a script, and again for the next file.

A request is a line of JSON on standard input: `path`, `page` (from 1; 0: none) and `longest_side` (pixels). The answer
on standard output is a line of JSON: `pages`, how many the file has; or `height` and `width`, and behind it that many
pixels, 3 bytes each, RGB; or `problem`, why there are none.
"""

import json
import os
import sys

MEMORY = 2 * 2**30  # bytes
PASSWORD, SECURITY = 4, 5  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
ENCRYPTED = "an encrypted PDF: save it without a password"


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    limit_memory()
    documents: dict[str, object] = {}  # the one that was asked for last
    for line in sys.stdin.buffer:
        head, pixels = answer(json.loads(line), documents)
        answers.write(json.dumps(head).encode() + b"\n" + pixels)
        answers.flush()


def limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def answer(request: dict, documents: dict[str, object]) -> tuple[dict, bytes]:
    """Return the answer's head and pixels."""
    from pypdfium2 import PdfiumError

    try:
        document = opened(request["path"], documents)
        if not request["page"]:
            return {"pages": len(document)}, b""
        if request["page"] > len(document):
            return {"problem": f"has no page {request['page']}; its last one is {len(document)}"}, b""
        return rendered(document, request["page"], request["longest_side"])
    except PdfiumError as error:
        if error.err_code in (PASSWORD, SECURITY) and says_encrypted(request["path"]):
            return {"problem": ENCRYPTED}, b""
        return {"problem": f"a damaged PDF ({error})"}, b""
    except OSError as error:
        return {"problem": error.strerror or str(error)}, b""


def says_encrypted(path: str) -> bool:
    """Whether the file has an encryption dictionary: PDFium gives the last file's error where it sets none."""
    with open(path, "rb") as file:
        return b"/Encrypt" in file.read()


def opened(path: str, documents: dict[str, object]) -> object:
    """Return the document at `path`, with its forms, so that what is filled in shows."""
    from pypdfium2 import PdfDocument

    if path not in documents:
        for other in documents.values():
            other.close()
        documents.clear()
        document = PdfDocument(open(path, "rb"), autoclose=True)  # noqa: SIM115
        document.init_forms()
        documents[path] = document
    return documents[path]


def rendered(document: object, number: int, longest_side: int) -> tuple[dict, bytes]:
    """Return a page on white, as long as `longest_side`."""
    page = document[number - 1]
    try:
        longest = max(page.get_size())
        if not 0 < longest < float("inf"):
            return {"problem": "a page without a size"}, b""
        scale = longest_side / longest * (1 - 1e-6)  # PDFium rounds up
        bitmap = page.render(scale=scale, rev_byteorder=True)
        assert bitmap.stride == 3 * bitmap.width, (bitmap.stride, bitmap.width)
        return {"height": bitmap.height, "width": bitmap.width}, bytes(bitmap.buffer)
    finally:
        page.close()


if __name__ == "__main__":
    main()
