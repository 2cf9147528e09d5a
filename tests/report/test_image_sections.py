"""Image sections of the report: which images they show, that names stay text, and how large they are."""

import base64
import json
import re
from types import SimpleNamespace

import cv2
import numpy as np
import pandas as pd
import pytest
from makers.html import Reader
from makers.packed import TARGETS, marked_page, row

from competition.common.image_grid import write_grid
from competition.data.image_store import ImageStore, write_rows
from competition.data.predictions import Predictions
from competition.report.context import ReportContext
from competition.report.embedding_map import COLOURS, SYMBOLS, Embedding, embedding_map, style
from competition.report.image_cards import image_cards
from competition.report.inline_images import COLUMNS, LINES, TILE, data_uri, rows_of, sprite_sheets, with_heat
from competition.report.sections.copies import contact_sheet
from competition.report.sections.image_map import ImageMap, image_map, member_with_network
from competition.report.sections.label_review import LabelReview, label_cards
from competition.report.sections.least_certain import LeastCertain, least_certain, margins, uncertain_cards
from competition.report.sections.worst_errors import OutOfFold, WorstErrors, error_cards, worst_errors

pytestmark = pytest.mark.slow

ROGUE = "<script>alert(1)</script>\"'</script><!--"
NAMES = {"7": ROGUE, "10": "two_words", "x": "x"}


def pixels(uri):
    data = base64.b64decode(uri.removeprefix("data:image/webp;base64,"), validate=True)
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)


def predictions(ids, rows):
    return Predictions(ids, rows, TARGETS)


def test_worst_errors_by_hand():
    """Wrong are b (own 0.1), c (0.3) and d (0.1); b stands before d by its ID."""
    found = predictions(
        ["a", "d", "b", "c", "e"], [[0.6, 0.2, 0.2], [0.5, 0.1, 0.4], [0.1, 0.5, 0.4], [0.3, 0.6, 0.1], [0.1, 0.1, 0.8]]
    )
    order = worst_errors(found, np.array(["7", "10", "7", "7", "x"]))
    assert found.ids[order].tolist() == ["b", "d", "c"]


def test_least_certain_by_hand():
    """Margins: a 0.2, b 0, c 0, d 0.9."""
    found = predictions(["a", "c", "b", "d"], [[0.5, 0.3, 0.2], [0.4, 0.2, 0.4], [0.5, 0.5, 0], [0.95, 0.05, 0]])
    np.testing.assert_allclose(margins(found), [0.2, 0, 0, 0.9], atol=1e-6)
    assert found.ids[least_certain(found)].tolist() == ["b", "c", "a", "d"]
    assert len(least_certain(predictions([f"{n}" for n in range(40)], np.full((40, 3), 1 / 3)))) == 24
    assert margins(Predictions(["a"], [[1.0]], ["7"])).tolist() == [1]


@pytest.fixture
def store(tmp_path):
    """Return a store of four images, one of them with an ID that is HTML, each in both conditions."""
    generator = np.random.default_rng(0)
    ids = (ROGUE, "b", "c", "d")
    write_rows(
        tmp_path / "images.arrow",
        [
            row(id, "7", condition, 0, generator.integers(0, 256, (48, 48, 3)).astype(np.uint8))
            for id in ids
            for condition in ("clean", "test_like")
        ],
    )
    return ImageStore(tmp_path / "images.arrow")


def out_of_fold_of(ids, y_true, rows):
    both = predictions(ids, rows)
    return OutOfFold("net", both, both, np.array(y_true), np.zeros(len(ids), int))


def test_errors_show_both_conditions_with_their_heat_and_names_stay_text(store):
    oof = out_of_fold_of([ROGUE, "b"], ["10", "7"], [[0.9, 0.1, 0], [0.6, 0.3, 0.1]])
    page = Reader(error_cards(oof, store, NAMES, np.full((1, 32, 32), 0.5, np.float32)))
    images = page.all("img")
    assert [image["alt"] for image in images] == [
        f"{ROGUE}, {what}"
        for what in ("test-like image", "test-like image, heat map of the predicted class", "clean image")
    ]
    assert [pixels(image["src"]).shape[:2] for image in images] == [(32, 32), (32, 32), (48, 48)]
    assert not page.all("script") and page.words.count(ROGUE) == 4  # ID, answer in both conditions, probability
    assert "1 of 2 training images" in page.words and "10 two_words" in page.words and "0.90" in page.words


def test_without_heat_maps_the_page_says_why_and_without_errors_that_there_are_none(store):
    wrong = out_of_fold_of(["b"], ["10"], [[0.9, 0.1, 0]])
    page = Reader(error_cards(wrong, store, NAMES, None, "No heat maps: <i>."))
    assert "No heat maps: <i>." in page.words and len(page.all("img")) == 2
    right = out_of_fold_of(["b"], ["7"], [[0.9, 0.1, 0]])
    page = Reader(error_cards(right, store, NAMES, None))
    assert "0 of 1" in page.words and not page.all("img")


