/* Which files are pictures. */
#include "data/picture.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Sorted. What is not read: the other formats that Ultralytics lists, and those that cameras,
 * scanners and the web leave in folders of pictures. */
static const struct picture_kind kinds[] = {
    {".arw", false},  {".avif", false}, {".bmp", false},      {".cr2", false},  {".cr3", false},
    {".dib", false},  {".dng", false},  {".exr", false},      {".gif", false},  {".heic", false},
    {".heif", false}, {".ico", false},  {".j2k", false},      {".jfif", true},  {".jp2", false},
    {".jpe", true},   {".jpeg", true},  {".jpeg2000", false}, {".jpg", true},   {".jpx", false},
    {".jxl", false},  {".mpo", true},   {".nef", false},      {".orf", false},  {".pbm", false},
    {".pfm", false},  {".pgm", false},  {".png", true},       {".pnm", false},  {".ppm", false},
    {".psd", false},  {".qoi", false},  {".raf", false},      {".rw2", false},  {".svg", false},
    {".tga", false},  {".tif", false},  {".tiff", false},     {".webp", false},
};

static int compare(const void *suffix, const void *kind) {
    return strcmp(suffix, ((const struct picture_kind *)kind)->suffix);
}

const struct picture_kind *picture_kind(const char *path) {
    char suffix[sizeof kinds[0].suffix];
    const char *dot = strrchr(path, '.');
    size_t length = dot ? strlen(dot) : sizeof suffix;
    if (length >= sizeof suffix)
        return NULL;
    for (size_t i = 0; i <= length; i++)
        suffix[i] = (char)(dot[i] >= 'A' && dot[i] <= 'Z' ? dot[i] - 'A' + 'a' : dot[i]);
    return bsearch(suffix, kinds, sizeof kinds / sizeof *kinds, sizeof *kinds, compare);
}

void picture_suffixes(struct text *text) {
    const char *separator = "";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (!kinds[i].read)
            continue;
        text_format(text, "%s%s", separator, kinds[i].suffix);
        separator = " ";
    }
}
