"""Bring a notebook back to what was handed out, and keep all that you wrote.

Use it when you have spoilt a cell, or when your instructor hands out a mended version. Save the
notebook first; afterwards choose File > Reload Notebook from Disk. In a cell of the notebook:

    %run renew.py

or in a terminal in this folder: `python renew.py`. If the mended version came as a new folder,
run it there, and say where your notebook is: `python renew.py ../OLD_FOLDER/NOTEBOOK.ipynb`.

Your answers, your own cells, and lines that you added to a text stay. Texts, examples and checks
become those of `released.json`, which stands beside this file. The notebook as it was before is
kept in the folder `backups`. Nothing but Python itself is needed.
"""

import difflib
import json
import os
import re
import shutil
import sys
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
RELEASED = "released.json"
BACKUPS = "backups"
LOCKS = ("nbgrader", "deletable", "editable")
MOST = 20  # cells that are named
ALIKE = 0.6  # lines that share so much are one line, before and after it was mended


class CantRenew(Exception):
    """Nothing was changed; the message says why, and what to do."""


def released(folder=HERE):
    """What was handed out: a dict of assignment, notebook (its name), metadata and cells.

    Raises CantRenew if the file is missing or damaged.
    """
    path = Path(folder) / RELEASED
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {key: content[key] for key in ("assignment", "notebook", "metadata", "cells")}
    except FileNotFoundError:
        why = "is missing"
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"can't be used ({type(error).__name__}: {error})"
    raise CantRenew(f"{path} {why}. Copy it once more from the folder that you were given.")


