"""Penalties for late submissions, for nbgrader's AssignLatePenalties.

In nbgrader_config.py:

    c.AssignLatePenalties.plugin_class = "grading.late.PercentPerDay"
    c.PercentPerDay.percent = 10
"""

import math

from nbgrader.plugins import LateSubmissionPlugin
from traitlets import Float

DAY = 24 * 60 * 60


class PercentPerDay(LateSubmissionPlugin):
    """Take a part of the points for each day that has begun after the due date."""

    percent = Float(10, help="Percent of the points for each day that has begun.").tag(config=True)
    most = Float(100, help="Percent of the points that are taken at most.").tag(config=True)
    grace = Float(0, help="Minutes after the due date that cost nothing.").tag(config=True)

    def late_submission_penalty(self, student_id, score, total_seconds_late):
        """The points to take away from `score`."""
        late = total_seconds_late - 60 * self.grace
        if late <= 0:
            return 0.0
        days = math.ceil(late / DAY)
        return score * min(self.percent * days, self.most) / 100
