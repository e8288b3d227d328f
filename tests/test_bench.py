"""What `make bench` compares and concludes, without measuring anything."""

import csv
import io
import json
from types import SimpleNamespace

import pytest

from bench import __main__ as bench
from bench import figures, reporting, weight
from bench.measuring import Case
from bench.targets import LARGE, SMALL, TARGETS, WEIGHT, Target


def run_of(size=SMALL, engine="sqlite", **found):
    return {"engine": engine, "size": size, **found}


def pages(**costs):
    return {name: {"cost": cost, "rate": 1000 / cost, "p50": cost} for name, cost in costs.items()}


# Targets -----------------------------------------------------------------------

LISTS = ("liste, première page", "liste, une valeur", "liste, deux filtres")
ASKED = {
    *((f"{name} : coût", SMALL, 10) for name in LISTS),
    *((f"{name} : croissance", LARGE, 1.5) for name in LISTS),
    ("deux filtres : fois Datasette", SMALL, 20),
    ("première page : fois Datasette", SMALL, 8),
    ("recherche : coût", SMALL, 20),
    ("recherche : coût", SMALL, 25),
    ("recherche : fois Datasette", SMALL, 4),
    ("recherche : fois Datasette", LARGE, 5),
    ("mot courant : p50", LARGE, 150),
    *(
        (f"{name} : fois la première", size, limit)
        for name in ("page 1000", "dernière page")
        for size, limit in ((SMALL, 1.3), (LARGE, 1.5))
    ),
    *(
        (f"{name} : coût", size, 4)
        for name in ("un projet", "un organisme")
        for size in (SMALL, LARGE)
    ),
    ("API filtrée : coût", SMALL, 3),
    ("API filtrée : coût", LARGE, 4),
    ("API filtrée : fois DRF nu", SMALL, 10),
    *(
        (f"{name} : coût", size, limit)
        for name, limit in (("304", 1.4), ("304 d’un projet", 1.4), ("même page", 1.5))
        for size in (SMALL, LARGE)
    ),
    *(
        (f"CSV de tout : {name}", size, limit)
        for name, limit in (("part du débit brut", 0.6), ("premier octet", 150), ("mémoire", 20))
        for size in (SMALL, LARGE)
    ),
    *(
        (f"import : fois django-import-export, {name}", size, 15)
        for name in ("versions et index", "rien d’autre")
        for size in (SMALL, LARGE)
    ),
    ("mémoire : fois Django nu", SMALL, 1.3),
    ("mémoire : fois Django nu", LARGE, 2),
    ("premier appel à froid", SMALL, 1),
    ("premier appel à froid", LARGE, 5),
    *(("publication d’une annonce", size, 2) for size in (SMALL, LARGE)),
    *(
        (f"publication : {name}", size, 0)
        for name in ("pages en erreur", "réponses périmées")
        for size in (SMALL, LARGE)
    ),
    ("pages d’agents : la plus lente", SMALL, 300),
    ("poids : première page", None, 260_000),
    ("poids : page suivante", None, 30_000),
    ("poids : décalage", None, 0.01),
}


def test_the_table_holds_every_target():
    found = [(target.name.replace("\u00a0", " "), target.size, target.limit) for target in TARGETS]
    assert set(found) == ASKED
    assert len(found) == len(ASKED)


def test_a_search_has_a_target_of_each_engine():
    limits = {target.engines: target.limit for target in TARGETS if target.limit in (20, 25)}
    assert limits[("sqlite",)] == 20
    assert limits[("postgresql",)] == 25


@pytest.mark.parametrize(
    ("at_least", "value", "passes"),
    [(False, 2, True), (False, 2.1, False), (True, 2, True), (True, 1.9, False)],
)
def test_a_target_passes_at_its_limit(at_least, value, passes):
    assert Target("t", SMALL, 2, dict.get, at_least=at_least).passes(value) is passes


