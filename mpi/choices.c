/* Backends that choose by measuring how they compute: one rank of each kind of device chooses, the
 * others of its kind compute likewise, so that records do not depend on who does a picture. */
#include <limits.h>
#include <stdlib.h>

#include "base/fingerprint.h"
#include "base/memory.h"
#include "base/text.h"
#include "processor.h"

/* The lowest rank whose device is of the same kind. */
static enum status find_leader(const struct ranks *ranks, uint64_t kind, int *leader) {
    enum status status;
    uint64_t *kinds = NULL;
    MPI_Request request;
    TRY(agree(ranks, memory_zeroed((size_t)ranks->size, sizeof *kinds, &kinds)));
    MPI_Iallgather(&kind, 1, MPI_UINT64_T, kinds, 1, MPI_UINT64_T, MPI_COMM_WORLD, &request);
    wait_for(ranks, &request);
    *leader = 0;
    while (kinds[*leader] != kind)
        ++*leader;
out:
    free(kinds);
    return status;
}

/* Rank 0 of `alike` hands out its choices. */
static enum status share_choices(const struct ranks *ranks, MPI_Comm alike, struct text *bytes) {
    enum status status = STATUS_OK;
    char *received = NULL;
    uint64_t length = bytes->length;
    MPI_Request request;
    int rank;
    MPI_Comm_rank(alike, &rank);
    MPI_Ibcast(&length, 1, MPI_UINT64_T, 0, alike, &request);
    wait_for(ranks, &request);
    if (length > INT_MAX)
        status = FAIL(STATUS_FAILED, "%s", "what a backend has chosen is too large to be sent");
    else if (rank != 0)
        status = memory_zeroed(length + 1, 1, &received);
    TRY(agree(ranks, status));
    MPI_Ibcast(rank == 0 ? bytes->data : received, (int)length, MPI_CHAR, 0, alike, &request);
    wait_for(ranks, &request);
    if (rank != 0)
        text_bytes(bytes, received, length);
    status = text_status(bytes);
out:
    free(received);
    return status;
}

static enum status open_own(const struct backend_interface *interface, const struct inputs *inputs,
                            const struct backend_options *options, struct processor *processor) {
    return interface->open(inputs->networks.items, inputs->networks.count, &inputs->judge, options,
                           &processor->backend);
}

enum status processor_open_alike(const struct ranks *ranks,
                                 const struct backend_interface *interface,
                                 const struct inputs *inputs, struct backend_options *options,
                                 struct processor *processor) {
    enum status status;
    enum status opened = STATUS_OK;
    MPI_Comm alike = MPI_COMM_NULL;
    struct text kind = {0};
    struct text bytes = {0};
    int leader;
    if (!interface->kind)
        return open_own(interface, inputs, options, processor);
    TRY(agree(ranks, interface->kind(options, &kind)));
    TRY(find_leader(ranks, fingerprint_bytes(FINGERPRINT_START, kind.data, kind.length), &leader));
    MPI_Comm_split(MPI_COMM_WORLD, leader, ranks->rank, &alike);
    if (ranks->rank == leader)
        opened = open_own(interface, inputs, options, processor);
    if (ranks->rank == leader && opened == STATUS_OK)
        opened = interface->choices(processor->backend, &bytes);
    TRY(agree(ranks, opened));
    TRY(share_choices(ranks, alike, &bytes));
    if (ranks->rank != leader) {
        options->choices = bytes.data;
        options->n_choices = bytes.length;
        TRY(open_own(interface, inputs, options, processor));
    }
out:
    if (alike != MPI_COMM_NULL)
        MPI_Comm_free(&alike);
    text_free(&kind);
    text_free(&bytes);
    return status;
}
