/* The one interface that a backend fills in: open a device, compile the graphs, stage pictures,
 * submit a batch, collect its findings, close. */
#ifndef VERIFY_BACKEND_H
#define VERIFY_BACKEND_H

#include "base/status.h"
#include "base/text.h"
#include "image/image.h"
#include "judge/judge.h"
#include "model/model.h"

/* A model at an input size. */
struct backend_network {
    const struct model *model;
    const char *path; /* of the model, which begins messages that find fault with it; NULL: none */
    uint32_t imgsz;   /* longer side of the input, a multiple of the model's stride */
    const uint32_t *classes; /* as in struct view */
};

/* Where pictures are to lie in the network's input: `imgsz` a side, but for a graph that is tied to
 * a size; rectangular where that is asked for and the graph takes it. */
static inline struct letterbox_frame network_frame(const struct model *model, uint32_t imgsz,
                                                   bool rect) {
    const struct graph *graph = &model->graph;
    struct letterbox_frame frame = {imgsz, imgsz, (uint32_t)model->stride, rect, graph->corner};
    if (graph->fixed_height) {
        frame.width = (uint32_t)graph->fixed_width;
        frame.height = (uint32_t)graph->fixed_height;
        frame.rect = false;
    }
    return frame;
}

struct backend_options {
    size_t threads; /* CPU threads that a forward may use */
    size_t slots;   /* pictures that may be staged at one time */
    size_t batch;   /* most pictures in one forward; 0: the backend chooses */
    size_t views;   /* most networks that judge one picture, at least 1 */
    /* Bytes that all staged pictures may take together, where each is larger than what the network
     * reads of it; 0: as the backend chooses. */
    size_t image_memory;
    bool rect;      /* inputs of many shapes will come, longest side a network's imgsz */
    bool half;      /* fp16 where the backend has it */
    int local_rank; /* of this process on its node: chooses the device */
    const int
        *devices; /* n_devices numbers: the node's processes go round these; NULL: round all */
    size_t n_devices;
    /* A batch that takes longer on a device of its own has failed, with a message; 0: no limit. */
    double hang_seconds;
    /* n_choices bytes that `choices` of another process gave, whose kind is this one's; the
     * caller's. NULL: none. */
    const char *choices;
    size_t n_choices;
};

/* A picture as one network is to see it. */
struct picture_view {
    size_t network; /* its place among those of open */
    struct letterbox letterbox;
};

/* Whether the same networks see both, in this order, at the same shapes. */
static inline bool picture_views_alike(const struct picture_view *a, size_t n_a,
                                       const struct picture_view *b, size_t n_b) {
    bool alike = n_a == n_b;
    for (size_t v = 0; alike && v < n_a; v++) {
        const struct letterbox *x = &a[v].letterbox, *y = &b[v].letterbox;
        alike = a[v].network == b[v].network && x->net_height == y->net_height &&
                x->net_width == y->net_width;
    }
    return alike;
}

/* What is needed to judge one staged picture, and where its findings go. */
struct picture {
    size_t slot;                      /* where stage put it */
    size_t n_views;                   /* at least 1 */
    const struct picture_view *views; /* those that were staged */
    size_t n_labels;
    const struct target *targets; /* n_labels of them */
    struct findings *findings;    /* filled when the batch is collected */
    /* The labels with errors planted among them, which are judged by themselves, and without
     * predictions and hypotheses. NULL: none are planted. */
    size_t n_planted;
    const struct target *planted;
    struct findings *planted_findings;
};

struct backend; /* one device, opened; the backend's own struct begins with its `interface` */

struct backend_interface {
    const char *name;   /* "cpu", "cuda": --device */
    const char *prefix; /* "CPU", "GPU": of the lines on the screen */
    bool uses_gpus; /* devices of their own, which --device numbers, and far faster than a CPU */
    /* Of a plug-in, whose row in `backends` has nothing below `without`: the file that has the
     * functions (src/plugin.h); what shows that its device may be here, each a file's path or the
     * name of a library that can be opened, NULL last; and what to say and do where the file is
     * nowhere. NULL: the functions are in the program. */
    const char *library;
    const char *const *signs;
    const char *without;
    bool self_tests; /* fills hypotheses, and judges planted errors */
    /* Pictures of a batch that are not alike (picture_views_alike) are forwarded apart, each time
     * at the price of a whole batch. */
    bool wants_alike;
    size_t auto_batch; /* --batch auto: what slots are planned for */
    size_t depth;      /* batches that may be submitted and not yet collected, at least 1 */
    /* Where the devices (as in backend_options) can be used: STATUS_OK; else STATUS_BAD_INPUT with
     * what is missing and what to do, without "--device". */
    enum status (*available)(const int *devices, size_t n_devices);
    /* Opens the device and compiles the networks. They, their models and the judge stay the
     * caller's and must outlive it. On failure *out is NULL. */
    enum status (*open)(const struct backend_network *networks, size_t n_networks,
                        const struct judge *judge, const struct backend_options *options,
                        struct backend **out);
    /* Of a backend that chooses by measuring how it computes; NULL: it does not, nor has the next
     * function. Appends what the choices depend on besides networks and options, on the device that
     * open would open: where two processes have the same text, the one can take the other's choices
     * and then computes the same, to the bit, at the same batch. */
    enum status (*kind)(const struct backend_options *options, struct text *kind);
    /* Appends what was chosen, for options.choices. */
    enum status (*choices)(const struct backend *backend, struct text *bytes);
    /* A line about the device for the report ("AMD EPYC, 2 threads"). Valid until close. */
    const char *(*device)(const struct backend *backend);
    /* What the user should know of it (short of memory), for a warning; NULL: nothing. The function
     * may be NULL. Valid until close. */
    const char *(*note)(const struct backend *backend);
    size_t (*batch)(const struct backend *backend);
    /* Puts a picture into a slot for these views of it, letterboxed now or later. Thread-safe for
     * different slots. */
    enum status (*stage)(struct backend *backend, size_t slot, const struct image *image,
                         const struct picture_view *views, size_t n_views);
    /* Begins to run the networks on `n` staged pictures (1 to batch) and to judge them, and may
     * return before that is done: until they are collected their slots, views, findings and
     * `pictures`, which may be reordered, are the backend's. One thread submits and collects. */
    enum status (*submit)(struct backend *backend, struct picture *pictures, size_t n);
    /* Waits for the oldest batch that was submitted and not collected. After a failure of either
     * function the backend can only be closed. */
    enum status (*collect)(struct backend *backend);
    /* Where the device hangs, leaves what it may still be using to the end of the process. */
    void (*close)(struct backend *backend);
};

/* The backends known to the program, best first, NULL last (backends.c). */
extern const struct backend_interface *const backends[];

#endif