def test_a_target_is_read_of_its_size_and_engine_alone():
    target = Target("t", SMALL, 2, lambda run: run["x"], engines=("sqlite",))
    assert target.value(run_of(x=1)) == 1
    assert target.value(run_of(LARGE, x=1)) is None
    assert target.value(run_of(engine="postgresql", x=1)) is None
    assert Target("t", None, 2, lambda run: run["x"]).value(run_of(7, x=1)) == 1


def value_of(name, run):
    """The one value that targets of this name read of a run."""
    found = {
        value
        for target in TARGETS
        if target.name.replace("\u00a0", " ") == name and (value := target.value(run)) is not None
    }
    assert len(found) < 2
    return next(iter(found), None)


def test_growth_is_over_the_smallest_size_that_was_measured():
    runs = []
    for size, cost in ((150, 5), (SMALL, 6), (LARGE, 8)):
        runs.append(run_of(size, pages=pages(**{"liste, première page": cost})))
        reporting.grow(runs)
    assert value_of("liste, première page : croissance", runs[-1]) == 1.6
    # Of the same engine, whose pages were measured.
    runs = [run_of(150, engine="postgresql", pages=pages(x=1)), run_of(200), runs[0]]
    reporting.grow(runs)
    assert runs[-1]["grown_from"] == 150


def test_one_size_alone_says_nothing_of_growth():
    runs = [run_of(LARGE, pages=pages(**{"liste, première page": 5}))]
    reporting.grow(runs)
    assert value_of("liste, première page : croissance", runs[0]) is None


def test_a_peer_is_compared_by_requests_a_second():
    run = run_of(
        pages=pages(**{"liste, deux filtres": 2, "API filtrée": 2, "DRF nu": 40}),
        datasette={"deux filtres": {"rate": 10}},
    )
    assert value_of("deux filtres : fois Datasette", run) == 50
    assert value_of("API filtrée : fois DRF nu", run) == 20
    assert value_of("première page : fois Datasette", run) is None


@pytest.mark.parametrize(("shift", "status"), [(0.01, 0), (0.02, 1)])
def test_a_missed_target_fails_the_measure(shift, status, capsys):
    weighed = {"engine": "sqlite", "size": 0, "weight": dict(WEIGHT) | {"shift": shift}}
    runs = [run_of(), weighed]
    reporting.growth(runs)
    assert reporting.targets(runs) == status
    said = capsys.readouterr().out
    assert said.count("poids") == 3
    assert said.count("MANQUÉ") == status


# Parts -------------------------------------------------------------------------


def test_all_parts_are_measured_unless_some_are_named(monkeypatch):
    monkeypatch.delenv("BENCH_PARTS", raising=False)
    assert bench.asked_parts() == {*bench.PARTS}
    monkeypatch.setenv("BENCH_PARTS", "weight,staff")
    assert bench.asked_parts() == {"weight", "staff"}
    monkeypatch.setenv("BENCH_PARTS", "wieght")
    with pytest.raises(SystemExit, match="wieght"):
        bench.asked_parts()


@pytest.fixture
def weighing(monkeypatch, tmp_path):
    """Measure the part « weight » alone, which finds these figures."""
    monkeypatch.setenv("BENCH_PARTS", "weight")
    monkeypatch.setenv("BENCH_FOLDER", str(tmp_path))
    monkeypatch.setattr(bench.databases, "engine", None)
    monkeypatch.setattr(weight, "real_site", lambda folder: io.StringIO())
    monkeypatch.setattr(weight, "find_chromium", lambda: "chromium")

    def measure(**figures):
        found = {"pages": {}} | WEIGHT | figures
        monkeypatch.setattr(weight, "measure", lambda base_url: found)
        return bench.main()

    measure.folder = tmp_path
    return measure


@pytest.mark.parametrize(("first", "status"), [(260_000, 0), (260_001, 1)])
def test_weight_is_measured_once_and_without_data(weighing, first, status, capsys):
    assert weighing(first=first) == status
    (kept,) = json.loads((weighing.folder / "results.json").read_text())
    assert kept["weight"]["first"] == first
    assert (weighing.folder / "weight.json").is_file()


