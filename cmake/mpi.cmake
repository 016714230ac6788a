# MPI. Where systems have several, their programs end in their names: the launcher is the compiler's.
if(MPI_C_COMPILER MATCHES "mpicc\\.([a-z]+)$")
  find_program(MPIEXEC_EXECUTABLE NAMES mpirun.${CMAKE_MATCH_1} mpiexec.${CMAKE_MATCH_1})
endif()
find_package(MPI REQUIRED COMPONENTS C)
