"""Read whatever a student saved as a notebook: bytes to a valid notebook of format 4.5.

nbgrader reads a submission before its first preprocessor runs, so what is wrong with the file
itself is repaired here. `c.Autograde.exporter_class` names `SubmissionExporter`, so plain
`nbgrader autograde` reads this way, too.
"""

import json
import re

import nbformat
from nbconvert.exporters import NotebookExporter
from traitlets import Integer

MIB = 2**20
MAX_DEPTH = 100  # of nested JSON; a notebook has less than 20 levels
HUGE = 4 * MIB  # of a file: then its stored outputs are dropped before anything else
CELL_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
SURROGATE = re.compile("[\ud800-\udfff]")
KINDS = {
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a zip file",
    b"\x1f\x8b": "a gzip file",
    b"Rar!": "a RAR file",
    b"7z\xbc\xaf": "a 7z file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an old Office document",
}
WEB_PAGE = re.compile(rb"(?i)\s*(<!doctype html|<html|<head|<script)")
TOO_DEEP = "not a notebook: its JSON is nested too deeply"
CONFLICT = re.compile(r"(?m)^(<{7} |={7}$|>{7} )")


class NotGradable(Exception):
    """A submission that can't be graded; the message says why, in words for the student."""


class SubmissionExporter(NotebookExporter):
    """nbgrader's exporter, with a reader that repairs what is harmless."""

    max_size = Integer(100 * MIB, help="Bytes that a submitted notebook may have.").tag(config=True)

    def from_file(self, file_stream, resources=None, **kw):
        """Convert a notebook from an open file. Raises NotGradable."""
        data = file_stream.buffer.read(self.max_size + 1)
        nb, repairs = read_notebook(data, self.max_size)
        for repair in repairs:
            self.log.warning("Repaired: %s", repair)
        return self.from_notebook_node(nb, resources=resources, **kw)


def read_notebook(data, max_size=100 * MIB):
    """(notebook of format 4.5, what was repaired: a list of sentences without a full stop).

    Raises NotGradable if the bytes are no notebook.
    """
    if len(data) > max_size:
        raise NotGradable(
            f"over the size limit of {max_size / MIB:g} MiB; clear the outputs and save again"
        )
    text, repairs = decode(data)
    content = parse(text, repairs)
    notebook = upgraded(find_notebook(content, repairs), repairs)
    cells = [cell for cell in notebook["cells"] if isinstance(cell, dict)]
    if len(cells) < len(notebook["cells"]):
        dropped = len(notebook["cells"]) - len(cells)
        repairs.append(f"entries that are no cells were dropped: {dropped}")
    for cell in cells:
        mend_cell(cell, repairs)
    mend_ids(cells, repairs)
    if len(data) > HUGE and any(cell.get("outputs") for cell in cells):
        drop_outputs(cells)
        repairs.append(f"the file had {len(data) / MIB:.0f} MiB; stored outputs were dropped")
    metadata = notebook.get("metadata")
    whole = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": metadata if isinstance(metadata, dict) else {},
        "cells": cells,
    }
    return valid(nbformat.from_dict(whole), repairs), list(dict.fromkeys(repairs))


def decode(data):
    """(text, repairs) of bytes. Raises NotGradable for what is plainly another kind of file."""
    content = data.rstrip(b"\0 \t\r\n")
    if not content:
        raise NotGradable("the file is empty")
    for magic, kind in KINDS.items():
        if content.startswith(magic):
            raise NotGradable(f"not a notebook, but {kind} under a notebook's name")
    if WEB_PAGE.match(content):
        raise NotGradable(
            "not a notebook, but a web page: probably the page that shows it was saved, "
            "in place of the file"
        )
    repairs = []
    if data.endswith(b"\0"):
        repairs.append("zero bytes at the end were removed")
    encoding = json.detect_encoding(data)
    if encoding.startswith(("utf-16", "utf-32")):
        content = data
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        encoding = "cp1252"
        text = content.decode(encoding, "replace")
    if encoding == "utf-8-sig":
        repairs.append("a byte order mark was removed")
    elif encoding != "utf-8":
        repairs.append(f"the file is in {encoding}, not in utf-8")
    return text.rstrip("\0"), repairs


def parse(text, repairs):
    """JSON of a text. Raises NotGradable with line and column if it is none."""
    try:
        content = json.loads(text, strict=False)
    except json.JSONDecodeError as error:
        raise NotGradable(not_json(text, error)) from None
    except RecursionError:
        raise NotGradable(TOO_DEEP) from None
    except ValueError as error:  # a number of thousands of digits
        raise NotGradable(f"not JSON: {error}") from None
    return scrubbed(content, repairs)


def not_json(text, error):
    """What is wrong with a text that is not JSON, and where."""
    where = f"line {error.lineno}, column {error.colno}"
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"not JSON: the file ends in the middle ({where}); it was cut off"
    if CONFLICT.search(text):
        return f"not JSON ({where}): the file holds the marks of a git merge conflict"
    return f"not JSON: {error.msg} at {where}"


