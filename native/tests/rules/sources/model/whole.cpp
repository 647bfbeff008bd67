#include "model/whole.h"

#include "model/part.h"
