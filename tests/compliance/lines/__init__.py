"""The matrix of the rules: for each one a line of facts and of what is to be found in them."""

from tests.compliance.lines import dues_and_tasks, meetings, members, organisations

LINES = meetings.LINES | dues_and_tasks.LINES | members.LINES | organisations.LINES
