# Whether the CUDA backend is to be compiled, and for which GPUs. A GPU is visible where the driver
# has made its device or nvidia-smi lists one.
set(VERIFY_CUDA auto CACHE STRING
    "The CUDA backend: auto (where a GPU is visible), found (where nvcc and cuDNN are), ON, OFF")
set_property(CACHE VERIFY_CUDA PROPERTY STRINGS auto found ON OFF)
if(VERIFY_CUDA MATCHES "^(auto|found)$")
  file(GLOB visible /dev/nvidia[0-9]*)
  if(NOT visible)
    execute_process(COMMAND nvidia-smi -L OUTPUT_VARIABLE visible ERROR_QUIET)
  endif()
  if(visible)
    set(architectures native)
  elseif(VERIFY_CUDA STREQUAL found)
    set(architectures 90) # one kind, to see that it compiles
  else()
    set(VERIFY_CUDA OFF)
    set(without "no NVIDIA GPU is visible; -DVERIFY_CUDA=ON compiles it all the same")
  endif()
  if(NOT VERIFY_CUDA_ARCHITECTURES)
    set(VERIFY_CUDA_ARCHITECTURES ${architectures})
  endif()
elseif(VERIFY_CUDA)
  set(VERIFY_CUDA ON) # however it was written
else()
  set(VERIFY_CUDA OFF)
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
