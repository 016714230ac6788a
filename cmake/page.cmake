# The review page: one file made of those of src/review/page/, in the program as bytes.
set(page ${PROJECT_SOURCE_DIR}/src/review/page)
set(made ${CMAKE_BINARY_DIR}/generated/review_page)
file(GLOB page_sources CONFIGURE_DEPENDS ${page}/*)
file(MAKE_DIRECTORY ${made})
add_custom_command(
  OUTPUT ${made}/index.html
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${page} -DTARGET=${made}/index.html -P ${page}/assemble.cmake
  DEPENDS ${page_sources}
  VERBATIM)
add_custom_command(
  OUTPUT ${made}/page_index.c
  COMMAND ${CMAKE_COMMAND} -DSOURCE=${made}/index.html -DTARGET=${made}/page_index.c
          -DHEADER=review/pages/page_index.h -DNAME=page_index -P
          ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${made}/index.html ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)
target_sources(verify_review PRIVATE ${made}/page_index.c)
