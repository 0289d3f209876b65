# SPDX-License-Identifier: MIT
# Compiler settings, the sanitizer switch, and armature_library(): one target per folder, whose allowed includes are
# checked at configure time (see check_includes).

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(ARMATURE_SANITIZE "" CACHE STRING "Sanitizers to build with, e.g. address,undefined")
if(NOT CMAKE_BUILD_TYPE)
    # The optimiser spends minutes on the checks in the emitters' inlined code, and assertions belong with sanitizers.
    if(ARMATURE_SANITIZE)
        set(CMAKE_BUILD_TYPE Debug CACHE STRING "" FORCE)
    else()
        set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
    endif()
endif()
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g1")
set(CMAKE_C_FLAGS_DEBUG "-O0 -g1")

option(ARMATURE_WERROR "Warnings are errors" ON)

find_program(CCACHE ccache)
if(CCACHE)
    set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(PkgConfig REQUIRED)

add_library(armature_flags INTERFACE)
target_include_directories(armature_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(armature_flags INTERFACE -Wall -Wextra -Wshadow -Wno-unused-parameter
    -Wno-missing-field-initializers $<$<BOOL:${ARMATURE_WERROR}>:-Werror>
    $<$<COMPILE_LANGUAGE:CXX>:-fno-rtti -Wnon-virtual-dtor> -fno-strict-aliasing)
if(ARMATURE_SANITIZE)
    # Unoptimised, GCC takes the address of a result buffer, passed as const void*, for a read of it.
    target_compile_options(armature_flags INTERFACE -fsanitize=${ARMATURE_SANITIZE} -fno-omit-frame-pointer
        -Wno-maybe-uninitialized)
    target_link_options(armature_flags INTERFACE -fsanitize=${ARMATURE_SANITIZE})
endif()

# check_includes(FOLDER ALLOWED...): every `#include "folder/..."` of FOLDER's files names FOLDER itself or one of ALLOWED.
function(check_includes folder)
    file(GLOB_RECURSE files ${CMAKE_SOURCE_DIR}/${folder}/*.cc ${CMAKE_SOURCE_DIR}/${folder}/*.h
        ${CMAKE_SOURCE_DIR}/${folder}/*.def ${CMAKE_SOURCE_DIR}/${folder}/*.inc)
    foreach(file IN LISTS files)
        file(STRINGS ${file} lines REGEX "^ *# *include +\"[^\"]+/")
        foreach(line IN LISTS lines)
            string(REGEX REPLACE "^ *# *include +\"([^\"]+)\".*" "\\1" path "${line}")
            set(ok FALSE)
            foreach(prefix IN ITEMS ${folder} ${ARGN})
                if(path MATCHES "^${prefix}(/|$)")
                    set(ok TRUE)
                endif()
            endforeach()
            if(NOT ok)
                message(SEND_ERROR "${file}: includes \"${path}\"; ${folder}/ may use only: ${ARGN}")
            endif()
        endforeach()
    endforeach()
endfunction()

# armature_library(FOLDER USES folders... [LINK targets...]): all .cc and .S files of the folder, as armature_<folder>.
function(armature_library folder)
    cmake_parse_arguments(arg "" "" "USES;LINK;EXCLUDE" ${ARGN})
    string(REPLACE "/" "_" name ${folder})
    string(REPLACE "-" "_" name ${name})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.cc ${CMAKE_SOURCE_DIR}/${folder}/*.S)
    foreach(file IN LISTS arg_EXCLUDE)
        list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/${folder}/${file})
    endforeach()
    if(sources)
        add_library(armature_${name} STATIC ${sources})
        # For executables only: unlike -fPIC, calls inside a library are direct and may be inlined.
        target_compile_options(armature_${name} PRIVATE -fPIE)
        set(scope PUBLIC)
    else()
        add_library(armature_${name} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_link_libraries(armature_${name} ${scope} armature_flags ${arg_LINK})
    foreach(use IN LISTS arg_USES)
        string(REPLACE "/" "_" used ${use})
        string(REPLACE "-" "_" used ${used})
        if(TARGET armature_${used})
            target_link_libraries(armature_${name} ${scope} armature_${used})
        endif()
    endforeach()
    check_includes(${folder} ${arg_USES})
endfunction()
