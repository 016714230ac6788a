/* Which files are pictures. */
#include "data/picture.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/picture_formats.h"

/* What is read. */
#define SUFFIXES(recognises, decode, title, suffixes) suffixes
static const char formats[] = PICTURE_FORMATS(SUFFIXES) " ";
static const struct picture_kind format = {"", true};

/* What is not where it is not above, sorted: the other formats that Ultralytics lists, and those
 * that cameras, scanners and the web leave in folders of pictures. */
static const struct picture_kind others[] = {
    {".arw", false}, {".avif", false}, {".cr2", false},  {".cr3", false},      {".dng", false},
    {".exr", false}, {".gif", false},  {".heic", false}, {".heif", false},     {".hif", false},
    {".ico", false}, {".j2k", false},  {".jp2", false},  {".jpeg2000", false}, {".jpx", false},
    {".jxl", false}, {".nef", false},  {".orf", false},  {".pbm", false},      {".pfm", false},
    {".pgm", false}, {".pnm", false},  {".ppm", false},  {".psd", false},      {".qoi", false},
    {".raf", false}, {".rw2", false},  {".svg", false},  {".tga", false},
};

static int compare(const void *suffix, const void *kind) {
    return strcmp(suffix, ((const struct picture_kind *)kind)->suffix);
}

const struct picture_kind *picture_kind(const char *path) {
    char word[sizeof others[0].suffix + 2] = " ", *suffix = word + 1;
    const char *dot = strrchr(path, '.');
    size_t length = dot ? strlen(dot) : sizeof others[0].suffix;
    if (length >= sizeof others[0].suffix)
        return NULL;
    for (size_t i = 0; i < length; i++)
        suffix[i] = (char)(dot[i] >= 'A' && dot[i] <= 'Z' ? dot[i] - 'A' + 'a' : dot[i]);
    suffix[length] = ' ';
    if (strstr(formats, word))
        return &format;
    suffix[length] = '\0';
    return bsearch(suffix, others, sizeof others / sizeof *others, sizeof *others, compare);
}

void picture_suffixes(struct text *text) {
    text_bytes(text, formats + 1, sizeof formats - 3); /* without the spaces at its ends and NUL */
}
