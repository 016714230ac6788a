# The CPU backend.
option(VERIFY_ONEDNN "oneDNN for what our own kernels do not compute; without it, plain C" ON)
find_package(OpenMP REQUIRED COMPONENTS C)
verify_library(cpu verify_backend OpenMP::OpenMP_C)

if(VERIFY_ONEDNN)
  # Debian's own CMake file of oneDNN asks for OpenCL's headers, which the CPU engine does not need.
  find_path(DNNL_INCLUDE oneapi/dnnl/dnnl.h REQUIRED)
  find_library(DNNL_LIBRARY dnnl REQUIRED)
  target_include_directories(verify_cpu SYSTEM PRIVATE ${DNNL_INCLUDE})
  target_link_libraries(verify_cpu PRIVATE ${DNNL_LIBRARY})
  set(left_out onednn_absent.c)
else()
  set(left_out onednn.c dnnl_compat.c)
endif()
list(TRANSFORM left_out PREPEND ${PROJECT_SOURCE_DIR}/src/cpu/layers/)
set_source_files_properties(${left_out} PROPERTIES HEADER_FILE_ONLY ON)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
  # Called where the CPU has what they are compiled for.
  set(kernels ${PROJECT_SOURCE_DIR}/src/cpu/kernels)
  set_source_files_properties(${kernels}/convolutions_avx2.c PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma")
  set_source_files_properties(${kernels}/convolutions_avx512.c
                              PROPERTIES COMPILE_OPTIONS "-mavx512f;-mavx512dq;-mavx512vl;-mfma")
endif()
