"""Draws the curves: accuracy over the share of strong calls, one panel for each set."""

from collections.abc import Sequence

from tools.gain.trials import LENGTH, LOGISTIC, OURS, Trial

WIDTH, HEIGHT, GAP, LEFT, TOP, BOTTOM = 230, 190, 62, 48, 30, 72
STYLE = {OURS: ("#0a7d5a", "none"), LOGISTIC: ("#b3541e", "6 3"), LENGTH: ("#6a6fb5", "2 3")}
CHANCE = "chance"


def drawn(trials: Sequence[Trial]) -> str:
    """An SVG that takes its text colour from the reader's light or dark scheme."""
    sets = list(dict.fromkeys(trial.set for trial in trials))
    width = LEFT + len(sets) * (WIDTH + GAP) - GAP + 16
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {TOP + HEIGHT + BOTTOM}" role="img" '
        'font-family="system-ui, sans-serif" font-size="11">',
        "<title>Accuracy over the share of calls that go to the strong model</title>",
        "<style>text { fill: #222; } .axis { stroke: #888; } .chance { stroke: #999; }"
        " @media (prefers-color-scheme: dark) { text { fill: #ddd; } }</style>",
    ]
    for at, name in enumerate(sets):
        parts += _panel(LEFT + at * (WIDTH + GAP), name, [trial for trial in trials if trial.set == name])
    parts += _legend(LEFT, TOP + HEIGHT + 56)
    return "\n".join([*parts, "</svg>", ""])


def _panel(left: int, name: str, trials: Sequence[Trial]) -> list[str]:
    every = [value for trial in trials for value in trial.curve]
    low, high = min(every), max(every)

    def x(share: float) -> float:
        return left + share * WIDTH

    def y(value: float) -> float:
        return TOP + HEIGHT * (1 - (value - low) / (high - low))

    bottom = TOP + HEIGHT
    parts = [
        f'<text x="{left}" y="{TOP - 12}" font-weight="600">{name}</text>',
        f'<path class="axis" fill="none" d="M{left} {TOP}V{bottom}H{left + WIDTH}"/>',
        f'<text x="{left + WIDTH / 2}" y="{bottom + 32}" text-anchor="middle">share of strong calls</text>',
    ]
    parts += [
        f'<text x="{x(tick / 100):.0f}" y="{bottom + 15}" text-anchor="middle">{tick} %</text>'
        for tick in (0, 50, 100)
    ]
    first = trials[0].curve
    for value in (first[0], first[-1]):
        parts.append(
            f'<text x="{left - 5}" y="{y(value) + 4:.1f}" text-anchor="end">{100 * value:.1f} %</text>'
        )
    chance = f"M{x(0):.1f} {y(first[0]):.1f}L{x(1):.1f} {y(first[-1]):.1f}"
    parts.append(f'<path class="chance" fill="none" d="{chance}"/>')
    for trial in trials:
        colour, dashes = STYLE[trial.method]
        last = len(trial.curve) - 1
        line = "L".join(f"{x(at / last):.1f} {y(value):.1f}" for at, value in enumerate(trial.curve))
        parts.append(
            f'<path fill="none" stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dashes}" '
            f'd="M{line}"/>'
        )
    return parts


def _legend(left: int, height: int) -> list[str]:
    parts = list[str]()
    for at, (name, (colour, dashes)) in enumerate([*STYLE.items(), (CHANCE, ("#999", "none"))]):
        start = left + at * 190
        parts += [
            f'<path stroke="{colour}" stroke-width="1.8" stroke-dasharray="{dashes}" '
            f'd="M{start} {height}h24"/>',
            f'<text x="{start + 30}" y="{height + 4}">{name}</text>',
        ]
    return parts
