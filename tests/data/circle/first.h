/* One of two files that need each other: what tests/cycles.py has to find. */
int first(void);
