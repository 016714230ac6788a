"""A folder of its own for each attack, what is in it before and after, and how verify is run there."""

import fnmatch
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))
from harness import DATA, MODEL, VERIFY

SECONDS = 20
MEGABYTES = 400
# What does not end by itself does not take the machine with it. AddressSanitizer needs HOSTILE_SPACE=0.
SPACE = int(os.environ.get("HOSTILE_SPACE", 3 << 30))
NOBODY = 65534
HASHED_BYTES = 8 << 20
PATH_BYTES = 4096
PICTURES = sorted(os.listdir(os.path.join(DATA, "images")))
# A line end is the only control byte that a line may have.
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def picture(i):
    """The bytes of one of the demo's pictures."""
    with open(os.path.join(DATA, "images", PICTURES[i]), "rb") as file:
        return file.read()


def jpeg():
    return picture(next(i for i, name in enumerate(PICTURES) if name.endswith(".jpg")))


def look_at(path):
    """All of a file that must not change."""
    about = os.lstat(path)
    kind = stat.S_IFMT(about.st_mode)
    content = None
    if stat.S_ISLNK(about.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(about.st_mode) and about.st_blocks * 512 <= HASHED_BYTES:
        with open(path, "rb") as file:
            content = hashlib.sha256(file.read(HASHED_BYTES)).hexdigest()
    return {
        "kind": kind,
        "mode": about.st_mode & 0o7777,
        "size": about.st_size,
        "mtime": about.st_mtime_ns,
        "inode": about.st_ino,
        "owner": about.st_uid,
        "content": content,
    }


def snapshot(root):
    """{path below root (bytes): look_at(it)}, without following links or leaving the file system."""
    root, found = os.fsencode(root), {}
    device = os.lstat(root).st_dev
    stack = [b""]
    while stack:
        folder = stack.pop()
        for name in os.listdir(os.path.join(root, folder)):
            path = os.path.join(folder, name)
            full = os.path.join(root, path)
            if len(full) >= PATH_BYTES:
                continue  # only a run makes such a path, and it is below its output
            found[path] = look_at(full)
            if found[path]["kind"] == stat.S_IFDIR and os.lstat(full).st_dev == device:
                stack.append(path)
    return found


class Result:
    def __init__(self, code, out, megabytes, seconds):
        self.code, self.text, self.megabytes, self.seconds = code, out, megabytes, seconds


class Box:
    """An attack's folder. What goes wrong is added to `faults`."""

    def __init__(self):
        self.base = tempfile.mkdtemp(prefix="verify-hostile-")
        self.root = os.path.join(self.base, "box")
        self.scratch = os.path.join(self.base, "scratch")  # of Open MPI, and for what is printed
        self.faults = []
        self.runs = 0
        self.made = set()  # by runs, not by the user
        os.mkdir(self.root)
        os.mkdir(self.scratch, 0o777)
        os.chmod(self.base, 0o755)
        os.chmod(self.scratch, 0o777)
        self.write("thesis/chapter.tex", "years of work\n")
        self.write("thesis/notes.txt", "0 0.5 0.5 0.2 0.2\n")
        shutil.copy(MODEL, self.path("model.onnx"))

    def close(self):
        subprocess.run(["chmod", "-R", "u+rwx", self.base], stderr=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.base, ignore_errors=True)

    def fault(self, text):
        self.faults.append(text)

    # ------------------------------------------------------------ making things

    def path(self, *parts):
        return os.path.join(self.root, *parts)

    def parent(self, path):
        self.made.discard(os.fsencode(path))
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        return self.path(path)

    def write(self, path, content=""):
        with open(self.parent(path), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def sparse(self, path, size):
        with open(self.parent(path), "ab") as file:
            file.truncate(size)
        return path

    def link(self, path, target):
        os.symlink(target, self.parent(path))
        return path

    def hard(self, path, target):
        os.link(self.path(target), self.parent(path))
        return path

    def fifo(self, path):
        os.mkfifo(self.parent(path))
        return path

    def folder(self, path):
        os.makedirs(self.path(path), exist_ok=True)
        return path

    def remove(self, path):
        full = self.path(path)
        if os.path.isdir(full) and not os.path.islink(full):
            shutil.rmtree(full)
        elif os.path.lexists(full):
            os.unlink(full)

    def read(self, path):
        with open(self.path(path), "rb") as file:
            return file.read()

    def data(self, name="data", pictures=3):
        """A data set of the demo's first pictures, with their labels; gives the pictures' names."""
        self.folder(name + "/images")
        self.folder(name + "/labels")
        for file in PICTURES[:pictures]:
            shutil.copy(os.path.join(DATA, "images", file), self.path(name, "images", file))
            label = os.path.splitext(file)[0] + ".txt"
            source = os.path.join(DATA, "labels", label)
            if os.path.exists(source):
                shutil.copy(source, self.path(name, "labels", label))
        return PICTURES[:pictures]

    def finished(self, *flags, output="out"):
        """The output of a run that went to its end."""
        self.run(*flags, output=output, code=0)

    def interrupted(self, *flags, output="out"):
        """A data set and the output of a run that was ended in the middle: no record more fits."""
        if not os.path.exists(self.path("data")):
            self.data(pictures=12)
        self.run(*flags, output=output, code=1, before=lambda: limit(resource.RLIMIT_FSIZE, 4096))
        if not os.path.exists(self.path(output, ".verify/journal.0.0")):
            self.fault("no interrupted run was made")

    # ------------------------------------------------------------ running

    def run(self, *flags, data="data", model="model.onnx", output="out", **options):
        """Runs verify on the box's data set; options as in `command`."""
        flags = [*flags, "--imgsz", "64", "--threads", "1"]
        for name, value in (("--model", model), ("--data", data), ("--output", output)):
            if value is not None:
                flags += [name, value]
        return self.command(flags, output=output or "output", **options)

    def command(
        self,
        flags,
        output="output",
        code=(0, 1, 2),
        says=None,
        own=(),
        new=(),
        ranks=0,
        env=None,
        cwd="",
        nobody=False,
        before=None,
        stdin=None,
        stdout=None,
        wrap=(),
        seconds=SECONDS,
        megabytes=MEGABYTES,
        during=None,
    ):
        """Runs verify and looks at what it did. `code`: the exit statuses that are right; `says`: a
        pattern that screen or error line must have; `own`: patterns of paths of the user's that it may
        change or remove all the same; `new`: of paths outside the output that it may make."""
        command = [*wrap, VERIFY, *flags]
        if ranks:
            command = ["mpirun", "--oversubscribe", "-np", str(ranks), *command]
        environment = dict(
            os.environ,
            OMPI_ALLOW_RUN_AS_ROOT="1",
            TMPDIR=self.scratch,
            OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
            HOME=self.scratch,
        )
        if not ranks:
            environment["OMPI_MCA_ess_singleton_isolated"] = "1"  # no daemon that limits would end
        environment.update(env or {})
        environment = {k: v for k, v in environment.items() if v is not None}
        if nobody and os.geteuid() == 0:
            subprocess.run(["chown", "-hR", str(NOBODY), self.root], check=True)
        was = snapshot(self.root)
        result = self.start(command, environment, cwd, nobody, before, stdin, stdout, seconds, during)
        self.compare(was, snapshot(self.root), output, own, new)
        self.judge(result, code, says, megabytes)
        self.look_through(output)
        return result

    def start(self, command, environment, cwd, nobody, before, stdin, stdout, seconds, during):
        self.runs += 1
        name = os.path.join(self.scratch, "printed.%d" % self.runs)

        def prepare():
            if SPACE:
                resource.setrlimit(resource.RLIMIT_AS, (SPACE, SPACE))
            if nobody and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
            if before:
                before()

        begun = time.monotonic()
        code = None
        with open(name, "wb") as printed:
            process = subprocess.Popen(
                command,
                cwd=os.path.join(os.fsencode(self.root), os.fsencode(cwd)),
                env=environment,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                stdout=printed if stdout is None else stdout,
                stderr=printed,
                preexec_fn=prepare,
                start_new_session=True,
            )
            if during:
                during(process)
            while code is None and time.monotonic() < begun + seconds:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    code = os.waitstatus_to_exitcode(status)
                else:
                    time.sleep(0.005)
            if code is None:
                os.killpg(process.pid, signal.SIGKILL)
                _, _, usage = os.wait4(process.pid, 0)
            process.returncode = code if code is not None else -signal.SIGKILL
        with open(name, "rb") as printed:
            text = printed.read().decode("utf-8", "surrogateescape")
        return Result(code, text, usage.ru_maxrss / 1024, time.monotonic() - begun)

    # ------------------------------------------------------------ looking

    def judge(self, result, code, says, megabytes):
        right = (code,) if isinstance(code, int) else code
        if result.code is None:
            self.fault("hangs: ended after %.0f s" % result.seconds)
        elif result.code not in right:
            self.fault(
                "exit status %d, not %s: %s"
                % (result.code, " or ".join(map(str, right)), last_line(result.text))
            )
        if result.megabytes > megabytes:
            self.fault("takes %.0f MiB of memory" % result.megabytes)
        if says and not re.search(says, result.text):
            self.fault("does not say %r: %s" % (says, last_line(result.text)))
        errors = [
            line
            for line in result.text.split("\n")
            if re.match(r"verify: error: |\[[CG]PU \d+\] ERROR: ", line)
        ]
        if result.code in (1, 2) and len(errors) != 1:
            self.fault("%d lines say why it ended: %s" % (len(errors), last_line(result.text)))
        for line in errors:
            if len(line) > 2500:
                self.fault("an error line of %d characters" % len(line))
        self.shown("the screen", result.text)

    def shown(self, where, text):
        """Text that is shown has no control bytes and is UTF-8."""
        bad = CONTROL.search(text) or re.search("[\udc80-\udcff]", text)
        if bad:
            self.fault("%s has %r in %r" % (where, bad.group(), text[max(0, bad.start() - 30) :][:60]))

    def look_through(self, output):
        """Whether the logs hold nothing but lines that may be shown."""
        base = os.path.join(os.fsencode(self.root), os.fsencode(output))
        logs = os.path.join(base, b"logs")
        for name in os.listdir(logs) if os.path.isdir(logs) else []:
            path = os.path.join(logs, name)
            if os.path.isfile(path) and not os.path.islink(path) and name.endswith(b".log"):
                with open(path, "rb") as file:
                    self.shown(os.fsdecode(name), file.read(1 << 20).decode("utf-8", "surrogateescape"))

    def compare(self, was, now, output, own, new):
        prefix = os.path.normpath(os.fsencode(output)) + b"/"
        own = [os.fsencode(pattern) for pattern in own]
        new = [os.fsencode(pattern) for pattern in new]

        def among(path, patterns):
            return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)

        grown = set()
        for path in sorted(set(now) - set(was)):
            grown.add(os.path.dirname(path))
            self.made.add(path)
            if not (path + b"/").startswith(prefix) and not among(path, new):
                self.fault("made %r" % os.fsdecode(path))
        for path, then in sorted(was.items()):
            folder = then["kind"] == stat.S_IFDIR
            inside = (path + b"/").startswith(prefix)
            if path in self.made or among(path, own):
                continue
            if path not in now:
                if not folder or not inside:  # an empty folder in an output is no loss
                    self.fault("removed %r" % os.fsdecode(path))
                continue
            may = {"size"} if folder else set()
            if folder and (path in grown or inside):
                may |= {"mtime", "inode"}
            changed = [key for key in then if then[key] != now[path][key] and key not in may]
            if changed:
                self.fault("changed %r: %s" % (os.fsdecode(path), ", ".join(changed)))

    def report(self, output="out"):
        return json.loads(self.read(output + "/verification_report.json"))

    def records(self, output="out"):
        return [
            json.loads(line) for line in self.read(output + "/verification_records.jsonl").decode().splitlines()
        ]


def limit(which, value):
    """For `before`: a write beyond a limit of size fails, as on a full disk."""
    if which == resource.RLIMIT_FSIZE:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(which, (value, value))


def last_line(text):
    lines = [line for line in text.split("\n") if line.strip()]
    return lines[-1][:300] if lines else "(nothing was printed)"