def read(path):
    """A notebook of format 4 as a dict, each cell's source as one text. Raises CantRenew."""
    path = Path(path)
    again = "Nothing was changed. Is it the notebook, as Jupyter saved it?"
    try:
        notebook = json.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise CantRenew(f"There is no {path}. Check the name and the folder.") from None
    except OSError as error:
        raise CantRenew(f"{path} can't be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise CantRenew(f"{path} is no text in UTF-8. {again}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise CantRenew(f"{path} is no notebook: no JSON at {where}. {again}") from None
    except RecursionError:
        raise CantRenew(f"{path} is no notebook: its JSON is nested too deeply. {again}") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or notebook.get("nbformat") != 4:
        raise CantRenew(f"{path} is no notebook of format 4. {again}")
    for cell in cells:
        try:
            cell["source"] = "".join(cell["source"])
            whole = isinstance(cell["metadata"], dict) and isinstance(cell["cell_type"], str)
        except (KeyError, TypeError):
            whole = False
        if not whole:
            raise CantRenew(f"{path} holds a cell without text or metadata. {again}")
    return notebook


def about(cell):
    """nbgrader's metadata of a cell, or an empty dict."""
    found = cell["metadata"].get("nbgrader")
    return found if isinstance(found, dict) else {}


def is_answer(cell):
    """Whether the cell is the student's to fill in."""
    return bool(about(cell).get("solution"))


def is_test(cell):
    """Whether the cell holds checks."""
    return bool(about(cell).get("grade")) and not is_answer(cell)


def matches(mine, fresh):
    """{index in fresh: index in mine} of cells that are the same cell, edited or not.

    Cells are known by nbgrader's name, by id (Colab keeps it in the metadata), by the first line
    of an answer, and by their text. Of two copies of an answer the last one counts, as in grading.
    """
    found, taken = {}, set()
    for same in (same_name, same_id, same_header, same_text):
        for place, cell in enumerate(fresh):
            if place not in found:
                free = [i for i in range(len(mine)) if i not in taken and same(mine[i], cell)]
                if free:
                    found[place] = free[-1] if is_answer(cell) else free[0]
                    taken.add(found[place])
    return found


def same_name(cell, fresh):
    """By nbgrader's metadata."""
    return "grade_id" in about(fresh) and about(cell).get("grade_id") == about(fresh)["grade_id"]


def same_id(cell, fresh):
    """By id."""
    return fresh["id"] in (cell.get("id"), cell["metadata"].get("id"))


def same_header(cell, fresh):
    """By the line that starts an answer cell."""
    header = re.match(r"# GRADED FUNCTION: \w+$", fresh["source"], re.MULTILINE)
    return bool(is_answer(fresh) and header and cell["source"].split("\n")[0] == header[0])


def same_text(cell, fresh):
    """By the whole text."""
    return cell["source"] == fresh["source"] and cell["cell_type"] == fresh["cell_type"]


def own_lines(mine, fresh):
    """Lines of a text that the student added: they are not released, nor much like a line that is.

    Arguments: the text of the student's cell and of the released one. Returns text.
    """
    old, new = fresh.split("\n"), mine.split("\n")
    gone = [line for line in old if line not in new]
    added = [line for line in new if line not in old]
    added = [line for line in added if not difflib.get_close_matches(line, gone, 1, ALIKE)]
    return "\n".join(added).strip("\n")


def merge(mine, fresh, said):
    """Cells of the renewed notebook; what was done is appended to `said`, as sentences.

    Arguments: lists of cells, the student's and the released ones.
    """
    found = matches(mine, fresh)
    place_of = {index: place for place, index in found.items()}
    own, place, ids = {-1: []}, -1, {cell["id"] for cell in fresh}
    for index, cell in enumerate(mine):
        if index in place_of:
            place = place_of[index]
        elif is_test(cell) and about(cell).get("grade_id") not in map(name, fresh):
            said.append(f"Checks that are no longer part of it: {about(cell).get('grade_id')}")
        else:
            own.setdefault(place, []).append(unlocked(cell, ids))
    cells, back, missing = list(own[-1]), [], []
    for place, cell in enumerate(fresh):
        if place in found:
            renewed, notes = one(mine[found[place]], cell)
            cells += [renewed, *notes]
            if renewed["source"] != mine[found[place]]["source"]:
                back.append(cell)
        else:
            cells.append(copied(cell))
            missing.append(cell)
        cells += own.get(place, [])
    count = sum(map(len, own.values()))
    answers = [name(cell) for place, cell in enumerate(fresh) if is_answer(cell) and place in found]
    said.insert(0, f"Kept as they are: {len(answers)} answers and {count} cells of your own")
    said += listed("Set back to the released text:", back)
    said += listed("Put in, since they were missing:", missing)
    return cells


def listed(head, cells):
    """Lines that name cells by their ids and first lines, the first few of many."""
    lines = []
    for cell in cells[:MOST]:
        first = next(filter(str.strip, cell["source"].split("\n")), "")
        text = "" if first.startswith("<img") else first
        lines.append(
            f"  {cell['id']}: {text if len(text) < 60 else text[:57] + '...'}".rstrip(": ")
        )
    lines += [f"  and {len(cells) - MOST} more"] if len(cells) > MOST else []
    return [head, *lines] if cells else []


def name(cell):
    """nbgrader's name of a cell, or None."""
    return about(cell).get("grade_id")


def one(cell, fresh):
    """(renewed cell, cells with the student's notes on it) of one cell that both have."""
    renewed = copied(fresh)
    if is_answer(fresh) or cell["source"] == fresh["source"]:
        if cell["cell_type"] == fresh["cell_type"]:
            kept = ("source", "outputs", "execution_count", "attachments")
            renewed.update({key: cell[key] for key in kept if key in cell})
        renewed["source"] = cell["source"]
        return renewed, []
    notes = ""
    if fresh["cell_type"] == cell["cell_type"] == "markdown":
        notes = own_lines(cell["source"], fresh["source"])
    return renewed, [markdown(notes)] if notes else []


def copied(cell):
    """A cell of its own."""
    return json.loads(json.dumps(cell))


def markdown(text):
    """A new Markdown cell."""
    return {"cell_type": "markdown", "id": None, "metadata": {}, "source": text}


def unlocked(cell, ids):
    """A student's own cell, without marks that a copy of a graded one has, and without an id that
    is among `ids`, which gets the cell's own one."""
    kept = {key: value for key, value in cell["metadata"].items() if key not in LOCKS}
    wanted = cell.get("id")
    wanted = wanted if isinstance(wanted, str) and wanted not in ids else None
    ids.add(wanted)
    return {**cell, "id": wanted, "metadata": kept if about(cell) else cell["metadata"]}


def with_ids(cells):
    """Give every cell an id of its own; released cells have theirs."""
    taken = {cell["id"] for cell in cells if cell["id"]}
    for number, cell in enumerate(cells):
        if not cell["id"]:
            cell["id"] = f"own-{number}"
            while cell["id"] in taken:
                cell["id"] += "x"
            taken.add(cell["id"])
    return cells


def renewed(mine, given):
    """(the renewed notebook, sentences on what was done). Raises CantRenew if it is another one."""
    fresh, said = given["cells"], []
    known = matches(mine["cells"], fresh)
    if not any(is_answer(fresh[place]) for place in known) and len(known) < len(fresh) / 2:
        raise CantRenew(
            f"It holds none of the answer cells of {given['notebook']}.ipynb, and few of its "
            "texts, so it is another notebook. Nothing was changed."
        )
    cells = with_ids(merge(mine["cells"], fresh, said))
    whole = {"cells": cells, "metadata": mine.get("metadata") or given["metadata"]}
    return {**whole, "nbformat": 4, "nbformat_minor": 5}, said


def running_notebook(folder):
    """The path of the notebook in whose kernel this runs; None if it isn't known, or elsewhere.

    Jupyter's server says it in the environment of its kernels, VS Code in a variable.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    said = getattr(shell, "user_ns", {}).get("__vsc_ipynb_file__")
    said = os.environ.get("JPY_SESSION_NAME") or said or ""
    path = Path(folder) / re.split(r"[/\\]", said)[-1]
    return path if path.suffix == ".ipynb" and path.is_file() else None


def back_up(path):
    """Copy a notebook to the folder of backups. Returns the copy's path."""
    time = datetime.now().strftime("%Y-%m-%d %H.%M.%S")
    folder = path.parent / BACKUPS
    folder.mkdir(exist_ok=True)
    copy, number = folder / f"{path.stem} {time}.ipynb", 1
    while copy.exists():
        number += 1
        copy = folder / f"{path.stem} {time} {number}.ipynb"
    shutil.copy2(path, copy)
    return copy


def write(path, notebook):
    """Write a notebook as Jupyter does, in one step: a failure leaves the old file whole."""
    cells = [{**cell, "source": cell["source"].splitlines(True)} for cell in notebook["cells"]]
    text = json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False) + "\n"
    draft = path.with_name(f"{path.name}.new")
    draft.write_bytes(text.encode("utf-8", "surrogatepass"))
    os.replace(draft, path)


