"""`python -m grading autograde`: nbgrader's autograde for a whole class, in parallel.

Each submission is graded by nbgrader itself, on a worker of a Dask cluster. What is graded as it
is now is left alone, so a run that was interrupted goes on where it was.
"""

import fcntl
import sys
import uuid
from collections import Counter, deque
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path

from distributed import KilledWorker, as_completed
from nbgrader.coursedir import CourseDirectory
from tqdm import tqdm

from grading import cluster, verdicts
from grading.course import Course
from grading.done import is_done
from grading.settings import CourseError, load_config
from grading.verdicts import GRADED, NOT_GRADABLE, REPAIRED, Verdict
from grading.worker import FAILED, Graded, grade_one

MOST_FAILURES = 5  # in a row, before one was graded: then it is not the submissions
KILLS = "grading it ended the grading process, again and again; look at it by hand"


@dataclass
class Class:
    """Who handed in, whose work is graded as it is now, and whose is waiting."""

    folder: Path
    assignment: str
    course: CourseDirectory
    notebooks: list
    done: list = field(default_factory=list)
    waiting: list = field(default_factory=list)

    @classmethod
    def of(cls, folder, assignment, students=None, force=False):
        """The class of a course folder, or some students of it.

        Arguments:
            force: nobody's work counts as done

        Raises CourseError if there is nothing to grade.
        """
        folder = Path(folder).resolve()
        course = CourseDirectory(config=load_config(folder))
        source = Path(course.format_path(course.source_directory, ".", assignment))
        known = sorted({path.parent.name for path in source.parent.glob("*/*.ipynb")})
        if assignment not in known:
            raise CourseError(
                f"{source.parent} holds no assignment {assignment!r}, but {', '.join(known)}"
            )
        notebooks = sorted(path.stem for path in source.glob("*.ipynb"))
        found = cls(folder, assignment, course, notebooks)
        submitted = Path(course.format_path(course.submitted_directory, "*", assignment))
        above = submitted.parent.parent
        everybody = sorted(path.parent.name for path in above.glob(f"*/{submitted.name}"))
        missing = sorted(set(students or ()) - set(everybody))
        if missing or not everybody:
            raise CourseError(
                f"nothing of {', '.join(missing) or 'anybody'} for {assignment} in {above}; "
                "`python -m grading collect` takes submissions in"
            )
        graded = found.in_gradebook()
        for student in students or everybody:
            done = student in graded and is_done(course, assignment, student, notebooks)
            (found.done if done and not force else found.waiting).append(student)
        return found

    def in_gradebook(self):
        """Students whom the gradebook knows a submission of. Raises CourseError."""
        with Course(self.folder).gradebook() as gradebook:
            if self.assignment not in {entry.name for entry in gradebook.assignments}:
                raise CourseError(
                    f"the gradebook doesn't know {self.assignment}: run "
                    f"`nbgrader generate_assignment {self.assignment}` first"
                )
            return {s.student.id for s in gradebook.assignment_submissions(self.assignment)}


def grade_class(folder, assignment, students=None, force=False, feedback=False, show=None, **where):
    """Grade a class, or some students of it, without a word.

    Arguments:
        folder: the course folder
        assignment: its name
        students: their ids; None means all
        force: grade again what is graded as it is now
        feedback: write feedback pages, too
        show: called with each Graded as it comes
        count, scheduler: as in `cluster.workers`
        client: a distributed.Client to use instead

    Returns:
        a list of Graded. Raises CourseError if a submission could not be graded for a reason
        outside of it, ClusterError if there are no workers.
    """
    results = []
    for result in grade(Class.of(folder, assignment, students, force), feedback, **where):
        results.append(result)
        if show:
            show(result)
    failed = [result for result in results if result.outcome == FAILED]
    if failed:
        raise CourseError(f"{failed[0].student}: {failed[0].why}\n{failed[0].log}")
    return results


def grade(found, feedback=False, count=None, scheduler=None, client=None):
    """Grade the work that is waiting. Yields a Graded for each submission as it ends.

    What nbgrader says goes to .nbgrader.log, outcomes to the list that `collect` writes.
    Raises CourseError, ClusterError.
    """
    if not found.waiting:
        return
    log, results = Course(found.folder).log_path, []
    count = min(count or cluster.usual_count(), len(found.waiting))
    pool = nullcontext(client) if client else cluster.workers(count, scheduler, log)
    with only_one(found), pool as client:
        try:
            for result in with_last_tries(client, found, feedback):
                results.append(result)
                with open(log, "a", encoding="utf-8", errors="replace") as stream:
                    stream.write(result.log)
                yield result
                if len(results) == MOST_FAILURES and all(r.outcome == FAILED for r in results):
                    raise CourseError(f"nothing can be graded: {result.why}\nAll of it: {log}")
        finally:
            record(found, results)


