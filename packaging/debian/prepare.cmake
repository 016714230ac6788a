# Run by CPack once the files of the packages lie ready. Debian packages: the licence under Debian's
# name for it, changelogs, pages packed as Debian's policy asks.
if(NOT CPACK_GENERATOR STREQUAL DEB)
  return()
endif()

# pack(FILE): FILE.gz in its place, the same bytes from the same content.
function(pack file)
  execute_process(COMMAND gzip -9n ${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

foreach(component ${CPACK_COMPONENTS_ALL})
  string(TOUPPER ${component} upper)
  set(package ${CPACK_DEBIAN_${upper}_PACKAGE_NAME})
  set(usr ${CPACK_TEMPORARY_INSTALL_DIRECTORY}/${component}/usr)
  set(documents ${usr}/share/doc/${package})
  file(MAKE_DIRECTORY ${documents})
  file(COPY_FILE ${CPACK_VERIFY_SOURCES}/packaging/debian/copyright ${documents}/copyright)
  file(COPY_FILE ${CPACK_VERIFY_BUILD}/packaging/${package}/changelog.Debian
       ${documents}/changelog.Debian)
  pack(${documents}/changelog.Debian)
  file(REMOVE ${documents}/LICENSE)
  if(EXISTS ${documents}/CHANGELOG.md)
    file(RENAME ${documents}/CHANGELOG.md ${documents}/changelog)
    pack(${documents}/changelog)
  endif()
  file(MAKE_DIRECTORY ${usr}/share/lintian/overrides)
  file(COPY_FILE ${CPACK_VERIFY_SOURCES}/packaging/debian/lintian-overrides
       ${usr}/share/lintian/overrides/${package})
  file(GLOB pages ${usr}/share/man/man*/*)
  foreach(page ${pages})
    pack(${page})
  endforeach()
endforeach()
