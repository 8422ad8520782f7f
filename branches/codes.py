"""What an organisation's code may hold: it stands in addresses and in cells. No Django."""

import re

CODE = re.compile(r"[\w.-]+")