def scrubbed(value, repairs, depth=0):
    """A JSON value whose text can be written as UTF-8. Raises NotGradable if it nests deeply."""
    if depth > MAX_DEPTH:
        raise NotGradable(TOO_DEEP)
    if isinstance(value, str):
        if SURROGATE.search(value):
            repairs.append("halves of characters (lone surrogates) were replaced")
            return SURROGATE.sub("\ufffd", value)
        return value
    if isinstance(value, list):
        return [scrubbed(item, repairs, depth + 1) for item in value]
    if isinstance(value, dict):
        return {
            scrubbed(key, repairs): scrubbed(item, repairs, depth + 1)
            for key, item in value.items()
        }
    return value


def find_notebook(content, repairs):
    """The notebook in a JSON value: itself, or what Jupyter's server wraps around it."""
    if isinstance(content, dict) and content.get("type") == "notebook":
        if isinstance(content.get("content"), dict):
            repairs.append("unpacked from the answer of a Jupyter server")
            content = content["content"]
    if not isinstance(content, dict):
        raise NotGradable(f"not a notebook: its JSON is a {type(content).__name__}")
    sheets = content.get("worksheets")
    if not isinstance(content.get("cells"), list) and not isinstance(sheets, list):
        raise NotGradable("not a notebook: its JSON has no list of cells")
    return content


def upgraded(notebook, repairs):
    """A notebook of any format as format 4, as far as a grader needs it."""
    version = notebook.get("nbformat")
    if version == 4 and isinstance(notebook.get("cells"), list):
        return notebook
    repairs.append(f"notebook format {version!r:.20} was brought to format 4")
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        lists = [sheet.get("cells") for sheet in sheets]
        cells = [cell for cells in lists if isinstance(cells, list) for cell in cells]
    for cell in cells:
        if not isinstance(cell, dict) or "source" in cell:
            continue
        for old in ("input", "code", "text"):
            if old in cell:
                cell["source"] = cell[old]
                break
    return {**notebook, "cells": cells}


def mend_cell(cell, repairs):
    """Give a cell the parts that its type must have, and no others."""
    source = cell.get("source")
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    if not isinstance(source, str):
        repairs.append("cells without text")
        source = ""
    if "\r" in source:
        repairs.append("line ends were made the same")
        source = source.replace("\r\n", "\n").replace("\r", "\n")
    kind = cell.get("cell_type")
    if kind == "heading":
        level = cell.get("level")
        source = "#" * (level if level in range(1, 7) else 1) + " " + source
        kind = "markdown"
    elif kind not in ("code", "markdown", "raw"):
        repairs.append(f"cells of the unknown type {kind!r:.30}")
        kind = "code" if "outputs" in cell else "markdown"
    kept = {"id": cell.get("id"), "cell_type": kind, "source": source}
    kept["metadata"] = cell.get("metadata")
    if not isinstance(kept["metadata"], dict):
        repairs.append("cells without metadata")
        kept["metadata"] = {}
    if kind == "code":
        kept["outputs"] = cell.get("outputs")
        if not isinstance(kept["outputs"], list):
            repairs.append("code cells without a list of outputs")
            kept["outputs"] = []
        count = cell.get("execution_count")
        kept["execution_count"] = count if type(count) is int else None
    elif isinstance(cell.get("attachments"), dict):
        kept["attachments"] = cell["attachments"]
    cell.clear()
    cell.update(kept)


def mend_ids(cells, repairs):
    """Give every cell an id of its own. Of two cells with one id the last one keeps it."""
    taken, missing, twice = set(), 0, []
    for cell in reversed(cells):
        if not isinstance(cell["id"], str) or not CELL_ID.fullmatch(cell["id"]):
            cell["id"] = None
            missing += 1
        elif cell["id"] in taken:
            twice.append(cell["id"])
            cell["id"] = None
        else:
            taken.add(cell["id"])
    number = 0
    for cell in cells:
        while cell["id"] is None:
            number += 1
            if f"cell-{number}" not in taken:
                cell["id"] = f"cell-{number}"
    if missing:
        repairs.append(f"cells without a valid id: {missing}")
    if twice:
        repairs.append(f"cell ids that stood there twice: {named(twice[::-1])}")


def named(names, most=8):
    """Names in one line, the first few of many."""
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def drop_outputs(cells):
    """Forget stored outputs."""
    for cell in cells:
        if cell["cell_type"] == "code":
            cell["outputs"] = []


def valid(nb, repairs):
    """The notebook, if it is valid; else what is left without outputs and most metadata."""
    try:
        nbformat.validate(nb, relax_add_props=True)
        return nb
    except nbformat.ValidationError as error:
        repairs.append(f"damaged outputs or metadata were dropped ({error.message:.80})")
    drop_outputs(nb.cells)
    nb.metadata = nbformat.from_dict({})
    for cell in nb.cells:
        about = cell.metadata.get("nbgrader")
        cell.metadata = nbformat.from_dict({} if about is None else {"nbgrader": about})
        cell.pop("attachments", None)
    nbformat.validate(nb, relax_add_props=True)
    return nb
