/* chaku.h is plain C11. */
#include "chaku.h"

int main(void) { return chaku_version() > 0 ? 0 : 1; }
