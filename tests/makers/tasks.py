"""Tasks, made up: what is asked of images and how it is answered, without a competition's files."""

from competition.data.answers import ANSWERS
from competition.data.task import Task
from competition.settings.task import TaskSettings


def made_task(targets=("2", "10", "x", "y"), names=None, columns=None, **settings) -> Task:
    """The task of `settings`, of section `task`; names: of the classes, the targets by default; columns: after the
    ID, the classes where there is one for each, else "target".
    """
    task = TaskSettings(**settings)
    form, names = ANSWERS[task.answer], tuple(names or targets)
    columns = columns or (tuple(targets) if task.answer == "probabilities" else ("target",))
    return Task(task, form(targets, names, columns, task))
