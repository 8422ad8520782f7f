"""What the page of an import shows of its lines; the template is `ledgers/import_preview.html`."""

from django.core.paginator import Page

from ledgers.batches import GROUPS
from ledgers.models import ImportBatch, ImportLine, Outcome
from ledgers.sheets import SUMMARIES

# Of a new row so many cells are shown; all of them are in the file.
_SUMMARY = 6


def grouped(page: Page, several: bool) -> dict[str, list[dict]]:
    """The lines of a page by group, one item for each cell that is told of.

    `several` says that the batch has several files, so that their names are worth showing.
    """
    groups = {outcome: [] for outcome in GROUPS}
    for line in page:
        groups[line.outcome] += _ITEMS[line.outcome](line, several)
    return {
        "refused": groups[Outcome.REFUSED],
        "new": groups[Outcome.NEW],
        "changes": groups[Outcome.CHANGED],
        "remarks": groups[Outcome.NOTE],
    }


def _common(line: ImportLine, several: bool) -> dict:
    return {
        "row": str(line.row or ""),
        "sheet": f"{line.sheet} {line.file}" if several else line.sheet,
        "key": line.label,
    }


def _told(line: ImportLine, several: bool) -> list[dict]:
    return [_common(line, several) | cell for cell in line.cells]


def _new(line: ImportLine, several: bool) -> list[dict]:
    words = [
        f"{cell['column']} {cell['after']}"
        for cell in line.cells
        if cell["after"] and cell["after"] != line.label
    ]
    more = f"，等 {len(words)} 项" if len(words) > _SUMMARY else ""
    summary = "，".join(words[:_SUMMARY]) + more
    return [
        _common(line, several)
        | {"id": str(line.pk), "ticked": line.chosen, "kind_text": "新增", "summary": summary}
    ]


def _changed(line: ImportLine, several: bool) -> list[dict]:
    """One item for each cell; the tick of the row stands at the first."""
    return [
        _common(line, several)
        | {
            "id": str(line.pk) if place == 0 else "",
            "ticked": line.chosen,
            "column": cell["column"],
            "old": cell["before"],
            "new": cell["after"],
        }
        for place, cell in enumerate(line.cells)
    ]


_ITEMS = {
    Outcome.REFUSED: _told,
    Outcome.NEW: _new,
    Outcome.CHANGED: _changed,
    Outcome.NOTE: _told,
}


def sums(batch: ImportBatch) -> dict[str, str]:
    """How many rows of each group there are."""
    return {
        name: f"{sum(sheet[name] for sheet in batch.sheets):,}"
        for name in ("read", "new", "changed", "same", "refused")
    }


def sheet_notes(batch: ImportBatch) -> list[dict]:
    """What is to be said of whole sheets: not read, or with columns that were not used."""
    notes = []
    for sheet in batch.sheets:
        if sheet["sheet"] in SUMMARIES:
            continue
        if not sheet["ledger"]:
            notes += [{"sheet": sheet["sheet"], "text": n["reason"]} for n in sheet["notes"]]
        if sheet["unknown_columns"]:
            columns = "、".join(sheet["unknown_columns"])
            notes.append({"sheet": sheet["sheet"], "text": f"没有采用的列：{columns}"})
    return notes
