"""`import_workbooks`: what it prints, writes and returns; the samples end to end."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import TrailLine, User
from accounts.roles import Role
from branches.models import Grant, Organisation
from members.models import Member
from tests.ledgers.workbooks import COUNTY, ROSTER, book, dues, id_number, members, rows_of

pytestmark = pytest.mark.django_db
ZHAO = ["赵六", id_number(8), "正式", None, None, "B1", None]


def run(*arguments, **options):
    """Standard output, standard error and exit code of the command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("import_workbooks", *map(str, arguments), stdout=out, stderr=err, **options)
    except CommandError as error:
        err.write(str(error))
        return out.getvalue(), err.getvalue(), error.returncode
    return out.getvalue(), err.getvalue(), 0


@pytest.fixture
def folder(tmp_path):
    """A folder as people keep it: out of order, with a lock file and an old workbook."""
    (tmp_path / "02-组织.xlsx").write_bytes(book(COUNTY))
    (tmp_path / "01-党员.xlsx").write_bytes(book(ROSTER))
    (tmp_path / "~$01-党员.xlsx").write_bytes(b"lock")
    (tmp_path / "旧.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
    return tmp_path


def test_a_folder_is_imported_in_one_go(folder):
    out, err, code = run(folder)
    assert code == 0
    assert "已导入：新增 7 行，修改 0 行，无变化 0 行" in out
    assert "旧.xls：不是 .xlsx，没有读取" in err
    assert Member.objects.count() == 3


def test_a_dry_run_writes_nothing(folder):
    out, _err, code = run(folder, "--dry-run")
    assert (code, Member.objects.count()) == (0, 0)
    assert "没有写入" in out


def test_json_tells_every_sheet(folder, tmp_path):
    bad = tmp_path / "坏.xlsx"
    bad.write_bytes(book(members([*ZHAO[:3], "2026.13.5", *ZHAO[4:]])))
    target = tmp_path / "结果.json"
    _out, err, code = run(folder, "--json", target)
    assert code == 1
    assert "有 1 处需要更正，一行也没有写入" in err
    sheets = json.loads(target.read_text(encoding="utf-8"))
    assert [Path(sheet["file"]).name for sheet in sheets] == [
        "01-党员.xlsx",
        "02-组织.xlsx",
        "坏.xlsx",
    ]
    assert {key: sheets[2][key] for key in ("sheet", "ledger", "read", "new", "refused")} == {
        "sheet": "党员",
        "ledger": "党员",
        "read": 1,
        "new": 0,
        "refused": 1,
    }
    assert sheets[2]["problems"] == [
        {
            "row": 2,
            "column": "入党日期",
            "value": "2026.13.5",
            "reason": "“2026.13.5”没有 13 月，请写成 1987-12-05 这样的日期",
        }
    ]


def test_refused_rows_are_written_and_the_rest_accepted(folder, tmp_path):
    (tmp_path / "坏.xlsx").write_bytes(book(members([*ZHAO[:5], "B7", None])))
    refused = tmp_path / "out" / "需更正.xlsx"
    refused.parent.mkdir()
    out, _err, code = run(folder, "--accept-valid", "--refused", refused)
    assert code == 0
    assert "未导入 1 行" in out
    assert rows_of(refused.read_bytes(), "党员")[1][-1].startswith(
        "党支部编码：没有编码为“B7”的组织"
    )
    assert Member.objects.count() == 3


def test_nothing_valid_is_a_refusal_even_when_accepting(tmp_path):
    path = tmp_path / "通讯录.xlsx"
    path.write_bytes(book(("通讯录", [["单位", "电话", "地址"], ["x", "1", "y"]])))
    _out, err, code = run(path, "--accept-valid")
    assert code == 1
    assert "没有认出台账" in err


def test_the_year_may_be_given(folder, tmp_path):
    run(folder)
    path = tmp_path / "费.xlsx"
    path.write_bytes(
        book(dues(["张伟", id_number(1), "学生", None, 0.2, 0.2, None, None], name="表"))
    )
    assert run(path)[2] == 1
    assert run(path, "--year", "2026")[2] == 0


def test_an_account_imports_within_its_reach(folder, tmp_path):
    run(folder)
    user = User.objects.create(username="sec")
    Grant.objects.create(
        user=user, role=Role.SECRETARY, organisation=Organisation.objects.get(code="B2")
    )
    path = tmp_path / "新.xlsx"
    path.write_bytes(book(members(ZHAO)))
    _out, err, code = run(path, "--as", "sec")
    assert code == 1
    assert "这个组织不在你的导入范围内" in err


@pytest.mark.parametrize(
    "arguments",
    [["没有.xlsx"], [".", "--year", "26"], [".", "--as", "nobody"]],
)
def test_wrong_usage_is_2(arguments):
    assert run(*arguments)[2] == 2


def test_an_empty_folder_is_refused(tmp_path):
    assert run(tmp_path)[1:] == ("文件夹里没有 .xlsx 工作簿", 1)


def test_an_unknown_option_exits_with_2():
    asked = [sys.executable, "manage.py", "import_workbooks", "--nonsense"]
    done = subprocess.run(asked, capture_output=True, cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == 2


def test_a_file_is_known_by_its_name_alone(folder, tmp_path):
    target = tmp_path / "结果.json"
    run(folder, "--json", target)
    files = {sheet["file"] for sheet in json.loads(target.read_text(encoding="utf-8"))}
    assert files == {"01-党员.xlsx", "02-组织.xlsx"}
    assert TrailLine.objects.filter(reason="01-党员.xlsx 党员 第 2 行").exists()
