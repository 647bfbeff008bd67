#include "base/holds.h"
