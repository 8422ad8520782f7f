"""When something that falls due is shown as due soon: one value for all rooms."""

from branches.values import Key

SOON_DAYS = Key("compliance.soon_days", "到期前几天显示为临期", 7, unit="天", minimum=1, maximum=60)
