"""Workbooks in: recognised, read, matched and compared in memory, then written at once."""
