/* Pictures into the network's input: a row of blocks a picture, a thread a pixel. */
#include "cuda/elements/letterbox_element.h"
#include "cuda/kernels/kernels_launch.h"

/* Blocks a picture: each thread does several pixels, and the scales' divisions once. */
enum { PICTURE_BLOCKS = 256, MOST_PICTURES = 65535 };

template <int Lanes>
static __global__ void __launch_bounds__(LAUNCH_THREADS)
    letterbox_pictures(const struct kernel_picture *pictures, const struct map dst) {
    size_t cells = dst.height * dst.width, step = (size_t)gridDim.x * blockDim.x;
    for (size_t n = blockIdx.y; n < dst.n; n += gridDim.y) {
        const struct letterbox_view view = letterbox_view_of(&pictures[n]);
        for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < cells; i += step)
            letterbox_run(&view, &dst, n, i, Lanes);
    }
}

enum status kernel_letterbox(const struct kernel_picture *pictures, const struct map *dst,
                             stream_handle stream) {
    if (!map_cells(dst))
        return STATUS_OK;
    dim3 grid(launch_limit(launch_blocks(dst->height * dst->width), PICTURE_BLOCKS),
              launch_limit(dst->n, MOST_PICTURES));
    if (lanes_of_map(dst) == LANES)
        KERNEL_LAUNCH(letterbox_pictures<LANES>, grid, LAUNCH_THREADS, stream, pictures, *dst);
    else
        KERNEL_LAUNCH(letterbox_pictures<1>, grid, LAUNCH_THREADS, stream, pictures, *dst);
    return launch_status("kernel letterbox");
}
