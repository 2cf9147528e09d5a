"""Make the HTML report: `python -m pipelines.report` (stage `report`).

Reads what the stages left in folds/ and submissions/, the packed images in data/, and params.yaml. Makes
submissions/report/index.html: one file that needs no network. A section without data says why.
"""

from time import perf_counter

from competition.common import paths
from competition.common.files import replace_file
from competition.common.locks import Use
from competition.compute.device import set_up_process
from competition.report.context import ReportContext
from competition.report.page import report_page
from competition.settings.load import load_settings
from pipelines._main import log, run


def main() -> None:
    began = perf_counter()
    set_up_process()
    page = report_page(ReportContext(load_settings()))
    with replace_file(paths.REPORT) as temporary:
        temporary.write_text(page, encoding="utf-8")
    log(
        "reported",
        path=paths.REPORT,
        megabytes=round(paths.REPORT.stat().st_size / 1e6, 1),
        seconds=round(perf_counter() - began, 1),
    )


if __name__ == "__main__":
    run(main, use=Use.READ)
