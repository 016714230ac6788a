# Makes one file of the review page: its styles and scripts, in the order in which index.html names
# them, stand in it, and its Content-Security-Policy lets these run and no others.
#   cmake -DSOURCE=src/review/page -DTARGET=build/review_page/index.html -P assemble.cmake
cmake_minimum_required(VERSION 3.16)

# base64_of_hex(HEX RESULT): hexadecimal digits of 32 bytes as base64.
function(base64_of_hex hex result)
  set(alphabet ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  set(text "")
  foreach(at RANGE 0 60 6) # three bytes are four characters; the last two are three and "="
    string(SUBSTRING "${hex}0000" ${at} 6 part)
    math(EXPR number "0x${part}")
    foreach(shift 18 12 6 0)
      math(EXPR index "(${number} >> ${shift}) & 63")
      string(SUBSTRING ${alphabet} ${index} 1 character)
      string(APPEND text ${character})
    endforeach()
  endforeach()
  string(SUBSTRING "${text}" 0 43 text)
  set(${result} "${text}=" PARENT_SCOPE)
endfunction()

# gather(PATTERN TAG PAGE RESULT HASH): the files that lines of PAGE name by PATTERN, one text of
# them in the first line's place within TAG, its hash for the policy.
function(gather pattern tag page result hash)
  string(REGEX MATCHALL "${pattern}\n" lines "${page}")
  set(text "\n")
  set(first TRUE)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "${pattern}\n" "\\1" name "${line}")
    file(READ "${SOURCE}/${name}" content)
    string(APPEND text "${content}")
    if(first)
      string(REPLACE "${line}" "@PLACE@" page "${page}")
      set(first FALSE)
    else()
      string(REPLACE "${line}" "" page "${page}")
    endif()
  endforeach()
  string(SHA256 digest "${text}")
  base64_of_hex(${digest} base64)
  string(REPLACE "@PLACE@" "<${tag}>${text}</${tag}>\n" page "${page}")
  set(${result} "${page}" PARENT_SCOPE)
  set(${hash} "'sha256-${base64}'" PARENT_SCOPE)
endfunction()

file(READ "${SOURCE}/index.html" page)
gather("<link rel=\"stylesheet\" href=\"([a-z_]+.css)\">" style "${page}" page style)
gather("<script src=\"([a-z_]+.js)\"></script>" script "${page}" page script)
# file: where 'self' is no origin. Data and sheets lie beside the page, pictures of the run behind.
string(CONCAT policy "default-src 'none'; script-src 'self' file: ${script}; style-src ${style}; "
       "img-src 'self' file: data: blob:; base-uri 'none'; form-action 'none'")
set(charset "<meta charset=\"utf-8\">\n")
set(meta "<meta http-equiv=\"Content-Security-Policy\" content=\"${policy}\">\n")
string(REPLACE "${charset}" "${charset}${meta}" page "${page}")
string(REGEX REPLACE "<!-- [^>]*-->\n" "" page "${page}")
file(WRITE "${TARGET}.new" "${page}")
file(RENAME "${TARGET}.new" "${TARGET}")
