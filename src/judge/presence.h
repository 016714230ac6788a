/* How often a network sees no more of a label than this, among labels of its size. */
#ifndef VERIFY_JUDGE_PRESENCE_H
#define VERIFY_JUDGE_PRESENCE_H

/* The share, 0 to 1, of labels of about this size (sqrt(width height), in network pixels) for which
 * the network has at most this evidence (0 to 1) of any class. */
double presence_share(double size, double seen);

#endif
