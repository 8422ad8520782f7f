"""The twelve-month chart, as points of a drawing made on the server."""

from dashboard.figures import monthly_lines, percent_text, rounded


def trend(organisation, today) -> dict | None:
    """Points of the twelve-month chart, in the coordinates of its drawing (380 × 240)."""
    drawn = monthly_lines(organisation, today)
    values = [value for line in drawn["lines"].values() for value in line if value is not None]
    if len(values) < 4:
        return None
    lowest = min(70, int(min(values)) // 10 * 10)

    def y(value):
        return round(20 + (100 - float(value)) * 190 / (100 - lowest))

    lines, taken = [], []
    for (name, series), kind in zip(drawn["lines"].items(), ("blue", "amber"), strict=True):
        points = [
            {"x": 44 + 21 * index, "y": y(value)}
            for index, value in enumerate(series)
            if value is not None
        ]
        if not points:
            continue
        last = next(value for value in reversed(series) if value is not None)
        end_y = points[-1]["y"]
        while any(abs(end_y - other) < 16 for other in taken):
            end_y += 16
        taken.append(end_y)
        lines.append(
            {
                "name": name,
                "kind": kind,
                "polyline": " ".join(f"{point['x']},{point['y']}" for point in points),
                "points": points,
                "end_y": end_y,
                "end_text": f"{name} {rounded(last)}",
            }
        )
    months = drawn["months"]
    step = 10 if lowest >= 50 else 20
    return {
        "finding": "；".join(f"{line['end_text']}%" for line in lines) + f"（纵轴从 {lowest}% 起）",
        "y_ticks": [{"y": y(value), "label": f"{value}%"} for value in range(lowest, 101, step)],
        "x_ticks": [
            {
                "x": 44 + 21 * index,
                "label": f"{month.starts_on.month}月" if index == 0 else month.starts_on.month,
            }
            for index, month in enumerate(months)
            if index % 2 == 0
        ],
        "lines": lines,
        "table": {
            "months": [str(month) for month in months],
            "rows": [
                {"name": name, "values": [percent_text(value) for value in series]}
                for name, series in drawn["lines"].items()
            ],
        },
    }
