# SPDX-License-Identifier: Apache-2.0
# A plugin exports exactly one symbol: anything else could be bound to another plugin's copy.
execute_process(COMMAND ${NM} -D --defined-only ${FILE} OUTPUT_VARIABLE text RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "${FILE}: ${NM} cannot read it")
endif()
string(REGEX MATCHALL "[^ \n]+\n" symbols "${text}")
string(REPLACE "\n" "" symbols "${symbols}")
if(NOT symbols STREQUAL "fk_plugin_entry_v1")
  list(JOIN symbols ", " symbols)
  file(REMOVE ${FILE})
  message(FATAL_ERROR "${FILE}: exports [${symbols}], expected exactly fk_plugin_entry_v1")
endif()