def test_the_least_certain_images_stand_in_order(store):
    test = predictions(["b", ROGUE, "c"], [[0.5, 0.4, 0.1], [0.45, 0.45, 0.1], [1, 0, 0]])
    page = Reader(image_cards([], uncertain_cards(test, store, NAMES, {"b": "x", ROGUE: "7", "c": "10"}, None)))
    assert [image["alt"] for image in page.all("img")] == [f"{id}, test image" for id in (ROGUE, "b", "c")]
    assert "final.csv" in page.words and NAMES["10"] in page.words  # which only the final submission answers
    assert "0.000" in page.words and "0.100" in page.words and not page.all("script")


def test_labels_in_doubt(store, tmp_path):
    write_rows(tmp_path / "train.arrow", [row(ROGUE, "7", None, 0, marked_page()) | {"id": ROGUE}])
    review = pd.DataFrame(
        [
            {
                "ID": ROGUE,
                "target": "7",
                "suggestion": "x",
                "confidence": 0.9,
                "label_probability": 0.05,
                "agreeing": 0.5,
                "class_name": ROGUE,
                "suggested_name": "x",
            }
        ]
    )
    page = Reader(label_cards(review, ImageStore(tmp_path / "train.arrow")))
    assert (
        "1 image is labelled" in page.words and "50%" in page.words and "0.90" in page.words and not page.all("script")
    )
    assert pixels(page.all("img")[0]["src"]).shape == (224, 224, 3)
    reasons = [LabelReview().absent(SimpleNamespace(label_review=part)) for part in (review, review[:0], None)]
    assert reasons[0] == "" and "No label is in doubt" in reasons[1] and "review is off" in reasons[2]


def test_the_contact_sheet_is_scaled_and_can_be_scrolled_by_keyboard(tmp_path):
    write_grid(tmp_path / "augmented.png", np.full((3000, 1500, 3), 90, np.uint8))
    page = Reader(contact_sheet(tmp_path / "augmented.png", 3))
    (image,) = page.all("img")
    assert (
        pixels(image["src"]).shape == (2000, 1000, 3)
        and (image["height"], image["width"]) == ("2000", "1000")
        and image["alt"]
    )
    assert any(part.get("tabindex") == "0" and part.get("aria-label") for part in page.all("div"))


def test_heat_covers_where_it_is_and_leaves_the_rest_as_it_is():
    image, heat = np.full((4, 4, 3), 200, np.uint8), np.zeros((4, 4), np.float32)
    heat[0, 0] = 1
    found = with_heat(image, heat)
    assert (found[1:] == 200).all() and found[0, 0].tolist() == [221, 60, 123]  # 0.3 * 200 + 0.7 * (230, 0, 90)


