from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.roles import Role
from accounts.services import AccountFault, create_account
from branches.grants import GrantFault, grant_role
from branches.models import Organisation


class Command(BaseCommand):
    help = (
        "新建账号并授权，打印一次性密码 Create an account with a role, print a one-time password."
    )

    def add_arguments(self, parser):
        parser.add_argument("name", metavar="NAME", help="账号，即登录时输入的名字")
        parser.add_argument("--role", required=True, metavar="ROLE", help="、".join(Role.values))
        parser.add_argument("--organisation", required=True, metavar="CODE", help="组织编码")
        parser.add_argument("--person", default="", metavar="NAME", help="使用人姓名")

    def handle(self, *, name, role, organisation, person, **options):
        if role not in Role.values:
            raise CommandError(f"没有“{role}”这个角色，可用：{'、'.join(Role.values)}")
        place = Organisation.objects.filter(code=organisation).first()
        if place is None:
            raise CommandError(f"没有组织编码“{organisation}”")
        try:
            password = self._create(name, role, place, person)
        except (AccountFault, GrantFault) as fault:
            raise CommandError(str(fault)) from fault
        except ValidationError as fault:
            raise CommandError("；".join(fault.messages)) from fault
        label = Role(role).label
        self.stdout.write(f"账号 {name}（{label}，{place.name}）已建，首次登录须改密码")
        self.stdout.write(f"一次性密码：{password}")

    @transaction.atomic
    def _create(self, name, role, place, person):
        """All or nothing: no account is left behind when its role does not fit."""
        user, password = create_account(
            username=name, name=person, by=None, organisation_id=place.pk
        )
        grant_role(user=user, role=role, organisation=place, by=None)
        return password
