/* Times the decoding of pictures: bench_decode FOLDER ROUNDS [SIDE] reads the folder's into memory
 * and decodes each in turn with the product's decoder, as far as an input of SIDE (640) needs it
 * (--decode fast; of other formats than JPEG that is all) and, where all are JPEGs and libturbojpeg
 * is installed, with TurboJPEG's tjDecompress2. Prints for each the least and the median time of a
 * round, in ms of CPU time a picture, and the median for a megapixel. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "image/image.h"
#include "timing.h"

enum { TJPF_RGB = 0 }; /* of turbojpeg.h */
enum way { OURS, FAST, TURBOJPEG, WAYS };

/* Of turbojpeg.h; the handle is opaque. */
struct turbojpeg {
    void *library, *handle;
    int (*header)(void *handle, const unsigned char *bytes, unsigned long size, int *width,
                  int *height, int *subsampling, int *colours);
    int (*decompress)(void *handle, const unsigned char *bytes, unsigned long size,
                      unsigned char *pixels, int width, int pitch, int height, int format,
                      int flags);
};

struct picture_file {
    uint8_t *bytes;
    size_t length;
    image_decoder *decode;
};

struct bench {
    bool jpegs; /* all are */
    double pixels;
    size_t n_files;
    struct picture_file *files;
    struct turbojpeg turbojpeg;
    struct image image, other;
    uint32_t side;       /* of the input */
    double *times[WAYS]; /* [rounds] */
};

static void turbojpeg_open(struct turbojpeg *turbojpeg) {
    void *(*init)(void) = NULL;
    turbojpeg->library = dlopen("libturbojpeg.so.0", RTLD_NOW);
    if (!turbojpeg->library)
        return;
    *(void **)&init = dlsym(turbojpeg->library, "tjInitDecompress");
    *(void **)&turbojpeg->header = dlsym(turbojpeg->library, "tjDecompressHeader3");
    *(void **)&turbojpeg->decompress = dlsym(turbojpeg->library, "tjDecompress2");
    if (init && turbojpeg->header && turbojpeg->decompress)
        turbojpeg->handle = init();
}

static enum status turbojpeg_decode(struct turbojpeg *turbojpeg, const struct picture_file *file,
                                    struct image *image) {
    enum status status = STATUS_OK;
    int width, height, subsampling, colours;
    if (turbojpeg->header(turbojpeg->handle, file->bytes, file->length, &width, &height,
                          &subsampling, &colours) != 0)
        TRY(FAIL(STATUS_BAD_INPUT, "TurboJPEG cannot read a header"));
    TRY(image_resize_buffer(image, (uint32_t)width, (uint32_t)height));
    if (turbojpeg->decompress(turbojpeg->handle, file->bytes, file->length, image->pixels, width, 0,
                              height, TJPF_RGB, 0) != 0)
        TRY(FAIL(STATUS_BAD_INPUT, "TurboJPEG cannot decode a picture"));
out:
    return status;
}

static enum status read_picture(const char *path, struct picture_file *file) {
    enum status status = STATUS_OK;
    FILE *stream = fopen(path, "rb");
    if (!stream || fseek(stream, 0, SEEK_END) != 0)
        TRY(FAIL(STATUS_BAD_INPUT, "%s: %s", path, strerror(errno)));
    long length = ftell(stream);
    rewind(stream);
    file->length = length > 0 ? (size_t)length : 0;
    TRY(memory_zeroed(file->length, 1, &file->bytes));
    if (fread(file->bytes, 1, file->length, stream) != file->length)
        TRY(FAIL(STATUS_BAD_INPUT, "%s cannot be read", path));
#define FORMAT(recognises, decode_, title, suffixes)                                               \
    if (!file->decode && recognises(file->bytes, file->length))                                    \
        file->decode = decode_;
    PICTURE_FORMATS(FORMAT)
#undef FORMAT
    if (!file->decode)
        TRY(FAIL(STATUS_BAD_INPUT, "%s is no picture", path));
out:
    if (stream)
        fclose(stream);
    return status;
}

static int is_file(const struct dirent *entry) {
    return entry->d_name[0] != '.';
}

