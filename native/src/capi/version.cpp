#include "chaku.h"

extern "C" CHAKU_API int32_t chaku_version(void) { return 100; }
