/* Calls that bring files to the disk, and here do nothing: LD_PRELOADed into a program, they show
 * what durability costs. */
#include <unistd.h>

int fsync(int file) {
    (void)file;
    return 0;
}

int fdatasync(int file) {
    (void)file;
    return 0;
}

int syncfs(int file) {
    (void)file;
    return 0;
}
