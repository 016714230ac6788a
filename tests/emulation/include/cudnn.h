/* What cuda/device.c asks of cuDNN. */
#ifndef VERIFY_TEST_CUDNN_H
#define VERIFY_TEST_CUDNN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CUDNN_MAJOR 9

typedef enum { CUDNN_STATUS_SUCCESS = 0 } cudnnStatus_t;
size_t cudnnGetVersion(void);
cudnnStatus_t cudnnGraphVersionCheck(void);
const char *cudnnGetErrorString(cudnnStatus_t status);

#ifdef __cplusplus
}
#endif

#endif
