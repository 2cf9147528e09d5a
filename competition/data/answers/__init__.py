"""Registry of answer forms: what a submission holds, chosen by `task.answer`. Each is an `AnswerForm` in a file."""

from competition.common.registry import Registry

ANSWERS = Registry("answer form", __name__)
