"""The table of attacks, and what runs them."""

import os
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor

from sandbox import VERIFY, Box

ATTACKS = []


class Skipped(Exception):
    """This machine does not allow the attack."""


def attack(what, *arguments):
    """Puts a function into the table: `what` it attacks and what must hold, in a line."""

    def add(function):
        name = function.__name__ + "".join(":%s" % argument for argument in arguments)
        ATTACKS.append((name, what % arguments if "%s" in what else what, function, arguments))
        return function

    return add


def attack_each(what, *rows):
    """The same for each of the rows, a tuple of the function's arguments."""

    def add(function):
        for row in rows:
            row = row if isinstance(row, tuple) else (row,)
            name = "%s:%s" % (function.__name__, ":".join(str(x) for x in row[:2]))
            ATTACKS.append((name, what, function, row))
        return function

    return add


def needs_root():
    if os.geteuid() != 0:
        raise Skipped("root only")


def run_one(entry):
    name, what, function, arguments = entry
    box = Box()
    try:
        function(box, *arguments)
        return name, what, box.faults
    except Skipped as why:
        return name, what, str(why)
    except Exception:  # a defect of the attack must not pass for a defence
        return name, what, [*box.faults, traceback.format_exc(limit=-2)]
    finally:
        box.close()


def main(patterns):
    if not os.access(VERIFY, os.X_OK):
        print("no program at %s: build it first" % VERIFY)
        return 1
    chosen = [a for a in ATTACKS if not patterns or any(p in a[0] for p in patterns)]
    harm = skipped = 0
    with ThreadPoolExecutor(int(os.environ.get("HOSTILE_JOBS", "4"))) as pool:
        for name, what, faults in pool.map(run_one, chosen):
            if isinstance(faults, str):
                skipped += 1
                print("skipped  %s: %s" % (name, faults))
            elif faults:
                harm += 1
                print("HARM     %s: %s" % (name, what))
                for fault in faults[:6]:
                    print("           " + ascii(fault)[1:-1].replace("\\n", "\n           "))
            elif os.environ.get("HOSTILE_ALL"):
                print("held     %s: %s" % (name, what))
            sys.stdout.flush()
    print("%d attacks, %d skipped, %d did harm or passed in silence" % (len(chosen), skipped, harm))
    return 1 if harm or not chosen else 0
