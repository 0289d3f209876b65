# SPDX-License-Identifier: MIT
# The decoder's tables and field accessors are written at build time from the rows of a64.def.
add_executable(gen_decoder ${CMAKE_CURRENT_LIST_DIR}/gen/gen_decoder.cc)
target_include_directories(gen_decoder PRIVATE ${CMAKE_SOURCE_DIR})
set_target_properties(gen_decoder PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tools-build)
set(generated ${CMAKE_BINARY_DIR}/generated/translator/decode)
file(MAKE_DIRECTORY ${generated})
add_custom_command(OUTPUT ${generated}/field_structs.inc ${generated}/table.inc
    COMMAND gen_decoder ${generated}/field_structs.inc ${generated}/table.inc
    DEPENDS gen_decoder)
add_custom_target(decode_tables DEPENDS ${generated}/field_structs.inc ${generated}/table.inc)
