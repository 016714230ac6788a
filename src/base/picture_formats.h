/* The formats of pictures that are read, a row each: which files of a data set are pictures, what
 * decodes one, and what messages name follow from it. */
#ifndef VERIFY_BASE_PICTURE_FORMATS_H
#define VERIFY_BASE_PICTURE_FORMATS_H

/* Of what only some builds read; elsewhere such files are left out and counted, and one under
 * another kind's name fails for the reason. */
#ifdef VERIFY_HAS_AVIF
#define AVIF_SUFFIXES " .avif"
#else
#define AVIF_SUFFIXES ""
#endif
#ifdef VERIFY_HAS_HEIF
#define HEIF_SUFFIXES " .heic .heif .hif"
#else
#define HEIF_SUFFIXES ""
#endif

/* ROW(recognises, decode, title, suffixes): the two functions (image/image.h), in a file of
 * src/image/ of their own; the suffixes, lower case, each with a space before it. */
#define PICTURE_FORMATS(ROW)                                                                       \
    ROW(jpeg_recognises, jpeg_decode, "JPEG", " .jfif .jpe .jpeg .jpg .mpo")                       \
    ROW(png_recognises, png_decode, "PNG", " .png")                                                \
    ROW(bmp_recognises, bmp_decode, "BMP", " .bmp .dib")                                           \
    ROW(webp_recognises, webp_decode, "WebP", " .webp")                                            \
    ROW(tiff_recognises, tiff_decode, "TIFF", " .tif .tiff")                                       \
    ROW(avif_recognises, avif_decode, "AVIF", AVIF_SUFFIXES)                                       \
    ROW(heif_recognises, heif_decode, "HEIC", HEIF_SUFFIXES)

#endif
