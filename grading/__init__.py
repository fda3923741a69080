"""What the course plugs into nbgrader, and the tools around it."""
