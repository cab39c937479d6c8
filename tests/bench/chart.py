"""The chart of the README, from what ``tests/bench/throughput.py`` has measured."""

from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

from tests.bench.throughput import Figures, label, medians

mpl.use("agg")

PANELS = {
    "mb_per_second": "Throughput, MB/s",
    "server_cpu_per_gib": "Server CPU, s per GiB",
    "server_memory_mb": "Server memory, MB more",
    "browser_memory_mb": "Browser memory, MB more",
}
OURS, CEILING, OTHER = "#0072b5", "#c8c8c8", "#8a8a8a"


def draw(figures: list[Figures], path: Path) -> None:
    """Draw the medians as bars, the fastest at the top."""
    values = medians(figures)
    names = sorted(values, key=lambda name: values[name]["mb_per_second"] or 0)
    labels = [label(figures, name) for name in names]
    colors = [OURS if n == "ours" else CEILING if n.startswith("bare") else OTHER for n in names]
    height = 1 + 0.26 * len(names)
    figure, axes = plt.subplots(1, 4, figsize=(11, height), sharey=True, layout="constrained")
    for axis, (column, title) in zip(axes, PANELS.items(), strict=True):
        bars = axis.barh(labels, [values[name][column] for name in names], color=colors)
        digits = 1 if column == "server_cpu_per_gib" else 0
        axis.bar_label(bars, fmt=f"%.{digits}f", padding=3, fontsize=8)
        axis.set_title(title, fontsize=9, loc="left")
        axis.margins(x=0.2)
        axis.spines[:].set_visible(False)
        axis.tick_params(bottom=False, labelbottom=False, left=False, labelsize=9)
    for text, name in zip(axes[0].get_yticklabels(), names, strict=True):
        text.set_fontweight("bold" if name == "ours" else "normal")
    figure.savefig(path, dpi=150)
    plt.close(figure)