def test_a_machine_without_chromium_is_told_that_weight_is_left_out(weighing, monkeypatch, capsys):
    monkeypatch.setattr(weight, "find_chromium", lambda: None)
    assert weighing(first=1_000_000) == 0
    assert "NON MESURÉ" in capsys.readouterr().out
    assert not (weighing.folder / "results.json").exists()


# Weight ------------------------------------------------------------------------


def test_each_limit_of_weight_is_held_or_not():
    assert all(weight.reaches(dict(WEIGHT)).values())
    for name, limit in WEIGHT.items():
        reached = weight.reaches(WEIGHT | {name: limit * 1.01})
        assert [other for other, passed in reached.items() if not passed] == [name]


@pytest.mark.parametrize(
    ("shifts", "worst"),
    [
        ([], 0),
        ([(0, 0.1), (500, 0.2)], 0.3),
        ([(0, 0.1), (1500, 0.2)], 0.2),
        ([(rank * 900, 0.1) for rank in range(8)], 0.6),
        ([(900, 0.2), (0, 0.1)], 0.3),
    ],
)
def test_shifts_add_up_within_a_second_and_within_five(shifts, worst):
    assert weight.worst_window(shifts) == pytest.approx(worst)


def test_times_are_read_of_the_traces_of_the_page():
    def event(name, moment, **values):
        return {"name": name, "ts": moment * 1000, "pid": 1, "tid": 2, "ph": "X", **values}

    def shift(moment, score, *, frame="F", typed=False):
        data = {"weighted_score_delta": score, "had_recent_input": typed}
        return event("LayoutShift", moment, args={"frame": frame, "data": data})

    found = weight.read(
        [
            event(weight.NAVIGATION, 100, ph="b", pid=9),
            event("firstContentfulPaint", 300, args={"frame": "F"}),
            event("firstContentfulPaint", 400, args={"frame": "other"}),
            event("largestContentfulPaint::Candidate", 350),
            event("RunTask", 290, dur=100_000),
            event("RunTask", 600, dur=40_000),
            shift(500, 0.25),
            shift(500, 0.5, frame="other"),
            shift(500, 0.5, typed=True),
        ]
    )
    # Of the first task, 90 ms are after the paint.
    expected = {"first_paint": 200, "largest_paint": 250, "blocking": 40, "shift": 0.25}
    assert found == pytest.approx(expected)


# Requests, exports -------------------------------------------------------------


def test_no_address_is_asked_twice_unless_it_repeats():
    case = Case("liste", ["/a", "/b?c=1"], tags={"/a": '"x"'})
    asked = [case.request(number) for number in range(4)]
    assert [path for path, _ in asked] == ["/a", "/b?c=1", "/a?_mesure=1", "/b?c=1&_mesure=1"]
    assert [b"If-None-Match" in request for _, request in asked] == [True, False, True, False]
    assert Case("vide", ["/v"], repeats=True).request(3)[0] == "/v"


ROWS = [
    ["id", "titre", "texte"],
    ["1", "Télémédecine", 'Une ligne,\r\npuis "l’autre"'],
    ["2", "", "…"],
    ["3", "a\nb", ""],
]


@pytest.fixture
def exported():
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(ROWS)
    return text.getvalue().encode("utf-8-sig")


def test_the_raw_side_of_an_export_writes_the_same_bytes(exported, monkeypatch):
    monkeypatch.setattr(figures, "connection", SimpleNamespace(vendor="sqlite"))
    for side in (figures.raw, figures.raw_lines):
        rows, seconds = side(exported)
        assert rows == 3
        assert seconds > 0


def test_a_raw_side_that_writes_something_else_is_refused(exported, monkeypatch):
    monkeypatch.setattr(figures, "connection", SimpleNamespace(vendor="sqlite"))
    quoted = exported.replace(b"\r\n2,", b'\r\n"2",')
    with pytest.raises(RuntimeError, match="bytes were written again"):
        figures.raw(quoted)
    assert figures.raw_lines(quoted)[0] == 3