static enum status read_folder(struct bench *bench, const char *folder) {
    enum status status = STATUS_OK;
    struct text path = {0};
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_file, alphasort);
    if (count <= 0)
        TRY(FAIL(STATUS_BAD_INPUT, "%s holds no picture", folder));
    TRY(memory_zeroed((size_t)count, sizeof *bench->files, &bench->files));
    bench->jpegs = true;
    for (int i = 0; i < count; i++) {
        text_clear(&path);
        text_format(&path, "%s/%s", folder, entries[i]->d_name);
        TRY(text_status(&path));
        struct picture_file *file = &bench->files[bench->n_files++];
        TRY(read_picture(path.data, file));
        bench->jpegs = bench->jpegs && file->decode == jpeg_decode;
    }
out:
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
    text_free(&path);
    return status;
}

static enum status decode(struct bench *bench, const struct picture_file *file, enum way way) {
    if (way != TURBOJPEG) {
        uint32_t within = way == FAST ? bench->side : 0;
        bench->image.part = (struct image_part){.within_width = within, .within_height = within};
        return file->decode(file->bytes, file->length, &bench->image);
    }
    return bench->turbojpeg.handle ? turbojpeg_decode(&bench->turbojpeg, file, &bench->other)
                                   : STATUS_OK;
}

/* One round over all pictures; which decoder comes first alternates, so that neither always finds
 * the file in the cache. */
static enum status run_round(struct bench *bench, size_t round) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < bench->n_files; i++) {
        for (size_t k = 0; k < WAYS; k++) {
            enum way way = (k + round + i) % WAYS;
            double start = timing_ms(CLOCK_PROCESS_CPUTIME_ID);
            TRY(decode(bench, &bench->files[i], way));
            bench->times[way][round] += timing_ms(CLOCK_PROCESS_CPUTIME_ID) - start;
            if (way == OURS && round == 0)
                bench->pixels += (double)bench->image.width * bench->image.height;
        }
    }
out:
    return status;
}

static void print(const struct bench *bench, enum way way, size_t rounds) {
    static const char *const names[] = {
        [OURS] = "verify", [FAST] = "verify, fast", [TURBOJPEG] = "TurboJPEG"};
    double *times = bench->times[way], n = (double)bench->n_files;
    qsort(times, rounds, sizeof *times, timing_ascending);
    printf("%-12s  %.3f  %.3f  %.3f\n", names[way], times[0] / n, times[rounds / 2] / n,
           times[rounds / 2] / (bench->pixels / 1e6));
}

static enum status run(struct bench *bench, const char *folder, size_t rounds) {
    enum status status;
    TRY(read_folder(bench, folder));
    for (size_t way = 0; way < WAYS; way++)
        TRY(memory_zeroed(rounds, sizeof(double), &bench->times[way]));
    if (bench->jpegs)
        turbojpeg_open(&bench->turbojpeg);
    for (size_t round = 0; round < rounds; round++)
        TRY(run_round(bench, round));
    printf("%zu pictures, ms a picture: least, median; a megapixel: median\n", bench->n_files);
    print(bench, OURS, rounds);
    print(bench, FAST, rounds);
    if (bench->turbojpeg.handle)
        print(bench, TURBOJPEG, rounds);
    else if (bench->jpegs)
        puts("TurboJPEG is not installed (Debian: libturbojpeg0)");
out:
    return status;
}

int main(int argc, char **argv) {
    struct bench bench = {0};
    size_t rounds = argc == 3 || argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    bench.side = argc == 4 ? (uint32_t)strtoul(argv[3], NULL, 10) : 640;
    if (!rounds) {
        fprintf(stderr, "usage: bench_decode FOLDER ROUNDS [SIDE]\n");
        return STATUS_BAD_INPUT;
    }
    enum status status = run(&bench, argv[1], rounds);
    if (status != STATUS_OK)
        fprintf(stderr, "bench_decode: %s\n", status_message());
    for (size_t i = 0; i < bench.n_files; i++)
        free(bench.files[i].bytes);
    free(bench.files);
    for (size_t way = 0; way < WAYS; way++)
        free(bench.times[way]);
    image_free(&bench.image);
    image_free(&bench.other);
    if (bench.turbojpeg.library) /* its handle ends with the process */
        dlclose(bench.turbojpeg.library);
    return (int)status;
}
