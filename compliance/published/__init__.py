"""Published sets of requirements: data files beside this module, read. No database.

Each file is one set: title, source, how sure that is, a note, and lines of key, value, source and
certainty. `plan` takes the numbers of a plan from `tasks.plans`, where they stand already.
Facts and their certainty: rules.md and plans.md; what is unsure is marked as unsure.
"""

import functools
import json
from pathlib import Path
from typing import Any

from tasks.plans import template

CODES = ("national", "plan0", "elsewhere-lectures", "elsewhere-talks", "elsewhere-acceptance")


@functools.cache
def published(code: str) -> dict[str, Any]:
    """One set as the fields of `Standard`; KeyError for a code that is none."""
    if code not in CODES:
        raise KeyError(code)
    found = json.loads((Path(__file__).parent / f"{code}.json").read_text("utf-8"))
    lines = found.pop("lines", [])
    if plan := found.pop("plan", ""):
        lines += [
            {
                "key": line["key"],
                "value": line["value"],
                "source": f"方案原文：{line['wording']}",
                "certainty": found["certainty"],
            }
            for line in template(plan).values
        ]
    return found | {
        "code": code,
        "values": {line["key"]: line["value"] for line in lines},
        "sources": {
            line["key"]: {"source": line["source"], "certainty": line["certainty"]}
            for line in lines
        },
    }


def sets() -> list[dict[str, Any]]:
    """All published sets, in their order."""
    return [published(code) for code in CODES]
