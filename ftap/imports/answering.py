"""What a person answers about a staged row, which is then compared again."""

from django.db import transaction

from ftap.imports.holding import (
    CHUNK,
    Stage,
    compare,
    expect,
    hold,
    primary,
    primary_rows,
    save_rows,
    staged_key,
)
from ftap.imports.kinds import ImportKind
from ftap.imports.models import ImportJob, ImportRow
from ftap.refusals import Refusal, Stale

CELL_MAX = 20_000
# The decision by which a row held is written all the same: its value is a reason.
OVERWRITE = "overwrite"
STALE = "Une autre personne a modifié cette ligne entre-temps\u00a0: rien n’a été enregistré."
_LONG_REASON = "Ce motif est trop long\u00a0: 20\u202f000 caractères au plus."
_ASIDE = {False: "dans l’import", True: "écartée"}


def answer(
    row: ImportRow,
    kind: ImportKind,
    *,
    by,
    texts: dict[int, str] | None = None,
    decisions: dict[str, str] | None = None,
    is_set_aside: bool | None = None,
    seen: str = "",
) -> ImportRow:
    """Correct cells, answer questions, set the row aside or take it back; compare it again.

    `texts` stand for cells, by their index: one equal to the cell takes its correction back.
    `decisions` are answers by name of question, or the reason of an « overwrite »; an empty one is
    taken back. Rows of the same key are compared again. `seen` is the row's `answers_seal` when
    the page was opened: Stale where somebody else answered since.
    """
    with transaction.atomic():
        job = hold(row.job, kind, by)
        expect(job, Stage.READY)
        held = primary_rows(job, kind, by).filter(pk=row.pk).first()
        if held is None:
            raise Refusal("Cette ligne n’existe plus\u00a0: rouvrez l’import.")
        held.job, was = job, held.answers_seal
        corrections, stored, typed = _corrected(held, texts or {})
        kept, told = _decided(held, decisions or {})
        aside = held.is_set_aside if is_set_aside is None else is_set_aside
        if (corrections, kept, aside) == (held.corrections, held.decisions, held.is_set_aside):
            return held
        if seen and seen != was:
            if aside != held.is_set_aside:
                stored["Ligne"], typed["Ligne"] = _ASIDE[held.is_set_aside], _ASIDE[aside]
            raise Stale(STALE, stored=stored | told[0], typed=typed | told[1])
        held.corrections, held.decisions, held.is_set_aside = corrections, kept, aside
        key, held.key = held.key, staged_key(kind, job, held.sheet, held.texts())
        # What it says of itself is known before it is asked what it does to others.
        save_rows(kind, [held])
        keys = {known for known in (key, held.key) if known}
        twins = primary(kind, job).filter(key__in=keys).exclude(pk=held.pk) if keys else ()
        compare(kind, job, [held, *twins], by)
        job.save()
    return held


def correct(row, kind, texts: dict[int, str], *, by, seen: str = "") -> ImportRow:
    """Put texts in place of cells, as `answer` does."""
    return answer(row, kind, texts=texts, by=by, seen=seen)


def decide(row, kind, name: str, value: str, *, by, seen: str = "") -> ImportRow:
    """Keep one answer about the row, as `answer` does."""
    return answer(row, kind, decisions={name: value}, by=by, seen=seen)


def set_aside(row, kind, is_set_aside: bool, *, by, seen: str = "") -> ImportRow:
    """Leave a row out of the import, or take it back, as `answer` does."""
    return answer(row, kind, is_set_aside=is_set_aside, by=by, seen=seen)


def overwrite_all(job: ImportJob, kind: ImportKind, reason: str, *, by) -> int:
    """Give one reason to every row HELD that `by` may write all the same; how many they were."""
    reason = reason.strip()
    if not reason:
        raise Refusal("Indiquez le motif\u00a0: il reste dans l’historique.")
    if len(reason) > CELL_MAX:
        raise Refusal(_LONG_REASON)
    with transaction.atomic():
        job = hold(job, kind, by)
        expect(job, Stage.READY)
        held = primary_rows(job, kind, by).filter(outcome=ImportRow.Outcome.HELD)
        keys = list(held.filter(is_set_aside=False).values_list("pk", flat=True))
        count = 0
        for start in range(0, len(keys), CHUNK):
            rows = primary_rows(job, kind, by).filter(pk__in=keys[start : start + CHUNK])
            rows = [row for row in rows if kind.may_overwrite(row)]
            for row in rows:
                row.decisions = {**row.decisions, OVERWRITE: reason}
            compare(kind, job, rows, by)
            count += len(rows)
        job.save()
    return count


def _corrected(row, texts):
    """The row's corrections with these, and what is stored and typed, by label."""
    corrections, stored, typed = dict(row.corrections), {}, {}
    for index, text in texts.items():
        if not 0 <= index < len(row.cells):
            raise Refusal("Cette colonne n’est pas dans le fichier\u00a0: rouvrez la page.")
        label = label_of(row.job, row, index)
        text = text.strip().replace("\r\n", "\n")
        if text == row.cells[index].strip():
            # A page sends back the cells that nobody touched, spaces around them or not.
            corrections.pop(str(index), None)
            text = row.cells[index]
        elif len(text) > CELL_MAX:
            raise Refusal(f"«\u00a0{label}\u00a0»\u00a0: 20\u202f000 caractères au plus.")
        elif "\0" in text:
            raise Refusal(
                f"«\u00a0{label}\u00a0»\u00a0: cette valeur contient un caractère de contrôle, "
                "retapez-la."
            )
        else:
            corrections[str(index)] = text
        if text != row.read(index):
            stored[label], typed[label] = row.read(index), text
    return corrections, stored, typed


def _decided(row, decisions):
    """The row's decisions with these, and (what is stored, what is typed) by label."""
    kept, stored, typed = dict(row.decisions), {}, {}
    for name, value in decisions.items():
        value = value.strip()
        if value == kept.get(name, ""):
            continue
        label = _check_decision(row, name, value)
        stored[label], typed[label] = kept.pop(name, ""), value
        if value:
            kept[name] = value
    return kept, (stored, typed)


def _check_decision(row, name, value):
    """What is decided, in French; Refusal where it is not asked, or not so."""
    if name == OVERWRITE:
        if len(value) > CELL_MAX:
            raise Refusal(_LONG_REASON)
        return "Motif"
    question = next((one for one in questions(row) if one["name"] == name), None)
    if question is None or (value and value not in {choice for choice, _ in question["choices"]}):
        raise Refusal("Cette réponse n’est plus proposée\u00a0: rouvrez la page.")
    return question["label"]


def questions(row: ImportRow) -> list[dict]:
    """What is asked of a person about the row: [{"name", "label", "choices"}]."""
    return row.values.get("questions") or []


def label_of(job: ImportJob, row: ImportRow, index: int) -> str:
    """The label of a cell of the row, by its index."""
    labels = next((part["labels"] for part in job.headers if part["sheet"] == row.sheet), [])
    return labels[index] if index < len(labels) and labels[index] else f"Colonne {index + 1}"
