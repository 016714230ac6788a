# Reading pictures. Two kinds are read where their library is there; src/image/NAME_absent.c stands for
# it elsewhere.
option(VERIFY_AVIF "AVIF pictures, where libavif is there" ON)
option(VERIFY_HEIF "HEIC pictures, where libheif is there" ON)
verify_library(image verify_base JPEG::JPEG PNG::PNG PkgConfig::WEBP PkgConfig::TIFF)

# verify_picture_library(NAME MODULE): `NAME_found` says whether it is read.
function(verify_picture_library name module)
  string(TOUPPER ${name} upper)
  set(left_out ${name}.c)
  set(found OFF)
  if(VERIFY_${upper})
    pkg_check_modules(${upper} IMPORTED_TARGET ${module})
    if(${upper}_FOUND)
      set(left_out ${name}_absent.c)
      set(found ON)
      target_link_libraries(verify_image PRIVATE PkgConfig::${upper})
      target_compile_definitions(verify_base PUBLIC VERIFY_HAS_${upper}) # for picture_formats.h
    endif()
  endif()
  set_source_files_properties(${PROJECT_SOURCE_DIR}/src/image/${left_out}
                              PROPERTIES HEADER_FILE_ONLY ON)
  set(${name}_found ${found} PARENT_SCOPE)
  set(${name}_version ${${upper}_VERSION} PARENT_SCOPE)
endfunction()
verify_picture_library(avif "libavif>=0.11")
verify_picture_library(heif "libheif>=1.15")
