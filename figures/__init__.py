"""Every picture of the course, drawn from the arrays it teaches: run `python -m figures`."""
