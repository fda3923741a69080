"""The autograder of the course: what nbgrader_config.py plugs into nbgrader."""

import sys

# jsonschema asks whether this can be imported, which takes over two seconds, to check a format
# that no notebook uses. What has imported it before keeps it.
sys.modules.setdefault("rfc3987_syntax", None)
