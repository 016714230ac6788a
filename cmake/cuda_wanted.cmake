# Whether the CUDA backend is to be compiled, and for which GPUs. A GPU is visible where the driver
# has made its device or nvidia-smi lists one.
set(VERIFY_CUDA auto CACHE STRING
    "The CUDA backend: auto (where a GPU is visible, for it), found (where nvcc and cuDNN are), ON, OFF")
set_property(CACHE VERIFY_CUDA PROPERTY STRINGS auto found ON OFF)
if(VERIFY_CUDA STREQUAL auto)
  file(GLOB visible /dev/nvidia[0-9]*)
  if(NOT visible)
    execute_process(COMMAND nvidia-smi -L OUTPUT_VARIABLE visible ERROR_QUIET)
  endif()
  if(NOT visible)
    set(VERIFY_CUDA OFF)
    set(without "no NVIDIA GPU is visible; -DVERIFY_CUDA=ON compiles it all the same")
  elseif(NOT DEFINED VERIFY_CUDA_ARCHITECTURES AND CMAKE_VERSION VERSION_GREATER_EQUAL 3.24)
    set(VERIFY_CUDA_ARCHITECTURES native) # older CMakes do not know the word
  endif()
elseif(NOT VERIFY_CUDA)
  set(without "as asked for")
endif()

# cuda_say(): a line on what has become of it.
function(cuda_say)
  if(VERIFY_WITH_CUDA)
    list(JOIN VERIFY_CUDA_ARCHITECTURES " " architectures)
    message(STATUS "CUDA backend: for ${architectures}")
  elseif(without)
    message(STATUS "CUDA backend: left out (${without})")
  else()
    message(STATUS "CUDA backend: left out (nvcc or cuDNN was not found)")
  endif()
endfunction()
