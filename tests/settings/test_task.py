"""Section task: what fits together, and each combination that doesn't, with its message."""

import pytest

from competition.data.answers import ANSWERS
from competition.ensembling.decisions import DECISIONS
from competition.metrics.scores import METRICS
from competition.settings.load import load_settings
from competition.settings.params import Settings
from competition.settings.task import TaskSettings


def load(tmp_path, text, rest=""):
    (tmp_path / "params.yaml").write_text(f"task: {{{text}}}\n{rest}")
    return load_settings(tmp_path / "params.yaml")


def test_the_default_is_one_class_an_image_by_macro_f1():
    task = TaskSettings()
    assert (task.labels, task.answer, task.metric, task.decision) == ("single", "label", "f1_macro", "auto")
    assert (task.metadata, task.most, task.separator, task.several) == ("auto", 5, " ", False)
    assert TaskSettings.model_validate(task.model_dump(mode="json")) == task  # the same, now checked


@pytest.mark.parametrize(
    "text",
    [
        "metric: accuracy",
        "labels: ordinal, metric: quadratic_weighted_kappa, decision: cut_points",
        "labels: ordinal, metric: quadratic_weighted_kappa, decision: cut_points",
        "answer: probability, metric: roc_auc",
        "answer: probability, metric: log_loss, decision: calibrated",
        "answer: probabilities, metric: weighted_auc, decision: plain",
        "answer: probabilities, metric: map_at_5",
        "answer: ranked, metric: top_5_accuracy, most: 5",
        "labels: multi, answer: label_list, metric: f1_samples, decision: label_thresholds",
        "labels: multi, answer: probabilities, metric: average_precision",
        "labels: multi, answer: ranked, metric: map_at_3, most: 3, separator: ','",
        "labels: multi, answer: probabilities, metric: log_loss, decision: calibrated",
        "decision: class_offsets",
        "metadata: [age, sex]",
        "metadata: none",
    ],
)
def test_what_fits_together(tmp_path, text):
    rest = "specialize: {base: []}" if "multi" in text else ""
    task = load(tmp_path, text, rest).task
    assert TaskSettings.model_validate(task.model_dump(mode="json")) == task
    assert task.several == ("multi" in text)


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        ("labels: many", "task.labels", "'single', 'multi' or 'ordinal'"),
        ("answer: text", "task.answer", "no answer form 'text'; there are label, label_list, probabilities"),
        ("metric: f1", "task.metric", "no metric 'f1'; there are accuracy, "),
        ("decision: best", "task.decision", "no decision rule 'best'; there are calibrated, calibrated_grade"),
        ("metadata: age", "task.metadata", "age; expected auto, none, or a list of columns"),
        ("metadata: [[1]]", "task.metadata", "[[1]]; expected auto, none, or a list of columns"),
        ("most: 0", "task.most", "greater than or equal to 1"),
        ("separator: ''", "task.separator", "at least 1 character"),
        ("label: single", "task.label", "unknown key"),
        ("labels: multi", "task", "answer: label, but labels: multi; expected label_list or probabilities or ranked"),
        ("answer: label_list", "task", "answer: label_list, but labels: single; expected label or probabilities or "),
        ("labels: ordinal, answer: probability, metric: log_loss", "task", "answer: probability, but labels: ordinal"),
        (
            "metric: quadratic_weighted_kappa",
            "task",
            "metric: quadratic_weighted_kappa can't score labels: single; it takes ordinal",
        ),
        (
            "labels: multi, answer: label_list, metric: balanced_accuracy",
            "task",
            "metric: balanced_accuracy can't score labels: multi; it takes single, ordinal",
        ),
        (
            "metric: log_loss",
            "task",
            "metric: log_loss scores probabilities, but answer: label; expected probabilities or probability",
        ),
        ("metric: map_at_5", "task", "metric: map_at_5 scores ranks, but answer: label; expected probabilities or ran"),
        ("answer: ranked, metric: log_loss", "task", "metric: log_loss scores probabilities, but answer: ranked; exp"),
        ("answer: probabilities", "task", "metric: f1_macro scores labels, but answer: probabilities; expected label"),
        (
            "decision: threshold",
            "task",
            "decision: threshold makes labels, of labels: multi; but labels: single, and metric: f1_macro scores "
            "labels; expected auto or plain or class_offsets",
        ),
        (
            "decision: calibrated",
            "task",
            "decision: calibrated makes probabilities, of labels: single or ordinal or multi; but labels: single, and "
            "metric: f1_macro scores labels; expected auto or plain or class_offsets",
        ),
        (
            "answer: ranked, metric: map_at_5, decision: cut_points",
            "task",
            "decision: cut_points makes labels, of labels: ordinal; but labels: single, and metric: map_at_5 scores "
            "ranks; expected auto or plain",
        ),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, text, key, what):
    with pytest.raises(ValueError) as caught:
        load(tmp_path, text)
    assert f"{key}: " in str(caught.value) and what in str(caught.value), str(caught.value)


def test_every_form_metric_and_rule_can_be_had():
    """No entry of a registry is refused with everything else."""
    found = set()
    for labels in ("single", "ordinal", "multi"):
        for answer in ANSWERS.names():
            for metric in METRICS.names():
                for decision in ("auto", *DECISIONS.names()):
                    try:
                        TaskSettings(labels=labels, answer=answer, metric=metric, decision=decision)
                    except ValueError:
                        continue
                    found |= {answer, metric, decision}
    assert found == {*ANSWERS.names(), *METRICS.names(), *DECISIONS.names(), "auto"}


def test_of_several_labels_nothing_is_shared_out(tmp_path):
    text = "labels: multi, answer: label_list"
    with pytest.raises(ValueError, match=r"specialize.base: a specialist shares out one class's probability .*base: "):
        load(tmp_path, text)
    with pytest.raises(ValueError, match=r"ensemble.external: \['friend'\], but task.answer: probabilities; only la"):
        load(tmp_path, "answer: probabilities, metric: log_loss", "ensemble: {external: [friend]}")
    assert load(tmp_path, text, "specialize: {base: []}\nensemble: {external: [friend]}").task.several


def test_a_metric_of_ones_own_is_a_file_beside_params_yaml(tmp_path):
    (tmp_path / "my_metric.py").write_text(
        "from competition.metrics.metric import Metric\n"
        "from competition.metrics.scores import METRICS\n\n\n"
        "@METRICS.register\nclass Mine(Metric):\n"
        '    label, kinds = "share of right ones", ("single",)\n\n'
        "    def score(self, y_true, y_pred, n_classes, weights):\n"
        "        return (y_true == y_pred).mean()\n"
    )
    settings = load(tmp_path, "metric: my_metric.py")
    assert settings.task.metric_name == "my_metric" and settings.plugin_files == ("my_metric.py",)
    assert load(tmp_path, "metric: my_metric.py", "plugins: [my_metric.py]").plugin_files == ("my_metric.py",)
    with pytest.raises(ValueError, match="metric: my_metric.py can't score labels: ordinal; it takes single"):
        load(tmp_path, "metric: my_metric.py, labels: ordinal")
    with pytest.raises(FileNotFoundError, match=r"your_metric\.py"):
        load(tmp_path, "metric: your_metric.py")


def test_the_files_of_a_run_are_named_by_the_task():
    assert Settings().plugin_files == ()
    assert {one.holds for _, one in ANSWERS.items()} == {"labels", "probabilities"}
    takes = {metric.takes for _, metric in METRICS.items()}
    assert takes == {"labels", "probabilities", "ranks"}
    assert all({*form.scored_as} <= takes for _, form in ANSWERS.items())
