"""Options of the commands that answer new images: each means the same in all of them."""

from typing import Annotated

import typer

from competition.serving.documents import DocumentVote

Member = Annotated[str | None, typer.Option(help="whose answers, of submissions/ensembles.csv (default: final.csv's)")]
Student = Annotated[
    bool, typer.Option("--student", help="ask the student alone, the one network that learnt the final vote")
]
Fast = Annotated[
    bool, typer.Option("--fast", help="ask one fold's network (an ensemble's best voter's) about one orientation")
]
Precision = Annotated[float, typer.Option(help="share of right ones among the answers that are not unsure, at least")]
RejectUnknown = Annotated[
    float | None, typer.Option(help="share of images of the classes that are not called unknown, at least (0.95, say)")
]
Document = Annotated[
    DocumentVote,
    typer.Option(help="how a file of several pages is answered: by all, as the surest, or by one that is read"),
]
