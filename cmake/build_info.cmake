# What `verify --version` says of a build: generated/build_info.h. Included once all parts are known.
set(VERIFY_COMMIT "" CACHE STRING "The commit that --version names; empty: what git says of the sources")

# The commit of the sources in `variable`; "unknown" where they are no checkout of git's. A checkout
# that holds them in a folder of another project says nothing of them.
function(verify_commit variable)
  set(commit ${VERIFY_COMMIT})
  find_package(Git QUIET)
  if(NOT commit AND GIT_FOUND)
    execute_process(
      COMMAND ${GIT_EXECUTABLE} rev-parse --show-prefix --git-path logs/HEAD
      WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE place RESULT_VARIABLE status
      ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(status EQUAL 0 AND place MATCHES "^\n([^\n]+)$")
      execute_process(
        COMMAND ${GIT_EXECUTABLE} describe --always --dirty --abbrev=10
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE commit
        ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
      # Another commit is another configuration.
      get_filename_component(log ${CMAKE_MATCH_1} ABSOLUTE BASE_DIR ${PROJECT_SOURCE_DIR})
      if(EXISTS ${log})
        set_property(DIRECTORY ${PROJECT_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
      endif()
    endif()
  endif()
  if(NOT commit)
    set(commit unknown)
  endif()
  set(${variable} ${commit} PARENT_SCOPE)
endfunction()

# The CUDA backend's toolkit and the GPUs that it was compiled for.
function(verify_cuda_info variable)
  set(info ${BUILD_WITHOUT})
  if(TARGET verify_cuda)
    get_target_property(architectures verify_cuda CUDA_ARCHITECTURES)
    get_directory_property(toolkit DIRECTORY ${PROJECT_SOURCE_DIR}/cuda
                           DEFINITION CMAKE_CUDA_COMPILER_VERSION)
    list(TRANSFORM architectures REPLACE "-(real|virtual)$" "")
    list(JOIN architectures " " architectures)
    set(info "${toolkit}, for architectures ${architectures}")
  endif()
  set(${variable} ${info} PARENT_SCOPE)
endfunction()

# oneDNN's version, by its headers.
function(verify_onednn_info variable)
  set(info ${BUILD_WITHOUT})
  if(VERIFY_ONEDNN)
    file(STRINGS ${DNNL_INCLUDE}/oneapi/dnnl/dnnl_version.h lines
         REGEX "^#define DNNL_VERSION_(MAJOR|MINOR|PATCH) +[0-9]+")
    list(TRANSFORM lines REPLACE "^.* " "")
    list(JOIN lines "." info)
  endif()
  set(${variable} ${info} PARENT_SCOPE)
endfunction()

set(BUILD_WITHOUT "not built in")
verify_commit(BUILD_COMMIT)
verify_cuda_info(BUILD_CUDA)
verify_onednn_info(BUILD_ONEDNN)
foreach(name avif heif)
  string(TOUPPER BUILD_${name} variable)
  set(${variable} ${BUILD_WITHOUT})
  if(${name}_found)
    set(${variable} "lib${name} ${${name}_version}")
  endif()
endforeach()
configure_file(${PROJECT_SOURCE_DIR}/cmake/build_info.h.in
               ${CMAKE_BINARY_DIR}/include/build_info/build_info.h @ONLY)
add_library(verify_build_info INTERFACE)
target_include_directories(verify_build_info INTERFACE ${CMAKE_BINARY_DIR}/include/build_info)
