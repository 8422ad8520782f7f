"""Workbooks are checked before they are opened, and read with the rows a person counts."""

import io
import zipfile

import pytest
from openpyxl import Workbook

from ledgers import batches, reading
from ledgers.batches import rows_in
from ledgers.reading import UnreadableWorkbook, read_workbook
from tests.ledgers.workbooks import book


def test_rows_keep_the_numbers_of_the_spreadsheet():
    workbook = Workbook()
    workbook.active.title = "表"
    workbook.active["A4"] = "姓名"
    stream = io.BytesIO()
    workbook.save(stream)
    (sheet,) = read_workbook(stream.getvalue())
    assert sheet.name == "表"
    assert sheet.rows == [[""], [""], [""], ["姓名"]]


def test_hidden_and_empty_sheets_are_left_out():
    workbook = Workbook()
    workbook.active.title = "看得见"
    workbook.active["A1"] = 1
    workbook.create_sheet("空")
    hidden = workbook.create_sheet("藏")
    hidden["A1"] = 1
    hidden.sheet_state = "hidden"
    stream = io.BytesIO()
    workbook.save(stream)
    assert [sheet.name for sheet in read_workbook(stream.getvalue())] == ["看得见"]


def test_a_formula_without_a_stored_result_reads_as_empty():
    (sheet,) = read_workbook(book(("表", [["合计", "=SUM(B2:B3)", 3]])))
    assert sheet.rows == [["合计", "", 3.0]]


def test_merged_titles_are_known():
    workbook = Workbook()
    workbook.active["A1"] = "花名册"
    workbook.active.merge_cells("A1:D1")
    workbook.active["A2"] = "姓名"
    stream = io.BytesIO()
    workbook.save(stream)
    assert read_workbook(stream.getvalue())[0].banners == {1}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "文件是空的"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "旧的 .xls 格式"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
            "打开密码",
        ),
        ("姓名,身份证号\n".encode("gbk"), "不是 .xlsx 工作簿"),
        (b"<html><table></table></html>", "不是 .xlsx 工作簿"),
        (b"PK\x03\x04" + b"x" * 100, "文件已损坏"),
    ],
)
def test_other_files_are_refused_with_the_way_out(content, reason):
    with pytest.raises(UnreadableWorkbook) as refused:
        read_workbook(content)
    assert reason in str(refused.value)
    assert content == b"" or "另存为“Excel 工作簿（.xlsx）”" in str(refused.value)


def test_another_zip_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(UnreadableWorkbook, match=r"不是 \.xlsx 工作簿"):
        read_workbook(stream.getvalue())


def test_a_truncated_workbook_is_refused():
    with pytest.raises(UnreadableWorkbook, match="文件已损坏"):
        read_workbook(book(("表", [["姓名"]]))[:-200])


def test_a_file_above_the_size_limit_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_FILE", 1000)
    with pytest.raises(UnreadableWorkbook, match="请分成几个文件导入"):
        read_workbook(book(("表", [["姓名"]])))


def test_a_workbook_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_CONTENT", 100_000)
    with pytest.raises(UnreadableWorkbook, match="展开后过大"):
        read_workbook(book(("表", [["姓名" * 50] for _ in range(3000)])))


def _with_cell(address):
    workbook = Workbook()
    workbook.active["A1"] = "姓名"
    workbook.active[address] = "x"
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("address", "reason"),
    [("B1048576", "第 1048576 行还有内容"), ("XFD1", "XFD 列还有内容")],
)
def test_a_stray_cell_far_out_is_refused(address, reason):
    with pytest.raises(UnreadableWorkbook, match=reason):
        read_workbook(_with_cell(address))


def test_a_formatted_cell_without_content_far_out_is_no_matter():
    workbook = Workbook()
    workbook.active["A1"] = "姓名"
    workbook.active["A1048576"].number_format = "@"
    stream = io.BytesIO()
    workbook.save(stream)
    assert read_workbook(stream.getvalue())[0].rows == [["姓名"]]


def damaged():
    """A workbook whose sheet does not unpack: the compressed bytes themselves are wrong."""
    content = bytearray(book(("表", [["姓名" * 50, number] for number in range(300)])))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.getinfo("xl/worksheets/sheet1.xml")
    begin = sheet.header_offset + 30 + len(sheet.filename)
    content[begin : begin + 40] = b"\xff" * 40
    return bytes(content)


def test_a_workbook_that_does_not_unpack_is_refused():
    with pytest.raises(UnreadableWorkbook, match="文件已损坏"):
        read_workbook(damaged())
    assert rows_in(damaged()) == 0


def test_counting_rows_stops_at_the_size_limit(monkeypatch):
    content = book(("表", [["姓名" * 50] for _ in range(3000)]))
    monkeypatch.setattr(batches, "LARGEST_CONTENT", 100_000)
    assert rows_in(content, 10_000) < 1500


def test_a_sheet_of_too_many_cells_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "LARGEST_SHEET", 2600)
    assert read_workbook(_with_cell("Z100"))
    with pytest.raises(UnreadableWorkbook, match="占了 100 行、27 列"):
        read_workbook(_with_cell("AA100"))
