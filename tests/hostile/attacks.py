"""Runs the attacks whose names contain one of the arguments; all of them without."""

import sys

import attacks_again
import attacks_environment
import attacks_images
import attacks_labels
import attacks_lists
import attacks_meanwhile
import attacks_models
import attacks_output
import attacks_yaml
import table

if __name__ == "__main__":
    sys.exit(table.main(sys.argv[1:]))
