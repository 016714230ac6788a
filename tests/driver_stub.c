/* A libcuda.so.1 for a machine without NVIDIA's driver: what cuDNN compiles for a GPU that is
 * described to it can be loaded, as far as it can tell, and nothing can be run. CUDA's own stub
 * refuses to load. */
#include <stddef.h>

enum { SUCCESS = 0, STUB = 34 };

/* cuDNN asks for these by name, and does without all where one is missing. */
#define REFUSED(name)                                                                              \
    int name(void);                                                                                \
    int name(void) {                                                                               \
        return STUB;                                                                               \
    }
#define DONE(name)                                                                                 \
    int name(void);                                                                                \
    int name(void) {                                                                               \
        return SUCCESS;                                                                            \
    }
/* Gives something that is no more than not NULL. */
#define GIVEN(name)                                                                                \
    int name(void **out);                                                                          \
    int name(void **out) {                                                                         \
        static int something;                                                                      \
        *out = &something;                                                                         \
        return SUCCESS;                                                                            \
    }

GIVEN(cuLibraryLoadData)
GIVEN(cuLibraryLoadFromFile)
GIVEN(cuLibraryGetKernel)
GIVEN(cuModuleLoadData)
GIVEN(cuModuleLoadDataEx)
GIVEN(cuModuleLoadFatBinary)
GIVEN(cuModuleGetFunction)
REFUSED(cuInit)
DONE(cuLibraryUnload)
DONE(cuModuleUnload)
DONE(cuKernelSetAttribute)
DONE(cuFuncSetAttribute)
REFUSED(cuCtxGetCurrent)
REFUSED(cuCtxGetDevice)
REFUSED(cuCtxGetLimit)
REFUSED(cuCtxPopCurrent)
REFUSED(cuCtxPushCurrent)
REFUSED(cuDeviceGet)
REFUSED(cuDeviceGetAttribute)
REFUSED(cuDevicePrimaryCtxRelease)
REFUSED(cuDevicePrimaryCtxReset)
REFUSED(cuDevicePrimaryCtxRetain)
REFUSED(cuFuncGetAttribute)
REFUSED(cuGetErrorName)
REFUSED(cuGetErrorString)
REFUSED(cuKernelGetAttribute)
REFUSED(cuLaunchCooperativeKernel)
REFUSED(cuLaunchKernel)
REFUSED(cuLaunchKernelEx)
REFUSED(cuLinkAddData)
REFUSED(cuLinkAddData_v2)
REFUSED(cuLinkAddFile_v2)
REFUSED(cuLinkComplete)
REFUSED(cuLinkCreate)
REFUSED(cuLinkCreate_v2)
REFUSED(cuLinkDestroy)
REFUSED(cuMemcpyDtoH_v2)
REFUSED(cuModuleGetGlobal_v2)
REFUSED(cuOccupancyMaxActiveBlocksPerMultiprocessor)
REFUSED(cuOccupancyMaxPotentialClusterSize)
REFUSED(cuStreamGetCtx)
REFUSED(cuStreamSynchronize)
REFUSED(cuTensorMapEncodeTiled)

REFUSED(cuDeviceGetCount)
REFUSED(cuDriverGetVersion)
