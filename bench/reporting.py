"""What the measures say: growth, the slowest pages, the targets reached or missed."""

from bench.targets import TARGETS


def say(text=""):
    print(text, flush=True)


def grow(runs: list[dict]) -> None:
    """Tell the last run what its pages cost beside the smallest one of its engine."""
    last = runs[-1]
    measured = [run for run in runs if run["engine"] == last["engine"] and run.get("pages")]
    if not measured:
        return
    base = min(measured, key=lambda run: run["size"])
    costs, last["grown_from"] = base["pages"], base["size"]
    last["growth"] = {
        name: page["cost"] / costs[name]["cost"]
        for name, page in last.get("pages", {}).items()
        if name in costs
    }


def growth(runs: list[dict]) -> None:
    """Print what each page costs at each size, and how many times the smallest one's cost."""
    for engine in dict.fromkeys(run["engine"] for run in runs):
        ran = [run for run in runs if run["engine"] == engine and run.get("pages")]
        if not ran:
            continue
        say(f"\n──── Croissance, {engine}\u00a0: coût (et fois le plus petit), p50 en ms ────")
        say(f"{'':<22}" + "".join(f"{run['size']:>28}" for run in ran))
        for name in ran[0]["pages"]:
            cells = [
                f"{run['pages'][name]['cost']:8.1f} (×{run['growth'][name]:5.2f}) "
                f"{run['pages'][name]['p50']:7.1f} ms"
                for run in ran
            ]
            say(f"{name:<22}" + "".join(f"{cell:>28}" for cell in cells))


def slowest(staff: dict, count: int = 12) -> None:
    """Print the staff's slowest pages, all roles together."""
    rows = [
        (taken, role, path)
        for role, pages in staff["pages"].items()
        for path, taken in pages.items()
    ]
    say(f"  pages d’agents\u00a0: {len(rows)}, les plus lentes\u00a0:")
    for taken, role, path in sorted(rows, reverse=True)[:count]:
        say(f"    {taken:8.0f} ms  {role:<17} {path}")


def targets(runs: list[dict]) -> int:
    """Print each target that was measured; 1 where one is missed, else 0."""
    say("\n──── Cibles ────")
    missed = 0
    for run in runs:
        for target in TARGETS:
            value = target.value(run)
            if value is None:
                continue
            passed = target.passes(value)
            missed += not passed
            sign = "≥" if target.at_least else "≤"
            say(
                f"{'réussi' if passed else 'MANQUÉ':<7} {run['engine']:<10} {run['size']:>8}  "
                f"{target.name:<45} {value:8.2f} {target.unit} ({sign} {target.limit:g})"
            )
    say(f"\n{missed} cibles manquées.")
    return 1 if missed else 0
