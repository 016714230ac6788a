"""Options that the drivers of the comparisons have in common."""
import argparse


def add_environment(add):
    """The environment that the other engines run in, and the build that is compared with them."""
    add("--env", help="folder of the Python environment, kept; what it lacks is installed there (default: a new one, "
        "removed afterwards)")
    add("--build", help="folder of verify's build (default: build)")
    add("--packages", action="store_true", help=argparse.SUPPRESS)
