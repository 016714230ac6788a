# A tarball of all that is installed, and Debian packages of its two components: `cpack -G TGZ`,
# `cpack -G DEB` in the build folder. A build for packages is configured with the prefix /usr.
set(VERIFY_MAINTAINER "the verify authors <verify-authors@users.noreply.github.com>"
    CACHE STRING "Who is named as the packages' maintainer: Name <address>")

set(CPACK_PACKAGE_NAME verify-labels)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT ${VERIFY_MAINTAINER})
set(CPACK_PACKAGE_FILE_NAME verify-labels-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_THREADS 0)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_COMPONENTS_ALL program)
if(TARGET verify_cuda_plugin)
  list(APPEND CPACK_COMPONENTS_ALL cuda)
endif()
set(CPACK_ARCHIVE_COMPONENT_INSTALL OFF)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING IGNORE)

# Debian's changelog has the form of its own; its date is the configuration's (SOURCE_DATE_EPOCH).
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
foreach(package verify-labels verify-labels-cuda)
  configure_file(${PROJECT_SOURCE_DIR}/packaging/debian/changelog.in
                 ${CMAKE_BINARY_DIR}/packaging/${package}/changelog.Debian @ONLY)
endforeach()

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
# The libraries that they depend on are found by these two.
find_program(DPKG_SHLIBDEPS dpkg-shlibdeps)
find_program(FILE_COMMAND file)
if(DPKG_SHLIBDEPS AND FILE_COMMAND)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
# What both packages still lack is added where the files lie ready: copyright, changelogs, gzip.
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/packaging/debian/prepare.cmake)
set(CPACK_VERIFY_SOURCES ${PROJECT_SOURCE_DIR})
set(CPACK_VERIFY_BUILD ${CMAKE_BINARY_DIR})

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME verify-labels)
set(CPACK_COMPONENT_PROGRAM_DESCRIPTION
    "finds the errors in a YOLO data set's labels
Runs a trained YOLO model over a labelled image set, on one machine or on many
nodes by MPI, compares what the model sees with each label, and sorts the
images into correct, mislabeled and uncertain ones, with the evidence for
every box. On the CPU; verify-labels-cuda adds NVIDIA GPUs.")
# mpirun, of the MPI that it is linked to; verify-kfold's Python.
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "openmpi-bin, python3")
if("${MPI_C_LIBRARIES}" MATCHES "mpich")
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS "mpich, python3")
endif()
# libheif's decoder of HEIC, since it is a package of its own.
if(heif_found AND heif_version VERSION_GREATER_EQUAL 1.16)
  string(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS ", libheif-plugin-libde265")
endif()
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "slurm-client, bash-completion, jq")

set(CPACK_DEBIAN_CUDA_PACKAGE_NAME verify-labels-cuda)
set(CPACK_COMPONENT_CUDA_DESCRIPTION
    "finds the errors in a YOLO data set's labels, on NVIDIA GPUs
The part of verify that runs YOLO models on NVIDIA GPUs. It needs NVIDIA's
driver, cuDNN 9 and NVRTC, which come from NVIDIA; the program says which of
them is missing.")
set(CPACK_DEBIAN_CUDA_PACKAGE_DEPENDS "verify-labels (= ${PROJECT_VERSION}-1)")
set(CPACK_DEBIAN_CUDA_PACKAGE_SECTION contrib/science)

include(CPack)
