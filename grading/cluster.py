"""Dask workers that grade: on this machine, or those of a cluster that runs elsewhere."""

import logging
import multiprocessing
import os
import tempfile
from contextlib import contextmanager

import dask

SETTINGS = {
    # Nothing is served to a browser: all users of this machine could open the page.
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    # What only that page would show.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "1s",
    "distributed.worker.multiprocessing-method": "forkserver",
    # A submission that has ended two workers is not given to a third one beside others.
    "distributed.scheduler.allowed-failures": 1,
}


class ClusterError(Exception):
    """There are no workers; the message says what to do."""


@contextmanager
def workers(count=None, scheduler=None, log=None):
    """Workers, each a process that grades one submission at a time.

    Arguments:
        count: number of workers on this machine, int >= 1; None means `usual_count()`
        scheduler: address of a Dask scheduler that runs already, as "tls://host:8786"
        log: file for what workers on this machine print

    Yields a distributed.Client. Raises ClusterError.
    """
    with dask.config.set(SETTINGS):
        if scheduler:
            with elsewhere(scheduler) as client:
                yield client
        else:
            with here(count or usual_count(), log) as client:
                yield client


def usual_count():
    """One worker more than this process may use cores: each waits a quarter of its time."""
    return len(os.sched_getaffinity(0)) + 1


@contextmanager
def here(count, log):
    """A client of a cluster on this machine.

    Its connections are encrypted, with keys that only this process and its workers have: whoever
    could talk to the scheduler could run programs with the instructor's rights.
    """
    from distributed import Client, LocalCluster

    from grading.worker import Household

    start_fork_server()
    with (
        tempfile.TemporaryDirectory(prefix="autograde") as folder,
        LocalCluster(
            n_workers=count,
            threads_per_worker=1,
            memory_limit=0,  # the sandbox bounds what students' code takes
            dashboard_address=None,
            security=True,
            local_directory=folder,
            silence_logs=logging.CRITICAL,  # a worker that is ended says so
        ) as cluster,
        Client(cluster) as client,
    ):
        client.register_plugin(Household(log))
        yield client


def start_fork_server():
    """A process that has imported all that a worker needs, which takes seconds; workers are forks
    of it. Dask names other modules to import, but too late."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["distributed", "grading.worker"])
    first = context.Process(target=int)
    first.start()
    first.join()


@contextmanager
def elsewhere(address):
    """A client of a running cluster."""
    from distributed import Client

    from grading.worker import Household

    try:
        client = Client(address, timeout=20)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        if not client.nthreads():
            raise ClusterError(
                f"the cluster at {address} has no workers; start some: dask worker {address}"
            )
        client.register_plugin(Household())
        yield client
