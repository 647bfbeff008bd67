# Fails when an object compiled for an instruction set above the baseline offers a weak symbol outside its own
# namespace: the linker keeps one copy of a weak function, and if it kept that one, baseline code would run wide
# instructions on a processor that lacks them.
#   cmake -DNM=nm -DISA=avx2 -DOBJECTS=a.o,b.o -P CheckIsaSymbols.cmake
string(REPLACE "," ";" objects "${OBJECTS}")
set(leaks "")
foreach(object ${objects})
  execute_process(COMMAND ${NM} -C ${object} OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${NM} could not read ${object}")
  endif()
  string(REGEX MATCHALL "[0-9a-f]+ [WVu] [^\n]+" weak "${symbols}")
  foreach(symbol ${weak})
    if(NOT symbol MATCHES "chaku::${ISA}::|DW.ref.__gxx_personality") # the latter is data, the same in all objects
      string(APPEND leaks "\n  ${object}: ${symbol}")
    endif()
  endforeach()
endforeach()
if(leaks)
  message(FATAL_ERROR "expected no weak symbol outside chaku::${ISA}, got${leaks}")
endif()
