/* How the ranks were started: as one job, all alike. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "job/identity.h"
#include "job/launcher.h"
#include "ranks.h"

static void find_place(struct ranks *ranks) {
    MPI_Comm node;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, ranks->rank, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &ranks->local_rank);
    MPI_Comm_size(node, &ranks->local_size);
    MPI_Comm_free(&node);
    MPI_Comm_dup(MPI_COMM_WORLD, &ranks->work_comm);
}

/* Rank 0's flags are everybody's: where this rank has others, says which. */
static enum status compare_flags(const struct ranks *ranks, const struct text *mine) {
    enum status status;
    char *first = NULL;
    uint64_t length = mine->length + 1;
    MPI_Request request;
    MPI_Ibcast(&length, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    status = length > INT_MAX ? FAIL(STATUS_BAD_INPUT, "the flags take %llu bytes: too many",
                                     (unsigned long long)length)
                              : memory_zeroed(length, 1, &first);
    TRY(agree(ranks, status));
    if (ranks->rank == 0 && first && mine->data)
        memcpy(first, mine->data, length);
    MPI_Ibcast(first, (int)length, MPI_CHAR, 0, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    status = agree(ranks, flags_compare(mine->data, first));
out:
    free(first);
    return status;
}

/* Before anything else, as ranks of different versions, or with different flags, would expect
 * different messages of each other. `read`: whether this rank could read its flags. */
static enum status compare_ranks(const struct ranks *ranks, const struct options *options,
                                 enum status read) {
    enum status status = STATUS_OK;
    struct text flags = {0};
    struct identity mine, *all = NULL;
    MPI_Request request;
    if (read == STATUS_OK)
        options_lines(options, &flags);
    if (text_status(&flags) != STATUS_OK)
        read = STATUS_FAILED;
    identity_make(ranks->host, read == STATUS_OK ? flags.data : NULL, &mine);
    if (memory_zeroed((size_t)ranks->size, sizeof *all, &all) != STATUS_OK)
        abort_job();
    MPI_Iallgather(&mine, sizeof mine, MPI_BYTE, all, sizeof mine, MPI_BYTE, MPI_COMM_WORLD,
                   &request);
    wait_for(ranks, &request);
    TRY(identities_compare(all, (size_t)ranks->size));
    TRY(agree(ranks, read));
    if (!identities_have_same_flags(all, (size_t)ranks->size))
        TRY(compare_flags(ranks, &flags));
out:
    text_free(&flags);
    free(all);
    return status;
}

static enum status check_launcher(const struct ranks *ranks) {
    char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length;
    MPI_Get_library_version(library, &length);
    return launcher_check(ranks->size, library);
}

enum status ranks_start(struct ranks *ranks, int argc, char **argv, struct options *options) {
    enum status status;
    ranks->work_comm = MPI_COMM_NULL;
    MPI_Comm_rank(MPI_COMM_WORLD, &ranks->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks->size);
    if (gethostname(ranks->host, sizeof ranks->host - 1) != 0)
        snprintf(ranks->host, sizeof ranks->host, "unknown");
    TRY(compare_ranks(ranks, options, options_read(argc, argv, options)));
    TRY(check_launcher(ranks));
    find_place(ranks);
out:
    return status;
}

void ranks_free(struct ranks *ranks) {
    if (ranks->work_comm != MPI_COMM_NULL)
        MPI_Comm_free(&ranks->work_comm);
}
