/* Which globals of a pickle are refused. The reader calls nothing, so none is a danger here, and
 * the checkpoint of a training run may name classes of any package in parts that are never looked
 * at. But a file that would run a command where PyTorch opens it is an attack, and its user is
 * told. */
#include <string.h>

#include "model/torch/torch_file_inside.h"

/* Modules that run commands, load code, or reach files and other machines. */
static const char *const modules[] = {
    "asyncio",    "bdb",      "cPickle",    "cProfile",  "code",
    "codeop",     "commands", "ctypes",     "ftplib",    "http",
    "httplib",    "imp",      "importlib",  "linecache", "marshal",
    "nt",         "os",       "pdb",        "pickle",    "_pickle",
    "pip",        "pkgutil",  "popen2",     "posix",     "_posixsubprocess",
    "profile",    "pty",      "pydoc",      "requests",  "runpy",
    "shelve",     "shutil",   "smtplib",    "socket",    "_socket",
    "sqlite3",    "ssl",      "subprocess", "sys",       "tempfile",
    "timeit",     "trace",    "urllib",     "urllib2",   "venv",
    "webbrowser", "xmlrpc",   "zipimport",
};

/* Of Python's own functions, those that run text as code, open files or change other objects.
 * getattr is not one of them: picklers write it for the methods of objects. */
static const char *const functions[] = {
    "eval",       "exec",  "execfile",   "compile", "open",   "file",       "input",
    "raw_input",  "apply", "__import__", "globals", "locals", "setattr",    "delattr",
    "breakpoint", "exit",  "quit",       "vars",    "reload", "memoryview",
};

/* Functions of modules that are otherwise harmless. */
static const char *const others[] = {
    "numpy.testing._private.utils.runstring",
    "numpy.load",
    "operator.attrgetter",
    "operator.methodcaller",
    "torch.load",
    "torch.hub.load",
    "torch.jit.load",
    "torch.utils.cpp_extension.load",
    "torch.utils.cpp_extension.load_inline",
    "types.CodeType",
    "types.FunctionType",
    "types.ModuleType",
};

static bool is_among(const char *const *list, size_t count, const char *text, size_t length) {
    for (size_t i = 0; i < count; i++)
        if (strlen(list[i]) == length && memcmp(list[i], text, length) == 0)
            return true;
    return false;
}
#define AMONG(list, text, length) is_among(list, sizeof(list) / sizeof(list)[0], text, length)

static bool is_python(const char *text, size_t length) {
    const char *const names[] = {"builtins", "__builtin__", "__builtins__"};
    return AMONG(names, text, length);
}

/* A dangerous module may also be reached through a harmless one ("pathlib.os.system"), so each
 * component but the last is looked at. Those of a package's own path may have such names too
 * ("models.code.Block"): inside it only what every attack ends in counts. */
static bool is_hostile(const struct pickled *global) {
    const char *const within[] = {"os",    "_os", "sys",       "_sys",  "subprocess",
                                  "posix", "nt",  "importlib", "shutil"};
    const char *part = global->text, *end = global->text + global->length;
    bool python = false;
    if (AMONG(others, part, global->length))
        return true;
    for (const char *dot; (dot = memchr(part, '.', (size_t)(end - part))) != NULL; part = dot + 1) {
        const size_t length = (size_t)(dot - part);
        if (part == global->text ? AMONG(modules, part, length) : AMONG(within, part, length))
            return true;
        python = is_python(part, length);
    }
    return python && AMONG(functions, part, (size_t)(end - part));
}

enum status torch_globals_check(const struct pickle *pickle) {
    const struct pickled *const *globals;
    const size_t count = pickle_globals(pickle, &globals);
    for (size_t i = 0; i < count; i++)
        if (is_hostile(globals[i]))
            return FAIL(STATUS_BAD_INPUT,
                        "refused: PyTorch would run %.200s on opening this file; "
                        "get the model from a source you trust",
                        globals[i]->text);
    return STATUS_OK;
}
