"""Grade submissions of the small course in this process, through nbgrader's own API."""

from dataclasses import dataclass, field

from nbgrader.apps import NbGraderAPI
from small_course import ASSIGNMENT, SANDBOX_CONFIG, SmallCourse
from traitlets.config.loader import PyFileConfigLoader

from grading.execute import close_trusted_kernel

LIMITS = """
c.TwoKernels.timeout = 5
c.TwoKernels.call_timeout = 3
c.TwoKernels.test_timeout = 20
c.TwoKernels.total_timeout = 60
c.SandboxedKernelManager.total_memory = 700
c.SandboxedKernelManager.disk = 32
"""
FUNCTIONS = ("zero_pad", "conv_single_step", "conv_forward")
FULL = {"zero_pad": 5, "conv_single_step": 5, "conv_forward": 10}


@dataclass
class Graded:
    """What came of a submission."""

    points: dict  # by function; None where no grade was written
    cells: dict  # by test cell
    nb: object
    page: str
    log: str
    shown: str = field(default="")  # text of all outputs of the student's own cells


class GradedCourse(SmallCourse):
    """A small course and what its submissions got."""

    def __init__(self, folder, config=SANDBOX_CONFIG + LIMITS):
        super().__init__(folder, config)
        loader = PyFileConfigLoader("nbgrader_config.py", path=str(self.folder))
        self.config = loader.load_config()
        self.config.CourseDirectory.root = str(self.folder)

    def close(self):
        """End the trusted kernel of this process."""
        close_trusted_kernel()

    def grade(self, student, edit=None):
        """Submit, autograde, make the feedback page."""
        self.submit(student, edit)
        return self.grade_submitted(student)

    def grade_submitted(self, student):
        """Autograde what a student handed in, make the feedback page."""
        api = NbGraderAPI(config=self.config)
        result = api.autograde(ASSIGNMENT, student)
        assert result["success"], result.get("log", "") + result.get("error", "")
        page = api.generate_feedback(ASSIGNMENT, student)
        assert page["success"], page.get("log", "") + page.get("error", "")
        cells = self.grades(student)
        points = {
            name: sum(score for cell, score in cells.items() if cell.startswith(f"test_{name}_"))
            for name in FUNCTIONS
        }
        nb = self.autograded(student)
        shown = "\n".join(
            output.get("text", "") + str(output.get("data", "")) + output.get("evalue", "")
            for cell in nb.cells
            if cell.cell_type == "code" and not cell.metadata.get("nbgrader", {}).get("grade")
            for output in cell.outputs
        )
        return Graded(points, cells, nb, self.feedback(student), result["log"], shown)
