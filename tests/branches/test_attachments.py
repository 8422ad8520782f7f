import io
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from branches.attachments import LARGEST, UnfitFile, attach, checked_content_type, plain_name
from branches.models import Attachment
from tests import factories

PDF = b"%PDF-1.7\n" + b"x" * 100


def office_file(*parts):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for part in parts:
            archive.writestr(part, "x")
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("会议记录.pdf", PDF),
        ("照片.JPG", b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"x" * 100),
        ("签到表.png", b"\x89PNG\r\n\x1a\n" + b"x" * 100),
        ("记录.docx", office_file("[Content_Types].xml", "word/document.xml")),
        ("台账.xlsx", office_file("xl/workbook.xml", "[Content_Types].xml")),
        ("旧记录.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600),
    ],
)
def test_a_file_that_is_what_it_says_is_taken(name, content):
    assert checked_content_type(SimpleUploadedFile(name, content))


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("网页.html", b"<script>", "请换成"),
        ("图.svg", b"<svg/>", "请换成"),
        ("程序.exe", b"MZ", "请换成"),
        ("没有扩展名", PDF, "请换成"),
        ("空.pdf", b"", "空文件"),
        ("假的.pdf", b"<html><script>alert(1)</script>", "不是 PDF 文件"),
        ("假的.png", PDF, "不是 PNG 文件"),
        ("假的.docx", b"PK\x03\x04" + b"x" * 100, "不是 DOCX 文件"),
        ("改名的.docx", office_file("xl/workbook.xml", "[Content_Types].xml"), "不是 DOCX 文件"),
        (
            "带宏.docx",
            office_file("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            "带有宏",
        ),
    ],
)
def test_anything_else_is_refused_with_the_reason(name, content, words):
    with pytest.raises(UnfitFile, match=words):
        checked_content_type(SimpleUploadedFile(name, content))


def test_a_file_over_the_limit_is_refused():
    upload = SimpleUploadedFile("大.pdf", PDF)
    upload.size = LARGEST + 1
    with pytest.raises(UnfitFile, match="超过 20 MB"):
        checked_content_type(upload)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("../../etc/记录.pdf", "记录.pdf"),
        ("C:\\资料\\记录.pdf", "记录.pdf"),
        ("记\u202e录.pdf\x00", "记录.pdf"),
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
    ],
)
def test_a_name_keeps_nothing_but_the_name(typed, kept):
    assert plain_name(typed) == kept


@pytest.fixture
def attachment(db):
    branch = factories.make_branch()
    (stored,) = attach(
        organisation=branch,
        area="meetings",
        object_id=1,
        uploads=[SimpleUploadedFile("签到 表.pdf", PDF)],
        by=None,
    )
    return stored


def test_a_stored_file_carries_nothing_of_its_name_on_disk(attachment):
    assert attachment.name == "签到 表.pdf"
    assert "签到" not in attachment.file.name
    assert attachment.size == len(PDF)


def test_a_refused_file_leaves_nothing_behind(db):
    uploads = [SimpleUploadedFile("好.pdf", PDF), SimpleUploadedFile("坏.pdf", b"MZ")]
    storage = Attachment._meta.get_field("file").storage
    before = _files(storage)
    with pytest.raises(UnfitFile):
        attach(
            organisation=factories.make_branch(),
            area="meetings",
            object_id=2,
            uploads=uploads,
            by=None,
        )
    assert _files(storage) == before


def _files(storage, folder=""):
    try:
        folders, files = storage.listdir(folder)
    except FileNotFoundError:
        return set()
    inside = {f"{folder}/{name}" for name in files}
    for name in folders:
        inside |= _files(storage, f"{folder}/{name}" if folder else name)
    return inside


def url_of(attachment):
    return reverse("branches:attachment", args=[attachment.pk])


@pytest.mark.parametrize("role", ["secretary", "organiser", "group_leader", "inspector"])
def test_whoever_sees_the_branch_downloads_the_file(client, attachment, role):
    client.force_login(factories.make_user(role, attachment.organisation))
    response = client.get(url_of(attachment))
    assert b"".join(response.streaming_content) == PDF
    assert response["Content-Disposition"].startswith("attachment;")
    assert "%E7%AD%BE%E5%88%B0" in response["Content-Disposition"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in response["Content-Security-Policy"]
    assert "no-store" in response["Cache-Control"]


def test_the_neighbours_secretary_finds_nothing(client, attachment):
    committee = attachment.organisation.parent
    client.force_login(factories.make_user("secretary", factories.make_branch(committee)))
    assert client.get(url_of(attachment)).status_code == 404


def test_an_administrator_without_a_look_finds_nothing(client, attachment):
    county = attachment.organisation.parent.parent
    client.force_login(factories.make_user("system_admin", county))
    assert client.get(url_of(attachment)).status_code == 404


def test_nobody_is_sent_to_the_login(client, attachment):
    response = client.get(url_of(attachment))
    assert response.status_code == 302
    assert reverse("login") in response["Location"]


def test_nothing_is_posted_to_a_file(client, attachment):
    client.force_login(factories.make_user("secretary", attachment.organisation))
    assert client.post(url_of(attachment)).status_code == 405
