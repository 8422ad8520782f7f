"""Where a Party instructor (党建指导员) is due."""

from branches.values import Key

# Few formal members: a plan of one city sends an instructor below three; a bureau's plan to every
# social organisation, for which a county puts a large number.
INSTRUCTOR_BELOW = Key(
    "branches.instructor_below",
    "社会组织正式党员少于几人要派党建指导员",
    3,
    unit="人",
    minimum=0,
    maximum=10_000,
    help="每个社会组织都要派的，填 10000；不要求的填 0",
)
