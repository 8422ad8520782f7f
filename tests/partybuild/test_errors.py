import pytest
from django.urls import reverse

from accounts.roles import Role
from tests import factories

pytestmark = pytest.mark.django_db


def test_an_address_for_buttons_says_so_when_it_is_opened(client):
    branch = factories.make_branch()
    client.force_login(factories.make_user(Role.SECRETARY, branch))
    answer = client.get(reverse("meetings:draft"))
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "请从页面上的按钮进入" in answer.content.decode()
    assert answer.headers["Content-Security-Policy"]
