"""Feedback pages show which test failed and why, never how it tests.

Goes before GetGrades in GenerateFeedback's preprocessors. The autograded notebook, which stays
with the instructor, keeps its test cells whole.
"""

from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution

from grading.active import quiet_output
from grading.execute import quiet_test_output


class HideTests(NbGraderPreprocessor):
    """Cut hidden tests and tracebacks out of test cells, and active content out of all."""

    def preprocess(self, nb, resources):
        """Returns the notebook that may become a page for a student."""
        cutter = ClearHiddenTests(config=self.config, enforce_metadata=False)
        nb.metadata.pop("widgets", None)
        for cell in nb.cells:
            cell.pop("attachments", None)
            test = is_grade(cell) and not is_solution(cell)
            if test:
                cutter._remove_hidden_test_region(cell)
            if cell.cell_type == "code":
                clean = quiet_test_output if test else quiet_output
                outputs = [clean(output) for output in cell.outputs]
                cell.outputs = [output for output in outputs if output is not None]
        return nb, resources
