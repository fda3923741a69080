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

# nbgrader's own list, with KeepSteps in place of ClearSolutions, and InlineFigures.
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
]
