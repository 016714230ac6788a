/* What the parts of the fake cuDNN share. */
#ifndef VERIFY_TEST_CUDNN_PARTS_H
#define VERIFY_TEST_CUDNN_PARTS_H

#include <atomic>
#include <cudnn.h>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cudnn_program.h"
#include "fake_cudnn.h"

struct descriptor;
using part = std::shared_ptr<const descriptor>;

struct attribute {
    std::vector<char> bytes;
    std::vector<part> parts; /* of descriptors, instead of bytes */
};

struct descriptor {
    cudnnBackendDescriptorType_t type;
    bool finalized;
    std::map<cudnnBackendAttributeName_t, attribute> attributes;
    struct program program; /* of graphs; of what was proposed for them, with the engine */
    std::shared_ptr<const struct program> kept; /* of plans: enqueued work has it, too */

    bool has(cudnnBackendAttributeName_t name) const {
        return attributes.count(name) != 0;
    }
    /* Values of a required attribute. */
    template <typename T> const T *all(cudnnBackendAttributeName_t name) const {
        return (const T *)attributes.at(name).bytes.data();
    }
    template <typename T> T one(cudnnBackendAttributeName_t name) const {
        return *all<T>(name);
    }
    size_t count(cudnnBackendAttributeName_t name) const;
    const std::vector<part> &parts(cudnnBackendAttributeName_t name) const {
        return attributes.at(name).parts;
    }
    const part &only(cudnnBackendAttributeName_t name) const {
        return parts(name).front();
    }
};

struct cudnnContext {
    cudaStream_t stream;
};

struct fake_state {
    struct fake_cudnn settings;
    std::atomic<uint64_t> calls, executions[FAKE_ENGINES];
    std::atomic<size_t> left;
};
extern struct fake_state fake;

/* Keeps the reason and gives the status. */
cudnnStatus_t refuse(cudnnStatus_t status, const std::string &reason);
/* Counts a call: whether it is to fail. */
bool call_fails(void);
descriptor *descriptor_of(cudnnBackendDescriptor_t handle);
/* Puts what was found into a descriptor that is there already. */
bool descriptor_fill(cudnnBackendDescriptor_t handle, const descriptor &found);

/* cudnn_graphs.cpp: the checks of a finalized tensor, operation or graph. */
cudnnStatus_t graph_part_check(descriptor *made);

/* cudnn_engines.cpp */
cudnnStatus_t plan_check(descriptor *made);
cudnnStatus_t heuristic_results(const descriptor *heuristic, int64_t room, int64_t *count,
                                void *values);
cudnnStatus_t engine_attribute(const descriptor *from, cudnnBackendAttributeName_t name,
                               int64_t room, int64_t *count, void *values);

#endif
