"""会议记录 as a Word document, made from the same content as the printed page."""

import datetime
import io
import re

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from meetings.minutes import Minutes

# Text and headings; Word takes the name for East Asian signs from an attribute of its own.
TEXT_FONT, HEADING_FONT = "仿宋", "黑体"
_LATIN = "Times New Roman"
_TEXT_SIZE, _TABLE_SIZE, _TITLE_SIZE = Pt(14), Pt(12), Pt(20)
# Page margins of tables on paper, and what is left between them.
_TOP, _RIGHT, _BOTTOM, _LEFT = Mm(25), Mm(22), Mm(20), Mm(24)
_WIDTHS = (Mm(24), Mm(58), Mm(24), Mm(58))
# XML holds no control signs; old files that were imported may.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def document_of(minutes: Minutes, *, made_at: datetime.datetime) -> bytes:
    """The minutes as the content of a .docx file."""
    document = Document()
    _set_up(document, minutes, made_at)
    _centred(document, minutes.title, size=_TITLE_SIZE, font=HEADING_FONT)
    _centred(document, minutes.unit, size=_TEXT_SIZE, font=TEXT_FONT)
    if minutes.note:
        _centred(document, f"（{minutes.note}）", size=_TEXT_SIZE, font=TEXT_FONT)
    _facts(document, minutes)
    _heading(document, "会议内容")
    for paragraph in minutes.paragraphs or ("",):
        _text(document, paragraph)
    if minutes.decisions:
        _heading(document, "会议决议")
        for number, one in enumerate(minutes.decisions, start=1):
            kind = f"{one.kind}：" if one.kind else ""
            _text(document, f"{number}．{kind}{one.text}")
            for more in filter(None, (one.votes, one.left_out)):
                _text(document, f"{more}。")
    _signatures(document, minutes)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def clean(text: str) -> str:
    """Text without the signs that a document cannot hold."""
    return _CONTROL.sub("", text)


def _set_up(document, minutes: Minutes, made_at: datetime.datetime) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.right_margin = _TOP, _RIGHT
    section.bottom_margin, section.left_margin = _BOTTOM, _LEFT
    style = document.styles["Normal"]
    style.font.size = _TEXT_SIZE
    _name_fonts(style.element.get_or_add_rPr(), TEXT_FONT)
    style.paragraph_format.space_after = Pt(0)
    style.paragraph_format.line_spacing = Pt(28)
    for language in document.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")
    facts = document.core_properties
    facts.title = clean(f"{minutes.heading} 会议记录")
    facts.author = facts.last_modified_by = clean(minutes.unit)
    facts.language, facts.comments = "zh-CN", ""
    facts.created = facts.modified = made_at.astimezone(datetime.UTC).replace(tzinfo=None)
    _page_numbers(section.footer.paragraphs[0])


def _name_fonts(properties, font: str) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = OxmlElement("w:rFonts")
        properties.insert(0, fonts)
    for script, name in (("ascii", _LATIN), ("hAnsi", _LATIN), ("eastAsia", font)):
        fonts.set(qn(f"w:{script}"), name)
    # Quotation marks and dots exist in both scripts; here they are Chinese.
    fonts.set(qn("w:hint"), "eastAsia")


def _run(paragraph, text: str, *, size, font: str, bold: bool = False):
    run = paragraph.add_run(clean(text))
    run.font.size, run.bold = size, bold
    _name_fonts(run._element.get_or_add_rPr(), font)
    return run


def _centred(document, text: str, *, size, font: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, text, size=size, font=font)


def _facts(document, minutes: Minutes) -> None:
    """The table of facts: a row holds one fact over its whole width, or two side by side."""
    table = document.add_table(rows=0, cols=len(_WIDTHS))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, _WIDTHS, strict=True):
        column.width = width
    for facts in minutes.rows:
        cells = table.add_row().cells
        for cell, width in zip(cells, _WIDTHS, strict=True):
            cell.width = width
        if len(facts) == 1:
            cells = (cells[0], cells[1].merge(cells[-1]))
        texts = [text for fact in facts for text in fact]
        for index, (cell, text) in enumerate(zip(cells, texts, strict=True)):
            _cell(cell, text, is_label=index % 2 == 0)


def _cell(cell, text: str, *, is_label: bool) -> None:
    # A merged cell holds an empty paragraph of each of its parts.
    for spare in cell.paragraphs[1:]:
        spare._element.getparent().remove(spare._element)
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.line_spacing = Pt(20)
    if is_label:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, text, size=_TABLE_SIZE, font=HEADING_FONT if is_label else TEXT_FONT)


def _heading(document, text: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_before = Pt(8)
    paragraph.paragraph_format.keep_with_next = True
    _run(paragraph, text, size=_TEXT_SIZE, font=HEADING_FONT)


def _text(document, text: str) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.first_line_indent = _TEXT_SIZE * 2
    _run(paragraph, text, size=_TEXT_SIZE, font=TEXT_FONT)


def _signatures(document, minutes: Minutes) -> None:
    signed = document.add_paragraph()
    signed.paragraph_format.space_before = Pt(24)
    signed.paragraph_format.keep_with_next = bool(minutes.entered)
    _run(signed, "主持人（签字）：　　　　　　　记录人（签字）：", size=_TEXT_SIZE, font=TEXT_FONT)
    if minutes.entered:
        entered = document.add_paragraph()
        entered.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        _run(entered, minutes.entered, size=_TABLE_SIZE, font=TEXT_FONT)


def _page_numbers(paragraph) -> None:
    """第 1 页 共 3 页, counted by the program that opens the document."""
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for text, field in (("第 ", "PAGE"), (" 页 共 ", "NUMPAGES"), (" 页", "")):
        _run(paragraph, text, size=Pt(10.5), font=TEXT_FONT)
        if field:
            _add_field(_run(paragraph, "", size=Pt(10.5), font=TEXT_FONT), field)


def _add_field(run, code: str) -> None:
    for kind in ("begin", "", "separate", "shown", "end"):
        if kind == "":
            element = OxmlElement("w:instrText")
            element.set(qn("xml:space"), "preserve")
            element.text = f" {code} "
        elif kind == "shown":
            element = OxmlElement("w:t")
            element.text = "1"
        else:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        run._element.append(element)
