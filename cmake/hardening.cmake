# What Debian builds its own packages with (dpkg-buildflags, hardening=+all), for all that is compiled
# from here on: guards that end the program where a bug would hand it over to whoever wrote an input.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)

set(guards -fstack-protector-strong -Wformat -Werror=format-security)
foreach(flag -fstack-clash-protection -fcf-protection)
  string(MAKE_C_IDENTIFIER "VERIFY_HAS${flag}" known)
  check_c_compiler_flag(${flag} ${known})
  if(${known})
    list(APPEND guards ${flag})
  endif()
endforeach()

# Checked library calls, of sizes known when compiling (2) or when running (3). They need an
# optimiser; CUDA's files make hardly any, and their compiler does not know them. SHELL: as one, so
# that a target's own -U_FORTIFY_SOURCE stays behind them.
set(CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
check_c_source_compiles("#include <stdio.h>\nint main(void) { return 0; }" VERIFY_HAS_FORTIFY_3)
unset(CMAKE_REQUIRED_FLAGS)
set(fortify "SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=$<IF:$<BOOL:${VERIFY_HAS_FORTIFY_3}>,3,2>")

list(JOIN guards "," host_guards)
add_compile_options(
  "$<$<COMPILE_LANGUAGE:C,CXX>:${guards}>"
  "$<$<AND:$<COMPILE_LANGUAGE:C,CXX>,$<NOT:$<CONFIG:Debug>>>:${fortify}>"
  "$<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-fPIC,${host_guards}>")
add_link_options(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)

# Of programs; shared objects say -fPIC behind it.
string(APPEND CMAKE_C_FLAGS " -fPIE")
string(APPEND CMAKE_CXX_FLAGS " -fPIE")
string(APPEND CMAKE_EXE_LINKER_FLAGS " -pie")