def test_a_sprite_is_found_where_the_page_looks_for_it():
    count = COLUMNS * LINES + 30
    colours = np.stack([np.arange(count) % 200, np.arange(count) // 200 * 60, np.full(count, 100)], axis=1).astype(
        np.uint8
    )
    found = [pixels(uri) for uri in sprite_sheets(np.broadcast_to(colour, (90, 90, 3)) for colour in colours)]
    assert [sheet.shape for sheet in found] == [(LINES * TILE, COLUMNS * TILE, 3), (2 * TILE, COLUMNS * TILE, 3)]
    for n in (0, 24, 25, 499, 500, 529):
        sheet, place = divmod(n, COLUMNS * LINES)
        top, left = place // COLUMNS * TILE, place % COLUMNS * TILE
        middle = found[sheet][top + TILE // 2, left + TILE // 2]
        assert np.abs(middle.astype(int) - colours[n]).max() < 12, n


def test_sprites_of_five_thousand_pages_stay_under_five_megabytes():
    pages = [marked_page(90 + n, 72) for n in range(50)]
    assert sum(map(len, sprite_sheets(pages))) / len(pages) < 5e6 / 5000


def embedded(count=40, names=NAMES):
    generator = np.random.default_rng(0)
    targets = np.array(list(names))[np.arange(count) % len(names)]
    ids = np.array([ROGUE, *(f"image {n}" for n in range(1, count))])
    found = Embedding(ids, generator.uniform(-1, 1, (count, 2)), targets, np.arange(count) >= 10)
    images = [generator.integers(0, 256, (16, 16, 3)).astype(np.uint8) for _ in range(count)]
    return found, embedding_map(["A <lead>."], found, images, names)


def test_the_map_holds_every_image_and_its_names_stay_text():
    found, body = embedded()
    page = Reader(body)
    kinds = [attributes.get("type") for attributes in page.all("script")]
    assert kinds == ["application/json"] and "<!--" not in body
    data = map_data(body)
    assert data["ids"] == found.ids.tolist() and data["names"] == [f"7 {ROGUE}", "10 two_words", "x"]
    assert data["classes"] == [n % 3 for n in range(40)] and sum(data["tests"]) == 30
    np.testing.assert_allclose(np.stack([data["x"], data["y"]], axis=1), found.places, atol=0.0006)
    buttons = [button for button in page.all("button") if "data-class" in button]
    assert len(buttons) == 3 and all(button["aria-pressed"] == "false" for button in buttons)
    assert f"7 {ROGUE} 4 + 10" in page.words and "A <lead>." in page.words


def test_classes_can_be_told_apart_in_both_themes():
    assert len({style(place) for place in range(60)}) == len(COLOURS) * len(SYMBOLS) == 60 and style(60) == style(0)

    def luminance(colour):
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        return np.dot(
            [0.2126, 0.7152, 0.0722],
            [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts],
        )

    for colour in COLOURS:  # WCAG 2.1, 1.4.11: 3 to 1
        assert (
            1.05 / (luminance(colour) + 0.05) > 3 and (luminance(colour) + 0.05) / (luminance("#121212") + 0.05) > 3
        ), colour


def map_data(body):
    return json.loads(re.search(r'id="embedding-data">(.*?)</script>', body, re.S)[1])


@pytest.fixture
def context(trained):
    """Context of a trained project of 24 images in three folds and 6 test images."""
    settings, store = trained
    ids, folds = np.array([f"{n:03d}" for n in range(24)]), np.arange(24) // 3 % 3
    images = pd.DataFrame({"ID": ids, "target": np.array(TARGETS)[np.arange(24) % 3], "fold": folds})
    generator, tests = np.random.default_rng(1), [f"t{n}" for n in range(6)]

    def random_predictions(ids):
        return predictions(ids, generator.dirichlet(np.ones(3), len(ids)))

    per_fold = [
        {"clean": random_predictions(own), "test_like": random_predictions(own), "test": random_predictions(tests)}
        for own in (ids[folds == k].tolist() for k in range(3))
    ]
    return made_context(
        settings,
        ranked_members=["net"],
        oof_images=images,
        class_names=NAMES,
        augmented_images=store,
        test_images=ImageStore("test.arrow"),
        final_targets=dict.fromkeys(tests, "x"),
        predictions=lambda member: per_fold,
    )


def made_context(settings, **attributes):
    """Context whose `attributes` are these, whatever the files hold."""
    context = ReportContext(settings)
    vars(context).update(attributes)
    return context


def test_sections_of_a_trained_member(context):
    page = Reader(WorstErrors().body(context))
    y_true = context.oof_images.set_index("ID")["target"]
    parts = [fold["test_like"] for fold in context.predictions("net")]
    wrong = sum((part.answers != y_true[part.ids].to_numpy()).sum() for part in parts)
    assert f"net answers {wrong} of 24" in page.words and "No heat maps" not in page.words
    assert len(page.all("img")) == 3 * wrong
    page = Reader(LeastCertain().body(context))
    assert len(page.all("img")) == 12 and "Grad-CAM, fold 0" in page.words
    body, own = ImageMap().body(context), context.oof_images["fold"] == 0
    # none that the network trained on
    assert map_data(body)["ids"] == [*context.oof_images["ID"][own], *(f"t{n}" for n in range(6))]
    assert body == ImageMap().body(context)


def test_rules_may_keep_test_images_off_the_map(context):
    rules = context.settings.rules.model_copy(update={"test_statistics": False})
    settings = context.settings.model_copy(update={"rules": rules})
    body = image_map("net", made_context(**vars(context) | {"settings": settings}))
    own = context.oof_images["fold"] == 0
    assert map_data(body)["ids"] == context.oof_images["ID"][own].tolist()


def test_sections_of_a_member_without_a_network(context):
    context.ranked_members = ["grey"]
    page = Reader(WorstErrors().body(context))
    assert "No heat maps: grey is of kind grey" in page.words and page.all("img")
    assert member_with_network(["grey", "net"], context.settings) == "net"
    assert "no member has a network" in ImageMap().absent(context)


def test_without_test_images_none_is_uncertain(context):
    context.predictions = lambda member: [{"test": predictions([], np.zeros((0, 3)))}]
    assert "net answers no test image" in LeastCertain().body(context)


def test_a_missing_image_is_named(store):
    assert rows_of(store, ["c", ROGUE], "test_like").tolist() == [5, 1]
    with pytest.raises(ValueError, match="no test_like image of gone"):
        rows_of(store, ["b", "gone"], "test_like")
    assert data_uri(np.zeros((4, 4, 3), np.uint8)).startswith("data:image/webp;base64,")
