/* cuda/conv/conv_host.c beside another implementation of cuda/conv/conv.h, under other names. */
#ifndef VERIFY_TEST_HOST_CONV_H
#define VERIFY_TEST_HOST_CONV_H

#include "cuda/conv/conv.h"

struct host_conv_library;
enum status host_conv_library_make(struct host_conv_library **out);
void host_conv_library_free(struct host_conv_library *library);
enum status host_conv_library_want(struct host_conv_library *library,
                                   const struct conv_shape *shape, struct conv_plan **out);
enum status host_conv_library_build(struct host_conv_library *library);
void host_conv_library_forget(struct host_conv_library *library);
struct weight_store *host_conv_library_weights(struct host_conv_library *library);
enum status host_conv_run(struct host_conv_library *library, const struct conv_plan *plan,
                          const struct conv_operands *operands);

#endif
