# The tests of the CUDA backend, without a GPU and on one; CMakeLists.txt includes it.

# The CUDA backend's plain-C twin.
unit_test(cuda_kernels verify_cuda_host)
unit_test(cuda_kernels_window verify_cuda_host)
unit_test(cuda_kernels_input verify_cuda_host)
unit_test(cuda_attention verify_cuda_host)
unit_test(cuda_conv verify_cuda_host)
unit_test(cuda_conv_cache verify_cuda_host)
unit_test(cuda_network verify_cuda_host)
unit_test(cuda_zoo verify_cuda_host)
unit_test(cuda_profile verify_cuda_host)
unit_test(cuda_gates verify_cuda_host)
set_tests_properties(cuda_gates PROPERTIES LABELS release) # as cpu_gate

# The same over the kernels themselves, compiled by the C++ compiler and run on the CPU.
enable_language(CXX)
add_subdirectory(emulation)
unit_test(emulation verify_emulation)
# emulated_orders(NAME ORDER...): runs test_emulated_NAME in each of the emulation's orders; with the
# sanitizers the shuffled one is enough.
function(emulated_orders name)
  foreach(order ${ARGN})
    add_test(NAME emulated_${name}_${order} COMMAND test_emulated_${name}
             WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    # They take long, so that others had better run beside them than wait for them at the end.
    set_tests_properties(emulated_${name}_${order}
                         PROPERTIES COST 100 TIMEOUT 900 ENVIRONMENT VERIFY_EMULATION_ORDER=${order})
    if(order STREQUAL shuffled)
      set_tests_properties(emulated_${name}_${order} PROPERTIES LABELS sanitized)
    else()
      set_tests_properties(emulated_${name}_${order} PROPERTIES LABELS release)
    endif()
  endforeach()
endfunction()
# emulated_test(NAME ORDER...): tests/unit/cuda/test_cuda_NAME.c over the kernels.
function(emulated_test name)
  add_executable(test_emulated_${name} unit/cuda/test_cuda_${name}.c)
  target_link_libraries(test_emulated_${name} PRIVATE verify_cuda_emulated verify_tests)
  set_target_properties(test_emulated_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                         ${CMAKE_BINARY_DIR}/tests)
  emulated_orders(${name} ${ARGN})
endfunction()
foreach(name kernels kernels_window kernels_input attention network)
  emulated_test(${name} ascending descending shuffled)
endforeach()
# They take a minute, and two with the sanitizers.
emulated_test(judge descending shuffled)
emulated_test(tails shuffled)
emulated_test(zoo descending)
# All of the CUDA backend, its streams and events.
unit_test(emulated_runtime verify_emulated_backend)
foreach(name backend memory)
  add_executable(test_emulated_${name} unit/cuda/test_emulated_${name}.c)
  target_link_libraries(test_emulated_${name} PRIVATE verify_emulated_backend verify_cpu verify_tests)
  set_target_properties(test_emulated_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                         ${CMAKE_BINARY_DIR}/tests)
  emulated_orders(${name} descending shuffled)
endforeach()
# The same over a fake of cuDNN: its convolutions, and programs that also run on a GPU.
add_executable(test_emulated_cudnn unit/cuda/test_emulated_cudnn.c
                                   $<TARGET_OBJECTS:verify_emulated_conv>)
add_executable(test_emulated_choices unit/cuda/test_emulated_choices.c
                                     $<TARGET_OBJECTS:verify_emulated_conv>)
set(programs test_emulated_cudnn test_emulated_choices)
emulated_orders(cudnn descending shuffled)
emulated_orders(choices shuffled)
foreach(name network attention)
  add_executable(test_emulated_cudnn_${name} unit/cuda/test_cuda_${name}.c)
  target_compile_definitions(test_emulated_cudnn_${name} PRIVATE TEST_ON_GPU)
  list(APPEND programs test_emulated_cudnn_${name})
  emulated_orders(cudnn_${name} descending shuffled)
  # One way to compute each convolution is enough, and none comes from a file.
  foreach(order descending shuffled)
    set_property(TEST emulated_cudnn_${name}_${order} APPEND
                 PROPERTY ENVIRONMENT VERIFY_CUDNN_CANDIDATES=1 XDG_CACHE_HOME=none HOME=none)
  endforeach()
endforeach()
foreach(name ${programs})
  target_link_libraries(${name} PRIVATE verify_emulated_cudnn verify_tests)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endforeach()

if(VERIFY_WITH_CUDA)
  unit_test(cuda_device verify_cuda) # needs CUDA's libraries, but no GPU
  # cuDNN's planning, with a stub for the driver.
  find_package(CUDAToolkit REQUIRED)
  add_library(verify_driver_stub MODULE driver_stub.c)
  set(stub ${CMAKE_BINARY_DIR}/tests/driver_stub)
  set_target_properties(verify_driver_stub PROPERTIES OUTPUT_NAME cuda SUFFIX .so.1
                                                      LIBRARY_OUTPUT_DIRECTORY ${stub})
  target_link_libraries(verify_driver_stub PRIVATE verify_flags)
  set(conv ${PROJECT_SOURCE_DIR}/cuda/conv)
  add_executable(test_cuda_plans unit/cuda/test_cuda_plans.c ${conv}/conv_candidates.c
                                 ${conv}/conv_config.c ${conv}/conv_engine.c ${conv}/conv_graph.c)
  add_dependencies(test_cuda_plans verify_driver_stub)
  target_include_directories(test_cuda_plans SYSTEM PRIVATE ${CUDNN_INCLUDE}
                                                            ${CUDAToolkit_INCLUDE_DIRS})
  target_link_libraries(test_cuda_plans PRIVATE verify_cuda_host verify_tests CUDA::cudart_static
                                                ${CUDNN_LIBRARY})
  set_target_properties(test_cuda_plans PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                   ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME cuda_plans COMMAND test_cuda_plans WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(
    cuda_plans
    PROPERTIES LABELS release TIMEOUT 900 COST 60 ENVIRONMENT
               "LD_LIBRARY_PATH=${stub}:${CUDAToolkit_LIBRARY_DIR};VERIFY_DRIVER_STUB=1")
  # The same on a GPU: skipped where there is none.
  foreach(name network attention zoo judge tails gates)
    add_executable(test_gpu_${name} unit/cuda/test_cuda_${name}.c)
    target_compile_definitions(test_gpu_${name} PRIVATE TEST_ON_GPU)
    target_link_libraries(test_gpu_${name} PRIVATE verify_cuda verify_tests)
    set_target_properties(test_gpu_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                      ${CMAKE_BINARY_DIR}/tests)
    add_test(NAME gpu_${name} COMMAND test_gpu_${name} WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    set_tests_properties(gpu_${name} PROPERTIES LABELS gpu)
  endforeach()
endif()

# The program over the emulated CUDA backend, its convolutions plain loops or the fake cuDNN's.
get_target_property(program verify SOURCES)
list(TRANSFORM program PREPEND ${PROJECT_SOURCE_DIR}/mpi/)
# emulated_program(NAME LIBRARY): verify_NAME, which tests/e2e/test_NAME.py runs.
function(emulated_program name library)
  add_executable(verify_${name} ${program} emulation/backends.c)
  target_link_libraries(verify_${name} PRIVATE verify_review verify_cpu ${library}
                                               verify_build_info MPI::MPI_C Threads::Threads)
  set_target_properties(verify_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME e2e_${name} COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/e2e/test_${name}.py)
  set_tests_properties(
    e2e_${name}
    PROPERTIES LABELS release TIMEOUT 900 RUN_SERIAL ON ENVIRONMENT
               "VERIFY=$<TARGET_FILE:verify_${name}>;VERIFY_EMULATION_ORDER=shuffled")
endfunction()
emulated_program(emulated verify_emulated_backend)
emulated_program(fake_cudnn verify_emulated_cudnn)

# The command for a machine with a GPU, with stand-ins.
add_test(NAME gpu_rehearsal COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/gpu.sh --rehearse --only program
                                    --build ${CMAKE_BINARY_DIR})
set_tests_properties(gpu_rehearsal PROPERTIES LABELS release TIMEOUT 600 RUN_SERIAL ON)
