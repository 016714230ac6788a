# Makes a C file of another one's bytes.
#   cmake -DSOURCE=FILE -DTARGET=FILE.c -DHEADER=NAME.h -DNAME=array -P embed.cmake
cmake_minimum_required(VERSION 3.16)
file(READ "${SOURCE}" hex HEX)
string(LENGTH "${hex}" digits)
math(EXPR length "${digits} / 2")
string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
# 20 bytes a line.
string(REPEAT "....." 20 line)
string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
file(WRITE "${TARGET}"
     "#include \"${HEADER}\"\n\nconst unsigned char ${NAME}[] = {\n${bytes}};\nconst size_t ${NAME}_length = ${length};\n")
