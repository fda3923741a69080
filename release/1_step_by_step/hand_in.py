"""Make the zip file to hand in, and say what state the notebook is in.

The last cell of the notebook calls `hand_in()`. In a terminal in this folder, `python hand_in.py`
does the same. A copy of the saved notebook runs from top to bottom in a fresh kernel; what is
still to write, what fails and what takes too long is named; and the zip file is made whatever
comes of that, for half a notebook may be handed in, too. Your notebook is only read.
"""

import ast
import inspect
import json
import os
import re
import subprocess
import sys
import textwrap
import time
import zipfile
from datetime import datetime
from pathlib import Path

from renew import CantRenew, is_answer, is_test, matches, name, read, released, running_notebook

HERE = Path(__file__).resolve().parent
COLAB = "google.colab"  # a module that is loaded there
CELL_SECONDS, ALL_SECONDS, START_SECONDS = 60, 300, 90
MOST = 6  # cells that are named
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
NOT_HERE = (
    "Nothing is packed in this run. To hand in, save the notebook and run this cell in Jupyter,\n"
    "or run `python hand_in.py` in a terminal in the notebook's folder."
)


def hand_in(cell_seconds=CELL_SECONDS, all_seconds=ALL_SECONDS):
    """Check the notebook that this is called in, and pack it.

    Does nothing where nobody sits at the notebook: while it is validated, graded or tried.
    """
    path = running_notebook(HERE)
    if path is None and not os.environ.get("JPY_SESSION_NAME") and COLAB not in sys.modules:
        print(NOT_HERE)
        return
    shell = sys.modules["IPython"].get_ipython()
    pack(path, getattr(shell, "user_ns", {}), cell_seconds, all_seconds)


def pack(path=None, variables=None, cell_seconds=CELL_SECONDS, all_seconds=ALL_SECONDS):
    """Try and pack a notebook, by default the one beside this file.

    `variables` are those of the running notebook. Returns the path of the zip file, or None if
    there is nothing to pack.
    """
    try:
        given = released(HERE)
        path = path or notebook_beside(given)
        notebook = read(path)
        cells = known_cells(notebook, given, path)
    except CantRenew as error:
        print(f"Nothing was packed. {error}")
        return None
    saved = datetime.fromtimestamp(path.stat().st_mtime)
    print(f"{path.name}, as it was saved on {saved:%d %B %Y at %H:%M:%S}.")
    print("What is not saved is not handed in.")
    for line in unsaved(cells, variables or {}):
        print(line)
    print("Running a copy of it from top to bottom in a fresh kernel ...", flush=True)
    for line in report(notebook, cells, given, tried(path, cell_seconds, all_seconds)):
        print(line)
    target = zipped(path, given)
    print(f"Packed: {target}\n  It holds {given['notebook']}.ipynb. This is the file to hand in.")
    return target


def notebook_beside(given):
    """The path of the notebook in this folder. Raises CantRenew if there is none."""
    path = HERE / f"{given['notebook']}.ipynb"
    if path.is_file():
        return path
    if COLAB in sys.modules:
        raise CantRenew(
            "On Colab the notebook is not among the files here. Choose File > Download > "
            f"Download .ipynb, and hand in that file. (To have it checked first, upload it as "
            f"{path.name} with the folder icon on the left, and run this cell again.)"
        )
    raise CantRenew(
        f"There is no {path.name} in {HERE}. Save the notebook there, beside hand_in.py, or "
        "hand in the notebook itself: the file that ends in .ipynb."
    )


def known_cells(notebook, given, path):
    """{index: released cell} of the cells that were handed out. Raises CantRenew if there is
    no answer cell among them."""
    places = matches(notebook["cells"], given["cells"])
    cells = {index: given["cells"][place] for place, index in places.items()}
    if not any(map(is_answer, cells.values())):
        raise CantRenew(
            f"{path} has no cell to fill in of {given['notebook']}.ipynb, so it is another "
            "notebook, or its answer cells are gone. `python renew.py` brings them back."
        )
    for index in cells:
        cells[index] = {**cells[index], "mine": notebook["cells"][index]["source"]}
    return cells


# What is saved, and what runs


def unsaved(cells, variables):
    """Lines on graded functions that run here, but not as they are saved."""
    answers = [cell for cell in cells.values() if is_answer(cell)]
    running = [(name(cell), cell["mine"], variables.get(name(cell))) for cell in answers]
    names = [called for called, saved, function in running if differs(function, saved, called)]
    if not names:
        return []
    return [
        f"NOT AS SAVED: what you ran last differs from the saved file in {', '.join(names)}. "
        "If your newest code is not saved, save now (Ctrl+S) and run this cell again."
    ]


def differs(function, saved, called):
    """Whether a function that runs here is another one than its saved cell defines."""
    try:
        running = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return False  # not run yet, or nothing that has a source
    try:
        return definition(running, called) not in [None, definition(ast.parse(saved), called)]
    except SyntaxError:
        return True


def definition(tree, called):
    """The last definition of a function in a piece of code, as text to compare, or None."""
    found = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == called]
    return ast.dump(found[-1]) if found else None


# The trial run


def tried(path, cell_seconds, all_seconds):
    """Run a copy in a process of its own: {"seconds", "errors": {index: [name, message]},
    "stopped": index or None, "why": text}."""
    environment = {key: text for key, text in os.environ.items() if key != "JPY_SESSION_NAME"}
    environment["NBGRADER_EXECUTION"] = "validate"  # a long training need not run again
    command = [sys.executable, "-X", "utf8", str(HERE / "hand_in.py"), "--try", str(path)]
    began = time.monotonic()
    try:
        done = subprocess.run(
            [*command, str(cell_seconds), str(all_seconds)],
            cwd=path.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=all_seconds + START_SECONDS,
        )
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        result = json.loads(lines[-1])
    except subprocess.TimeoutExpired:
        result = {"errors": {}, "stopped": None, "why": f"it took over {all_seconds} s"}
    except (OSError, ValueError, IndexError):
        result = {"errors": {}, "stopped": None, "why": "no kernel could be started for it"}
    errors = {int(index): error for index, error in result["errors"].items()}
    return {**result, "errors": errors, "seconds": time.monotonic() - began}