def renew(notebook=None, folder=HERE):
    """Renew a notebook, and say what was done.

    Arguments:
        notebook: path of the student's notebook; None is the one that is open, or else the one
            in `folder`. One in another folder is only read: its answers go into that of `folder`.
        folder: where `released.json` is
    Returns the path of the renewed notebook. Raises CantRenew; then nothing was changed.
    """
    folder = Path(folder).resolve()
    given = released(folder)
    target = folder / f"{given['notebook']}.ipynb"
    source = running_notebook(folder) or target if notebook is None else Path(notebook).resolve()
    if source.parent == folder:
        target = source
    if not source.exists() and "google.colab" in sys.modules:
        raise CantRenew(
            "On Colab the notebook is not among the files here. Download it, upload it as "
            f"{target.name} with the folder icon on the left, and run this again; then download "
            "the renewed file, and open it with File > Upload notebook."
        )
    if not source.exists() and notebook is None:
        empty = {"cells": [], "metadata": given["metadata"], "nbformat": 4, "nbformat_minor": 5}
        write(target, {**empty, "cells": [copied(cell) for cell in given["cells"]]})
        print(f"There was no {target.name}, so here is a fresh one: {target}")
        return target
    mine = read(source)
    try:
        result, said = renewed(mine, given)
    except CantRenew as error:
        raise CantRenew(f"{source}: {error}") from None
    if source != target and target.exists():
        refuse_to_lose(read(target), mine, given["cells"], target)
    said += [f"The notebook as it was: {back_up(target)}"] if target.exists() else []
    write(target, result)
    print(f"Renewed: {target}", *said, sep="\n  ")
    print("If the notebook is open, choose File > Reload Notebook from Disk now.")
    return target


def refuse_to_lose(here, mine, fresh, target):
    """Raises CantRenew if the notebook in the new folder has answers that the other has not."""
    for place, index in matches(here["cells"], fresh).items():
        source = here["cells"][index]["source"]
        if is_answer(fresh[place]) and source != fresh[place]["source"]:
            if all(cell["source"] != source for cell in mine["cells"]):
                raise CantRenew(
                    f"{target} already has an answer of its own for {name(fresh[place])}, which "
                    "would be replaced. Move that file away first, then run this again."
                )


def main(arguments):
    """The command line: at most one argument, the student's notebook. Returns what went wrong."""
    if len(arguments) > 1 or any(argument in ("-h", "--help") for argument in arguments):
        return __doc__
    try:
        renew(*arguments)
    except CantRenew as error:
        return f"renew: {error}"
    except OSError as error:  # a full disk, a file that is open in another program
        return f"renew: {error.filename}: {error.strerror}. The notebook is as it was."
    return None


if __name__ == "__main__":
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython():
        print(main(sys.argv[1:]) or "")  # in a notebook, sys.exit would look like a failure of it
    else:
        sys.stdout.reconfigure(errors="replace")  # a terminal on Windows can't show everything
        sys.exit(main(sys.argv[1:]))
