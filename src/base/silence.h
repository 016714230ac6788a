/* How long something has given no sign of life. Times are seconds of one steady clock. */
#ifndef VERIFY_BASE_SILENCE_H
#define VERIFY_BASE_SILENCE_H

/* Zeroed: silent since time 0. */
struct silence {
    double seconds, measured;
};

/* A sign of life. */
static inline void silence_break(struct silence *silence, double now) {
    *silence = (struct silence){0, now};
}

/* Seconds of silence now. To be called several times a second: of the time between two calls at
 * most one second counts, since who did not measure (a suspended job, a debugger) cannot blame
 * others for what it did not see. */
static inline double silence_measure(struct silence *silence, double now) {
    double passed = now - silence->measured;
    silence->seconds += passed < 1 ? passed : 1;
    silence->measured = now;
    return silence->seconds;
}

#endif
