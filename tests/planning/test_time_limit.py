"""The epochs that fit into a time limit."""

import pytest
import yaml
from makers.surveys import made_settings, survey_of, votes_of

from competition.planning.cost_model import forecast
from competition.planning.subset import Size
from competition.planning.time_limit import FORECAST, changed_epochs, fitted
from competition.settings.finetuned import FinetunedSettings
from competition.settings.load import load_settings
from pipelines import plan

pytestmark = pytest.mark.slow


def limited(minutes, **changes):
    """What fits of a made-up competition, of which a training's epoch takes 20.5 seconds and a run of 10 epochs 15
    minutes or so, by a member that sees full-size pictures from the start.
    """
    settings = made_settings(**changes)
    pair = survey_of(40, 80, settings), survey_of(120, 240, settings)
    votes, size = [votes_of(1000, 2000)], Size(1000, 2000)
    fit = fitted(pair, votes, settings, size, 60 * minutes)
    return settings, fit, sum(stage.seconds for stage in forecast(pair, votes, fit, size)) / 60


def test_epochs_are_cut_until_the_forecast_fits_and_no_further():
    settings, fit, whole = limited(1000)
    assert fit.members["lite0"].epochs == 10 and changed_epochs(settings, fit) == {}
    settings, fit, takes = limited(0.8 * whole)
    epochs = fit.members["lite0"].epochs
    assert changed_epochs(settings, fit) == {("members", "lite0", "epochs"): epochs}
    epoch = 3 * (0.5 + 0.02 * 1000) / 60
    assert takes <= FORECAST * 0.8 * whole < takes + epoch and whole - takes == pytest.approx((10 - epochs) * epoch)


def test_a_limit_that_a_quarter_of_the_epochs_misses_is_refused():
    with pytest.raises(ValueError, match=r"1 min 00 s are too short: with 25% of .* a run takes \d+ m"):
        limited(1)


def test_epochs_of_growing_pictures_count_by_their_pixels():
    """Six epochs: one each at 96, 128 and 160 pixels, three at 192."""
    growing = FinetunedSettings(size=192, first_size=96, epochs=6)
    assert growing.planned_epochs == pytest.approx((96**2 + 128**2 + 160**2 + 3 * 192**2) / 192**2)
    assert FinetunedSettings(size=192, epochs=9).planned_epochs == 9


def test_the_epochs_that_fit_are_written_beside_what_stands_there(competition, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    changes = {"competition": {"root": str(competition.root)}, "specialize": {"base": []}}
    text = yaml.safe_dump(made_settings(**changes).model_dump(mode="json"))
    (tmp_path / "params.yaml").write_text("# mine\n" + text)
    settings = made_settings()
    pair = survey_of(20, 10, settings), survey_of(40, 20, settings)
    monkeypatch.setattr(plan, "measure", lambda *given: (pair, [votes_of(60, 30)]))
    plan.main(train=1000, test=2000, minutes=12)
    assert "fewer epochs members.lite0.epochs=" in capsys.readouterr().out
    assert (tmp_path / "params.yaml").read_text() == "# mine\n" + text
    plan.main(train=1000, test=2000, minutes=12, apply=True)
    written = (tmp_path / "params.yaml").read_text()
    epochs = load_settings(tmp_path / "params.yaml").members["lite0"].epochs
    assert written.startswith("# mine\n") and 3 < epochs < 10
    with pytest.raises(ValueError, match="are too short"):
        plan.main(train=1000, test=2000, minutes=1)
    assert "train lite0" in capsys.readouterr().err  # what was measured is shown all the same
    with pytest.raises(ValueError, match="give these too"):
        plan.main(apply=True)