@contextmanager
def only_one(found):
    """Keep others from grading the same assignment. Raises CourseError if they do."""
    folder = verdicts.folder(found.folder, found.assignment)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".autograde.lock", "w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError(
                f"{found.assignment} is being graded by another `autograde`; wait for its end"
            ) from None
        yield


def with_last_tries(client, found, feedback):
    """Grade; who was at work when a worker ended, and ended again, gets a last try alone."""
    suspects = []
    for student, result in in_parallel(client, found, feedback, found.waiting):
        if result is None:
            suspects.append(student)
        else:
            yield result
    for student in suspects:
        for _, result in in_parallel(client, found, feedback, [student]):
            yield result or Graded(student, NOT_GRADABLE, why=KILLS)


def in_parallel(client, found, feedback, students):
    """Grade as many at once as there are workers. Yields (student, Graded or None).

    None stands for one whose workers ended, again and again.
    """
    waiting, running, ended = deque(students), {}, as_completed()
    place = str(found.folder), found.assignment
    while waiting or running:
        while waiting and len(running) < max(1, len(client.nthreads())):
            student = waiting.popleft()
            key = f"{student}-{uuid.uuid4().hex}"
            future = client.submit(grade_one, *place, student, feedback, key=key, pure=False)
            running[key] = student
            ended.add(future)
        future = next(ended)
        student = running.pop(future.key)
        try:
            yield student, future.result()
        except KilledWorker:
            yield student, None
        except Exception as error:  # of the worker, not of nbgrader, which says what it raises
            yield student, Graded(student, FAILED, why=f"{type(error).__name__}: {error}")
        future.release()


def record(found, results):
    """Note outcomes in the list that `collect` writes, where it says something else."""
    known = {row.student: row for row in verdicts.load(found.folder, found.assignment)}
    changed = []
    for result in results:
        row = known.get(result.student)
        if result.outcome == FAILED or (row and row.gradable and result.outcome != NOT_GRADABLE):
            continue
        row = row or Verdict(result.student, found.notebooks[0], result.outcome)
        repairs = "; ".join(result.repairs)
        changed.append(replace(row, outcome=result.outcome, repairs=repairs, why=result.why))
    if changed:
        verdicts.record(found.folder, found.assignment, changed)


# The command


def run(assignment, count=None, scheduler=None, force=False, feedback=False):
    """Grade the class of the course in this folder, with a progress bar and a summary."""
    results = []
    try:
        found = Class.of(".", assignment, force=force)
        if found.done:
            print(f"{len(found.done)} submissions are graded as they are; --force grades them too")
        with tqdm(total=len(found.waiting), unit="submission", disable=None) as bar:
            for result in grade(found, feedback, count, scheduler):
                results.append(result)
                for line in remarks(result):
                    bar.write(line, file=sys.stdout)
                bar.update()
    except (CourseError, cluster.ClusterError) as error:
        sys.exit(f"autograde: {error}")
    except KeyboardInterrupt:
        left = len(found.waiting) - len(results)
        print(summary(results))
        sys.exit(f"autograde: interrupted, {left} are left; the same command goes on with them")
    print(summary(results))
    if any(result.outcome == FAILED for result in results):
        sys.exit(f"autograde: grade again what failed; {found.folder}/.nbgrader.log says more")


def remarks(result):
    """Lines on a submission that needs a look."""
    if result.outcome == REPAIRED:
        yield f"  {result.student}: repaired: {'; '.join(result.repairs)}"
    elif result.outcome == NOT_GRADABLE:
        yield f"  {result.student}: NOT GRADABLE: {result.why}"
    elif result.outcome == FAILED:
        yield f"  {result.student}: FAILED: {result.why}"


def summary(results):
    """How many ended how."""
    count = Counter(result.outcome for result in results)
    text = f"{len(results)} submissions: {count[GRADED]} graded as they are, "
    text += f"{count[REPAIRED]} after repair, {count[NOT_GRADABLE]} not gradable"
    return text + (f", {count[FAILED]} failed" if count[FAILED] else "")
