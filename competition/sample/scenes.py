"""Photographs rather than papers: car dashboard (2) and number plate (16)."""

import math

from competition.sample import fake_text
from competition.sample.canvas import Box, Page, colour, part
from competition.sample.elements import columns
from competition.sample.randomness import chance, pick

LIGHTS = ((240, 90, 60), (250, 200, 60), (90, 220, 120), (120, 190, 250), (240, 240, 240))
PLATES = (  # ground and letters
    ((245, 245, 245), (20, 20, 25)),
    ((245, 245, 245), (25, 60, 130)),
    ((40, 110, 60), (240, 240, 240)),
    ((240, 190, 40), (30, 30, 30)),
    ((130, 190, 230), (20, 30, 60)),
)


def dashboard(rng):
    """Gauges and an odometer in the dark (class 2)."""
    page = Page(rng, rng.uniform(1.2, 1.9), colour(rng, 10, 45), (360, 600))
    page.frame((0, 0, 1, rng.uniform(0.06, 0.14)), colour(rng, 50, 130), width=0)
    glow = pick(rng, LIGHTS)
    dial = min(0.2, 0.34 * page.height / page.width)
    for x in (0.26, 0.74):
        _gauge(page, x, 0.5, dial, glow)
    panel = (0.41, rng.uniform(0.25, 0.35), 0.59, rng.uniform(0.68, 0.78))
    page.frame(panel, colour(rng, 20, 70), line=glow)
    page.write(part(panel, 0.1, 0.15, 0.9, 0.4), f"{rng.integers(-5, 35)} C", "m", ink=glow)
    page.write(part(panel, 0.05, 0.5, 0.95, 0.8), f"{fake_text.digits(rng, 6)} km", "m", True, (240, 240, 240))
    for place in columns((0.3, 0.86, 0.7, 0.94), [1] * 7):
        if chance(rng, 0.6):
            page.ellipse(part(place, 0.2, 0, 0.8, 1), pick(rng, LIGHTS))
    if chance(rng, 0.5):
        page.draw.arc(page.pixels((0.05, 0.75, 0.95, 2.4)), 180, 360, fill=colour(rng, 45, 75), width=page.height // 12)
    return page.image


def _gauge(page: Page, x: float, y: float, radius: float, glow):
    rng, tall = page.rng, radius * page.width / page.height
    page.ellipse(
        (x - radius, y - tall, x + radius, y + tall), (8, 8, 12), glow if chance(rng, 0.5) else (170, 170, 175), 3
    )
    top = pick(rng, (8, 20, 24))
    for i in range(17):
        angle = math.radians(135 + i * 270 / 16)
        dx, dy = math.cos(angle), math.sin(angle)
        inner = 0.78 if i % 2 == 0 else 0.86
        page.rule(
            x + inner * radius * dx,
            y + inner * tall * dy,
            x + 0.94 * radius * dx,
            y + 0.94 * tall * dy,
            (235, 235, 235),
        )
        if i % 2 == 0:
            cx, cy = x + 0.62 * radius * dx, y + 0.62 * tall * dy
            page.write((cx - 0.05, cy - 0.035, cx + 0.05, cy + 0.035), str(i * top // 2), "m", ink=(235, 235, 235))
    needle = math.radians(rng.uniform(135, 405))
    page.rule(x, y, x + 0.85 * radius * math.cos(needle), y + 0.85 * tall * math.sin(needle), (240, 60, 40))
    page.ellipse((x - radius * 0.1, y - tall * 0.1, x + radius * 0.1, y + tall * 0.1), (60, 60, 65))


def plate(rng):
    """A number plate on a piece of car body (class 16)."""
    page = Page(rng, rng.uniform(1.9, 4.2), colour(rng, 20, 220), (300, 480))
    ground, ink = pick(rng, PLATES)
    inset = rng.uniform(0.02, 0.1)
    board: Box = (inset, rng.uniform(0.08, 0.16), 1 - inset, rng.uniform(0.84, 0.92))
    page.draw.rounded_rectangle(page.pixels(board), page.height // 12, fill=ground, outline=(60, 60, 60), width=3)
    face = "DejaVuSans-Bold.ttf"
    if page.width / page.height < 2.5 and chance(rng, 0.7):
        page.write(part(board, 0.2, 0.06, 0.8, 0.36), fake_text.number(rng, "@@ ##"), "m", ink=ink, file=face)
        page.write(part(board, 0.06, 0.34, 0.94, 0.98), fake_text.number(rng, "@ ####"), "m", ink=ink, file=face)
    else:
        number = fake_text.number(rng, pick(rng, ("##@ ####", "###@ ####", "@@ ####")))
        page.write(part(board, 0.05, 0.04, 0.95, 0.98), number, "m", ink=ink, file=face)
    for x in (0.08, 0.92):
        page.ellipse(part(board, x - 0.012, 0.07, x + 0.012, 0.07 + 0.024 * page.width / page.height), (120, 120, 120))
    return page.image
