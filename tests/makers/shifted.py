"""Networks whose answers to a test set are known, also where that is harder to read, or they are surer than right."""

import numpy as np
from makers.stacked import made_images
from makers.tasks import made_task
from scipy.special import softmax

from competition.data.predictions import Predictions
from competition.ensembling.candidates import member_candidate
from competition.ensembling.stacked_predictions import stack_predictions
from competition.settings.ensemble import EnsembleSettings

SETTINGS, FOLDS, N = EnsembleSettings(resamples=100), range(4), 1200
TARGETS = ("2", "10", "x", "y")


def made(noise_on_test=1.2, sharpness_on_test=1.0, members=("a", "b"), **task):
    """(stacked, singles, what the vote of member a scores on the test set, and its networks alone)."""
    images = made_images(n=N, holdout=0, task=made_task(TARGETS, **task))
    images = type(images)(images.seen, images.holdout, tuple(f"t{n}" for n in range(2000)), images.task, images.metric)
    random, per_member = np.random.default_rng(5), {}
    test_true = random.integers(4, size=2000)

    def errors(count):  # what all networks see alike of an image
        return random.normal(0, 0.8, (count, 4))

    seen, of_test = errors(N), errors(2000)

    def answered(true, shared, noise, sharpness, random=random):
        logits = 2 * np.eye(4)[true] + noise * (shared + random.normal(0, 0.6, shared.shape))
        return softmax(sharpness * logits * 2 / noise**2, axis=1)

    for name in members:
        per_member[name] = []
        for fold in FOLDS:
            here = (images.seen["fold"] == fold).to_numpy()
            own, shared = images.seen[here], seen[here]
            true = images.task.encode(own["target"].tolist())
            views = {
                view: Predictions(own["ID"].tolist(), answered(true, shared, 1.2, 1.0), TARGETS)
                for view in ("clean", "test_like")
            }
            worse = answered(true, shared, 1.8, 1.0, np.random.default_rng([fold, len(per_member)]))
            views["severe"] = Predictions(own["ID"].tolist(), worse, TARGETS)
            on_test = answered(test_true, of_test, noise_on_test, sharpness_on_test)
            per_member[name].append(views | {"test": Predictions(images.test_ids, on_test, TARGETS)})
    stacked = stack_predictions(per_member, images)
    singles = [member_candidate(name, per_member[name], images, SETTINGS) for name in members]
    each = [images.plain(part["test"].probabilities.astype(np.float64)) for part in per_member["a"]]
    alone, together = ([images.metric(test_true, one, 4) for one in answers] for answers in (each, [singles[0].test]))
    return stacked, singles, float(np.mean(together)), float(np.mean(alone))
