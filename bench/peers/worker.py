"""One engine in a process of its own: worker.py MODULE JOB.json

Reads requests as lines of JSON from standard input and answers each with one: an object with what was
asked for, or {"error": …}. What the engine prints goes to standard error.
"""
import importlib
import json
import os
import sys
import time
import traceback
from types import SimpleNamespace


def prepare(engine, network, job, request):
    import numpy

    pictures = numpy.load(job.pictures)[:request["batch"]]
    return engine.prepare(network, request["threads"], numpy.ascontiguousarray(pictures))


def run(engine, handle, clock, seconds):
    """Times of single runs, until so many seconds are over; one at least. The first warms up the caches,
    which another engine had to itself just now."""
    if clock == "cpu":
        now = getattr(engine, "processor_time", lambda handle: time.process_time())
    else:
        now = lambda handle: time.perf_counter()    # noqa: E731
    engine.run(handle)
    times, end = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < end:
        before = now(handle)
        engine.run(handle)
        times.append(now(handle) - before)
    return times


def save(output, path):
    import numpy
    numpy.save(path, output)


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    engine = importlib.import_module(sys.argv[1])
    with open(sys.argv[2]) as file:
        job = SimpleNamespace(**json.load(file))
    handles, network = {}, None
    for line in sys.stdin:
        request = json.loads(line)
        key, answer = request.get("key"), {}
        try:
            if request["do"] == "load":
                network = engine.load(job)
                answer["version"] = engine.version()
            elif request["do"] == "prepare":
                handles[key] = (engine.start(network, request) if hasattr(engine, "start")
                                else prepare(engine, network, job, request))
            elif request["do"] == "run":
                answer["times"] = run(engine, handles[key], job.clock, request["seconds"])
            elif request["do"] == "pass":
                answer["pictures"], answer["seconds"] = engine.run(handles[key])
            elif request["do"] == "output":
                save(engine.output(handles[key]), request["path"])
        except Exception as error:      # an engine may fail in any way; the others go on
            traceback.print_exc()
            answer = {"error": " ".join(str(error).split())[:300] or type(error).__name__}
        print(json.dumps(answer), file=answers, flush=True)
    for handle in handles.values():
        if hasattr(engine, "close"):
            engine.close(handle)


if __name__ == "__main__":
    main()