def trial(path, cell_seconds, all_seconds):
    """What `tried` starts: run the notebook without changing its file. Returns a dict as there."""
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellTimeoutError, DeadKernelError
    except ImportError as error:
        why = f"the package {error.name} is missing; `pip install nbclient` installs it"
        return {"errors": {}, "stopped": None, "why": why}
    notebook = nbformat.read(path, as_version=4)
    end = time.monotonic() + all_seconds
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        allow_errors=True,
        timeout_func=lambda cell: max(1, int(min(cell_seconds, end - time.monotonic()))),
        resources={"metadata": {"path": str(Path(path).parent)}},
    )
    current, why = None, ""
    with client.setup_kernel():
        for current, cell in enumerate(notebook.cells):
            try:
                client.execute_cell(cell, current)
            except CellTimeoutError:
                why = "it did not end in time; is there a loop without an end?"
                break
            except DeadKernelError:
                why = "it ended the kernel"
                break
    errors = {
        index: [output.ename, COLOURS.sub("", output.evalue)]
        for index, cell in enumerate(notebook.cells)
        for output in cell.get("outputs", [])
        if output.output_type == "error"
    }
    return {"errors": errors, "stopped": current if why else None, "why": why}


# What to say of it


def report(notebook, cells, given, result):
    """Lines on what is still to write, what fails, and what stopped."""
    sources = [cell["source"] for cell in notebook["cells"]]
    lines, errors, ended = [], result["errors"], not result["why"]
    if result["stopped"] is not None:
        place = where(result["stopped"], sources, cells)
        lines.append(f"STOPPED at {place}: {result['why']}. What comes after it was not tried.")
    elif not ended:
        lines.append(f"NOT TRIED: {result['why']}.")
    stubs = still_stubs(cells, errors, ended)
    failed, broken, never_made = [], [], set()
    for index, (kind, message) in errors.items():
        if kind == "NotImplementedError" and is_stub_error(message, stubs):
            never_made |= assigned(sources[index])
        elif not (kind == "NameError" and never_made & set(re.findall(r"'(\w+)'", message))):
            cell = cells.get(index)
            entry = f"  {where(index, sources, cells)}: {kind}: {first_lines(message)}"
            (failed if cell and is_test(cell) else broken).append(entry)
    if stubs:
        lines.append(f"STILL TO WRITE: {', '.join(stubs)}")
    lines += ["CHECKS THAT FAIL:", *failed] if failed else []
    lines += ["OTHER CELLS THAT FAIL:", *broken[:MOST]] if broken else []
    lines += [f"  and {len(broken) - MOST} more"] if len(broken) > MOST else []
    present = {name(cell) for cell in cells.values()}
    gone = [name(cell) for cell in given["cells"] if name(cell) and name(cell) not in present]
    edited = [name(c) for c in cells.values() if is_test(c) and c["mine"] != c["source"]]
    if gone or edited:
        lines.append(f"MISSING OR CHANGED: {', '.join(gone + edited)}. The grader uses its own")
        lines.append("  checks; `python renew.py` brings back here what was handed out.")
    if lines:
        return [*lines, "You may hand it in as it is; what is missing or fails gets no points."]
    return [f"It ran to its end in {result['seconds']:.0f} s, and all visible checks pass."]


def still_stubs(cells, errors, ended):
    """Names of functions that are not written yet: they said so when called, or, if the notebook
    did not run to its end, their text does."""
    said = " ".join(message for kind, message in errors.values() if kind == "NotImplementedError")
    stubs = []
    for cell in cells.values():
        if is_answer(cell):
            called = re.search(rf"(?<!\w){name(cell)}: ", said)
            raises = re.search(rf"raise NotImplementedError\(.?{name(cell)}: ", cell["mine"])
            if called or (raises and not ended):
                stubs.append(name(cell))
    return stubs


def is_stub_error(message, stubs):
    """Whether an error is the one that a stub raises."""
    return any(message.startswith(f"{stub}: ") for stub in stubs)


def assigned(source):
    """Names that a cell would have given a value, had it not stopped."""
    try:
        nodes = ast.walk(ast.parse(source))
    except SyntaxError:
        return set()
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def where(index, sources, cells):
    """A cell in words: its name, or its number and first line."""
    if index in cells and name(cells[index]):
        return f"the cell {name(cells[index])}"
    lines = [line for line in sources[index].split("\n") if line.strip()]
    return f"cell {index + 1} (`{lines[0].strip()[:50] if lines else ''}`)"


def first_lines(message, most=3):
    """The beginning of a message, set under its first line."""
    lines = message.strip().split("\n")
    return "\n    ".join(lines[:most])


# Packing


def zipped(path, given):
    """Write the zip file beside the notebook, in one step. Returns its path."""
    target = path.parent / f"{given['assignment']}_hand_in.zip"
    draft = target.with_name(f"{target.name}.new")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive:
        archive.write(path, f"{given['notebook']}.ipynb")
    os.replace(draft, target)
    return target


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")  # a terminal on Windows can't show every character
    if len(sys.argv) == 5 and sys.argv[1] == "--try":
        print(json.dumps(trial(sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))))
    elif len(sys.argv) == 1:
        sys.exit(pack() is None)
    else:
        sys.exit(__doc__)
