# What `cmake --install` puts where, and what the packages are made of. Included once all targets are
# there. The program finds its plug-in relative to itself, so a prefix may be moved.
include(GNUInstallDirs)

set(shared ${CMAKE_INSTALL_DATADIR}/verify-labels)
set(documents ${CMAKE_INSTALL_DATADIR}/doc/verify-labels)
# Debian's own folder for what its packages bring; elsewhere the one that zsh looks into.
set(zsh zsh/site-functions)
if(CMAKE_INSTALL_PREFIX STREQUAL /usr AND EXISTS /etc/debian_version)
  set(zsh zsh/vendor-completions)
endif()

install(TARGETS verify RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
if(TARGET verify_cuda_plugin)
  install(TARGETS verify_cuda_plugin LIBRARY DESTINATION lib/verify-labels COMPONENT cuda)
endif()
install(DIRECTORY slurm DESTINATION ${shared} USE_SOURCE_PERMISSIONS COMPONENT program)
install(PROGRAMS tools/verify-kfold DESTINATION ${shared}/tools COMPONENT program)
install(DIRECTORY packaging/modulefile DESTINATION ${shared} COMPONENT program)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${documents} COMPONENT program)
install(DIRECTORY docs DESTINATION ${documents} COMPONENT program)
add_subdirectory(packaging/pages)

include(packaging/packages.cmake)
