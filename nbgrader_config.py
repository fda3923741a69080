# Read by every nbgrader command that runs in this folder, and by the formgrader.
# Classes are named as strings: an import that fails in this file would only be logged, and
# nbgrader would go on without the setting; a string that can't be imported stops it.
c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "convnets_from_scratch"

# Figures travel inside the release notebook, so their folder need not.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "figures"]

# release/ is committed. Without force, generate_assignment would skip it on a fresh clone,
# exit with 0 and leave the gradebook empty.
c.GenerateAssignment.force = True

# nbgrader's own list, with KeepSteps in place of ClearSolutions, InlineFigures, and KeepReleased.
c.GenerateAssignment.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.InstantiateTests",
    "nbgrader.preprocessors.LockCells",
    "grading.release.KeepSteps",
    "grading.release.InlineFigures",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.CheckCellMetadata",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.SaveCells",
    "nbgrader.preprocessors.ClearHiddenTests",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.ComputeChecksums",
    "nbgrader.preprocessors.CheckCellMetadata",
    "grading.release.KeepReleased",
]

# Of a submission the notebook alone is taken: other files and links are not copied or followed.
# It may be what other tools saved: a byte order mark, an old format, missing parts.
c.Autograde.exporter_class = "grading.notebook_only.NotebookOnlyExporter"

# Cells are found again by metadata, id or content. Of a submission only the text of its cells
# is kept; test cells come whole from source.
c.Autograde.sanitize_preprocessors = [
    "grading.repair.FindCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "grading.overwrite.SourceCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# The student's cells run in a sandbox, test cells in another kernel, out of its reach.
c.Autograde.autograde_preprocessors = [
    "grading.execute.TwoKernels",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Pages that students get show no hidden test, in no traceback either, and nothing active.
c.GenerateFeedback.preprocessors = [
    "grading.feedback.HideTests",
    "nbgrader.preprocessors.GetGrades",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# The solution notebook is for students, too: run it with the hidden tests, then drop them.
c.GenerateSolution.preprocessors = [
    "nbgrader.preprocessors.IncludeHeaderFooter",
    "nbgrader.preprocessors.LockCells",
    "nbgrader.preprocessors.ClearOutput",
    "nbgrader.preprocessors.ClearMarkScheme",
    "nbgrader.preprocessors.Execute",
    "grading.release.InlineFigures",
    "nbgrader.preprocessors.ClearHiddenTests",
]
