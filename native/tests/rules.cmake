# Tests of the sources themselves: the rules of the house. Each check is also run over native/tests/rules, where every
# rule is broken once, and must say so.
set(checks ${PROJECT_SOURCE_DIR}/../cmake)
set(sources ${PROJECT_SOURCE_DIR}/src)
set(broken ${CMAKE_CURRENT_SOURCE_DIR}/rules)
chaku_layers(layers)
set(above_tensors model,infer,train)

add_test(NAME rules_includes
         COMMAND ${CMAKE_COMMAND} -DSOURCE=${sources} -DLAYERS=${layers} -DCIRCLES=${broken}/circles.txt
                 -P ${checks}/CheckIncludes.cmake)
add_test(NAME rules_tensor_access
         COMMAND ${CMAKE_COMMAND} -DSOURCE=${sources} -DROOMS=${above_tensors} -DKNOWN=${broken}/tensor_access.txt
                 -P ${checks}/CheckTensorAccess.cmake)
add_test(NAME rules_format COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/.. -P ${checks}/CheckFormat.cmake)
set_tests_properties(rules_format PROPERTIES SKIP_REGULAR_EXPRESSION "SKIPPED: ")
add_custom_target(format COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/.. -DAPPLY=ON
                                 -P ${checks}/CheckFormat.cmake)

# expect_fault(name sentence command...): the command says the sentence (a regular expression).
function(expect_fault name sentence)
  add_test(NAME rules_catch_${name} COMMAND ${ARGN})
  set_tests_properties(rules_catch_${name} PROPERTIES PASS_REGULAR_EXPRESSION "${sentence}")
endfunction()
set(check_includes -DSOURCE=${broken}/sources -DLAYERS=${layers} -P ${checks}/CheckIncludes.cmake)
set(includes ${CMAKE_COMMAND} ${check_includes})
expect_fault(an_include_upwards "quant/upwards.h includes train/low.h" ${includes})
expect_fault(a_circle_of_headers "base/left is in a circle of includes with base/right" ${includes})
expect_fault(a_circle_by_a_source "model/whole is in a circle of includes with model/part" ${includes})
expect_fault(a_container_by_way_of_a_header
             "kernels/cpu/avx2/sees.cpp sees the standard container <vector> by base/holds.h" ${includes})
expect_fault(a_room_without_a_place "attic/old.h: expected a room of native/CMakeLists.txt" ${includes})
expect_fault(a_circle_that_is_gone "model/none is in no circle any more" ${CMAKE_COMMAND}
             -DCIRCLES=${broken}/sources/circles.txt ${check_includes})
set(check_access -DSOURCE=${broken}/sources -DROOMS=${above_tensors} -P ${checks}/CheckTensorAccess.cmake)
foreach(word memcpy parallel_for pool copy_n)
  expect_fault(${word} "train/touches.cpp:[0-9]+: [^\n]*${word}" ${CMAKE_COMMAND} ${check_access})
endforeach()
expect_fault(fewer_places "train/touches.cpp: 4 places are left" ${CMAKE_COMMAND}
             -DKNOWN=${broken}/sources/more.txt ${check_access})
expect_fault(more_places "train/touches.cpp: expected 3 places at most, got 4" ${CMAKE_COMMAND}
             -DKNOWN=${broken}/sources/fewer.txt ${check_access})

# Sanitizers add exports of their own.
if(CMAKE_NM AND NOT CHAKU_SANITIZE)
  set(abi ${CMAKE_COMMAND} -DNM=${CMAKE_NM} -DHEADER=${PROJECT_SOURCE_DIR}/include/chaku.h)
  set(check_abi -DLIBRARY=$<TARGET_FILE:chaku> -P ${checks}/CheckAbi.cmake)
  add_test(NAME rules_abi COMMAND ${abi} -DABI=${CMAKE_CURRENT_SOURCE_DIR}/abi ${check_abi})
  add_custom_target(refresh_abi COMMAND ${abi} -DABI=${CMAKE_CURRENT_SOURCE_DIR}/abi -DREFRESH=ON ${check_abi}
                    DEPENDS chaku)
  expect_fault(an_export_that_is_new "\\+ chaku_version" ${abi} -DABI=${broken}/abi ${check_abi})
  expect_fault(a_declaration_that_is_gone "- CHAKU_API chaku_status chaku_gone" ${abi} -DABI=${broken}/abi ${check_abi})
  add_library(rules_loud SHARED rules/loud.c)
  expect_fault(a_foreign_export "begin with chaku_, got loud" ${abi} -DABI=${broken}/abi
               -DLIBRARY=$<TARGET_FILE:rules_loud> -P ${checks}/CheckAbi.cmake)
endif()
