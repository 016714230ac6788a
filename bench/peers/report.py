"""What was measured, as Markdown, and on what machine."""
import datetime
import os
import resource
import statistics
import subprocess
import time

import whole_job
from forward import SETTINGS

FORWARD_NOTE = ("ms %sa picture: median (minimum) of all runs; × is how many times verify's time that is, the "
                "median of the rounds' ratios. The last column: the largest difference from verify over the 100 most "
                "confident anchors of each picture, box and score.")


def processor():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")


def busy_seconds():
    """Of all processors together, since the machine started."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, interrupts, soft, stolen = [int(n) for n in file.readline().split()[1:9]]
    return (user + nice + system + interrupts + soft + stolen) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


class Load:
    """What others did on this machine meanwhile; asked for when all workers have ended."""

    def __init__(self):
        self.start, self.busy, self.own, self.average = time.time(), busy_seconds(), own_seconds(), os.getloadavg()

    def text(self):
        elapsed = time.time() - self.start
        others = (busy_seconds() - self.busy) - (own_seconds() - self.own)
        return "load average before: %.2f; meanwhile other programs had %.0f%% of the processors" % (
            self.average[0], max(0, 100 * others / elapsed / os.cpu_count()))


def markdown(rows):
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    lines.insert(1, "| --- |" + " --: |" * (len(rows[0]) - 1))
    return "\n".join(lines)


def conclusions(forward, whole):
    """verify's whole job against its own forward pass, both from this run."""
    one, _, two = SETTINGS[:3]
    lines = []
    if forward and two not in forward.settings:
        return lines
    if forward:
        alone, together = (forward.ours.total(s, statistics.median) for s in (one, two))
        lines.append("- verify, forward only: 2 processes of 1 thread are × %.2f of one" % (alone / together))
    if whole and whole.speed(whole_job.TWO):
        both, single, held = (whole.speed(job) for job in (whole_job.TWO, whole_job.ONE, whole_job.HELD))
        lines.append("- verify, whole job: 2 processes of 1 thread are × %.2f of one, and × %.2f of one that is held "
                     "to one processor; the other reads and decodes on the second" % (both / single, both / held))
        if forward:
            for job, speed, ms in ((whole_job.TWO, both, together), (whole_job.ONE, single, alone)):
                lines.append("- %s: the whole job has %.2f of the speed of its forward passes alone" %
                             (job.title, speed * ms / 1e3))
    return lines


def write_up(options, parts, whole, load, rounds, count):
    name = os.path.basename(options.model)
    lines = ["# verify and others on the CPU, %s" % datetime.datetime.now(datetime.timezone.utc).date(), "",
             "%s, %d processors; %s." % (processor(), os.cpu_count(), load.text()),
             "verify at %s; %d rounds, %.0f s in all." % (revision(), rounds, time.time() - load.start)]
    for part in parts:
        lines += ["", "## Forward only: %s, %d x %d, fp32" % (part.title, options.imgsz, options.imgsz), "",
                  FORWARD_NOTE % ("of processor time " if options.clock == "cpu" else ""), "", markdown(part.table())]
    if whole:
        versions = "; ".join("%s %s" % item for item in whole.versions.items() if item[1])
        lines += ["", "## Whole job: %s, %d pictures" % (name, count), "",
                  "From files to files, without starting up and loading the model. %s" % versions, "",
                  markdown(whole.table())]
    forward = next((p for p in parts if p.title == name), None)
    closing = conclusions(forward, whole)
    left_out = [text for part in parts + ([whole] if whole else []) for text in part.left_out]
    lines += [""] + closing if closing else []
    lines += ["", "Left out:", ""] + ["- " + text for text in left_out] if left_out else []
    return "\n".join(lines) + "\n"


def revision():
    try:
        return subprocess.run(["git", "describe", "--always", "--dirty"], check=True, text=True, capture_output=True,
                              cwd=os.path.dirname(os.path.abspath(__file__))).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no known revision"
